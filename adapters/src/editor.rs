//! Edits a keyfile target in place, touching only the lines that must change.
//!
//! A target is somebody else's file too: comments, blank lines, unknown groups and the order of
//! everything stay as they are, and what is written is in `GKeyFile`'s own canonical form, so that a
//! later rewrite by libostree makes a small difference. Pure: bytes in, bytes out.

use bstr::{BStr, BString, ByteSlice as _};
use overlay_resolver::keyfile::{Keyfile, LineKind, Problem};

/// A keyfile as a list of lines that can be changed one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Editor {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    text: BString,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// A blank line or a comment.
    Filler,
    Group(BString),
    Pair {
        key: BString,
        value: BString,
    },
}

impl Editor {
    /// Takes a keyfile apart. A file that `GKeyFile` would refuse is refused here too, with the line.
    pub fn parse(text: &[u8]) -> Result<Self, (usize, Problem)> {
        let keyfile = Keyfile::parse(text);
        if let Some((line, problem)) = keyfile.problems().next() {
            return Err((line, problem.clone()));
        }
        let part = |range: &std::ops::Range<usize>| -> BString {
            keyfile.text().get(range.clone()).unwrap_or_default().into()
        };
        let lines = keyfile.lines().iter().map(|line| Line {
            text: part(&line.span),
            kind: match &line.kind {
                LineKind::Blank | LineKind::Comment | LineKind::Invalid(_) => Kind::Filler,
                LineKind::Group { name } => Kind::Group(part(name)),
                LineKind::Pair { key, locale, value } => Kind::Pair {
                    key: match locale {
                        Some(locale) => [part(key).as_slice(), b"[", part(locale).as_slice(), b"]"]
                            .concat()
                            .into(),
                        None => part(key),
                    },
                    value: part(value),
                },
            },
        });
        Ok(Self {
            lines: lines.collect(),
        })
    }

    /// The whole file.
    pub fn to_bytes(&self) -> Vec<u8> {
        bstr::concat(self.lines.iter().map(|line| &line.text))
    }

    /// The names of the groups, each as often as its header stands there.
    pub fn groups(&self) -> impl Iterator<Item = &BStr> {
        self.lines.iter().filter_map(|line| match &line.kind {
            Kind::Group(name) => Some(name.as_bstr()),
            _ => None,
        })
    }

    /// Whether there is a group of this name.
    pub fn has_group(&self, group: &str) -> bool {
        self.groups().any(|name| name == group)
    }

    /// The pairs of a group in order; of a repeated key the last one counts, as in `GKeyFile`.
    pub fn pairs<'s>(&'s self, group: &str) -> impl Iterator<Item = (&'s BStr, &'s BStr)> {
        self.indices(group).filter_map(|index| self.pair(index))
    }

    /// The value of a key; of a repeated key the last one.
    pub fn get(&self, group: &str, key: &str) -> Option<&BStr> {
        self.pairs(group)
            .filter_map(|(k, value)| (k == key).then_some(value))
            .last()
    }

    /// Gives a key its value: an existing key keeps its place, a new one goes to the end of its group,
    /// a new group to the end of the file, as `GKeyFile` does it.
    pub fn set(&mut self, group: &str, key: &str, value: &BStr) {
        if self.get(group, key) == Some(value) {
            return;
        }
        let line = Line {
            text: format_pair(key, value),
            kind: Kind::Pair {
                key: key.into(),
                value: value.into(),
            },
        };
        let last_of_key = self
            .indices(group)
            .filter(|&index| self.pair(index).is_some_and(|(k, _)| k == key))
            .last();
        if let Some(existing) = last_of_key.and_then(|index| self.lines.get_mut(index)) {
            *existing = line;
            return;
        }
        if !self.has_group(group) {
            self.append_header(group);
        }
        let last = self
            .indices(group)
            .filter(|&index| !self.is_filler(index))
            .last();
        self.end_line(last);
        self.lines
            .insert(last.map_or(self.lines.len(), |last| last + 1), line);
    }

    /// Takes a key away, however often it is there.
    pub fn unset(&mut self, group: &str, key: &str) {
        let doomed: Vec<usize> = self
            .indices(group)
            .filter(|&index| self.pair(index).is_some_and(|(k, _)| k == key))
            .collect();
        self.remove(&doomed);
    }

    /// Takes a group away with its pairs and the blank lines between; comments after its last pair
    /// are taken for those of the next group and stay.
    pub fn remove_group(&mut self, group: &str) {
        let indices: Vec<usize> = self.indices(group).collect();
        let last = indices.iter().rposition(|&index| !self.is_filler(index));
        let doomed: Vec<usize> = indices
            .iter()
            .enumerate()
            .filter(|&(place, &index)| {
                last.is_some_and(|last| place <= last) || self.is_blank(index)
            })
            .map(|(_, &index)| index)
            .collect();
        self.remove(&doomed);
        while self
            .lines
            .len()
            .checked_sub(1)
            .is_some_and(|last| self.is_blank(last))
        {
            self.lines.pop();
        }
    }

    /// The lines of a group, header first, over all places where it stands.
    fn indices(&self, group: &str) -> impl Iterator<Item = usize> {
        let mut inside = false;
        self.lines
            .iter()
            .enumerate()
            .filter_map(move |(index, line)| {
                if let Kind::Group(name) = &line.kind {
                    inside = name == group;
                }
                inside.then_some(index)
            })
    }

    fn pair(&self, index: usize) -> Option<(&BStr, &BStr)> {
        match &self.lines.get(index)?.kind {
            Kind::Pair { key, value } => Some((key.as_bstr(), value.as_bstr())),
            _ => None,
        }
    }

    fn is_filler(&self, index: usize) -> bool {
        self.lines
            .get(index)
            .is_some_and(|line| line.kind == Kind::Filler)
    }

    fn is_blank(&self, index: usize) -> bool {
        self.lines
            .get(index)
            .is_some_and(|line| line.text.trim_ascii().is_empty())
    }

    fn append_header(&mut self, group: &str) {
        let last = self.lines.len().checked_sub(1);
        self.end_line(last);
        if last.is_some_and(|last| !self.is_blank(last)) {
            self.lines.push(Line {
                text: "\n".into(),
                kind: Kind::Filler,
            });
        }
        self.lines.push(Line {
            text: format!("[{group}]\n").into(),
            kind: Kind::Group(group.into()),
        });
    }

    /// A file need not end with a line end; a line that gets a successor must.
    fn end_line(&mut self, index: Option<usize>) {
        if let Some(line) = index.and_then(|index| self.lines.get_mut(index))
            && !line.text.ends_with(b"\n")
        {
            line.text.push(b'\n');
        }
    }

    fn remove(&mut self, doomed: &[usize]) {
        let mut index = 0;
        self.lines.retain(|_| {
            index += 1;
            !doomed.contains(&(index - 1))
        });
    }
}

fn format_pair(key: &str, value: &BStr) -> BString {
    let mut text = BString::from(key);
    text.push(b'=');
    text.extend_from_slice(value);
    text.push(b'\n');
    text
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
