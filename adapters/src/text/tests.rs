use overlay_resolver::format::{named, names};
use proptest::prelude::*;

use super::*;

const FORMATS: [&str; 3] = ["gkeyfile", "systemd", "systemd-flat"];

fn read(format: &str, text: &[u8]) -> Text {
    Text::read(named(format).unwrap(), text).unwrap_or_else(|why| panic!("{why:?}"))
}

/// What is done to the assignments of a key, or to its section.
#[derive(Debug, Clone, Copy)]
enum Edit {
    /// Writes the last one, or adds one.
    Set(&'static str),
    /// Puts two of another key behind the first.
    PutBehind,
    Truncate(usize),
    Remove,
}

type Edits = Vec<(Edit, &'static str, &'static str)>;

fn edits() -> impl Strategy<Value = Edits> {
    let value = prop::sample::select(vec!["", "1", "2 3", "[X]", "#"]);
    let edit = prop_oneof![
        4 => value.prop_map(Edit::Set),
        2 => Just(Edit::PutBehind),
        2 => (0..3_usize).prop_map(Edit::Truncate),
        1 => Just(Edit::Remove),
    ];
    let section = prop::sample::select(vec!["X", "Y"]);
    let key = prop::sample::select(vec!["a", "b", "c"]);
    prop::collection::vec((edit, section, key), 0..12)
}

/// Few sections and keys, so that they meet; a line of the text may be the last without a line end.
fn text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        6 => ("[abc]", " {0,1}", "[12 ]{0,2}").prop_map(|(key, blank, value)| format!("{key}{blank}={value}\n")),
        2 => prop::sample::select(vec!["# comment\n", "\n", " \t\n"]).prop_map(str::to_owned),
    ];
    let lines = || prop::collection::vec(line.clone(), 0..5).prop_map(|lines| lines.concat());
    let filler = prop::sample::select(vec!["", "\n", "# top\n", "# top\n\n# of X\n"]);
    let header = || prop::sample::select(vec!["[X]\n", "[Y]\r\n", "[X]\n# of it\n", "[Z]\n"]);
    let sections = prop::collection::vec((header(), lines()), 0..5);
    (filler, sections, any::<bool>()).prop_map(|(filler, sections, ends)| {
        let sections = sections.into_iter();
        let mut text = filler.to_owned()
            + &sections
                .map(|(header, lines)| [header, &lines].concat())
                .collect::<String>();
        if !ends {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        text
    })
}

/// A line of its own, written as every format has it.
fn with_pair(key: &BStr, value: &str, then: impl FnOnce(&Pair<'_>)) {
    let text = format!("{key}={value}\n");
    then(&Pair {
        text: text.as_str().into(),
        written: key.len() + 1..text.len() - 1,
        key,
        value: value.into(),
    });
}

fn edit(text: &mut Text, edits: &Edits) {
    for (number, &(edit, section, key)) in edits.iter().enumerate() {
        let (section, key) = (BStr::new(section), BStr::new(key));
        let mut found: Vec<_> = text.find(section, key).map(|(place, _)| place).collect();
        found.reverse();
        match edit {
            Edit::Set(value) => with_pair(key, value, |pair| {
                if let Some(place) = found.last() {
                    return text.replace(*place, pair);
                }
                if !text.has_section(section) {
                    text.begin(section, format!("[{section}]").as_str().into());
                }
                text.add(section, pair).unwrap();
            }),
            Edit::PutBehind => {
                if let Some(place) = found.first() {
                    with_pair(format!("new{number}").as_str().into(), "1", |pair| {
                        let next = text.put_behind(*place, pair);
                        text.put_behind(next, pair);
                    });
                }
            }
            Edit::Truncate(count) => text.truncate(section, key, count),
            Edit::Remove => text.remove(section),
        }
    }
}

/// All assignments: section, key, value.
fn pairs(text: &Text) -> Vec<(BString, BString, BString)> {
    let pair = |line: Line<'_>| {
        let pair = line.pair?;
        Some((line.section.into(), pair.key.into(), pair.value.into()))
    };
    text.lines().filter_map(pair).collect()
}

/// The lines that none of the edits is about, and that are not blank.
fn untouched(text: &Text, edits: &Edits) -> Vec<BString> {
    let is_removed = |section: &BStr| {
        let mut edits = edits.iter();
        edits.any(|(edit, removed, _)| matches!(edit, Edit::Remove) && section == *removed)
    };
    let is_edited = |section: &BStr, key: &BStr| {
        let mut edits = edits.iter();
        edits.any(|edit| !matches!(edit.0, Edit::PutBehind) && section == edit.1 && key == edit.2)
    };
    let lines = text.lines().filter(|line| {
        let about = matches!(&line.pair, Some(pair) if is_edited(line.section, pair.key));
        !about && !is_removed(line.section) && !line.text.trim_ascii().is_empty()
    });
    lines
        .map(|line| line.text.trim_end_with(|c| c == '\n').into())
        .collect()
}

