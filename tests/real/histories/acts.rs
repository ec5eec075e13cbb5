//! What the owner does to a remote by the tools of its target, whatever it is called by now.

use std::collections::BTreeSet;

use super::owed::Maker;
use super::turn::Changes;
use super::{History, Scene};

impl<S: Scene> History<'_, S> {
    /// The owner takes out what the vendor brought, of a keyring that has their own, too.
    pub(super) fn take_out(&mut self, name: &'static str) {
        let at = self.at(name);
        let owed = &self.owed[name];
        let is_ours = matches!(owed.maker, Maker::Overlayctl | Maker::Adopted);
        let owners = self.scene.keys().owner.fingerprint.clone();
        let is_possible = is_ours && owed.released.is_none() && self.scene.is_verified(&at);
        if !is_possible || !self.is_settled() {
            return;
        }
        if !owed.trusts {
            self.scene.trust(&at);
            self.owed(name).trusts = true;
        }
        let trusted: BTreeSet<_> = self.scene.trusted(&at).into_iter().collect();
        self.tally.taken_out += usize::from(trusted.len() > 1);
        self.scene.take_out(&at);
        let servers = &self.scene.keys().extended.fingerprint;
        let taken_out = trusted
            .iter()
            .filter(|one| **one != owners && *one != servers);
        let taken_out: Vec<_> = taken_out.cloned().collect();
        let owed = self.owed(name);
        owed.taken_out.extend(taken_out);
        owed.served.key = false;
    }

    /// Whether the last run was whole and of this image: what a dead one left is not taken out by the owner.
    pub(super) fn is_settled(&self) -> bool {
        self.settled == Some(self.booted)
    }

    pub(super) fn put_aside(&mut self, from: &'static str, changes: Changes) {
        self.sync();
        let is_possible =
            |history: &Self, name: &str| history.is_managed(name) && !history.owed[name].masked;
        let Some(name) = self.first(from, is_possible) else {
            return;
        };
        let at = self.at(name);
        let Some(lines) = self.scene.put_aside(&at) else {
            return;
        };
        self.tally.acts += 1;
        self.tally.put_aside += 1;
        self.told.push(format!("    {at}"));
        let owed = self.owed[name].clone();
        self.owed(name).deleted = true;
        self.sync();
        self.deploy(changes);
        self.sync();
        // The vendor's key is away with the lines, and comes back by a run that finds it: else nothing verifies the remote
        // (docs/reliability.md).
        if self.shipped(name).is_some() {
            self.scene.bring_back(&at, &lines);
            *self.owed(name) = owed;
            self.sync();
        }
    }

    /// The owner does something to a remote that is there.
    pub(super) fn act(&mut self, from: &'static str, act: impl FnOnce(&mut Self, &'static str)) {
        if !self.consumer_runs() {
            return;
        }
        if let Some(name) = self.first(from, Self::is_present) {
            self.tally.acts += 1;
            self.told.push(format!("    {name}"));
            act(self, name);
            if self.owed(name).released.is_some() && self.is_present(name) {
                self.owed(name).released = Some(self.standing(name));
            }
        }
    }

    pub(super) fn delete(&mut self, name: &'static str) {
        self.scene.delete(&self.at(name));
        let is_there = self.is_present(name);
        assert!(!is_there, "the owner's tool deletes {name}");
        let owed = self.owed(name);
        // Deleting one of their own, or one that is masked, says nothing of what the vendor offers.
        if owed.maker != Maker::Owner && !owed.masked {
            owed.deleted = true;
        }
        owed.maker = if owed.deleted {
            Maker::Overlayctl
        } else {
            Maker::Unsure
        };
        owed.gone();
    }

    pub(super) fn edit(&mut self, name: &'static str, url: Option<String>, title: Option<String>) {
        if self.owed(name).maker == Maker::Owner {
            return;
        }
        let at = self.at(name);
        let mut values = self.scene.values(&at);
        let owed = self.owed(name);
        if let Some(url) = url {
            owed.url = Some(url.clone());
            owed.served.url = None;
            values.url = url;
        }
        if let Some(title) = title {
            owed.title = Some(title.clone());
            owed.served.title = None;
            values.title = title;
        }
        self.scene.edit(&at, &values);
    }
}
