//! The filter of a remote: what flatpak takes for one, and the copy of it beside the configuration.
//!
//! flatpak falls back to a copy of the filter when the file itself is gone, but makes that copy only in
//! `remote-modify`. What is no filter is not copied, for it may be anything; and of a filter that not everybody
//! may read, nobody else reads the copy.

use std::path::Path;

use bstr::ByteSlice as _;
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use super::config::RepoConfig;
use super::installation::Installation;
use crate::code;
use crate::keyed::draft::{Beside, SideFile};
use crate::keyed::store::Store as _;
use crate::keyed::subject::Subject;
use crate::remotes::Remote;
use crate::report::{KeyReport, Operation};

/// The key that names the file.
pub(super) const KEY: &str = "xa.filter";

/// Brings the copy of the vendor's filter, takes it away with that, and warns of a filter with which the remote
/// cannot be used. A copy that the remote had under a former name may be all that is left of its owner's filter.
pub(super) fn copy(
    subject: &mut Subject<'_, '_, Installation>,
    remote: &Remote,
    former: Option<&str>,
) {
    let name = subject.name;
    let observed = subject.draft.observed;
    let copy = subject.draft.target.filter_copy(name);
    let existing = observed.files.get(&copy);
    let Some(raw) = subject.draft.store.get(name, KEY) else {
        if existing.is_some() && subject.draft.before.get(name, KEY).is_some() {
            subject.forget([copy]);
        }
        return;
    };
    let Ok(filter) = value::decode_string(raw) else {
        return;
    };
    if observed.unread.contains(&copy) {
        let message = format!(
            "is not for you to read, so whether it is still what {filter} has is for root to tell"
        );
        let finding = code::UNREADABLE.info(copy, message);
        return subject.draft.findings.push(finding);
    }
    let is_vendors = remote.get(KEY).is_some_and(|vendors| vendors.value == raw);
    let heading = format!("# backup copy of {filter}, do not edit!\n");
    let inherited = former.map(|former| subject.draft.target.filter_copy(former));
    match observed.references.get(Path::new(&filter)) {
        Some(text) => match problem(text) {
            Some((line, problem)) => {
                let message = format!(
                    "is the filter of the remote {name}, and this line {problem}: flatpak cannot use the remote"
                );
                let finding = code::BAD_FILTER.warning(&filter, message).at(line);
                subject.draft.findings.push(finding);
            }
            None if is_vendors => {
                if observed.narrow.contains(Path::new(&filter)) {
                    subject.draft.private.insert(copy.clone());
                }
                let content = [heading.as_bytes(), text].concat();
                if existing != Some(&content) {
                    bring(subject, &copy, content);
                }
            }
            None => drop(inherit(subject, inherited.as_deref(), &copy, &heading)),
        },
        None if inherit(subject, inherited.as_deref(), &copy, &heading) => {}
        None if existing.is_some_and(|copy| copy.starts_with(heading.as_bytes())) => {}
        None => tell_missing(subject, remote, &filter, is_vendors),
    }
}

/// Brings along the copy of this filter that the remote had under a former name. Whether there is one.
fn inherit(
    subject: &mut Subject<'_, '_, Installation>,
    former: Option<&Path>,
    copy: &Path,
    heading: &str,
) -> bool {
    let observed = subject.draft.observed;
    let Some(former) = former else { return false };
    let Some(text) = observed.files.get(former) else {
        // It is for root to bring.
        return observed.unread.contains(former);
    };
    if !text.starts_with(heading.as_bytes()) {
        return false;
    }
    if observed.narrow.contains(former) {
        subject.draft.private.insert(copy.to_owned());
    }
    if observed.files.get(copy) != Some(text) {
        bring(subject, copy, text.clone());
    }
    true
}

