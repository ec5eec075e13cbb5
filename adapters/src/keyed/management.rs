//! How an entry is managed: the note that makes it ours.

use super::store::Store;

/// How an entry with our notes came to have them, and whether it follows the vendor.
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
    /// Another entry has taken over from it, under another name: it is there for what depends on it, and for
    /// nothing else.
    Succeeded,
}

impl Management {
    const ALL: [Self; 5] = [
        Self::Created,
        Self::Adopted,
        Self::Withdrawn,
        Self::Released,
        Self::Succeeded,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Adopted => "adopted",
            Self::Withdrawn => "withdrawn",
            Self::Released => "released",
            Self::Succeeded => "succeeded",
        }
    }

    /// How an entry is managed; none if it is not. A word that is not known is one of a later version, or
    /// somebody's edit: the entry is taken for adopted then, as which it is never removed unasked.
    pub(crate) fn of<S: Store>(store: &S, name: &str) -> Option<Self> {
        let word = store.note(name, S::NOTES.management)?;
        let known = Self::ALL.into_iter().find(|known| word == known.word());
        Some(known.unwrap_or(Self::Adopted))
    }

    /// Whether it follows the vendor.
    pub(crate) const fn follows(self) -> bool {
        matches!(self, Self::Created | Self::Adopted)
    }

    /// Writes it down.
    pub(crate) fn write<S: Store>(self, store: &mut S, name: &str) {
        store.put_note(name, S::NOTES.management, Some(self.word().into()));
    }
}

/// The entries that are ours.
pub(crate) fn managed<S: Store>(store: &S) -> impl Iterator<Item = &str> {
    let names = store.names().into_iter();
    names.filter(|name| store.note(name, S::NOTES.management).is_some())
}
