use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::num::NonZeroU8;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::testing::{document, document_by};
use super::*;
use crate::rules::Rules;

#[cfg(feature = "json")]
mod nested;
mod several;

fn keyfile<T: DeserializeOwned>(text: &[u8]) -> Result<T, DeserializeError> {
    document(&[("/etc/x.conf", "gkeyfile", text)]).deserialize()
}

/// Reads `K=text` as a `T`.
fn value<T: DeserializeOwned>(text: impl AsRef<[u8]>) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Section<T> {
        #[serde(rename = "K")]
        key: T,
    }

    let text = [b"[S]\nK=", text.as_ref()].concat();
    let mut read =
        keyfile::<BTreeMap<String, Section<T>>>(&text).map_err(|error| error.to_string())?;
    Ok(read.remove("S").unwrap().key)
}

#[track_caller]
fn reads<T: DeserializeOwned + PartialEq + Debug>(text: impl AsRef<[u8]>, expected: T) {
    assert_eq!(value(text), Ok(expected));
}

#[track_caller]
fn refuses<T: DeserializeOwned + PartialEq + Debug>(text: impl AsRef<[u8]>, expected: &str) {
    assert_eq!(
        value::<T>(text),
        Err(format!("/etc/x.conf:2:3: [S] K: {expected}"))
    );
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Policy {
    Always,
    OnFailure,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Wrapped<T>(T);

/// Bytes, whatever they are.
#[derive(Debug, PartialEq)]
struct Raw(Vec<u8>);

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Raw;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Raw, E> {
                Ok(Raw(bytes.to_vec()))
            }
        }

        deserializer.deserialize_byte_buf(Visitor)
    }
}

#[test]
fn text_becomes_the_type_that_is_asked_for() {
    for yes in ["1", "yes", "y", "true", "t", "on", "TRUE", "Yes", "on "] {
        reads(yes, true);
    }
    for no in ["0", "no", "n", "false", "f", "off", "OFF"] {
        reads(no, false);
    }
    reads("-128", -128_i8);
    reads("+7", 7_u16);
    reads("340282366920938463463374607431768211455", u128::MAX);
    reads("-5", i128::from(-5));
    reads("1e3", 1000.0_f64);
    reads("0.5", 0.5_f32);
    reads("ö", 'ö');
    reads(" a b ", "a b ".to_owned());
    reads("", String::new());
    reads("/a/ö", PathBuf::from("/a/ö"));
    reads(b"\xff\x01", Raw(b"\xff\x01".to_vec()));
    reads("on-failure", Policy::OnFailure);
    reads("7", Some(7));
    reads("7", Wrapped(7));
    reads("7", Wrapped(vec![Some(Wrapped(7))]));
    reads("7", NonZeroU8::new(7).unwrap());
    reads("yes", ["yes".to_owned()]);
    reads("x", HashSet::from(['x']));
}

