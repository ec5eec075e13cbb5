use std::path::Path;

use figment::providers::Serialized;
use figment::{Figment, Source};
use serde::Deserialize;

use super::*;
use crate::typed::testing::with_tree;

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

const VENDOR: (&str, &str, &[u8]) = (
    "/usr/lib/x.conf",
    "gkeyfile",
    b"[Service]\nExecStart=a\nExecStart=\nExecStart=b\nExecStart=c\nNice=3\n",
);

#[test]
fn a_figment_takes_the_tree() {
    let defaults = Serialized::default("Service.Restart", true);
    let unit: Unit = with_tree(&[VENDOR], |tree| {
        Figment::from(defaults).merge(tree).extract_lossy().unwrap()
    });
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
        "/etc/x.conf",
        "gkeyfile",
        &b"[Service]\nNice=x\nRestart=no\n"[..],
    );
    with_tree(&[VENDOR], |tree| {
        let source = tree.metadata().source.unwrap();
        assert_eq!(source, Source::File(Path::new("/usr/lib/x.conf").into()));
    });
    with_tree(&[VENDOR, owner], |tree| {
        // Twice the same key is a list, since figment has no types yet.
        let error = Figment::from(tree)
            .extract_lossy::<Unit>()
            .unwrap_err()
            .to_string();
        assert!(error.contains("configuration files"), "{error}");
        assert!(error.contains("/usr/lib/x.conf, /etc/x.conf"), "{error}");
    });
}

#[test]
fn other_bytes_are_an_error_with_their_line() {
    let file = ("/etc/x.conf", "gkeyfile", &b"[S]\nK=\xff\n"[..]);
    let error = with_tree(&[file], |tree| tree.data().unwrap_err());
    assert_eq!(
        error.to_string(),
        "/etc/x.conf:2: K: expected UTF-8, found other bytes"
    );
}

#[cfg(feature = "toml")]
#[test]
fn typed_values_keep_their_types() {
    let text = b"n = 1\nd = 1979-05-27\n[t]\nl = [1.5, true, {}]\n";
    let value: serde_json::Value = with_tree(&[("/x.toml", "toml", text)], |tree| {
        Figment::from(tree).extract().unwrap()
    });
    assert_eq!(
        value.to_string(),
        r#"{"d":"1979-05-27","n":1,"t":{"l":[1.5,true,{}]}}"#
    );
}
