//! Text about what is done once after each deployment.

use overlay_adapters::cleanup::{MarkerState, Overall, Standing, Verified};
use overlay_resolver::escape::{escape, escape_path};

use super::style::{BAD, GOOD, NOTABLE};
use crate::text::{Style, Text, say};

/// Whether the deployment is cleaned, and if not, why.
pub(crate) fn cleanup(standing: &Standing, failed_checks: &[String]) -> Text {
    let mut text = Text::new();
    let Some(deployment) = &standing.deployment else {
        say!(
            text,
            "{NOTABLE}nothing to clean{NOTABLE:#}: nothing tells which deployment this is: neither /run/ostree-booted, nor the mount of /, nor IMAGE_VERSION= or BUILD_ID= in os-release"
        );
        return text;
    };
    let (style, words) = words(standing.overall());
    let (marker, why) = (escape_path(&standing.marker), why(standing));
    let is_else = !matches!(standing.state, MarkerState::Current(_));
    let besides = match standing.overall() {
        Overall::Cleaned | Overall::GivenUp if is_else => "no task is left to be run; ",
        _ => "",
    };
    say!(text, "{style}{words}{style:#}: {besides}{marker} {why}");
    let is_there = match (standing.is_running, standing.is_booted) {
        (_, false) => format!("the deployment is {deployment}, which is not booted"),
        (true, true) => format!("the deployment that is booted is {deployment}"),
        (false, true) => format!("the deployment is {deployment}"),
    };
    say!(text, "{is_there}");
    if standing.is_noted {
        say!(
            text,
            "{NOTABLE}/run/overlayctl/cleanup-stale{NOTABLE:#} is there: the cleanup runs in this boot, whatever the marker says"
        );
    }
    for check in failed_checks {
        say!(
            text,
            "{BAD}waiting{BAD:#}: this boot does not count as healthy, since {check} failed: `systemctl status {check}`"
        );
    }
    text
}

const fn words(overall: Overall) -> (Style, &'static str) {
    match overall {
        Overall::Cleaned => (GOOD, "cleaned"),
        Overall::GivenUp => (BAD, "cleaned, except for what was given up"),
        Overall::Failed => (BAD, "not cleaned, and what failed is tried again"),
        Overall::Unclear => (BAD, "not cleaned, and what became of a task cannot be told"),
        Overall::Due | Overall::Unknown => (NOTABLE, "not cleaned"),
    }
}

/// What became of the marker.
pub(crate) fn verified(standing: &Standing, verified: &Verified) -> Text {
    let mut text = Text::new();
    let (marker, why) = (escape_path(&standing.marker), why(standing));
    match verified {
        Verified::Unknown => return cleanup(standing, &[]),
        Verified::OfTheBooted => say!(
            text,
            "kept {marker}: it is about the deployment that is booted, which that of this root is not"
        ),
        Verified::Absent => say!(text, "{marker} {why}"),
        Verified::Kept => say!(text, "kept {marker}: it {why}"),
        Verified::Degraded { note } => say!(
            text,
            "kept {marker}: it {why}; a task was given up, and {} has the cleanup say so",
            escape_path(note)
        ),
        Verified::Removed => say!(text, "removed {marker}: it {why}"),
        Verified::Stale { note, .. } => say!(
            text,
            "{NOTABLE}{marker} is stale and cannot be removed{NOTABLE:#}: it {why}; {} has the cleanup run all the same",
            escape_path(note)
        ),
    }
    text
}

/// What the marker says: the rest of a sentence about it.
fn why(standing: &Standing) -> String {
    match &standing.state {
        MarkerState::Unknown => "is not judged".into(),
        MarkerState::Absent => "does not exist".into(),
        MarkerState::Current(_) => "names this deployment and these tasks".into(),
        MarkerState::Untrue(_) => format!(
            "says otherwise than what is remembered: {}",
            truth(standing)
        ),
        MarkerState::OfAnother(other) => {
            let own = standing.deployment.as_ref();
            let own = own.map_or_else(|| "another".into(), ToString::to_string);
            let other = escape(other.deployment.as_bytes());
            if standing.is_running {
                format!("names {other}, and {own} is booted")
            } else {
                format!("names {other}, and this is {own}")
            }
        }
        MarkerState::OtherTasks(_) => "names this deployment, and other tasks".into(),
        MarkerState::Foreign => "is none of overlayctl's, or was cut short".into(),
    }
}

/// What is remembered, where the marker says otherwise.
fn truth(standing: &Standing) -> String {
    let progress = &standing.progress;
    let mut open = progress.open().map(|task| escape(task.name.as_bytes()));
    let mut given_up = progress.given_up().map(|task| escape(task.name.as_bytes()));
    match (open.next(), given_up.next()) {
        (Some(task), _) => format!("{task} is not done"),
        (None, _) if !progress.is_recorded => "no run came to its end".into(),
        (None, Some(task)) => format!("{task} was given up"),
        (None, None) => "nothing required was given up".into(),
    }
}
