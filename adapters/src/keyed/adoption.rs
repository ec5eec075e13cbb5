//! Taking over an entry that others made: what it has counts, and all that stays of it is named.

use bstr::{BStr, ByteSlice as _};

use super::facet::Turn;
use super::management::Management;
use super::store::Store as _;
use super::subject::Subject;
use super::target::Target;
use crate::reconcile::KeyAction;
use crate::report::{Decision, KeyReport};

impl<T: Target> Subject<'_, '_, T> {
    pub(super) fn adopt(&mut self, wanted: &T::Wanted) -> Decision {
        if self.management.is_some() {
            return self.take_back(wanted);
        }
        if let Err(finding) = self.observe() {
            return finding.into();
        }
        let entry = wanted.as_ref();
        self.draft.store.take_over(self.name);
        Management::Adopted.write(&mut self.draft.store, self.name);
        for setting in &entry.settings {
            let desired = setting.value.as_bstr();
            let actual = self
                .draft
                .before
                .get(self.name, &setting.key)
                .map(BStr::to_owned);
            let target = self.draft.target;
            let fill = actual.is_none() && target.is_filled(&setting.key, desired);
            let former =
                entry.is_former(&setting.key, actual.as_ref().map(|actual| actual.as_bstr()));
            let action = if actual.as_ref().is_some_and(|actual| actual == desired) {
                KeyAction::Record
            } else if (fill || former) && !self.is_owners(&setting.key) {
                KeyAction::Write
            } else {
                KeyAction::Keep { conflict: false }
            };
            if action == KeyAction::Write {
                self.draft.store.put(self.name, &setting.key, Some(desired));
            }
            // As if we had written the vendor's values once: what differs is the owner's from now on.
            self.next.record(&setting.key, Some(desired));
            self.keys.push(KeyReport {
                key: setting.key.to_string(),
                baseline: None,
                actual,
                desired: Some(desired.into()),
                source: Some(setting.source.clone()),
                action: Some(action),
                is_unclear: matches!(action, KeyAction::Keep { .. })
                    && self.may_be_servers(&setting.key),
            });
        }
        for key in self.withdrawn_keys(entry) {
            self.reconcile_key(&key, None, None);
        }
        self.remember();
        self.note_additions();
        self.follow(wanted, Turn::Adopted);
        Decision::Adopted {
            except: self.owners_keys(),
        }
    }

    /// Lets what the owner had released follow the vendor again, key by key where it was.
    fn take_back(&mut self, wanted: &T::Wanted) -> Decision {
        Management::Adopted.write(&mut self.draft.store, self.name);
        match self.update(wanted) {
            broken @ Decision::Broken { .. } => broken,
            _ => Decision::Adopted {
                except: self.owners_keys(),
            },
        }
    }
}
