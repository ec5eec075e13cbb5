//! What a run is about to do: written down before its first step, taken away after its last.
//!
//! A run that is killed in between may be followed by one of another image, after the owner has acted. What
//! stands beside an entry then does not tell whose it is: it may be what the dead run had brought, or was to take
//! out. The intent says so, and what else has to follow. It says nothing of values: those change together with
//! their baselines, in one rename. What a facet has to say of its own stands in lists that it names, such as those of
//! certificates ([`remotes::exchanged`](crate::remotes)).
//!
//! ```text
//! [remote "NAME"]    (or whatever the target calls an entry)
//! Certificates=0123…;
//! Files=/var/lib/flatpak/repo/tmp/cache/summaries/NAME.idx;
//! From=/sysroot/ostree/repo/config
//! Left=true
//! Former=OLDNAME
//! Remembered=…
//! Found=…
//! Remembers=…
//! ```
//!
//! An entry that moves from one file to another leaves the first before it comes to the second; in between, what is
//! staged for the second is all there is of it. That it left by our doing, and was not deleted there by its owner, is
//! told by what is staged beside the first. The next run may replace that, so it says in its own intent what it
//! found: that it has left, or no word of a way. An entry that gets another name is on such a way, and which name it
//! had is said as long as the intent is there: what was noted under that for its sake is mended by it.
//!
//! Where what is remembered of a name has a file of its own, that it is absent by our doing is written there before it is
//! taken away. What was remembered before is in the intent as long as that may turn out not to have come true.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice as _};
use overlay_resolver::escape::{escape_path, unescape};
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use crate::code;
use crate::editor::Editor;

/// How the file is called, in the directory that runs lock.
pub(crate) const FILE_NAME: &str = ".overlayctl.intent";

const FILES: &str = "Files";
const FROM: &str = "From";
const FORMER: &str = "Former";
const LEFT: &str = "Left";
const REMEMBERED: &str = "Remembered";
const FOUND: &str = "Found";
const REMEMBERS: &str = "Remembers";

/// What is about to become of the entries that a run changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Intent {
    entries: BTreeMap<String, Traces>,
}

/// What a run changes beside an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Traces {
    /// What its facets have to say, by the key of the list.
    pub(crate) lists: BTreeMap<&'static str, BTreeSet<String>>,
    /// Files that it makes or removes.
    pub(crate) files: BTreeSet<PathBuf>,
    /// The file that it takes the entry out of, to put it into its own.
    pub(crate) moves: Option<Move>,
    /// The name that the entry had before, if this run gives it another.
    pub(crate) former: Option<String>,
    /// What is remembered of its name, where that has a file of its own and may turn out not to have come true.
    pub(crate) recollection: Option<Recollection>,
}

/// What is remembered of a name in a file of its own: texts of that file, none where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recollection {
    /// What holds as long as nothing has become of the entry.
    pub(crate) was: Option<BString>,
    /// What stands there, if that is something else: what an earlier run wrote and did not do. Empty where there is no
    /// file.
    pub(crate) found: Option<BString>,
    /// What the run writes.
    pub(crate) will_be: Option<BString>,
}

/// A list that a facet has in the intent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List {
    /// Its key.
    pub(crate) key: &'static str,
    /// What is wrong with an item.
    pub(crate) check: fn(&str) -> Result<(), String>,
}

/// An entry goes from one file to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    /// The first.
    pub(crate) from: PathBuf,
    /// Whether it is known to have left that.
    pub(crate) left: bool,
}

impl Traces {
    /// The keys of the entry's group.
    fn pairs(&self) -> Vec<(&'static str, BString)> {
        let lists = self.lists.iter().filter(|(_, items)| !items.is_empty());
        let lists = lists.map(|(key, items)| (*key, value::encode_list(items).into()));
        let mut pairs: Vec<_> = lists.collect();
        let files = self.files.iter().filter_map(|path| path.to_str());
        // Also where there are none: a group has a key.
        pairs.push((FILES, value::encode_list(files).into()));
        if let Some(Move { from, left }) = &self.moves {
            let from = escape_path(from).to_string();
            pairs.push((FROM, value::encode_string(&from).into()));
            pairs.push((LEFT, value::encode_boolean(*left).into()));
        }
        let former = self.former.iter();
        pairs.extend(former.map(|name| (FORMER, value::encode_string(name).into())));
        if let Some(Recollection {
            was,
            found,
            will_be,
        }) = &self.recollection
        {
            for (key, text) in [(REMEMBERED, was), (FOUND, found), (REMEMBERS, will_be)] {
                let text = text.as_ref().map(|text| text.to_str_lossy());
                pairs.extend(text.map(|text| (key, value::encode_string(&text).into())));
            }
        }
        pairs
    }

