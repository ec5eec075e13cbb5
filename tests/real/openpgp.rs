//! Our keyrings against gpg: what it makes, we read; what we write, gpg and gpgv read like what
//! gpg's own import of the same copies gives. One trial a rule, each with keys of two algorithms.
//!
//! Keys are made in the past, so that what expired and what was extended does not depend on the day
//! on which the tests run.

mod gpg;

use std::fs;
use std::process::Command;

use libtest_mimic::Trial;
use overlay_adapters::openpgp::{Certificate, Keyring, OpenPgpError, Validity};

use crate::NotRun;
use crate::peers::read;
use gpg::Gpg;

const CREATED: &str = "20200101T000000";
/// When the keys that expire do so, at first.
const EXPIRY: &str = "20210101T000000";
const EXTENDED: &str = "20200601T000000";
const AFTER_EXPIRY: &str = "20220101T000000";
/// Later than the tests will run.
const FAR: &str = "21000101T000000";

const ALGORITHMS: [&str; 2] = ["ed25519", "rsa2048"];

/// What a trial holds us to, and the trial.
type Case = (&'static str, fn(&Gpg));

const CASES: [Case; 10] = [
    ("an extended key is extended, in either order", extended),
    ("appended copies read as expired", appended),
    ("copies with different user IDs unite", different_user_ids),
    ("a removed limit is removed", limit_removed),
    (
        "a rotated key verifies, the withdrawn one does not",
        rotated,
    ),
    ("armor is read, damaged armor is refused", armored),
    ("gpg's own keyring file is read", own_keyring),
    ("revocations are read", revoked),
    (
        "a certificate is good as long as a key that may sign",
        signing_subkeys,
    ),
    ("private keys and keyboxes are refused", refused),
];

/// Every case with every algorithm.
pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let mut trials = Vec::new();
    for algorithm in ALGORITHMS {
        for (rule, run) in CASES {
            let found = ["gpg", "gpgv", "gpgconf"]
                .into_iter()
                .try_for_each(|program| read(Command::new(program).arg("--version")).map(drop));
            trials.push(
                not_run.trial(format!("openpgp {algorithm}: {rule}"), found, move |()| {
                    run(&Gpg::new(algorithm));
                }),
            );
        }
    }
    trials
}

fn parse(bytes: &[u8]) -> Keyring {
    Keyring::parse_key_data(bytes).expect("gpg's export")
}

/// The keyring that the copies unite to, in this order.
fn united(copies: &[&[u8]]) -> Keyring {
    let mut keyring = Keyring::default();
    for copy in copies {
        for certificate in parse(copy).iter() {
            keyring.merge(certificate);
        }
    }
    keyring
}

/// Unites two copies; in either order gpg must list what it lists after importing both.
fn united_like_gpg(gpg: &Gpg, one: &[u8], other: &[u8]) -> Keyring {
    let imported = gpg.list(&gpg.import(&[one, other]));
    for copies in [[one, other], [other, one]] {
        let ours = united(&copies);
        assert_eq!(gpg.list(&gpg.write(&ours.to_bytes())), imported);
        assert_claims_equal(&ours, &imported);
    }
    united(&[one, other])
}

/// Our fingerprints, expiry and user IDs are those of gpg's listing.
fn assert_claims_equal(keyring: &Keyring, listed: &[gpg::Listed]) {
    let mut ours: Vec<_> = keyring
        .iter()
        .map(|certificate| {
            let expires = certificate
                .expires()
                .map_or(String::new(), |at| at.to_string());
            let mut user_ids: Vec<_> = certificate.user_ids().collect();
            user_ids.sort();
            (certificate.fingerprint().to_string(), expires, user_ids)
        })
        .collect();
    ours.sort();
    let mut theirs: Vec<_> = listed
        .iter()
        .map(|key| {
            let mut user_ids: Vec<_> = key.user_ids().map(Into::into).collect();
            user_ids.sort();
            (key.fingerprint(), key.expires(), user_ids)
        })
        .collect();
    theirs.sort();
    assert_eq!(ours, theirs);
}

/// An old copy, and one with an extended limit, one more user ID and one more subkey.
fn old_and_new(gpg: &Gpg) -> (Vec<u8>, Vec<u8>, String) {
    let key = gpg.generate(CREATED, "Vendor <vendor@example.org>", EXPIRY);
    let old = gpg.export(&key);
    gpg.at(EXTENDED, &["--quick-set-expire", &key, FAR]);
    gpg.at(EXTENDED, &["--quick-set-expire", &key, FAR, "*"]);
    gpg.at(EXTENDED, &["--quick-add-uid", &key, "Vendor, renamed"]);
    gpg.at(
        EXTENDED,
        &["--quick-add-key", &key, gpg.algorithm(), "sign", FAR],
    );
    (old, gpg.export(&key), key)
}

