//! The numbers of what a ledger holds, a type each. Only the ledger makes them, so each stands for
//! something that is there: to ask a ledger by a number that it did not make is a bug, and panics.

use std::num::NonZeroU32;

use crate::numbered::small;

/// A number type, four bytes long, also where it is optional.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(NonZeroU32);

        impl $name {
            /// The number of what is at this place.
            pub(super) fn at(index: usize) -> Self {
                Self(NonZeroU32::new(small(index + 1)).expect("counted from 1"))
            }

            /// Its place, counted from 0.
            pub(crate) const fn index(self) -> usize {
                (self.0.get() - 1) as usize
            }
        }
    };
}

number! {
    /// An assignment, in the order in which the consumer meets them.
    Row
}
number! {
    /// A key of a section.
    KeyId
}
number! {
    /// What keys are called.
    NameId
}
number! {
    /// A section.
    SectionId
}
number! {
    /// A file of the entry.
    FileId
}
number! {
    /// Something that the consumer refuses.
    ProblemId
}