    /// The bytes of the group.
    fn size(&self, noun: &str, name: &str) -> usize {
        let pairs = self.pairs();
        let lines = pairs.iter().map(|(key, value)| key.len() + value.len() + 2);
        // The header has brackets; all ends with an empty line.
        group(noun, name).len() + 4 + lines.sum::<usize>()
    }
}

impl Intent {
    /// Reads the file, which errors call `path`. Entries are called `noun` there, and may have such names; their facets
    /// have these lists. A value that cannot be read is left out, and told by the finding.
    pub(crate) fn parse(
        text: &[u8],
        path: &Path,
        noun: &str,
        is_name: impl Fn(&str) -> bool,
        lists: &[List],
    ) -> Result<(Self, Option<Finding>), Finding> {
        let damaged = |problem: String| {
            let message = format!(
                "{problem}; it tells what a run that was killed had left to do, some of which may stay undone"
            );
            code::MALFORMED.warning(path, message)
        };
        let file = Editor::parse(text).map_err(|(line, problem)| damaged(problem).at(line))?;
        let mut problem = None;
        // A group may stand there many times.
        let names = file.groups().filter_map(|group| name_in(group, noun));
        let names: BTreeSet<_> = names.collect();
        let names = names.into_iter().filter(|name| is_name(name));
        let entries = names.map(|name| {
            let mut group = Group {
                file: &file,
                name: group(noun, name),
                problem: &mut problem,
            };
            let traces = Traces {
                lists: lists
                    .iter()
                    .map(|list| (list.key, group.list(list.key, list.check)))
                    .filter(|(_, items)| !items.is_empty())
                    .collect(),
                files: group
                    .list(FILES, |_| Ok(()))
                    .into_iter()
                    .map(PathBuf::from)
                    .collect(),
                moves: group.moves(),
                former: group.value(FORMER, |raw| value::decode_string(raw)),
                recollection: group.recollection(),
            };
            (name.to_owned(), traces)
        });
        let entries = entries.collect();
        Ok((Self { entries }, problem.map(damaged)))
    }

    pub(crate) fn to_bytes(&self, noun: &str) -> Vec<u8> {
        let mut file = Editor::parse(b"# A run of overlayctl is not finished.\n")
            .expect("a comment is a keyfile");
        for (name, traces) in &self.entries {
            let group = group(noun, name);
            for (key, value) in traces.pairs() {
                file.set(&group, key, value.as_bstr());
            }
        }
        file.to_bytes()
    }

    /// The entries that it is about.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// What it says of one.
    pub(crate) fn of(&self, name: &str) -> Option<&Traces> {
        self.entries.get(name)
    }

    /// The entry that takes over from one under another name.
    pub(crate) fn successor(&self, name: &str) -> Option<&str> {
        let mut entries = self.entries.iter();
        let successor = entries.find(|(_, traces)| traces.former.as_deref() == Some(name));
        successor.map(|(name, _)| name.as_str())
    }

    /// How many bytes each entry has more in it than in another.
    pub(crate) fn beyond(&self, other: &Self, noun: &str) -> Vec<(usize, String)> {
        let more = |(name, traces): (&String, &Traces)| {
            let known = other.of(name).map_or(0, |traces| traces.size(noun, name));
            Some((traces.size(noun, name).checked_sub(known)?, name.clone()))
        };
        self.entries.iter().filter_map(more).collect()
    }

    /// Adds what is about to become of an entry.
    pub(crate) fn add(&mut self, name: &str, traces: Traces) {
        let Traces {
            lists,
            files,
            moves,
            former,
            recollection,
        } = traces;
        let known = self.entries.entry(name.into()).or_default();
        for (key, items) in lists {
            known.lists.entry(key).or_default().extend(items);
        }
        known.files.extend(files);
        known.moves = moves.or(known.moves.take());
        known.former = former.or(known.former.take());
        known.recollection = recollection.or(known.recollection.take());
    }

    /// What is remembered of these names may turn out not to have come true, and of no others.
    pub(crate) fn recollect(&mut self, recollections: BTreeMap<String, Recollection>) {
        for traces in self.entries.values_mut() {
            traces.recollection = None;
        }
        for (name, recollection) in recollections {
            self.entries.entry(name).or_default().recollection = Some(recollection);
        }
    }

    /// Notes of an entry on its way that it has left the place where it was, or that it is not on its way.
    pub(crate) fn resolve(&mut self, name: &str, left: bool) {
        if let Some(traces) = self.entries.get_mut(name) {
            traces.moves = traces.moves.take().filter(|_| left);
            if let Some(moves) = &mut traces.moves {
                moves.left = true;
            }
        }
    }
}

/// The group of an entry.
fn group(noun: &str, name: &str) -> String {
    [noun, " \"", name, "\""].concat()
}

/// The name of the entry that a group is about, if it is about one whose name is text.
fn name_in<'g>(group: &'g BStr, noun: &str) -> Option<&'g str> {
    let quoted = group.strip_prefix(noun.as_bytes())?;
    let name = quoted.strip_prefix(b" \"")?.strip_suffix(b"\"")?;
    name.to_str().ok()
}

