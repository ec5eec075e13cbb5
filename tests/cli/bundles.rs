//! Product bundles: one more layer for everything that reads layers, and what becomes of what they brought.

use std::fs;

use insta::assert_snapshot;

use crate::image::Image;
use crate::json::parsed;

const CONFIG: &str = "var/lib/flatpak/repo/config";
const OS: &str = "ID=acme-os\nVERSION_ID=42\n";

/// An image of version 42 with two bundles for it, of which none is chosen.
fn image() -> Image {
    let image = Image::new();
    image.write("usr/lib/os-release", OS);
    bundle(&image, "acme", OS);
    bundle(&image, "kiosk", OS);
    let acme = "var/lib/overlayctl/bundles/acme/usr";
    image
        .write(
            &format!("{acme}/share/flatpak/remotes.d/acme.flatpakrepo"),
            "[Flatpak Repo]\nUrl=https://acme.example/repo/\nTitle=Acme\n",
        )
        .write(
            &format!("{acme}/share/flatpak/remotes.d/plain.flatpakrepo.d/acme.conf"),
            "[Flatpak Repo]\nTitle=Plain for Acme\n",
        )
        .write(
            &format!("{acme}/lib/systemd/journald.conf.d/20-acme.conf"),
            "[Journal]\nStorage=volatile\n",
        )
        .write(
            "usr/lib/systemd/journald.conf.d/10-vendor.conf",
            "[Journal]\nStorage=auto\n",
        );
    let kiosk = "var/lib/overlayctl/bundles/kiosk/usr";
    image.write(
        &format!("{kiosk}/lib/flatpak/remotes.d/kiosk.flatpakrepo"),
        "[Flatpak Repo]\nUrl=https://kiosk.example/repo/\n",
    );
    image
}

fn bundle(image: &Image, name: &str, release: &str) {
    let tree = format!("var/lib/overlayctl/bundles/{name}/usr/lib/extension-release.d");
    image.write(&format!("{tree}/extension-release.{name}"), release);
}

fn choose(image: &Image, names: &str) {
    image.write("etc/overlayctl/bundles", names);
}

fn config(image: &Image) -> String {
    fs::read_to_string(image.path(CONFIG)).expect("a configuration")
}

#[test]
fn a_bundle_is_one_more_layer_for_every_command() {
    let image = image();
    assert_snapshot!("none_chosen", image.shown(&["bundles"]));
    assert_snapshot!("diff_with", image.shown(&["diff", "--with-bundle", "acme"]));
    choose(&image, "acme\n");
    for (name, arguments) in [
        ("chosen", &["bundles"][..]),
        ("list", &["list", "systemd/journald.conf"]),
        ("explain", &["explain", "systemd/journald.conf", "Storage"]),
        (
            "why",
            &[
                "why",
                "/var/lib/overlayctl/bundles/acme/usr/lib/systemd/journald.conf.d/20-acme.conf",
            ],
        ),
        ("status", &["status", "acme", "plain"]),
        ("check", &["check"]),
        (
            "diff_without",
            &[
                "diff",
                "--without-bundle",
                "acme",
                "--check",
                "systemd/journald.conf",
            ],
        ),
    ] {
        assert_snapshot!(name, image.shown(arguments));
    }
}

#[test]
fn what_would_be_without_a_bundle_that_is_not_chosen_is_a_mistake() {
    let image = image();
    assert_snapshot!(image.shown(&["diff", "--without-bundle", "acme"]));
}

/// A device whose update came half: the image is new, the bundle is that of the old one.
#[test]
fn what_a_bundle_brought_stays_while_it_does_not_fit() {
    let image = image();
    choose(&image, "acme\n");
    assert_eq!(image.exit_status(&["sync"]), 0);
    let brought = config(&image);
    assert!(
        brought.contains("url=https://acme.example/repo/"),
        "{brought}"
    );
    assert!(brought.contains("xa.title=Plain for Acme"), "{brought}");

    image.write("usr/lib/os-release", "ID=acme-os\nVERSION_ID=43\n");
    assert_snapshot!("refused", image.shown(&["status", "acme", "plain"]));
    assert_snapshot!("refused_bundles", image.shown(&["bundles"]));
    // What it has nothing to do with goes on.
    image.write(
        "usr/share/flatpak/remotes.d/new.flatpakrepo",
        "[Flatpak Repo]\nUrl=https://new.example/repo/\n",
    );
    assert_eq!(image.exit_status(&["sync"]), 1);
    let kept = config(&image);
    assert!(kept.contains("url=https://new.example/repo/"), "{kept}");
    for line in ["url=https://acme.example/repo/", "xa.title=Plain for Acme"] {
        assert!(kept.contains(line), "{line} went: {kept}");
    }
    // Whatever the image says of its own entry meanwhile.
    image.write(
        "usr/share/flatpak/remotes.d/plain.flatpakrepo",
        "[Flatpak Repo]\nUrl=https://moved.example.org/repo/\nTitle=Other\n",
    );
    assert_eq!(image.exit_status(&["sync"]), 1);
    assert_eq!(config(&image), kept, "it stays as it is");

    bundle(&image, "acme", "ID=acme-os\nVERSION_ID=43\n");
    assert_eq!(image.exit_status(&["sync"]), 0);
    let again = config(&image);
    assert!(
        again.contains("url=https://moved.example.org/repo/"),
        "{again}"
    );
    assert!(again.contains("xa.title=Plain for Acme"), "{again}");
}

