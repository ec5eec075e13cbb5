//! `diff`, and `list` of a whole tree: what they say, how they end, and their documents.

use insta::assert_snapshot;
use serde_json::Value;

use crate::image::Image;
use crate::json::parsed;

/// An image with every kind of difference.
fn image() -> Image {
    let image = Image::new();
    for (path, text) in [
        (
            "usr/lib/systemd/journald.conf",
            "[Journal]\nStorage=auto\nCompress=yes\nSystemMaxUse=1G\n",
        ),
        (
            "run/systemd/journald.conf",
            "[Journal]\nStorage=persistent\nCompress=yes\nSeal=yes\n",
        ),
        (
            "etc/systemd/journald.conf",
            "[Journal]\nStorage=persistent\nCompress=no\n",
        ),
        (
            "etc/systemd/journald.conf.d/50-mine.conf",
            "[Journal]\nCompress=no\nForwardToWall=no\nStorage=volatile\n",
        ),
        (
            "usr/lib/systemd/system/a.service",
            "[Service]\nExecStart=/bin/a\nEnvironment=A=1 B=2\n",
        ),
        (
            "etc/systemd/system/a.service.d/1.conf",
            "[Service]\nExecStart=\nExecStart=/bin/b\nEnvironment=C=3 A=9\n",
        ),
        ("usr/lib/systemd/system/same.service", "[Unit]\n"),
        ("etc/systemd/system/same.service", "[Unit]\n"),
        ("usr/lib/systemd/system/plain.service", "[Unit]\n"),
        (
            "usr/lib/systemd/system/to.service",
            "[Unit]\nDescription=to\n",
        ),
        ("srv/to.service", "[Unit]\nDescription=elsewhere\n"),
        ("usr/lib/systemd/system/gone.service", "[Unit]\n"),
        ("usr/lib/tmpfiles.d/a.conf", "d /a\n"),
        ("etc/tmpfiles.d/b.conf", "d /a\nd /b\n"),
        ("usr/lib/app/x.d/a.conf", "<xml>\n"),
        ("etc/app/x.d/a.conf", "<xml/>\n"),
        ("etc/app/x.d/README", "not a drop-in\n"),
        ("etc/flatpak/remotes.d/plain.flatpakrepo", ""),
    ] {
        image.write(path, text);
    }
    for (text, path) in [
        ("/srv/to.service", "etc/systemd/system/to.service"),
        ("/nowhere", "etc/systemd/system/gone.service"),
    ] {
        std::os::unix::fs::symlink(text, image.path(path)).expect("a link");
    }
    image
}

/// Files of which two consumers make something else.
fn disputed() -> Image {
    let image = Image::new();
    for (path, text) in [
        (
            "rules.toml",
            "extends = 'libeconf'\nlayers = ['/usr/lib', '/run', '/etc']\n",
        ),
        ("usr/lib/app/app.conf", "[Server]\nPort=80\n"),
        ("usr/lib/app/agreed.conf", "[Server]\nPort=80\n"),
        ("etc/app/agreed.conf", "[Server]\nPort=81\n"),
        (
            "usr/lib/app/app.conf.d/90-vendor.conf",
            "[Server]\nPort=443\n",
        ),
        (
            "usr/local/lib/app/app.conf.d/50-site.conf",
            "[Server]\nHost=site\n",
        ),
        (
            "etc/app/app.conf.d/10-mine.conf",
            "[Server]\nPort=8443\nName=mine\n",
        ),
        ("etc/app/app.conf.d/.hidden.conf", "[Log]\nLevel=hidden\n"),
    ] {
        image.write(path, text);
    }
    image
}

fn compare(image: &Image, more: &[&str]) -> Vec<String> {
    let rules = image.path("rules.toml").display().to_string();
    let usual = ["diff", "--rules", "systemd", "--rules", &rules];
    usual.iter().chain(more).map(ToString::to_string).collect()
}

fn shown(image: &Image, arguments: &[String]) -> String {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    image.shown(&arguments)
}

#[test]
fn the_whole_tree() {
    let image = image();
    assert_snapshot!("list_all", image.shown(&["list"]));
    assert_snapshot!("diff_all", image.shown(&["diff"]));
}

#[test]
fn one_path_and_its_lines() {
    let image = image();
    assert_snapshot!(
        "diff_text",
        image.shown(&["diff", "--text", "systemd/journald.conf"])
    );
    assert_snapshot!("diff_lines", image.shown(&["diff", "tmpfiles.d"]));
}

#[test]
fn nothing_differs() {
    let image = Image::new();
    assert_snapshot!("diff_nothing", image.shown(&["diff", "--check"]));
}