/// What the file says of one entry.
struct Group<'f> {
    file: &'f Editor,
    name: String,
    /// The first value of the file that cannot be read.
    problem: &'f mut Option<String>,
}

impl Group<'_> {
    /// A value; none where there is none, or none that can be read.
    fn value<T, E: fmt::Display>(
        &mut self,
        key: &str,
        decode: impl FnOnce(&BStr) -> Result<T, E>,
    ) -> Option<T> {
        let decoded = decode(self.file.get(&self.name, key)?);
        decoded.map_err(|error| self.refuse(key, error)).ok()
    }

    fn refuse(&mut self, key: &str, error: impl fmt::Display) {
        let name = &self.name;
        self.problem
            .get_or_insert_with(|| format!("[{name}] {key}: {error}"));
    }

    /// What can be read of a list.
    fn list(&mut self, key: &str, check: fn(&str) -> Result<(), String>) -> BTreeSet<String> {
        let items = self.value(key, |raw| value::decode_list(raw));
        let mut items: BTreeSet<_> = items.into_iter().flatten().collect();
        items.retain(|item| {
            let checked = check(item);
            checked
                .map_err(|error| self.refuse(key, format_args!("{item}: {error}")))
                .is_ok()
        });
        items
    }

    fn recollection(&mut self) -> Option<Recollection> {
        let mut text = |key| {
            let text = self.value(key, |raw| value::decode_string(raw));
            text.map(BString::from)
        };
        let recollection = Recollection {
            was: text(REMEMBERED),
            found: text(FOUND),
            will_be: text(REMEMBERS),
        };
        (recollection != Recollection::default()).then_some(recollection)
    }

    fn moves(&mut self) -> Option<Move> {
        let from = self.value(FROM, |raw| value::decode_string(raw))?;
        let left = self.value(LEFT, |raw| value::decode_boolean(raw))?;
        Some(Move {
            from: PathBuf::from(OsString::from_vec(unescape(from.as_bytes()))),
            left,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<(Intent, Option<Finding>), Finding> {
        let short = |item: &str| match item.len() {
            1 => Ok(()),
            _ => Err("expected a letter".into()),
        };
        let lists = ["Letters", "Others"].map(|key| List { key, check: short });
        Intent::parse(text, Path::new(FILE_NAME), "entry", |_| true, &lists)
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_counts() {
        for damaged in [
            r"Letters=\q;",
            "Letters=a;none;",
            r"Files=\q",
            "From=/a\nLeft=perhaps",
            r"From=\q",
            r"Former=\q",
            r"Remembered=\q",
        ] {
            let text = format!("[entry \"a\"]\nFiles=/b;\n[entry \"c\"]\n{damaged}\n");
            let (intent, problem) = parse(text.as_bytes()).unwrap();
            let files = &intent.of("a").unwrap().files;
            assert_eq!(files, &BTreeSet::from(["/b".into()]), "{damaged}");
            let problem = problem.expect(damaged).to_string();
            let place = format!("{FILE_NAME}: [entry \"c\"] ");
            assert!(problem.starts_with(&place), "{problem}");
        }
    }

    /// Each is looked up once: else this would take minutes.
    #[test]
    fn a_group_may_stand_there_many_times() {
        let text = "[entry \"a\"]\nurl=a\n".repeat(100_000);
        let (intent, _) = parse(text.as_bytes()).unwrap();
        assert!(intent.names().eq(["a"]));
    }

    #[test]
    fn what_is_written_is_read() {
        let mut intent = Intent::default();
        intent.add("nothing", Traces::default());
        let traces = Traces {
            lists: BTreeMap::from([
                ("Letters", ["A", "B"].map(str::to_owned).into()),
                ("Others", ["B".to_owned()].into()),
            ]),
            files: BTreeSet::from(["/a;b".into(), "/c".into()]),
            moves: None,
            former: None,
            recollection: Some(Recollection {
                was: Some("[Entry]\nState=offered\n".into()),
                found: None,
                will_be: Some(" a\n".into()),
            }),
        };
        intent.add("much", traces);
        for left in [false, true] {
            let from = OsString::from_vec(b"/a b;\\x/\xff\n".to_vec()).into();
            let traces = Traces {
                moves: Some(Move { from, left }),
                former: left.then(|| "x;".into()),
                ..Traces::default()
            };
            intent.add(if left { "left" } else { "leaves" }, traces);
        }
        let added = intent.beyond(&Intent::default(), "entry").into_iter();
        let added: usize = added.map(|(bytes, _)| bytes).sum();
        let nothing = Intent::default().to_bytes("entry");
        assert_eq!(intent.to_bytes("entry").len(), nothing.len() + added);
        for intent in [intent, Intent::default()] {
            assert_eq!(parse(&intent.to_bytes("entry")), Ok((intent, None)));
        }
    }
}
