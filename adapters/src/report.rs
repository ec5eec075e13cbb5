//! What a run found and decided, for people and for programs.

mod change;
mod decision;
mod entry;
mod remark;
mod request;
mod state;
mod wish;

use std::collections::BTreeMap;
use std::path::PathBuf;

use overlay_resolver::finding::{Finding, Level};

pub use self::change::{Change, Operation, full_name};
pub use self::decision::{
    CollectionDecision, Decision, Dependent, Foreign, Going, Holder, Mask, RunDecision,
};
pub use self::entry::{EntryReport, KeyReport};
pub use self::remark::{Matter, NotSet, Own, Remark, Verification};
pub use self::request::{Errand, Request};
pub use self::state::State;
pub use self::wish::{Idle, Wish};
pub use crate::expiry::Moment;
pub use crate::reconcile::KeyAction;
use crate::scope::Scope;
use crate::system::{System, WhyLeft};

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
    /// What the owner should hear of the decisions.
    pub remarks: Vec<Remark>,
    /// The adapters that were not run: this run may not write their targets, or what they run is not of this root.
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
    /// Whether it would run programs, which are the running system's, in another root; whatever may be written there.
    pub is_elsewhere: bool,
}

impl Left {
    /// Why it is left.
    pub const fn why(&self, system: &System) -> WhyLeft {
        if self.is_elsewhere {
            WhyLeft::OtherRoot
        } else {
            system.why_left(self.scope)
        }
    }

    /// Whether the scope would do it, if it was asked for.
    pub fn is_for_the_asking(&self, system: &System) -> bool {
        !self.is_elsewhere && system.allows(self.scope)
    }
}

impl Report {
    /// Whether something failed.
    pub fn failed(&self) -> bool {
        let findings = self.findings.iter().map(|finding| finding.level);
        let remarks = self.remarks.iter().map(|remark| remark.matter.level());
        findings.chain(remarks).any(|level| level == Level::Error)
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
        self.remarks.append(&mut other.remarks);
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

    /// What was changed of an entry.
    pub fn done<'s>(&'s self, entry: &'s EntryReport) -> &'s [&'r Change] {
        self.changes.entry(entry)
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