#[test]
fn what_does_not_fit_says_what_was_expected() {
    refuses::<bool>(
        "maybe",
        r#"invalid value: string "maybe", expected a boolean"#,
    );
    refuses::<bool>("", r#"invalid value: string "", expected a boolean"#);
    refuses::<u16>("70000", r#"invalid value: string "70000", expected u16"#);
    refuses::<u16>("0x1", r#"invalid value: string "0x1", expected u16"#);
    refuses::<Option<i32>>("", r#"invalid value: string "", expected i32"#);
    refuses::<f64>("1,5", r#"invalid value: string "1,5", expected f64"#);
    refuses::<NonZeroU8>("0", "invalid value: integer `0`, expected a nonzero u8");
    refuses::<char>("ab", r#"invalid value: string "ab", expected a character"#);
    refuses::<Policy>(
        "never",
        "unknown variant `never`, expected `always` or `on-failure`",
    );
    refuses::<Policy>(
        "\x1b[0m",
        "unknown variant `\\x1b[0m`, expected `always` or `on-failure`",
    );
    refuses::<bool>(
        "\x1b",
        r#"invalid value: string "\u{1b}", expected a boolean"#,
    );
    refuses::<String>(b"a\xff", r"expected UTF-8, found other bytes in `a\xff`");
    refuses::<u8>(b"\xff", "invalid value: string \"\u{fffd}\", expected u8");
    refuses::<(u8, u8)>("1", "invalid length 1, expected a tuple of size 2");
    refuses::<BTreeMap<String, String>>("x", r#"invalid type: string "x", expected a map"#);
    refuses::<()>("x", r#"invalid type: string "x", expected unit"#);
    let long = "x".repeat(100);
    let cut = format!(
        r#"invalid value: string "{}…", expected u8"#,
        "x".repeat(60)
    );
    refuses::<u8>(long, &cut);
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Unit {
    service: Service,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Service {
    exec_start: Vec<String>,
    #[serde(default)]
    nice: Option<i8>,
    #[serde(default)]
    restart: Option<Located<Policy>>,
}

#[test]
fn repeated_assignments_are_a_list_or_the_last_one() {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    #[derive(Default)]
    struct Lists {
        exec_start: Vec<String>,
        nice: Option<i8>,
    }
    let cases: &[(&str, &[&str], Option<i8>)] = &[
        (
            "ExecStart=a\nExecStart=b\nNice=1\nNice=2\n",
            &["a", "b"],
            Some(2),
        ),
        (
            "ExecStart=a\nExecStart=\nExecStart=b\nExecStart=c",
            &["b", "c"],
            None,
        ),
        ("ExecStart=a\nExecStart=", &[], None),
        ("ExecStart=", &[], None),
        (
            "ExecStart=\n[Other]\nX=1\n[Service]\nExecStart=b\nNice=-3",
            &["b"],
            Some(-3),
        ),
    ];
    let rules = b"[schema.section.Service]\nappend = ['ExecStart']";
    let rules = Rules::from_toml(Path::new("r"), rules).unwrap();
    for (text, exec, nice) in cases {
        let text = format!("[Service]\n{text}");
        let file = ("/etc/x.conf", "gkeyfile", text.as_bytes());
        let document = document_by(rules.clone(), &[file]);
        let mut read: BTreeMap<String, Lists> = document.deserialize().unwrap();
        let service = read.remove("Service").unwrap_or_default();
        assert_eq!(
            (service.exec_start.join(" "), service.nice),
            (exec.join(" "), *nice),
            "{text}"
        );
    }
    // Also over files, each element from its own.
    let files: &[(&str, &str, &[u8])] = &[
        ("/usr/lib/x.conf", "gkeyfile", b"[S]\nK=1\nK=2\n"),
        ("/etc/x.conf", "gkeyfile", b"[S]\n\nK=3\n"),
    ];
    let numbers: BTreeMap<String, BTreeMap<String, Vec<Located<u8>>>> =
        document(files).deserialize().unwrap();
    let places = numbers["S"]["K"]
        .iter()
        .map(|n| (n.value, &*n.path, n.line, n.last_line));
    assert_eq!(
        places.collect::<Vec<_>>(),
        [
            (1, Path::new("/usr/lib/x.conf"), 2, 2),
            (2, Path::new("/usr/lib/x.conf"), 3, 3),
            (3, Path::new("/etc/x.conf"), 3, 3),
        ]
    );
    let tuple: BTreeMap<String, BTreeMap<String, (u8, u8)>> =
        document(&files[..1]).deserialize().unwrap();
    assert_eq!(tuple["S"]["K"], (1, 2));
}

#[test]
fn errors_name_the_place() {
    let cases: &[(&str, &str)] = &[
        (
            "[Service]\nExecStart=a\nRestart = maybe\n",
            "/etc/x.conf:3:11: [Service] Restart: unknown variant `maybe`, expected `always` or `on-failure`",
        ),
        (
            "[Service]\nExecStart=a\nNice=1\n\tNice=x\n",
            "/etc/x.conf:4:7: [Service] Nice: invalid value: string \"x\", expected i8",
        ),
        (
            "[Service]\nExecStart=a\n Nose=1\nNice=2\n",
            "/etc/x.conf:3:2: [Service] Nose: unknown field `Nose`, expected one of `ExecStart`, `Nice`, `Restart`",
        ),
        (
            "[Service]\nNice=2\n",
            "/usr/lib/x.conf, /etc/x.conf: [Service]: missing field `ExecStart`",
        ),
        (
            "[Servce]\nNice=2\n",
            "/usr/lib/x.conf, /etc/x.conf: missing field `Service`",
        ),
    ];
    for (text, expected) in cases {
        let files: &[(&str, &str, &[u8])] = &[
            ("/usr/lib/x.conf", "gkeyfile", b"# nothing\n"),
            ("/etc/x.conf", "gkeyfile", text.as_bytes()),
        ];
        let error = document(files).deserialize::<Unit>().unwrap_err();
        assert_eq!(error.to_string(), *expected);
        assert_eq!(error.files().len(), 2);
    }
    let error = document(&[]).deserialize::<Unit>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "no file was read: missing field `Service`"
    );
    assert_eq!((error.path(), error.excerpt()), (None, None));
}

#[test]
fn an_error_has_parts() {
    let error = keyfile::<Unit>(b"[Service]\nNice = x\nExecStart=a").unwrap_err();
    assert_eq!(error.path(), Some(Path::new("/etc/x.conf")));
    assert_eq!((error.line(), error.column()), (Some(2), Some(8)));
    assert_eq!(
        (&*error.section(), error.key().as_deref()),
        ("Service", Some("Nice"))
    );
    assert_eq!(error.message(), "invalid value: string \"x\", expected i8");

    let error = keyfile::<Unit>(b"[Service]\nNice=1").unwrap_err();
    assert_eq!(
        (&*error.section(), error.key(), error.path()),
        ("Service", None, None)
    );
}

#[test]
fn excerpts_underline_what_is_wrong() {
    let long = format!("[Service]\nNice={}\n", "x".repeat(100));
    let cases: &[(&str, &str)] = &[
        (
            "[Service]\nNice=many\r\nExecStart=a",
            " --> /etc/x.conf:2:6\n  |\n2 | Nice=many\n  |      ^^^^",
        ),
        (
            "[Service]\n\n\n\n\n\n\n\n\n  Nose=1\n",
            "  --> /etc/x.conf:10:3\n   |\n10 |   Nose=1\n   |   ^^^^",
        ),
        (
            "[Service]\nNice=",
            " --> /etc/x.conf:2:6\n  |\n2 | Nice=\n  |      ^",
        ),
        (
            "[Service]\nNice=\u{202e}1 \n",
            " --> /etc/x.conf:2:6\n  |\n2 | Nice=\\u{202e}1\n  |      ^^^^^^^^^",
        ),
        (
            "[Service]\nNice=é\x1bx\n",
            " --> /etc/x.conf:2:6\n  |\n2 | Nice=é\\x1bx\n  |      ^^^^^^",
        ),
        (
            &long,
            " --> /etc/x.conf:2:6\n  |\n2 | Nice=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\n  \
             |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        ),
    ];
    for (text, expected) in cases {
        let excerpt = keyfile::<Unit>(text.as_bytes())
            .unwrap_err()
            .excerpt()
            .unwrap();
        assert_eq!(excerpt, *expected, "\n{excerpt}\n{expected}");
    }
}

#[test]
fn located_remembers_its_file_and_lines() {
    type Nested = Located<Vec<Located<Option<Located<u8>>>>>;

    let unit: Unit = keyfile(b"[Service]\nExecStart=a\n\nRestart=always\n").unwrap();
    let restart = unit.service.restart.unwrap();
    assert_eq!((restart.line, restart.last_line), (4, 4));
    assert_eq!(
        (&*restart, &*restart.path),
        (&Policy::Always, Path::new("/etc/x.conf"))
    );

    // Outside and inside of a list, and around an option.
    let read: BTreeMap<String, BTreeMap<String, Nested>> = keyfile(b"[S]\nK=1\nK=2").unwrap();
    let outer = &read["S"]["K"];
    let inner = outer
        .iter()
        .map(|n| (n.line, n.as_ref().map(|n| (n.line, n.value))));
    assert_eq!(outer.line, 3);
    assert_eq!(
        inner.collect::<Vec<_>>(),
        [(2, Some((2, 1))), (3, Some((3, 2)))]
    );
}

#[test]
fn located_needs_a_place() {
    #[derive(Debug, Deserialize)]
    struct Whole {
        #[serde(rename = "S")]
        _section: Located<BTreeMap<String, String>>,
    }

    let error = keyfile::<Whole>(b"[S]\nK=1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "/etc/x.conf:2:1: [S]: a table may come from several places, so it has none of its own"
    );
    let elsewhere = serde_json::from_str::<Located<u8>>(r#"{"value": 1}"#).unwrap_err();
    assert!(
        elsewhere
            .to_string()
            .starts_with("the place of this value is not known")
    );
}

#[test]
fn a_default_has_no_place_and_is_written_as_its_value() {
    #[derive(Debug, PartialEq, Deserialize, serde::Serialize)]
    #[serde(default)]
    struct Config {
        port: Located<u16>,
        host: Located<String>,
    }

    impl Default for Config {
        fn default() -> Self {
            Self {
                port: 80.into(),
                host: Located::default(),
            }
        }
    }

    let config: Config = keyfile(b"[S]\n").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!((config.port.value, config.port.line), (80, 0));
    assert_eq!(config.port.path, Path::new(""));
    let written = serde_json::to_string(&config).unwrap();
    assert_eq!(written, r#"{"port":80,"host":""}"#);
}

#[test]
fn an_error_that_main_returns_is_printed_as_it_is_shown() {
    let error = keyfile::<BTreeMap<String, BTreeMap<String, u8>>>(b"[S]\nK=x").unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn anything_is_text_or_a_list_of_texts() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Open {
        #[serde(rename = "A")]
        a: String,
        #[serde(flatten)]
        rest: BTreeMap<String, serde_json::Value>,
    }

    let read: BTreeMap<String, Open> = keyfile(b"[S]\nA=1\nB=2\nC=3\nC=\nC=4\nC=5\n").unwrap();
    assert_eq!(read["S"].a, "1");
    let rest = serde_json::to_string(&read["S"].rest).unwrap();
    // Nobody says that an empty value empties it, so it is one of the values, as `show` has it.
    assert_eq!(rest, r#"{"B":"2","C":["3","","4","5"]}"#);
}

#[test]
fn names_are_read_like_values() {
    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    enum Name {
        One,
        Two,
    }

    let read: BTreeMap<u16, BTreeMap<Name, bool>> = keyfile(b"[80]\nOne=yes\nTwo=no\n").unwrap();
    assert_eq!(
        read[&80],
        BTreeMap::from([(Name::One, true), (Name::Two, false)])
    );
    let error =
        keyfile::<BTreeMap<u16, BTreeMap<Name, bool>>>(b"[80]\n\n[a]\n\nOne=1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "/etc/x.conf:5:1: [a]: invalid value: string \"a\", expected u16"
    );
}
