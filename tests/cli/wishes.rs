//! What an owner asks of single entries: that is done, and nothing else.

use insta::assert_snapshot;

use crate::image::Image;
use crate::json::parsed;

/// An image whose owner has changed a title and deleted a remote, while the vendor went on.
fn changed() -> Image {
    let image = Image::new();
    image.run(&["sync"]);
    image
        .edit("xa.title=Flathub", "xa.title=Mine\nxa.title-is-set=true")
        .edit(
            "url=https://example.org/repo/",
            "url=https://mirror.example/",
        );
    image.write(
        "usr/share/flatpak/remotes.d/plain.flatpakrepo",
        "[Flatpak Repo]\nUrl=https://new.example.org/\nTitle=Plainer\n",
    );
    image
}

#[test]
fn a_key_goes_back_to_the_vendor() {
    let image = changed();
    assert_snapshot!("conflict_names_both_ways", image.shown(&["status"]));
    let revert = |arguments: &[&str]| image.shown(&[&["revert"], arguments].concat());
    assert_snapshot!("revert_planned", revert(&["flathub", "Title", "--dry-run"]));
    assert_snapshot!("revert_key", revert(&["flathub", "xa.title"]));
    assert_snapshot!("revert_nothing", revert(&["flathub", "Title"]));
    assert_snapshot!("revert_no_such_key", revert(&["flathub", "Nothing"]));
    assert_snapshot!("revert_all", revert(&["plain"]));
    assert_snapshot!("reverted", image.shown(&["status"]));
}

#[test]
fn an_entry_is_taken_from_the_vendor_and_handed_back() {
    let image = changed();
    assert_snapshot!("release", image.shown(&["release", "plain"]));
    image.run(&["sync"]);
    assert_snapshot!("released_status", image.shown(&["status", "plain"]));
    assert_snapshot!("release_again", image.shown(&["release", "plain"]));
    assert_snapshot!("adopt_released", image.shown(&["adopt", "plain"]));
    assert_snapshot!("adopt_nothing", image.shown(&["adopt", "plain"]));
}

#[test]
fn where_there_is_nothing_to_restore_it_is_said_why() {
    let image = changed();
    image.write("etc/flatpak/remotes.d/flathub.flatpakrepo", "");
    assert_snapshot!("restore_nothing", image.shown(&["restore", "*"]));
    // A name is no adapter's.
    assert_snapshot!("restore_by_adapter", image.shown(&["restore", "flatpak*"]));
}

#[test]
fn why_nothing_is_done_has_a_code() {
    let image = changed();
    image.write("etc/flatpak/remotes.d/flathub.flatpakrepo", "");
    let report = parsed(&image.run(&["restore", "*", "--json"]).stdout);
    let entries = report["entries"].as_array().expect("entries");
    let idle = entries.iter().map(|entry| &entry["idle"]);
    assert_eq!(idle.collect::<Vec<_>>(), ["masked", "there"]);
    let status = parsed(&image.run(&["status", "--json"]).stdout);
    assert!(status["entries"][0].get("idle").is_none());
}

/// What is wrong with the files of others is no news, and no failure, of what is asked.
#[test]
fn others_are_not_told_of() {
    let image = changed();
    image
        .write("etc/flatpak/remotes.d/broken.flatpakrepo", "junk\n")
        .write(
            "etc/flatpak/remotes.d/plain.flatpakrepo.d/50-mine.conf",
            "[Flatpak Repo]\nPriority=2\n",
        );
    assert_eq!(image.exit_status(&["status"]), 1);
    let shown = image.shown(&["release", "plain"]);
    assert!(shown.ends_with("[exit status 0]"), "{shown}");
    assert!(!shown.contains("broken"), "{shown}");
    assert!(shown.contains("50-mine.conf"), "{shown}");
}

/// Whose vendor has turned verification on since the last run: the keys come along.
#[test]
fn what_reverting_turns_on_has_its_keys() {
    let image = Image::new();
    image.run(&["sync"]);
    image.edit(
        "url=https://example.org/repo/",
        "url=https://mirror.example/",
    );
    let signed = include_str!("../../data/demo/flathub.flatpakrepo");
    image.write("usr/share/flatpak/remotes.d/plain.flatpakrepo", signed);
    image.run(&["revert", "flatpak-remotes/plain"]);
    let config = std::fs::read_to_string(image.path("var/lib/flatpak/repo/config")).unwrap();
    assert_eq!(config.matches("gpg-verify=true").count(), 2, "{config}");
    let keyring = |name: &str| {
        let path = format!("var/lib/flatpak/repo/{name}.trustedkeys.gpg");
        std::fs::read(image.path(&path)).unwrap_or_default()
    };
    assert_eq!(keyring("plain"), keyring("flathub"));
    assert!(!keyring("plain").is_empty());
}

