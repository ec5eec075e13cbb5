//! Merges the fragments of an entry, key by key, into a [`Document`].
//!
//! One pass over the fragments in their order writes the ledger. Where an assignment beats an earlier
//! one, the earlier row learns by which. Only of maps (`Environment=`) it is said at the end which rows
//! still give a variable its value.

mod nested;

use std::collections::HashSet;
use std::ops::Range;

use self::nested::Paths;
use crate::document::{Decoded, Document, Fate, Key, Record, Slot};
use crate::escape::escape;
use crate::finding::{Finding, Level};
use crate::format::{Format, Item, Kind, Lost, Pair};
use crate::root::{Reason, Unusable};
use crate::rules::{BrokenFile, Repeated, Rules};
use crate::scan::{Entry, Fragment, State};
use crate::schema::{KeyKind, Merge, NOT_TEXT, OnEmpty, Operator, Split};

/// How the assignments of a key combine.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// As the schema says, or the rules.
    Kind(KeyKind),
    /// Nobody knows, so all count.
    Unknown,
    /// libeconf's way.
    Libeconf,
}

const LAST: KeyKind = KeyKind {
    merge: Merge::Last,
    split: Split::None,
    empty: OnEmpty::Value,
};

/// Merges an entry by these rules.
pub fn merge(entry: Entry, rules: &Rules) -> Document {
    let format = rules.format_of(&entry);
    let mut merging = Merging {
        document: Document {
            is_nested: format.is_nested(),
            append_lists: rules.append_lists,
            format: Some(format),
            ..Document::default()
        },
        rules,
        ended: None,
        headers: 0,
        paths: Paths::default(),
    };
    for (index, fragment) in (0..).zip(&entry.fragments) {
        merging.fragment(format, index, fragment);
    }
    let mut document = merging.document;
    document.ended = merging
        .ended
        .map(|(problem, fragment)| (problem as usize, fragment as usize));
    document.entry = entry;
    let unfit = unfit_kinds(&document, rules);
    document.entry.findings.extend(unfit);
    settle_maps(&mut document);
    if !document.loads() {
        unload(&mut document);
    }
    document
}

struct Merging<'r> {
    document: Document,
    rules: &'r Rules,
    /// The problem because of which the consumer reads no further file, and the file that has it.
    ended: Option<(u32, u32)>,
    /// The headers that were met.
    headers: u32,
    /// What stands where in the tree of keys, for formats that nest them.
    paths: Paths,
}

