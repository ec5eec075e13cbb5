//! The library answers what the command answers: the same rules, the same files, the same values.

use std::fs;
use std::path::{Path, PathBuf};

use overlay_resolver::{Basis, Catalog, Configuration, Document, Resolver, Rules};
use serde_json::Value;

use crate::image::Image;
use crate::thorough::{one_in, some_of};

/// The names that the catalog's patterns stand for, and others: of each kind of path at least one.
const MORE: [&str; 14] = [
    "systemd/journald@x.conf",
    "systemd/other.conf",
    "systemd/system/a.service",
    "systemd/system/a-b@c.service",
    "systemd/system/home.mount",
    "systemd/user/a.timer",
    "systemd/network/a.network",
    "systemd/network/a.link",
    "systemd/dnssd/a.dnssd",
    "systemd/system/service.d",
    "myapp.conf",
    "myapp/config.d",
    "myapp/app.toml",
    "documents",
];

fn paths() -> Vec<PathBuf> {
    let more = MORE.map(PathBuf::from);
    Catalog::built_in().paths().chain(more).collect()
}

/// Files in every place where one of a path may be, in three layers, so that keys repeat and files hide files.
fn fill(image: &Image, path: &Path) {
    let text = |number: usize| match path.extension().and_then(|end| end.to_str()) {
        Some("toml") => format!("a = {number}\nb = [{number}]\n"),
        _ => format!(
            "[Journal]\nStorage=v{number}\n[Service]\nExecStart=/bin/{number}\nEnvironment=A={number}\n\
             [Match]\nName=e{number}\n[main]\nplugins=p{number}\n"
        ),
    };
    let shown = path.display();
    for (number, layer) in ["usr/lib", "usr/share", "run", "etc"]
        .into_iter()
        .enumerate()
    {
        if path == Path::new("documents") {
            image.write(&format!("{layer}/documents/a.conf"), &text(number));
            continue;
        }
        if !is_collection(path) {
            image.write(&format!("{layer}/{shown}"), &text(number));
        }
        let directory = if is_collection(path) {
            shown.to_string()
        } else {
            format!("{shown}.d")
        };
        for suffix in [
            "conf", "toml", "rules", "preset", "list", "hwdb", "install", "yaml",
        ] {
            let file = |name: &str| format!("{layer}/{directory}/{name}.{suffix}");
            image.write(&file(&format!("{number}0")), &text(number + 4));
            image.write(&file("50"), &text(number + 8));
        }
    }
}

fn is_collection(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".d") || name.ends_with("-preset") || name == "netplan"
}

fn json(image: &Image, arguments: &[&str]) -> Value {
    let arguments: Vec<_> = ["--json"].iter().chain(arguments).copied().collect();
    let output = image.run(&arguments);
    serde_json::from_slice(&output.stdout).expect("a document")
}

/// What each file and each key is, as JSON has it.
fn told(configuration: &Configuration) -> (Vec<String>, Vec<String>) {
    let documents = configuration.resolve().documents;
    let files = documents
        .iter()
        .flat_map(|document| &document.entry().fragments);
    let files = files.map(|fragment| fragment.path.display().to_string());
    let values = documents.iter().flat_map(Document::effective_lines);
    (files.collect(), values.collect())
}

/// `FILE:LINE VALUE` of all that counts.
trait EffectiveLines {
    fn effective_lines(&self) -> Vec<String>;
}

impl EffectiveLines for Document {
    fn effective_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for part in self.effective() {
            for value in &part.values {
                for item in &value.items {
                    let text = String::from_utf8_lossy(&item.value);
                    lines.push(format!("{} {} {text}", item.from.place(), value.key.name()));
                }
            }
        }
        lines
    }
}

fn told_by_command(document: &Value) -> (Vec<String>, Vec<String>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = list(&document["entries"]);
    let files = entries.iter().flat_map(|entry| list(&entry["fragments"]));
    let files = files.map(|fragment| text(&fragment["path"]));
    let effective = list(&document["effective"]);
    let values = effective.iter().flat_map(|value| {
        let key = text(&value["key"]);
        let items = list(&value["items"]).into_iter();
        items.map(move |item| {
            let (path, line) = (text(&item["path"]), &item["line"]);
            format!("{path}:{line} {key} {}", text(&item["value"]))
        })
    });
    (files.collect(), values.collect())
}

