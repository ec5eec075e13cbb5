//! Rule 5: what `GPGKey=` says becomes the keyring, and stays a good one while certificates change.
//! gpg reads the keyrings here; `apps.rs` shows that flatpak verifies with them.

use std::os::unix::fs::symlink;

use super::Case;
use super::bench::{Key, Repository, base64};
use super::world::{URL, World, bytes, flatpakrepo, titled, with_overlay};

pub(super) const CASES: &[Case] = &[
    (
        "rule 5, case 46: binary and armored certificates",
        encodings,
    ),
    (
        "rule 5, case 45: a rotated certificate arrives, the old one goes, the owner's stays",
        rotation,
    ),
    (
        "rule 5: a withdrawn certificate that the owner had imported first stays",
        owners_copy,
    ),
    (
        "rule 5: of a keyring that is adopted, what equals the vendor's is the vendor's",
        adopted,
    ),
    (
        "rule 5: an extended certificate takes the place of the expired one",
        extension,
    ),
    (
        "rule 5: a rolled back image does not bring an older certificate back",
        no_older,
    ),
    ("rule 5: a remote gets its first key", first_key),
    (
        "rule 5: a withdrawn key never leaves a verified remote without one",
        key_withdrawn,
    ),
    ("rule 5: a deleted keyring is made again", keyring_lost),
    (
        "rule 5: what the owner took out of a keyring stays out, also when it is lost",
        taken_out,
    ),
    (
        "rule 5: what the owner took out stays out under another name, and when it is shipped again",
        taken_out_of_all,
    ),
    ("rule 5: a keyring that is a symlink", linked),
    (
        "rule 5: what a server sent is the vendor's once that ships it",
        servers,
    ),
    (
        "rule 5: gpg-verify is on by itself, gpg-verify-summary off",
        defaults,
    ),
    (
        "rule 5, case 7: a key that flatpak refuses changes nothing",
        bad_import,
    ),
];

fn signed(keys: &[&Key]) -> String {
    let certificates: Vec<u8> = keys
        .iter()
        .flat_map(|key| key.certificate.clone())
        .collect();
    flatpakrepo(&[
        ("Url", URL),
        ("Title", "signed"),
        ("GPGKey", &base64(&certificates)),
    ])
}

/// The owner imports a key for `flathub`.
fn import(world: &World<'_>, key: &Key) {
    let file = world.root.with_extension("gpg");
    std::fs::write(&file, &key.certificate).expect("a certificate");
    world.flatpak(&[
        "remote-modify",
        &format!("--gpg-import={}", file.display()),
        "flathub",
    ]);
}

fn encodings(world: &World<'_>) {
    let keys = world.keys();
    let both = [
        keys.vendor.certificate.clone(),
        keys.owner.certificate.clone(),
    ]
    .concat();
    world.vendor(
        "binary",
        flatpakrepo(&[("Url", URL), ("GPGKey", &keys.vendor.base64())]),
    );
    world.vendor(
        "armored",
        flatpakrepo(&[("Url", URL), ("GPGKey", &base64(&keys.vendor.armored))]),
    );
    world.vendor(
        "both",
        flatpakrepo(&[("Url", URL), ("GPGKey", &base64(&both))]),
    );
    world.sync();
    for name in ["armored", "binary"] {
        world.assert_keys(name, &[&keys.vendor]);
        world.assert_value(name, "gpg-verify", "true");
        world.assert_value(name, "gpg-verify-summary", "true");
    }
    world.assert_keys("both", &[&keys.vendor, &keys.owner]);
    world.assert_remotes(&["armored", "binary", "both"]);
}

fn rotation(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("flathub", signed(&[&keys.vendor]));
    world.sync();
    import(world, &keys.owner);
    world.assert_keys("flathub", &[&keys.vendor, &keys.owner]);
    world.assert_settled();
    world.vendor("flathub", signed(&[&keys.vendor, &keys.extended]));
    world.sync().assert_state("flathub", "updated");
    world.assert_keys("flathub", &[&keys.vendor, &keys.extended, &keys.owner]);
    world.vendor("flathub", signed(&[&keys.extended]));
    world.sync();
    world.assert_keys("flathub", &[&keys.extended, &keys.owner]);
    world.assert_settled();
}

