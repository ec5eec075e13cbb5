//! What a run found and decided, for people and for programs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bstr::BString;
use overlay_resolver::Document;
use overlay_resolver::finding::{Finding, Level};

use crate::reconcile::KeyAction;
use crate::scope::{Scope, Scopes};

/// The outcome of a plan or of a run: one line an entry, and what else there is to say.
#[derive(Debug, Default)]
pub struct Report {
    /// The entries, by adapter and then by name.
    pub entries: Vec<EntryReport>,
    /// Problems and notes, each with its place.
    pub findings: Vec<Finding>,
    /// Whether the plan has anything to write, be it only a mark.
    pub pending: bool,
    /// The adapters that were not run because this run may not write their targets.
    pub left: Vec<Left>,
}

/// An adapter that is left for another run, such as that of the next boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Its name.
    pub adapter: String,
    /// What it writes.
    pub target: PathBuf,
    /// Whose that is.
    pub scope: Scope,
}

impl Report {
    /// Whether something failed.
    pub fn failed(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.level == Level::Error)
    }

    /// Takes in what another adapter reports.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        self.entries.append(&mut other.entries);
        self.findings.append(&mut other.findings);
        self.pending |= other.pending;
        self.left.append(&mut other.left);
    }

    /// Where two entries that can be restored or adopted have one name, advice calls them by their
    /// full names.
    pub(crate) fn tell_apart(&mut self) {
        let mut counts = BTreeMap::<String, usize>::new();
        let advice = |entry: &EntryReport| {
            ["restore", "adopt"]
                .map(|verb| format!("`overlayctl {verb} {}`", entry.name))
                .into_iter()
                .find(|advice| entry.reason.contains(advice))
        };
        for entry in self.entries.iter().filter(|entry| entry.whole) {
            *counts.entry(entry.name.clone()).or_default() += 1;
        }
        for entry in &mut self.entries {
            if counts.get(&entry.name).is_some_and(|count| *count > 1)
                && let Some(advice) = advice(entry)
            {
                let full = advice.replace(&entry.name, &entry.full_name());
                entry.reason = entry.reason.replace(&advice, &full);
            }
        }
    }
}

/// One entry: what the layers say of it, what the target has, and what becomes of it.
#[derive(Debug)]
pub struct EntryReport {
    /// The adapter it belongs to, such as `flatpak-remotes`.
    pub adapter: String,
    /// Its name.
    pub name: String,
    /// Whether it stands for a whole object, which can be deleted, restored and adopted.
    pub whole: bool,
    /// What it comes to.
    pub state: State,
    /// Why, in a sentence.
    pub reason: String,
    /// Its files and their assignments; none for an entry that no layer mentions.
    pub layered: Option<Document>,
    /// Its keys, seen from all sides.
    pub keys: Vec<KeyReport>,
    /// What a run changes for it.
    pub changes: Vec<Change>,
}

/// `ADAPTER/NAME`: what only one entry is called.
pub fn full_name(adapter: &str, name: &str) -> String {
    format!("{adapter}/{name}")
}

impl EntryReport {
    /// `ADAPTER/NAME`: what only this entry is called.
    pub fn full_name(&self) -> String {
        full_name(&self.adapter, &self.name)
    }
}

/// What an entry comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// As the layers want it.
    Applied,
    /// Brought up to date.
    Updated,
    /// It was there before us and is managed from now on.
    Adopted,
    /// Some keys are the owner's; the rest is as the layers want it.
    Edited,
    /// The owner and the vendor both changed a key; the owner's value stays.
    Conflict,
    /// Masked by the owner, and not there.
    Masked,
    /// Deleted by the owner.
    Deleted,
    /// Masked or withdrawn, but something still depends on it: kept out of sight.
    Kept,
    /// Withdrawn by the vendor and taken away.
    Removed,
    /// Withdrawn by the vendor and left to the owner.
    Released,
    /// Somebody else's entry of the same name; not touched.
    Foreign,
    /// To be changed by a run that may write its target.
    Waiting,
    /// The layers or the target cannot be read well enough; nothing was changed.
    Failed,
}

impl State {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Updated => "updated",
            Self::Adopted => "adopted",
            Self::Edited => "edited",
            Self::Conflict => "conflict",
            Self::Masked => "masked",
            Self::Deleted => "deleted",
            Self::Kept => "kept",
            Self::Removed => "removed",
            Self::Released => "released",
            Self::Foreign => "foreign",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }
}

/// One key of an entry's target, as raw values.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl KeyReport {
    /// Whether the owner's value stands against what we wrote.
    pub const fn is_owners(&self) -> bool {
        matches!(self.action, Some(KeyAction::Keep { .. }))
    }
}

/// One change of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is done.
    pub operation: Operation,
    /// To what: a key, the fingerprint of a certificate, or a path.
    pub subject: String,
    /// The raw value before.
    pub from: Option<BString>,
    /// The raw value after.
    pub to: Option<BString>,
}

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The entry is made.
    Create,
    /// The entry is taken away.
    Remove,
    /// A key gets a value.
    Set,
    /// A key is taken away.
    Unset,
    /// A certificate is added to the keyring.
    AddCertificate,
    /// A certificate in the keyring learns what is new about it, such as a later expiry.
    UpdateCertificate,
    /// A certificate is taken out of the keyring.
    RemoveCertificate,
    /// A copy that the target keeps beside it is brought up to date.
    WriteFile,
    /// Something left behind is cleaned up.
    Clean,
}

impl Operation {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Remove => "remove",
            Self::Set => "set",
            Self::Unset => "unset",
            Self::AddCertificate => "add-certificate",
            Self::UpdateCertificate => "update-certificate",
            Self::RemoveCertificate => "remove-certificate",
            Self::WriteFile => "write-file",
            Self::Clean => "clean",
        }
    }
}

impl Change {
    /// A change without values.
    pub fn new(operation: Operation, subject: impl Into<String>) -> Self {
        Self {
            operation,
            subject: subject.into(),
            from: None,
            to: None,
        }
    }

    /// A key that gets a value, or none.
    pub fn of_key(key: &str, from: Option<BString>, to: Option<BString>) -> Self {
        Self {
            operation: if to.is_some() {
                Operation::Set
            } else {
                Operation::Unset
            },
            subject: key.into(),
            from,
            to,
        }
    }
}

/// What the owner asks for beyond what follows from the layers and the target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Entries whose tombstone is lifted, as `ADAPTER/NAME`.
    pub restore: BTreeSet<String>,
    /// Entries that are taken under management although they may not be what the layers define, as
    /// `ADAPTER/NAME`.
    pub adopt: BTreeSet<String>,
    /// What may be written.
    pub scopes: Scopes,
}
