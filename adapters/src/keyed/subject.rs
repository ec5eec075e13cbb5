//! One entry being planned: what is decided over it, and what that makes of its keys.

use bstr::ByteSlice as _;
use overlay_resolver::finding::Finding;

use super::baseline::{self, Baseline};
use super::draft::Draft;
use super::entry::{Entry, Setting};
use super::facet::{Facet, Turn};
use super::management::Management;
use super::store::Store;
use super::target::Target;
use crate::reconcile::{self, Action, Actual, KeyAction, Marks, Wanted};
use crate::report::{Decision, EntryReport, Going, KeyReport, Mask, Wish};
use crate::source::{Layered, Source, Want};

/// One entry being planned.
pub(crate) struct Subject<'d, 'a, T: Target> {
    pub(crate) draft: &'d mut Draft<'a, T>,
    pub(super) source: &'d Source<T::Wanted>,
    pub(crate) name: &'d str,
    pub(super) layered: Option<&'d Layered<T::Wanted>>,
    pub(super) wanted: Wanted,
    /// Why it has to stay as it is, if it has to.
    pub(super) broken: Option<Finding>,
    /// What keeps it from being there, if the layers' files or its owner say so.
    pub(super) hidden: Option<Hidden>,
    /// How the entry is managed; none if it is not ours.
    pub(crate) management: Option<Management>,
    /// What we last wrote, and what is to be remembered of this run.
    pub(super) baseline: Baseline,
    pub(super) next: Baseline,
    /// What other sources last gave.
    pub(super) given: Vec<Baseline>,
    /// What the layers want, in byte order of the keys.
    pub(super) by_key: Vec<&'d Setting>,
    pub(super) keys: Vec<KeyReport>,
    pub(super) facets: Vec<Box<dyn Facet<T>>>,
}

/// What keeps an entry from being there under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hidden {
    /// This mask, be it one of a former name.
    By(Mask),
    /// Its owner took it from the vendor under another name, and has it there.
    Elsewhere,
}

impl<'d, 'a, T: Target> Subject<'d, 'a, T> {
    pub(super) fn new(
        draft: &'d mut Draft<'a, T>,
        source: &'d Source<T::Wanted>,
        name: &'d str,
    ) -> Self {
        let layered = source.entries.get(name);
        let notes = T::Store::NOTES;
        let baseline = Baseline::read(&draft.before, name, notes.baseline);
        let others = notes.others.iter();
        let given = others.map(|place| Baseline::read(&draft.before, name, *place));
        let mut subject = Self {
            management: Management::of(&draft.before, name),
            next: baseline.clone(),
            baseline,
            given: given.collect(),
            by_key: Vec::new(),
            wanted: layered.map_or(Wanted::Withdrawn, |layered| layered.want.wanted()),
            broken: None,
            hidden: None,
            keys: Vec::new(),
            facets: (draft.facets)(),
            draft,
            source,
            name,
            layered,
        };
        let entry = subject.entry().into_iter();
        subject.by_key = entry.flat_map(|entry| &entry.settings).collect();
        subject.by_key.sort_by(|one, other| one.key.cmp(&other.key));
        subject.hidden = subject.mask().map(Hidden::By);
        if let Some(Hidden::By(mask)) = &subject.hidden {
            let is_owners = source.is_owners(&mask.path);
            let is_theirs = matches!(subject.management, None | Some(Management::Released));
            // What the vendor masks it withdraws: only its owner's mask takes away what they did to it.
            subject.wanted = if is_owners || is_theirs {
                Wanted::Masked
            } else {
                Wanted::Withdrawn
            };
        } else if subject.is_released_elsewhere() {
            subject.hidden = Some(Hidden::Elsewhere);
            subject.wanted = Wanted::Masked;
        }
        let broken = &subject.draft.observed.broken;
        let broken = broken.get(name).cloned();
        let broken = broken.or_else(|| subject.identity_taken());
        let broken = broken.or_else(|| subject.refused_bundle());
        let broken = broken.or_else(|| subject.successors_obstacle());
        subject.broken = broken.or_else(|| subject.formers_obstacle().cloned());
        subject.draft.findings.extend(subject.broken.clone());
        let is_ours = subject.draft.before.marks(name).offered || subject.management.is_some();
        let is_missed = is_ours && !source.complete && subject.wanted == Wanted::Withdrawn;
        // What was never put before its owner is not by being broken.
        let is_broken = subject.broken.is_some() && (is_ours || layered.is_some());
        if is_broken || is_missed {
            subject.wanted = Wanted::Unresolved;
        }
        subject
    }

