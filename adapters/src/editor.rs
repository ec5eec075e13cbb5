//! Edits a keyfile target in place, touching only the lines that must change.
//!
//! A target is somebody else's file too: comments, blank lines, unknown groups and the order of
//! everything stay as they are, and what is written is in `GKeyFile`'s own canonical form, so that a
//! later rewrite by libostree makes a small difference. Pure: bytes in, bytes out.

mod section;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _};
use foldhash::fast::RandomState;
use overlay_resolver::keyfile::{Keyfile, LineKind, Problem};

use self::section::{Kind, Section};

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
            if let LineKind::Group { name } = &line.kind {
                editor.begin(part(name));
            }
            let within = |range: &Range<usize>| {
                let start = line.span.start;
                range.start - start..range.end - start
            };
            let kind = match &line.kind {
                LineKind::Blank | LineKind::Comment | LineKind::Invalid(_) => Kind::Filler,
                LineKind::Group { .. } => Kind::Header,
                LineKind::Pair { key, locale, value } => Kind::Pair {
                    // Behind the locale is its bracket.
                    key: within(&match locale {
                        Some(locale) => key.start..locale.end + 1,
                        None => key.clone(),
                    }),
                    value: within(value),
                    earlier: None,
                },
            };
            let text = &keyfile.text()[line.span.clone()];
            editor.last_section().push(text, kind);
        }
        Ok(editor)
    }

    /// The whole file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let sections = self.sections.iter();
        bstr::concat(sections.flat_map(|section| section.texts()))
    }

    /// The names of the groups, each as often as its header stands there.
    pub fn groups(&self) -> impl Iterator<Item = &BStr> {
        self.sections.iter().filter_map(|section| section.group())
    }

    /// Whether there is a group of this name.
    pub fn has_group(&self, group: &str) -> bool {
        self.places.contains_key(group.as_bytes().as_bstr())
    }

    /// The pairs of a group in order; of a repeated key the last one counts, as in `GKeyFile`.
    pub fn pairs(&self, group: &str) -> impl Iterator<Item = (&BStr, &BStr)> {
        self.sections_of(group).flat_map(Section::pairs)
    }

    /// The value of a key; of a repeated key the last one.
    pub fn get(&self, group: &str, key: &str) -> Option<&BStr> {
        let mut sections = self.sections_of(group).rev();
        sections.find_map(|section| section.get(key))
    }

    /// Gives a key its value: an existing key keeps its place, a new one goes to the end of its group,
    /// a new group to the end of the file, as `GKeyFile` does it.
    pub fn set(&mut self, group: &str, key: &str, value: &BStr) {
        if self.get(group, key) == Some(value) {
            return;
        }
        let places = self.places(group).to_vec();
        let of_key = places.iter().rev();
        let mut of_key = of_key.filter(|&&place| self.sections[place].get(key).is_some());
        let section = match of_key.next().or(places.last()) {
            Some(&place) => Arc::make_mut(&mut self.sections[place]),
            None => self.append(group),
        };
        section.set(key, value);
    }

    /// Takes a key away, however often it is there.
    pub fn unset(&mut self, group: &str, key: &str) {
        for place in self.places(group).to_vec() {
            if let Some(section) = self.sections.get_mut(place)
                && section.get(key).is_some()
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
            if section.ends_blank() {
                Arc::make_mut(section).trim();
            }
            if section.has_lines() {
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
        self.sections.push(Arc::new(Section::of(group)));
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
        let last = sections.find(|section| section.has_lines());
        let separate = last.is_some_and(|last| {
            Arc::make_mut(last).end();
            !last.ends_blank()
        });
        if separate {
            self.last_section().push(b"\n", Kind::Filler);
        }
        self.begin(group.into());
        let section = self.last_section();
        section.push(format!("[{group}]\n").as_bytes(), Kind::Header);
        section
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
