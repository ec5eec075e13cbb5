//! A machine in a directory: an image's `/usr`, an owner's `/etc` and flatpak's `/var`, with the
//! real overlayctl and one real flatpak at work on it. Every assertion names the trial's world by
//! what the peers say; overlayctl's own report is only asked for states and findings.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Deref;
use std::path::PathBuf;

use super::bench::{Bench, Keys, Repository};
pub(crate) use crate::machine::{Machine, Report, bytes, report_of};
use crate::peers::{self, Flatpak, Remote};

/// A URL that nothing answers. A remote needs no server to be added, listed or modified; where there
/// is a server without a repository, flatpak refuses to add it.
pub(crate) const URL: &str = "http://127.0.0.1:9/repo";

/// Keys and values of one group.
pub(crate) type Group = BTreeMap<String, String>;

/// One machine with a flatpak.
#[derive(Debug)]
pub(crate) struct World<'bench> {
    pub(crate) bench: &'bench Bench,
    pub(crate) flatpak: &'bench Flatpak,
    machine: Machine,
}

impl Deref for World<'_> {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.machine
    }
}

/// A `.flatpakrepo` with these keys.
pub(crate) fn flatpakrepo(keys: &[(&str, &str)]) -> String {
    keys.iter()
        .fold("[Flatpak Repo]\n".to_owned(), |text, (key, value)| {
            format!("{text}{key}={value}\n")
        })
}

/// The smallest useful `.flatpakrepo`.
pub(crate) fn titled(title: &str) -> String {
    flatpakrepo(&[("Url", URL), ("Title", title)])
}

/// The same with an `[Overlay]` group.
pub(crate) fn with_overlay(text: &str, keys: &str) -> String {
    format!("{text}\n[Overlay]\n{keys}\n")
}

impl<'bench> World<'bench> {
    /// An empty machine.
    pub(crate) fn new(bench: &'bench Bench, flatpak: &'bench Flatpak) -> Self {
        Self {
            bench,
            flatpak,
            machine: Machine::new(&bench.place()),
        }
    }

