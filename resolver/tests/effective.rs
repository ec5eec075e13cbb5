//! What documents come to, and that the text of it comes to the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use bstr::{BString, ByteSlice as _};
use overlay_resolver::{Catalog, Document, Resolver, Rules, Tree};
use proptest::prelude::*;

const UNIT: &str = "systemd/system/a-b.service";
const UNIT_FILE: &str = "/usr/lib/systemd/system/a-b.service";
const DROP_IN: &str = "/etc/systemd/system/a-b.service.d/x.conf";
const NETWORK: &str = "systemd/network/a.network";
const NM: &str = "NetworkManager/NetworkManager.conf";

/// Reading a schema takes longer than what these tests do with it.
static RULES: LazyLock<Mutex<BTreeMap<String, Rules>>> = LazyLock::new(Mutex::default);

fn resolve(path: &str, files: &[(&str, &str)]) -> Document {
    let known = || Catalog::built_in().rules(path.as_ref()).unwrap_or_default();
    let rules = RULES
        .lock()
        .expect("no test panics with it")
        .entry(path.into())
        .or_insert_with(known)
        .clone();
    resolve_by(rules, path, files)
}

fn resolve_by(rules: Rules, path: &str, files: &[(&str, &str)]) -> Document {
    let resolver = Resolver::new(Tree::default()).rules(rules).with_history();
    let files = files.iter();
    files
        .fold(resolver, |resolver, (path, text)| {
            resolver.with(path, *text)
        })
        .resolve(path)
        .expect("a path")
}

/// What it comes to, as a file; with `origin`, every line has its file name and line before it.
fn text(document: &Document, origin: bool) -> BString {
    let mut text = BString::default();
    for part in document.effective() {
        if !part.section.is_empty() {
            text.extend([b"[", &**part.section, b"]\n"].concat());
        }
        for value in &part.values {
            let lines = if origin {
                value.lines_by_item()
            } else {
                value.lines()
            };
            for line in lines {
                if origin {
                    let name = line.from.place().path.file_name().expect("a file");
                    let name = Path::new(name);
                    text.extend(format!("{}:{} ", name.display(), line.from.line()).into_bytes());
                }
                text.extend(line.text);
                text.push(b'\n');
            }
        }
    }
    text
}

