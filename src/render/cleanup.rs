//! Text about what is done once after each deployment.

use overlay_adapters::cleanup::{MarkerState, Standing, Verified};
use overlay_resolver::escape::escape_path;

use super::style::{BAD, GOOD, NOTABLE};
use crate::text::{Text, say};

/// Whether the deployment that is booted is cleaned, and if not, why.
pub(crate) fn cleanup(standing: &Standing, failed_checks: &[String]) -> Text {
    let mut text = Text::new();
    let Some(deployment) = &standing.deployment else {
        say!(
            text,
            "{NOTABLE}nothing to clean{NOTABLE:#}: nothing tells which deployment is booted: neither /run/ostree-booted, nor the mount of /, nor IMAGE_VERSION= or BUILD_ID= in os-release"
        );
        return text;
    };
    let (style, words) = match &standing.state {
        MarkerState::Current(marker) if marker.is_degraded => {
            (BAD, "cleaned, except for what was given up")
        }
        MarkerState::Current(_) => (GOOD, "cleaned"),
        _ => (NOTABLE, "not cleaned"),
    };
    let (marker, why) = (escape_path(&standing.marker), why(standing));
    say!(text, "{style}{words}{style:#}: {marker} {why}");
    say!(text, "the deployment that is booted is {deployment}");
    for check in failed_checks {
        say!(
            text,
            "{BAD}waiting{BAD:#}: this boot does not count as healthy, since {check} failed: `systemctl status {check}`"
        );
    }
    text
}

/// What became of the marker.
pub(crate) fn verified(standing: &Standing, verified: &Verified) -> Text {
    let mut text = Text::new();
    let (marker, why) = (escape_path(&standing.marker), why(standing));
    match verified {
        Verified::Unknown => return cleanup(standing, &[]),
        Verified::Absent => say!(text, "{marker} {why}"),
        Verified::Kept => say!(text, "kept {marker}: it {why}"),
        Verified::Removed => say!(text, "removed {marker}: it {why}"),
        Verified::Stale { note, .. } => say!(
            text,
            "{NOTABLE}{marker} is stale and cannot be removed{NOTABLE:#}: it {why}; {} says so",
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
        MarkerState::OfAnother(other) => {
            let booted = standing.deployment.as_ref();
            let booted = booted.map_or_else(|| "another".into(), ToString::to_string);
            format!("names {}, and {booted} is booted", other.deployment)
        }
        MarkerState::OtherTasks(_) => "names this deployment, and other tasks".into(),
        MarkerState::Foreign => "is none of overlayctl's, or was cut short".into(),
    }
}
