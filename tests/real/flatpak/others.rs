//! Rule 8: what others made is theirs, apart from a collection ID that is absent and from adopting
//! the vendor's own remote on a machine with history.

use super::Case;
use super::bench::{Key, base64};
use super::world::{Report, URL, World, bytes, flatpakrepo, titled, with_overlay};

pub(super) const CASES: &[Case] = &[
    ("rule 8: remotes of others stay as they are", untouched),
    (
        "rule 8: what flatpak imported years ago is adopted, and gets the new key",
        history,
    ),
    (
        "rule 8: what a script imported goes where the vendor names it",
        former_certificates,
    ),
    (
        "rule 8: what was adopted is not removed on withdrawal",
        adopted_withdrawn,
    ),
    (
        "rule 8: released and brought again, an edited remote goes on where it was",
        released_and_back,
    ),
    ("rule 8: the owner hands a remote over", adopt_command),
    (
        "rule 8, case 10: an absent collection ID is filled in, whoever made the remote",
        collection_filled,
    ),
    (
        "rule 8, case 10: an emptied collection ID is the owner's choice",
        collection_emptied,
    ),
    (
        "rule 8, case 10: another collection ID stays and is reported",
        collection_differs,
    ),
    (
        "rule 8: a collection ID is withdrawn only where sync set it",
        collection_withdrawn,
    ),
    (
        "rule 8: a changed collection ID follows",
        collection_changed,
    ),
    (
        "rule 8: an ID that both sources give outlives the withdrawal of one",
        collection_twice,
    ),
    (
        "rule 8: a malformed collection ID is refused",
        collection_malformed,
    ),
    (
        "rule 8: a collection without its remote changes nothing",
        collection_alone,
    ),
    (
        "rule 8: a masked collection is not filled in",
        collection_masked,
    ),
];

fn signed(title: &str, key: &Key) -> String {
    flatpakrepo(&[("Url", URL), ("Title", title), ("GPGKey", &key.base64())])
}

/// The owner adds a remote of his own, verified by his own key.
fn add_own(world: &World<'_>, name: &str) {
    let file = world.root.with_extension("gpg");
    std::fs::write(&file, &world.keys().owner.certificate).expect("a certificate");
    let import = format!("--gpg-import={}", file.display());
    world.flatpak(&[
        "remote-add",
        &import,
        "--title=Own",
        name,
        "http://127.0.0.1:9/own",
    ]);
}

fn untouched(world: &World<'_>) {
    add_own(world, "own");
    add_own(world, "flathub");
    let groups = [world.group("own"), world.group("flathub")];
    let keyrings = [
        bytes(&world.keyring("own")),
        bytes(&world.keyring("flathub")),
    ];
    for title in ["one", "two"] {
        world.vendor("flathub", signed(title, &world.keys().vendor));
        world.vendor("new", titled(title));
        world.sync().assert_state("flathub", "foreign");
        assert_eq!(groups, [world.group("own"), world.group("flathub")]);
        assert_eq!(
            keyrings,
            [
                bytes(&world.keyring("own")),
                bytes(&world.keyring("flathub"))
            ]
        );
    }
    world.withdraw("flathub");
    world.sync();
    world.assert_remotes(&["flathub", "new", "own"]);
}

/// A machine on which flatpak itself imported `flathub`, with a key that has expired since.
fn with_history(world: &World<'_>) {
    world.admin("flathub", signed("old", &world.keys().expired));
    world.assert_remotes(&["flathub"]);
    assert_eq!(world.offered(), ["flathub"]);
    world.unmask("flathub");
}

fn history(world: &World<'_>) {
    let keys = world.keys();
    with_history(world);
    world.flatpak(&["remote-modify", "--comment=Mine", "flathub"]);
    let entry = |title: &str| {
        let pairs = [
            ("Url", URL),
            ("Title", title),
            ("Comment", "vendor"),
            ("Homepage", "https://new"),
        ];
        flatpakrepo(&[&pairs[..], &[("GPGKey", &keys.extended.base64())]].concat())
    };
    world.vendor("flathub", entry("old"));
    world.sync().assert_state("flathub", "adopted");
    let certificates = world
        .bench
        .readers
        .certificates(&world.keyring("flathub"))
        .expect("gpg reads it");
    assert_eq!(certificates.len(), 1, "{certificates:?}");
    assert_eq!(
        certificates[0].expires, "",
        "the extended key reaches old machines"
    );
    world.assert_value("flathub", "xa.homepage", "https://new");
    world.assert_value("flathub", "xa.comment", "Mine");
    world.assert_value("flathub", "x-overlayctl.remotes", "adopted");
    world.assert_settled();
    world.vendor("flathub", entry("new"));
    world.sync();
    world.assert_value("flathub", "xa.title", "new");
}