#[test]
fn a_path_of_every_kind_is_the_same_in_both() {
    let own = "repeated = 'last'\nformat = 'systemd'\n";
    let mut asked = 0;
    for path in some_of(4, &paths()) {
        let image = Image::new();
        fill(&image, path);
        fs::write(image.outside("own.toml"), own).expect("rules");
        let own_path = image.outside("own.toml").display().to_string();
        let shown = path.display().to_string();
        let inside = format!("/etc/{shown}");
        let resolver = Resolver::open(image.path(""))
            .expect("the image")
            .with_history();
        let rules = |name| Rules::named(name).expect("a rule set");
        for (resolver, arguments) in [
            (resolver.clone(), &["show", &*shown][..]),
            (resolver.clone(), &["show", &*inside]),
            (
                resolver.clone().as_read_by(rules("libeconf")),
                &["show", "--rules", "libeconf", &*shown],
            ),
            (
                resolver
                    .clone()
                    .rules(Rules::from_toml("own.toml".as_ref(), own.as_bytes()).expect("rules")),
                &["show", "--rules", &*own_path, &*shown],
            ),
        ] {
            let configuration = resolver
                .configuration(path)
                .expect("a path below the layers");
            let document = json(&image, arguments);
            assert_eq!(
                told(&configuration),
                told_by_command(&document),
                "{arguments:?}"
            );
            if configuration.basis() != Basis::Caller {
                assert_eq!(
                    document["rules"],
                    *configuration.rules().name(),
                    "{arguments:?}"
                );
            }
            if !configuration.is_directory() {
                let alone = resolver.resolve(path).expect("a document");
                assert_eq!(
                    alone.digest(),
                    configuration.document().digest(),
                    "{arguments:?}"
                );
            }
            asked += 1;
        }
        let digests = json(&image, &["digest", &shown]);
        let documents = resolver
            .configuration(path)
            .expect("a path")
            .resolve()
            .documents;
        let ours: Vec<_> = documents.iter().map(Document::digest).collect();
        let theirs = digests["digests"].as_array().expect("digests").iter();
        let theirs: Vec<_> = theirs
            .map(|digest| digest["digest"].as_str().unwrap_or_default())
            .collect();
        assert_eq!(ours, theirs, "{shown}");
    }
    assert!(asked > one_in(8, 200), "{asked}");
}

#[test]
fn what_can_match_nothing_is_an_error_in_both() {
    let image = Image::new();
    image.write("etc/x.d/a.conf", "A=1\n");
    let resolver = Resolver::open(image.path("")).expect("the image");
    for path in ["etc/x.d", "/opt/x.d", "../x.d", "/etc", ".", "/"] {
        let error = resolver.resolve(path).expect_err(path).to_string();
        for command in [
            "show",
            "list",
            "cat",
            "digest",
            "watch-list",
            "check",
            "diff",
        ] {
            let output = image.run(&[command, path]);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains(&error), "{command} {path}: {said}");
            assert_eq!(output.status.code(), Some(1), "{command} {path}");
        }
    }
}

/// What a directory is, is one answer: where the commands have several documents or none, there is no one.
#[test]
fn a_directory_is_the_same_in_both() {
    let image = Image::new();
    image.write("etc/myapp/a", "[A]\nb=1\n");
    image.write("usr/lib/systemd/system/a.service", "[Service]\n");
    image.write(
        "usr/lib/systemd/system/service.d/x.conf",
        "[Service]\nUser=me\n",
    );
    image.write(
        "etc/systemd/journald.conf.d/x.conf",
        "[Journal]\nStorage=none\n",
    );
    fs::create_dir_all(image.path("etc/other/x.conf")).expect("a directory");
    let resolver = Resolver::open(image.path("")).expect("the image");
    let shown = |path: &str| image.shown(&["show", path]);
    let error = |path: &str| resolver.resolve(path).expect_err(path).to_string();

    assert!(shown("systemd/system").contains(&error("systemd/system")));
    let several = "myapp is a directory of documents; ask for its entries, or for one of them";
    assert_eq!(error("myapp"), several);
    let entries = resolver.configuration("myapp").expect("a path").resolve();
    assert_eq!(entries.documents.len(), 1);
    assert!(shown("myapp").contains("b=1"), "{}", shown("myapp"));

    for (path, expected) in [
        (
            "systemd/journald.conf.d",
            "is a part of systemd/journald.conf",
        ),
        ("other/x.conf", "is a directory, not a regular file"),
    ] {
        let document = resolver.resolve(path).expect("a document");
        let findings: Vec<_> = document.findings().map(ToString::to_string).collect();
        let is_told = findings.iter().any(|found| found.contains(expected));
        assert!(is_told, "{path}: {findings:?}");
        assert!(shown(path).contains(expected), "{}", shown(path));
    }
    let broken = resolver.resolve("other/x.conf").expect("a document");
    let error = broken.deserialize::<Value>().expect_err("no document");
    assert_eq!(error.line(), None);
    assert!(
        error
            .to_string()
            .starts_with("/etc/other/x.conf: is a directory"),
        "{error}"
    );
}
