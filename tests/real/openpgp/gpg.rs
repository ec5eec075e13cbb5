//! A gpg with a home of its own, whose agent ends with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::peers::{SCRATCH, successful};

const SIGNED: &[u8] = b"what is signed";

/// gpg, its home and its secret keys.
#[derive(Debug)]
pub(super) struct Gpg {
    home: TempDir,
    algorithm: &'static str,
    files: AtomicUsize,
}

/// What gpg's colon listing says about one certificate: its lines, sorted.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed(Vec<String>);

impl Listed {
    pub(super) fn fingerprint(&self) -> String {
        self.fields("fpr", 9).next().unwrap_or_default().to_owned()
    }

    /// Seconds since the epoch; empty is never.
    pub(super) fn expires(&self) -> String {
        self.fields("pub", 6).next().unwrap_or_default().to_owned()
    }

    pub(super) fn user_ids(&self) -> impl Iterator<Item = &str> {
        self.fields("uid", 9)
    }

    fn fields(&self, record: &'static str, index: usize) -> impl Iterator<Item = &str> {
        let of_record = move |line: &&String| line.split(':').next() == Some(record);
        let lines = self.0.iter().filter(of_record);
        lines.map(move |line| line.split(':').nth(index).unwrap_or_default())
    }
}

impl Gpg {
    /// A new home. Its path is short, for the agent's socket is below it.
    pub(super) fn new(algorithm: &'static str) -> Self {
        let home = tempfile::Builder::new().prefix("gpg").tempdir_in(SCRATCH);
        let home = home.expect("a home for gpg");
        Self {
            home,
            algorithm,
            files: AtomicUsize::new(0),
        }
    }

    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// A key with a subkey, both made at `time`; its fingerprint.
    pub(super) fn generate(&self, time: &str, user_id: &str, expiry: &str) -> String {
        self.at(
            time,
            &[
                "--quick-generate-key",
                user_id,
                self.algorithm,
                "sign",
                expiry,
            ],
        );
        let listing = self.run(&["--with-colons", "--list-keys", &format!("={user_id}")]);
        let key = listed(&listing).first().expect("the new key").fingerprint();
        self.at(
            time,
            &["--quick-add-key", &key, self.algorithm, "sign", expiry],
        );
        key
    }

    /// The certificate, as `gpg --export` gives it to be published.
    pub(super) fn export(&self, key: &str) -> Vec<u8> {
        self.run(&["--export", key])
    }

    /// A detached signature of the primary key, made at `time`.
    pub(super) fn sign(&self, time: &str, key: &str) -> PathBuf {
        let signature = self.path("sig");
        let output = signature.to_string_lossy();
        let data = self.write(SIGNED);
        let data = data.to_string_lossy();
        let signer = format!("{key}!");
        self.at(
            time,
            &["-u", &signer, "--output", &output, "--detach-sign", &data],
        );
        signature
    }

    /// Puts the revocation that gpg makes with each key into the key.
    pub(super) fn revoke(&self, key: &str) {
        let file = self.home().join(format!("openpgp-revocs.d/{key}.rev"));
        let text = fs::read_to_string(file).expect("gpg's revocation certificate");
        // A colon before the armor keeps people from importing it by accident.
        let file = self.write(text.replace(":-----BEGIN", "-----BEGIN").as_bytes());
        self.run(&["--import", &file.to_string_lossy()]);
    }

    /// Whether gpgv finds the signature good and its key valid, with `keyring` alone.
    pub(super) fn verifies(&self, keyring: &[u8], signature: &Path) -> bool {
        let (keyring, data) = (self.write(keyring), self.write(SIGNED));
        let mut gpgv = Command::new("gpgv");
        gpgv.arg("--homedir")
            .arg(self.home())
            .args(["--status-fd", "1", "--keyring"]);
        let output = gpgv.args([&keyring, signature, &data]).output();
        let output = output.expect("gpgv was found before");
        String::from_utf8_lossy(&output.stdout).contains("[GNUPG:] GOODSIG ")
    }

    /// A new keyring file in gpg's legacy format with these copies imported one after the other.
    /// What gpg refuses is not in it.
    pub(super) fn import(&self, copies: &[&[u8]]) -> PathBuf {
        let keyring = self.write(b"");
        for copy in copies {
            self.try_on(&keyring, &["--import", &self.write(copy).to_string_lossy()]);
        }
        keyring
    }

    /// The certificates of a keyring file, sorted.
    pub(super) fn list(&self, keyring: &Path) -> Vec<Listed> {
        let output = self.try_on(
            keyring,
            &["--with-colons", "--with-subkey-fingerprints", "-k"],
        );
        listed(successful(&output).expect("a listing").as_bytes())
    }

    /// Runs gpg on its own keys; what it printed.
    pub(super) fn run(&self, args: &[&str]) -> Vec<u8> {
        let output = self
            .command()
            .args(args)
            .output()
            .expect("gpg was found before");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "gpg {args:?}: {}: {stderr}",
            output.status
        );
        output.stdout
    }

    /// The same, when it was `time`.
    pub(super) fn at(&self, time: &str, args: &[&str]) {
        self.run(&[&["--faked-system-time", &format!("{time}!")], args].concat());
    }

    /// A new file with these bytes.
    pub(super) fn write(&self, bytes: &[u8]) -> PathBuf {
        let path = self.path("gpg");
        fs::write(&path, bytes).expect("a file in gpg's home");
        path
    }

    fn try_on(&self, keyring: &Path, args: &[&str]) -> Output {
        let mut gpg = self.command();
        gpg.args([
            "--no-default-keyring",
            "--trust-model=always",
            "--no-auto-check-trustdb",
        ]);
        gpg.arg("--keyring")
            .arg(keyring)
            .args(args)
            .output()
            .expect("gpg was found before")
    }

    fn command(&self) -> Command {
        let mut gpg = Command::new("gpg");
        gpg.env("LC_ALL", "C").arg("--homedir").arg(self.home());
        gpg.args([
            "--batch",
            "--yes",
            "--quiet",
            "--pinentry-mode=loopback",
            "--passphrase=",
        ]);
        gpg
    }

    fn path(&self, suffix: &str) -> PathBuf {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        self.home().join(format!("{number}.{suffix}"))
    }
}

impl Drop for Gpg {
    /// Ends the agent that gpg started; its home goes right after.
    fn drop(&mut self) {
        let mut gpgconf = Command::new("gpgconf");
        drop(
            gpgconf
                .arg("--homedir")
                .arg(self.home())
                .args(["--kill", "all"])
                .status(),
        );
    }
}

/// The certificates of a colon listing, sorted. The order of user IDs and of subkeys means nothing:
/// which of them comes first, gpg decides by their signatures.
fn listed(listing: &[u8]) -> Vec<Listed> {
    let mut certificates: Vec<Listed> = Vec::new();
    for line in String::from_utf8_lossy(listing).lines() {
        if line.starts_with("pub:") {
            certificates.push(Listed(Vec::new()));
        }
        if let Some(certificate) = certificates.last_mut() {
            certificate.0.push(line.to_owned());
        }
    }
    for Listed(lines) in &mut certificates {
        let first_subkey = lines.iter().position(|line| line.starts_with("sub:"));
        let subkeys = lines.split_off(first_subkey.unwrap_or(lines.len()));
        lines[1..].sort();
        // A subkey is a line and the line of its fingerprint.
        let mut subkeys: Vec<_> = subkeys.chunks(2).collect();
        subkeys.sort();
        lines.extend(subkeys.concat());
    }
    certificates.sort();
    certificates
}
