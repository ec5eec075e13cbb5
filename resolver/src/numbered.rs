//! Numbers that stand for things that are kept in order, and where to find which, by the hash of what has it.

use hashbrown::HashTable;

/// A number type, four bytes long, also where it is optional. Who makes them is said by the visibility behind its
/// name; so each stands for something that is there, and to ask by one that somebody else made is a bug, and panics.
macro_rules! number {
    ($(#[$doc:meta])* $seen:vis $name:ident, made by $made:vis) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $seen struct $name(std::num::NonZeroU32);

        impl $name {
            /// The number of what is at this place.
            $made fn at(index: usize) -> Self {
                let counted = std::num::NonZeroU32::new($crate::numbered::small(index + 1));
                Self(counted.expect("counted from 1"))
            }

            /// Its place, counted from 0.
            pub(crate) const fn index(self) -> usize {
                (self.0.get() - 1) as usize
            }
        }
    };
}
pub(crate) use number;

/// The numbers of things that are kept elsewhere. The hash is kept, as growing would else visit every thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Numbered(HashTable<(u32, u32)>);

impl Numbered {
    /// The number of what has this hash and `is_it`.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let hash = half(hash);
        let is_it = |&(other, number): &(u32, u32)| other == hash && is_it(number as usize);
        let found = self.0.find(spread(hash), is_it);
        found.map(|&(_, number)| number as usize)
    }

    /// Gives a number to what has this hash and has none.
    pub(crate) fn insert(&mut self, hash: u64, number: usize) {
        let hash = half(hash);
        let hashed = |&(hash, _): &(u32, u32)| spread(hash);
        self.0
            .insert_unique(spread(hash), (hash, small(number)), hashed);
    }
}

/// A count, offset or line in four bytes. Files are read up to 16 MiB and directories up to 2^20 names,
/// and a ledger of so many rows that this failed would fill 300 GiB.
pub(crate) fn small(number: usize) -> u32 {
    u32::try_from(number).expect("texts and directories are bounded where they are read")
}

fn half(hash: u64) -> u32 {
    u32::try_from(hash >> 32).expect("half of 64 bits")
}

/// The table looks at both ends of a hash, and only half of it is kept.
fn spread(hash: u32) -> u64 {
    (u64::from(hash) << 32) | u64::from(hash)
}