/// What flatpak writes alike for its user and for a server is called neither's.
#[test]
fn what_may_be_a_server_s_is_not_called_the_owner_s() {
    let image = Image::new();
    image.run(&["sync"]);
    let written = "[remote \"plain\"]\nxa.authenticator-options.login=them";
    image.edit("[remote \"plain\"]", written);
    let shown = image.shown(&["status", "plain"]);
    assert!(shown.contains("or by the server"), "{shown}");
}

const ID: &str = "collection-id=org.flathub.Stable";

fn config(image: &Image) -> String {
    std::fs::read_to_string(image.path("var/lib/flatpak/repo/config")).expect("a configuration")
}

/// What another source gave a remote is the vendor's all the same, however its owner asks for it.
#[test]
fn a_collection_id_goes_back_to_the_vendor() {
    for edit in ["collection-id=org.mine.Stable", "collection-id=", ""] {
        for revert in [
            &["revert", "flathub", "collection-id"][..],
            &["revert", "flathub"],
            &["revert", "flatpak-collections/flathub"],
            &["revert", "flatpak-collections/flathub", "CollectionID"],
        ] {
            let image = Image::new();
            image.run(&["sync"]);
            image.edit(ID, edit);
            image.run(&["sync"]);
            assert!(!config(&image).contains(ID), "{edit}");
            assert_eq!(image.exit_status(revert), 0, "{edit}: {revert:?}");
            assert!(config(&image).contains(ID), "{edit}: {revert:?}");
            image.run(&["sync"]);
            assert!(config(&image).contains(ID), "{edit}: {revert:?}");
            let shown = image.shown(&["status"]);
            assert!(!shown.contains("edited"), "{edit}: {revert:?}: {shown}");
        }
    }
}

/// A conflict over an ID says what to do, and that does it.
#[test]
fn a_conflict_over_a_collection_id_names_both_ways() {
    let image = Image::new();
    image.run(&["sync"]);
    image.edit(ID, "collection-id=org.mine.Stable");
    assert_snapshot!("id_conflict", image.shown(&["status"]));
    let ask = |verb: &str| image.shown(&[verb, "flatpak-collections/flathub"]);
    assert_snapshot!("id_restore", ask("restore"));
    assert_snapshot!("id_release", ask("release"));
    assert_snapshot!("id_revert", ask("revert"));
    assert_snapshot!("id_revert_again", ask("revert"));

    image.edit(ID, "collection-id=org.mine.Stable");
    image.write("etc/flatpak/collections.d/flathub.conf", "");
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(config(&image).contains("collection-id=org.mine.Stable"));
    assert_snapshot!("id_masked", image.shown(&["status"]));
}

/// What its own entry gives a remote is not to be taken back for what another one would.
#[test]
fn a_collection_id_of_its_own_entry_counts() {
    let image = Image::new();
    let vendor = "usr/share/flatpak/remotes.d/flathub.flatpakrepo";
    let signed = include_str!("../../data/demo/flathub.flatpakrepo");
    let own = signed.replacen("Url=", "CollectionID=org.flathub.Own\nUrl=", 1);
    image.write(vendor, &own);
    image.run(&["sync"]);
    image.run(&["revert", "flatpak-collections/flathub"]);
    assert!(config(&image).contains("collection-id=org.flathub.Own"));
    assert_snapshot!(
        "id_of_its_own",
        image.shown(&["revert", "flatpak-collections/flathub"])
    );
}

