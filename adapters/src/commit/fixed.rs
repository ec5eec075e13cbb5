//! What nobody can take out of its place: found together, once one file is found to be so.

use rustix::fs::{AtFlags, StatxAttributes, StatxFlags};
use rustix::io::Errno;

use super::error::{CommitError, Doing as _};
use super::outcome::Failure;
use super::place::Directories;
use super::step::Step;

/// A failure with what else stands in the way of steps of its kind: each is told of once, and not by an
/// attempt of its own, which would stage all the others again.
pub(super) fn failures(root: &Directories, steps: &[Step], first: Failure) -> Vec<Failure> {
    let removes = |step: &Step| matches!(step, Step::Remove(_) | Step::Unlink(_));
    let is_alike = |step: &Step| removes(step) == removes(&steps[first.step]);
    let later = steps.iter().enumerate().skip(first.step + 1);
    let others = later.filter(|(_, what)| is_alike(what));
    let others: Vec<_> = others
        .filter_map(|(step, what)| {
            let error = check_loose(root, what).err()?;
            Some(Failure { step, error })
        })
        .collect();
    std::iter::once(first).chain(others).collect()
}

/// Whether what a step is to take out of its place can be.
///
/// # Errors
/// Nobody may rename or remove it: it is immutable, or something is mounted there.
fn check_loose(root: &Directories, step: &Step) -> Result<(), CommitError> {
    let (doing, place) = match step {
        Step::Replace { path, .. } => ("replace", root.of_end(path)?),
        Step::Link { path, .. } => ("replace", root.of_name(path)?),
        Step::Take { path, .. } | Step::Remove(path) | Step::Unlink(path) => {
            ("remove", root.of_name(path)?)
        }
        Step::Intend { .. } | Step::Create(_) | Step::Touch(_) | Step::Tell(_) => return Ok(()),
    };
    let Some(place) = place else { return Ok(()) };
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    let found = match rustix::fs::statx(&*place.dir, &place.name, flags, StatxFlags::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        found => found.doing(doing, &place.path)?,
    };
    let attributes = found.stx_attributes;
    let is_fixed = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    if attributes.intersects(is_fixed) {
        return Err(CommitError::new(doing, &place.path, Errno::PERM));
    }
    if attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Err(CommitError::new(doing, &place.path, Errno::BUSY));
    }
    Ok(())
}
