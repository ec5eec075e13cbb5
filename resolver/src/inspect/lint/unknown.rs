//! Keys that the consumer does not know.

use std::collections::HashSet;

use bstr::ByteSlice as _;

use super::{Subject, about};
use crate::document::{Assignment, State};
use crate::escape::escape;
use crate::finding::{ENOUGH, Finding, Level, code};
use crate::schema::{Schema, Unknown};

/// Keys and sections that the schema does not have, where it says that its consumer ignores them, and
/// that are not private.
pub(super) fn unknown_key(subject: &Subject<'_>) -> Vec<Finding> {
    let schema = &*subject.rules.schema;
    let is_read =
        |a: &Assignment<'_>| matches!(a.state(), State::Applied | State::Superseded | State::Reset);
    let mut findings = Vec::new();
    for file in &subject.files {
        let mut reported = HashSet::new();
        let before = findings.len();
        for assignment in file.iter().filter(|a| is_read(a)) {
            // What is not told is not compared with all names that may have been meant.
            if findings.len() > before + ENOUGH {
                break;
            }
            let (section, key) = (assignment.section(), assignment.key());
            let message = match assignment.unknown() {
                // Once: the section is to be mended, not its keys.
                Some(Unknown::Section) => {
                    if !reported.insert(section) {
                        continue;
                    }
                    unknown_section(schema, section, key)
                }
                Some(Unknown::Key) => unknown_name(schema, section, key),
                Some(Unknown::Private) | None => continue,
            };
            findings.push(about(
                code::UNKNOWN_KEY,
                Level::Warning,
                assignment,
                message,
            ));
        }
    }
    findings
}

fn unknown_section(schema: &Schema, section: &[u8], key: &[u8]) -> String {
    let sections = schema.sections();
    let meant = nearest(section, &sections).or_else(|| the_one_with(schema, &sections, key));
    let meant = meant.map_or_else(String::new, |name| format!("; [{}] is", escape(name)));
    match section {
        b"" => format!(
            "{} stands below no header, so it is ignored{meant}",
            escape(key)
        ),
        _ => format!(
            "[{}] is not known, so what is in it is ignored{meant}",
            escape(section)
        ),
    }
}

fn unknown_name(schema: &Schema, section: &[u8], key: &[u8]) -> String {
    let ignored = format!(
        "{} is not known in [{}], so it is ignored",
        escape(key),
        escape(section)
    );
    if let Some(elsewhere) = the_one_with(schema, &schema.sections(), key) {
        return format!("{ignored}; it belongs in [{}]", escape(elsewhere));
    }
    let known: Vec<_> = schema.keys(section).map(|(key, _)| key).collect();
    match nearest(key, &known) {
        Some(name) => format!("{ignored}; did you mean {}?", escape(name)),
        None => ignored,
    }
}

/// The first section that knows the key.
fn the_one_with<'s>(schema: &Schema, sections: &[&'s [u8]], key: &[u8]) -> Option<&'s [u8]> {
    let mut sections = sections.iter().copied();
    sections.find(|section| schema.kind_in_item(section, key).is_some())
}

/// The name that is most like this one, if one is: with another case, or with up to a third of its
/// letters changed.
fn nearest<'n>(name: &[u8], known: &[&'n [u8]]) -> Option<&'n [u8]> {
    let name = name.to_ascii_lowercase();
    let name = name.to_str().ok()?;
    let distance = |known: &[u8]| {
        let known = known.to_ascii_lowercase();
        known
            .to_str()
            .map(|known| strsim::osa_distance(name, known))
            .ok()
    };
    // At least as many letters differ as one has more than the other.
    let may_be_near = |known: &&&[u8]| known.len().abs_diff(name.len()) * 3 <= name.len();
    let near = known
        .iter()
        .filter(may_be_near)
        .filter_map(|known| Some((distance(known)?, *known)))
        .filter(|(distance, _)| distance * 3 <= name.len());
    near.min().map(|(_, name)| name)
}
