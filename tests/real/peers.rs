//! The programs overlayctl is measured against: flatpak (three of them), ostree, GLib and gpg.
//!
//! A peer is either ready to run or carries the reason why it cannot. The host has one flatpak;
//! newer ones live in trees of newer Debian suites (`tests/run` makes them) and run there in a
//! mount namespace of their own, so nothing stays mounted on the host and no daemon outlives its
//! test. All peers read and write below [`SCRATCH`] only, which every tree sees under the same path.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where the worlds of a run live: bound into every tree, and short enough for gpg's sockets.
pub(crate) const SCRATCH: &str = "/tmp";

/// The Debian suites whose programs are driven besides the host's, and what flatpak's trees are made of
/// (`make_tree` in `tests/run` names them so).
pub(crate) const SUITES: [&str; 2] = ["trixie", "forky"];
const TREE_PACKAGES: &str = "flatpak,ostree";

/// Enters a tree: `$1` is the tree, the rest the command. Its own process namespace ends whatever
/// the command leaves behind, such as gpg agents.
const ENTER: &str = r#"tree=$1; shift
mount -t proc proc "$tree/proc" && mount --bind /tmp "$tree/tmp" && mount --rbind /dev "$tree/dev" &&
exec chroot "$tree" "$@""#;

/// A program that can be run, or why it cannot.
pub(crate) type Found<T> = Result<T, String>;

/// One flatpak and the place it lives in.
#[derive(Clone, Debug)]
pub(crate) struct Flatpak {
    /// `1.16.6`, as it says itself.
    pub(crate) version: String,
    tree: Option<PathBuf>,
}

/// A remote as flatpak lists it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) collection: String,
    pub(crate) priority: String,
    /// `disabled,no-enumerate,no-gpg-verify,…`, empty where there are none.
    pub(crate) options: String,
}

impl Flatpak {
    /// Every flatpak the tests want, with the name it goes by while it is missing.
    pub(crate) fn all() -> Vec<(String, Found<Self>)> {
        let trees = cache_directory().join("overlayctl-tests");
        let host = (Self::find(None), "flatpak of the host".to_owned());
        let newer = SUITES.map(|suite| {
            let tree = trees.join(format!("{suite}+{TREE_PACKAGES}"));
            (Self::find(Some(tree)), format!("flatpak of {suite}"))
        });
        std::iter::once(host)
            .chain(newer)
            .map(|(found, name)| (found.as_ref().map_or(name, Self::name), found))
            .collect()
    }

    fn find(tree: Option<PathBuf>) -> Found<Self> {
        require_root()?;
        if let Some(tree) = tree.as_ref().filter(|tree| !tree.is_dir()) {
            return Err(format!("{} is missing: run tests/run once", tree.display()));
        }
        let flatpak = Self {
            version: String::new(),
            tree,
        };
        let stdout = read(flatpak.enter("flatpak").arg("--version"))?;
        let version = stdout.trim().trim_start_matches("Flatpak ").to_owned();
        Ok(Self { version, ..flatpak })
    }

    /// `flatpak 1.16`: how its trials are named.
    pub(crate) fn name(&self) -> String {
        let mut parts = self.version.splitn(3, '.');
        format!(
            "flatpak {}.{}",
            parts.next().unwrap_or("?"),
            parts.next().unwrap_or("?")
        )
    }

    /// Whether it is of this release or a later one.
    pub(crate) fn is_at_least(&self, release: [u32; 2]) -> bool {
        let mut parts = self
            .version
            .split('.')
            .map(|part| part.parse().unwrap_or(0));
        [(); 2].map(|()| parts.next().unwrap_or(0)) >= release
    }

    fn enter(&self, program: &str) -> Command {
        let Some(tree) = &self.tree else {
            return Command::new(program);
        };
        let mut command = Command::new("unshare");
        command
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
            .arg(tree)
            .arg(program);
        command
    }

    /// A command of this flatpak on the system installation of `root`, with nothing of the calling
    /// user's: its home and caches are beside `root`.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, root: &Path, args: &[S]) -> Command {
        let home = root.with_extension("home");
        let mut command = self.enter("flatpak");
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("LC_ALL", "C")
            .env("HOME", &home)
            .env("XDG_RUNTIME_DIR", &home)
            .env("FLATPAK_SYSTEM_DIR", root.join("var/lib/flatpak"))
            .env("FLATPAK_SYSTEM_CACHE_DIR", home.join("system-cache"))
            .env("FLATPAK_CONFIG_DIR", root.join("etc/flatpak"))
            .env("FLATPAK_DATA_DIR", root.join("usr/share/flatpak"))
            .arg("--system")
            .args(args);
        command
    }

    /// Runs it; what it printed and how it ended.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, root: &Path, args: &[S]) -> Output {
        fs::create_dir_all(root.with_extension("home")).expect("home of the test's user");
        self.command(root, args)
            .output()
            .expect("flatpak was found before")
    }

    /// All remotes, disabled ones too; flatpak's message where it refuses to list them.
    pub(crate) fn remotes(&self, root: &Path) -> Found<BTreeMap<String, Remote>> {
        let columns = "--columns=name,url,title,collection,priority,options";
        let output = self.run(root, &["remotes", "--show-disabled", columns]);
        Ok(successful(&output)?
            .lines()
            .filter_map(listed_remote)
            .collect())
    }
}

