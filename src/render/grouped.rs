//! Findings as somebody reads them: of many that say the same of different files, a few are shown and the
//! others counted. Nothing is lost: the JSON document has each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::{Code, Finding, Level};

use super::style::FAINT;
use crate::text::{Text, say};

/// How many of a kind are shown each by itself.
const MOST: usize = 12;
/// How many are shown of a kind that has more. Less than [`MOST`], so that what is left out is several.
const FEW: usize = 4;
/// How many directories are named that the others are in.
const DIRECTORIES: usize = 3;

/// The findings but for the notes, each as `show` has it, in their order.
pub(super) fn grouped(findings: &[Finding], show: impl Fn(&Finding) -> Text) -> Text {
    let told = findings.iter().filter(|f| f.level != Level::Info);
    let mut kinds: HashMap<Kind, Vec<&Finding>> = HashMap::new();
    for finding in told.clone() {
        kinds.entry(kind(finding)).or_default().push(finding);
    }
    let mut shown: HashMap<Kind, usize> = HashMap::new();
    let mut text = Text::new();
    for finding in told {
        let kind = kind(finding);
        let number = shown.entry(kind).or_default();
        *number += 1;
        let all = &kinds[&kind];
        if all.len() <= MOST || *number <= FEW {
            text.append(&show(finding));
        }
        if all.len() > MOST && *number == FEW {
            text.append(&others(finding.level, &all[FEW..]));
        }
    }
    text
}

/// What a finding has in common with those that say the same of something else.
type Kind = (Level, Code);

fn kind(finding: &Finding) -> Kind {
    (finding.level, finding.code)
}

/// How many there are besides those that are shown, where, and who has them all.
fn others(level: Level, findings: &[&Finding]) -> Text {
    let mut text = Text::new();
    let files: BTreeSet<&Path> = findings.iter().map(|f| f.path.as_path()).collect();
    say!(
        text,
        "{FAINT}… and {} more {level}s like these in {}; `--json` has them all{FAINT:#}",
        findings.len(),
        places(&files)
    );
    text
}

fn places(files: &BTreeSet<&Path>) -> String {
    let mut directories: BTreeMap<&Path, usize> = BTreeMap::new();
    for file in files {
        *directories
            .entry(file.parent().unwrap_or(Path::new("/")))
            .or_default() += 1;
    }
    let mut directories: Vec<_> = directories.into_iter().collect();
    directories.sort_by_key(|&(_, count)| Reverse(count));
    let count = files.len();
    match (files.first(), directories.as_slice()) {
        (Some(file), _) if count == 1 => escape_path(file).to_string(),
        (_, [(directory, _)]) => format!("{count} files of {}", escape_path(directory)),
        (_, directories) => {
            let named = directories.iter().take(DIRECTORIES);
            let mut places: Vec<_> = named
                .map(|(directory, count)| format!("{count} of {}", escape_path(directory)))
                .collect();
            let elsewhere: usize = directories.iter().skip(DIRECTORIES).map(|d| d.1).sum();
            if elsewhere > 0 {
                places.push(format!("{elsewhere} elsewhere"));
            }
            format!("{count} files: {}", places.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use overlay_resolver::finding::code::{BROKEN_FILE, BROKEN_LINE};

    use super::*;

    fn shown(findings: &[Finding]) -> String {
        let text = grouped(findings, |finding| {
            let mut text = Text::new();
            say!(text, "{finding}");
            text
        });
        anstream::adapter::strip_str(text.as_str()).to_string()
    }

    fn in_files(count: usize, of: impl Fn(usize) -> Finding) -> Vec<Finding> {
        (0..count).map(of).collect()
    }

    #[test]
    fn a_few_are_shown_each() {
        let findings = in_files(MOST, |n| {
            BROKEN_FILE.error(format!("/etc/{n}.conf"), "is broken")
        });
        assert_eq!(shown(&findings).lines().count(), MOST);
    }

    #[test]
    fn of_many_a_few_are_shown_and_the_rest_counted() {
        let mut findings = in_files(800, |n| {
            let layer = ["etc", "run", "usr/lib", "usr/local/lib"][(n % 7) / 2];
            let message = format!("unknown key `Key{n}` in [Section], see {n}");
            BROKEN_FILE
                .warning(format!("/{layer}/x.d/{n:03}.conf"), message)
                .at(n)
        });
        // What is different is not among them, and stands where it stood.
        findings.insert(
            1,
            BROKEN_FILE.error("/etc/y.conf", "is a directory, not a regular file"),
        );
        findings.push(BROKEN_FILE.info("/etc/z.conf", "a note"));
        assert_snapshot!(shown(&findings));
    }

    /// The code says what kind a finding is, whatever its words are.
    #[test]
    fn other_words_are_of_the_same_kind_and_another_code_is_not() {
        let mut findings = in_files(MOST + 1, |n| {
            let message = format!("cannot be used, {}", ["too big", "a directory"][n % 2]);
            BROKEN_FILE.error(format!("/etc/r.d/{n}.conf"), message)
        });
        findings.push(BROKEN_LINE.error("/etc/r.d/9.conf", "cannot be used, too big"));
        let shown = shown(&findings);
        assert!(shown.contains("… and 9 more errors like these in 9 files of /etc/r.d;"));
        assert!(shown.ends_with("/etc/r.d/9.conf: cannot be used, too big\n"));
    }

    #[test]
    fn many_lines_of_one_file() {
        let findings = in_files(15, |n| {
            BROKEN_FILE.error("/etc/x.conf", "no `=` here").at(n)
        });
        assert!(shown(&findings).contains("… and 11 more errors like these in /etc/x.conf;"));
    }
}
