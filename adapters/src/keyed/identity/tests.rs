//! Profiles of a network daemon: a file each, known by the UUID in it, all of whose keys stand in sections.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};
use overlay_resolver::Document;
use overlay_resolver::rules::Rules;
use overlay_resolver::tree::Tree;
use proptest::prelude::*;

use super::*;
use crate::commit::Step;
use crate::editor::Editor;
use crate::keyed::draft::{Draft, replacement};
use crate::keyed::entry::{HISTORY_KEYS, OVERLAY, Setting};
use crate::keyed::histories::{Scene, cases, check, check_renames, images, turns};
use crate::keyed::lists::Keys;
use crate::keyed::observed::Observed;
use crate::keyed::store::PREFIX;
use crate::keyed::{self, intent};
use crate::plan::Plan;
use crate::reader::Reader;
use crate::report::{Decision, Request};
use crate::source::keyfile_entries;

const DIRECTORY: &str = "/etc/profiles";
const OURS: &str = "x-overlayctl";
const LISTS: Keys = Keys {
    group: OURS,
    offered: "offered",
    withheld: "withheld",
    unseen: "unseen",
    renamed: "renamed",
    known: Some("known"),
};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// By UUID, with what is remembered of them.
#[derive(Debug, Clone, Default, PartialEq)]
struct Profiles {
    files: BTreeMap<String, Editor>,
    lists: Lists,
}

fn path(identity: &str) -> PathBuf {
    Path::new(DIRECTORY).join(identity)
}

fn memory() -> PathBuf {
    path(".memory")
}

impl Profiles {
    fn parse(files: &Files) -> Self {
        let mut profiles = Self::default();
        for (path, text) in files {
            let file = Editor::parse(text).expect("a keyfile");
            if *path == memory() {
                profiles.lists = Lists::read(&file, &LISTS).expect("lists");
            } else {
                let identity = path.file_name().unwrap().to_str().unwrap();
                profiles.files.insert(identity.into(), file);
            }
        }
        profiles
    }

    fn files(&self) -> Files {
        let mut memory_file = Editor::default();
        self.lists
            .write(&Lists::default(), &mut memory_file, &LISTS);
        let files = self.files.iter();
        let mut files: Files = files
            .map(|(identity, file)| (path(identity), file.to_bytes()))
            .collect();
        files.insert(memory(), memory_file.to_bytes());
        files
    }
}

impl Store for Profiles {
    fn names(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    fn pairs(&self, name: &str) -> Vec<Pair<'_>> {
        let file = self.files.get(name).into_iter();
        let groups = file.flat_map(|file| {
            let groups: BTreeSet<_> = file.groups().filter(|group| *group != OURS).collect();
            groups.into_iter().flat_map(move |group| {
                let section = group.to_str().unwrap();
                let pairs = file.pairs(section);
                pairs.map(move |(key, value)| (KeyName::new(section, key.to_str().unwrap()), value))
            })
        });
        groups.collect()
    }

    fn get<'k>(&self, name: &str, key: impl Into<KeyName<'k>>) -> Option<&BStr> {
        let key = key.into();
        self.files.get(name)?.get(&key.section, &key.name)
    }

    fn put<'k>(&mut self, name: &str, key: impl Into<KeyName<'k>>, value: Option<&BStr>) {
        let key = key.into();
        let file = self.files.entry(name.into()).or_default();
        match value {
            Some(value) => file.set(&key.section, &key.name, value),
            None => file.unset(&key.section, &key.name),
        }
    }

    fn notes(&self, name: &str) -> Vec<(&BStr, &BStr)> {
        let file = self.files.get(name).into_iter();
        file.flat_map(|file| file.pairs(OURS)).collect()
    }

    fn note(&self, name: &str, note: &str) -> Option<&BStr> {
        assert!(note.starts_with(PREFIX), "{note}");
        self.files.get(name)?.get(OURS, note)
    }

    fn put_note(&mut self, name: &str, note: &str, value: Option<&BStr>) {
        if self.has(name) || value.is_some() {
            self.put(name, KeyName::new(OURS, note), value);
        }
    }

    fn remove(&mut self, name: &str) {
        self.files.remove(name);
    }

    fn remembered(&self) -> Vec<&str> {
        self.lists.withheld()
    }

    fn marks(&self, name: &str) -> Marks {
        self.lists.marks(name)
    }

    fn memory(&self) -> BTreeMap<String, Remembered> {
        self.lists.memory()
    }

    fn mark(&mut self, name: &str, marks: Marks) {
        self.lists.mark(name, marks);
    }

    fn later_name(&self, name: &str) -> Option<&str> {
        self.lists.later_name(name)
    }

    fn earlier_names(&self, name: &str) -> Vec<&str> {
        self.lists.earlier_names(name)
    }

    fn rename(&mut self, name: &str, later: &str) {
        self.lists.rename(name, later);
    }
}