/// flatpak imported one key, a script another, and the owner one of his own.
fn former_certificates(world: &World<'_>) {
    let keys = world.keys();
    with_history(world);
    for (name, key) in [("script", &keys.stranger), ("owner", &keys.owner)] {
        let file = world.root.with_extension(name);
        std::fs::write(&file, &key.certificate).expect("a certificate");
        let import = format!("--gpg-import={}", file.display());
        world.flatpak(&["remote-modify", &import, "flathub"]);
    }
    let entry = |overlay: &str| with_overlay(&signed("old", &keys.vendor), overlay);
    world.vendor("flathub", entry(""));
    world.sync().assert_state("flathub", "adopted");
    world.assert_keys(
        "flathub",
        &[&keys.expired, &keys.stranger, &keys.owner, &keys.vendor],
    );
    let script = keys.stranger.fingerprint.to_lowercase();
    let former = format!("FormerCertificates={script};{}", keys.expired.fingerprint);
    world.vendor("flathub", entry(&former));
    world.sync();
    world.assert_keys("flathub", &[&keys.owner, &keys.vendor]);
    world.assert_settled();
    let only = with_overlay(&signed("new", &keys.stranger), &former);
    world.vendor("flathub", only);
    world.sync();
    world.assert_keys("flathub", &[&keys.owner, &keys.stranger]);
    world.vendor("flathub", entry("FormerCertificates=of the vendor"));
    world.sync_fails().assert_state("flathub", "failed");
    world.assert_keys("flathub", &[&keys.owner, &keys.stranger]);
}

fn adopted_withdrawn(world: &World<'_>) {
    with_history(world);
    world.vendor("flathub", signed("old", &world.keys().extended));
    world.sync();
    world.withdraw("flathub");
    world.sync().assert_state("flathub", "released");
    world.assert_remotes(&["flathub"]);
    assert_eq!(
        world.fingerprints("flathub"),
        [world.keys().extended.fingerprint.clone()]
    );
    world.assert_settled();
    world.sync().assert_state("flathub", "-");
    world.vendor("flathub", signed("new", &world.keys().extended));
    world.sync().assert_state("flathub", "updated");
    world.assert_value("flathub", "xa.title", "new");
    world.withdraw("flathub");
    world.sync().assert_state("flathub", "released");
}

/// By a rollback and an upgrade: what the owner changed, and what the vendor may still change, is as before.
fn released_and_back(world: &World<'_>) {
    let keys = world.keys();
    let entry = |version: &str| {
        let url = format!("http://127.0.0.1:9/{version}");
        let both = base64(
            &[&keys.vendor, &keys.extended]
                .map(|key| &key.certificate[..])
                .concat(),
        );
        flatpakrepo(&[
            ("Url", &url),
            ("Title", version),
            ("Homepage", "https://vendor"),
            ("GPGKey", &both),
        ])
    };
    world.vendor("flathub", entry("one"));
    world.sync();
    world.assert_keys("flathub", &[&keys.extended, &keys.vendor]);
    // Homepage and one of the keys go, the title is another, signatures are not verified.
    world.flatpak(&[
        "remote-modify",
        "--title=Mine",
        "--no-gpg-verify",
        "flathub",
    ]);
    world.edit_config(|text| text.replace("xa.homepage=https://vendor\n", ""));
    std::fs::write(world.keyring("flathub"), &keys.vendor.certificate).expect("a keyring");
    let check = |url: &str| {
        world.assert_value("flathub", "url", &format!("http://127.0.0.1:9/{url}"));
        world.assert_value("flathub", "xa.title", "Mine");
        world.assert_value("flathub", "xa.homepage", "");
        world.assert_value("flathub", "gpg-verify", "false");
        world.assert_keys("flathub", &[&keys.vendor]);
        world.assert_settled();
    };
    world.sync();
    check("one");
    for version in ["one", "two", "three"] {
        world.withdraw("flathub");
        let report = world.report(&["sync"]);
        assert!(
            ["released", "-"].contains(&report.state("flathub")),
            "{report:#?}"
        );
        world.assert_settled();
        world.vendor("flathub", entry(version));
        world.sync();
        check(version);
    }
}

fn adopt_command(world: &World<'_>) {
    add_own(world, "flathub");
    world.vendor("flathub", signed("vendor", &world.keys().vendor));
    world.sync().assert_state("flathub", "foreign");
    world.report(&["adopt", "flathub"]).assert_code(0);
    world.assert_value("flathub", "x-overlayctl.remotes", "adopted");
    world.assert_value("flathub", "xa.title", "Own");
    world.assert_keys("flathub", &[&world.keys().owner, &world.keys().vendor]);
    world.assert_settled();
}

const ID: &str = "org.example.Stable";
const COLLECTION: &str = "usr/lib/flatpak/collections.d/flathub.conf";

fn collection(remote: &str, id: &str) -> String {
    format!("[Collection]\nRemote={remote}\nCollectionID={id}\n")
}

fn state(report: &Report, name: &str) -> String {
    report.state_in("flatpak-collections", name).to_owned()
}

