//! Rule 4: what the vendor changes flows through key by key, what the owner changed stays, and
//! what a server refreshed is not mistaken for the owner's.

use super::Case;
use super::bench::Repository;
use super::world::{URL, World, bytes, flatpakrepo, titled, with_overlay};

pub(super) const CASES: &[Case] = &[
    ("rule 4: changes of the vendor flow through", vendor_changes),
    (
        "rule 4: what the owner changed with remote-modify stays",
        owner_modifies,
    ),
    (
        "rule 4, case 44: what the owner changed in the file stays",
        owner_edits_file,
    ),
    (
        "rule 4: a key the owner removed stays removed",
        owner_removes_key,
    ),
    (
        "rule 4, case 5: a filter the owner lifted stays lifted",
        owner_lifts_filter,
    ),
    (
        "rule 4, case 8: remote-add with an own title before the vendor's entry",
        own_title,
    ),
    (
        "rule 4, case 9: the server's metadata stays until the vendor changes",
        server_metadata,
    ),
    (
        "rule 4, case 12: a subset the owner switched stays",
        owner_switches_subset,
    ),
    (
        "rule 4, case 14: flatpak's own settings survive",
        flatpak_settings,
    ),
    (
        "rule 4: what the owner replaced all over the file stays",
        owner_replaces_text,
    ),
    (
        "rule 4: a group that the owner renamed is the owner's",
        owner_renames_group,
    ),
    (
        "rule 4: baselines of older versions are read, and renewed with the next write",
        older_baselines,
    ),
    (
        "rule 4: the baseline goes with the group",
        baseline_in_group,
    ),
    ("rule 4: [Overlay] adds what the format lacks", overlay_keys),
    ("rule 4: a former URL is the vendor's own", former_url),
    (
        "rule 4: what the vendor names as former values follows",
        former_values,
    ),
    ("rule 4, case 60: the locale makes no difference", locale),
];

fn vendor_changes(world: &World<'_>) {
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", URL), ("Title", "one"), ("Homepage", "https://one")]),
    );
    world.sync();
    world.vendor(
        "flathub",
        flatpakrepo(&[
            ("Url", "http://127.0.0.1:9/two"),
            ("Title", "two"),
            ("Comment", "new"),
        ]),
    );
    world.sync().assert_state("flathub", "updated");
    let listed = &world.remotes()["flathub"];
    assert_eq!(
        (listed.url.as_str(), listed.title.as_str()),
        ("http://127.0.0.1:9/two", "two")
    );
    world.assert_value("flathub", "xa.comment", "new");
    assert!(
        !world.group("flathub").contains_key("xa.homepage"),
        "withdrawn key"
    );
    world.assert_settled();
}

/// What the owner can ask of `remote-modify`, and the key that then is the owner's.
const OWNERS_CHOICES: [(&str, &str, &str); 14] = [
    ("--title=Mine", "xa.title", "Mine"),
    ("--comment=Mine", "xa.comment", "Mine"),
    ("--description=Mine", "xa.description", "Mine"),
    ("--homepage=https://mine", "xa.homepage", "https://mine"),
    ("--icon=https://mine", "xa.icon", "https://mine"),
    ("--default-branch=mine", "xa.default-branch", "mine"),
    (
        "--authenticator-name=org.mine.Auth",
        "xa.authenticator-name",
        "org.mine.Auth",
    ),
    (
        "--url=http://127.0.0.1:9/mine",
        "url",
        "http://127.0.0.1:9/mine",
    ),
    ("--prio=7", "xa.prio", "7"),
    ("--disable", "xa.disable", "true"),
    ("--no-enumerate", "xa.noenumerate", "true"),
    ("--no-use-for-deps", "xa.nodeps", "true"),
    ("--subset=mine", "xa.subset", "mine"),
    (
        "--authenticator-option=login=mine",
        "xa.authenticator-options.login",
        "mine",
    ),
];