#[test]
#[rustfmt::skip]
fn what_files_come_to() {
    let unit = |main, drop_in| vec![(UNIT_FILE, main), (DROP_IN, drop_in)];
    let network = |main, drop_in| vec![
        ("/usr/lib/systemd/network/a.network", main),
        ("/etc/systemd/network/a.network.d/x.conf", drop_in),
    ];
    let nm = |main, drop_in| vec![
        ("/usr/lib/NetworkManager/conf.d/v.conf", main),
        ("/etc/NetworkManager/conf.d/x.conf", drop_in),
    ];
    for (path, files, expected, origins) in [
        // A list is its items, and what empties it is gone.
        (UNIT, unit("[Service]\nExecStart=/a\n", "[Service]\nExecStart=\nExecStart=/b c\nExecStart=/d\n"),
            "[Service]\nExecStart=/b c\nExecStart=/d\n", "x.conf:3 ExecStart=/b c\nx.conf:4 ExecStart=/d\n"),
        (UNIT, unit("[Unit]\nAfter=a b\n", "[Unit]\nAfter=c\n"),
            "[Unit]\nAfter=a\nAfter=b\nAfter=c\n", "a-b.service:2 After=a\na-b.service:2 After=b\nx.conf:2 After=c\n"),
        (UNIT, unit("[Service]\nEnvironment=A=1 \"B=2 3\" C=\nEnvironment=\"D=it's\"\n", "[Service]\nEnvironment=A=4\n"),
            "[Service]\nEnvironment=\"B=2 3\"\nEnvironment=C=\nEnvironment=\"D=it's\"\nEnvironment=A=4\n",
            "a-b.service:2 Environment=\"B=2 3\"\na-b.service:2 Environment=C=\na-b.service:3 Environment=\"D=it's\"\nx.conf:2 Environment=A=4\n"),
        // What a backslash means in quotes is the consumer's to say.
        (UNIT, unit("[Service]\nEnvironment=\"A=say \\\"hi\\\"\" B=1\n", ""),
            "[Service]\nEnvironment=\"A=say \\\"hi\\\"\" B=1\n", "a-b.service:2 Environment=\"A=say \\\"hi\\\"\" B=1\n"),
        // A reset leaves nothing; an emptied list whose default stays away is something.
        (UNIT, unit("[Service]\nUser=a\nCapabilityBoundingSet=CAP_CHOWN\n", "[Service]\nUser=\nCapabilityBoundingSet=\n"),
            "[Service]\nCapabilityBoundingSet=\n", "x.conf:3 CapabilityBoundingSet=\n"),
        // One key may stand for two.
        (UNIT, unit("[Service]\nTimeoutSec=5\n", "[Service]\nTimeoutStopSec=7\n"),
            "[Service]\nTimeoutStartSec=5\nTimeoutStopSec=7\n", "a-b.service:2 TimeoutStartSec=5\nx.conf:2 TimeoutStopSec=7\n"),
        (UNIT, unit("[Service]\nTimeoutStopSec=7\nTimeoutSec=5\n", "[Socket]\nTimeoutSec=1\n"),
            "[Service]\nTimeoutStopSec=5\nTimeoutStartSec=5\n[Socket]\nTimeoutSec=1\n",
            "a-b.service:3 TimeoutStopSec=5\na-b.service:3 TimeoutStartSec=5\nx.conf:2 TimeoutSec=1\n"),
        // What the consumer does not know is no part of it.
        (UNIT, unit("Type=a\n[Service]\nType=simple\nTyp=x\nX-Mine=1\n[Servce]\nType=b\n[X-Mine]\nA=1\n", ""),
            "[Service]\nType=simple\n", "a-b.service:3 Type=simple\n"),
        // Every header makes an item, in which the last assignment counts.
        (NETWORK, network("[Network]\nDHCP=no\n[Route]\nGateway=1\nGateway=2\n[Address]\nAddress=a\n[Route]\nDestination=x\n",
                          "[Route]\nDestination=y\nGateway=3\n[Network]\nDHCP=yes\n"),
            "[Network]\nDHCP=yes\n[Route]\nGateway=2\n[Route]\nDestination=x\n[Route]\nDestination=y\nGateway=3\n[Address]\nAddress=a\n",
            "x.conf:5 DHCP=yes\na.network:5 Gateway=2\na.network:9 Destination=x\nx.conf:2 Destination=y\nx.conf:3 Gateway=3\na.network:7 Address=a\n"),
        // A set is what is left in it.
        (NM, nm("[main]\nplugins=keyfile,ifcfg-rh\n", "[main]\nplugins-=ifcfg-rh\nplugins+=mine\n"),
            "[main]\nplugins=keyfile,mine\n", "v.conf:2 plugins=keyfile\nx.conf:3 plugins+=mine\n"),
        (NM, nm("[main]\nplugins=keyfile\n", "[main]\nplugins-=keyfile\n"), "[main]\nplugins=\n", "x.conf:2 plugins=\n"),
        // Nobody knows whether the last counts.
        ("x/a.conf", vec![("/etc/x/a.conf", "k=1\nk=2\n")], "k=1\nk=2\n", "a.conf:1 k=1\na.conf:2 k=2\n"),
        ("x/a.toml", vec![("/etc/x/a.toml", "k=[1]\n[t]\na = 'b'\n")], "k=[1]\n[t]\na=\"b\"\n", "a.toml:1 k=[1]\na.toml:3 a=\"b\"\n"),
        ("tmpfiles.d", vec![("/etc/tmpfiles.d/a.conf", "d /a\nL+ /x - - - - a=b\n")], "d /a\nL+ /x - - - - a=b\n", "a.conf:1 d /a\na.conf:2 L+ /x - - - - a=b\n"),
        ("environment.d", vec![("/etc/environment.d/a.conf", "A=\"b  c\"\nB=' x'\n")], "A=b  c\nB=' x'\n", "a.conf:1 A=b  c\na.conf:2 B=' x'\n"),
    ] {
        let document = resolve(path, &files);
        assert_eq!(text(&document, false), expected, "{files:?}");
        let places = text(&document, true);
        let lines = places.lines_with_terminator().filter(|line| !line.starts_with(b"["));
        assert_eq!(bstr::concat(lines).as_bstr(), origins, "{files:?}");
    }
}

