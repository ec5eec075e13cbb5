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
    let path = "systemd/system/service.d";
    assert_eq!(listed(&image, Some(path), file), None);
    for command in ["list", "show", "explain", "cat", "check", "diff", "digest"] {
        let told = image.shown(&[command, path]);
        assert!(told.contains("no layer has a unit"), "{told}");
        assert!(!told.contains("A=2"), "{told}");
    }
    image.write(
        "usr/lib/systemd/system/t@.service",
        "[Service]\nExecStart=/t\n",
    );
    image.write(
        "etc/systemd/system/t@1.service.d/x.conf",
        "[Service]\nEnvironment=A=1\n",
    );
    assert!(listed(&image, None, file).is_some());
    assert!(listed(&image, Some(path), file).is_some());
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

/// A name may be that of an entry or of a path, and what neither is, is that for every command.
#[test]
fn what_nobody_has_is_absent_for_every_command() {
    let image = Image::new();
    for command in ["list", "show", "cat", "digest", "explain"] {
        let document = document(&image, &[command, "nothing"]);
        let findings = document["findings"].as_array().expect("findings");
        let absent = findings.iter().find(|f| f["code"] == "no-such-path");
        let absent = absent.unwrap_or_else(|| panic!("{command}: {document:#}"));
        assert_eq!(absent["path"], "nothing", "{command}");
    }
    let told = image.shown(&["explain", "nothing", "Key"]);
    assert!(
        told.contains("no entry matches `nothing`; there are"),
        "{told}"
    );
    assert!(told.contains("no layer has it; looked for"), "{told}");
    for command in ["list", "explain"] {
        let told = image.shown(&[command, "etc"]);
        assert!(told.contains("/etc is a layer"), "{told}");
    }
}

/// What cannot be asked about is named as it was asked for.
#[test]
fn a_refused_question_names_its_path() {
    let image = Image::new();
    image.write("usr/lib/systemd/system/a.service", "[Service]\n");
    for (arguments, path) in [
        (&["show", "/opt/x"][..], "/opt/x"),
        (&["show", "systemd/system"], "systemd/system"),
        (&["why", "/etc/nothing"], "/etc/nothing"),
        (
            &["show", "--rules", "/nowhere/x.toml", "x.d"],
            "/nowhere/x.toml",
        ),
    ] {
        let document = document(&image, arguments);
        assert_eq!(document["findings"][0]["path"], path, "{arguments:?}");
    }
}

/// Comparing two consumers tells what is wrong with the files, as every command does.
#[test]
fn a_comparison_of_consumers_tells_what_is_wrong() {
    let image = Image::new();
    image.write(
        "etc/systemd/journald.conf",
        "[Journal]\nStorage=auto\nrest\n",
    );
    image.write("etc/app/app.conf", "[A]\nb=1\n");
    for path in [&["systemd/journald.conf"][..], &[]] {
        let usual = ["diff", "--rules", "systemd", "--rules", "uapi6"];
        let asked = [&usual[..], path].concat();
        let told = image.shown(&asked);
        assert!(told.contains("/etc/systemd/journald.conf:3"), "{told}");
        let document = document(&image, &asked);
        let findings = document["findings"].as_array().expect("findings");
        assert!(!findings.is_empty(), "{document:#}");
    }
    let one = ["diff", "--rules", "systemd", "--rules", "libeconf"];
    let told = image.shown(&[&one[..], &["systemd/journald.conf"]].concat());
    assert!(
        told.contains("make it one of these (by the rules systemd)"),
        "{told}"
    );
    // Of an error, whoever meets it, the command fails.
    std::os::unix::fs::symlink("/nowhere", image.path("etc/app/app.conf.d")).expect("a link");
    let asked = [
        "diff",
        "--rules",
        "uapi6",
        "--rules",
        "libeconf",
        "app/app.conf",
    ];
    let told = image.shown(&asked);
    assert!(
        told.contains("error: ") && told.ends_with("[exit status 1]"),
        "{told}"
    );
}

/// That no file assigns a key is sure only where each was read; what was not is told, with what is wrong with it.
#[test]
fn what_could_not_be_read_may_assign_any_key() {
    let image = Image::new();
    let large = format!("z=1\n{}\n", "#".repeat(16 << 20));
    image.write("usr/lib/large.conf", &large);
    image.write("etc/large.conf", "a=1\n");
    image.write("etc/bad.conf", "[bad\nq=1\n");
    image.write("usr/lib/hidden.toml", "z = [\n");
    image.write("etc/hidden.toml", "a = 1\n");
    image.write("etc/read.conf", "a=1\n");
    for (arguments, not_read) in [
        (
            &["explain", "large.conf", "z"][..],
            Some("not read: /usr/lib/large.conf (is 16777"),
        ),
        (
            &["explain", "bad.conf", "q", "--rules", "systemd"],
            Some("not read: /etc/bad.conf:1"),
        ),
        (
            &["explain", "bad.conf", "q"],
            Some("not read: /etc/bad.conf:1"),
        ),
        (
            &["explain", "hidden.toml", "z"],
            Some("not read: /usr/lib/hidden.toml:1"),
        ),
        (&["explain", "read.conf", "z"], None),
    ] {
        let told = image.shown(arguments);
        assert_eq!(image.exit_status(arguments), 1, "{told}");
        assert_eq!(
            told.contains("no file assigns"),
            not_read.is_none(),
            "{told}"
        );
        assert!(
            told.contains(not_read.unwrap_or("no file assigns `z`")),
            "{told}"
        );
        let document = document(&image, arguments);
        let findings = document["findings"].as_array().expect("findings");
        assert!(
            findings.iter().any(|f| f["code"] == "not-found"),
            "{document:#}"
        );
        assert!(!document["entries"].as_array().expect("entries").is_empty());
    }
    let told = image.shown(&["explain", "bad.conf", "q", "--rules", "systemd"]);
    assert!(told.contains("/etc/bad.conf:1:1"), "{told}");
    let told = image.shown(&["show", "bad.conf", "--rules", "systemd"]);
    assert!(!told.contains("no file assigns"), "{told}");
}

