//! The choices in which consumers differ.

use std::ffi::OsString;

use serde::Deserialize;

/// What a configuration path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Shape {
    /// A path that ends in `.d` is a collection, any other a document.
    Auto,
    /// One document: a main file and its drop-ins.
    Document,
    /// One document: a directory of drop-ins without a main file.
    Collection,
    /// A directory of documents, each of which may have drop-ins.
    Entries,
}

/// Where drop-ins are, seen from the main file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropIns {
    /// Nowhere.
    None,
    /// In `NAME.d/`.
    Beside,
    /// In a directory of this name beside the main file.
    Named(OsString),
    /// In those of systemd's units: `NAME.d`, the template's, those of every prefix, the type's.
    Unit,
}

/// In which order drop-ins are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Order {
    /// By file name, byte by byte, over all layers.
    Name,
    /// Layer by layer, and by file name within each.
    Layer,
}

/// Where the main file stands among the drop-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MainPlace {
    /// Below all of them.
    Lowest,
    /// Below those of its own layer and above those of lower ones.
    OwnLayer,
}

/// Which symlinks mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NullMask {
    /// Those that lead to `/dev/null` inside the root, whether or not that exists.
    InRoot,
    /// Those whose text is `/dev/null`.
    Literal,
    /// None; what leads to a device cannot be used.
    Never,
}

/// What a name does that is taken by something that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnUnusable {
    /// A symlink that leads to nothing.
    pub dangling: Taken,
    /// Symlinks that lead in a circle.
    pub looping: Taken,
    /// A directory.
    pub directory: Taken,
    /// A device, FIFO or socket; a symlink through something that is no directory. What only we do not read,
    /// such as a file that is too large, keeps its name: what its consumer does with it is not known.
    pub other: Taken,
}

/// What becomes of a name that is taken by something that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Taken {
    /// The name stays taken: lower layers are hidden, and it is an error.
    Reserve,
    /// The next lower layer counts.
    FallThrough,
    /// It counts as an empty file that masks.
    Mask,
    /// The consumer loads nothing at all.
    Fatal,
}

/// What else a consumer does not read if a file has an error that it does not get over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum BrokenFile {
    /// Nothing: the other files are read.
    Alone,
    /// The files after it; what was read before stays.
    EndsLoading,
    /// Anything.
    Fatal,
}

/// What a key means that is assigned again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Repeated {
    /// What the schema says of the key. Where it says nothing, the key has several values and nobody
    /// can tell what they come to.
    Schema,
    /// The last assignment is the value; the schema may say otherwise of single keys.
    Last,
    /// The last file that has the key decides; in the lowest one its first assignment counts, in a
    /// higher one its last (libeconf).
    Libeconf,
}

impl OnUnusable {
    /// The same, whatever it is.
    pub const fn all(taken: Taken) -> Self {
        Self {
            dangling: taken,
            looping: taken,
            directory: taken,
            other: taken,
        }
    }
}
