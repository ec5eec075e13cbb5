//! How a system stands: which deployment is booted, and what is said and remembered of its being cleaned.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::finding::Finding;
use overlay_resolver::root::{FRAGMENT_LIMIT, MemberKind, Root};
use rustix::fs::{AtFlags, statat};

use super::found::Found;
use super::marker::{Marker, MarkerState};
use super::progress::{Overall, Progress};
use super::task::Task;
use super::{Cleanup, MARKER, RECORD, STALE, digest};
use crate::code;
use crate::deployment::Deployment;
use crate::proc;
use crate::source::Source;
use crate::system::is_running_systems;

/// Which boot of the kernel this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Of how many images what was done for them is remembered besides that of the booted one, where nobody says which are gone:
/// more than anybody keeps to go back to.
pub(super) const IMAGES_KEPT: usize = 16;

/// How a system stands.
#[derive(Debug)]
pub struct Standing {
    /// The deployment of the root; none if nothing tells one of this system from the next.
    pub deployment: Option<Deployment>,
    /// Whether that is the one that is booted, as far as anybody says: otherwise the marker is about another one, and right.
    pub is_booted: bool,
    /// Whether the root is that of the running system.
    pub is_running: bool,
    /// The file that says whether that is cleaned.
    pub marker: PathBuf,
    /// What it says.
    pub state: MarkerState,
    /// How far its tasks are.
    pub progress: Progress,
    /// Whether no earlier boot of this deployment was followed by its being cleaned; none if nobody knows the
    /// deployment.
    pub is_first_boot: Option<bool>,
    /// Whether it is noted that the cleanup is to run, be there a marker or not.
    pub is_noted: bool,
    pub(super) found: Found,
    /// The directory of what is remembered of the deployment.
    pub(super) place: Option<PathBuf>,
    pub(super) record_text: Option<Vec<u8>>,
    tasks: String,
    boot: String,
}

impl Standing {
    pub(super) fn of(
        cleanup: &Cleanup,
        root: &Root,
        source: &Source<Task>,
    ) -> Result<Self, Finding> {
        let (marker, found) = cleanup.marker(root)?;
        let of_root = Deployment::of(root, &cleanup.sysroot)?;
        let is_booted = of_root.as_ref().is_none_or(|of| of.is_booted);
        let deployment = of_root.map(|of| of.deployment);
        let booted = deployment.as_ref().map(ToString::to_string);
        let place = deployment.as_ref().map(|of| cleanup.place(root, of));
        let place = place.transpose()?;
        let record = place.as_ref().map(|place| place.join(RECORD));
        let record_text = record.map(|path| text(root, &path)).transpose()?.flatten();
        let boot = boot(root);
        let tasks = digest(source);
        let recorded = record_text.as_deref().and_then(Marker::parse);
        let progress = place.as_deref().map(|place| Progress {
            tasks: cleanup.tasks_for(root, source, place),
            is_recorded: recorded.is_some(),
        });
        let progress = progress.unwrap_or_default();
        Ok(Self {
            state: MarkerState::of(&found, booted.as_deref(), &tasks, &progress),
            progress,
            is_booted,
            is_running: is_running_systems(root),
            is_first_boot: booted
                .map(|_| recorded.is_none_or(|record| !boot.is_empty() && record.boot == boot)),
            is_noted: text(root, Path::new(STALE))?.is_some(),
            deployment,
            marker,
            found,
            place,
            record_text,
            tasks,
            boot,
        })
    }

    /// What somebody has to look after, since it has the place of the marker and is not ours to remove.
    pub fn obstacle(&self) -> Option<Finding> {
        self.found.obstacle(&self.marker)
    }

    /// How the deployment stands as a whole.
    pub fn overall(&self) -> Overall {
        match self.deployment {
            Some(_) => self.progress.overall(),
            None => Overall::Unknown,
        }
    }

