//! The example does what CONTRIBUTING.md says that it gets for nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::Document;
use overlay_resolver::finding::{Finding, Level};
use overlay_resolver::root::Root;
use overlay_resolver::rules::Rules;
use proptest::prelude::*;

use super::store::Services;
use super::{Definition, Exampled, Found, SUFFIX, read};
use crate::adapter::Adapters;
use crate::commit::Step;
use crate::keyed::entry::Entry;
use crate::keyed::histories::{Scene, cases, check, check_renames, images, turns};
use crate::keyed::observed::Observed;
use crate::paths::{BelowLayers, InRoot, LayersAt};
use crate::plan::Plan;
use crate::report::{Matter, Report, Request};
use crate::source::Source;

const TARGET: &str = "/etc/exampled/exampled.conf";

fn adapter() -> Exampled {
    let rules = Rules::default();
    let layers = rules.layers().iter().cloned();
    let definition = Definition {
        _kind: None,
        layers: LayersAt(layers.collect()),
        services: BelowLayers("services.d".into()),
        target: InRoot(TARGET.into()),
    };
    Exampled::new("exampled", definition)
}

#[derive(Debug, Clone, Default)]
struct InMemory {
    text: Option<Vec<u8>>,
}

impl InMemory {
    fn services(&self) -> Services {
        let text = self.text.as_deref().unwrap_or_default();
        Services::parse(text, Path::new(TARGET)).expect("sound")
    }
}

impl Scene for InMemory {
    type Store = Services;
    type Wanted = Entry;

    const SUFFIX: &'static str = SUFFIX;
    const KEY: &'static str = "[tls]certificate";
    const MASK_IN_PLACE: bool = false;
    const OTHER: (&'static str, &'static str) = ("port", "1");

    fn vendor(_name: &str, value: &str) -> String {
        format!("[service]\nport=80\n[tls]\ncertificate={value}\n")
    }

    fn read(document: &Document) -> (Option<Entry>, Vec<Finding>) {
        read(document)
    }

    fn rules() -> Rules {
        adapter().rules
    }

    fn mask(_name: &str) -> PathBuf {
        "/etc/mask".into()
    }

    fn store(&self, _masked: &BTreeSet<&'static str>) -> Option<Services> {
        self.text.is_some().then(|| self.services())
    }

    fn change(&mut self, change: impl FnOnce(&mut Services)) {
        let mut services = self.services();
        change(&mut services);
        self.text = Some(services.to_bytes());
    }

    fn replace(&mut self, from: &str, to: &str) {
        self.text = self.text.take().map(|text| text.replace(from, to));
    }

    fn plan(&self, services: Source<Entry>, _masked: &BTreeSet<&'static str>) -> Plan {
        let found = Found {
            store: self.services(),
            text: self.text.clone(),
            observed: Observed::default(),
        };
        adapter().decide(services, &found, &Request::default())
    }

    fn carry_out(&mut self, plan: Plan) {
        for step in plan.batch.steps {
            if let Step::Replace { content, .. } = step {
                self.text = Some(content);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_law_holds_after_every_turn(turns in turns()) {
        check::<InMemory>(&turns)?;
    }

    #[test]
    fn what_its_owner_did_is_done_under_every_name(images in images()) {
        check_renames::<InMemory>(&images)?;
    }
}

/// A tree with the example's definition, and what the vendor ships.
struct Machine(tempfile::TempDir);

#[expect(clippy::disallowed_methods, reason = "the tree of the test")]
impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        let definition = include_str!("definition.toml");
        machine.write("/etc/overlayctl/adapters.d/exampled.toml", definition);
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    fn sync(&self) -> Report {
        let root = Root::open(self.0.path()).unwrap();
        let report = Adapters::open(&root).sync(&Request::default());
        is_of_services(&report);
        report
    }

    /// The daemon's own lines of the file, after a sync that has nothing to complain of.
    fn synced(&self) -> String {
        let report = self.sync();
        assert_eq!((report.findings, report.remarks), (vec![], vec![]));
        let text = self.read(TARGET);
        let is_ours = |line: &&str| line.starts_with("x-") || *line == "[x-overlayctl]";
        let names = ["offered", "withheld"];
        let is_list = |line: &&str| names.iter().any(|name| line.starts_with(name));
        let lines = text.lines().filter(|line| !is_ours(line) && !is_list(line));
        let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        lines.join(" ")
    }
}

/// Whatever is told of them calls them services.
fn is_of_services(report: &Report) {
    let changes = report.changes.iter().chain(&report.pending);
    let nouns = changes.map(|change| change.noun);
    let mut nouns = nouns.chain(report.entries.iter().map(|entry| entry.noun));
    assert!(nouns.all(|noun| noun == "service"), "{report:#?}");
    assert!(!format!("{report:?}").contains("remote"), "{report:#?}");
}

const WEB: &str = "/usr/lib/exampled/services.d/web.conf";
const MAIL: &str = "/usr/lib/exampled/services.d/mail.conf";

#[test]
fn the_vendor_ships_the_owner_edits_the_vendor_updates() {
    let machine = Machine::new();
    machine.write(WEB, "[service]\nport=80\nroot=/a\n[tls]\ncertificate=one\n");
    assert_eq!(
        machine.synced(),
        "[web] port=80 root=/a [web/tls] certificate=one"
    );

    let edited = machine.read(TARGET).replace("port=80", "port=8080");
    machine.write(TARGET, &edited);
    machine.write(WEB, "[service]\nport=81\nroot=/b\n[tls]\ncertificate=two\n");
    let report = machine.sync();
    assert_eq!(report.findings, []);
    let told: Vec<_> = report
        .remarks
        .iter()
        .map(|one| one.matter.code().to_string())
        .collect();
    assert_eq!(told, ["conflict"]);
    let text = machine.read(TARGET);
    for line in ["port=8080\n", "root=/b\n", "certificate=two\n"] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn what_only_it_has_to_tell_is_a_code_and_values() {
    let machine = Machine::new();
    machine.write(WEB, "[service]\nport=80\n");
    machine.write(MAIL, "[service]\nport=80\n");
    let remarks = machine.sync().remarks;
    let [remark] = &remarks[..] else {
        panic!("{remarks:?}");
    };
    assert_eq!(remark.matter.code().name(), "shared-port");
    let Matter::Own(own) = &remark.matter else {
        panic!("{remark:?}");
    };
    assert_eq!((&*own.name, own.level), ("web", Level::Warning));
    assert_eq!(own.values, ["80", "mail"]);
    let gaps = own.sentence.matches("{}").count();
    assert_eq!(gaps, own.values.len(), "{}", own.sentence);
}

#[test]
fn what_is_masked_goes_and_what_the_owner_deleted_stays_deleted() {
    let machine = Machine::new();
    machine.write(WEB, "[service]\nport=80\n");
    machine.write(MAIL, "[service]\nport=25\n");
    assert_eq!(machine.synced(), "[mail] port=25 [web] port=80");
    let mask = "/etc/exampled/services.d/web.conf";
    machine.write(mask, "");
    assert_eq!(machine.synced(), "[mail] port=25");
    machine.remove(mask);
    assert_eq!(machine.synced(), "[mail] port=25 [web] port=80");

    let text = machine.read(TARGET);
    let (before, mail) = text.split_once("[mail]").unwrap();
    let deleted = mail.find("\n[").map_or("", |next| &mail[next + 1..]);
    let deleted = [before, deleted].concat();
    machine.write(TARGET, &deleted);
    machine.write(MAIL, "[service]\nport=26\n");
    assert!(!machine.synced().contains("[mail]"));
}
