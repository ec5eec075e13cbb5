//! Taking over a remote that others made: what it has counts, and all that stays of it is named.

use bstr::{BStr, ByteSlice as _};

use super::management::Management;
use super::target::{Store as _, Target};
use super::{Remote, Subject, verification};
use crate::code;
use crate::reconcile::KeyAction;
use crate::report::{Decision, KeyReport};

impl<T: Target> Subject<'_, '_, T> {
    pub(super) fn adopt(&mut self, remote: &Remote) -> Decision {
        if self.management.is_some() {
            return self.take_back(remote);
        }
        let keyring = match self.keyring() {
            Ok(keyring) => keyring,
            Err(finding) => return finding.into(),
        };
        self.draft.store.take_over(self.name);
        Management::Adopted.write(&mut self.draft.store, self.name);
        for setting in &remote.settings {
            let desired = setting.value.as_bstr();
            let actual = self
                .draft
                .before
                .get(self.name, &setting.key)
                .map(BStr::to_owned);
            let weakens = verification::weakens(&setting.key, desired);
            let fill = actual.is_none() && !weakens && self.draft.target.is_filled(&setting.key);
            let former =
                remote.is_former(&setting.key, actual.as_ref().map(|actual| actual.as_bstr()));
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
            });
        }
        for key in self.withdrawn_keys(remote) {
            self.reconcile_key(&key, None, None);
        }
        self.remember();
        self.reconcile_keyring(keyring, remote);
        self.note_additions();
        self.tell_unverified(remote);
        T::placed(self, remote);
        Decision::Adopted {
            except: self.owners_keys(),
        }
    }

    /// Lets what the owner had released follow the vendor again, key by key where it was.
    fn take_back(&mut self, remote: &Remote) -> Decision {
        Management::Adopted.write(&mut self.draft.store, self.name);
        match self.update(remote) {
            broken @ Decision::Broken { .. } => broken,
            _ => Decision::Adopted {
                except: self.owners_keys(),
            },
        }
    }

    /// Warns of a verification that was off already when the remote was adopted: nobody can tell whether
    /// its owner meant it or a script that knew no better.
    pub(super) fn tell_unverified(&mut self, remote: &Remote) {
        let store = &self.draft.store;
        if Management::of(store, self.name) != Some(Management::Adopted) {
            return;
        }
        let ended = verification::KEYS.into_iter().filter(|key| {
            let wanted = remote.get(key).map(|setting| setting.value.as_bstr());
            verification::is_ended(key, wanted, store.get(self.name, key))
        });
        let (name, place) = (self.name, self.place());
        let findings: Vec<_> = ended
            .map(|key| {
                let message = format!(
                    "{name}: {key} is off, as it was when the remote was adopted, so signatures that the vendor wants verified are not: `overlayctl revert {name} {key}` turns it on, `overlayctl release {name}` leaves all of it to you"
                );
                code::UNVERIFIED.warning(&place, message)
            })
            .collect();
        self.draft.findings.extend(findings);
    }
}
