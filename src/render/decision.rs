//! The sentence for what was decided over an entry: made here and nowhere else.

use overlay_adapters::report::{
    CollectionDecision, Decision, Dependent, EntryReport, Going, Holder, Mask, RunDecision, State,
};
use overlay_resolver::escape::{escape, escape_path};

use super::foreign::foreign;
use super::style::{BAD, FAINT, GOOD, NOTABLE};
use crate::text::Style;

/// What masks an entry.
pub(super) fn masked(mask: &Mask) -> String {
    let Mask {
        path,
        is_former_name,
    } = mask;
    let name = if *is_former_name {
        " under its former name"
    } else {
        ""
    };
    format!("masked by {}{name}", escape_path(path))
}

/// Why an entry is to go.
pub(super) fn going(why: &Going) -> String {
    match why {
        Going::Masked(mask) => masked(mask),
        Going::Withdrawn => WITHDRAWN.into(),
        Going::Renamed(name) => format!("the vendor calls it {} now", escape(name.as_bytes())),
    }
}

const WITHDRAWN: &str = "withdrawn by the vendor";

/// Whom a collection ID is for.
pub(super) fn holder(of: &Holder) -> &str {
    match of {
        Holder::Repository => "the repository",
        Holder::Remote(name) => name,
    }
}

/// Why an entry is what it is.
pub(crate) fn reason(entry: &EntryReport) -> String {
    match &entry.decision {
        Decision::UpToDate { origin, refreshed } => match refreshed.as_slice() {
            [] => format!("as in {}", escape_path(origin)),
            keys => format!(
                "as in {}, but for {}, which servers refresh",
                escape_path(origin),
                keys.join(", ")
            ),
        },
        Decision::New { origin } => format!("new entry from {}", escape_path(origin)),
        Decision::Renamed { origin, former } => format!(
            "from {}, with all that there was under its other name {}",
            escape_path(origin),
            escape(former.as_bytes())
        ),
        Decision::Updated { changed } => changed.join(", "),
        Decision::Adopted { except } if except.is_empty() => {
            "was there before and follows the vendor from now on".into()
        }
        Decision::Adopted { except } => format!(
            "was there before and follows the vendor from now on, except {}",
            except.join(", ")
        ),
        Decision::Edited { keys, unclear } => match (keys.as_slice(), unclear.as_slice()) {
            (keys, []) => keys.join(", "),
            ([], unclear) => format!("{}, or by the server", unclear.join(", ")),
            (keys, unclear) => format!(
                "{}; by you or the server: {}",
                keys.join(", "),
                unclear.join(", ")
            ),
        },
        Decision::Conflict { keys, unclear } => match (keys.as_slice(), unclear.as_slice()) {
            (keys, []) => format!(
                "you and the vendor changed {}; yours stays",
                keys.join(", ")
            ),
            ([], unclear) => format!(
                "you, or the server, and the vendor changed {}; what is there stays",
                unclear.join(", ")
            ),
            (keys, unclear) => format!(
                "you and the vendor changed {}, you, or the server, and the vendor {}; what is there stays",
                keys.join(", "),
                unclear.join(", ")
            ),
        },
        Decision::Masked { mask } => masked(mask),
        Decision::MaskedForeign { mask } => {
            let (mask, noun) = (masked(mask), entry.noun);
            format!("{mask}, but this {noun} was made by somebody else, so it stays")
        }
        Decision::Deleted => format!("`overlayctl restore {}` brings it back", entry.called()),
        Decision::Foreign(why) => foreign(why, entry.noun, &entry.called()),
        Decision::InUse { why, user } => {
            let user = match user {
                Dependent::Apps => "still in use: hidden from browsing",
                Dependent::Deployment => "a deployment follows it",
            };
            format!("{}, but {user}", going(why))
        }
        Decision::Removed { why } => going(why),
        Decision::Released { why } => {
            format!(
                "{}, but adopted or edited by you: it is yours now",
                going(why)
            )
        }
        Decision::LeftToOwner { mask } => {
            format!("{}, and yours as long as it is", masked(mask))
        }
        Decision::ReleasedByOwner => format!(
            "you took it from the vendor; `overlayctl adopt {}` lets it follow again",
            entry.called()
        ),
        Decision::Broken { finding } => finding.to_string(),
        Decision::LayerMissing => LAYER_MISSING.into(),
        Decision::Collection(decision) => reason_of_collection(decision),
        Decision::Run(decision) => reason_of_run(decision),
    }
}

pub(super) const LAYER_MISSING: &str =
    "a layer is missing, so nobody can tell whether the vendor withdrew it";

fn reason_of_run(decision: &RunDecision) -> String {
    match decision {
        RunDecision::Due {
            origin,
            begun,
            of,
            is_interrupted,
        } => {
            let begun = match begun {
                _ if *is_interrupted => format!(
                    "; interrupted while it ran, as by a shutdown, which counts as no try: tried {begun} of {of} times"
                ),
                0 => String::new(),
                begun => format!(
                    "; begun {begun} of {of} times, the last one without an end that was seen: it runs now, or was cut off"
                ),
            };
            format!("as in {}{begun}", escape_path(origin))
        }
        RunDecision::Off => "`enabled = true` in a drop-in switches it on".into(),
        RunDecision::NoOccasion => "nothing tells what it would be done for".into(),
        RunDecision::Done => "it is not run again".into(),
        RunDecision::Failed { tries, of, why } => {
            format!("tried {tries} of {of} times{}", because(why.as_deref()))
        }
        RunDecision::GivenUp { tries, why } => failed_times(*tries, why.as_deref()),
    }
}