impl Identified for Profiles {
    fn known_names(&self) -> Vec<(&str, &str)> {
        self.lists.known_names()
    }

    fn know_name(&mut self, identity: &str, name: &str) {
        self.lists.know_name(identity, name);
    }
}

struct Daemon;

impl Target for Daemon {
    type Store = Named<Profiles>;
    type Wanted = Entry;

    const NOUN: &'static str = "profile";

    fn adapter(&self) -> &'static str {
        "profiles"
    }

    fn place(&self, store: &Named<Profiles>, name: &str) -> PathBuf {
        path(store.identity(name))
    }

    fn memory(&self, _name: &str) -> PathBuf {
        memory()
    }

    fn intent(&self) -> PathBuf {
        path(intent::FILE_NAME)
    }
}

fn read(document: &Document) -> (Option<Entry>, Vec<Finding>) {
    let mut reader = Reader::new(document);
    let mut entry = Entry {
        identity: reader.string("connection", "uuid"),
        ..Entry::default()
    };
    for key in document.keys().filter(|key| key.section() != OVERLAY) {
        let (section, name) = (key.section().to_string(), key.name().to_string());
        entry.settings.push(Setting {
            key: KeyName::new(&*section, &*name).to_static(),
            value: key.last().expect("it is assigned").value().to_owned(),
            source: (section.into(), name.into()),
        });
    }
    reader.warn_of_others(OVERLAY, &HISTORY_KEYS);
    entry.read_history(&mut reader);
    (reader.is_usable().then_some(entry), reader.findings)
}

fn rules() -> Rules {
    let rules = Rules::default();
    keyfile_entries(rules.layers().to_vec(), ".conf")
}

/// What lies there.
#[derive(Debug, Clone, Default)]
struct Disk(Files);

impl Disk {
    fn decide(&self, source: Source<Entry>) -> Plan {
        let (observed, request) = (Observed::default(), Request::default());
        let before = Named::of(Profiles::parse(&self.0), &source);
        let mut draft = Draft::new(&Daemon, before, &observed, &request);
        let entries = keyed::plan(&mut draft, &source);
        let files = draft.store.store().files();
        let changed = files.into_iter().filter_map(|(path, text)| {
            let before = self.0.get(&path).map(Vec::as_slice);
            replacement(path, before, text)
        });
        let is_changed = draft.store != draft.before;
        let mut steps: Vec<_> = changed.filter(|_| is_changed).collect();
        let gone = self.0.keys().filter(|path| {
            let identity = path.file_name().unwrap().to_str().unwrap();
            **path != memory() && !draft.store.store().has(identity)
        });
        steps.extend(gone.cloned().map(Step::Remove));
        let batch = draft.batch(steps, None);
        let layers = vec![source.into_documents("profiles", Daemon::NOUN, true)];
        keyed::finish(draft, batch, entries, Ok(BTreeMap::new()), layers)
    }

    fn apply(&mut self, plan: Plan) {
        for step in plan.batch.steps {
            match step {
                Step::Replace { path, content, .. } => drop(self.0.insert(path, content)),
                Step::Remove(path) => drop(self.0.remove(&path)),
                _ => {}
            }
        }
    }

    /// A run with these files of the vendor's; what it decided over each.
    fn sync(&mut self, files: &[(&str, &str)]) -> BTreeMap<String, Decision> {
        let tree = files.iter().fold(Tree::default(), |tree, (name, text)| {
            tree.with(&Path::new("/usr/lib/profiles.d").join(name), *text)
        });
        let source = Source::read(&tree, &rules(), Path::new("profiles.d"), read);
        let plan = self.decide(source);
        let entries = plan.report.entries.iter();
        let decisions = entries.map(|entry| (entry.name.clone(), entry.decision.clone()));
        let decisions = decisions.collect();
        self.apply(plan);
        decisions
    }