fn owners_copy(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("flathub", signed(&[&keys.vendor]));
    world.sync();
    import(world, &keys.owner);
    world.vendor("flathub", signed(&[&keys.vendor, &keys.owner]));
    world.sync();
    world.vendor("flathub", signed(&[&keys.vendor]));
    world.sync();
    world.assert_keys("flathub", &[&keys.vendor, &keys.owner]);
}

/// flatpak reads what a link leads to, and cannot import anything as long as it is one. What it leads to may be what
/// another remote trusts, so a sync leaves it alone, and that as well; and no remote is made that would trust it.
fn linked(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("flathub", signed(&[&keys.vendor]));
    world.vendor("other", signed(&[&keys.stranger]));
    world.sync();
    let link = |name: &str| {
        symlink("other.trustedkeys.gpg", world.keyring(name)).expect("a link");
    };
    std::fs::remove_file(world.keyring("flathub")).expect("removed");
    link("flathub");
    link("new");
    world.vendor("new", signed(&[&keys.vendor]));
    world.vendor("flathub", signed(&[&keys.extended]));
    let report = world.sync_fails();
    report.assert_finds("warning", "flathub.trustedkeys.gpg");
    report.assert_finds("error", "new.trustedkeys.gpg");
    world.assert_keys("other", &[&keys.stranger]);
    world.assert_settled();
    world.assert_remotes(&["flathub", "other"]);
    std::fs::remove_file(world.keyring("new")).expect("removed");
    world.sync().assert_state("new", "applied");
    world.assert_keys("new", &[&keys.vendor]);
    assert!(world.keyring("flathub").is_symlink());
    let file = world.root.with_extension("gpg");
    std::fs::write(&file, &keys.owner.certificate).expect("a certificate");
    let option = format!("--gpg-import={}", file.display());
    let refused = world.flatpak_fails(&["remote-modify", &option, "flathub"]);
    assert!(refused.contains("symlinkat"), "{refused}");
    world.assert_keys("other", &[&keys.stranger]);
    // The file itself, as the warning has it.
    std::fs::remove_file(world.keyring("flathub")).expect("removed");
    world.write(
        "var/lib/flatpak/repo/flathub.trustedkeys.gpg",
        &keys.owner.certificate,
    );
    world.sync();
    world.assert_keys("flathub", &[&keys.owner, &keys.extended]);
    world.assert_settled();
}

/// flatpak notes what a server sent, so it is not taken for the owner's.
fn servers(world: &World<'_>) {
    let (keys, repository) = (world.keys(), world.repository());
    let url = repository.url();
    let entry = |keys: &[&Key]| {
        let certificates = keys.iter().map(|key| key.certificate.clone());
        let certificates = certificates.collect::<Vec<_>>().concat();
        flatpakrepo(&[("Url", &url), ("GPGKey", &base64(&certificates))])
    };
    world.vendor("flathub", entry(&[&keys.vendor]));
    world.sync();
    import(world, &keys.owner);
    let file = world.root.with_extension("sent");
    std::fs::write(&file, &keys.stranger.certificate).expect("a certificate");
    let sends = format!("--gpg-import={}", file.display());
    repository.describe(&[&sends], keys, &keys.vendor);
    world.flatpak(&["remote-modify", "--update-metadata", "flathub"]);
    let all = [&keys.vendor, &keys.owner, &keys.stranger];
    world.assert_keys("flathub", &all);
    world.assert_settled();
    for shipped in [&[&keys.vendor, &keys.stranger][..], &[&keys.vendor]] {
        world.assert_keys("flathub", &all);
        world.vendor("flathub", entry(shipped));
        world.sync();
    }
    world.assert_keys("flathub", &[&keys.vendor, &keys.owner]);
    world.assert_settled();
}

