//! Merges the fragments of an entry, key by key, into a [`Ledger`].
//!
//! One pass over the fragments in their order writes the ledger. Where an assignment beats an earlier
//! one, the earlier row learns by which. Only of maps (`Environment=`) it is said at the end which rows
//! still give a variable its value.
//!
//! This is the only merge. What some of the files come to, such as one alone, is asked of it too, by
//! [`Keep`].

mod combine;
mod nested;
mod settle;

use self::nested::Paths;
use crate::finding::{ENOUGH, Finding, Level, code};
use crate::format::{Item, Kept, Kind, Lost, Pair};
use crate::ledger::{
    Decoded, Ended, Fate, KeyId, Ledger, ProblemId, Record, Rule, SectionId, Slot, Unloaded,
};
use crate::numbered::small;
use crate::root::{Reason, Unusable};
use crate::rules::{BrokenFile, Repeated, Rules};
use crate::scan::{Entry, FileId, Fragment, State};
use crate::schema::{KeyKind, Merge, OnEmpty, Operator, Split};

const LAST: KeyKind = KeyKind {
    merge: Merge::Last,
    split: Split::None,
    empty: OnEmpty::Value,
};

/// Which files of an entry are merged.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep {
    /// All of them.
    All,
    /// The first so many of [`Entry::fragments`], each as it counts among all.
    #[cfg(test)]
    First(usize),
    /// This one, as if it were the only one.
    Only(FileId),
}

impl Keep {
    /// How many files to pass over, and how many to merge at most.
    fn range(self) -> (usize, usize) {
        match self {
            Self::All => (0, usize::MAX),
            #[cfg(test)]
            Self::First(count) => (0, count),
            Self::Only(file) => (file.index(), 1),
        }
    }

    /// Whether a file counts.
    fn state(self, file: &Fragment) -> &State {
        match self {
            Self::Only(_) => file.alone(),
            Self::All => &file.state,
            #[cfg(test)]
            Self::First(_) => &file.state,
        }
    }
}

/// Merges these files of an entry by these rules. `kept` is what texts say that others have, too.
pub(crate) fn merge(entry: &Entry, rules: &Rules, keep: Keep, kept: &Kept) -> Ledger {
    let (skip, take) = keep.range();
    let files = entry.files().skip(skip).take(take);
    let mut merging = Merging {
        ledger: Ledger::new(entry.format(rules), rules.append_lists, files.len()),
        rules,
        kept,
        headers: 0,
        paths: Paths::default(),
    };
    for (number, file) in files {
        merging.file(number, file, keep.state(file));
    }
    let mut ledger = merging.ledger;
    settle::items(entry, &mut ledger);
    settle::unload(entry, rules, &mut ledger, keep);
    ledger
}

struct Merging<'r> {
    ledger: Ledger,
    rules: &'r Rules,
    kept: &'r Kept,
    /// The headers that were met.
    headers: u32,
    /// What stands where in the tree of keys, for formats that nest them.
    paths: Paths,
}

/// A file that is being read.
struct Reading<'r> {
    number: FileId,
    file: &'r Fragment,
    /// What becomes of its next assignment.
    fate: Fate,
    /// The section of its last assignment.
    section: Option<SectionId>,
    /// How many problems were known before it.
    problems: usize,
    /// Its worst problem, if it counts and has one.
    worst: Option<(Lost, ProblemId)>,
}