fn owner_modifies(world: &World<'_>) {
    let entry = |version: &str| {
        let url = format!("http://127.0.0.1:9/{version}");
        let pairs = [
            "Title",
            "Comment",
            "Description",
            "Homepage",
            "Icon",
            "DefaultBranch",
            "AuthenticatorName",
            "Subset",
        ]
        .map(|key| (key, version));
        flatpakrepo(&[&[("Url", url.as_str())], &pairs[..]].concat())
    };
    let names: Vec<String> = (0..OWNERS_CHOICES.len())
        .map(|index| format!("remote-{index}"))
        .collect();
    let ship = |version| {
        for name in &names {
            world.vendor(name, entry(version));
        }
    };
    ship("one");
    world.sync();
    for (name, (option, ..)) in names.iter().zip(OWNERS_CHOICES) {
        world.flatpak(&["remote-modify", option, name]);
    }
    world.assert_settled();
    ship("two");
    let report = world.sync();
    for (name, (option, key, value)) in names.iter().zip(OWNERS_CHOICES) {
        let state = report.state(name);
        assert!(
            ["edited", "conflict", "updated"].contains(&state),
            "{option}: {state}"
        );
        assert_eq!(world.value(name, key), value, "{option}");
        let untouched = if key == "xa.title" {
            "xa.comment"
        } else {
            "xa.title"
        };
        assert_eq!(
            world.value(name, untouched),
            "two",
            "{option}: the rest follows the vendor"
        );
    }
    world.assert_settled();
}

fn owner_edits_file(world: &World<'_>) {
    let mirror = "https://mirror.sjtu.edu.cn/flathub";
    world.vendor("flathub", titled("one"));
    world.sync();
    world.edit_config(|text| text.replace(&format!("\nurl={URL}\n"), &format!("\nurl={mirror}\n")));
    world.sync().assert_state("flathub", "edited");
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", "http://127.0.0.1:9/two"), ("Title", "two")]),
    );
    world.sync().assert_state("flathub", "conflict");
    let listed = &world.remotes()["flathub"];
    assert_eq!(
        (listed.url.as_str(), listed.title.as_str()),
        (mirror, "two")
    );
    world.assert_settled();
}

fn owner_removes_key(world: &World<'_>) {
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", URL), ("Title", "one"), ("Homepage", "https://one")]),
    );
    world.sync();
    world.edit_config(|text| text.replace("\nxa.homepage=https://one\n", "\n"));
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", URL), ("Title", "two"), ("Homepage", "https://one")]),
    );
    world.sync();
    world.assert_value("flathub", "xa.title", "two");
    assert!(!world.group("flathub").contains_key("xa.homepage"));
}

/// A filter file at the same path for flatpak, which runs outside the root, and for overlayctl.
fn filter(world: &World<'_>) -> String {
    let outside = world.root.with_extension("filter");
    std::fs::write(&outside, "allow *\n").expect("a filter");
    let path = outside.display().to_string();
    world.write(&path, "allow *\n");
    path
}

fn owner_lifts_filter(world: &World<'_>) {
    let path = filter(world);
    world.vendor("flathub", flatpakrepo(&[("Url", URL), ("Filter", &path)]));
    world.sync();
    world.assert_value("flathub", "xa.filter", &path);
    let unfiltered = world.root.with_extension("flatpakrepo");
    std::fs::write(&unfiltered, titled("unfiltered")).expect("a file");
    let file = unfiltered.display().to_string();
    world.flatpak(&["remote-add", "--if-not-exists", "--from", "flathub", &file]);
    world.assert_value("flathub", "xa.filter", "");
    world.sync();
    world.assert_value("flathub", "xa.filter", "");
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", URL), ("Filter", &path), ("Title", "new")]),
    );
    world.sync();
    world.assert_value("flathub", "xa.filter", "");
    world.assert_value("flathub", "xa.title", "new");
}

