//! The marker: a deployment was cleaned, by these tasks.
//!
//! To a deploy process and to a unit's `ConditionPathExists=!` it is a file that is there or not. What it says is
//! for the case that nobody removed it, or that a power cut brought it back: it is kept only if it is about the
//! deployment that is booted and the tasks that there are, and what is remembered of these bears it out.

use bstr::{BString, ByteSlice as _};
use overlay_resolver::keyfile::value;

use super::found::Found;
use super::progress::Progress;
use crate::editor::Editor;

/// What a marker says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Marker {
    /// The deployment that was cleaned.
    pub deployment: String,
    /// A digest of the tasks that there were.
    pub tasks: String,
    /// In which boot it was first cleaned; empty if the system does not say which boot it is.
    pub boot: String,
    /// Whether a required task was given up.
    pub is_degraded: bool,
}

/// How a marker stands to the deployment that is booted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkerState {
    /// Nothing tells which deployment that is.
    Unknown,
    /// There is none: this deployment is to be cleaned.
    Absent,
    /// It is about this deployment and these tasks, and is true.
    Current(Marker),
    /// It is about this deployment and these tasks, and what is remembered of them is otherwise: something required is to
    /// be run or looked at, or was given up since, or is not given up any more.
    Untrue(Marker),
    /// It is about another deployment: the one that deployed this one did not remove it, or the removal did not
    /// outlive a power cut.
    OfAnother(Marker),
    /// It is about this deployment, and the tasks were others.
    OtherTasks(Marker),
    /// It is not one of ours, or was cut short.
    Foreign,
}

const SECTION: &str = "Cleanup";
const FORMAT: &str = "Format";
const DEPLOYMENT: &str = "Deployment";
const TASKS: &str = "Tasks";
const BOOT: &str = "Boot";
const DEGRADED: &str = "Degraded";
/// Goes up where a program of an earlier format must not trust a marker.
const VERSION: &[u8] = b"1";

impl Marker {
    /// Reads the file. None if it is not a whole one of ours.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let file = Editor::parse(text).ok()?;
        let get = |key| file.get(SECTION, key);
        let string = |key| value::decode_string(get(key)?).ok();
        (get(FORMAT)? == VERSION).then_some(())?;
        Some(Self {
            deployment: string(DEPLOYMENT)?,
            tasks: string(TASKS)?,
            boot: string(BOOT)?,
            // Written last: where this is missing, the file was cut short.
            is_degraded: value::decode_boolean(get(DEGRADED)?).ok()?,
        })
    }

    /// The whole file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut file = Editor::default();
        for (key, value) in [
            (FORMAT, VERSION.into()),
            (DEPLOYMENT, value::encode_string(&self.deployment)),
            (TASKS, value::encode_string(&self.tasks)),
            (BOOT, value::encode_string(&self.boot)),
            (DEGRADED, value::encode_boolean(self.is_degraded)),
        ] {
            file.set(SECTION, key, BString::from(value).as_bstr());
        }
        file.to_bytes()
    }
}

impl MarkerState {
    /// How what has the place of the marker stands to what is booted. Pure.
    pub(super) fn of(
        found: &Found,
        booted: Option<&str>,
        tasks: &str,
        progress: &Progress,
    ) -> Self {
        match (booted, found) {
            (None, _) => Self::Unknown,
            (Some(_), Found::Nothing) => Self::Absent,
            (Some(_), Found::Foreign | Found::Directory) => Self::Foreign,
            (Some(booted), Found::Text(text)) => {
                Self::judged(Marker::parse(text), booted, tasks, progress)
            }
        }
    }

    /// How what a marker says stands to it; none if that is none of ours. Pure.
    pub(super) fn judged(
        marker: Option<Marker>,
        booted: &str,
        tasks: &str,
        progress: &Progress,
    ) -> Self {
        match marker {
            None => Self::Foreign,
            Some(marker) if marker.deployment != booted => Self::OfAnother(marker),
            Some(marker) if marker.tasks != tasks => Self::OtherTasks(marker),
            Some(marker) if !progress.bears_out(&marker) => Self::Untrue(marker),
            Some(marker) => Self::Current(marker),
        }
    }

    /// The code of it in machine output.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Absent => "absent",
            Self::Current(_) => "current",
            Self::Untrue(_) => "untrue",
            Self::OfAnother(_) => "of-another",
            Self::OtherTasks(_) => "other-tasks",
            Self::Foreign => "foreign",
        }
    }
}
