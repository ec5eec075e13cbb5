//! Random histories with the real flatpak (`crate::histories`).

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::Case;
use super::bench::{Key, Keys, Repository};
use super::world::{World, flatpakrepo, with_overlay};
use crate::histories::{self, Entry, OWN_URL, SERVERS, Said, Scene, Values};
use crate::machine::Machine;
use crate::peers::Found;

pub(super) const CASES: &[Case] = &[(
    "whatever vendor, owner, rollback, reset and death do, everybody gets what they are owed",
    |world| histories::check(12, || world.another()),
)];

const REPOSITORY: &str = "var/lib/flatpak/repo";

/// Where the owner masks a remote: in `/etc`, where flatpak looks too, or in `/run`, of which it knows nothing.
fn mask_of(name: &str) -> String {
    let layer = if name.len() == 3 { "etc" } else { "run" };
    format!("{layer}/flatpak/remotes.d/{name}.flatpakrepo")
}

impl World<'_> {
    fn entry(&self, entry: &Entry, other_name: Option<&str>) -> String {
        let url = self.server(entry.server);
        let key = entry.signer.key(self.keys()).map(Key::base64);
        let key = key.iter().map(|key| ("GPGKey", key.as_str()));
        let pairs = [("Url", url.as_str()), ("Title", &entry.title)];
        let text = flatpakrepo(&pairs.into_iter().chain(key).collect::<Vec<_>>());
        let moved = (0..SERVERS).map(|server| self.moved(server) + ";");
        let moved = format!("FormerUrls={}\n", moved.collect::<String>());
        let former = other_name.map(|name| format!("FormerNames={name};\n"));
        let claims = Some(moved).filter(|_| entry.claims);
        with_overlay(
            &text,
            &[former, claims].map(Option::unwrap_or_default).concat(),
        )
    }

    fn publisher(&self, server: usize) -> PathBuf {
        self.root.with_extension(format!("server{server}"))
    }
}

impl Scene for World<'_> {
    fn machine(&self) -> &Machine {
        self
    }

    fn keys(&self) -> &Keys {
        World::keys(self)
    }

    // flatpak itself does not look for what gets other names: it would make both.
    fn ship(&self, name: &str, other_name: Option<&str>, entry: Option<&Entry>) {
        let junk = || {
            let former = other_name.map(|name| format!("[Overlay]\nFormerNames={name};\n"));
            format!("[Flatpak Repo]\njunk\n{}", former.unwrap_or_default())
        };
        let text = entry.map_or_else(junk, |entry| self.entry(entry, other_name));
        match other_name {
            None => self.vendor(name, text),
            Some(_) => self.write(
                &format!("usr/lib/flatpak/remotes.d/{name}.flatpakrepo"),
                text,
            ),
        }
    }

    fn hide(&self, name: &str) {
        self.write(
            &format!("usr/local/lib/flatpak/remotes.d/{name}.flatpakrepo"),
            "",
        );
    }

    fn mask(&self, name: &str) {
        self.write(&mask_of(name), "");
    }

    fn unmask(&self, name: &str) {
        self.remove(&mask_of(name));
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
            collection: self.value(name, "collection-id"),
            off: self.value(name, "xa.disable") == "true",
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

    fn edit(&self, name: &str, values: &Values) {
        let Values { url, title, .. } = values;
        let found = self.values(name);
        let url = (*url != found.url).then(|| format!("--url={url}"));
        let title = (*title != found.title).then(|| format!("--title={title}"));
        let off = (values.off != found.off).then(|| "--disable".to_owned());
        for option in url.iter().chain(&title).chain(&off) {
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

    fn take_out(&self, name: &str) {
        let keyring = format!("{REPOSITORY}/{name}.trustedkeys.gpg");
        self.write(&keyring, &self.keys().owner.certificate);
    }

    fn server(&self, number: usize) -> String {
        Repository::at(self.publisher(number)).url()
    }

    fn ask(&self, name: &str, server: usize, said: &Said) -> bool {
        let place = self.publisher(server);
        let repository = if place.exists() {
            Repository::at(place)
        } else {
            self.bench.repository().copy_to(place)
        };
        let keys = self.keys();
        let mut options: Vec<String> = Vec::new();
        options.extend(said.title.iter().map(|title| format!("--title={title}")));
        let moved = said.moves.then(|| self.moved(server));
        options.push(format!("--redirect-url={}", moved.unwrap_or_default()));
        if let Some(id) = said.collection {
            options.extend([
                format!("--collection-id={id}"),
                "--deploy-collection-id".into(),
            ]);
        }
        if said.key {
            let file = self.root.with_extension("server.gpg");
            fs::write(&file, &keys.extended.certificate).expect("a certificate");
            options.push(format!("--gpg-import={}", file.display()));
        }
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        repository.describe(&options, keys, &keys.vendor);
        // It fails where the signature is by nobody that is trusted.
        self.flatpak
            .run(&self.root, &["remote-modify", "--update-metadata", name]);
        true
    }

    fn wipe(&self) {
        let _ = fs::remove_dir_all(self.path("var/lib/flatpak"));
    }
}