fn own_title(world: &World<'_>) {
    let entry =
        |description| flatpakrepo(&[("Url", URL), ("Title", "T1"), ("Description", description)]);
    let file = world.root.with_extension("flatpakrepo");
    std::fs::write(&file, titled("T1")).expect("a file");
    let file = file.display().to_string();
    world.flatpak(&["remote-add", "--title=T2", "--from", "flathub", &file]);
    world.vendor("flathub", entry("one"));
    world.sync().assert_state("flathub", "adopted");
    world.vendor("flathub", entry("two"));
    world.sync();
    world.assert_value("flathub", "xa.title", "T2");
    world.assert_value("flathub", "xa.title-is-set", "true");
    world.assert_value("flathub", "xa.description", "two");
    world.assert_settled();
}

fn server_metadata(world: &World<'_>) {
    let (keys, repository) = (world.keys(), world.repository());
    let (url, key) = (repository.url(), keys.vendor.base64());
    let moved = format!("{url}/.");
    let entry = |title: &str, comment: &str| {
        flatpakrepo(&[
            ("Url", &url),
            ("Title", title),
            ("Comment", comment),
            ("DefaultBranch", "stable"),
            ("GPGKey", &key),
        ])
    };
    world.vendor("flathub", entry("vendor", "vendor"));
    world.sync();
    let redirect = format!("--redirect-url={moved}");
    let server = [
        "--title=Server",
        "--comment=Server",
        "--default-branch=master",
        &redirect,
    ];
    repository.describe(&server, keys, &keys.vendor);
    world.flatpak(&["remote-modify", "--update-metadata", "flathub"]);
    let refreshed = [
        ("xa.title", "Server"),
        ("xa.comment", "Server"),
        ("xa.default-branch", "master"),
        ("url", &moved),
    ];
    for (key, value) in refreshed {
        world.assert_value("flathub", key, value);
    }
    world.assert_settled();
    world.vendor("flathub", entry("vendor", "changed"));
    world.sync();
    world.assert_value("flathub", "xa.comment", "changed");
    for (key, value) in [refreshed[0], refreshed[2], refreshed[3]] {
        world.assert_value("flathub", key, value);
    }
    world.install_from("flathub");
    assert!(
        world.installed_app().contains("first"),
        "{} installs",
        Repository::APP
    );
}

fn owner_switches_subset(world: &World<'_>) {
    let entry = |title| flatpakrepo(&[("Url", URL), ("Subset", "one"), ("Title", title)]);
    world.vendor("flathub", entry("old"));
    world.vendor("unset", entry("old"));
    world.sync();
    world.flatpak(&["remote-modify", "--subset=two", "flathub"]);
    world.flatpak(&["remote-modify", "--subset=", "unset"]);
    world.vendor("flathub", entry("new"));
    world.vendor("unset", entry("new"));
    world.sync();
    world.assert_value("flathub", "xa.subset", "two");
    world.assert_value("unset", "xa.subset", "");
    world.assert_value("unset", "xa.title", "new");
}

fn flatpak_settings(world: &World<'_>) {
    world.vendor("flathub", titled("one"));
    world.sync();
    world.flatpak(&["config", "--set", "languages", "de;zh"]);
    world.vendor("flathub", titled("two"));
    world.sync();
    assert_eq!(
        world.flatpak(&["config", "--get", "languages"]).trim(),
        "de;zh"
    );
    world.assert_value("flathub", "xa.title", "two");
}