impl Merging<'_> {
    fn file(&mut self, number: FileId, file: &Fragment, state: &State) {
        let fate = match (state, self.ledger.ended()) {
            (State::Effective, None) => Fate::Applied,
            (State::Effective, Some(ended)) => Fate::Invalid(ended.problem),
            (State::Shadowed(by), _) => Fate::Shadowed(*by),
            (State::Masked(by), _) => Fate::Masked(*by),
            (State::Unusable(_), _) if file.fatal => {
                return self.ledger.unload(Unloaded::File(number));
            }
            (State::Unusable(why), None) => return self.unusable(number, file, why),
            (
                State::Unusable(_)
                | State::Duplicate(_)
                | State::Mask(_)
                | State::PassedOver(_)
                | State::Ignored(_)
                | State::Unseen,
                _,
            ) => return,
        };
        let first = self.ledger.len();
        let worst = self.read(Reading {
            number,
            file,
            fate,
            section: None,
            problems: self.ledger.problems().len(),
            worst: None,
        });
        if fate != Fate::Applied {
            return;
        }
        if let Some((Lost::File, problem)) = worst {
            for row in self.ledger.rows_from(first) {
                self.ledger[row].fate = Fate::Invalid(problem);
            }
        }
        for row in self.ledger.rows_from(first) {
            self.apply(row);
        }
        match (worst, self.rules.broken_file) {
            (Some((Lost::File | Lost::Rest, problem)), BrokenFile::Fatal) => {
                self.ledger.unload(Unloaded::Problem(problem));
            }
            (Some((Lost::File | Lost::Rest, problem)), BrokenFile::EndsLoading) => {
                self.ledger.end(Ended {
                    problem,
                    file: number,
                });
            }
            (Some((Lost::File | Lost::Rest, _)), BrokenFile::Alone)
            | (Some((Lost::Item, _)) | None, _) => {}
        }
    }

    /// Writes what a file says into the ledger; returns its worst problem, if it counts and has one.
    fn read(&mut self, mut reading: Reading<'_>) -> Option<(Lost, ProblemId)> {
        let counts = reading.fate == Fate::Applied;
        let text = &reading.file.text;
        self.headers += 1;
        let (format, kept) = (self.ledger.format(), self.kept);
        kept.read(format, text, &mut |item| match &item.kind {
            Kind::Assignment(pair) => self.assignment(&mut reading, item, pair),
            Kind::Problem(problem) => {
                self.ledger.breaks(reading.number, *item.lines.start());
                if !counts {
                    return;
                }
                // A consumer that passes over a line does what the others say all the same.
                let level = match (problem.lost, reading.fate) {
                    (Lost::Item, Fate::Applied) => Level::Warning,
                    _ => Level::Error,
                };
                let path = &reading.file.path;
                let found = code::BROKEN_LINE.finding(level, path, &*problem.message);
                let found = found.at(*item.lines.start()).spanning(item.span.clone());
                let number = self.problem(reading.problems, found);
                if problem.lost != Lost::Item && reading.fate == Fate::Applied {
                    reading.fate = Fate::Invalid(number);
                }
                if reading.worst.is_none_or(|(lost, _)| lost < problem.lost) {
                    reading.worst = Some((problem.lost, number));
                }
            }
            Kind::Section(_) => self.headers += 1,
            Kind::Blank | Kind::Comment => {}
        });
        reading.worst
    }

    /// Keeps a problem of a file before which `before` were known; returns its number.
    fn problem(&mut self, before: usize, problem: Finding) -> ProblemId {
        match (
            self.ledger.problems().len() - before,
            self.ledger.last_problem(),
        ) {
            (ENOUGH, _) => self.ledger.problem(problem.of_more()),
            (count, Some(last)) if count > ENOUGH => last,
            _ => self.ledger.problem(problem),
        }
    }

    /// A file that takes its name and cannot be read may end the loading too; one that is not there
    /// never does.
    fn unusable(&mut self, number: FileId, file: &Fragment, why: &Unusable) {
        if self.rules.broken_file == BrokenFile::EndsLoading && why.reason != Reason::Missing {
            let problem = self.ledger.problem(code::BROKEN_LINE.error(
                &file.path,
                "its consumer stops here: it reads none of the files after this one",
            ));
            self.ledger.end(Ended {
                problem,
                file: number,
            });
        }
    }

    fn assignment(&mut self, reading: &mut Reading<'_>, item: &Item<'_>, pair: &Pair<'_>) {
        let text = &reading.file.text;
        let section = self.section(&pair.section, &mut reading.section);
        let schema = &self.rules.schema;
        // Most files have none, and each question to it would be asked of every line.
        let has_schema = !schema.is_empty();
        let has_headers = has_schema && !self.ledger.format().is_nested();
        let is_repeated = has_headers && schema.is_repeated(&pair.section);
        let header = if is_repeated { self.headers } else { 0 };
        let raw = small(pair.raw.start)..small(pair.raw.end);
        let span = small(item.span.start)..small(item.span.end);
        let (first_line, last_line) = (small(*item.lines.start()), small(*item.lines.end()));
        let (file, fate) = (reading.number, reading.fate);
        let record = |key, operator, is_renamed, value| Record {
            key,
            file,
            first_line,
            last_line,
            span: span.clone(),
            raw: raw.clone(),
            header,
            operator,
            is_renamed,
            is_idle: false,
            value,
            fate,
            previous: None,
        };
        if !has_schema {
            let key = self.key(section, &pair.key, None);
            let value = Decoded::new(text, &pair.raw, &pair.value);
            self.ledger.push(record(key, Operator::Set, false, value));
            return;
        }
        let mut is_short = false;
        for name in schema.sets(&pair.section, &pair.key) {
            is_short = true;
            let kind = schema.kind(&pair.section, name).copied();
            let key = self.key(section, name, kind);
            let value = Decoded::new(text, &pair.raw, &pair.value);
            self.ledger.push(record(key, Operator::Set, true, value));
        }
        if is_short {
            return;
        }
        let (name, operator, kind) = schema.resolve_key(&pair.section, &pair.key);
        let is_renamed = operator == Operator::Set && *name != *pair.key;
        let key = self.key(section, name, kind.copied());
        let value = Decoded::new(text, &pair.raw, &pair.value);
        self.ledger.push(record(key, operator, is_renamed, value));
    }

    /// The number of a section; most assignments stand in the one of the assignment before.
    fn section(&mut self, name: &[u8], current: &mut Option<SectionId>) -> SectionId {
        match *current {
            Some(section) if self.ledger.section_name(section) == name => section,
            _ => *current.insert(self.ledger.section(name)),
        }
    }

    fn key(&mut self, section: SectionId, name: &[u8], kind: Option<KeyKind>) -> KeyId {
        let nested = self.ledger.format().is_nested();
        let Rules {
            schema, repeated, ..
        } = self.rules;
        let may_repeat = !nested && !schema.is_empty();
        self.ledger.key(section, name, |section| Slot {
            in_item: (may_repeat && schema.is_repeated(section))
                .then(|| schema.kind_in_item(section, name).copied())
                .flatten(),
            unknown: schema.unknown(section, name),
            rule: match (kind, repeated) {
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
        Resolver::new(tree).rules(rules).resolve("x.d").unwrap()
    }

    #[test]
    fn a_file_that_is_something_else_does_not_fill_the_memory() {
        let tree = Tree::default().with(Path::new("/etc/x.d/a.conf"), "junk\n".repeat(5000));
        let document = Resolver::new(tree).resolve("x.d").unwrap();
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
            let document = Resolver::new(tree).rules(rules).resolve("a.d").unwrap();
            let key = document.key("Journal", "Storage").unwrap();
            let found: Vec<_> = key.applied().iter().map(|a| a.value().to_owned()).collect();
            assert_eq!(found, applied, "{lines}");
        }
    }
}