impl Merging<'_> {
    fn fragment(&mut self, format: &dyn Format, index: u32, fragment: &Fragment) {
        let fate = match (&fragment.state, self.ended) {
            (State::Effective, None) => Fate::Applied,
            (State::Effective, Some((problem, _))) => Fate::Invalid(problem),
            (State::Shadowed(by), _) => Fate::Shadowed(number(*by)),
            (State::Masked(by), _) => Fate::Masked(number(*by)),
            (State::Unusable(why), None) => return self.unusable(index, fragment, why),
            _ => return,
        };
        let first = self.document.ledger.len();
        let worst = self.read(format, index, fragment, fate);
        if fate != Fate::Applied {
            return;
        }
        if let Some((Lost::File, problem)) = worst {
            for record in self.document.ledger.iter_mut().skip(first) {
                record.fate = Fate::Invalid(problem);
            }
        }
        self.apply_from(first);
        match (worst, self.rules.broken_file) {
            (Some((Lost::File | Lost::Rest, problem)), BrokenFile::Fatal) => {
                self.document.fatal.get_or_insert(problem as usize);
            }
            (Some((Lost::File | Lost::Rest, problem)), BrokenFile::EndsLoading) => {
                self.ended = Some((problem, index));
            }
            _ => {}
        }
    }

    /// Writes what a fragment says into the ledger; returns its worst problem, if it counts and has
    /// one.
    fn read(
        &mut self,
        format: &dyn Format,
        index: u32,
        fragment: &Fragment,
        mut fate: Fate,
    ) -> Option<(Lost, u32)> {
        let counts = fate == Fate::Applied;
        let first = self.document.problems.len();
        let mut worst = None;
        let mut section = None;
        self.headers += 1;
        format.read(&fragment.text, &mut |item| {
            let Item { span, lines, kind } = item;
            match kind {
                Kind::Assignment(pair) => {
                    let place = (index, *lines.start(), *lines.end());
                    self.assignment(&fragment.text, place, &span, pair, fate, &mut section);
                }
                Kind::Problem(problem) if counts => {
                    // A consumer that passes over a line does what the others say all the same.
                    let level = match (problem.lost, fate) {
                        (Lost::Item, Fate::Applied) => Level::Warning,
                        _ => Level::Error,
                    };
                    let found = Finding::new(level, &fragment.path, problem.message);
                    let number = self.problem(first, found.at(*lines.start()).spanning(span));
                    if problem.lost != Lost::Item && fate == Fate::Applied {
                        fate = Fate::Invalid(number);
                    }
                    if worst.is_none_or(|(lost, _)| lost < problem.lost) {
                        worst = Some((problem.lost, number));
                    }
                }
                Kind::Section(_) => self.headers += 1,
                Kind::Problem(_) | Kind::Blank | Kind::Comment => {}
            }
        });
        worst
    }

    /// Keeps a problem of a file whose first one has the number `first`; returns its number. Who has
    /// seen so many has seen enough: a file that is something else altogether must not fill the memory.
    fn problem(&mut self, first: usize, problem: Finding) -> u32 {
        const ENOUGH: usize = 1000;
        let problems = &mut self.document.problems;
        match problems.len() - first {
            0..ENOUGH => problems.push(problem),
            ENOUGH => problems.push(Finding {
                message: format!("{}; there are more problems below", problem.message),
                ..problem
            }),
            _ => {}
        }
        number(problems.len().saturating_sub(1))
    }

    /// A file that takes its name and cannot be read may end the loading too; one that is not there
    /// never does.
    fn unusable(&mut self, index: u32, fragment: &Fragment, why: &Unusable) {
        if self.rules.broken_file == BrokenFile::EndsLoading && why.reason != Reason::Missing {
            self.ended = Some((number(self.document.problems.len()), index));
            self.document.problems.push(Finding::error(
                &fragment.path,
                "its consumer stops here: it reads none of the files after this one",
            ));
        }
    }

    fn assignment(
        &mut self,
        text: &[u8],
        (fragment, first_line, last_line): (u32, usize, usize),
        span: &Range<usize>,
        pair: Pair<'_>,
        fate: Fate,
        section: &mut Option<u32>,
    ) {
        let section = self.section(&pair.section, section);
        let schema = &self.rules.schema;
        // Most files have none, and each question to it would be asked of every line.
        let has_schema = !schema.is_empty();
        let has_headers = has_schema && !self.document.is_nested;
        let is_repeated = has_headers && schema.is_repeated(&pair.section);
        let mut record = Record {
            key: 0,
            fragment,
            first_line: number(first_line),
            last_line: number(last_line),
            span: number(span.start)..number(span.end),
            raw: number(pair.raw.start)..number(pair.raw.end),
            header: if is_repeated { self.headers } else { 0 },
            operator: Operator::Set,
            is_renamed: false,
            value: Decoded::AsWritten,
            fate,
            previous: None,
        };
        if !has_schema {
            record.key = self.key(section, &pair.key, None);
            record.value = Decoded::new(text, &pair.raw, pair.value);
            self.document.ledger.push(record);
            return;
        }
        for name in schema.sets(&pair.section, &pair.key) {
            let kind = schema.kind(&pair.section, name).copied();
            record.key = self.key(section, name, kind);
            self.document.ledger.push(Record {
                is_renamed: true,
                value: Decoded::new(text, &pair.raw, pair.value.clone()),
                span: record.span.clone(),
                raw: record.raw.clone(),
                ..record
            });
        }
        if schema.sets(&pair.section, &pair.key).next().is_some() {
            return;
        }
        let (name, operator, kind) = schema.resolve_key(&pair.section, &pair.key);
        record.key = self.key(section, name, kind.copied());
        record.is_renamed = operator == Operator::Set && *name != *pair.key;
        record.operator = operator;
        record.value = Decoded::new(text, &pair.raw, pair.value);
        self.document.ledger.push(record);
    }

    /// The number of a section; most assignments stand in the one of the assignment before.
    fn section(&mut self, name: &[u8], current: &mut Option<u32>) -> u32 {
        let sections = &mut self.document.sections;
        match *current {
            Some(number)
                if sections
                    .name(number)
                    .is_some_and(|(_, known)| known == name) =>
            {
                number
            }
            _ => *current.insert(sections.insert(0, name, || ())),
        }
    }

    fn key(&mut self, section: u32, name: &[u8], kind: Option<KeyKind>) -> u32 {
        let nested = self.document.is_nested;
        let schema = &self.rules.schema;
        let in_section = self.document.sections.name(section);
        let in_section = in_section.map(|(_, name)| &**name).unwrap_or_default();
        self.document.keys.insert(section, name, || Slot {
            in_item: (!nested && schema.is_repeated(in_section))
                .then(|| schema.kind_in_item(in_section, name).copied())
                .flatten(),
            unknown: schema.unknown(in_section, name),
            rule: match (kind, self.rules.repeated) {
                (Some(kind), _) if !(nested && kind.is_of_text()) => Rule::Kind(kind),
                // A value of a structured format has a type, so it is known not to be a list of lines.
                _ if nested => Rule::Kind(LAST),
                (_, Repeated::Schema) => Rule::Unknown,
                (_, Repeated::Last) => Rule::Kind(LAST),
                (_, Repeated::Libeconf) => Rule::Libeconf,
            },
            last: None,
        })
    }

    /// Lets the assignments of a fragment, which begin at `first`, have their effect.
    fn apply_from(&mut self, first: usize) {
        for index in first..self.document.ledger.len() {
            self.apply(index);
        }
    }

    fn apply(&mut self, index: usize) {
        let new = number(index);
        let Some(record) = self.document.ledger.get(index) else {
            return;
        };
        if record.fate != Fate::Applied {
            return;
        }
        let key = record.key;
        let Some(slot) = self.document.keys.get_mut(key) else {
            return;
        };
        let previous = slot.last.replace(new);
        let is_empty = record.is_empty();
        let (operator, fragment, header) = (record.operator, record.fragment, record.header);
        let rule = slot.in_item.map_or(slot.rule, Rule::Kind);
        if self.document.is_nested {
            self.nest(new, key);
        }
        if let Some(record) = self.document.ledger.get_mut(index) {
            record.previous = previous;
        }
        // Below another header stands another item.
        let previous = previous.filter(|&index| self.header(index) == Some(header));
        match rule {
            Rule::Unknown => {}
            Rule::Libeconf => self.libeconf(previous, new, fragment),
            Rule::Kind(kind) => match kind.merge {
                Merge::Last if self.adds_to_list(previous, new) => {}
                Merge::Last if is_empty && kind.empty == OnEmpty::Ignored => {
                    self.ignore(previous, new);
                }
                Merge::Last if is_empty && resets(kind) => {
                    self.beat_all(previous, Fate::Reset(new));
                }
                Merge::Last => self.beat_all(previous, Fate::Superseded(new)),
                Merge::First => {
                    if let Some(first) = self.counting(previous) {
                        self.beat(Some(new), Fate::Superseded(first));
                    }
                }
                Merge::Append | Merge::Map => {
                    if is_empty && resets(kind) {
                        self.beat_all(previous, Fate::Reset(new));
                        self.reset_together(new);
                    }
                }
                Merge::Set => {
                    if operator == Operator::Set {
                        self.beat_all(previous, Fate::Superseded(new));
                    }
                }
            },
        }
    }

    /// Leaves the assignment before `new` as the one that the next will beat. Where there is none, `new`
    /// stands for it.
    fn ignore(&mut self, previous: Option<u32>, new: u32) {
        let Some(last) = previous else {
            return;
        };
        self.beat(Some(new), Fate::Superseded(last));
        let record = self.document.ledger.get_mut(new as usize);
        let key = record.map(|record| {
            record.previous = None;
            record.key
        });
        if let Some(slot) = key.and_then(|key| self.document.keys.get_mut(key)) {
            slot.last = previous;
        }
    }

    /// Empties the other keys that make one list with that of the assignment `new`, which is empty
    /// (the triggers of a timer).
    fn reset_together(&mut self, new: u32) {
        let record = self.document.ledger.get(new as usize);
        let Some((key, (section, name))) =
            record.and_then(|record| Some((record.key, self.document.keys.name(record.key)?)))
        else {
            return;
        };
        let names = (self.rules.schema).together(self.document.section_of(key), name);
        let others = names
            .filter(|other| **other != **name)
            .filter_map(|other| self.document.keys.find(section, other));
        let header = self.header(new);
        let last: Vec<_> = others
            .filter_map(|other| self.document.keys.get(other)?.last)
            .filter(|&last| self.header(last) == header)
            .collect();
        for last in last {
            self.beat_all(Some(last), Fate::Reset(new));
        }
    }

    fn fate(&self, index: Option<u32>) -> Option<Fate> {
        Some(self.document.ledger.get(index? as usize)?.fate)
    }

    fn header(&self, index: u32) -> Option<u32> {
        Some(self.document.ledger.get(index as usize)?.header)
    }

    fn previous(&self, index: u32) -> Option<u32> {
        self.document.ledger.get(index as usize)?.previous
    }

    fn beat(&mut self, index: Option<u32>, fate: Fate) {
        if let Some(index) = index
            && let Some(record) = self.document.ledger.get_mut(index as usize)
        {
            record.fate = fate;
        }
    }

    /// Gives this fate to `last` and those before it that count, back to the first that does not, or
    /// stands below another header.
    fn beat_all(&mut self, last: Option<u32>, fate: Fate) {
        let mut next = last;
        let header = last.and_then(|last| self.header(last));
        while let Some(index) = next
            && self.fate(next) == Some(Fate::Applied)
            && self.header(index) == header
        {
            self.beat(next, fate);
            next = self.previous(index);
        }
    }

    /// Of a key of which one assignment counts, that one. `last` is its latest, so it counts itself or
    /// knows by which it was beaten.
    fn counting(&self, last: Option<u32>) -> Option<u32> {
        match self.fate(last)? {
            Fate::Applied => last,
            Fate::Superseded(by) => {
                let key = |index: u32| Some(self.document.ledger.get(index as usize)?.key);
                (key(by) == key(last?)).then_some(by)
            }
            _ => None,
        }
    }

    /// Of a file that brings a key, the first assignment counts; of one that overrides it, the last
    /// (`merge_existing_groups()`).
    fn libeconf(&mut self, previous: Option<u32>, new: u32, fragment: u32) {
        let Some(previous) = self.counting(previous) else {
            return;
        };
        let brought = self.document.ledger.get(previous as usize);
        let is_own = brought.is_some_and(|record| record.fragment == fragment);
        let has_lower = brought.is_some_and(|record| record.previous.is_some());
        if is_own && !has_lower {
            self.beat(Some(new), Fate::Superseded(previous));
        } else {
            self.beat(Some(previous), Fate::Superseded(new));
        }
    }
}

