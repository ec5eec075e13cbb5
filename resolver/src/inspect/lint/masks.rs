//! Masks that hide nothing, and those that nobody may have meant.

use std::collections::HashMap;
use std::ffi::OsStr;

use super::Subject;
use crate::finding::{Finding, code};
use crate::root::Mask;
use crate::rules::DropIns;
use crate::scan::{Fragment, Role, State, Status};

/// Masks that hide nothing, as no lower layer has a file of their name.
///
/// Not looked at: units, which generators and scripts of System V make too, and empty files of the
/// lowest layer, which are not meant as masks.
pub(super) fn mask_of_nothing(subject: &Subject<'_>) -> Vec<Finding> {
    let fragments = subject.fragments();
    let namesakes = Namesakes::of(fragments);
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
        .filter(|mask| namesakes.hidden_by(subject, mask).next().is_none())
        .map(|mask| {
            code::MASK_OF_NOTHING.warning(
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
    let namesakes = Namesakes::of(fragments);
    fragments
        .iter()
        .filter(|mask| mask.state == State::Mask(Mask::Empty) && subject.is_owners(&mask.layer))
        .filter_map(|mask| {
            let hidden = namesakes.hidden_by(subject, mask).next_back()?;
            Some(code::EMPTY_FILE_MASKS.info(
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

/// The files of each part and name.
struct Namesakes<'s>(HashMap<(Role, Option<&'s OsStr>), Vec<&'s Fragment>>);

impl<'s> Namesakes<'s> {
    fn of(fragments: &'s [Fragment]) -> Self {
        let mut namesakes = HashMap::<_, Vec<_>>::new();
        for fragment in fragments {
            namesakes.entry(name(fragment)).or_default().push(fragment);
        }
        Self(namesakes)
    }

    /// The files that a mask hides: of its name and part, and in a lower layer.
    fn hidden_by(
        &self,
        subject: &Subject<'_>,
        mask: &'s Fragment,
    ) -> impl DoubleEndedIterator<Item = &'s Fragment> {
        let others = self.0.get(&name(mask)).into_iter().flatten().copied();
        others.filter(|other| {
            subject.is_below(&other.layer, &mask.layer)
                && other.path != mask.path
                && !matches!(other.state, State::Ignored(_))
        })
    }
}

fn name(fragment: &Fragment) -> (Role, Option<&OsStr>) {
    (fragment.role, fragment.path.file_name())
}