/// A machine with history: flatpak itself imported the remote, with what was the vendor's key then.
fn adopted(world: &World<'_>) {
    let keys = world.keys();
    for (name, before) in [("flathub", &keys.vendor), ("older", &keys.expired)] {
        world.admin(name, signed(&[before]));
        world.remotes();
        world.unmask(name);
    }
    import(world, &keys.owner);
    world.vendor("flathub", signed(&[&keys.vendor]));
    world.vendor("older", signed(&[&keys.extended]));
    let report = world.sync();
    for name in ["flathub", "older"] {
        report.assert_state(name, "adopted");
    }
    world.assert_settled();
    world.vendor("flathub", signed(&[&keys.stranger]));
    world.vendor("older", signed(&[&keys.stranger]));
    world.sync();
    world.assert_keys("flathub", &[&keys.owner, &keys.stranger]);
    world.assert_keys("older", &[&keys.stranger]);
    world.assert_settled();
}

fn extension(world: &World<'_>) {
    let keys = world.keys();
    let expires = || {
        let certificates = world.bench.readers.certificates(&world.keyring("flathub"));
        certificates
            .expect("gpg reads it")
            .into_iter()
            .map(|certificate| certificate.expires)
            .collect::<Vec<_>>()
    };
    world.vendor("flathub", signed(&[&keys.expired]));
    world.sync();
    assert_eq!(
        expires(),
        ["1609372800"],
        "the expired certificate is in place"
    );
    world.vendor("flathub", signed(&[&keys.extended]));
    world.sync();
    assert_eq!(expires(), [""], "one copy, which does not expire");
    world.assert_settled();
}

fn no_older(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("flathub", signed(&[&keys.extended]));
    world.sync();
    let certificates = || {
        let read = world.bench.readers.certificates(&world.keyring("flathub"));
        read.expect("gpg reads it")
    };
    let extended = certificates();
    world.vendor("flathub", signed(&[&keys.expired]));
    world.sync();
    assert_eq!(certificates(), extended, "one copy, which does not expire");
    world.assert_settled();
}

fn first_key(world: &World<'_>) {
    world.vendor("flathub", titled("unsigned"));
    world.sync();
    world.assert_value("flathub", "gpg-verify", "false");
    world.vendor("flathub", signed(&[&world.keys().vendor]));
    world.sync();
    world.assert_value("flathub", "gpg-verify", "true");
    world.assert_keys("flathub", &[&world.keys().vendor]);
}

fn key_withdrawn(world: &World<'_>) {
    world.vendor("flathub", signed(&[&world.keys().vendor]));
    world.sync();
    world.vendor("flathub", titled("unsigned"));
    world.sync();
    let verified = world.value("flathub", "gpg-verify") == "true";
    assert_eq!(
        verified,
        !world.fingerprints("flathub").is_empty(),
        "a verified remote has a key"
    );
    world.assert_settled();
}

fn keyring_lost(world: &World<'_>) {
    world.vendor("flathub", signed(&[&world.keys().vendor]));
    world.sync();
    std::fs::remove_file(world.keyring("flathub")).expect("a keyring");
    world.sync();
    world.assert_keys("flathub", &[&world.keys().vendor]);
}

/// The owner puts a keyring of their own in the place of the vendor's.
fn swap(world: &World<'_>) {
    std::fs::write(world.keyring("flathub"), &world.keys().owner.certificate).expect("a keyring");
}

