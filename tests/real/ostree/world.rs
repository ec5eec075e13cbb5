//! A machine with a system repository, seen by a real ostree as it sees its own system: the machine's
//! `/etc`, `/ostree`, `/sysroot` and `/var` with the programs of the host or of a newer suite, in a mount
//! namespace that ends with the command.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::flatpak::bench::{Bench, Keys};
pub(crate) use crate::machine::{Machine, Report};
use crate::peers::{self, Found, SUITES};

/// A URL that nothing answers.
pub(crate) const URL: &str = "http://127.0.0.1:9/repo";

/// Enters a machine: `$1` is where it is put together, `$2` whose programs run, `$3` the machine.
const ENTER: &str = r#"place=$1; programs=$2; machine=$3; shift 3
mount --rbind "$programs/usr" "$place/usr" && mount -t proc proc "$place/proc" &&
mount --rbind /dev "$place/dev" && mount --bind /tmp "$place/tmp" || exit 90
for directory in etc ostree sysroot var; do
    mount --bind "$machine/$directory" "$place/$directory" || exit 91
done
exec chroot "$place" "$@""#;

/// One ostree, and the tree that it is in.
#[derive(Clone, Debug)]
pub(crate) struct Ostree {
    tree: PathBuf,
}

impl Ostree {
    /// Every ostree the tests want, with the name its trials go by.
    pub(crate) fn all() -> Vec<(String, Found<Self>)> {
        let trees = peers::cache_directory().join("overlayctl-tests");
        let newer = SUITES.map(|suite| (suite, trees.join(format!("{suite}+flatpak,ostree"))));
        std::iter::once(("the host", PathBuf::from("/")))
            .chain(newer)
            .map(|(place, tree)| Self::find(place, tree))
            .collect()
    }

    /// Whether it is the host's own.
    pub(crate) fn is_host(&self) -> bool {
        self.tree == Path::new("/")
    }

    fn find(place: &str, tree: PathBuf) -> (String, Found<Self>) {
        let missing = format!("ostree of {place}");
        if let Err(reason) = peers::require_root() {
            return (missing, Err(reason));
        }
        if !tree.join("usr/bin/ostree").is_file() {
            let reason = format!("{} has no ostree: run tests/run once", tree.display());
            return (missing, Err(reason));
        }
        let version = peers::read(
            Command::new("chroot")
                .arg(&tree)
                .args(["ostree", "--version"]),
        );
        match version {
            Err(reason) => (missing, Err(reason)),
            Ok(text) => {
                let version = text.split('\'').nth(1).unwrap_or("?");
                (format!("ostree {version}"), Ok(Self { tree }))
            }
        }
    }
}

/// One machine with an ostree.
#[derive(Debug)]
pub(crate) struct World<'bench> {
    pub(crate) bench: &'bench Bench,
    pub(crate) ostree: &'bench Ostree,
    machine: Machine,
}

impl Deref for World<'_> {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.machine
    }
}

/// A file of remotes with this remote.
pub(crate) fn remote(name: &str, keys: &[(&str, &str)]) -> String {
    keys.iter()
        .fold(format!("[remote \"{name}\"]\n"), |text, (key, value)| {
            format!("{text}{key}={value}\n")
        })
}

/// The smallest useful one.
pub(crate) fn plain(name: &str, url: &str) -> String {
    remote(name, &[("url", url), ("gpg-verify", "false")])
}

/// The owner edits a file by hand.
pub(crate) fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a file");
    assert!(text.contains(from), "nothing to edit in {text}");
    fs::write(path, text.replacen(from, to, 1)).expect("written");
}

impl<'bench> World<'bench> {
    /// A machine with an empty system repository.
    pub(crate) fn new(bench: &'bench Bench, ostree: &'bench Ostree) -> Self {
        let world = Self::empty(bench, ostree);
        for directory in ["etc", "ostree", "sysroot", "var", "usr"] {
            fs::create_dir(world.path(directory)).expect("a directory");
        }
        let repo = format!("--repo={}", world.path("ostree/repo").display());
        peers::read(Command::new("ostree").args([&repo, "init", "--mode=bare"]))
            .expect("a repository");
        world
    }

    fn empty(bench: &'bench Bench, ostree: &'bench Ostree) -> Self {
        Self {
            bench,
            ostree,
            machine: Machine::new(&bench.place()),
        }
    }

    /// A machine that is there, as an ostree sees it.
    pub(crate) const fn seen(
        bench: &'bench Bench,
        ostree: &'bench Ostree,
        machine: Machine,
    ) -> Self {
        Self {
            bench,
            ostree,
            machine,
        }
    }

    /// The same ostree on another machine.
    pub(crate) const fn on(&self, machine: Machine) -> Self {
        Self::seen(self.bench, self.ostree, machine)
    }

