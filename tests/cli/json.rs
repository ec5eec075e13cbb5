//! The machine output, held against its schema.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::image::Image;

const SCHEMA: &str = include_str!("../../data/schema/report.schema.json");

const NETWORK: &str = "[Network]\nDNS=1 2\n[Address]\nAddress=a\n[Address]\nAddress=b\n";

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(SCHEMA).expect("a schema");
    jsonschema::validator_for(&schema).expect("a valid schema")
});

/// Whether a document follows the schema.
pub(crate) fn is_valid(document: &Value) -> bool {
    VALIDATOR.is_valid(document)
}

/// The document that a command prints on standard output, which follows the schema.
pub(crate) fn parsed(stdout: &[u8]) -> Value {
    let document = serde_json::from_slice(stdout).expect("one JSON document");
    let errors = VALIDATOR.iter_errors(&document);
    let errors: Vec<_> = errors.map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
    document
}

fn document(image: &Image, arguments: &[&str]) -> Value {
    parsed(&image.run(&[&["--json"], arguments].concat()).stdout)
}

#[test]
fn every_command_s_document_follows_the_schema() {
    let image = crate::files::image();
    image
        .write("etc/flatpak/remotes.d/plain.flatpakrepo", "")
        .write("etc/flatpak/remotes.d/broken.flatpakrepo", "junk\n")
        .write(
            "etc/systemd/journald.conf.d/80-bad.conf",
            "junk\n[Journal]\nSeal=no\n",
        )
        .write(
            "etc/systemd/journald.conf.d/95-typo.conf",
            "[Journal]\nStorge=none\n[Jornal]\nSeal=no\n[X-Mine]\nA=1\n",
        )
        .write("etc/systemd/network/eth.network", NETWORK)
        .write("etc/loadless/x.conf", "a=1\n[b\n");
    let mine = "/etc/systemd/journald.conf.d/10-mine.conf";
    for arguments in [
        &["sync", "--dry-run"][..],
        &["sync"],
        &["status"],
        &["explain", "*"],
        &["check"],
        &["check", "--list"],
        &["explain", "systemd/journald.conf"],
        &["explain", "systemd/journald.conf", "Storage"],
        &["explain", "flatpak/remotes.d", "Title"],
        &["explain", "myapp/app.conf", "nothing"],
        &["list", "flatpak/remotes.d"],
        &["list", "systemd/journald.conf"],
        &["list", "no/such.conf"],
        &["list", "sysctl.d", "--rules", "libeconf"],
        &["list", "sysctl.d", "--rules", "nonsense"],
        &["cat", "flatpak/collections.d"],
        &["show", "systemd/journald.conf"],
        &["show", "myapp/app.conf"],
        &["show", "systemd/system/web.service"],
        &["show", "systemd/network/eth.network"],
        &["show", "loadless/x.conf", "--rules", "libeconf"],
        &["list", "loadless/x.conf", "--rules", "libeconf"],
        &["why", "/etc/systemd/journald.conf.d/95-typo.conf"],
        &["why", "/etc/systemd/journald.conf.d/95-typo.conf:2"],
        &["digest", "sysctl.d"],
        &["watch-list", "sysctl.d"],
        &["why", mine],
        &["why", "/etc/systemd/journald.conf.d/10-mine.conf:1"],
        &["why", "/etc/systemd/journald.conf.d/10-mine.conf:2"],
        &["why", "/etc/systemd/journald.conf.d/80-bad.conf:1"],
        &["why", "/usr/lib/systemd/journald.conf:1"],
        &["why", "/etc/systemd/journald.conf.d/50-quiet.conf"],
        &["why", "/etc/systemd/system/service.d/20.conf"],
        &["why", "/own.toml"],
        &[
            "why",
            "/usr/lib/sysctl.d/50-default.conf",
            "--rules",
            "libeconf",
        ],
        &["restore", "flathub"],
        &["adopt", "flathub"],
        &["explain", "nothing"],
    ] {
        document(&image, arguments);
    }
}