#[test]
fn lists_that_rules_append_are_one() {
    let rules = b"extends = 'uapi6'\nappend-lists = true\nformat = 'toml'\n";
    let rules = Rules::from_toml("r".as_ref(), rules).unwrap();
    let files = [
        ("/usr/lib/x.d/a.conf", "k = [1, 2]\n"),
        ("/etc/x.d/b.conf", "k = [3]\n"),
    ];
    let document = resolve_by(rules, "x.d", &files);
    assert_eq!(text(&document, false), "k=[1, 2,\n   3]\n");
}

/// The headers tell which values belong together, so the digest of another distribution is another.
#[test]
fn the_digest_knows_the_headers() {
    let digest = |text| resolve(NETWORK, &[("/etc/systemd/network/a.network", text)]).digest();
    let one = digest("[Route]\nGateway=1\nMetric=1\n[Route]\nGateway=2\n");
    assert_ne!(
        one,
        digest("[Route]\nGateway=1\n[Route]\nGateway=2\nMetric=1\n")
    );
    assert_eq!(
        one,
        digest("[Route]\nGateway=0\nMetric=1\nGateway=1\n[Address]\nFoo=1\n[Route]\nGateway=2\n")
    );
}

#[test]
fn what_is_not_loaded_is_not_effective() {
    let files = [
        ("/usr/etc/x.conf", "k=1\n"),
        ("/etc/x.conf.d/a.conf", "[S\n"),
    ];
    let document = resolve_by(Rules::named("libeconf").unwrap(), "x.conf", &files);
    assert!(!document.loads() && document.effective().is_empty());
    let row = document.assignments().next().unwrap();
    assert_eq!(row.state().word(), "invalid");
    assert_eq!(row.by().unwrap().to_string(), "/etc/x.conf.d/a.conf:1");
    assert_eq!(
        row.outcome().to_string(),
        "loses: not read because of /etc/x.conf.d/a.conf:1"
    );

    let accounts = document.accounts();
    let accounts: Vec<_> = accounts.map(|(_, a)| a.brief().to_string()).collect();
    assert_eq!(
        accounts,
        [
            "not-loaded because of /etc/x.conf.d/a.conf:1",
            "invalid: its consumer loads nothing at all because of /etc/x.conf.d/a.conf:1"
        ]
    );

    let document = resolve(UNIT, &[(DROP_IN, "[Service]\nType=simple\n")]);
    let row = document.assignments().next().unwrap();
    assert_eq!((row.state().word(), row.by()), ("invalid", None));
    assert_eq!(
        row.outcome().to_string(),
        "loses: nothing is loaded, since no layer has the main file"
    );
    let account = document.account(DROP_IN.as_ref()).unwrap();
    assert_eq!(account.word(), "headless");
}

#[test]
fn what_the_consumer_does_not_know_it_ignores() {
    let text = "[Service]\nType=simple\nTyp=x\nX-Mine=1\n[Servce]\nType=b\n[X-Mine]\nA=1\n";
    let document = resolve(UNIT, &[(UNIT_FILE, text)]);
    let outcomes = document.assignments().map(|a| a.outcome().to_string());
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        [
            "counts",
            "ignored: its consumer knows no such key in [Service]",
            "ignored: names that begin with X- are for others",
            "ignored: its consumer does not know [Servce]",
            "ignored: names that begin with X- are for others",
        ]
    );
    // Of others nobody says that they ignore anything.
    let document = resolve("x/a.conf", &[("/etc/x/a.conf", text)]);
    assert!(document.assignments().all(|a| a.unknown().is_none()));
}

