//! How the files of the layers differ from those below them, file by file and key by key: what
//! `systemd-delta` tells, over all layers, with what each difference comes to.
//!
//! Pure: it takes a [`Document`] that was resolved with its history. What a file comes to alone is asked of
//! the merge; what a drop-in does to all before it is read off the ledger, since that is the merge, row by
//! row.
//!
//! ```
//! use overlay_resolver::inspect::delta::{Class, delta};
//! use overlay_resolver::{Resolver, tree::Tree};
//!
//! let tree = Tree::default()
//!     .with("/usr/lib/x.toml".as_ref(), "port = 80\nname = 'a'\n")
//!     .with("/etc/x.toml".as_ref(), "port = 8080\nname = 'a'\n");
//! let resolver = Resolver::new(tree).with_history();
//! let configuration = resolver.configuration("x.toml").unwrap();
//! let document = configuration.document();
//! let differences = delta(&document, configuration.rules());
//! assert_eq!(differences[0].class, Class::Overridden);
//! assert_eq!(differences[0].keys[0].key.name(), "port");
//! ```

mod change;
mod files;
mod keys;
#[cfg(test)]
mod laws;
mod replay;
#[cfg(test)]
mod tests;

use self::files::File;
use self::keys::Rows;
use crate::account::Account;
use crate::document::{Assignment, Document, Key, Sum};
use crate::rules::Rules;
use crate::scan::Fragment;

/// What a file does to what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// It cannot be used, such as a dangling symlink, or its consumer stops at it.
    Broken,
    /// It hides what is below it.
    Masked,
    /// It is a symlink to something else than what it stands over.
    Redirected,
    /// It stands over another file and says something else.
    Overridden,
    /// It is a drop-in, merged over what is below.
    Extended,
    /// It is the file that it stands over, by a symlink or another name.
    Equivalent,
    /// It says the same as the file that it stands over, byte by byte: it can go.
    Identical,
    /// Nothing of its name is below it, or it does nothing to what is.
    Unchanged,
}

impl Class {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Masked => "masked",
            Self::Redirected => "redirected",
            Self::Overridden => "overridden",
            Self::Extended => "extended",
            Self::Equivalent => "equivalent",
            Self::Identical => "identical",
            Self::Unchanged => "unchanged",
        }
    }
}

/// One file and the one below it. A name that three layers have makes two of them, so that a file in
/// a middle layer is seen.
#[derive(Debug)]
#[non_exhaustive]
pub struct Difference<'d> {
    /// What the file does.
    pub class: Class,
    /// The file.
    pub top: &'d Fragment,
    /// What became of it.
    pub account: Account<'d>,
    /// What it stands over: the next lower file of its name that can be used, or that cannot if there is no
    /// other; of a drop-in that extends something, the main file. None if there is none.
    pub bottom: Option<&'d Fragment>,
    /// The keys that differ from the file below; of a drop-in that extends something, the keys that it
    /// changes over all that was read before it, and those that it sets to what they are already.
    pub keys: Vec<KeyChange<'d>>,
}

/// A key, below and above.
#[derive(Debug)]
#[non_exhaustive]
pub struct KeyChange<'d> {
    /// The key.
    pub key: Key<'d>,
    /// What becomes of it.
    pub change: Change,
    /// The assignments that its value follows from below. Of a drop-in only those that it ends: what
    /// a list keeps is in neither.
    pub from: Vec<Assignment<'d>>,
    /// Those that it follows from with the file; of a drop-in its own.
    pub to: Vec<Assignment<'d>>,
    /// What the key comes to below; of a drop-in, what goes of that, or is given anew.
    pub before: Sum<'d>,
    /// What it comes to with the file; of a drop-in, what that brings. Where the file says something that changes
    /// nothing, neither has an item.
    pub after: Sum<'d>,
}

/// What a file does to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Nothing below has it.
    Added,
    /// It comes to something else.
    Changed,
    /// It has no value any more.
    Removed,
    /// It is set to what it is already: the assignment can go.
    Same,
}

impl Change {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Same => "same",
        }
    }
}

/// The differences of a document: the main file's from the lowest layer up, then the drop-ins' in the
/// order of their names. Every file has one, but for ignored ones and the lowest file of a name that
/// others stand over. `rules` are those by which the document was resolved.
pub fn delta<'d>(document: &'d Document, rules: &Rules) -> Vec<Difference<'d>> {
    let files = File::all(document);
    let mut rows = Rows::new(document, rules, &files);
    files::differences(&mut rows, &files)
}

impl Difference<'_> {
    /// Whether anything is different because of the file.
    pub fn is_notable(&self) -> bool {
        self.class != Class::Unchanged
    }
}
