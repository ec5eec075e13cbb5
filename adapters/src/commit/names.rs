//! The names that a commit gives to what is not in place, or not any more.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

/// The name under which a new `name` waits beside it.
pub(crate) fn staged_name(name: &OsStr) -> OsString {
    let mut staged = OsString::from(".#");
    staged.push(name);
    staged.push(".overlayctl");
    staged
}

/// The name of a staged file that is still being written.
pub(super) fn partial_name(staged: &OsStr) -> OsString {
    let mut part = staged.to_owned();
    part.push("~");
    part
}

/// The name of the note about a write to `name`.
pub(crate) fn note_name(name: &OsStr) -> OsString {
    let mut note = staged_name(name);
    note.push("!");
    note
}

/// The name of the target that something staged waits for, or is noted about.
pub(super) fn target_of(staged: &OsStr) -> Option<&OsStr> {
    let name = staged.as_bytes().strip_prefix(b".#")?;
    let ends = [&b".overlayctl"[..], b".overlayctl~", b".overlayctl!"];
    let name = ends.into_iter().find_map(|end| name.strip_suffix(end))?;
    Some(OsStr::from_bytes(name))
}

/// Whether a name is that of something staged, whole or not: what a run that was killed leaves.
pub(crate) fn is_staged(name: &OsStr) -> bool {
    target_of(name).is_some()
}

/// What ends the name of something that another program wrote and for which there was no place any more.
pub(super) const SAVED: &str = ".overlayctl-save";

/// Whether a name is that of something another program wrote, kept because something newer was in its
/// place.
pub(crate) fn is_saved(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    bytes.ends_with(SAVED.as_bytes())
}
