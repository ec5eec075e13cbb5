//! Edits a keyfile target in place, touching only the lines that must change.
//!
//! A target is somebody else's file too: comments, blank lines, unknown groups and the order of
//! everything stay as they are, and what is written is in `GKeyFile`'s own canonical form, so that a
//! later rewrite by libostree makes a small difference. Pure: bytes in, bytes out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _};
use foldhash::fast::RandomState;
use overlay_resolver::keyfile::{Keyfile, LineKind, Problem};

/// A keyfile as sections of lines that can be changed one by one.
///
/// A plan is made on a copy and compared with what was found: a copy shares all sections that it does
/// not change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Editor {
    /// In the order of the file. The first has no header; nor has what is left of a removed group.
    sections: Vec<Arc<Section>>,
    /// Where each group stands, more than once if its header is repeated.
    places: Arc<HashMap<BString, Vec<usize>, RandomState>>,
}

/// A header and the lines up to the next one.
///
/// A file may have a million lines, and a run may change thousands of them: none of the changes looks at the
/// other lines.
#[derive(Debug, Clone, Default)]
struct Section {
    group: Option<BString>,
    /// The header and all lines up to the last pair, which is where a new one goes. A line that was taken
    /// away is empty until then.
    lines: Vec<Line>,
    /// The blank lines and comments behind that.
    tail: VecDeque<Line>,
    /// The lines that are pairs, by key; those of one key in the order of the file.
    by_key: BTreeMap<BString, Vec<usize>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Line {
    text: BString,
    kind: Kind,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Kind {
    /// A blank line or a comment, or nothing any more.
    #[default]
    Filler,
    Header,
    /// Where they stand in the line. The locale belongs to the key.
    Pair {
        key: Range<usize>,
        value: Range<usize>,
    },
}

impl Editor {
    /// Takes a keyfile apart. A file that `GKeyFile` would refuse is refused here too, with the line.
    pub fn parse(text: &[u8]) -> Result<Self, (usize, Problem)> {
        let keyfile = Keyfile::parse(text);
        if let Some((line, problem)) = keyfile.problems().next() {
            return Err((line, problem.clone()));
        }
        let part = |range: &Range<usize>| -> BString {
            keyfile.text().get(range.clone()).unwrap_or_default().into()
        };
        let mut editor = Self::default();
        for line in keyfile.lines() {
            let within = |range: &Range<usize>| {
                let start = line.span.start;
                range.start - start..range.end - start
            };
            let kind = match &line.kind {
                LineKind::Blank | LineKind::Comment | LineKind::Invalid(_) => Kind::Filler,
                LineKind::Group { name } => {
                    editor.begin(part(name));
                    Kind::Header
                }
                LineKind::Pair { key, locale, value } => Kind::Pair {
                    // Behind the locale is its bracket.
                    key: within(&match locale {
                        Some(locale) => key.start..locale.end + 1,
                        None => key.clone(),
                    }),
                    value: within(value),
                },
            };
            editor.last_section().push(Line {
                text: part(&line.span),
                kind,
            });
        }
        Ok(editor)
    }

    /// The whole file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let lines = self.sections.iter().flat_map(|section| section.all());
        bstr::concat(lines.map(|line| &line.text))
    }

    /// The names of the groups, each as often as its header stands there.
    pub fn groups(&self) -> impl Iterator<Item = &BStr> {
        self.sections
            .iter()
            .filter_map(|section| section.group.as_ref().map(|name| name.as_bstr()))
    }

    /// Whether there is a group of this name.
    pub fn has_group(&self, group: &str) -> bool {
        self.places.contains_key(group.as_bytes().as_bstr())
    }

    /// The pairs of a group in order; of a repeated key the last one counts, as in `GKeyFile`.
    pub fn pairs(&self, group: &str) -> impl Iterator<Item = (&BStr, &BStr)> {
        let lines = self.sections_of(group).flat_map(|section| &section.lines);
        lines.filter_map(Line::pair)
    }

    /// The value of a key; of a repeated key the last one.
    pub fn get(&self, group: &str, key: &str) -> Option<&BStr> {
        let mut sections = self.sections_of(group).rev();
        sections.find_map(|section| {
            let (_, value) = section.lines.get(section.find(key)?)?.pair()?;
            Some(value)
        })
    }

    /// Gives a key its value: an existing key keeps its place, a new one goes to the end of its group,
    /// a new group to the end of the file, as `GKeyFile` does it.
    pub fn set(&mut self, group: &str, key: &str, value: &BStr) {
        if self.get(group, key) == Some(value) {
            return;
        }
        let line = Line::of_pair(key, value);
        let places = self.places(group).to_vec();
        for &place in places.iter().rev() {
            if let Some(section) = self.sections.get_mut(place)
                && let Some(at) = section.find(key)
                && let Some(existing) = Arc::make_mut(section).lines.get_mut(at)
            {
                *existing = line;
                return;
            }
        }
        let section = match places
            .last()
            .and_then(|&place| self.sections.get_mut(place))
        {
            Some(section) => Arc::make_mut(section),
            None => self.append(group),
        };
        section.add(line);
    }

    /// Takes a key away, however often it is there.
    pub fn unset(&mut self, group: &str, key: &str) {
        for place in self.places(group).to_vec() {
            if let Some(section) = self.sections.get_mut(place)
                && section.find(key).is_some()
            {
                Arc::make_mut(section).remove(key);
            }
        }
    }

    /// Takes a group away with its pairs and the blank lines between; comments after its last pair
    /// are taken for those of the next group and stay.
    pub fn remove_group(&mut self, group: &str) {
        if !self.has_group(group) {
            return;
        }
        let places = Arc::make_mut(&mut self.places).remove(group.as_bytes().as_bstr());
        for place in places.into_iter().flatten() {
            if let Some(section) = self.sections.get_mut(place) {
                Arc::make_mut(section).clear();
            }
        }
        for section in self.sections.iter_mut().rev() {
            while section.tail.back().is_some_and(Line::is_blank) {
                Arc::make_mut(section).tail.pop_back();
            }
            if section.last().is_some() {
                break;
            }
        }
    }

    fn places(&self, group: &str) -> &[usize] {
        self.places
            .get(group.as_bytes().as_bstr())
            .map_or(&[], Vec::as_slice)
    }

    fn sections_of(&self, group: &str) -> impl DoubleEndedIterator<Item = &Section> {
        let places = self.places(group).iter();
        places.filter_map(|&place| self.sections.get(place).map(|section| &**section))
    }

    fn begin(&mut self, group: BString) {
        Arc::make_mut(&mut self.places)
            .entry(group.clone())
            .or_default()
            .push(self.sections.len());
        self.sections.push(Arc::new(Section {
            group: Some(group),
            ..Section::default()
        }));
    }

    fn last_section(&mut self) -> &mut Section {
        if self.sections.is_empty() {
            self.sections.push(Arc::default());
        }
        let last = self.sections.len() - 1;
        Arc::make_mut(&mut self.sections[last])
    }

    /// Adds a group behind one blank line.
    fn append(&mut self, group: &str) -> &mut Section {
        let mut sections = self.sections.iter_mut().rev();
        let last = sections.find(|section| section.last().is_some());
        let last = last.and_then(|section| Arc::make_mut(section).last_mut());
        let separate = last.is_some_and(|last| {
            last.end();
            !last.is_blank()
        });
        if separate {
            self.last_section().push(Line {
                text: "\n".into(),
                kind: Kind::Filler,
            });
        }
        self.begin(group.into());
        let section = self.last_section();
        section.push(Line {
            text: format!("[{group}]\n").into(),
            kind: Kind::Header,
        });
        section
    }
}

impl PartialEq for Section {
    /// What was taken away makes no difference.
    fn eq(&self, other: &Self) -> bool {
        let there = |section| Self::all(section).filter(|line| !line.text.is_empty());
        self.group == other.group && there(self).eq(there(other))
    }
}

impl Eq for Section {}

impl Section {
    fn all(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().chain(&self.tail)
    }

