//! What the worlds of a run share, each made once and only when a trial asks for it: readers,
//! OpenPGP keys and a signed repository with an app.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use tempfile::TempDir;

use crate::peers::{self, Found, Readers};

/// The directory of a run and what is shared in it; dropping it leaves no file and no daemon.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) readers: Readers,
    scratch: TempDir,
    worlds: AtomicUsize,
    keys: OnceLock<Keys>,
    repository: OnceLock<Repository>,
}

impl Bench {
    /// A bench, or which program it lacks.
    pub(crate) fn new() -> Found<Self> {
        peers::read(Command::new("flatpak").arg("--version"))?;
        let scratch = tempfile::Builder::new()
            .prefix("overlayctl-")
            .tempdir_in(peers::SCRATCH)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            readers: Readers::new(scratch.path())?,
            scratch,
            worlds: AtomicUsize::new(0),
            keys: OnceLock::new(),
            repository: OnceLock::new(),
        })
    }

    /// A new directory for one world.
    pub(crate) fn place(&self) -> PathBuf {
        let number = self.worlds.fetch_add(1, Ordering::Relaxed);
        let place = self.scratch.path().join(number.to_string());
        fs::create_dir_all(&place).expect("place for a world");
        place
    }

    /// The OpenPGP keys of the run.
    pub(crate) fn keys(&self) -> &Keys {
        self.keys
            .get_or_init(|| Keys::generate(self.scratch.path().join("gpg")))
    }

    /// The repository with `org.test.App`, signed by [`Keys::vendor`].
    pub(crate) fn repository(&self) -> &Repository {
        self.repository.get_or_init(|| {
            let repository = Repository {
                directory: self.scratch.path().join("published"),
            };
            repository.publish("first", self.keys(), &self.keys().vendor);
            repository
        })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(keys) = self.keys.get() {
            keys.stop_agent();
        }
    }
}

/// A certificate of the run, ready for `GPGKey=`.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) fingerprint: String,
    /// Binary, as `gpg --export` writes it.
    pub(crate) certificate: Vec<u8>,
    /// The same, armored.
    pub(crate) armored: Vec<u8>,
}

impl Key {
    /// The value of `GPGKey=`.
    pub(crate) fn base64(&self) -> String {
        base64(&self.certificate)
    }
}

/// Standard base64, as `GPGKey=` takes it.
pub(crate) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The keys of a run.
#[derive(Debug)]
pub(crate) struct Keys {
    home: PathBuf,
    /// Signs the repository.
    pub(crate) vendor: Key,
    /// Signs nothing that anybody should trust.
    pub(crate) stranger: Key,
    /// The machine owner's own.
    pub(crate) owner: Key,
    /// A key whose certificate has run out…
    pub(crate) expired: Key,
    /// …and the certificate of the same key, extended.
    pub(crate) extended: Key,
}

impl Keys {
    fn generate(home: PathBuf) -> Self {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::create_dir(&home)
            .and_then(|()| fs::set_permissions(&home, private))
            .expect("gpg home");
        let make = |name: &str, expires: &str, options: &[&str]| {
            let identity = format!("{name} <{name}@example.org>");
            let mut gpg = gpg(&home);
            gpg.args(options).args([
                "--quick-generate-key",
                &identity,
                "ed25519",
                "sign",
                expires,
            ]);
            peers::read(&mut gpg).expect("a new key");
            export(&home, name)
        };
        let expired = make("aging", "1y", &["--faked-system-time", "20200101T000000!"]);
        let mut extend = gpg(&home);
        peers::read(extend.args(["--quick-set-expire", &expired.fingerprint, "0"]))
            .expect("an extended key");
        Self {
            vendor: make("vendor", "never", &[]),
            stranger: make("stranger", "never", &[]),
            owner: make("owner", "never", &[]),
            extended: export(&home, "aging"),
            expired,
            home,
        }
    }

    /// gpg starts an agent for every home and leaves it running.
    fn stop_agent(&self) {
        let mut gpgconf = Command::new("gpgconf");
        let _ = peers::read(
            gpgconf
                .arg("--homedir")
                .arg(&self.home)
                .args(["--kill", "all"]),
        );
    }
}

fn gpg(home: &Path) -> Command {
    let mut gpg = Command::new("gpg");
    gpg.args([
        "--batch",
        "--quiet",
        "--pinentry-mode=loopback",
        "--passphrase=",
    ])
    .arg("--homedir")
    .arg(home);
    gpg
}

