use std::path::Path;

use figment::providers::Serialized;
use figment::{Figment, Source};
use serde::Deserialize;

use super::*;
use crate::Resolver;
use crate::format::named;
use crate::rules::Rules;
use crate::tree::Tree;

/// The document that files of this format make.
fn document(format: &str, files: &[(&str, &[u8])]) -> Document {
    let tree = |tree: Tree, (path, text): &(&str, &[u8])| tree.with(Path::new(path), *text);
    let rules = Rules {
        format: named(format),
        ..Rules::default()
    };
    let tree = files.iter().fold(Tree::default(), tree);
    Resolver::new(tree).rules(rules).resolve("x.conf")
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

const VENDOR: (&str, &[u8]) = (
    "/usr/lib/x.conf",
    b"[Service]\nExecStart=a\nExecStart=\nExecStart=b\nExecStart=c\nNice=3\n",
);

#[test]
fn a_figment_takes_the_tree() {
    let defaults = Serialized::default("Service.Restart", true);
    let document = document("gkeyfile", &[VENDOR]);
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
    let source = document("gkeyfile", &[VENDOR]).metadata().source.unwrap();
    assert_eq!(source, Source::File(Path::new("/usr/lib/x.conf").into()));
    // Twice the same key is a list, since figment has no types yet.
    let both = document("gkeyfile", &[VENDOR, owner]);
    let error = Figment::from(&both).extract_lossy::<Unit>().unwrap_err();
    let files = "/usr/lib/x.conf, /etc/x.conf.d/a.conf configuration files";
    assert!(error.to_string().contains(files), "{error}");
}

#[test]
fn other_bytes_are_an_error_with_their_line() {
    let document = document("gkeyfile", &[("/etc/x.conf", b"[S]\nK=\xff\n")]);
    assert_eq!(
        document.data().unwrap_err().to_string(),
        "/etc/x.conf:2: K: expected UTF-8, found other bytes"
    );
}

#[test]
fn typed_values_keep_their_types() {
    let text = b"n = 1\nd = 1979-05-27\n[t]\nl = [1.5, true, {}]\n";
    let document = document("toml", &[("/etc/x.conf", text)]);
    let value: serde_json::Value = Figment::from(&document).extract().unwrap();
    assert_eq!(
        value.to_string(),
        r#"{"d":"1979-05-27","n":1,"t":{"l":[1.5,true,{}]}}"#
    );
}