/// What the schema says of keys whose values have types, as if they were text to be taken apart. Such a
/// key is read as if it said nothing.
fn unfit_kinds(document: &Document, rules: &Rules) -> Vec<Finding> {
    if !document.is_nested || rules.schema.is_empty() {
        return Vec::new();
    }
    let schema = &rules.schema;
    let is_unfit = |key: &Key<'_>| {
        let kind = schema.kind_in_item(key.section(), key.name());
        kind.is_some_and(|kind| kind.is_of_text() || schema.is_repeated(key.section()))
    };
    let last = document
        .keys()
        .filter(is_unfit)
        .filter_map(|key| key.last());
    last.map(|last| {
        let message = format!("{}: {NOT_TEXT}", escape(last.key()));
        let finding = Finding::error(&last.fragment().path, message);
        finding.at(last.line()).spanning(last.span())
    })
    .collect()
}

/// Says of maps which assignments still give a variable its value: one of which later assignments give
/// all variables anew counts no more.
fn settle_maps(document: &mut Document) {
    let mut beaten = Vec::new();
    let is_map = |kind: &KeyKind| kind.merge == Merge::Map;
    for key in document.keys().filter(|key| key.kind().is_some_and(is_map)) {
        let applied = key.applied();
        let items = key.read(&applied);
        let giving: HashSet<_> = items.iter().map(|item| item.from.number()).collect();
        let others = applied.iter().filter(|a| !giving.contains(&a.number()));
        beaten.extend(others.filter_map(|loser| {
            let by = items.in_place_of(*loser)?.from;
            Some((loser.number(), number(by.number())))
        }));
    }
    for (loser, by) in beaten {
        if let Some(record) = document.ledger.get_mut(loser) {
            record.fate = Fate::Superseded(by);
        }
    }
}

