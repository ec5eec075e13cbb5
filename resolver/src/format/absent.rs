//! JSON in a program that was built without it: an error of each file, and never a guess.

use super::{Format, Item, Kind, Lost, Problem};

/// Refuses every text.
#[derive(Debug)]
pub(super) struct Absent;

impl Format for Absent {
    fn read<'t>(&self, text: &'t [u8], sink: &mut dyn FnMut(Item<'t>)) {
        if text.is_empty() {
            return;
        }
        sink(Item {
            span: 0..text.len(),
            lines: 1..=text.split_inclusive(|&byte| byte == b'\n').count(),
            kind: Kind::Problem(Problem::new(
                Lost::File,
                "this program reads no JSON: build it with the feature `json` of overlay-resolver",
            )),
        });
    }

    fn is_nested(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::{Resolver, Tree};

    #[test]
    fn a_file_is_an_error_and_no_guess() {
        let tree = Tree::default().with("/etc/app/x.json".as_ref(), "{\"port\": 80}\n");
        let document = Resolver::new(tree).resolve("app/x.json").unwrap();
        assert_eq!(document.keys().count(), 0);
        let findings: Vec<_> = document.findings().map(ToString::to_string).collect();
        assert!(
            findings[0].contains("feature `json`") && findings.len() == 1,
            "{findings:?}"
        );
    }
}