    /// What is to be said of the deployment if it is cleaned. It was in the boot in which that was first so.
    pub(super) fn concluded(&self) -> Option<Marker> {
        if !self.progress.is_settled() {
            return None;
        }
        let recorded = self.record_text.as_deref().and_then(Marker::parse);
        Some(Marker {
            deployment: self.deployment.as_ref()?.to_string(),
            tasks: self.tasks.clone(),
            boot: recorded.map_or_else(|| self.boot.clone(), |record| record.boot),
            is_degraded: self.progress.is_degraded(),
        })
    }
}

impl Cleanup {
    /// The place of the marker, and what has it.
    pub(super) fn marker(&self, root: &Root) -> Result<(PathBuf, Found), Finding> {
        let has_sysroot = root.has_dir(&self.sysroot);
        let has_sysroot = has_sysroot.map_err(|why| unreadable(&self.sysroot, &why))?;
        let marker = if has_sysroot {
            self.sysroot.join(MARKER)
        } else {
            self.marker.clone()
        };
        let found = Found::at(root, &marker)?;
        Ok((marker, found))
    }

    /// The directories of what is remembered of deployments that are gone. Which are there is known of ostree's and
    /// composefs'. Of other images nobody says it, and any may be booted again: of them, the [latest](IMAGES_KEPT) are
    /// kept.
    pub(super) fn gone(&self, root: &Root, standing: &Standing) -> Result<Vec<PathBuf>, Finding> {
        let Some(booted) = &standing.deployment else {
            return Ok(Vec::new());
        };
        let known = match booted {
            Deployment::Image { .. } => Vec::new(),
            _ => Deployment::deployed(root, &self.sysroot)?,
        };
        let kept = known.iter().chain([booted]);
        let kept = kept.map(|one| self.place(root, one));
        let kept: BTreeSet<_> = kept.collect::<Result<_, _>>()?;
        let mut others = self.remembered(root)?;
        // What else is there is somebody's.
        let is_of_one = |name: &str| Deployment::KINDS.iter().any(|kind| name.starts_with(kind));
        others.retain(|(_, name)| {
            let name = name.to_str();
            name.is_some_and(|name| is_of_one(name) && !kept.contains(&self.state.join(name)))
        });
        if matches!(booted, Deployment::Image { .. }) {
            // A clock that was wrong costs at most that a deployment is cleaned again.
            others.sort_by(|one, other| other.cmp(one));
            others.drain(..others.len().min(IMAGES_KEPT));
        }
        Ok(others
            .into_iter()
            .map(|(_, name)| self.state.join(name))
            .collect())
    }

    /// The directories of deployments, with when something was last written down there.
    fn remembered(&self, root: &Root) -> Result<Vec<(i64, OsString)>, Finding> {
        let unreadable = |why: &dyn std::fmt::Display| unreadable(&self.state, why);
        let directory = root.dir(&self.state).map_err(|why| unreadable(&why))?;
        let Some(directory) = directory else {
            return Ok(Vec::new());
        };
        let members = directory.members().map_err(|why| unreadable(&why))?;
        let directories = members
            .into_iter()
            .filter(|member| member.kind == MemberKind::Directory);
        let each = directories.map(|member| {
            let stat = statat(&directory, &member.name, AtFlags::SYMLINK_NOFOLLOW);
            let stat = stat.map_err(|why| unreadable(&why))?;
            Ok((stat.st_mtime, member.name))
        });
        each.collect()
    }
}

/// Which boot of the kernel this is; empty where it does not say so.
pub(super) fn boot(root: &Root) -> String {
    let boot = proc::read(root, Path::new(BOOT_ID)).unwrap_or_default();
    boot.trim_ascii().to_str_lossy().into_owned()
}

fn text(root: &Root, path: &Path) -> Result<Option<Vec<u8>>, Finding> {
    let text = root.read(path, FRAGMENT_LIMIT);
    text.map_err(|why| unreadable(path, &why))
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Finding {
    code::UNREADABLE.error(path, format!("cannot be read: {why}"))
}