/// Whether all of `parts` are among `whole`, in their order.
fn are_in_order(parts: &[BString], whole: &[u8]) -> bool {
    let mut lines = whole.lines_with_terminator();
    let mut parts = parts.iter();
    parts.all(|part| lines.any(|line| line.trim_end_with(|c| c == '\n') == part.as_slice()))
}

proptest! {
    #[test]
    fn what_is_not_edited_is_what_was_read(text in prop::collection::vec(bytes(), 0..48)) {
        for name in names() {
            if let Ok(read) = Text::read(named(name).unwrap(), &text) {
                prop_assert_eq!(BString::from(read.to_bytes()), text.as_bstr(), "{}", name);
                prop_assert_eq!(read.lines().map(|line| line.text.len()).sum::<usize>(), text.len());
            }
        }
    }

    #[test]
    fn untouched_lines_stay(text in text(), edits in edits()) {
        for format in FORMATS {
            let before = read(format, text.as_bytes());
            let mut after = before.clone();
            edit(&mut after, &edits);
            let (lines, after) = (untouched(&before, &edits), after.to_bytes());
            prop_assert!(are_in_order(&lines, &after), "{:?} in {:?}", lines, after.as_bstr());
            prop_assert_eq!(before.to_bytes(), text.as_bytes(), "a copy is another");
        }
    }

    #[test]
    fn what_was_edited_is_read_back(text in text(), edits in edits()) {
        for format in FORMATS {
            let mut edited = read(format, text.as_bytes());
            edit(&mut edited, &edits);
            let text = edited.to_bytes();
            let again = read(format, &text);
            prop_assert_eq!(pairs(&edited), pairs(&again), "{:?}", text.as_bstr());
            prop_assert!(edited.sections().eq(again.sections()));
            for (section, key, _) in pairs(&edited) {
                let values = |text: &Text| -> Vec<BString> {
                    let found = text.find(section.as_bstr(), key.as_bstr());
                    found.map(|(_, pair)| pair.value.into()).collect()
                };
                prop_assert_eq!(values(&edited), values(&again), "{} {}", section, key);
            }
        }
    }

    #[test]
    fn what_is_set_is_there_and_what_is_taken_away_is_not(text in text(), edits in edits()) {
        for format in FORMATS {
            let mut edited = read(format, text.as_bytes());
            edit(&mut edited, &edits);
            for key in ["a", "b", "c"] {
                let values = |text: &Text| -> Vec<BString> {
                    let found = text.find("X".into(), key.into());
                    found.map(|(_, pair)| pair.value.into()).collect()
                };
                let mut expected = values(&edited);
                // The last stands first.
                match expected.first_mut() {
                    Some(last) => *last = "set".into(),
                    None => expected.push("set".into()),
                }
                edit(&mut edited, &vec![(Edit::Set("set"), "X", key)]);
                prop_assert_eq!(values(&edited), expected);
                edit(&mut edited, &vec![(Edit::Truncate(0), "X", key)]);
                prop_assert_eq!(values(&edited), Vec::<BString>::new());
            }
        }
    }
}

/// What has a meaning in some format.
fn bytes() -> impl Strategy<Value = u8> {
    prop_oneof![
        9 => prop::sample::select(b"ab=[]{}:,\n\n\r\0\\\"'#; \t-/.".to_vec()),
        1 => any::<u8>(),
    ]
}

#[test]
fn values_of_nested_tables_lie_in_what_surrounds_them() {
    for (format, text) in [
        ("json", r#" {"a": 1, "t": {"b": [1, {}]}, "c": null } "#),
        ("toml", "# a\na = 1 # b\n[t]\nb = [1] # c\n\n[[l]]\nx = 1\n"),
    ] {
        let read = read(format, text.as_bytes());
        assert_eq!(read.to_bytes(), text.as_bytes());
        let pairs = pairs(&read).into_iter();
        let pairs: Vec<_> = pairs
            .map(|(section, key, _)| format!("{section}.{key}"))
            .collect();
        assert!(pairs.starts_with(&[".a".into(), "t.b".into()]), "{pairs:?}");
    }
}

/// Quadratic, this would take long.
#[test]
fn time_is_in_proportion_to_size() {
    const COUNT: usize = 100_000;
    let line = |number| format!("a{number}=1\n# why\n");
    let text: String = (0..COUNT).map(line).collect();
    let mut edited = read("systemd-flat", text.as_bytes());
    for number in 0..COUNT {
        let key = format!("a{number}");
        let place = edited
            .find("".into(), key.as_str().into())
            .next()
            .unwrap()
            .0;
        with_pair(format!("b{number}").as_str().into(), "1", |pair| {
            edited.put_behind(place, pair);
        });
    }
    for number in (0..COUNT).rev() {
        edited.truncate("".into(), format!("b{number}").as_str().into(), 0);
    }
    assert_eq!(edited.to_bytes(), text.as_bytes());
}