    fn change(&mut self, change: impl FnOnce(&mut Profiles)) {
        let mut profiles = Profiles::parse(&self.0);
        change(&mut profiles);
        self.0 = profiles.files();
    }
}

/// Where all images give an entry of a name the same identity.
fn of_names() -> Arc<Identities> {
    let mut all = Identities::default();
    for name in ["one", "two", "three"] {
        all.add(name, &format!("uuid-{name}"));
    }
    all.into()
}

impl Scene for Disk {
    type Store = Named<Profiles>;
    type Wanted = Entry;

    const SUFFIX: &'static str = ".conf";
    const KEY: &'static str = "[connection]id";
    const MASK_IN_PLACE: bool = false;
    const OTHER: (&'static str, &'static str) = ("[connection]autoconnect", "false");

    fn vendor(name: &str, value: &str) -> String {
        format!("[connection]\nuuid=uuid-{name}\nid={value}\n")
    }

    fn read(document: &Document) -> (Option<Entry>, Vec<Finding>) {
        read(document)
    }

    fn rules() -> Rules {
        rules()
    }

    fn mask(_name: &str) -> PathBuf {
        "/etc/mask".into()
    }

    fn store(&self, _masked: &BTreeSet<&'static str>) -> Option<Named<Profiles>> {
        Some(Named {
            store: Profiles::parse(&self.0),
            identities: of_names(),
        })
    }

    fn change(&mut self, change: impl FnOnce(&mut Named<Profiles>)) {
        let mut named = self.store(&BTreeSet::new()).expect("it is there");
        change(&mut named);
        self.0 = named.store.files();
    }

    fn replace(&mut self, from: &str, to: &str) {
        for text in self.0.values_mut() {
            *text = text.replace(from, to);
        }
    }

    fn plan(&self, entries: Source<Entry>, _masked: &BTreeSet<&'static str>) -> Plan {
        self.decide(entries)
    }

    fn carry_out(&mut self, plan: Plan) {
        self.apply(plan);
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_law_holds_after_every_turn(turns in turns()) {
        check::<Disk>(&turns)?;
    }

    #[test]
    fn what_its_owner_did_is_done_under_every_name(images in images()) {
        check_renames::<Disk>(&images)?;
    }
}

const OFFICE: &str = "[connection]\nuuid=u\nid=Office\n[wifi]\nssid=one\n";

#[test]
fn what_the_vendor_calls_otherwise_is_the_same_as_long_as_its_identity_is() {
    let mut disk = Disk::default();
    disk.sync(&[("office.conf", OFFICE)]);
    disk.change(|profiles| {
        profiles.put("u", KeyName::new("wifi", "ssid"), Some("mine".into()));
    });
    let renamed = OFFICE.replace("id=Office", "id=Work");
    let decisions = disk.sync(&[("work.conf", &renamed)]);
    assert!(decisions.keys().eq(["work"]), "{decisions:?}");
    let profiles = Profiles::parse(&disk.0);
    assert_eq!(profiles.names(), ["u"]);
    let get = |section, key| {
        profiles
            .get("u", KeyName::new(section, key))
            .map(BString::from)
    };
    assert_eq!(get("connection", "id"), Some("Work".into()));
    assert_eq!(get("wifi", "ssid"), Some("mine".into()));
}

#[test]
fn what_its_owner_deleted_stays_deleted_under_whatever_name() {
    let mut disk = Disk::default();
    disk.sync(&[("office.conf", OFFICE)]);
    disk.change(|profiles| profiles.remove("u"));
    for name in ["office.conf", "work.conf"] {
        let decisions = disk.sync(&[(name, OFFICE)]);
        let decisions: Vec<_> = decisions.into_values().collect();
        assert_eq!(decisions, [Decision::Deleted], "{name}");
    }
}

#[test]
fn of_two_that_have_one_identity_the_first_counts() {
    let mut disk = Disk::default();
    let other = OFFICE.replace("id=Office", "id=Other");
    let decisions = disk.sync(&[("a.conf", OFFICE), ("b.conf", &other)]);
    assert!(
        matches!(decisions["a"], Decision::New { .. }),
        "{decisions:?}"
    );
    let broken = &decisions["b"];
    assert!(matches!(broken, Decision::Broken { .. }), "{broken:?}");
    assert_eq!(Profiles::parse(&disk.0).names(), ["u"]);
}