    pub(crate) fn keys(&self) -> &'bench Keys {
        self.bench.keys()
    }

    // The image and the owner.

    /// The image ships a remote.
    pub(crate) fn vendor(&self, name: &str, text: impl AsRef<[u8]>) {
        self.write(&format!("usr/lib/ostree/remotes.d/{name}.conf"), text);
    }

    /// The image no longer ships it.
    pub(crate) fn withdraw(&self, name: &str) {
        self.remove(&format!("usr/lib/ostree/remotes.d/{name}.conf"));
    }

    /// The file of a remote in the target.
    pub(crate) fn conf(&self, name: &str) -> PathBuf {
        self.path(&format!("etc/ostree/remotes.d/{name}.conf"))
    }

    /// The owner puts a file into the target.
    pub(crate) fn owner(&self, name: &str, text: impl AsRef<[u8]>) {
        self.write(&format!("etc/ostree/remotes.d/{name}.conf"), text);
    }

    /// The configuration of the repository.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("ostree/repo/config")
    }

    /// A remote stands in the repository's configuration.
    pub(crate) fn in_config(&self, text: &str) {
        let config = fs::read_to_string(self.config()).expect("a configuration");
        fs::write(self.config(), format!("{config}\n{text}")).expect("written");
    }

    // ostree.

    fn run(&self, arguments: &[&str]) -> Output {
        let place = self.root.with_extension("view");
        if !place.exists() {
            for name in [
                "usr", "etc", "ostree", "sysroot", "var", "proc", "dev", "tmp",
            ] {
                fs::create_dir_all(place.join(name)).expect("a directory");
            }
            for name in ["bin", "sbin", "lib", "lib64"] {
                symlink(format!("usr/{name}"), place.join(name)).expect("a link");
            }
        }
        Command::new("unshare")
            .args([
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                ENTER,
                "enter",
            ])
            .args([&place, &self.ostree.tree, &self.root])
            .arg("ostree")
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("LC_ALL", "C")
            .env("HOME", "/var")
            .output()
            .expect("unshare runs")
    }

    /// An ostree command on the system's repository that must succeed; what it printed.
    #[track_caller]
    pub(crate) fn ostree(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        peers::successful(&output).unwrap_or_else(|error| panic!("ostree {arguments:?}: {error}"))
    }

    /// One that must fail; what it said.
    #[track_caller]
    pub(crate) fn ostree_fails(&self, arguments: &[&str]) -> String {
        peers::successful(&self.run(arguments)).expect_err("ostree must refuse this")
    }

    /// The remotes that ostree sees, or why it does not work.
    pub(crate) fn listed(&self) -> Found<Vec<String>> {
        let listed = peers::successful(&self.run(&["remote", "list", "-u"]))?;
        let names = listed
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        Ok(names.map(str::to_owned).collect())
    }

    /// ostree works, and sees exactly these remotes at these URLs.
    #[track_caller]
    pub(crate) fn assert_remotes(&self, expected: &[(&str, &str)]) {
        let listed = self.ostree(&["remote", "list", "-u"]);
        let listed: BTreeMap<_, _> = listed
            .lines()
            .filter_map(|line| line.split_once(char::is_whitespace))
            .map(|(name, url)| (name, url.trim()))
            .collect();
        assert_eq!(listed.into_iter().collect::<Vec<_>>(), expected);
        for (name, url) in expected {
            assert_eq!(self.ostree(&["remote", "show-url", name]).trim(), *url);
        }
    }

    /// The keys of a remote in the target as GLib reads them, without what overlayctl remembers in it.
    #[track_caller]
    pub(crate) fn group(&self, name: &str) -> Vec<(String, String)> {
        let groups = self.bench.readers.groups(&self.conf(name));
        let mut groups = groups.expect("GLib reads the file");
        let group = groups.remove(&format!("remote \"{name}\""));
        let group = group.unwrap_or_default().into_iter();
        group
            .filter(|(key, _)| !key.starts_with("x-overlayctl."))
            .collect()
    }

    #[track_caller]
    pub(crate) fn assert_group(&self, name: &str, expected: &[(&str, &str)]) {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        assert_eq!(
            self.group(name),
            expected.iter().map(owned).collect::<Vec<_>>()
        );
    }

    /// A sync that finds everything in order and brings an entry into this state.
    #[track_caller]
    pub(crate) fn sync_to(&self, name: &str, state: &str) -> Report {
        let report = self.sync();
        assert_eq!(
            state_of(&report, name),
            state,
            "state of {name} in {report:#?}"
        );
        report
    }
}

/// The state of a remote of ostree.
pub(crate) fn state_of<'r>(report: &'r Report, name: &str) -> &'r str {
    report.state_in("ostree-remotes", name)
}
