//! The directories of the layers, opened, and the files in them, judged by what was opened.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::Query;
use super::shared::SharedDir;
use crate::root::{Listing, Name as Listed, Opened, Unusable};
use crate::rules::Layer;
use crate::scan::fragment::{Fragment, Role};
use crate::tree::TreeDir;

/// A directory to search, with its rank.
pub(super) struct Place {
    pub(super) layer: Layer,
    pub(super) directory: PathBuf,
    /// Whether other documents look at it, too.
    pub(super) is_shared: bool,
}

/// One that is there.
pub(super) struct Opendir<'t> {
    pub(super) place: Place,
    pub(super) rank: u32,
    pub(super) dir: Found<'t>,
}

#[derive(Debug)]
pub(super) enum Found<'t> {
    Own(TreeDir<'t>),
    Shared(SharedDir<'t>),
}

impl Found<'_> {
    pub(super) fn listing(&self) -> Result<Listing, Unusable> {
        match self {
            Self::Own(dir) => dir.listing(),
            Self::Shared(dir) => dir.listing(),
        }
    }

    pub(super) fn open(&self, name: &OsStr) -> Option<Opened> {
        match self {
            Self::Own(dir) => dir.open(name),
            Self::Shared(dir) => dir.open(name),
        }
    }
}

impl<'t> Query<'t> {
    pub(super) fn open(
        &self,
        place: &Place,
        trail: &mut Vec<PathBuf>,
    ) -> Result<Option<Found<'t>>, Unusable> {
        let (tree, directory) = (self.tree, &place.directory);
        if place.is_shared {
            let dir = self.shared.dir(tree, directory, trail)?;
            return Ok(dir.map(Found::Shared));
        }
        Ok(tree.dir_by(directory, trail)?.map(Found::Own))
    }
}

impl Query<'_> {
    /// Opens what has a name, the file of the highest layer first, until the name is taken.
    pub(super) fn open_names(
        &self,
        role: Role,
        dirs: &[Opendir<'_>],
        mut names: Vec<(Listed<'_>, usize)>,
    ) -> Vec<Fragment> {
        // Each directory's names are sorted already, which this sort makes use of.
        names.sort();
        let mut found = Vec::with_capacity(names.len());
        let stacks = names.chunk_by(|(a, _), (b, _)| a == b);
        for (number, stack) in (0..).zip(stacks) {
            let start = found.len();
            let mut taken = false;
            for (name, index) in stack.iter().rev() {
                let name = name.get();
                let Some(dir) = dirs.get(*index) else {
                    continue;
                };
                let mut fragment = dir.fragment(role, name);
                fragment.stack = number;
                found.push(self.look(fragment, &mut taken, || {
                    dir.dir.open(name).unwrap_or_else(Opened::vanished)
                }));
            }
            if let Some(stack) = found.get_mut(start..) {
                stack.reverse();
            }
        }
        found
    }

    /// Judges a file by what lies there, unless one above it hides it and nobody wants to know.
    pub(super) fn look(
        &self,
        fragment: Fragment,
        taken: &mut bool,
        open: impl FnOnce() -> Opened,
    ) -> Fragment {
        if *taken && !self.history && !self.rules.first_always_counts {
            return fragment;
        }
        let fragment = fragment.judged(self.rules, open());
        *taken |= fragment.takes_name();
        fragment
    }
}

impl Opendir<'_> {
    pub(super) fn fragment(&self, role: Role, name: &OsStr) -> Fragment {
        let Place {
            layer, directory, ..
        } = &self.place;
        Fragment::new(role, layer.clone(), self.rank, directory, name)
    }
}