/// A key is found by the name under which a file has it.
#[test]
fn a_key_that_stands_for_two_is_found_by_its_name() {
    let document = resolve(
        UNIT,
        &[(UNIT_FILE, "[Service]\nTimeoutSec = 5\n[Unit]\nBindTo=a\n")],
    );
    for (name, expected) in [
        ("TimeoutSec", &["TimeoutStartSec", "TimeoutStopSec"][..]),
        ("TimeoutStopSec", &["TimeoutStopSec"]),
        ("BindTo", &["BindsTo"]),
        ("Nothing", &[]),
    ] {
        let keys = document.keys_named(name);
        let names: Vec<_> = keys.iter().map(|key| key.name().to_string()).collect();
        assert_eq!(names, expected, "{name}");
    }
    let explanation = document.explain("Service", "TimeoutStopSec").to_string();
    assert_eq!(explanation, format!("{UNIT_FILE}:2  TimeoutSec=5  wins\n"));
}

/// Lines of sections whose keys are of all kinds.
fn lines(sections: &'static [(&str, &[&str])]) -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(String::new()),
        "[ab,;:=\"' ]{1,6}",
        Just("A=1 \"B=2 3\" ''".into()),
        Just("\"a\\\"b\" c".into()),
        "[ab\\\\\"']{1,5}",
    ];
    let line = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        any::<bool>(),
        value,
    );
    prop::collection::vec(line, 0..8).prop_map(move |lines| {
        let mut text = String::new();
        for (section, key, header, value) in lines {
            let (section, keys) = sections[section.index(sections.len())];
            if header || text.is_empty() {
                let _ = writeln!(text, "[{section}]");
            }
            let _ = writeln!(text, "{}={value}", keys[key.index(keys.len())]);
        }
        text
    })
}

/// What a document comes to is the same as what the text of it comes to, and that text stays.
fn stays(path: &str, main: &str, files: &[(&str, &str)]) -> Result<(), TestCaseError> {
    let document = resolve(path, files);
    let shown = text(&document, false).to_string();
    let again = resolve(path, &[(main, &shown)]);
    prop_assert_eq!(&text(&again, false).to_string(), &shown);
    let is_shown = !shown.is_empty();
    prop_assert!(
        !is_shown || document.digest() == again.digest(),
        "{}",
        shown
    );
    Ok(())
}

proptest! {
    #[test]
    fn a_unit_stays(
        main in lines(&[
            ("Service", &["Type", "ExecStart", "Environment", "ReadWritePaths", "CapabilityBoundingSet", "TimeoutSec", "TimeoutStopSec", "ExecSearchPath", "Foo"]),
            ("Unit", &["After", "Description", "Documentation", "ConditionHost", "AssertHost"]),
        ]),
        drop_in in lines(&[
            ("Service", &["Type", "ExecStart", "Environment", "ReadWritePaths", "CapabilityBoundingSet", "TimeoutSec", "TimeoutStopSec", "ExecSearchPath", "Foo"]),
            ("Unit", &["After", "Description", "Documentation", "ConditionHost", "AssertHost"]),
        ]),
    ) {
        stays(UNIT, UNIT_FILE, &[(UNIT_FILE, &main), (DROP_IN, &drop_in)])?;
    }

    #[test]
    fn a_network_stays(
        main in lines(&[("Network", &["DHCP", "DNS", "Address"]), ("Route", &["Gateway", "MultiPathRoute", "Foo"]), ("Address", &["Address", "Label"])]),
        drop_in in lines(&[("Network", &["DHCP", "DNS", "Address"]), ("Route", &["Gateway", "MultiPathRoute", "Foo"])]),
    ) {
        let file = "/usr/lib/systemd/network/a.network";
        stays(NETWORK, file, &[(file, &main), ("/etc/systemd/network/a.network.d/x.conf", &drop_in)])?;
    }

    #[test]
    fn a_set_stays(
        main in lines(&[("main", &["plugins", "plugins+", "plugins-", "dns"])]),
        drop_in in lines(&[("main", &["plugins", "plugins+", "plugins-", "dns"])]),
    ) {
        let file = "/etc/NetworkManager/NetworkManager.conf";
        stays(NM, file, &[(file, &main), ("/etc/NetworkManager/conf.d/x.conf", &drop_in)])?;
    }
}
