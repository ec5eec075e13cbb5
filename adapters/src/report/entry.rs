//! One entry, and its keys, seen from all sides.

use std::borrow::Cow;

use bstr::BString;
use overlay_resolver::{Document, Key};

use super::change::full_name;
use super::decision::Decision;
use crate::reconcile::KeyAction;

/// One entry: what the layers say of it, what the target has, and what becomes of it.
#[derive(Debug)]
pub struct EntryReport {
    /// The adapter it belongs to, such as `flatpak-remotes`.
    pub adapter: String,
    /// Its name.
    pub name: String,
    /// What sentences call the object that it stands for, or that it is for, such as `remote`.
    pub noun: &'static str,
    /// Whether it stands for a whole object, which can be deleted, restored and adopted.
    pub whole: bool,
    /// Whether another one that can be restored or adopted has this name.
    pub is_ambiguous: bool,
    /// What was decided over it.
    pub decision: Decision,
    /// Its files and their assignments; none for an entry that no layer mentions.
    pub layered: Option<Document>,
    /// The files beside those that are entries of their own over all layers: keyrings.
    pub beside: Vec<Document>,
    /// Its keys, seen from all sides.
    pub keys: Vec<KeyReport>,
}

impl EntryReport {
    /// All its files: first those that have its keys.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        self.layered.iter().chain(&self.beside)
    }

    /// The key of the layers' files that the value of one of its keys follows from.
    pub fn source_of(&self, key: &KeyReport) -> Option<Key<'_>> {
        let (section, name) = key.source.as_ref()?;
        self.layered.as_ref()?.key(&**section, &**name)
    }

    /// `ADAPTER/NAME`: what only this entry is called.
    pub fn full_name(&self) -> String {
        full_name(&self.adapter, &self.name)
    }

    /// What the owner calls it: by its name, where that is enough.
    pub fn called(&self) -> String {
        if self.is_ambiguous {
            self.full_name()
        } else {
            self.name.clone()
        }
    }
}

/// One key of an entry's target, as raw values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyReport {
    /// The key in the target.
    pub key: String,
    /// What we last wrote.
    pub baseline: Option<BString>,
    /// What the target had before the run.
    pub actual: Option<BString>,
    /// What the layers say.
    pub desired: Option<BString>,
    /// The section and key of the layers' files that it follows from.
    pub source: Option<(Cow<'static, str>, Cow<'static, str>)>,
    /// What becomes of it; none where the run does not look at single keys.
    pub action: Option<KeyAction>,
    /// Whether a server may have set what stays in it, and nobody can tell.
    pub is_unclear: bool,
}

impl KeyReport {
    /// Whether the owner's value stands against what we wrote.
    pub const fn is_owners(&self) -> bool {
        matches!(self.action, Some(KeyAction::Keep { .. }))
    }
}
