//! What lies beside an entry and belongs to it: a keyring, a copy of a file that it names.

use std::path::PathBuf;

use overlay_resolver::finding::Finding;

use super::draft::Draft;
use super::intent::Traces;
use super::subject::Subject;
use super::target::Target;
use crate::report::Operation;

/// Makes the facets of one entry, in the order in which they are asked.
pub(crate) type Facets<T> = fn() -> Vec<Box<dyn Facet<T>>>;

/// What was decided over an entry that a facet follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn<'d> {
    /// It is made; of the name that it had before the owner's doings go along.
    Created {
        /// That name.
        former: Option<&'d str>,
    },
    /// It was there before us.
    Adopted,
    /// It was reconciled key by key.
    Updated,
    /// Single keys were given back to the vendor.
    Reverted,
}

/// One facet of one entry, for one plan. What a facet does not answer, it has nothing to do with.
pub(crate) trait Facet<T: Target> {
    /// Looks at what is there, before anything is decided over an entry that is.
    ///
    /// # Errors
    /// It cannot be understood, and the entry stays as it is.
    fn observe(&mut self, _subject: &mut Subject<'_, '_, T>) -> Result<(), Finding> {
        Ok(())
    }

    /// Why an entry that is not there cannot be made.
    fn hindrance(&self, _subject: &Subject<'_, '_, T>) -> Option<Finding> {
        None
    }

    /// Decides what becomes of it, once it is known what becomes of the keys.
    fn follow(&mut self, _subject: &mut Subject<'_, '_, T>, _wanted: &T::Wanted, _turn: Turn<'_>) {}

    /// Mends what a run that died left of it.
    fn mend(&mut self, _subject: &mut Subject<'_, '_, T>) {}

    /// Says what there is to say of it as it will be, whatever was decided over the entry.
    fn tell(&mut self, _subject: &mut Subject<'_, '_, T>) {}

    /// Whether nothing of it is the owner's.
    fn is_pristine(&self, _subject: &Subject<'_, '_, T>) -> bool {
        true
    }

    /// The files that it mends itself: what a dead run left of them is no residue.
    fn mended(&self, _target: &T, _name: &str) -> Option<PathBuf> {
        None
    }

    /// Adds to the intent what is about to become of it.
    fn intend(&self, _draft: &Draft<'_, T>, _name: &str, _traces: &mut Traces) {}

    /// What of it is recorded otherwise from now on, while it stays as it is.
    fn recorded(&self, _draft: &Draft<'_, T>, _name: &str) -> Vec<(Operation, String)> {
        Vec::new()
    }
}
