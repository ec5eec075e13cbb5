//! Random histories with the real ostree (`crate::histories`).

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::Case;
use super::world::{World, edit, plain, remote};
use crate::flatpak::bench::Keys;
use crate::histories::{self, Entry, OWN_URL, Scene, Values};
use crate::machine::Machine;
use crate::peers::Found;

pub(super) const CASES: &[Case] = &[(
    "whatever vendor, owner, rollback, reset and death do, everybody gets what they are owed",
    |world| histories::check(12, || World::new(world.bench, world.ostree)),
)];

const TARGET: &str = "etc/ostree/remotes.d";

/// A key that ostree has beside the URL, for `title` of a history.
const TITLE: &str = "branches";

/// A key that the vendor never sets, for `off` of a history.
const OFF: &str = "http2";

impl World<'_> {
    fn value(&self, name: &str, key: &str) -> String {
        let mut values = self.group(name).into_iter();
        let value = values.find(|(found, _)| found == key);
        value.map_or_else(String::new, |(_, value)| value)
    }
}

impl Scene for World<'_> {
    fn machine(&self) -> &Machine {
        self
    }

    fn keys(&self) -> &Keys {
        World::keys(self)
    }

    fn ship(&self, name: &str, other_name: Option<&str>, entry: Option<&Entry>) {
        let former = other_name.map(|name| format!("[Overlay]\nFormerNames={name};\n"));
        let former = former.unwrap_or_default();
        let Some(entry) = entry else {
            return self.vendor(name, format!("junk\n{former}"));
        };
        let url = self.server(entry.server);
        let key = entry.signer.key(self.keys());
        let verify = if key.is_some() { "true" } else { "false" };
        let keys = [
            ("url", url.as_str()),
            (TITLE, &entry.title),
            ("gpg-verify", verify),
        ];
        self.vendor(name, remote(name, &keys) + &former);
        if let Some(key) = key {
            let keyring = format!("usr/lib/ostree/remotes.d/{name}.trustedkeys.gpg");
            self.write(&keyring, &key.certificate);
        }
    }

    fn hide(&self, name: &str) {
        self.write(&format!("usr/local/lib/ostree/remotes.d/{name}.conf"), "");
    }

    // In the target's own directory a mask stands in the place of the remote; here both can be.
    fn mask(&self, name: &str) {
        self.link(&format!("run/ostree/remotes.d/{name}.conf"), "/dev/null");
    }

    fn unmask(&self, name: &str) {
        self.remove(&format!("run/ostree/remotes.d/{name}.conf"));
    }

    fn listed(&self) -> Found<BTreeSet<String>> {
        Ok(World::listed(self)?.into_iter().collect())
    }

    fn present(&self) -> BTreeSet<String> {
        let Ok(files) = fs::read_dir(self.path(TARGET)) else {
            return BTreeSet::new();
        };
        let name = |file: fs::DirEntry| {
            // One that defines nothing is none to ostree.
            let text = fs::read_to_string(file.path()).ok()?;
            text.lines().find(|line| line.starts_with('['))?;
            let file = file.file_name();
            Some(file.to_str()?.strip_suffix(".conf")?.to_owned())
        };
        files
            .filter_map(|file| name(file.expect("readable")))
            .collect()
    }

    fn values(&self, name: &str) -> Values {
        Values {
            url: self.value(name, "url"),
            title: self.value(name, TITLE),
            collection: self.value(name, "collection-id"),
            off: self.value(name, OFF) == "true",
        }
    }

    fn is_verified(&self, name: &str) -> bool {
        self.value(name, "gpg-verify") == "true"
    }

    fn trusted(&self, name: &str) -> Vec<String> {
        let keyring = self.path(&format!("{TARGET}/{name}.trustedkeys.gpg"));
        let certificates = self
            .bench
            .readers
            .certificates(&keyring)
            .expect("gpg reads it");
        certificates
            .into_iter()
            .map(|found| found.fingerprint)
            .collect()
    }

    fn strays(&self) -> Vec<PathBuf> {
        let present = self.present();
        // ostree leaves the keyring, and overlayctl what the owner had imported into it.
        let is_owners = |name: &str| self.trusted(name) == [self.keys().owner.fingerprint.as_str()];
        histories::leftovers(&self.path("etc"), &|name| {
            !present.contains(name) && !is_owners(name)
        })
    }

    fn delete(&self, name: &str) {
        self.ostree(&["remote", "delete", name]);
    }

    fn edit(&self, name: &str, values: &Values) {
        let found = self.values(name);
        for (key, from, to) in [
            ("url", &found.url, &values.url),
            (TITLE, &found.title, &values.title),
        ] {
            if from != to {
                edit(
                    &self.conf(name),
                    &format!("\n{key}={from}\n"),
                    &format!("\n{key}={to}\n"),
                );
            }
        }
        if values.off != found.off {
            let header = format!("[remote \"{name}\"]\n");
            edit(&self.conf(name), &header, &format!("{header}{OFF}=true\n"));
        }
    }

    fn take_out(&self, name: &str) {
        let keyring = format!("{TARGET}/{name}.trustedkeys.gpg");
        self.write(&keyring, &self.keys().owner.certificate);
    }

    /// As `sed -i 's/^/#/'` does.
    fn put_aside(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.conf(name)).expect("a remote");
        let aside = text.lines().map(|line| format!("#{line}\n"));
        fs::write(self.conf(name), aside.collect::<String>()).expect("written");
        Some(text)
    }

    fn bring_back(&self, name: &str, lines: &str) {
        fs::write(self.conf(name), lines).expect("written");
    }

    fn add_own(&self, name: &str) {
        self.owner(name, plain(name, OWN_URL));
    }

    fn trust(&self, name: &str) {
        let keyring = self.path(&format!("{TARGET}/{name}.trustedkeys.gpg"));
        let mut keys = fs::read(&keyring).expect("a remote that is verified");
        keys.extend(&self.keys().owner.certificate);
        fs::write(keyring, keys).expect("the owner adds a key");
    }

    fn wipe(&self) {
        for place in [TARGET, "etc/overlayctl"] {
            let _ = fs::remove_dir_all(self.path(place));
        }
    }
}