#[test]
fn two_consumers() {
    let image = disputed();
    assert_snapshot!(
        "disagree",
        shown(&image, &compare(&image, &["app/app.conf"]))
    );
    assert_snapshot!(
        "agree",
        shown(&image, &compare(&image, &["app/agreed.conf"]))
    );
    assert_snapshot!(
        "agree_nothing",
        shown(&image, &compare(&image, &["no/such.conf"]))
    );
    std::os::unix::fs::symlink("/nowhere", image.path("etc/app/app.conf.d/20.conf"))
        .expect("a link");
    assert_snapshot!(
        "disagree_loads",
        shown(&image, &compare(&image, &["app/app.conf"]))
    );
    assert_snapshot!("disagree_all", shown(&image, &compare(&image, &[])));
}

#[test]
fn the_exit_status_tells_where_that_was_asked() {
    let image = image();
    let disputed = disputed();
    let rules = disputed.path("rules.toml").display().to_string();
    for (image, arguments, expected) in [
        (&image, &["diff", "systemd/journald.conf"][..], 0),
        (&image, &["diff", "--check", "systemd/journald.conf"], 3),
        (
            &image,
            &["diff", "--check", "systemd/system/plain.service"],
            0,
        ),
        // A failure outweighs a difference.
        (
            &image,
            &["diff", "--check", "systemd/system/gone.service"],
            1,
        ),
        (&image, &["diff", "systemd/system/gone.service"], 1),
        (
            &image,
            &["diff", "--rules", "systemd", "systemd/journald.conf"],
            0,
        ),
        (
            &disputed,
            &[
                "diff",
                "--rules",
                "systemd",
                "--rules",
                "systemd",
                "app/app.conf",
            ],
            0,
        ),
        (
            &disputed,
            &[
                "diff",
                "--rules",
                "systemd",
                "--rules",
                &rules,
                "app/app.conf",
            ],
            3,
        ),
        (
            &image,
            &["diff", "--rules", "a", "--rules", "b", "--rules", "c"],
            2,
        ),
        (&image, &["diff", "--rules", "nonsense"], 1),
    ] {
        assert_eq!(image.exit_status(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn what_if() {
    let image = image();
    image.write("new.conf", "[Journal]\nStorage=none\n");
    let with = format!(
        "/run/systemd/journald.conf.d/x.conf={}",
        image.path("new.conf").display()
    );
    let text = image.shown(&["diff", "systemd/journald.conf", "--with", &with]);
    assert!(text.contains("Storage=none"), "{text}");
    let text = image.shown(&["list", "--without", "/etc/tmpfiles.d/b.conf"]);
    assert!(!text.contains("tmpfiles.d/b.conf  effective"), "{text}");
}

fn document(image: &Image, arguments: &[&str]) -> Value {
    parsed(&image.run(&[&["--json"], arguments].concat()).stdout)
}

#[test]
fn the_documents_follow_the_schema() {
    let image = image();
    let list = document(&image, &["list"]);
    assert_eq!(list["entries"][0]["path"], "app/x.d");
    let diff = document(&image, &["diff"]);
    let journald = diff["differences"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|found| found["path"] == "systemd/journald.conf");
    let steps: Vec<_> = journald.collect();
    assert_eq!(steps.len(), 3, "{steps:#?}");
    assert_eq!(
        steps[1],
        &serde_json::json!({
            "path": "systemd/journald.conf",
            "class": "overridden",
            "top": "/etc/systemd/journald.conf",
            "bottom": "/run/systemd/journald.conf",
            "keys": [
                {
                    "section": "Journal",
                    "key": "Compress",
                    "change": "changed",
                    "from": { "values": ["yes"], "at": "/run/systemd/journald.conf:3" },
                    "to": { "values": ["no"], "at": "/etc/systemd/journald.conf:3" }
                },
                {
                    "section": "Journal",
                    "key": "Seal",
                    "change": "removed",
                    "from": { "values": ["yes"], "at": "/run/systemd/journald.conf:4" },
                    "to": { "values": [], "at": null }
                }
            ]
        })
    );
    let image = disputed();
    let rules = image.path("rules.toml").display().to_string();
    let found = document(&image, &["diff", "--rules", "systemd", "--rules", &rules]);
    let kinds: Vec<_> = found["disagreements"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|found| found["kind"].as_str().expect("a word"))
        .collect();
    assert_eq!(kinds, ["key", "key", "key", "file", "file", "order"]);
    assert_eq!(found["disagreements"][3]["sides"][0]["counts"], false);
}

#[test]
fn nothing_that_a_file_holds_commands_the_terminal() {
    let image = Image::new();
    image
        .write(
            "usr/lib/systemd/journald.conf",
            "[Journal]\nStorage=\u{1b}[31ma\n",
        )
        .write(
            "etc/systemd/journald.conf",
            "[Journal]\nStorage=\u{1b}[31mb\n# \u{1b}c\n",
        );
    for arguments in [
        &["diff", "--text"][..],
        &["--json", "diff"],
        &[
            "diff",
            "--rules",
            "systemd",
            "--rules",
            "gkeyfile",
            "systemd/journald.conf",
        ],
    ] {
        assert!(!image.shown(arguments).contains('\u{1b}'), "{arguments:?}");
    }
}

/// Files that count for nothing: hidden, or not read because of another.
#[test]
fn list_and_diff_call_no_file_two_things() {
    let image = Image::new();
    for (path, text) in [
        ("etc/a.conf", "a=1\n"),
        ("usr/lib/b.conf", "a=1\n"),
        ("etc/b.conf.d/1.conf", "[x\n"),
        ("etc/b.conf.d/2.conf", "a=2\n"),
        (
            "ends.toml",
            "extends = 'uapi6'\nbroken-file = 'ends-loading'\n",
        ),
    ] {
        image.write(path, text);
    }
    std::os::unix::fs::symlink("/nowhere", image.path("usr/lib/a.conf")).expect("a link");
    let rules = image.path("ends.toml").display().to_string();
    for arguments in [
        &["a.conf"][..],
        &["b.conf", "--rules", &rules],
        &["b.conf", "--rules", "libeconf"],
    ] {
        let run = |command| image.shown(&[&[command], arguments].concat());
        let name = format!(
            "one_thing_{}",
            arguments.last().unwrap().rsplit('/').next().unwrap()
        );
        assert_snapshot!(name, [run("list"), run("diff")].concat());
    }
}

/// What a search leaves out is said whatever it finds, and told where it is asked for; what drop-ins of a type
/// do is found.
#[test]
fn a_search_says_what_it_does_not_look_for() {
    let image = Image::new();
    for (path, text) in [
        (
            "usr/lib/systemd/system/a.service",
            "[Service]\nExecStart=/a\n",
        ),
        ("etc/systemd/system/service.d/x.conf", "[Service]\nUser=x\n"),
        ("usr/lib/myapp.conf", "a=1\n"),
        ("etc/myapp.conf", "a=2\n"),
    ] {
        image.write(path, text);
    }
    let told = [
        &["diff", "--check"][..],
        &["diff", "--check", "systemd/system"],
        &["diff", "--check", "systemd/system/service.d"],
        &["diff", "--check", "myapp.conf"],
        &["diff", "--rules", "systemd", "--rules", "uapi6"],
    ];
    for arguments in [told[0], told[4]] {
        let document = parsed(&image.run(&[&["--json"], arguments].concat()).stdout);
        let findings = document["findings"].as_array().expect("findings");
        let codes: Vec<_> = findings.iter().map(|f| (&f["level"], &f["code"])).collect();
        assert_eq!(codes, [(&"info".into(), &"not-searched".into())]);
    }
    assert_snapshot!(
        "not_searched_for",
        told.map(|arguments| image.shown(arguments)).join("\n")
    );
}

/// What is added to a set and taken from it: no two commands say different things of an assignment.
#[test]
fn what_a_set_loses_counts_no_more() {
    let image = Image::new();
    let path = "etc/NetworkManager";
    image.write(
        &format!("{path}/NetworkManager.conf"),
        "[main]\nplugins=a,b\n",
    );
    image.write(&format!("{path}/conf.d/7.conf"), "[main]\nplugins+=c\n");
    image.write(&format!("{path}/conf.d/8.conf"), "[main]\nplugins+=a\n");
    image.write(&format!("{path}/conf.d/9.conf"), "[main]\nplugins-=c\n");
    image.write(&format!("{path}/conf.d/99.conf"), "[main]\nplugins-=d\n");
    let conf = "NetworkManager/NetworkManager.conf";
    let told = [
        image.shown(&["show", conf]),
        image.shown(&["explain", conf, "main.plugins"]),
        image.shown(&["diff", conf]),
        image.shown(&["why", "/etc/NetworkManager/conf.d/8.conf:2"]),
    ];
    assert_snapshot!(told.join("\n"));
}

/// A list is not its only element, and what changes nothing is shown as it stands.
#[test]
fn a_list_is_not_its_only_element() {
    let image = Image::new();
    image.write(
        "lists.toml",
        "format = 'toml'\nappend-lists = true\ndrop-in-suffix = '.toml'\n",
    );
    image.write("usr/lib/x.toml", "a = 3\nb = ['x']\nc = 1\n");
    image.write("etc/x.toml", "a = [3]\nb = ['x']\nc = 1\n");
    let rules = image.path("lists.toml");
    let rules = rules.to_str().expect("UTF-8");
    let digest = || image.shown(&["digest", "x.toml", "--rules", rules]);
    let both = digest();
    let mut told = vec![image.shown(&["diff", "x.toml", "--rules", rules])];
    std::fs::rename(image.path("etc/x.toml"), image.path("etc/y.toml")).expect("renamed");
    assert_ne!(both, digest());
    image.write("etc/x.toml.d/q.toml", "a = [3]\nb = []\nc = 1\n");
    told.push(image.shown(&["diff", "x.toml", "--rules", rules]));
    told.push(image.shown(&["diff", "x.toml", "--rules", rules, "--json"]));
    assert_snapshot!(told.join("\n"));
}