fn collection_filled(world: &World<'_>) {
    add_own(world, "own");
    let group = world.group("own");
    world.vendor("flathub", signed("vendor", &world.keys().vendor));
    world.write(COLLECTION, collection("flathub", ID));
    world.write(
        "etc/flatpak/collections.d/own.conf",
        collection("own", "org.example.Own"),
    );
    let report = world.sync();
    assert_eq!(
        (state(&report, "flathub"), state(&report, "own")),
        ("applied".into(), "applied".into())
    );
    let remotes = world.remotes();
    assert_eq!(
        (
            remotes["flathub"].collection.as_str(),
            remotes["own"].collection.as_str()
        ),
        (ID, "org.example.Own")
    );
    let mut now = world.native_group("own");
    assert!(now.remove("collection-id").is_some());
    assert_eq!(now, group, "nothing else of it was touched");
    world.assert_settled();
}

fn collection_emptied(world: &World<'_>) {
    world.vendor("flathub", signed("vendor", &world.keys().vendor));
    world.sync();
    world.flatpak(&["remote-modify", "--collection-id=", "flathub"]);
    world.write(COLLECTION, collection("flathub", ID));
    world.sync();
    assert_eq!(
        world
            .group("flathub")
            .get("collection-id")
            .map(String::as_str),
        Some("")
    );
    world.assert_settled();
}

fn collection_differs(world: &World<'_>) {
    add_own(world, "flathub");
    world.flatpak(&[
        "remote-modify",
        "--collection-id=org.owner.Choice",
        "flathub",
    ]);
    world.write(COLLECTION, collection("flathub", ID));
    let report = world.sync();
    assert_eq!(world.remotes()["flathub"].collection, "org.owner.Choice");
    assert!(
        ["conflict", "foreign"].contains(&state(&report, "flathub").as_str()),
        "{report:#?}"
    );
}

fn collection_withdrawn(world: &World<'_>) {
    add_own(world, "ours");
    add_own(world, "theirs");
    let group = world.group("ours");
    world.flatpak(&[
        "remote-modify",
        "--collection-id=org.example.Stable",
        "theirs",
    ]);
    for name in ["ours", "theirs", "changed"] {
        world.write(
            &format!("usr/lib/flatpak/collections.d/{name}.conf"),
            collection(name, ID),
        );
    }
    add_own(world, "changed");
    world.sync();
    world.flatpak(&[
        "remote-modify",
        "--collection-id=org.owner.Choice",
        "changed",
    ]);
    for name in ["ours", "theirs", "changed"] {
        world.remove(&format!("usr/lib/flatpak/collections.d/{name}.conf"));
    }
    world.sync();
    assert_eq!(world.group("ours"), group, "as it was before");
    world.assert_value("theirs", "collection-id", ID);
    world.assert_value("changed", "collection-id", "org.owner.Choice");
    world.assert_settled();
}

fn collection_changed(world: &World<'_>) {
    world.vendor("flathub", signed("vendor", &world.keys().vendor));
    world.write(COLLECTION, collection("flathub", ID));
    world.sync();
    world.write(COLLECTION, collection("flathub", "org.example.New"));
    world.sync();
    assert_eq!(world.remotes()["flathub"].collection, "org.example.New");
}

fn collection_twice(world: &World<'_>) {
    let text = signed("vendor", &world.keys().vendor);
    world.vendor("flathub", &text);
    world.write(COLLECTION, collection("flathub", ID));
    world.sync();
    world.vendor("flathub", format!("{text}CollectionID={ID}\n"));
    world.sync();
    world.report(&["sync"]).assert_state("flathub", "applied");
    world.remove(COLLECTION);
    world.sync();
    assert_eq!(world.remotes()["flathub"].collection, ID);
    world.assert_settled();
}

fn collection_malformed(world: &World<'_>) {
    world.vendor("flathub", signed("vendor", &world.keys().vendor));
    for id in ["bad", "org..x", "org.1x.y", "org.x y", ".org.x", ""] {
        world.write(COLLECTION, collection("flathub", id));
        world.sync_fails().assert_finds("error", COLLECTION);
        assert!(
            !world.group("flathub").contains_key("collection-id"),
            "{id:?} was accepted"
        );
    }
    world.assert_remotes(&["flathub"]);
}

fn collection_alone(world: &World<'_>) {
    world.vendor("other", titled("other"));
    world.sync();
    let config = bytes(&world.config());
    world.write(COLLECTION, collection("flathub", ID));
    world.sync();
    assert_eq!(bytes(&world.config()), config);
}

fn collection_masked(world: &World<'_>) {
    world.vendor("flathub", signed("vendor", &world.keys().vendor));
    world.write(COLLECTION, collection("flathub", ID));
    world.sync();
    world.assert_value("flathub", "collection-id", ID);
    world.write("etc/flatpak/collections.d/flathub.conf", "");
    world.sync();
    assert!(!world.group("flathub").contains_key("collection-id"));
    world.assert_settled();
}