    pub(super) fn plan(mut self) -> Option<EntryReport> {
        let actual = self.actual();
        let before = self.marks();
        let mut planned = reconcile::entry(self.wanted, actual, before);
        if planned.0 == Action::Create
            && let Some(finding) = self.hindrance()
        {
            self.draft.findings.push(finding.clone());
            self.draft.unmade.insert(self.name.into(), finding.clone());
            self.broken = Some(finding);
            self.wanted = Wanted::Unresolved;
            planned = reconcile::entry(self.wanted, actual, before);
        }
        let (action, marks) = planned;
        // Of a name that nobody ships and that is only in a dead run's intent, there is nothing to remember.
        if marks != before || self.wanted != Wanted::Withdrawn {
            self.draft.store.mark(self.name, marks);
        }
        let wish = self.draft.wish(self.name);
        let decision = match (action, self.value()) {
            (Action::Update, _) if wish == Some(&Wish::Release) => Some(self.let_go()),
            (Action::Update, Some(wanted)) if matches!(wish, Some(Wish::Revert(_))) => {
                Some(self.revert(wanted))
            }
            (Action::Create, Some(wanted)) => Some(self.create(wanted)),
            (Action::Adopt, Some(wanted)) => Some(self.adopt(wanted)),
            (Action::Update, Some(wanted)) => Some(self.update(wanted)),
            (Action::Remove, _) => Some(self.remove()),
            (Action::Hide, _) => Some(self.hide()),
            (Action::Release, _) => Some(self.release()),
            (Action::Leave | Action::Create | Action::Adopt | Action::Update, _) => {
                self.leave(actual, before)
            }
        };
        self.settle();
        self.tell();
        let decision = decision?;
        Some(EntryReport {
            adapter: self.draft.target.adapter().into(),
            name: self.name.into(),
            noun: T::NOUN,
            whole: true,
            is_ambiguous: false,
            decision,
            layered: None,
            beside: Vec::new(),
            keys: self.keys,
        })
    }

    fn leave(&mut self, actual: Actual, before: Marks) -> Option<Decision> {
        Some(match (self.wanted, actual) {
            (Wanted::Masked, _) => return self.stay_hidden(actual, before),
            (Wanted::Present, _) if self.management == Some(Management::Released) => {
                Decision::ReleasedByOwner
            }
            (Wanted::Unresolved, _) => self.unresolved(),
            (Wanted::Present, Actual::Absent) => {
                self.clean();
                Decision::Deleted
            }
            (Wanted::Present, _) => {
                let draft = &self.draft;
                Decision::Foreign(draft.target.foreign(&draft.before, self.name))
            }
            (Wanted::Withdrawn, Actual::Absent) => {
                if !before.withheld || self.clean().is_empty() {
                    return None;
                }
                Decision::Removed {
                    why: Going::Withdrawn,
                }
            }
            // The vendor's mask is a withdrawal.
            (Wanted::Withdrawn, _) => Decision::LeftToOwner {
                mask: self.masked_by()?.clone(),
            },
        })
    }

    /// Leaves it hidden, or beside what hides it.
    fn stay_hidden(&mut self, actual: Actual, before: Marks) -> Option<Decision> {
        Some(match (self.hidden.clone()?, actual) {
            (Hidden::By(mask), Actual::Absent) => {
                if before.withheld {
                    self.clean();
                }
                Decision::Masked { mask }
            }
            (Hidden::By(mask), _) => Decision::MaskedForeign { mask },
            (Hidden::Elsewhere, _) => Decision::ReleasedByOwner,
        })
    }

    /// The mask that hides it.
    pub(super) const fn masked_by(&self) -> Option<&Mask> {
        match &self.hidden {
            Some(Hidden::By(mask)) => Some(mask),
            Some(Hidden::Elsewhere) | None => None,
        }
    }