/// A collection ID is given by an entry of its own, and what is masked has nothing in the target to be noted at.
#[test]
fn what_a_bundle_gave_and_what_it_masked_stay_so_too() {
    let image = image();
    let acme = "var/lib/overlayctl/bundles/acme/usr/share/flatpak";
    image
        .write(
            &format!("{acme}/collections.d/plain.conf"),
            "[Collection]\nRemote=plain\nCollectionID=org.example.Acme\n",
        )
        .write(&format!("{acme}/remotes.d/flathub.flatpakrepo"), "");
    choose(&image, "acme\n");
    assert_eq!(image.exit_status(&["sync"]), 0);
    let brought = config(&image);
    assert!(
        brought.contains("collection-id=org.example.Acme"),
        "{brought}"
    );
    assert!(!brought.contains("[remote \"flathub\"]"), "{brought}");

    image.write("usr/lib/os-release", "ID=acme-os\nVERSION_ID=43\n");
    image.write(
        "usr/share/flatpak/collections.d/plain.conf",
        "[Collection]\nRemote=plain\nCollectionID=org.example.Plain\n",
    );
    assert_eq!(image.exit_status(&["sync"]), 1);
    assert_eq!(config(&image), brought);

    choose(&image, "");
    assert_eq!(image.exit_status(&["sync"]), 0);
    let without = config(&image);
    assert!(
        without.contains("collection-id=org.example.Plain"),
        "{without}"
    );
    assert!(without.contains("[remote \"flathub\"]"), "{without}");
    assert!(!without.contains("bundles="), "{without}");
}

#[test]
fn what_is_gone_anyway_is_no_concern_of_a_bundle_that_is_refused() {
    let image = image();
    assert_eq!(image.exit_status(&["sync"]), 0);
    fs::remove_file(image.path("usr/share/flatpak/remotes.d/plain.flatpakrepo")).expect("a file");
    assert_eq!(image.exit_status(&["sync"]), 0);
    choose(&image, "none\n");
    let shown = image.shown(&["status"]);
    assert!(!shown.contains("flatpak-remotes/plain"), "{shown}");
}

#[test]
fn a_bundle_may_define_an_adapter() {
    let image = image();
    let acme = "var/lib/overlayctl/bundles/acme/usr";
    image
        .write(
            &format!("{acme}/lib/overlayctl/adapters.d/apps.toml"),
            "kind = \"flatpak\"\nlayers = [\"/usr/share\", \"/etc\"]\nremotes = \"flatpak/apps.d\"\n\
             collections = \"flatpak/apps-ids.d\"\ninstallation = \"/srv/apps\"\n",
        )
        .write(
            &format!("{acme}/share/flatpak/apps.d/a.flatpakrepo"),
            "[Flatpak Repo]\nUrl=https://a.example/repo/\n",
        );
    choose(&image, "acme\n");
    let shown = image.shown(&["sync"]);
    assert!(shown.contains("apps-remotes/a"), "{shown}");
    assert!(image.path("srv/apps/repo/config").is_file());
}