fn export(home: &Path, name: &str) -> Key {
    let identity = format!("={name} <{name}@example.org>");
    let listing =
        peers::read(gpg(home).args(["--with-colons", "--list-keys", &identity])).expect("the key");
    let fingerprint = listing
        .lines()
        .find_map(|line| line.strip_prefix("fpr:::::::::"))
        .expect("fingerprint");
    let bytes = |options: &[&str]| {
        gpg(home)
            .args(options)
            .args(["--export", &identity])
            .output()
            .expect("gpg --export")
            .stdout
    };
    Key {
        fingerprint: fingerprint.trim_end_matches(':').to_owned(),
        certificate: bytes(&[]),
        armored: bytes(&["--armor"]),
    }
}

/// A flatpak repository as a vendor publishes it.
#[derive(Debug)]
pub(crate) struct Repository {
    directory: PathBuf,
}

impl Repository {
    pub(crate) const APP: &str = "org.test.App";
    pub(crate) const RUNTIME: &str = "org.test.Platform";
    const BRANCH: &str = "stable";

    /// One that was published before.
    pub(crate) const fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.directory.join("repo").display())
    }

    /// A copy that may be changed without any other world's seeing it.
    pub(crate) fn copy_to(&self, directory: PathBuf) -> Self {
        peers::read(
            Command::new("cp")
                .arg("--archive")
                .arg(&self.directory)
                .arg(&directory),
        )
        .expect("a copy");
        Self { directory }
    }

    /// Publishes a new version of the app, which prints `text`, signed by `signer`.
    pub(crate) fn publish(&self, text: &str, keys: &Keys, signer: &Key) {
        let architecture =
            peers::read(Command::new("flatpak").arg("--default-arch")).expect("architecture");
        let runtime = format!("{}/{}/{}", Self::RUNTIME, architecture.trim(), Self::BRANCH);
        let metadata = format!("[Runtime]\nname={}\nruntime={runtime}\n", Self::RUNTIME);
        let runtime_tree = self.tree("runtime", &metadata, "built.txt", "runtime");
        let metadata = format!(
            "[Application]\nname={}\nruntime={runtime}\ncommand=hello\n",
            Self::APP
        );
        let app_tree = self.tree(
            "app",
            &metadata,
            "bin/hello",
            &format!("#!/bin/sh\necho {text}\n"),
        );
        self.flatpak(&["build-finish"], &[&app_tree], None);
        let export = ["build-export", "--disable-sandbox"];
        let repo = self.directory.join("repo");
        self.flatpak(
            &[&export[..], &["--runtime", "--files=files"]].concat(),
            &[&repo, &runtime_tree],
            Some((keys, signer)),
        );
        self.flatpak(&export, &[&repo, &app_tree], Some((keys, signer)));
        self.describe(&[], keys, signer);
    }

    /// Writes a new signed summary, with options such as `--title=…`.
    pub(crate) fn describe(&self, options: &[&str], keys: &Keys, signer: &Key) {
        let options = [&["build-update-repo"], options].concat();
        self.flatpak(
            &options,
            &[&self.directory.join("repo")],
            Some((keys, signer)),
        );
    }

    /// A build directory with one file in it.
    fn tree(&self, name: &str, metadata: &str, file: &str, text: &str) -> PathBuf {
        let tree = self.directory.join(name);
        let _ = fs::remove_dir_all(&tree);
        let file = tree.join("files").join(file);
        fs::create_dir_all(file.parent().expect("below files")).expect("a build directory");
        fs::write(tree.join("metadata"), metadata).expect("metadata");
        fs::write(file, text).expect("the file");
        tree
    }

    fn flatpak(&self, options: &[&str], operands: &[&Path], signature: Option<(&Keys, &Key)>) {
        let mut command = Command::new("flatpak");
        command
            .args(options)
            .args(operands)
            .env("HOME", &self.directory);
        if let Some((keys, signer)) = signature {
            command.arg(format!("--gpg-sign={}", signer.fingerprint));
            command.arg(format!("--gpg-homedir={}", keys.home.display()));
        }
        if operands.len() == 2 {
            command.arg(Self::BRANCH);
        }
        peers::read(&mut command).expect("the repository is published");
    }
}