fn owner_replaces_text(world: &World<'_>) {
    let entry = |version: &str| {
        let url = format!("http://127.0.0.1:9/{version}");
        flatpakrepo(&[
            ("Url", &url),
            ("Title", version),
            ("Subset", version),
            ("NoDeps", "true"),
        ])
    };
    for name in ["one", "two", "three", "four"] {
        world.vendor(name, entry(name));
    }
    world.sync();
    world.edit_config(|text| {
        text.replace("127.0.0.1:9/one", "mirror.invalid/one")
            .replace("gpg-verify-summary=false", "gpg-verify-summary=true")
            .replace("=two", "=mine")
            .replace("xa.nodeps", "xa.remark")
            .replace("three", "drei")
    });
    let check = || {
        world.assert_value("one", "url", "http://mirror.invalid/one");
        world.assert_value("two", "xa.subset", "mine");
        for name in ["one", "two", "four"] {
            world.assert_value(name, "gpg-verify-summary", "true");
            world.assert_value(name, "xa.nodeps", "");
            world.assert_value(name, "xa.remark", "true");
        }
        world.assert_remotes(&["drei", "four", "one", "three", "two"]);
        world.assert_settled();
    };
    world.sync().assert_state("one", "edited");
    check();
    for name in ["one", "two", "three", "four"] {
        world.vendor(name, entry("new"));
    }
    world.sync().assert_state("one", "conflict");
    check();
    // What no replacement touched follows.
    world.assert_value("one", "xa.title", "new");
    world.assert_value("four", "url", "http://127.0.0.1:9/new");
}

fn owner_renames_group(world: &World<'_>) {
    world.vendor("flathub", titled("one"));
    world.sync();
    // In the list of what was offered, too, as an editor's replace-all does.
    world.edit_config(|text| text.replace("flathub", "myhub"));
    world.sync().assert_state("myhub", "released");
    world.assert_remotes(&["flathub", "myhub"]);
    world.assert_settled();
    world.vendor("flathub", titled("two"));
    world.sync();
    world.assert_value("flathub", "xa.title", "two");
    world.assert_value("myhub", "xa.title", "one");
    assert_eq!(world.group("myhub"), world.native_group("myhub"));
    world.withdraw("flathub");
    world.sync();
    world.assert_remotes(&["myhub"]);
}

