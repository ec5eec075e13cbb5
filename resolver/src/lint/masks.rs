//! Masks that hide nothing, and those that nobody may have meant.

use std::path::Path;

use super::Subject;
use crate::finding::Finding;
use crate::root::Mask;
use crate::rules::DropIns;
use crate::scan::{Fragment, State, Status};

/// Masks that hide nothing, as no lower layer has a file of their name.
///
/// Not looked at: units, which generators and scripts of System V make too, and empty files of the
/// lowest layer, which are not meant as masks.
pub(super) fn mask_of_nothing(subject: &Subject<'_>) -> Vec<Finding> {
    let fragments = subject.fragments();
    let is_unusable = |f: &Fragment| matches!(f.state, State::Unusable(_));
    // A directory could not be listed: nobody can tell what a mask hides.
    let is_unknown =
        subject.document.entry().status == Status::Unusable && !fragments.iter().any(is_unusable);
    if is_unknown || subject.rules.drop_ins == DropIns::Unit {
        return Vec::new();
    }
    let is_lowest = |f: &Fragment| subject.rules.layers.first() == Some(&f.layer);
    fragments
        .iter()
        .filter(|mask| match mask.state {
            State::Mask(Mask::Empty | Mask::Directory) => !is_lowest(mask),
            State::Mask(Mask::DevNull) => true,
            _ => false,
        })
        .filter(|mask| !fragments.iter().any(|other| hides(subject, mask, other)))
        .map(|mask| {
            Finding::warning(
                &mask.path,
                "masks nothing: no lower layer has a file of this name; mend the name, or remove it",
            )
        })
        .collect()
}

/// Empty files of the owner that mask something: a file that lost its content looks the same
/// (systemd#4436).
pub(super) fn empty_file_masks(subject: &Subject<'_>) -> Vec<Finding> {
    let fragments = subject.fragments();
    fragments
        .iter()
        .filter(|mask| mask.state == State::Mask(Mask::Empty) && subject.is_owners(&mask.layer))
        .filter_map(|mask| {
            let hidden = fragments
                .iter()
                .rfind(|other| hides(subject, mask, other))?;
            Some(Finding::info(
                &mask.path,
                format!(
                    "masks {} because it is empty; truncated by accident? A symlink to /dev/null \
                     says that it is meant",
                    crate::escape::escape_path(&hidden.path)
                ),
            ))
        })
        .collect()
}

/// Whether a mask hides a certain file: of its name and part, and in a lower layer.
fn hides(subject: &Subject<'_>, mask: &Fragment, other: &Fragment) -> bool {
    let name = |f: &Fragment| f.path.file_name().map(std::ffi::OsStr::to_owned);
    other.role == mask.role
        && name(other) == name(mask)
        && subject.is_below(&other.layer, &mask.layer)
        && Path::new(&other.path) != mask.path
        && !matches!(other.state, State::Ignored(_))
}
