//! What the owner and the vendor of a remote are owed, in a few words for each name, from what was done.

use std::collections::BTreeSet;

use super::turn::{Entry, Values};

/// What is owed to the owner and the vendor of one name.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact by itself, and any of them may hold"
)]
pub(super) struct Owed {
    /// The owner deleted what the vendor had offered.
    pub(super) deleted: bool,
    /// What the owner set.
    pub(super) url: Option<String>,
    pub(super) title: Option<String>,
    /// The owner imported a certificate.
    pub(super) trusts: bool,
    /// The owner switched it off.
    pub(super) off: bool,
    /// The fingerprints of certificates that the owner took out.
    pub(super) taken_out: BTreeSet<String>,
    pub(super) masked: bool,
    pub(super) maker: Maker,
    pub(super) served: Served,
    /// How it stood when the owner took it from the vendor, or changed it after that.
    pub(super) released: Option<Standing>,
}

/// What the consumer wrote down of what a server says, and nobody changed since then.
#[derive(Debug, Clone, Default)]
pub(super) struct Served {
    pub(super) url: Option<String>,
    pub(super) title: Option<Title>,
    pub(super) collection: Option<String>,
    pub(super) key: bool,
}

/// A title of a server's, and that of the vendor's that it took the place of: it stands until the vendor has
/// another.
#[derive(Debug, Clone)]
pub(super) struct Title {
    pub(super) text: String,
    pub(super) over: String,
}

/// All that there is of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) values: Values,
    pub(super) is_verified: bool,
    pub(super) trusted: Vec<String>,
}

/// Who made the remote of a name, or will.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Maker {
    #[default]
    Overlayctl,
    /// The owner, by a tool, and it is another than the vendor's.
    Owner,
    /// The consumer imported it before overlayctl knew it: what is equal becomes the vendor's, and it is not
    /// removed on withdrawal.
    Consumer,
    /// Overlayctl, and after a release the owner handed it back: it is not removed on withdrawal.
    Adopted,
    /// The owner made it, without verification, and handed it over like that.
    Given,
    /// The owner deleted an own remote: whether the vendor's comes in its place depends on whether that was ever
    /// offered, which the laws of the adapters' histories hold.
    Unsure,
}

impl Owed {
    /// Nobody's edits outlive the remote.
    pub(super) fn gone(&mut self) {
        let maker = match self.maker {
            Maker::Unsure => Maker::Unsure,
            _ => Maker::Overlayctl,
        };
        *self = Self {
            deleted: self.deleted,
            masked: self.masked,
            maker,
            ..Self::default()
        };
    }

    pub(super) fn is_edited(&self) -> bool {
        self.url.is_some() || self.title.is_some() || self.off || !self.taken_out.is_empty()
    }

    /// Whether something is there of which nobody can tell whether it is the owner's.
    pub(super) fn is_unclear(&self) -> bool {
        let Served {
            url,
            collection,
            key,
            ..
        } = &self.served;
        url.is_some() || collection.is_some() || *key
    }

    /// What the remote has instead of what the vendor ships.
    pub(super) fn wanted(&self, shipped: &Entry, vendors_url: String) -> Values {
        let served = &self.served;
        let moved = served.url.clone().filter(|_| !shipped.claims);
        let title = served
            .title
            .as_ref()
            .filter(|title| title.over == shipped.title);
        let title = title.map(|title| title.text.clone());
        Values {
            url: self.url.clone().or(moved).unwrap_or(vendors_url),
            title: self
                .title
                .clone()
                .or(title)
                .unwrap_or_else(|| shipped.title.clone()),
            collection: served.collection.clone().unwrap_or_default(),
            off: self.off,
        }
    }
}
