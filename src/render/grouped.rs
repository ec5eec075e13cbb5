//! Findings as somebody reads them: of many that say the same of different files, a few are shown and the
//! others counted. Nothing is lost: the JSON document has each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::{Finding, Level};

use super::FAINT;
use crate::text::{Text, say};

/// How many of a kind are shown each by itself.
const MOST: usize = 5;
/// How many are shown of a kind that has more. Less than [`MOST`], so that what is left out is several.
const FEW: usize = 3;
/// How many directories are named that the others are in.
const DIRECTORIES: usize = 3;

/// The findings but for the notes, each as `show` has it, in their order.
pub(super) fn grouped(findings: &[Finding], show: impl Fn(&Finding) -> Text) -> Text {
    let told = findings.iter().filter(|f| f.level != Level::Info);
    let told: Vec<_> = told.map(|finding| (kind(finding), finding)).collect();
    let mut kinds: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for (kind, finding) in &told {
        kinds.entry(kind).or_default().push(finding);
    }
    let mut shown: HashMap<&str, usize> = HashMap::new();
    let mut text = Text::new();
    for (kind, finding) in &told {
        let number = shown.entry(kind).or_default();
        *number += 1;
        let all = &kinds[kind.as_str()];
        if all.len() <= MOST || *number <= FEW {
            text.append(&show(finding));
        }
        if all.len() > MOST && *number == FEW {
            text.append(&others(finding.level, &all[FEW..]));
        }
    }
    text
}

/// What a finding has in common with those that say the same of something else: its words without the
/// names in them.
fn kind(finding: &Finding) -> String {
    let own = finding.path.file_name().unwrap_or_default();
    let own = own.to_string_lossy();
    let stem = own.split('.').next().unwrap_or_default();
    let words = finding.message.split_ascii_whitespace();
    let words = words.map(|word| {
        let bare = word.trim_end_matches([':', ',', ';', '.']);
        if is_name(bare) || bare == own || bare == stem {
            "…"
        } else {
            bare
        }
    });
    let mut kind = format!("{} {}", finding.level, finding.code);
    for word in words {
        kind.push(' ');
        kind.push_str(word);
    }
    kind
}

/// Whether a word is no plain one: a path, a key, a number, something in quotes.
fn is_name(word: &str) -> bool {
    !word
        .chars()
        .all(|c| c.is_ascii_lowercase() || "'-".contains(c))
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
            .entry(file.parent().unwrap_or(file))
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
    use overlay_resolver::finding::code::BROKEN_FILE;

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

    #[test]
    fn the_name_of_the_file_makes_no_difference() {
        let findings = in_files(6, |n| {
            let letter = char::from(b'a' + u8::try_from(n).unwrap());
            let message = format!("the remote rem{letter}: url: cannot be used");
            BROKEN_FILE.error(format!("/etc/r.d/rem{letter}.conf"), message)
        });
        assert!(
            shown(&findings).contains("… and 3 more errors like these in 3 files of /etc/r.d;")
        );
    }

    #[test]
    fn many_lines_of_one_file() {
        let findings = in_files(9, |n| BROKEN_FILE.error("/etc/x.conf", "no `=` here").at(n));
        assert!(shown(&findings).contains("… and 6 more errors like these in /etc/x.conf;"));
    }
}
