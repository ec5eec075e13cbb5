//! How a remote is managed: the word beside its keys that makes it ours.

use super::ORIGIN;
use super::target::Store;

/// How a remote with our marks came to have them, and whether it follows the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Management {
    /// We made it.
    Created,
    /// It was there before.
    Adopted,
    /// The vendor withdrew it when it was edited or adopted: left to its owner until it is brought again.
    Withdrawn,
    /// The owner took it from the vendor, until they hand it back.
    Released,
}

impl Management {
    const ALL: [Self; 4] = [
        Self::Created,
        Self::Adopted,
        Self::Withdrawn,
        Self::Released,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Adopted => "adopted",
            Self::Withdrawn => "withdrawn",
            Self::Released => "released",
        }
    }

    /// How a remote is managed; none if it is not. A word that is not known is one of a later version, or
    /// somebody's edit: the remote is taken for adopted then, as which it is never removed unasked.
    pub(crate) fn of(store: &impl Store, name: &str) -> Option<Self> {
        let word = store.get(name, ORIGIN)?;
        let known = Self::ALL.into_iter().find(|known| word == known.word());
        Some(known.unwrap_or(Self::Adopted))
    }

    /// Writes it down.
    pub(crate) fn write(self, store: &mut impl Store, name: &str) {
        store.put(name, ORIGIN, Some(self.word().into()));
    }
}
