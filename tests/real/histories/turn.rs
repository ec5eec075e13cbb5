//! What happens in a history: what images ship, what servers say, what the owner does.

use std::collections::BTreeMap;

use super::{NAMES, RENAMED, SERVERS};
use crate::flatpak::bench::{Key, Keys};
use crate::random::Random;

/// What an image ships of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shipped {
    Remote(Entry),
    /// The same, and an empty file of the vendor's own in a higher layer that masks it.
    Hidden(Entry),
    /// A file that nobody can read, but for what it was called before.
    Broken {
        /// Under the later name.
        renamed: bool,
    },
}

/// A remote as an image ships it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Which of the vendor's servers it is on.
    pub(crate) server: usize,
    pub(crate) title: String,
    pub(crate) signer: Signer,
    /// It is called by its later name.
    pub(crate) renamed: bool,
    /// The vendor calls the URLs that its servers moved to its own, so that they follow.
    pub(crate) claims: bool,
}

/// The keys of a remote that change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Values {
    pub(crate) url: String,
    pub(crate) title: String,
    /// The collection ID; the vendor ships none.
    pub(crate) collection: String,
    /// The owner switched it off, or what comes nearest to that; the vendor does not.
    pub(crate) off: bool,
}

/// What a server says of itself, which the consumer may write down as the remote's.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) title: Option<String>,
    /// It is to be found by another URL from now on ([`Scene::moved`]).
    pub(crate) moves: bool,
    pub(crate) collection: Option<&'static str>,
    /// It will be signed by another key from now on.
    pub(crate) key: bool,
}

/// Whose certificate comes with a remote; without one, nothing is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    Nobody,
    Vendor,
    Stranger,
}

impl Signer {
    pub(crate) fn key(self, keys: &Keys) -> Option<&Key> {
        match self {
            Self::Nobody => None,
            Self::Vendor => Some(&keys.vendor),
            Self::Stranger => Some(&keys.stranger),
        }
    }
}

/// What an image ships, by name.
pub(crate) type Image = BTreeMap<&'static str, Shipped>;

/// In what an image differs from the one before.
pub(super) type Changes = Vec<(&'static str, Option<Shipped>)>;

/// What happens.
#[derive(Debug, Clone)]
pub(super) enum Turn {
    /// An image that differs from the last one in these names.
    Deploy(Changes),
    /// The next image calls a remote otherwise, or masks it itself, and is as the last one in all else.
    CallOtherwise(&'static str),
    Hide(&'static str),
    RollBack,
    Forward,
    Mask(&'static str),
    Unmask(&'static str),
    Delete(&'static str),
    EditUrl(&'static str, usize),
    EditTitle(&'static str, usize),
    SwitchOff(&'static str),
    /// The owner takes the vendor's certificates out of a keyring with one of theirs.
    TakeOut(&'static str),
    /// The owner takes all lines of a remote out of the way, and brings them back after a run of the next image.
    PutAside(&'static str, Changes),
    AddOwn(&'static str),
    Trust(&'static str),
    /// A server of the vendor's says something, and the consumer asks it for the remote.
    Ask(&'static str, Said),
    Restore(&'static str),
    Revert(&'static str),
    Release(&'static str),
    Adopt(&'static str),
    ConsumerRuns,
    Wipe,
    Sync,
    /// Runs that die.
    Die(Death),
    DieRestoring(&'static str, Death),
    DieReverting(&'static str, Death),
}

/// Before which call of a run it is killed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Death {
    pub(super) call: &'static str,
    pub(super) ordinal: usize,
}

impl Death {
    fn any(random: &mut Random) -> Self {
        Self {
            call: random.pick(&["renameat2", "fsync", "unlinkat", "write"]),
            ordinal: 1 + random.below(6),
        }
    }
}

impl Turn {
    pub(super) fn any(random: &mut Random) -> Self {
        let name = random.pick(&NAMES);
        match random.below(51) {
            0..=4 => Self::Deploy(changes(random)),
            42 => Self::SwitchOff(name),
            44 | 45 => Self::TakeOut(name),
            46 => Self::PutAside(name, changes(random)),
            47..=49 => Self::CallOtherwise(random.pick(&RENAMED)),
            50 => Self::Hide(name),
            5 => Self::RollBack,
            6 => Self::Forward,
            7 => Self::Mask(name),
            8 => Self::Unmask(name),
            9 | 10 => Self::Delete(name),
            11 => Self::EditUrl(name, random.below(3)),
            12 => Self::EditTitle(name, random.below(3)),
            13 => Self::AddOwn(name),
            14 | 43 => Self::Trust(name),
            15 => Self::ConsumerRuns,
            16 if random.one_in(4) => Self::Wipe,
            16..=22 => Self::Sync,
            23..=26 => Self::Ask(name, said(random)),
            27..=28 => Self::Restore(name),
            29..=30 => Self::Revert(name),
            31..=32 => Self::Release(name),
            33..=34 => Self::Adopt(name),
            35 => Self::DieRestoring(name, Death::any(random)),
            36 => Self::DieReverting(name, Death::any(random)),
            _ => Self::Die(Death::any(random)),
        }
    }
}

fn changes(random: &mut Random) -> Changes {
    let change = |random: &mut Random| {
        let name = random.pick(&NAMES);
        (name, shipped(random, RENAMED.contains(&name)))
    };
    (0..=random.below(3)).map(|_| change(random)).collect()
}

fn shipped(random: &mut Random, may_be_renamed: bool) -> Option<Shipped> {
    let renamed = may_be_renamed && random.one_in(2);
    let signer = match random.below(12) {
        0..=2 => return None,
        3 => return Some(Shipped::Broken { renamed }),
        4..=6 => Signer::Nobody,
        7..=9 => Signer::Vendor,
        _ => Signer::Stranger,
    };
    let entry = Entry {
        server: random.below(SERVERS),
        title: format!("vendor{}", random.below(3)),
        signer,
        renamed,
        claims: random.one_in(3),
    };
    Some(if random.one_in(8) {
        Shipped::Hidden(entry)
    } else {
        Shipped::Remote(entry)
    })
}

pub(super) fn said(random: &mut Random) -> Said {
    Said {
        title: random
            .one_in(2)
            .then(|| format!("server{}", random.below(3))),
        moves: random.one_in(2),
        collection: random.one_in(3).then_some("org.example.Server"),
        key: random.one_in(4),
    }
}