#[test]
fn what_a_file_does_is_in_the_document() {
    let image = crate::files::image();
    let of_file = document(
        &image,
        &["why", "/etc/systemd/journald.conf.d/20-more.conf"],
    );
    assert_eq!(of_file["path"], "systemd/journald.conf");
    assert_eq!(of_file["effect"]["state"], "effective");
    let rows = of_file["assignments"].as_array().expect("assignments");
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (&row["key"], &row["line"], &row["state"], &row["by"]))
        .collect();
    let vendor = "/usr/lib/systemd/journald.conf.d/90-vendor.conf:2";
    let own = "/etc/systemd/journald.conf.d/20-more.conf:5";
    assert_eq!(
        serde_json::to_value(rows).expect("rows"),
        serde_json::json!([
            ["Audit", 2, "applied", null],
            ["Compress", 4, "superseded", own],
            ["Compress", 5, "applied", null],
            ["Storage", 6, "superseded", vendor],
        ])
    );
    let of_line = document(
        &image,
        &["why", "/etc/systemd/journald.conf.d/20-more.conf:6"],
    );
    assert_eq!(of_line["effect"]["line"], 6);
    assert_eq!(of_line["effect"]["state"], "superseded");
    assert_eq!(of_line["assignments"].as_array().map(Vec::len), Some(1));
}

#[test]
fn explain_prints_the_assignments_of_the_key_that_was_asked_for() {
    let image = crate::files::image();
    let count = |arguments: &[&str]| {
        document(&image, arguments)["assignments"]
            .as_array()
            .map(Vec::len)
    };
    let all = count(&["show", "systemd/journald.conf"]);
    assert_eq!(count(&["explain", "systemd/journald.conf"]), all);
    assert_eq!(
        count(&["explain", "systemd/journald.conf", "Storage"]),
        Some(4)
    );
}

/// What the text says of an assignment, machines are told, too.
#[test]
fn every_outcome_of_an_assignment_has_a_code() {
    let image = Image::new();
    let units = "systemd/system/a.service";
    for (path, text) in [
        (
            format!("usr/lib/{units}"),
            "[Service]\nExecStart=/a\nType=simple\nRestart=\nJunk=1\n",
        ),
        (
            format!("etc/{units}.d/1.conf"),
            "[Service]\nExecStart=\nExecStart=/b\nType=exec\n",
        ),
        (
            "usr/lib/NetworkManager/NetworkManager.conf".into(),
            "[main]\nplugins=a,b\n",
        ),
        (
            "etc/NetworkManager/conf.d/9.conf".into(),
            "[main]\nplugins-=b\nplugins-=c\n",
        ),
        ("etc/myapp.conf".into(), "a=1\na=2\n"),
    ] {
        image.write(&path, text);
    }
    let outcomes = |path: &str| {
        let explained = document(&image, &["explain", path]);
        let rows = explained["assignments"].as_array().expect("rows").iter();
        let told = rows.map(|row| format!("{} {}", show(&row["key"]), show(&row["outcome"])));
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        outcomes(units),
        [
            "ExecStart reset",
            "Type superseded",
            "Restart says-nothing",
            "Junk ignored",
            "ExecStart resets",
            "ExecStart counts",
            "Type counts",
        ]
    );
    assert_eq!(
        outcomes("NetworkManager/NetworkManager.conf"),
        [
            "plugins counts",
            "plugins removes",
            "plugins removes-nothing"
        ]
    );
    // Where nothing is assigned, it takes the default away.
    let path = "NetworkManager/NetworkManager.conf";
    let main = "/usr/lib/NetworkManager/NetworkManager.conf";
    let alone = document(&image, &["explain", path, "--without", main]);
    let rows = alone["assignments"].as_array().expect("rows").iter();
    let told: Vec<_> = rows.map(|row| show(&row["outcome"])).collect();
    assert_eq!(told, ["removes", "removes-nothing"]);
    assert_eq!(outcomes("myapp.conf"), ["a counts-in-a-list", "a counts"]);
    let why = |file: String| document(&image, &["why", &file])["effect"].take();
    let line = why(format!("/etc/{units}.d/1.conf:2"));
    assert_eq!(
        (&line["state"], &line["outcome"]),
        (&"applied".into(), &"resets".into())
    );
    let file = why(format!("/etc/{units}.d/1.conf"));
    assert_eq!(file["outcome"], Value::Null);
    assert_eq!(
        file["reason"],
        "2 of its 3 assignments count, 1 takes away what is before it"
    );
}