/// As versions wrote it that had a key for each value.
fn older_form(text: &str, baseline: &[(&str, &str)]) -> String {
    let of_now = "x-overlayctl.remotes.baseline=";
    let lines = text.lines().flat_map(|line| {
        if !line.starts_with(of_now) {
            return vec![line.to_owned()];
        }
        let old = baseline.iter();
        old.map(|(key, value)| format!("x-overlayctl.remotes.{key}={value}"))
            .collect()
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn older_baselines(world: &World<'_>) {
    world.vendor("flathub", titled("one"));
    world.sync();
    let old = [
        ("url", URL),
        ("xa.title", "one"),
        ("gpg-verify", "false"),
        ("gpg-verify-summary", "false"),
    ];
    world.edit_config(|text| older_form(&text, &old));
    world.assert_settled();
    world.edit_config(|text| text.replace("\nurl=", "\nurl=http://127.0.0.1:9/mine/"));
    let mine = format!("http://127.0.0.1:9/mine/{URL}");
    world.sync().assert_state("flathub", "edited");
    world.assert_value("flathub", "url", &mine);
    // Written for another entry, the file has the new form for all.
    world.vendor("other", titled("other"));
    world.sync();
    assert!(
        !world
            .group("flathub")
            .contains_key("x-overlayctl.remotes.url")
    );
    world.vendor("flathub", titled("two"));
    world.sync().assert_state("flathub", "edited");
    world.assert_value("flathub", "url", &mine);
    world.assert_value("flathub", "xa.title", "two");
    world.withdraw("flathub");
    world.sync().assert_state("flathub", "released");
}

fn baseline_in_group(world: &World<'_>) {
    let of_ours = |text: &[u8]| {
        String::from_utf8_lossy(text)
            .matches("x-overlayctl.remotes")
            .count()
    };
    world.vendor("flathub", titled("one"));
    world.sync();
    world.assert_value("flathub", "x-overlayctl.remotes", "created");
    world.flatpak(&["remote-modify", "--prio=3", "flathub"]);
    world.assert_value("flathub", "x-overlayctl.remotes", "created");
    world.flatpak(&["remote-delete", "flathub"]);
    assert_eq!(
        of_ours(&bytes(&world.config())),
        0,
        "a baseline outlived its remote"
    );
}

fn overlay_keys(world: &World<'_>) {
    world.vendor("off", with_overlay(&titled("off"), "Enabled=false"));
    world.vendor("prio", with_overlay(&titled("prio"), "Priority=5"));
    world.vendor("hidden", with_overlay(&titled("hidden"), "Enumerate=false"));
    world.vendor(
        "nodeps",
        with_overlay(&titled("nodeps"), "UseForDependencies=false"),
    );
    world.sync();
    let remotes = world.remotes();
    assert!(remotes["off"].options.contains("disabled"), "{remotes:?}");
    assert_eq!(remotes["prio"].priority, "5");
    assert!(
        remotes["hidden"].options.contains("no-enumerate"),
        "{remotes:?}"
    );
    world.assert_value("nodeps", "xa.nodeps", "true");
    world.vendor("off", titled("on again"));
    world.sync();
    assert!(!world.remotes()["off"].options.contains("disabled"));
}

fn former_url(world: &World<'_>) {
    let former = "http://127.0.0.1:9/former";
    world.flatpak(&["remote-add", "--no-gpg-verify", "flathub", former]);
    world.vendor(
        "flathub",
        with_overlay(&titled("new"), &format!("FormerUrls={former};")),
    );
    world.sync().assert_state("flathub", "adopted");
    assert_eq!(world.remotes()["flathub"].url, URL);
    world.assert_settled();
}

fn former_values(world: &World<'_>) {
    let entry = |overlay: &str| with_overlay(&titled("one"), overlay);
    world.vendor("managed", entry(""));
    world.sync();
    // Of a script, as Fedora's, and of a server that gives itself a collection ID.
    let scripts =
        "url=http://127.0.0.1:9/redirected\nxa.disable=true\ncollection-id=org.example.Server\n";
    let theirs = |name: &str| format!("[remote \"{name}\"]\n");
    world.edit_config(|text| {
        let text = text.replace(&format!("url={URL}\n"), scripts);
        text + &theirs("script") + scripts + "gpg-verify=false\n"
    });
    world.sync().assert_state("managed", "edited");
    let overlay = "FormerUrls=http://127.0.0.1:9/redirected;\n\
                   FormerValues=xa.disable=true;collection-id=org.example.Server;xa.title;";
    for name in ["managed", "script"] {
        world.vendor(name, entry(overlay));
    }
    let report = world.sync();
    report.assert_state("managed", "updated");
    report.assert_state("script", "adopted");
    for name in ["managed", "script"] {
        world.assert_value(name, "url", URL);
        world.assert_value(name, "xa.disable", "");
        world.assert_value(name, "collection-id", "");
        world.assert_value(name, "xa.title", "one");
    }
    world.assert_settled();
    // What flatpak has down as its user's is so whatever value it has.
    world.flatpak(&[
        "remote-modify",
        "--url=http://127.0.0.1:9/redirected",
        "script",
    ]);
    world.sync().assert_state("script", "edited");
    world.assert_value("script", "url", "http://127.0.0.1:9/redirected");
}

fn locale(world: &World<'_>) {
    let text = flatpakrepo(&[
        ("Url", URL),
        ("Title", "Apps"),
        ("Title[de]", "Programme"),
        ("DefaultBranch[de]", "stabil"),
    ]);
    let german = world.another();
    world.vendor("flathub", &text);
    german.vendor("flathub", &text);
    world.sync();
    let mut sync = german.overlayctl(&["sync"]);
    sync.env("LC_ALL", "de_DE.UTF-8").env("LANGUAGE", "de");
    assert!(sync.output().expect("overlayctl runs").status.success());
    assert_eq!(bytes(&world.config()), bytes(&german.config()));
    assert_eq!(german.remotes()["flathub"].title, "Apps");
}
