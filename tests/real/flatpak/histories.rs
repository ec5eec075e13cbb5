//! Random histories with the real flatpak (`crate::histories`).

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::Case;
use super::bench::Keys;
use super::world::{World, flatpakrepo};
use crate::histories::{self, Image, OWN_URL, Scene, Shipped, Values};
use crate::machine::Machine;
use crate::peers::Found;

pub(super) const CASES: &[Case] = &[(
    "whatever vendor, owner, rollback, reset and death do, everybody gets what they are owed",
    |world| histories::check(12, || world.another()),
)];

const REPOSITORY: &str = "var/lib/flatpak/repo";

impl Scene for World<'_> {
    fn machine(&self) -> &Machine {
        self
    }

    fn keys(&self) -> &Keys {
        World::keys(self)
    }

    fn boot(&self, image: &Image) {
        let _ = fs::remove_dir_all(self.path("usr"));
        fs::create_dir(self.path("usr")).expect("an image");
        for (name, shipped) in image {
            let text = match shipped {
                Shipped::Broken => "[Flatpak Repo]\njunk\n".to_owned(),
                Shipped::Remote(Values { url, title }, signer) => {
                    let key = signer.key(self.keys()).map(super::bench::Key::base64);
                    let key = key.iter().map(|key| ("GPGKey", key.as_str()));
                    let pairs = [("Url", url.as_str()), ("Title", title)]
                        .into_iter()
                        .chain(key);
                    flatpakrepo(&pairs.collect::<Vec<_>>())
                }
            };
            self.vendor(name, text);
        }
    }

    fn mask(&self, name: &str) {
        World::mask(self, name);
    }

    fn unmask(&self, name: &str) {
        World::unmask(self, name);
    }

    fn listed(&self) -> Found<BTreeSet<String>> {
        Ok(self.flatpak.remotes(&self.root)?.into_keys().collect())
    }

    fn present(&self) -> BTreeSet<String> {
        if !self.config().exists() {
            return BTreeSet::new();
        }
        let groups = self
            .bench
            .readers
            .groups(&self.config())
            .expect("GLib reads it");
        let name = |group: &String| {
            Some(
                group
                    .strip_prefix("remote \"")?
                    .strip_suffix('"')?
                    .to_owned(),
            )
        };
        groups.keys().filter_map(name).collect()
    }

    fn values(&self, name: &str) -> Values {
        Values {
            url: self.value(name, "url"),
            title: self.value(name, "xa.title"),
        }
    }

    fn is_verified(&self, name: &str) -> bool {
        self.value(name, "gpg-verify") == "true"
    }

    fn trusted(&self, name: &str) -> Vec<String> {
        self.fingerprints(name)
    }

    fn strays(&self) -> Vec<PathBuf> {
        let present = self.present();
        histories::leftovers(&self.path(REPOSITORY), &|name| !present.contains(name))
    }

    fn delete(&self, name: &str) {
        self.flatpak(&["remote-delete", "--force", name]);
    }

    fn edit(&self, name: &str, Values { url, title }: &Values) {
        let found = self.values(name);
        let url = (*url != found.url).then(|| format!("--url={url}"));
        let title = (*title != found.title).then(|| format!("--title={title}"));
        for option in url.iter().chain(&title) {
            self.flatpak(&["remote-modify", option, name]);
        }
    }

    fn add_own(&self, name: &str) {
        self.flatpak(&[
            "remote-add",
            "--no-gpg-verify",
            "--title=Own",
            name,
            OWN_URL,
        ]);
    }

    fn trust(&self, name: &str) {
        let file = self.root.with_extension("gpg");
        fs::write(&file, &self.keys().owner.certificate).expect("a certificate");
        let import = format!("--gpg-import={}", file.display());
        self.flatpak(&["remote-modify", &import, name]);
    }

    fn wipe(&self) {
        let _ = fs::remove_dir_all(self.path("var/lib/flatpak"));
    }
}