    /// The last line; the one before the tail is never one that was taken away.
    fn last(&self) -> Option<&Line> {
        self.tail.back().or(self.lines.last())
    }

    fn last_mut(&mut self) -> Option<&mut Line> {
        self.tail.back_mut().or(self.lines.last_mut())
    }

    /// The line of a key; of a repeated key the last one.
    fn find(&self, key: &str) -> Option<usize> {
        self.by_key.get(key.as_bytes().as_bstr())?.last().copied()
    }

    /// Adds a line behind all others.
    fn push(&mut self, line: Line) {
        if line.kind == Kind::Filler {
            self.tail.push_back(line);
            return;
        }
        self.lines.extend(self.tail.drain(..));
        if let Some((key, _)) = line.pair() {
            let at = self.lines.len();
            self.by_key.entry(key.to_owned()).or_default().push(at);
        }
        self.lines.push(line);
    }

    /// Adds a pair behind all others, and before what follows them.
    fn add(&mut self, line: Line) {
        let tail = std::mem::take(&mut self.tail);
        self.lines.last_mut().into_iter().for_each(Line::end);
        self.push(line);
        self.tail = tail;
    }

    /// Takes all pairs of a key away. The new last one has behind it what the old one had before it.
    fn remove(&mut self, key: &str) {
        let gone = self.by_key.remove(key.as_bytes().as_bstr());
        for at in gone.into_iter().flatten() {
            if let Some(line) = self.lines.get_mut(at) {
                *line = Line::default();
            }
        }
        while let Some(line) = self.lines.pop_if(|line| line.kind == Kind::Filler) {
            if !line.text.is_empty() {
                self.tail.push_front(line);
            }
        }
    }

