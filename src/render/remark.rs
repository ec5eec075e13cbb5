//! The sentence for what the owner should hear of a decision.

use bstr::BString;
use overlay_adapters::report::{
    Dependent, Holder, Matter, NotSet, Own, Remark, Report, Verification,
};
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::finding::{Finding, Level};

use super::decision::{LAYER_MISSING, differing_id, failed_times, going, holder, id_twice};
use super::foreign::foreign;

/// All that there is to tell of a report: what was found, and what follows from what was decided.
pub(crate) fn told(report: &Report) -> Vec<Finding> {
    let mut told = report.findings.clone();
    told.extend(report.remarks.iter().map(finding));
    told.sort();
    told.dedup();
    told
}

fn finding(remark: &Remark) -> Finding {
    let (code, words) = (remark.matter.code(), words(&remark.matter));
    let finding = match remark.matter.level() {
        Level::Error => code.error(&remark.path, words),
        Level::Warning => code.warning(&remark.path, words),
        Level::Info => code.info(&remark.path, words),
    };
    match remark.line {
        Some(line) => finding.at(line),
        None => finding,
    }
}

fn verification(name: &str, how: &Verification) -> String {
    match how {
        Verification::Off(key) => format!(
            "{name}: {key} is off in a remote that was there before, so signatures that the vendor wants verified are not: `overlayctl revert {name} {key}` turns it on, `overlayctl release {name}` leaves all of it to you"
        ),
        Verification::NothingLeft(certificate) => format!(
            "{name}: its signatures are verified, and nothing is left to do that with: you took the vendor's certificates out, and they stay out; `overlayctl revert {name} {certificate}` takes this one back"
        ),
        Verification::OtherKeyring(vendors) => format!(
            "ostree verifies {name} with this keyring and not with the vendor's beside {}; remove it to follow the vendor",
            escape_path(vendors)
        ),
        Verification::MissingPaths { key, paths } => format!(
            "{name}: {key}, which is yours, names {}: ostree fails where a path does not exist, so the remote cannot be used; `overlayctl revert {name} {key}` takes what the vendor has",
            paths.join(", ")
        ),
    }
}

/// A sentence with its values in it.
fn own_words(own: &Own) -> String {
    let mut parts = own.sentence.split("{}");
    let first = parts.next().expect("a text has a first part");
    let mut words = format!("{}: {first}", escape(own.name.as_bytes()));
    for (part, value) in parts.zip(&own.values) {
        words += &escape(value).to_string();
        words += part;
    }
    words
}

fn words(matter: &Matter) -> String {
    match matter {
        Matter::InUse { name, why, user } => {
            let user = match user {
                Dependent::Apps => {
                    "apps or runtimes from it are installed: kept and hidden from browsing until they are gone"
                }
                Dependent::Deployment => {
                    "a deployment follows it: kept until none does, so that the system can be updated"
                }
            };
            format!("{name}: {}, but {user}", going(why))
        }
        Matter::CannotAdopt { name, noun, why } => {
            format!("{name} cannot be adopted: {}", foreign(why, noun, name))
        }
        Matter::CannotMove { name } => format!(
            "{name} cannot move from here: all deployments share this file, and this run does not write it; add `--scope all`"
        ),
        Matter::Conflict {
            name,
            key,
            baseline,
            desired,
            actual,
            is_unclear,
        } => {
            let whose = if *is_unclear {
                "you have, or the server set,"
            } else {
                "you have"
            };
            format!(
                "{name}: {key}: the vendor changed it from {} to {}, {whose} {}, which stays; `overlayctl revert {name} {key}` takes the vendor's, `overlayctl release {name}` leaves all of it to you",
                value(baseline.as_ref()),
                value(desired.as_ref()),
                value(actual.as_ref())
            )
        }
        Matter::Overwritten {
            name,
            key,
            actual,
            desired,
            mark,
        } => {
            let mark = mark.as_ref();
            let advice = mark.map(|mark| format!("; with `{mark}=true` beside it, yours stays"));
            format!(
                "{name}: {key}: the vendor changed it to {}, which takes the place of {}, the server's or yours{}",
                value(desired.as_ref()),
                value(Some(actual)),
                advice.unwrap_or_default()
            )
        }
        Matter::BaselineLost { name } => format!(
            "{name}: what was last written to it fails its own check, as after a replacement of text over the whole file: what differs from the vendor's is yours from now on"
        ),
        Matter::LayerMissing { name } => format!("{name}: {LAYER_MISSING}"),
        Matter::IdTwice { of, first } => match of {
            Holder::Repository => id_twice(holder(of), first),
            Holder::Remote(name) => id_twice(&format!("the remote {name}"), first),
        },
        Matter::IdNotSet {
            name,
            id,
            of,
            why,
            mask,
        } => {
            let (id, mask) = (escape(id), escape_path(mask));
            let vendors = match why {
                NotSet::OwnEntrys(_) => String::new(),
                _ => format!("`overlayctl revert {name}` takes the vendor's, "),
            };
            format!(
                "the collection ID `{id}` is not set: {}; {vendors}an empty file {mask} leaves it so",
                not_set(of, why)
            )
        }
        Matter::GivenUp {
            name, tries, why, ..
        } => format!(
            "{name}: {}; it is not tried again: mend what it runs and run it with `overlayctl cleanup run --force --task NAME`, or mask it",
            failed_times(*tries, why.as_deref())
        ),
        Matter::Verification { name, how } => verification(name, how),
        Matter::Own(own) => own_words(own),
    }
}

fn value(value: Option<&BString>) -> String {
    value.map_or_else(|| "nothing".into(), |value| format!("`{}`", escape(value)))
}

fn not_set(of: &Holder, why: &NotSet) -> String {
    let of = holder(of);
    match why {
        NotSet::TakenAway => format!("you took the one of {of} away"),
        NotSet::Emptied => format!("{of} has an empty one, which is your choice"),
        NotSet::Differs(has) => format!("{of} has `{}`{}", escape(has), differing_id(false)),
        NotSet::OwnEntrys(has) => format!("{of} has `{}`{}", escape(has), differing_id(true)),
    }
}
