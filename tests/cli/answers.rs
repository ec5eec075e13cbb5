//! Whichever command is asked, one file has one account, and one path one meaning.

use std::fs;

use serde_json::Value;

use crate::image::Image;

fn document(image: &Image, arguments: &[&str]) -> Value {
    let output = image.run(&[&["--json"], arguments].concat());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What `list` says of a file, whether or not it is asked about one path.
fn listed(image: &Image, path: Option<&str>, file: &str) -> Option<String> {
    let arguments = [Some("list"), path].into_iter().flatten();
    let document = document(image, &arguments.collect::<Vec<_>>());
    let mut found = Vec::new();
    states(&document, file, &mut found);
    found.pop()
}

fn states(value: &Value, file: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if object.get("path").is_some_and(|path| path == file)
                && let Some(state) = object.get("state").and_then(Value::as_str)
            {
                found.push(state.to_owned());
            }
            object.values().for_each(|value| states(value, file, found));
        }
        Value::Array(array) => array.iter().for_each(|value| states(value, file, found)),
        _ => {}
    }
}

#[test]
fn a_file_has_one_account() {
    let image = Image::new();
    for (path, text) in [
        ("run/myapp/conf.d/a.conf", "  version: 2\n"),
        ("etc/myapp/app.json", "{\"a\": {}}"),
        ("etc/myapp/app.json.d/a.json", "# a note"),
        ("etc/myapp/rest.d/a.conf", "[A]\nb=1\nrest\n"),
    ] {
        image.write(path, text);
    }
    for (path, file, expected) in [
        ("myapp/conf.d", "/run/myapp/conf.d/a.conf", "not-understood"),
        ("myapp/app.json", "/etc/myapp/app.json.d/a.json", "invalid"),
        ("myapp/rest.d", "/etc/myapp/rest.d/a.conf", "effective"),
    ] {
        let expected = Some(expected.to_owned());
        assert_eq!(listed(&image, None, file), expected, "{file}");
        assert_eq!(listed(&image, Some(path), file), expected, "{file}");
        let why = document(&image, &["why", file]);
        assert_eq!(
            why["effect"]["state"].as_str(),
            expected.as_deref(),
            "{why}"
        );
    }
}

/// Drop-ins of many units are those of some only if there are any; a drop-in directory of its own makes one.
#[test]
fn drop_ins_of_many_units_are_of_those_that_are_there() {
    let image = Image::new();
    let file = "/run/systemd/system/service.d/a.conf";
    image.write(file.trim_start_matches('/'), "[Service]\nEnvironment=A=2\n");
    let why = || image.shown(&["why", file]);
    assert_eq!(listed(&image, None, file), None);
    assert!(why().contains("unread: no layer has a unit"), "{}", why());
    image.write(
        "usr/lib/systemd/system/t@.service",
        "[Service]\nExecStart=/t\n",
    );
    image.write(
        "etc/systemd/system/t@1.service.d/x.conf",
        "[Service]\nEnvironment=A=1\n",
    );
    assert!(listed(&image, None, file).is_some());
    assert!(
        why().contains("superseded: it sorts too early"),
        "{}",
        why()
    );
    assert!(
        why().contains("a drop-in of systemd/system/t@1.service,"),
        "{}",
        why()
    );
}

/// Each document of a directory such as `systemd/system` is read by its own rules, or not at all.
#[test]
fn a_directory_of_known_documents_is_those() {
    let image = Image::new();
    let unit = "[Service]\nExecStart=/a\nExecStart=\nExecStart=/b\n";
    image.write("usr/lib/systemd/system/a.service", unit);
    image.write(
        "etc/systemd/system/a.service.d/x.conf",
        "[Service]\nUser=me\n",
    );
    for command in ["show", "cat", "explain", "digest", "watch-list"] {
        let told = image.shown(&[command, "systemd/system"]);
        assert!(
            told.contains("ask for one, such as systemd/system/a.service"),
            "{told}"
        );
        assert_eq!(
            image.exit_status(&[command, "systemd/system"]),
            1,
            "{command}"
        );
    }
    for (command, list) in [("list", "entries"), ("diff", "differences")] {
        let entries = |arguments: &[&str]| -> Vec<Value> {
            let mut entries = document(&image, arguments)[list]
                .as_array()
                .expect("a list")
                .clone();
            entries.retain(|entry| entry["path"] == "systemd/system/a.service");
            entries
        };
        let told = entries(&[command, "systemd/system"]);
        assert!(!told.is_empty(), "{command}");
        assert_eq!(told, entries(&[command]), "{command}");
    }
    let own = |path: &str| document(&image, &["check", path])["findings"].clone();
    assert_eq!(own("systemd/system"), own("systemd/system/a.service"));
}

/// What is copied from where it was shown with escapes is meant.
#[test]
fn what_if_takes_paths_as_they_are_shown() {
    let image = Image::new();
    fs::create_dir_all(image.path("etc/x.d")).expect("a directory");
    image.write("etc/x.d/tab\tbed.conf", "[A]\nb=1\n");
    let told = image.shown(&["show", "--without", "/etc/x.d/tab\\x09bed.conf", "x.d"]);
    assert!(!told.contains("b=1"), "{told}");
    let told = image.shown(&[
        "show",
        "--with",
        "/etc/x.d/tab\\x09bed.conf=/dev/null",
        "x.d",
    ]);
    assert!(!told.contains("b=1"), "{told}");
}