/// An entry is called the same in a tree that would be, and by whatever rules.
#[test]
fn what_if_knows_the_entries_by_their_names() {
    let image = Image::new();
    image.write(
        "etc/new.flatpakrepo",
        "[Flatpak Repo]\nTitle=New\nUrl=https://example.org/\n",
    );
    image.write(
        "etc/own.toml",
        "layers = ['/usr/share', '/etc']\nformat = 'gkeyfile'\n",
    );
    let rules = image.path("etc/own.toml").display().to_string();
    let new = format!(
        "/etc/flatpak/remotes.d/new.flatpakrepo={}",
        image.path("etc/new.flatpakrepo").display()
    );
    for (arguments, expected) in [
        (
            &["plain", "Title", "--without", "/etc/foo"][..],
            "Title=Plain  wins",
        ),
        (&["flathub", "Title", "--rules", &rules], "Title=Flathub"),
        (
            &["flatpak-remotes/plain", "--without", "/etc/foo"],
            "Title=Plain  wins",
        ),
        (&["new", "Title", "--with", &new], "Title=New  wins"),
        (&["flathub", "--without", "/etc/foo"], "say which"),
    ] {
        let told = image.shown(&[&["explain"], arguments].concat());
        assert!(told.contains(expected), "{told}");
    }
    let gone = "/usr/share/flatpak/remotes.d/plain.flatpakrepo";
    let told = document(&image, &["explain", "plain", "--without", gone]);
    assert_eq!(told["path"], "flatpak/remotes.d/plain.flatpakrepo");
    assert_eq!(told["entries"].as_array().map(Vec::len), Some(0));
}

/// A key of an entry is named as one of a path is, and by what the target calls it.
#[test]
fn a_key_has_the_same_names_for_an_entry_and_for_a_path() {
    let image = Image::new();
    let keys = |arguments: &[&str]| {
        let explained = document(&image, &[&["explain"], arguments].concat());
        let keys = explained["entries"][0]["keys"].as_array().cloned();
        let keys = keys.unwrap_or_default().into_iter();
        keys.map(|key| key["key"].as_str().expect("a key").to_owned())
            .collect::<Vec<_>>()
    };
    for key in [
        "Title",
        "title",
        "xa.title",
        "Flatpak Repo.Title",
        "[Flatpak Repo] Title",
        "[Flatpak Repo]Title",
    ] {
        assert_eq!(keys(&["flathub", key]), ["xa.title"], "{key}");
    }
    for key in ["[Flatpak Repo] Homepag", "[Overlay] Title", "Repo.Title"] {
        assert_eq!(keys(&["flathub", key]), [""; 0], "{key}");
    }
}

/// What is no glob is a name: that of an entry, as it is shown, or a path.
#[test]
fn a_name_that_is_no_glob_is_taken_as_it_is() {
    let image = Image::new();
    image
        .write("etc/flatpak/remotes.d/a[b.flatpakrepo", "[Flatpak Repo]\n")
        .write("etc/x{y.conf", "a=1\n");
    for name in ["a[b", "a\\[b", "flatpak-remotes/a[b"] {
        let found = document(&image, &["explain", name]);
        assert_eq!(found["entries"][0]["name"], "a[b", "{name}");
    }
    let found = document(&image, &["explain", "x{y.conf"]);
    assert_eq!(found["assignments"][0]["key"], "a");
    let output = image.run(&["explain", "no[one"]);
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(told.contains("no entry matches `no[one`"), "{told}");
}

/// A file is the same whether it is asked about as a file or as a configuration path.
#[test]
fn what_nobody_reads_has_no_values_by_itself() {
    let image = Image::new();
    for (path, why) in [
        ("sysctl.d/10.conf.bak", "name of a backup copy"),
        (
            "flatpak/remotes.d/a.flatpakrepo.bak",
            "name of a backup copy",
        ),
        (
            "systemd/journald.conf.d/README",
            "name does not end in .conf",
        ),
    ] {
        image.write(&format!("etc/{path}"), "x=1\n");
        let told = image.run(&["why", &format!("/etc/{path}")]).stdout;
        let told = String::from_utf8_lossy(&told);
        assert!(told.contains(&format!("ignored: {why}")), "{told}");
        for command in ["show", "explain", "list"] {
            let output = image.run(&[command, path]);
            let [out, err] =
                [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("text"));
            assert_eq!(output.status.code(), Some(0), "{command} {path}: {err}");
            assert!(
                !out.contains("x=1") && !out.contains("effective"),
                "{command} {path}: {out}"
            );
            assert!(
                err.contains(&format!("{path}: ignored: {why}")),
                "{command} {path}: {err}"
            );
        }
    }
}