/// What is no file is not waited for, and nothing of it is taken for a bundle.
#[test]
fn what_is_no_bundle_is_refused() {
    let image = image();
    let places = image.path("var/lib/overlayctl/bundles");
    fs::write(places.join("file"), "").expect("a file");
    let release = "pipe/usr/lib/extension-release.d";
    fs::create_dir_all(places.join(release)).expect("a directory");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        places.join(release).join("extension-release.pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .expect("a FIFO");
    std::os::unix::fs::symlink("/etc", places.join("etc")).expect("a link");
    choose(&image, "file\npipe\netc\n");
    assert_snapshot!(image.shown(&["bundles"]));
}

#[test]
fn a_missing_bundle_and_a_choice_that_cannot_be_read_take_nothing_away() {
    let image = image();
    choose(&image, "acme\n");
    assert_eq!(image.exit_status(&["sync"]), 0);
    let brought = config(&image);
    let place = image.path("var/lib/overlayctl/bundles/acme");
    let aside = image.path("var/lib/overlayctl/acme");
    fs::rename(&place, &aside).expect("it goes");
    assert_eq!(image.exit_status(&["sync"]), 1);
    assert_eq!(config(&image), brought);

    fs::rename(&aside, &place).expect("it comes back");
    fs::remove_file(image.path("etc/overlayctl/bundles")).expect("a choice");
    fs::create_dir(image.path("etc/overlayctl/bundles")).expect("what cannot be read");
    assert_snapshot!(image.shown(&["sync"]));
    assert_eq!(config(&image), brought);
}

#[test]
fn another_product_takes_the_place_of_the_first() {
    let image = image();
    choose(&image, "acme\n");
    assert_eq!(image.exit_status(&["sync"]), 0);
    let of_acme = config(&image);
    choose(&image, "kiosk\n");
    assert_snapshot!("switched", image.shown(&["sync"]));
    let of_kiosk = config(&image);
    assert!(!of_kiosk.contains("acme.example"), "{of_kiosk}");
    assert!(of_kiosk.contains("xa.title=Plain\n"), "{of_kiosk}");
    assert_eq!(image.exit_status(&["status", "--check"]), 0);

    // Back again, it is as it was, but for what is remembered of the other.
    choose(&image, "acme\n");
    assert_eq!(image.exit_status(&["sync"]), 0);
    let again = config(&image);
    let remotes = |text: &str| {
        let remotes = text
            .split("[remote ")
            .skip(1)
            .map(|remote| remote.trim_end().to_owned());
        remotes.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(remotes(&again), remotes(&of_acme));
    choose(&image, "kiosk\n");
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert_eq!(remotes(&config(&image)), remotes(&of_kiosk));
}

#[test]
fn what_the_owner_did_to_a_bundles_entry_stays_his_while_products_change() {
    let image = image();
    choose(&image, "acme\n");
    image.run(&["sync"]);
    // One is edited, another is deleted.
    image.edit(
        "xa.title=Plain for Acme",
        "xa.title=Mine\nxa.title-is-set=true",
    );
    choose(&image, "kiosk\n");
    image.run(&["sync"]);
    choose(&image, "acme\n");
    image.run(&["sync"]);
    assert!(config(&image).contains("xa.title=Mine"));
}

#[test]
fn an_image_is_built_with_a_bundle_as_the_machine_would_have_it() {
    let machine = image();
    choose(&machine, "acme\n");
    assert_eq!(machine.exit_status(&["sync"]), 0);
    let built = image();
    assert_eq!(built.exit_status(&["sync", "--bundle", "acme"]), 0);
    assert_eq!(config(&built), config(&machine));
    // Several stack in the order in which they are named.
    assert_eq!(
        built.exit_status(&["--bundle", "acme", "--bundle", "kiosk", "status", "--check"]),
        3
    );
}

#[test]
fn a_bundle_reads_nothing_outside() {
    let image = image();
    image.write("etc/secret", "[Journal]\nStorage=secret\n");
    let drop_ins = "var/lib/overlayctl/bundles/acme/usr/lib/systemd/journald.conf.d";
    std::os::unix::fs::symlink(
        "/etc/secret",
        image.path(&format!("{drop_ins}/30-out.conf")),
    )
    .expect("a link");
    choose(&image, "acme\n../../../etc\n");
    let shown = image.shown(&["show", "systemd/journald.conf"]);
    assert!(!shown.contains("secret\n"), "{shown}");
    assert_snapshot!(shown);
}

#[test]
fn the_document_of_bundles_names_who_chose_what() {
    let image = image();
    choose(&image, "acme\nnone\n");
    let output = image.run(&["--json", "bundles"]);
    let document = parsed(&output.stdout);
    let state = |at: usize| document["bundles"][at]["state"].as_str().expect("a state");
    assert_eq!(
        [state(0), state(1), state(2)],
        ["applied", "refused", "not-chosen"]
    );
    assert_eq!(document["bundles"][1]["by"]["line"], 2);
    assert_eq!(document["findings"][0]["code"], "bad-bundle");
    let output = image.run(&["--json", "list", "systemd/journald.conf"]);
    let document = parsed(&output.stdout);
    assert_eq!(document["entries"][0]["fragments"][1]["bundle"], "acme");
}