fn taken_out(world: &World<'_>) {
    let keys = world.keys();
    let vendors = &keys.vendor.fingerprint;
    world.vendor("flathub", signed(&[&keys.vendor]));
    world.sync();
    swap(world);
    world.sync().assert_state("flathub", "edited");
    // A key that there is not would be an error.
    world
        .report(&["explain", "flathub", vendors])
        .assert_code(0);
    world.assert_keys("flathub", &[&keys.owner]);
    world.assert_settled();
    // What is left of the keyring goes, and the vendor's is not trusted for that.
    std::fs::remove_file(world.keyring("flathub")).expect("a keyring");
    for _ in 0..2 {
        let report = world.sync();
        report.assert_state("flathub", "edited");
        report.assert_finds("warning", "flathub.trustedkeys.gpg");
        assert!(!world.keyring("flathub").exists());
        world.assert_settled();
    }
    for revert in [
        &["revert", "flathub", vendors][..],
        &["revert", "flathub", "GPGKey"],
        &["revert", "flathub"],
    ] {
        for keyring in [None, Some(&keys.owner)] {
            std::fs::write(world.keyring("flathub"), &keys.owner.certificate).expect("written");
            world.sync();
            match keyring {
                None => std::fs::remove_file(world.keyring("flathub")).expect("a keyring"),
                Some(_) => swap(world),
            }
            world.report(revert).assert_state("flathub", "updated");
            let all: Vec<_> = keyring.into_iter().chain([&keys.vendor]).collect();
            world.assert_keys("flathub", &all);
            world.sync().assert_state("flathub", "applied");
            world.assert_settled();
        }
    }
    // Who imports it again has it as before: it is the vendor's.
    swap(world);
    world.sync();
    import(world, &keys.vendor);
    world.sync().assert_state("flathub", "applied");
    world.vendor("flathub", signed(&[&keys.extended]));
    world.sync();
    world.assert_keys("flathub", &[&keys.owner, &keys.extended]);
}

fn taken_out_of_all(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("flathub", signed(&[&keys.vendor, &keys.stranger]));
    world.sync();
    std::fs::write(world.keyring("flathub"), &keys.stranger.certificate).expect("a keyring");
    for shipped in [&[&keys.stranger][..], &[&keys.vendor, &keys.stranger]] {
        world.vendor("flathub", signed(shipped));
        world.sync();
        world.assert_keys("flathub", &[&keys.stranger]);
    }
    world.withdraw("flathub");
    let renamed = signed(&[&keys.vendor, &keys.stranger]);
    world.vendor("new", with_overlay(&renamed, "FormerNames=flathub;"));
    world.sync();
    world.assert_remotes(&["new"]);
    world.assert_keys("new", &[&keys.stranger]);
    world.sync().assert_state("new", "edited");
    world.assert_settled();
    world.report(&["release", "new"]);
    world.report(&["adopt", "new"]);
    world.assert_keys("new", &[&keys.stranger]);
}

fn bad_import(world: &World<'_>) {
    world.vendor("flathub", signed(&[&world.keys().vendor]));
    world.sync();
    let (group, keyring) = (world.group("flathub"), bytes(&world.keyring("flathub")));
    let file = world.root.with_extension("gpg");
    std::fs::write(&file, "not a certificate").expect("a file");
    let option = format!("--gpg-import={}", file.display());
    world.flatpak_fails(&["remote-modify", &option, "flathub"]);
    world.sync();
    assert_eq!(world.group("flathub"), group);
    assert_eq!(bytes(&world.keyring("flathub")), keyring);
}

/// What a key means that is not there is the consumer's to say.
fn defaults(world: &World<'_>) {
    let url = world.repository().url();
    world.vendor("flathub", flatpakrepo(&[("Url", &url)]));
    world.sync();
    std::fs::write(world.keyring("flathub"), &world.keys().stranger.certificate)
        .expect("a keyring");
    let list = ["remote-ls", "flathub"];
    let install = ["install", "--noninteractive", "flathub", Repository::APP];
    let (off, summary_off) = ("\ngpg-verify=false\n", "\ngpg-verify-summary=false\n");
    world.edit_config(|text| text.replace(summary_off, "\n"));
    world.flatpak(&list);
    world.edit_config(|text| text.replace(off, "\n"));
    world.flatpak(&list);
    let refused = world.flatpak_fails(&install);
    assert!(refused.contains("public key not found"), "{refused}");
    world.edit_config(|text| {
        text.replace(
            "\n[remote \"flathub\"]\n",
            &format!("\n[remote \"flathub\"]{off}"),
        )
    });
    world.install_from("flathub");
    world.edit_config(|text| text.replace(off, &format!("{off}gpg-verify-summary=true\n")));
    let refused = world.flatpak_fails(&list);
    assert!(refused.contains("public key not found"), "{refused}");
}
