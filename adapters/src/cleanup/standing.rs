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
use super::task::Task;
use super::{Cleanup, MARKER, RECORD, STALE, digest, file_name};
use crate::code;
use crate::deployment::Deployment;
use crate::proc;
use crate::source::Source;

/// Which boot of the kernel this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Of how many images what was done for them is remembered besides that of the booted one, where nobody says which are gone:
/// more than anybody keeps to go back to.
pub(super) const IMAGES_KEPT: usize = 16;

/// How a system stands.
#[derive(Debug)]
pub struct Standing {
    /// The deployment that is booted; none if nothing tells one of this system from the next.
    pub deployment: Option<Deployment>,
    /// The file that says whether that is cleaned.
    pub marker: PathBuf,
    /// What it says.
    pub state: MarkerState,
    /// Whether no earlier boot of this deployment was followed by its being cleaned; none if nobody knows the
    /// deployment.
    pub is_first_boot: Option<bool>,
    /// Whether the marker is stale and could not be removed.
    pub(super) is_known_stale: bool,
    pub(super) found: Found,
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
        let deployment = Deployment::booted(root, &cleanup.sysroot)?;
        let booted = deployment.as_ref().map(ToString::to_string);
        let record = booted.as_ref().map(|id| cleanup.place(id).join(RECORD));
        let record_text = record.map(|path| text(root, &path)).transpose()?.flatten();
        let boot = proc::read(root, Path::new(BOOT_ID)).unwrap_or_default();
        let boot = boot.trim_ascii().to_str_lossy().into_owned();
        let tasks = digest(source);
        let recorded = record_text.as_deref().and_then(Marker::parse);
        Ok(Self {
            state: MarkerState::of(&found, booted.as_deref(), &tasks),
            is_first_boot: booted
                .map(|_| recorded.is_none_or(|record| !boot.is_empty() && record.boot == boot)),
            is_known_stale: text(root, Path::new(STALE))?.is_some(),
            deployment,
            marker,
            found,
            record_text,
            tasks,
            boot,
        })
    }

    /// What somebody has to look after, since it has the place of the marker and is not ours to remove.
    pub fn obstacle(&self) -> Option<Finding> {
        self.found.obstacle(&self.marker)
    }

    /// What is to be said once the deployment is cleaned. It was in the boot in which that was first so.
    pub(super) fn concluded(&self, is_degraded: bool) -> Option<Marker> {
        let recorded = self.record_text.as_deref().and_then(Marker::parse);
        Some(Marker {
            deployment: self.deployment.as_ref()?.to_string(),
            tasks: self.tasks.clone(),
            boot: recorded.map_or_else(|| self.boot.clone(), |record| record.boot),
            is_degraded,
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
        let kept: BTreeSet<_> = kept.map(|one| file_name(&one.to_string())).collect();
        let mut others = self.remembered(root)?;
        others.retain(|(_, name)| !name.to_str().is_some_and(|name| kept.contains(name)));
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

fn text(root: &Root, path: &Path) -> Result<Option<Vec<u8>>, Finding> {
    let text = root.read(path, FRAGMENT_LIMIT);
    text.map_err(|why| unreadable(path, &why))
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Finding {
    code::UNREADABLE.error(path, format!("cannot be read: {why}"))
}