fn bring(subject: &mut Subject<'_, '_, Installation>, path: &Path, content: Vec<u8>) {
    subject.beside([Beside {
        operation: Operation::WriteFile,
        subject: escape_path(path).to_string(),
        path: path.to_owned(),
    }]);
    let file = SideFile {
        of: subject.name.into(),
        content,
        meanwhile: None,
    };
    subject.draft.files.insert(path.to_owned(), file);
}

fn tell_missing(
    subject: &mut Subject<'_, '_, Installation>,
    remote: &Remote,
    filter: &str,
    is_vendors: bool,
) {
    let name = subject.name;
    let (place, line) = match remote.get(KEY).filter(|_| is_vendors) {
        Some(setting) => subject.place_of(&KeyReport {
            key: KEY.into(),
            source: Some(setting.source.clone()),
            ..KeyReport::default()
        }),
        None => (subject.draft.target.config(), None),
    };
    let message = if is_vendors {
        format!("Filter={filter}: cannot be read, so flatpak cannot use the remote {name}")
    } else {
        format!(
            "{name}: {KEY}={filter}, which is yours, cannot be read, so flatpak cannot use the remote; `overlayctl revert {name} {KEY}` takes what the vendor has"
        )
    };
    let finding = code::MISSING_FILTER.warning(place, message);
    let finding = line.into_iter().fold(finding, Finding::at);
    subject.draft.findings.push(finding);
}

/// What flatpak refuses a text for, with the line: `flatpak_parse_filters()`, as `tests/real` finds it.
fn problem(text: &[u8]) -> Option<(usize, &'static str)> {
    let mut lines = text.split(|byte| *byte == b'\n').enumerate();
    lines.find_map(|(at, line)| Some((at + 1, problem_of_line(line)?)))
}

fn problem_of_line(line: &[u8]) -> Option<&'static str> {
    // flatpak reads to there, and what is behind would be copied unseen.
    if line.contains(&0) {
        return Some("has a NUL");
    }
    let before_comment = line.split(|byte| *byte == b'#').next()?;
    let words = before_comment.split(u8::is_ascii_whitespace);
    let mut words = words.filter(|word| !word.is_empty());
    let command = words.next()?;
    if !matches!(command, b"allow" | b"deny") {
        return Some("begins with neither allow nor deny");
    }
    match (words.next(), words.next()) {
        (None, _) => Some("has no pattern"),
        (Some(_), Some(_)) => Some("has more than one pattern"),
        (Some(glob), None) => problem_of_glob(glob),
    }
}

fn problem_of_glob(glob: &[u8]) -> Option<&'static str> {
    let kinds: [&[u8]; 2] = [b"app/", b"runtime/"];
    let kind = kinds.into_iter().find_map(|kind| glob.strip_prefix(kind));
    let segments = kind.unwrap_or(glob);
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.*/".contains(byte);
    if segments.is_empty() {
        Some("has an empty pattern")
    } else if segments.split(|byte| *byte == b'/').nth(3).is_some() {
        Some("has a pattern of too many segments")
    } else if !segments.iter().all(is_plain) {
        Some("has a character in its pattern that none can have")
    } else {
        None
    }
}

/// What a configuration names as the filter of a remote.
pub(super) fn named(config: &RepoConfig, name: &str) -> Option<String> {
    value::decode_string(config.get(name, KEY)?.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_names_its_line() {
        for (text, refused) in [
            ("", None),
            ("# c\n\nallow app/org.x.*/*/stable # why\ndeny *", None),
            ("root:*:19000:0:99999:7:::\n", Some(1)),
            ("deny *\nsecret\n", Some(2)),
            ("deny\n", Some(1)),
            ("deny * *\n", Some(1)),
            ("deny app/\n", Some(1)),
            ("deny a/b/c/d\n", Some(1)),
            ("deny a?\n", Some(1)),
            ("deny *\0secret\n", Some(1)),
        ] {
            let line = problem(text.as_bytes()).map(|(line, _)| line);
            assert_eq!(line, refused, "{text:?}");
        }
    }
}
