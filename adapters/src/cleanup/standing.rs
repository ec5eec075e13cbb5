//! How a system stands: which deployment is booted, and what is said and remembered of its being cleaned.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::finding::Finding;
use overlay_resolver::root::{FRAGMENT_LIMIT, MemberKind, Root};

use super::marker::{Marker, MarkerState};
use super::task::Task;
use super::{Cleanup, MARKER, RECORD, STALE, digest, file_name};
use crate::code;
use crate::deployment::Deployment;
use crate::proc;
use crate::source::Source;

/// Which boot of the kernel this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

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
    pub(super) marker_text: Option<Vec<u8>>,
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
        let (marker, marker_text) = cleanup.marker(root)?;
        let deployment = Deployment::booted(root, &cleanup.sysroot)?;
        let booted = deployment.as_ref().map(ToString::to_string);
        let record = booted.as_ref().map(|id| cleanup.place(id).join(RECORD));
        let record_text = record.map(|path| text(root, &path)).transpose()?.flatten();
        let boot = proc::read(root, Path::new(BOOT_ID)).unwrap_or_default();
        let boot = boot.trim_ascii().to_str_lossy().into_owned();
        let tasks = digest(source);
        let recorded = record_text.as_deref().and_then(Marker::parse);
        Ok(Self {
            state: MarkerState::of(marker_text.as_deref(), booted.as_deref(), &tasks),
            is_first_boot: booted
                .map(|_| recorded.is_none_or(|record| !boot.is_empty() && record.boot == boot)),
            is_known_stale: text(root, Path::new(STALE))?.is_some(),
            deployment,
            marker,
            marker_text,
            record_text,
            tasks,
            boot,
        })
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
    /// The file of the marker, and what it says, if it is there.
    pub(super) fn marker(&self, root: &Root) -> Result<(PathBuf, Option<Vec<u8>>), Finding> {
        let has_sysroot = root.has_dir(&self.sysroot);
        let has_sysroot = has_sysroot.map_err(|why| unreadable(&self.sysroot, &why))?;
        let marker = if has_sysroot {
            self.sysroot.join(MARKER)
        } else {
            self.marker.clone()
        };
        let text = root.read(&marker, FRAGMENT_LIMIT).map_err(|why| {
            let message = format!("cannot be read as a marker: {why}; remove it");
            code::UNREADABLE.error(&marker, message)
        })?;
        Ok((marker, text))
    }

    /// The directories of what is remembered of deployments that are gone. Which are there is known of ostree's and
    /// composefs'; of other images nobody says it, and any may be booted again.
    pub(super) fn gone(&self, root: &Root, standing: &Standing) -> Result<Vec<PathBuf>, Finding> {
        let booted = match &standing.deployment {
            None | Some(Deployment::Image { .. }) => return Ok(Vec::new()),
            Some(booted) => booted.clone(),
        };
        let kept = Deployment::deployed(root, &self.sysroot)?;
        let kept = kept.iter().chain([&booted]);
        let kept: BTreeSet<_> = kept.map(|one| file_name(&one.to_string())).collect();
        let unreadable = |why| unreadable(&self.state, &why);
        let Some(directory) = root.dir(&self.state).map_err(unreadable)? else {
            return Ok(Vec::new());
        };
        let members = directory.members().map_err(unreadable)?.into_iter();
        let gone = members.filter(|member| {
            let is_kept = member.name.to_str().is_some_and(|name| kept.contains(name));
            member.kind == MemberKind::Directory && !is_kept
        });
        Ok(gone.map(|member| self.state.join(member.name)).collect())
    }
}

fn text(root: &Root, path: &Path) -> Result<Option<Vec<u8>>, Finding> {
    let text = root.read(path, FRAGMENT_LIMIT);
    text.map_err(|why| unreadable(path, &why))
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Finding {
    code::UNREADABLE.error(path, format!("cannot be read: {why}"))
}