fn extended(gpg: &Gpg) {
    let (old, new, key) = old_and_new(gpg);
    let signature = gpg.sign(AFTER_EXPIRY, &key);
    assert!(!gpg.verifies(&old, &signature), "the old copy has expired");

    let keyring = united_like_gpg(gpg, &old, &new);
    assert!(gpg.verifies(&keyring.to_bytes(), &signature));

    // gpg drops superseded signatures from its own keys; to us they are packets like others, which
    // an older copy brings once.
    let (old, mut again) = (parse(&old), keyring.clone());
    assert!(
        old.iter().all(|old| !again.merge(old)),
        "an older copy brings nothing more"
    );
    assert_eq!(again.to_bytes(), keyring.to_bytes());
}

/// The reason for uniting copies: of two, gpg and gpgv use the first alone.
fn appended(gpg: &Gpg) {
    let (old, new, key) = old_and_new(gpg);
    let signature = gpg.sign(AFTER_EXPIRY, &key);
    let both = [&old[..], &new].concat();
    assert!(
        !gpg.verifies(&both, &signature),
        "gpg now copes with two copies"
    );
    let united = parse(&both);
    assert_eq!(united.len(), 1);
    assert!(gpg.verifies(&united.to_bytes(), &signature));
}

fn different_user_ids(gpg: &Gpg) {
    let key = gpg.generate(CREATED, "First", EXPIRY);
    gpg.at(EXTENDED, &["--quick-add-uid", &key, "Second"]);
    let [first, second] = ["First", "Second"].map(|name| {
        gpg.run(&[
            "--export-filter",
            &format!("keep-uid=uid =~ {name}"),
            "--export",
            &key,
        ])
    });
    assert_ne!(parse(&first), parse(&second));
    let keyring = united_like_gpg(gpg, &first, &second);
    assert_eq!(keyring, parse(&gpg.export(&key)));
}

fn limit_removed(gpg: &Gpg) {
    let key = gpg.generate(CREATED, "First", EXPIRY);
    gpg.at(CREATED, &["--quick-add-uid", &key, "Second"]);
    let old = gpg.export(&key);
    gpg.at(EXTENDED, &["--quick-set-expire", &key, "never"]);
    let keyring = united_like_gpg(gpg, &gpg.export(&key), &old);
    let expires: Vec<_> = keyring.iter().map(Certificate::expires).collect();
    assert_eq!(expires, [None]);
}

fn rotated(gpg: &Gpg) {
    let [old, new] = ["Old", "New"].map(|name| gpg.generate(CREATED, name, "never"));
    let [by_old, by_new] = [&old, &new].map(|key| gpg.sign(AFTER_EXPIRY, key));
    let mut keyring = united_like_gpg(gpg, &gpg.export(&old), &gpg.export(&new));
    let bytes = keyring.to_bytes();
    assert!(gpg.verifies(&bytes, &by_old) && gpg.verifies(&bytes, &by_new));
    assert!(keyring.remove(&old.parse().expect("a fingerprint")));
    let bytes = keyring.to_bytes();
    assert!(!gpg.verifies(&bytes, &by_old) && gpg.verifies(&bytes, &by_new));
}

fn armored(gpg: &Gpg) {
    let keys = ["One", "Two"].map(|name| gpg.generate(CREATED, name, "never"));
    let [one, two] = keys
        .each_ref()
        .map(|key| gpg.run(&["--armor", "--export", key]));
    let binary = gpg.run(&["--export"]);
    assert_eq!(parse(&gpg.run(&["--armor", "--export"])), parse(&binary));
    let blocks = [&one[..], b"\nand\n\n", &two].concat();
    assert_eq!(parse(&blocks), parse(&binary));
    assert_eq!(Keyring::parse(&one), Err(OpenPgpError::Armored));

    let mut damaged = one.clone();
    let at = one.len() / 2;
    damaged[at] = if one[at] == b'A' { b'B' } else { b'A' };
    let ours = Keyring::parse_key_data(&damaged);
    assert!(
        matches!(ours, Err(OpenPgpError::Checksum { .. })),
        "{ours:?}"
    );
    assert!(
        gpg.list(&gpg.import(&[&damaged])).is_empty(),
        "gpg too refuses it"
    );
}