    /// Another machine with the same flatpak.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.bench, self.flatpak)
    }

    /// The same flatpak on a machine that is there.
    pub(crate) fn on(&self, machine: Machine) -> Self {
        Self { machine, ..*self }
    }

    pub(crate) fn keys(&self) -> &'bench Keys {
        self.bench.keys()
    }

    /// This world's own copy of the signed repository.
    pub(crate) fn repository(&self) -> Repository {
        self.bench
            .repository()
            .copy_to(self.root.with_extension("published"))
    }

    /// The image ships a remote.
    pub(crate) fn vendor(&self, name: &str, text: impl AsRef<[u8]>) {
        self.write(&vendor_path(name), text);
    }

    /// The image no longer ships it.
    pub(crate) fn withdraw(&self, name: &str) {
        self.remove(&vendor_path(name));
    }

    /// The owner puts a file of that name into `/etc`.
    pub(crate) fn admin(&self, name: &str, text: impl AsRef<[u8]>) {
        self.write(&admin_path(name), text);
    }

    /// The owner masks a remote.
    pub(crate) fn mask(&self, name: &str) {
        self.admin(name, "");
    }

    /// The owner takes the file or mask away.
    pub(crate) fn unmask(&self, name: &str) {
        self.remove(&admin_path(name));
    }

    // The peers.

    /// A flatpak command that must succeed; what it printed.
    #[track_caller]
    pub(crate) fn flatpak(&self, arguments: &[&str]) -> String {
        let output = self.flatpak.run(&self.root, arguments);
        peers::successful(&output).unwrap_or_else(|error| panic!("flatpak {arguments:?}: {error}"))
    }

    /// A flatpak command that must fail; what it said.
    #[track_caller]
    pub(crate) fn flatpak_fails(&self, arguments: &[&str]) -> String {
        let output = self.flatpak.run(&self.root, arguments);
        peers::successful(&output).expect_err("flatpak must refuse this")
    }

    /// The owner installs the test app from a remote.
    #[track_caller]
    pub(crate) fn install_from(&self, remote: &str) {
        self.flatpak(&[
            "install",
            "--assumeyes",
            "--noninteractive",
            remote,
            Repository::APP,
        ]);
    }

    /// What the installed app prints, read from where flatpak deployed it.
    #[track_caller]
    pub(crate) fn installed_app(&self) -> String {
        let deployed = format!(
            "var/lib/flatpak/app/{}/current/active/files/bin/hello",
            Repository::APP
        );
        fs::read_to_string(self.root.join(deployed)).expect("the app is installed")
    }

    /// The remotes flatpak lists.
    #[track_caller]
    pub(crate) fn remotes(&self) -> BTreeMap<String, Remote> {
        self.flatpak
            .remotes(&self.root)
            .unwrap_or_else(|error| panic!("flatpak remotes: {error}"))
    }

    /// Flatpak and ostree see exactly these remotes.
    #[track_caller]
    pub(crate) fn assert_remotes(&self, names: &[&str]) {
        let listed = self.remotes();
        assert_eq!(
            listed.keys().collect::<Vec<_>>(),
            names,
            "remotes of flatpak"
        );
        let mut listed = peers::ostree_remotes(&self.root).expect("ostree reads it");
        listed.sort();
        assert_eq!(listed, names, "remotes of ostree");
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("var/lib/flatpak/repo/config")
    }

    /// The group of a remote as GLib reads it; empty where there is none.
    #[track_caller]
    pub(crate) fn group(&self, name: &str) -> Group {
        let mut groups = self
            .bench
            .readers
            .groups(&self.config())
            .expect("GLib reads the config");
        groups
            .remove(&format!("remote \"{name}\""))
            .unwrap_or_default()
    }

    /// The same without what overlayctl remembers in it.
    #[track_caller]
    pub(crate) fn native_group(&self, name: &str) -> Group {
        let mut group = self.group(name);
        group.retain(|key, _| !key.starts_with("x-overlayctl."));
        group
    }

    /// One value of a remote's group; empty where there is none.
    #[track_caller]
    pub(crate) fn value(&self, name: &str, key: &str) -> String {
        self.group(name).remove(key).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn assert_value(&self, name: &str, key: &str, value: &str) {
        assert_eq!(self.value(name, key), value, "{key} of {name}");
    }

    /// The names flatpak will never import (again).
    #[track_caller]
    pub(crate) fn offered(&self) -> Vec<String> {
        self.bench
            .readers
            .list(&self.config(), "core", "xa.applied-remotes")
            .expect("GLib reads the config")
    }

    /// The owner, or a script, edits the config by hand.
    pub(crate) fn edit_config(&self, edit: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.config()).expect("a config");
        let edited = edit(text.clone());
        assert_ne!(text, edited, "the edit found nothing to change");
        fs::write(self.config(), edited).expect("the edit is written");
    }

    /// Where the keyring of a remote is.
    pub(crate) fn keyring(&self, name: &str) -> PathBuf {
        self.path(&format!("var/lib/flatpak/repo/{name}.trustedkeys.gpg"))
    }

    /// Fingerprints in the keyring of a remote as gpg reads it, sorted.
    #[track_caller]
    pub(crate) fn fingerprints(&self, name: &str) -> Vec<String> {
        let certificates = self
            .bench
            .readers
            .certificates(&self.keyring(name))
            .expect("gpg reads the keyring");
        certificates
            .into_iter()
            .map(|certificate| certificate.fingerprint)
            .collect()
    }

    /// The keyring of a remote holds the certificates of exactly these keys, one copy of each.
    #[track_caller]
    pub(crate) fn assert_keys(&self, name: &str, keys: &[&super::bench::Key]) {
        let mut expected: Vec<_> = keys.iter().map(|key| key.fingerprint.clone()).collect();
        expected.sort();
        assert_eq!(self.fingerprints(name), expected, "keyring of {name}");
    }
}

fn vendor_path(name: &str) -> String {
    format!("usr/share/flatpak/remotes.d/{name}.flatpakrepo")
}

fn admin_path(name: &str) -> String {
    format!("etc/flatpak/remotes.d/{name}.flatpakrepo")
}
