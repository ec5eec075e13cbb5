//! A keyfile target, edited: a layer on [`Text`] that knows how `GKeyFile` writes a pair and a header, so
//! that a later rewrite by libostree makes a small difference.

use bstr::{BStr, ByteSlice as _};
use overlay_resolver::format;

use crate::text::{Pair, Text};

/// A keyfile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Editor(Text);

impl Editor {
    /// Takes a keyfile apart. A file that `GKeyFile` would refuse is refused here too, with the line.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, (usize, String)> {
        Text::read(format::gkeyfile(), text).map(Self)
    }

    /// The whole file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// The comments, wherever they stand.
    pub(crate) fn comments(&self) -> Vec<u8> {
        let lines = self.0.lines().filter(|line| line.pair.is_none());
        let comments = lines.filter(|line| line.text.trim_ascii_start().starts_with(b"#"));
        let mut all = Vec::new();
        for comment in comments {
            all.extend_from_slice(comment.text.trim_ascii_end());
            all.push(b'\n');
        }
        all
    }

    /// Adds comments behind all else.
    pub(crate) fn add_comments(&mut self, comments: &[u8]) {
        for line in comments.lines_with_terminator() {
            self.0.push(line.as_bstr());
        }
    }

    /// The names of the groups, each as often as its header stands there.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &BStr> {
        self.0.sections().map(|(name, _)| name)
    }

    /// Whether there is a group of this name.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        self.0.has_section(group.into())
    }

    /// The pairs of a group in order; of a repeated key the last one counts, as in `GKeyFile`.
    pub(crate) fn pairs(&self, group: &str) -> impl Iterator<Item = (&BStr, &BStr)> {
        let pairs = self.0.pairs(group.into());
        pairs.map(|pair| (pair.key, pair.value))
    }

    /// The value of a key; of a repeated key the last one.
    pub(crate) fn get(&self, group: &str, key: &str) -> Option<&BStr> {
        let (_, pair) = self.0.find(group.into(), key.into()).next()?;
        Some(pair.value)
    }

    /// Gives a key its value: an existing key keeps its place, a new one goes to the end of its group,
    /// a new group to the end of the file, as `GKeyFile` does it.
    pub(crate) fn set(&mut self, group: &str, key: &str, value: &BStr) {
        if self.get(group, key) == Some(value) {
            return;
        }
        let (group, key) = (BStr::new(group), BStr::new(key));
        let text = [key.as_bytes(), b"=", value, b"\n"].concat();
        let pair = Pair {
            text: text.as_bstr(),
            written: key.len() + 1..text.len() - 1,
            key,
            value,
        };
        let found = self.0.find(group, key).next();
        if let Some(place) = found.map(|(place, _)| place) {
            self.0.replace(place, &pair);
            return;
        }
        if !self.0.has_section(group) {
            self.0.begin(group, format!("[{group}]\n").as_str().into());
        }
        self.0.add(group, &pair);
    }

    /// Takes a key away, however often it is there.
    pub(crate) fn unset(&mut self, group: &str, key: &str) {
        self.0.truncate(group.into(), key.into(), 0);
    }

    /// Takes a group away with its pairs and the blank lines between; comments after its last pair
    /// are taken for those of the next group and stay.
    pub(crate) fn remove_group(&mut self, group: &str) {
        self.0.remove(group.into());
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