fn show(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The file of a directory is told of under its own path, as the text does.
#[test]
fn why_of_a_file_of_a_directory_is_about_that_entry() {
    let image = crate::files::image();
    let remotes = "flatpak/remotes.d";
    image.write(
        &format!("etc/{remotes}/a.flatpakrepo"),
        "[Flatpak Repo]\nTitle=A\n",
    );
    let file = format!("/etc/{remotes}/a.flatpakrepo");
    let why = document(&image, &["why", &file]);
    assert_eq!(why["path"], format!("{remotes}/a.flatpakrepo"));
    let text = image.shown(&["why", &file]);
    assert!(
        text.contains(&format!("the main file of {remotes}/a.flatpakrepo,")),
        "{text}"
    );
}

#[test]
fn the_schema_refuses_what_is_not_promised() {
    let mut document = document(&Image::new(), &["status"]);
    document["entries"][0]["state"] = "splendid".into();
    assert!(!VALIDATOR.is_valid(&document));
    let image = crate::files::image();
    let good = self::document(&image, &["why", "/etc/sysctl.d/90-router.conf"]);
    for (pointer, value) in [
        ("/effect/state", "splendid".into()),
        ("/assignments/0/state", "splendid".into()),
        ("/assignments/0/last_line", 0.into()),
        ("/assignments/0/by", "nothing".into()),
        ("/path", Value::Null),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect(pointer) = value;
        assert!(!VALIDATOR.is_valid(&bad), "{pointer}");
    }
    let mut failed = self::document(&image, &["list", "no/such.conf"]);
    let finding = failed["findings"][0].as_object_mut().expect("a finding");
    finding.remove("code").expect("a code");
    assert!(!VALIDATOR.is_valid(&failed));
}

#[test]
fn a_finding_has_its_place() {
    let image = Image::new();
    image.write(
        "etc/flatpak/remotes.d/broken.flatpakrepo",
        "[Flatpak Repo]\nUrl=x\njunk\n",
    );
    let document = document(&image, &["sync"]);
    let finding = &document["findings"][0];
    assert_eq!(finding["level"], "error");
    assert_eq!(finding["path"], "/etc/flatpak/remotes.d/broken.flatpakrepo");
    assert_eq!(finding["line"], 3);
}

#[test]
fn show_has_the_values_that_the_consumer_ends_with() {
    let image = crate::files::image();
    image.write("etc/systemd/network/eth.network", NETWORK);
    let effective = |path| document(&image, &["show", path])["effective"].take();
    let file = "/etc/systemd/network/eth.network";
    let value = |section: &str, number: Option<usize>, key: &str, items: &[(&str, usize)]| {
        let kind = if key == "DNS" { "list" } else { "scalar" };
        let item =
            |(value, line)| serde_json::json!({ "value": value, "path": file, "line": line });
        let items: Vec<_> = items.iter().copied().map(item).collect();
        serde_json::json!({
            "entry": "eth.network", "section": section, "number": number, "key": key, "kind": kind, "items": items
        })
    };
    assert_eq!(
        effective("systemd/network/eth.network"),
        serde_json::json!([
            value("Network", None, "DNS", &[("1", 2), ("2", 2)]),
            value("Address", Some(1), "Address", &[("a", 4)]),
            value("Address", Some(2), "Address", &[("b", 6)]),
        ])
    );
    let web = effective("systemd/system/web.service");
    assert_eq!(web[0]["items"][0]["value"], "/bin/other");
    assert_eq!(web[0]["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(effective("myapp/app.conf")[0]["kind"], "multi-valued");
}

#[test]
fn a_directory_loads_where_any_of_its_entries_does() {
    let image = crate::files::image();
    let remotes = "etc/flatpak/remotes.d";
    image.write(
        &format!("{remotes}/a.flatpakrepo"),
        "[Flatpak Repo]\nTitle=A\n",
    );
    image.write(
        &format!("{remotes}/b.flatpakrepo.d/1.conf"),
        "[Flatpak Repo]\nTitle=B\n",
    );
    let shown = document(&image, &["show", "flatpak/remotes.d"]);
    assert_eq!(shown["entries"][1]["state"], "headless");
    assert_eq!(shown["effective"][0]["items"][0]["value"], "A");
    assert_eq!(shown["loads"], true);
}

#[test]
fn what_is_not_loaded_does_not_look_effective() {
    let image = crate::files::image();
    image.write("etc/loadless/x.conf", "a=1\n[b\n");
    let shown = document(&image, &["show", "loadless/x.conf", "--rules", "libeconf"]);
    assert_eq!(shown["loads"], false);
    assert_eq!(shown["effective"], serde_json::json!([]));
    let by = "/etc/loadless/x.conf:2";
    let row = &shown["assignments"][0];
    assert_eq!((&row["state"], &row["by"]), (&"invalid".into(), &by.into()));
    let file = &shown["entries"][0]["fragments"][0];
    assert_eq!(
        (&file["state"], &file["by"]),
        (&"invalid".into(), &by.into())
    );
    assert_eq!(
        file["reason"],
        "its consumer loads nothing at all because of /etc/loadless/x.conf:2"
    );
}

#[test]
fn what_the_consumer_does_not_know_is_marked() {
    let image = crate::files::image();
    let file = "etc/systemd/journald.conf.d/95-typo.conf";
    image.write(
        file,
        "[Journal]\nStorge=none\n[Jornal]\nSeal=no\n[X-Mine]\nA=1\n",
    );
    let why = document(&image, &["why", &format!("/{file}")]);
    assert_eq!(why["effect"]["state"], "unknown");
    let rows = why["assignments"].as_array().expect("rows").iter();
    let ignored: Vec<_> = rows.map(|row| (&row["state"], &row["ignored"])).collect();
    assert_eq!(
        serde_json::to_value(ignored).expect("rows"),
        serde_json::json!([
            ["applied", "unknown-key"],
            ["applied", "unknown-section"],
            ["applied", "private"],
        ])
    );
    let line = document(&image, &["why", &format!("/{file}:2")]);
    assert_eq!(line["effect"]["state"], "unknown");
    assert_eq!(
        document(&image, &["show", "systemd/journald.conf"])["assignments"][0]["ignored"],
        Value::Null
    );
}

/// Text, JSON and exit status where nothing is loaded: because of a line, of a file, of a mask.
#[test]
fn whether_anything_is_loaded_is_told_once() {
    let image = Image::new();
    for (path, text) in [
        ("etc/x.conf.d/1.conf", "[bad\n"),
        ("etc/x.conf.d/2.conf", "a=1\n"),
        ("usr/lib/systemd/system/a.service", "[Service]\nUser=me\n"),
        ("etc/systemd/system/a.service", ""),
    ] {
        image.write(path, text);
    }
    let refused = ["--json", "show", "x.conf", "--rules", "libeconf"];
    for (arguments, state, status) in [
        (&refused[..], "refused", 1),
        (
            &[
                "--json",
                "why",
                "/etc/x.conf.d/2.conf",
                "--rules",
                "libeconf",
            ],
            "refused",
            1,
        ),
        (&["--json", "show", "systemd/system/a.service"], "masked", 0),
    ] {
        let output = image.run(arguments);
        let document = parsed(&output.stdout);
        assert_eq!(document["loads"], false, "{arguments:?}");
        assert_eq!(document["entries"][0]["state"], state, "{arguments:?}");
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        let text = image.run(&arguments[1..]);
        assert_eq!(text.status.code(), Some(status), "{arguments:?}");
    }
    let shown = image.shown(&["show", "systemd/system/a.service"]);
    assert!(
        shown.contains("# its consumer loads none of this"),
        "{shown}"
    );
}
