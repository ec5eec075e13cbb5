use std::path::Path;

use figment::providers::Serialized;
use figment::{Figment, Source};
use serde::Deserialize;

use super::*;
use crate::Resolver;
use crate::rules::Rules;
use crate::tree::Tree;

/// The document that files make by these rules.
fn document(rules: &str, files: &[(&str, &[u8])]) -> Document {
    let tree = |tree: Tree, (path, text): &(&str, &[u8])| tree.with(Path::new(path), *text);
    let rules = Rules::from_toml(Path::new("r"), rules.as_bytes()).unwrap();
    let tree = files.iter().fold(Tree::default(), tree);
    Resolver::new(tree).rules(rules).resolve("x.conf").unwrap()
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Unit {
    service: Service,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    exec_start: Vec<String>,
    nice: i8,
    restart: bool,
}

const UNIT: &str = "format = 'gkeyfile'\n[schema.section.Service]\nappend = ['ExecStart']";

const VENDOR: (&str, &[u8]) = (
    "/usr/lib/x.conf",
    b"[Service]\nExecStart=a\nExecStart=\nExecStart=b\nExecStart=c\nNice=3\n",
);

#[test]
fn a_figment_takes_the_tree() {
    let defaults = Serialized::default("Service.Restart", true);
    let document = document(UNIT, &[VENDOR]);
    let figment = Figment::from(defaults).merge(&document);
    let unit: Unit = figment.extract_lossy().unwrap();
    let exec_start = vec!["b".to_owned(), "c".to_owned()];
    assert_eq!(
        unit.service,
        Service {
            exec_start,
            nice: 3,
            restart: true
        }
    );
}

#[test]
fn metadata_names_the_files() {
    let owner = (
        "/etc/x.conf.d/a.conf",
        &b"[Service]\nNice=x\nRestart=no\n"[..],
    );
    let source = document(UNIT, &[VENDOR]).metadata().source.unwrap();
    assert_eq!(source, Source::File(Path::new("/usr/lib/x.conf").into()));
    // Of no key it is said that its last value counts, and figment has no types yet.
    let both = document(UNIT, &[VENDOR, owner]);
    let error = Figment::from(&both).extract_lossy::<Unit>().unwrap_err();
    let files = "/usr/lib/x.conf, /etc/x.conf.d/a.conf configuration files";
    assert!(error.to_string().contains(files), "{error}");
}

#[test]
fn other_bytes_are_an_error_with_their_line() {
    let document = document("format = 'gkeyfile'", &[("/etc/x.conf", b"[S]\nK=\xff\n")]);
    assert_eq!(
        document.data().unwrap_err().to_string(),
        r"/etc/x.conf:2:3: [S] K: expected UTF-8, found other bytes in `\xff`"
    );
}

#[test]
fn typed_values_keep_their_types() {
    let text = b"n = 1\nd = 1979-05-27\n[t]\nl = [1.5, true, {}]\n";
    let document = document("format = 'toml'", &[("/etc/x.conf", text)]);
    let value: serde_json::Value = Figment::from(&document).extract().unwrap();
    assert_eq!(
        value.to_string(),
        r#"{"d":"1979-05-27","n":1,"t":{"l":[1.5,true,{}]}}"#
    );
}

#[test]
fn a_broken_file_is_an_error_with_its_line() {
    let owner = ("/etc/x.conf.d/a.conf", &b"[Service]\nNice=4\n[Serv\n"[..]);
    let document = document(UNIT, &[VENDOR, owner]);
    let error = Figment::from(&document)
        .extract_lossy::<Unit>()
        .unwrap_err();
    let place = "/etc/x.conf.d/a.conf:3:1: ";
    assert!(error.to_string().starts_with(place), "{error}");
}

#[test]
fn lists_that_add_up_have_all_their_elements() {
    let files = [
        ("/usr/lib/x.conf", &b"k = [1]\n[[t]]\na = 1\n"[..]),
        ("/etc/x.conf.d/a.conf", b"k = [2, 3]\n[[t]]\na = 2\n"),
    ];
    let document = document("format = 'toml'\nappend-lists = true", &files);
    let value: serde_json::Value = Figment::from(&document).extract().unwrap();
    assert_eq!(value.to_string(), r#"{"k":[1,2,3],"t":[{"a":1},{"a":2}]}"#);
}
