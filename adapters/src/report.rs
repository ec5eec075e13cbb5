//! What a run found and decided, for people and for programs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use bstr::BString;
use overlay_resolver::Document;
use overlay_resolver::finding::{Finding, Level};

pub use crate::change::{Change, Operation};
pub use crate::decision::{CollectionDecision, Decision, Dependent, Foreign, Going, Holder, Mask};
use crate::expiry::Moment;
use crate::reconcile::KeyAction;
use crate::scope::{Scope, Scopes};
pub use crate::wish::{Idle, Wish};

/// The outcome of a plan or of a run: one line an entry, and what else there is to say.
#[derive(Debug, Default)]
pub struct Report {
    /// The entries, by adapter and then by name.
    pub entries: Vec<EntryReport>,
    /// What a run would write and remove; none exactly if it would write nothing.
    pub pending: Vec<Change>,
    /// What this run wrote and removed.
    pub changes: Vec<Change>,
    /// Problems and notes, each with its place.
    pub findings: Vec<Finding>,
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

    /// The changes by the entry that they are of.
    pub fn by_entry(&self) -> ByEntry<'_> {
        ByEntry {
            pending: Of::new(&self.pending),
            changes: Of::new(&self.changes),
        }
    }

    /// Takes in what another adapter reports.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        self.entries.append(&mut other.entries);
        self.pending.append(&mut other.pending);
        self.changes.append(&mut other.changes);
        self.findings.append(&mut other.findings);
        self.left.append(&mut other.left);
    }

    /// Where two entries that can be restored or adopted have one name, they are called by their full
    /// names.
    pub(crate) fn tell_apart(&mut self) {
        let mut counts = BTreeMap::<String, usize>::new();
        for entry in self.entries.iter().filter(|entry| entry.whole) {
            *counts.entry(entry.name.clone()).or_default() += 1;
        }
        for entry in &mut self.entries {
            entry.is_ambiguous = counts.get(&entry.name).is_some_and(|count| *count > 1);
        }
    }
}

/// The changes of a report, by the entry that they are of.
#[derive(Debug)]
pub struct ByEntry<'r> {
    pending: Of<'r>,
    changes: Of<'r>,
}

impl<'r> ByEntry<'r> {
    /// What would be changed of an entry.
    pub fn pending<'s>(&'s self, entry: &'s EntryReport) -> &'s [&'r Change] {
        self.pending.entry(entry)
    }

    /// What an entry is now: the decision over it is carried out as far as anything was done for it.
    pub fn state_of(&self, entry: &EntryReport) -> State {
        if self.changes.has(entry) {
            entry.decision.state_after()
        } else {
            entry.decision.state_before()
        }
    }
}

/// Changes by the adapter and the name of their entry: there are as many entries as changes.
#[derive(Debug)]
pub(crate) struct Of<'c>(BTreeMap<(&'c str, &'c str), Vec<&'c Change>>);

impl<'c> Of<'c> {
    pub(crate) fn new(changes: impl IntoIterator<Item = &'c Change>) -> Self {
        let mut by_entry = BTreeMap::<_, Vec<_>>::new();
        for change in changes {
            if let Some(entry) = &change.entry {
                let of = by_entry.entry((&*change.adapter, &**entry));
                of.or_default().push(change);
            }
        }
        Self(by_entry)
    }

    fn entry<'s>(&'s self, entry: &'s EntryReport) -> &'s [&'c Change] {
        let changes = self.0.get(&(&*entry.adapter, &*entry.name));
        changes.map_or(&[], Vec::as_slice)
    }

    pub(crate) fn has(&self, entry: &EntryReport) -> bool {
        !self.entry(entry).is_empty()
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

/// `ADAPTER/NAME`: what only one entry is called.
pub fn full_name(adapter: &str, name: &str) -> String {
    format!("{adapter}/{name}")
}

impl EntryReport {
    /// All its files: first those that have its keys.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        self.layered.iter().chain(&self.beside)
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

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// As the layers want it.
    Applied,
    /// Not there yet: a run makes it.
    Absent,
    /// There, and not as the layers and the owner want it: a run brings it up to date, takes it over,
    /// releases it or takes it away.
    Outdated,
    /// Brought up to date by this run.
    Updated,
    /// It was there before us and is managed from this run on.
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
    /// Withdrawn by the vendor and taken away by this run.
    Removed,
    /// Withdrawn by the vendor and left to the owner by this run; or taken from the vendor by the owner.
    Released,
    /// Somebody else's entry of the same name; not touched.
    Foreign,
    /// Nothing can be done yet: what it is for is not there, or its target is for another run to write.
    Waiting,
    /// The layers or the target cannot be read well enough; nothing was changed.
    Failed,
}

impl State {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Absent => "absent",
            Self::Outdated => "outdated",
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

/// What a run is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// What the owner asks of single entries, as `ADAPTER/NAME`: this is done then and nothing else. Without
    /// any, everything is brought to what follows from the layers and the target.
    pub wishes: BTreeMap<String, Wish>,
    /// What may be written.
    pub scopes: Scopes,
    /// The time that it is: certificates expire.
    pub now: Moment,
}