    fn create(&mut self, wanted: &T::Wanted) -> Decision {
        let entry = wanted.as_ref();
        let former = self.former().map(str::to_owned);
        let former = former.as_deref();
        let edits = former.map(|former| self.edits_of(former, entry));
        let edits = edits.unwrap_or_default();
        let management = former.map(|former| self.inherited_management(former));
        let management = management.unwrap_or(Management::Created);
        // What is left behind under its name.
        self.draft.store.remove(self.name);
        (self.baseline, self.next) = Default::default();
        if let Some(former) = former {
            self.draft.store.take_comments(self.name, former);
        }
        for setting in &entry.settings {
            let own = edits.get(&setting.key);
            let value = own.map_or(Some(setting.value.as_bstr()), |own| {
                own.as_ref().map(|own| own.as_bstr())
            });
            self.draft.store.put(self.name, &setting.key, value);
        }
        management.write(&mut self.draft.store, self.name);
        for (key, value) in &edits {
            if !self.is_wanted(key) {
                let value = value.as_ref().map(|value| value.as_bstr());
                self.draft.store.put(self.name, key, value);
            }
        }
        for setting in &entry.settings {
            self.next
                .record(&setting.key, Some(setting.value.as_bstr()));
            self.keys.push(KeyReport {
                key: setting.key.to_string(),
                baseline: None,
                actual: None,
                desired: Some(setting.value.clone()),
                source: Some(setting.source.clone()),
                action: Some(KeyAction::Write),
                is_unclear: false,
            });
        }
        let names = former.map(|former| (self.name.to_owned(), former.to_owned()));
        self.draft.formers.extend(names);
        self.remember();
        self.follow(wanted, Turn::Created { former });
        let origin = self.origin_path();
        match former {
            None => Decision::New { origin },
            Some(former) => Decision::Renamed {
                origin,
                former: former.into(),
            },
        }
    }

    /// Leaves an entry to its owner, who asks for it.
    fn let_go(&mut self) -> Decision {
        self.unhide();
        Management::Released.write(&mut self.draft.store, self.name);
        Decision::ReleasedByOwner
    }

    /// Gives keys back to the vendor, and leaves all else as it is.
    fn revert(&mut self, wanted: &T::Wanted) -> Decision {
        if let Err(finding) = self.observe() {
            return finding.into();
        }
        let entry = wanted.as_ref();
        for setting in &entry.settings {
            if self.is_reverted(&setting.key) {
                let desired = Some(setting.value.as_bstr());
                self.reconcile_key(&setting.key, desired, Some(setting.source.clone()));
            }
        }
        let mut others = [
            self.withdrawn_keys(entry),
            self.additions(),
            self.others_taken_away(),
        ]
        .concat();
        others.retain(|key| self.is_reverted(key));
        for key in others {
            self.reconcile_key(&key, None, None);
        }
        self.remember();
        self.follow(wanted, Turn::Reverted);
        self.summary()
    }

    pub(super) fn update(&mut self, wanted: &T::Wanted) -> Decision {
        if let Err(finding) = self.observe() {
            return finding.into();
        }
        if self.baseline.is_lost() {
            self.tell_lost();
        }
        if !self.management.is_some_and(Management::follows) {
            Management::Adopted.write(&mut self.draft.store, self.name);
        }
        self.unhide();
        let entry = wanted.as_ref();
        for setting in &entry.settings {
            let desired = setting.value.as_bstr();
            self.reconcile_key(&setting.key, Some(desired), Some(setting.source.clone()));
        }
        for key in self.withdrawn_keys(entry) {
            self.reconcile_key(&key, None, None);
        }
        self.remember();
        self.note_additions();
        self.follow(wanted, Turn::Updated);
        self.summary()
    }

    fn remove(&mut self) -> Decision {
        self.draft.store.remove(self.name);
        self.clean();
        Decision::Removed { why: self.going() }
    }

    fn release(&mut self) -> Decision {
        self.unhide();
        self.forget_bundles();
        if self.baseline.is_lost() || !self.draft.before.marks(self.name).offered {
            // The owner made it of one of ours, by a copy or by another name.
            let notes = T::Store::NOTES;
            for note in [notes.management].iter().chain(notes.facets) {
                self.draft.store.put_note(self.name, note, None);
            }
            baseline::forget(&mut self.draft.store, self.name, notes.baseline);
        } else {
            Management::Withdrawn.write(&mut self.draft.store, self.name);
        }
        Decision::Released { why: self.going() }
    }

    /// The value that the layers want, if they want one.
    pub(super) fn value(&self) -> Option<&'d T::Wanted> {
        match &self.layered?.want {
            Want::Present(wanted) => Some(wanted),
            _ => None,
        }
    }

    /// Its keys, and what it was before.
    pub(super) fn entry(&self) -> Option<&'d Entry> {
        self.value().map(AsRef::as_ref)
    }
}

impl<T> Want<T> {
    /// The same in the words of the tables.
    pub(crate) const fn wanted(&self) -> Wanted {
        match self {
            Self::Present(_) => Wanted::Present,
            Self::Masked(_) => Wanted::Masked,
            Self::Unresolved(_) => Wanted::Unresolved,
            Self::Headless => Wanted::Withdrawn,
        }
    }
}