/// How often something that is run failed, and why.
pub(super) fn failed_times(tries: u32, why: Option<&str>) -> String {
    let times = if tries == 1 {
        "once".into()
    } else {
        format!("{tries} times")
    };
    let because = because(why);
    format!("failed {times}{because}")
}

fn because(why: Option<&str>) -> String {
    why.map_or_else(String::new, |why| format!(": {why}"))
}

fn reason_of_collection(decision: &CollectionDecision) -> String {
    match decision {
        CollectionDecision::NoHolder { of, later } => match (of, later) {
            (Holder::Repository, _) => "there is no repository yet".into(),
            (Holder::Remote(name), None) => format!("there is no remote {name} yet"),
            (Holder::Remote(name), Some(later)) => {
                format!(
                    "there is no remote {name}: the vendor calls it {later} now, and `Remote={later}` gives it this"
                )
            }
        },
        CollectionDecision::OutOfScope { place } => format!(
            "{} is not written in this run (`--scope all` writes it)",
            escape_path(place)
        ),
        CollectionDecision::Given { of } => format!("given to {}", holder(of)),
        CollectionDecision::Changed { of } => format!("changed for {}", holder(of)),
        CollectionDecision::There { of } => format!("{} has it", holder(of)),
        CollectionDecision::TakenAway { of } => {
            let of = holder(of);
            format!("you took the collection ID of {of} away, so it stays away")
        }
        CollectionDecision::Emptied { of } => {
            let of = holder(of);
            format!("{of} has an empty collection ID, which is your choice and stays")
        }
        CollectionDecision::Differs {
            of,
            has,
            has_its_own,
        } => {
            let (of, has) = (holder(of), escape(has));
            let whose = differing_id(*has_its_own);
            format!("{of} has the collection ID `{has}`{whose}")
        }
        CollectionDecision::Twice { of, first } => id_twice(holder(of), first),
    }
}

/// Whose a collection ID is that is not the one of `collections.d`.
pub(super) const fn differing_id(has_its_own: bool) -> &'static str {
    if has_its_own {
        ", and gets one from its own entry, which counts"
    } else {
        " from you or the server, which stays"
    }
}

/// That somebody gets a collection ID twice.
pub(super) fn id_twice(of: &str, first: &str) -> String {
    format!("{of} gets its collection ID from the entry {first} already; mask one of the two")
}

/// What an entry is, in words.
pub(crate) fn state(entry: &EntryReport) -> String {
    let (_, words) = words(entry, entry.decision.state_before());
    words
}

/// The state in words, with what makes it so.
pub(super) fn words(entry: &EntryReport, state: State) -> (Style, String) {
    let reason = reason(entry);
    match (state, &entry.decision) {
        (State::Applied, _) => (GOOD, format!("applied, {reason}")),
        (State::Absent, _) => (NOTABLE, format!("not applied yet, {reason}")),
        (State::Outdated, Decision::Adopted { .. }) => {
            (NOTABLE, format!("not adopted yet: {reason}"))
        }
        (State::Outdated, Decision::Removed { .. }) => {
            (NOTABLE, format!("not removed yet: {reason}"))
        }
        (State::Outdated, Decision::Released { .. }) => {
            (NOTABLE, format!("not released yet: {reason}"))
        }
        (State::Outdated, _) => (NOTABLE, format!("not up to date: {reason}")),
        (State::Updated, _) => (GOOD, format!("updated: {reason}")),
        (State::Adopted, _) => (GOOD, format!("adopted: {reason}")),
        (State::Edited, _) => (NOTABLE, format!("edited by you: {reason}")),
        (State::Conflict, _) => (NOTABLE, format!("conflict: {reason}")),
        (State::Masked, _) => (NOTABLE, reason),
        (State::Deleted, _) => (NOTABLE, format!("deleted by you; {reason}")),
        (State::Kept, _) => (NOTABLE, format!("kept: {reason}")),
        (State::Removed, _) => (NOTABLE, format!("removed: {reason}")),
        (State::Released, _) => (NOTABLE, format!("released: {reason}")),
        (State::Foreign, _) => (NOTABLE, format!("not touched: {reason}")),
        (State::Off, _) => (FAINT, format!("off; {reason}")),
        (State::Waiting, Decision::Collection(CollectionDecision::OutOfScope { .. })) => {
            (NOTABLE, format!("left for the boot: {reason}"))
        }
        (State::Waiting, _) => (NOTABLE, format!("waiting: {reason}")),
        (State::Due, _) => (NOTABLE, format!("to be run, {reason}")),
        (State::Done, _) => (GOOD, format!("done: {reason}")),
        (State::GivenUp, _) => (BAD, format!("given up: {reason}")),
        (State::Failed, _) => (BAD, format!("failed: {reason}")),
    }
}