    /// Leaves the comments behind the last pair, of no group.
    fn clear(&mut self) {
        self.group = None;
        self.by_key.clear();
        self.lines.clear();
        self.tail.retain(|line| !line.is_blank());
    }
}

impl Line {
    fn of_pair(key: &str, value: &BStr) -> Self {
        let text: BString = [key.as_bytes(), b"=", value, b"\n"].concat().into();
        let end = key.len() + 1 + value.len();
        Self {
            text,
            kind: Kind::Pair {
                key: 0..key.len(),
                value: key.len() + 1..end,
            },
        }
    }

    fn pair(&self) -> Option<(&BStr, &BStr)> {
        let Kind::Pair { key, value } = &self.kind else {
            return None;
        };
        let part = |range: &Range<usize>| self.text.get(range.clone()).map(BStr::new);
        Some((part(key)?, part(value)?))
    }

    fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }

    /// A file need not end with a line end; a line that gets a successor must.
    fn end(&mut self) {
        if !self.text.ends_with(b"\n") {
            self.text.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONFIG: &str = "\
# by hand
[core]
repo_version=1

[remote \"a\"]
url=https://a
# why
x = 1

# about b
[remote \"b\"]
url=https://b
";

    fn edited(text: &str, edit: impl FnOnce(&mut Editor)) -> String {
        let mut editor = Editor::parse(text.as_bytes()).unwrap();
        edit(&mut editor);
        String::from_utf8(editor.to_bytes()).unwrap()
    }

    #[test]
    fn an_existing_key_keeps_its_place_and_a_new_one_goes_last() {
        let text = edited(CONFIG, |e| {
            e.set("remote \"a\"", "url", "https://c".into());
            e.set("remote \"a\"", "y", "2".into());
        });
        assert_eq!(
            text,
            CONFIG
                .replace("https://a", "https://c")
                .replace("x = 1\n", "x = 1\ny=2\n")
        );
    }

    #[test]
    fn a_new_group_follows_one_blank_line() {
        for (before, between) in [
            ("[g]\na=1\n", "\n"),
            ("[g]\na=1", "\n\n"),
            ("[g]\na=1\n\n", ""),
            ("", ""),
        ] {
            let text = edited(before, |e| e.set("h", "b", "2".into()));
            assert_eq!(text, format!("{before}{between}[h]\nb=2\n"));
        }
    }

    #[test]
    fn removing_a_group_leaves_the_comments_of_the_next() {
        let text = edited(CONFIG, |e| e.remove_group("remote \"a\""));
        assert_eq!(
            text,
            "# by hand\n[core]\nrepo_version=1\n\n# about b\n[remote \"b\"]\nurl=https://b\n"
        );
        let text = edited(CONFIG, |e| e.remove_group("remote \"b\""));
        assert!(text.ends_with("x = 1\n\n# about b\n"), "{text}");
    }

    #[test]
    fn of_a_repeated_key_the_last_one_counts_and_changes() {
        let twice = "[g]\nk=1\nk=2\n[h]\n[g]\nk=3\n";
        assert_eq!(
            Editor::parse(twice.as_bytes())
                .unwrap()
                .get("g", "k")
                .unwrap(),
            "3"
        );
        assert_eq!(
            edited(twice, |e| e.set("g", "k", "4".into())),
            twice.replace('3', "4")
        );
        assert_eq!(edited(twice, |e| e.unset("g", "k")), "[g]\n[h]\n[g]\n");
    }

    #[test]
    fn the_value_that_is_there_is_not_rewritten() {
        assert_eq!(
            edited(CONFIG, |e| e.set("remote \"a\"", "x", "1".into())),
            CONFIG
        );
    }

    #[test]
    fn a_locale_belongs_to_the_key() {
        let editor = Editor::parse(b"[g]\na[de] = 2\n").unwrap();
        assert_eq!(editor.get("g", "a[de]").unwrap(), "2");
        assert_eq!(editor.get("g", "a"), None);
    }

    #[test]
    fn a_copy_that_changes_leaves_the_other() {
        let before = Editor::parse(CONFIG.as_bytes()).unwrap();
        let mut after = before.clone();
        after.set("remote \"a\"", "x", "2".into());
        after.remove_group("remote \"b\"");
        assert_ne!(after, before);
        assert_eq!(before.to_bytes(), CONFIG.as_bytes());
    }

    #[test]
    fn what_glib_refuses_is_refused_with_its_line() {
        assert_eq!(Editor::parse(b"[g]\nk=1\njunk\n").unwrap_err().0, 3);
    }

    proptest! {
        #[test]
        fn set_then_get_and_unset_is_gone(key in "[a-c]", group in "[g-i]", value in "[x-z=#;]{0,4}") {
            let text = "[g]\na=1\nb=2\na=3\n\n# c\n[h]\nc=1\n";
            let mut editor = Editor::parse(text.as_bytes()).unwrap();
            editor.set(&group, &key, value.as_str().into());
            let mut editor = Editor::parse(&editor.to_bytes()).unwrap();
            prop_assert_eq!(editor.get(&group, &key).unwrap(), value.as_str());
            editor.unset(&group, &key);
            let editor = Editor::parse(&editor.to_bytes()).unwrap();
            prop_assert_eq!(editor.get(&group, &key), None);
        }
    }
}
