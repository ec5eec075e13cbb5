//! The codes of what a command itself finds, beside those of the libraries.

overlay_resolver::finding_codes! {
    AMBIGUOUS = "ambiguous": "a name that several entries have";
    BAD_REQUEST = "bad-request": "a request that cannot be carried out as it is made";
    NO_SUCH_PATH = "no-such-path": "a path that no layer has";
    NOT_FOUND = "not-found": "there is no such entry, file, key, line or rule set";
    NOTHING_TO_DO = "nothing-to-do": "a request for an entry that would change nothing; an error if it cannot come true";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use overlay_resolver::finding;
    use overlay_resolver::inspect::lint::Lint;

    /// The rows of the table of FORMATS.md that has this header.
    fn table(header: &str) -> Vec<&'static str> {
        let formats = include_str!("../FORMATS.md");
        let (_, section) = formats.split_once(header).expect("a table");
        let rows = section
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        rows.collect()
    }

    #[test]
    fn the_tables_in_the_documentation_are_those_in_the_code() {
        let row = |lint: &&Lint| {
            let (code, level) = (lint.code, lint.level);
            format!("| `{code}` | {level} | {} |", code.summary())
        };
        let all = crate::lints::all();
        let lints: Vec<_> = all.iter().map(row).collect();
        assert_eq!(table("\n| lint | level | finds |"), lints);

        let tables = [finding::code::ALL, overlay_adapters::code::ALL, super::ALL];
        let lints: BTreeSet<_> = all.iter().map(|lint| lint.code).collect();
        let others = tables
            .into_iter()
            .flatten()
            .filter(|code| !lints.contains(code));
        let others: BTreeSet<_> = others
            .map(|code| format!("| `{code}` | {} |", code.summary()))
            .collect();
        assert_eq!(
            table("\n| code | found |"),
            others.into_iter().collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_code_is_one_thing() {
        let tables = [finding::code::ALL, overlay_adapters::code::ALL, super::ALL];
        let names = tables.into_iter().flatten().map(|code| code.name());
        let mut seen = BTreeSet::new();
        for name in names {
            assert!(seen.insert(name), "{name} is there twice");
            let is_word = |word: &str| {
                !word.is_empty()
                    && word
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            };
            assert!(name.split('-').all(is_word), "{name}");
        }
    }
}