/// A certificate that the owner took out is told of as any other edit, and what brings it back.
#[test]
fn a_certificate_that_was_taken_out() {
    const FLATHUBS: &str = "6E5C05D979C76DAF93C081354184DD4D907A7CAE";
    let image = Image::new();
    image.run(&["sync"]);
    let keyring = image.path("var/lib/flatpak/repo/flathub.trustedkeys.gpg");
    let brought = std::fs::read(&keyring).expect("a keyring");
    // As a run has it that found another one in its place, which then went.
    let group = "[remote \"flathub\"]";
    image.edit(
        group,
        &format!("{group}\nx-overlayctl.taken-out={FLATHUBS};"),
    );
    std::fs::remove_file(&keyring).expect("removed");
    assert_eq!(image.exit_status(&["status", "--check"]), 0);
    assert_snapshot!("taken_out_status", image.shown(&["status", "flathub"]));
    assert_snapshot!(
        "taken_out_explain",
        image.shown(&["explain", "flathub", FLATHUBS])
    );
    let planned = image.shown(&["revert", "flathub", FLATHUBS, "--dry-run"]);
    assert_snapshot!("taken_out_revert", planned);
    assert_eq!(image.exit_status(&["revert", "flathub", FLATHUBS]), 0);
    assert_eq!(std::fs::read(&keyring).expect("a keyring"), brought);
    assert!(
        image
            .shown(&["status", "flathub"])
            .contains("applied, as in")
    );
}

/// What stands in the way is named at its place.
#[test]
fn a_broken_target_is_named() {
    let image = Image::new();
    image.run(&["sync"]);
    image.edit("[core]", "[core]\njunk");
    for verb in ["restore", "revert", "adopt", "release"] {
        let shown = image.shown(&[verb, "plain"]);
        assert!(
            shown.contains("error: /var/lib/flatpak/repo/config:2: "),
            "{shown}"
        );
        let document = parsed(&image.run(&[verb, "plain", "--json"]).stdout);
        let findings = document["findings"].as_array().expect("findings");
        let mut findings = findings.iter();
        let named = findings.find(|one| one["path"] == "/var/lib/flatpak/repo/config");
        assert_eq!(named.expect("a finding")["code"], "malformed", "{verb}");
    }
    assert_snapshot!("broken_target", image.shown(&["restore", "plain"]));
}

/// A key of an entry that has none in the target: what its files say of it, and what became of the entry.
#[test]
fn a_key_of_what_is_not_there() {
    let image = Image::new();
    image
        .write(
            "usr/share/flatpak/remotes.d/gone.flatpakrepo",
            "[Flatpak Repo]\nUrl=https://gone.example.org/\nTitle=Gone\n",
        )
        .write(
            "usr/share/flatpak/remotes.d/broken.flatpakrepo",
            "[Flatpak Repo]\nUrl=https://broken.example.org/\nTitle=Broken\n",
        );
    image.run(&["sync"]);
    image
        .edit(
            "[remote \"gone\"]\nurl=https://gone.example.org/",
            "[other]",
        )
        .write("etc/flatpak/remotes.d/plain.flatpakrepo", "")
        .write("etc/flatpak/remotes.d/broken.flatpakrepo", "junk\n");
    image.run(&["sync"]);
    for name in ["plain", "gone", "broken"] {
        let ask = |verb: &str, key: &str| image.shown(&[verb, name, key]);
        assert_snapshot!(format!("no_keys_explain_{name}"), ask("explain", "Title"));
        assert_snapshot!(format!("no_keys_revert_{name}"), ask("revert", "Title"));
        assert_snapshot!(format!("no_keys_other_{name}"), ask("explain", "Nothing"));
        let document = parsed(&image.run(&["explain", name, "Title", "--json"]).stdout);
        let key = &document["entries"][0]["keys"][0];
        assert_eq!(key["assignments"][0]["key"], "Title", "{name}");
        let findings = document["findings"].as_array().expect("findings");
        let mut lines = findings.iter().filter(|one| one["line"] == 1);
        assert!(lines.any(|one| one["path"] == "/etc/flatpak/remotes.d/broken.flatpakrepo"));
    }
}

/// What a server may have set as well as the owner is called neither's, by all that tell of it.
#[test]
fn a_server_s_url_is_one_account() {
    let image = Image::new();
    image.run(&["sync"]);
    image
        .edit(
            "url=https://example.org/repo/",
            "url=https://moved.example.org/",
        )
        .edit("xa.title=Flathub", "xa.title=From a server");
    assert_snapshot!("servers_status", image.shown(&["status"]));
    assert_snapshot!("servers_explain", image.shown(&["explain", "plain", "Url"]));
    assert_snapshot!(
        "servers_title",
        image.shown(&["explain", "flathub", "Title"])
    );
    // Who names a key that servers refresh has the vendor's.
    assert_eq!(image.exit_status(&["revert", "flathub", "Title"]), 0);
    assert!(config(&image).contains("xa.title=Flathub"));
    let vendor = "usr/share/flatpak/remotes.d/plain.flatpakrepo";
    image.write(
        vendor,
        "[Flatpak Repo]\nUrl=https://new.example.org/\nTitle=Plain\n",
    );
    assert_snapshot!("servers_conflict", image.shown(&["status", "plain"]));
    assert_snapshot!(
        "servers_conflict_explain",
        image.shown(&["explain", "plain", "Url"])
    );
    let document = parsed(&image.run(&["explain", "plain", "Url", "--json"]).stdout);
    assert_eq!(document["entries"][0]["keys"][0]["unclear"], true);
    // flatpak marks what its user set.
    image.edit("[remote \"plain\"]", "[remote \"plain\"]\nurl-is-set=true");
    let shown = image.shown(&["explain", "plain", "Url"]);
    assert!(!shown.contains("server"), "{shown}");
}