/// One line of `flatpak remotes`; `-` stands for a value that is not there.
fn listed_remote(line: &str) -> Option<(String, Remote)> {
    let mut columns = line
        .split('\t')
        .map(|text| if text == "-" { "" } else { text }.to_owned());
    let name = columns.next().filter(|name| !name.is_empty())?;
    let mut next = || columns.next().unwrap_or_default();
    let remote = Remote {
        url: next(),
        title: next(),
        collection: next(),
        priority: next(),
        options: next(),
    };
    Some((name, remote))
}

/// One certificate of a keyring.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Certificate {
    pub(crate) fingerprint: String,
    /// Seconds since 1970; empty for a key that does not expire.
    pub(crate) expires: String,
}

/// The readers that judge what overlayctl wrote: GLib for key files and gpg for keyrings.
#[derive(Debug)]
pub(crate) struct Readers {
    keyfile: PathBuf,
    gpg_home: PathBuf,
}

impl Readers {
    /// Builds the GLib reader in `scratch`; the reason where a program is missing.
    pub(crate) fn new(scratch: &Path) -> Found<Self> {
        for program in ["gpg", "ostree", "strace"] {
            read(Command::new(program).arg("--version"))?;
        }
        let keyfile = scratch.join("keyfile");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/keyfile.c");
        let flags = read(Command::new("pkg-config").args(["--cflags", "--libs", "glib-2.0"]))?;
        let mut compiler = Command::new("gcc");
        compiler
            .args(["-Wall", "-Werror", "-o"])
            .arg(&keyfile)
            .arg(source);
        read(compiler.args(flags.split_whitespace()))?;
        let gpg_home = scratch.join("readers-gpg");
        fs::create_dir_all(&gpg_home).map_err(|error| error.to_string())?;
        Ok(Self { keyfile, gpg_home })
    }

    /// Every group, key and raw value of a key file in order, as GLib reads them.
    pub(crate) fn assignments(&self, file: &Path) -> Found<Vec<(String, String, String)>> {
        let output = read(Command::new(&self.keyfile).arg(file))?;
        let mut tokens = output.split_terminator('\0').map(str::to_owned);
        let mut next = || Some((tokens.next()?, tokens.next()?, tokens.next()?));
        Ok(std::iter::from_fn(&mut next).collect())
    }

    /// The same as groups with their keys.
    pub(crate) fn groups(&self, file: &Path) -> Found<BTreeMap<String, BTreeMap<String, String>>> {
        let mut groups: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (group, key, value) in self.assignments(file)? {
            groups.entry(group).or_default().insert(key, value);
        }
        Ok(groups)
    }

    /// The elements of a list in a key file, as GLib reads them; none where the key is absent.
    pub(crate) fn list(&self, file: &Path, group: &str, key: &str) -> Found<Vec<String>> {
        let output = read(Command::new(&self.keyfile).arg(file).args([group, key]))?;
        Ok(output.split_terminator('\0').map(str::to_owned).collect())
    }

    /// The certificates of a keyring as gpg reads it, sorted; a second copy is listed again. Empty
    /// where there is no keyring.
    pub(crate) fn certificates(&self, keyring: &Path) -> Found<Vec<Certificate>> {
        if !keyring.exists() {
            return Ok(Vec::new());
        }
        let mut gpg = Command::new("gpg");
        gpg.arg("--homedir").arg(&self.gpg_home).args([
            "--batch",
            "--quiet",
            "--lock-never",
            "--no-permission-warning",
            "--trust-model=always",
            "--no-auto-check-trustdb",
            "--with-colons",
            "--no-default-keyring",
            "--list-keys",
            "--keyring",
        ]);
        Ok(listed_certificates(&read(gpg.arg(keyring))?))
    }
}

/// The remotes that ostree itself sees in the repository of `root`.
pub(crate) fn ostree_remotes(root: &Path) -> Found<Vec<String>> {
    let repo = root.join("var/lib/flatpak/repo");
    let output = read(
        Command::new("ostree")
            .args(["remote", "list", "--repo"])
            .arg(repo),
    )?;
    Ok(output.lines().map(str::to_owned).collect())
}

/// The primary keys in gpg's `--with-colons` listing.
fn listed_certificates(listing: &str) -> Vec<Certificate> {
    let mut certificates = Vec::new();
    let mut expires = None;
    for line in listing.lines() {
        let field = |index| line.split(':').nth(index).unwrap_or_default().to_owned();
        match line.split(':').next() {
            Some("pub") => expires = Some(field(6)),
            Some("fpr") => certificates.extend(expires.take().map(|expires| Certificate {
                fingerprint: field(9),
                expires,
            })),
            _ => {}
        }
    }
    certificates.sort();
    certificates
}

/// Entering a tree, other roots and flatpak's system installation need it.
pub(crate) fn require_root() -> Found<()> {
    match read(Command::new("id").arg("-u"))?.trim() {
        "0" => Ok(()),
        _ => Err("flatpak's system installation and other roots need root".to_owned()),
    }
}

pub(crate) fn cache_directory() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from)
}

/// Runs a command to its end: what it printed, or why it failed.
pub(crate) fn read(command: &mut Command) -> Found<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    successful(&output).map_err(|error| format!("{program}: {error}"))
}

/// The standard output of a command that ended well, else its standard error.
pub(crate) fn successful(output: &Output) -> Found<String> {
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!(
            "{}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ))
    }
}