/// Says of the assignments that would count that they do not, because nothing is loaded.
fn unload(document: &mut Document) {
    for record in &mut document.ledger {
        if record.fate == Fate::Applied {
            record.fate = Fate::NotLoaded;
        }
    }
}

/// Whether an empty value takes away what was assigned before.
pub(crate) const fn resets(kind: KeyKind) -> bool {
    matches!(kind.empty, OnEmpty::Reset | OnEmpty::Clear)
}

/// Lines, offsets and counts: files are at most 16 MiB long, and there are at most 2^20 of them.
fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::rules::{BrokenFile, Rules};
    use crate::tree::Tree;
    use crate::{Document, Resolver};

    const FILES: [(&str, &str); 3] = [
        ("/usr/lib/x.d/a.conf", "[S]\nA=1\n"),
        ("/etc/x.d/b.conf", "[S]\nB=1\n[T\nC=1\n"),
        ("/etc/x.d/c.conf", "[S]\nA=2\n"),
    ];

    fn resolve(broken_file: BrokenFile) -> Document {
        let file = |tree: Tree, (path, text): (&str, &str)| tree.with(Path::new(path), text);
        let rules = Rules {
            broken_file,
            ..Rules::named("systemd").unwrap()
        };
        let tree = FILES.into_iter().fold(Tree::default(), file);
        Resolver::new(tree).rules(rules).resolve("x.d")
    }

    #[test]
    fn a_file_that_is_something_else_does_not_fill_the_memory() {
        let tree = Tree::default().with(Path::new("/etc/x.d/a.conf"), "junk\n".repeat(5000));
        let document = Resolver::new(tree).resolve("x.d");
        assert_eq!(document.problems().len(), 1001);
    }

    #[test]
    fn a_broken_file_costs_what_the_rules_say() {
        for (broken_file, a, b, loads) in [
            (BrokenFile::Alone, Some("2"), Some("1"), true),
            (BrokenFile::EndsLoading, Some("1"), Some("1"), true),
            (BrokenFile::Fatal, None, None, false),
        ] {
            let document = resolve(broken_file);
            let value = |key| Some(document.get("S", key)?.value().to_string());
            assert_eq!(value("A").as_deref(), a, "{broken_file:?}");
            assert_eq!(value("B").as_deref(), b, "above the bad header");
            assert_eq!(document.loads(), loads, "{broken_file:?}");
        }
        let document = resolve(BrokenFile::Fatal);
        let lost = document.assignments().next().unwrap();
        assert_eq!(lost.state().word(), "invalid");
        assert_eq!(lost.by().unwrap().to_string(), "/etc/x.d/b.conf:3");
        let document = resolve(BrokenFile::EndsLoading);
        let lost = document.assignments().last().unwrap();
        assert_eq!(lost.by().unwrap().to_string(), "/etc/x.d/b.conf:3");
    }

    /// `Storage=` is one of the keys that refuse an empty value.
    #[test]
    fn an_assignment_that_changes_nothing_hides_none() {
        for (lines, applied) in [
            ("Storage=a\nStorage=\n", &["a"][..]),
            ("Storage=a\nStorage=\nStorage=b\n", &["b"]),
            ("Storage=a\nStorage=\nStorage=\nStorage=b\n", &["b"]),
            ("Storage=\nStorage=b\n", &["b"]),
            ("Storage=\nStorage=\n", &[""]),
        ] {
            let text = format!("[Journal]\n{lines}");
            let tree = Tree::default().with(Path::new("/etc/a.d/x.conf"), text);
            let rules = b"extends = 'systemd'\nschema = 'systemd/journald'";
            let rules = Rules::from_toml(Path::new("rules"), rules).unwrap();
            let document = Resolver::new(tree).rules(rules).resolve("a.d");
            let key = document.key("Journal", "Storage").unwrap();
            let found: Vec<_> = key.applied().iter().map(|a| a.value().to_owned()).collect();
            assert_eq!(found, applied, "{lines}");
        }
    }
}