/// What is private where it comes from is so where it is written; that it becomes so is told of its entry.
#[test]
fn a_file_that_is_narrowed_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let image = Image::new();
    let mode = |path: &str, mode: u32| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(image.path(path), mode).expect("a mode");
    };
    let mine = "etc/ostree/remotes.d/os.conf.d/50-mine.conf";
    image
        .write(
            "usr/lib/ostree/remotes.d/os.conf",
            "[remote \"os\"]\nurl=https://os.example.org/\ngpg-verify=false\n",
        )
        .write(mine, "[remote \"os\"]\nhttp2=false\n");
    mode("", 0o755);
    mode(mine, 0o600);
    image.run(&["sync"]);
    let conf = "etc/ostree/remotes.d/os.conf";
    mode(conf, 0o644);
    assert_snapshot!("narrowed", image.shown(&["status", "os", "--check"]));
    // What is asked of others is no reason.
    image.edit("url=https://example.org/", "url=https://mirror.example/");
    let reverted = image.shown(&["revert", "plain"]);
    assert!(reverted.contains("updated: url"), "{reverted}");
    let is_narrow = || {
        let metadata = std::fs::metadata(image.path(conf)).expect("a file");
        metadata.permissions().mode() & 0o777 == 0o600
    };
    assert!(!is_narrow());
    assert_snapshot!("narrowed_sync", image.shown(&["sync"]));
    assert!(is_narrow());
    // With a remote that goes, its mode is no news.
    mode(conf, 0o644);
    image.write("run/ostree/remotes.d/os.conf", "");
    let shown = image.shown(&["sync"]);
    assert!(!shown.contains("readable"), "{shown}");
    assert!(!image.path(conf).exists());
}

/// What the owner changed goes along to another name, and back with an image that does not know that.
#[test]
fn edits_travel_both_ways() {
    let image = Image::new();
    let ship = |name: &str, overlay: &str| {
        for gone in ["old", "new"] {
            let path = format!("usr/share/flatpak/remotes.d/{gone}.flatpakrepo");
            let _ = std::fs::remove_file(image.path(&path));
        }
        image.write(
            &format!("usr/share/flatpak/remotes.d/{name}.flatpakrepo"),
            &format!("[Flatpak Repo]\nUrl=https://old.example.org/\nTitle=Old\n{overlay}"),
        );
        image.run(&["sync"])
    };
    ship("old", "");
    image.edit("https://old.example.org/", "https://mirror.example/");
    for _ in 0..2 {
        ship("new", "[Overlay]\nFormerNames=old;\n");
        assert!(!config(&image).contains("[remote \"old\"]"));
        assert_eq!(config(&image).matches("https://mirror.example/").count(), 1);
        ship("old", "");
        assert!(
            !config(&image).contains("[remote \"new\"]"),
            "{}",
            config(&image)
        );
        assert_eq!(config(&image).matches("https://mirror.example/").count(), 1);
        assert_eq!(
            config(&image).matches("https://old.example.org/").count(),
            0
        );
    }
    // What was deleted under one name is so under the other, in either direction.
    let text = config(&image);
    let group = text.find("[remote \"old\"]").expect("a group");
    let end = text[group + 1..]
        .find("\n[")
        .map_or(text.len(), |at| group + 1 + at);
    image.write(
        "var/lib/flatpak/repo/config",
        &(text[..group].to_owned() + &text[end..]),
    );
    for (name, overlay) in [
        ("old", ""),
        ("new", "[Overlay]\nFormerNames=old;\n"),
        ("old", ""),
    ] {
        ship(name, overlay);
        assert!(!config(&image).contains("Old"), "{name}");
    }
}