/// Written by gpg, as flatpak has it done: in the legacy format, with trust packets.
fn own_keyring(gpg: &Gpg) {
    let (old, new, _) = old_and_new(gpg);
    let other = gpg.export(&gpg.generate(CREATED, "Other", "never"));
    let file = gpg.import(&[&old, &other, &new]);
    let bytes = fs::read(&file).expect("gpg's keyring");
    let mut keyring = Keyring::parse(&bytes).expect("gpg's keyring");
    assert_claims_equal(&keyring, &gpg.list(&file));
    assert_ne!(keyring.to_bytes(), bytes, "gpg wrote no trust packets");
    for certificate in parse(&new).iter().chain(parse(&other).iter()) {
        assert!(!keyring.merge(certificate), "it is all there");
    }
}

fn revoked(gpg: &Gpg) {
    let key = gpg.generate(CREATED, "First", EXPIRY);
    gpg.at(EXTENDED, &["--quick-add-uid", &key, "Second"]);
    let old = gpg.export(&key);
    gpg.at(AFTER_EXPIRY, &["--quick-set-expire", &key, FAR]);
    gpg.at(AFTER_EXPIRY, &["--quick-revoke-uid", &key, "Second"]);
    let keyring = united_like_gpg(gpg, &old, &gpg.export(&key));
    assert!(keyring.iter().all(|certificate| !certificate.is_revoked()));

    gpg.revoke(&key);
    let keyring = united_like_gpg(gpg, &gpg.export(&key), &old);
    assert!(keyring.iter().all(Certificate::is_revoked));
}

/// gpgv says until when a signature is good; so do we.
fn signing_subkeys(gpg: &Gpg) {
    let validity = |key: &str| {
        let keyring = parse(&gpg.export(key));
        let validity: Vec<_> = keyring.iter().map(Certificate::validity).collect();
        validity[0]
    };
    // 2021-01-01, 2100-01-01.
    let (expiry, far) = (
        Validity::Until(1_609_459_200),
        Validity::Until(4_102_444_800),
    );
    let add = |key: &str, usage: &str, end: &str| {
        gpg.at(
            CREATED,
            &["--quick-add-key", key, gpg.algorithm(), usage, end],
        );
    };
    let make = |name: &str, usage: &str, end: &str| {
        gpg.at(
            CREATED,
            &["--quick-generate-key", name, gpg.algorithm(), usage, end],
        );
        let listing = gpg.run(&["--with-colons", "--list-keys", &format!("={name}")]);
        let listing = String::from_utf8_lossy(&listing).into_owned();
        let line = listing.lines().find(|line| line.starts_with("fpr:"));
        line.and_then(|line| line.split(':').nth(9))
            .expect("a fingerprint")
            .to_owned()
    };
    let signs = make("signs", "sign", "never");
    add(&signs, "sign", EXPIRY);
    assert_eq!(validity(&signs), Validity::Forever);

    let certifies = make("certifies", "cert", FAR);
    assert_eq!(validity(&certifies), far);
    add(&certifies, "sign", EXPIRY);
    assert_eq!(validity(&certifies), expiry);
    add(&certifies, "auth", "never");
    assert_eq!(validity(&certifies), expiry, "it does not sign");
    add(&certifies, "sign", "never");
    assert_eq!(validity(&certifies), far, "no longer than the primary key");
    gpg.revoke(&certifies);
    assert_eq!(validity(&certifies), Validity::Revoked);
}

fn refused(gpg: &Gpg) {
    let key = gpg.generate(CREATED, "Vendor", "never");
    let secret = gpg.run(&["--export-secret-keys", &key]);
    let private = |offset| Err(OpenPgpError::PrivateKey { offset });
    assert_eq!(Keyring::parse_key_data(&secret), private(Some(0)));
    let secret = gpg.run(&["--armor", "--export-secret-keys", &key]);
    assert_eq!(Keyring::parse_key_data(&secret), private(None));
    let keybox = fs::read(gpg.home().join("pubring.kbx")).expect("gpg's own database");
    assert_eq!(Keyring::parse(&keybox), Err(OpenPgpError::Keybox));
    let truncated = gpg.export(&key);
    let result = Keyring::parse(&truncated[..truncated.len() - 1]);
    assert!(
        matches!(result, Err(OpenPgpError::Truncated { .. })),
        "{result:?}"
    );
}
