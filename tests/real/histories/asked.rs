//! What a consumer is asked to fetch from a server, and what the owner asks of overlayctl, each held to what
//! it says it does.

use super::owed::{Maker, Served, Standing, Title};
use super::turn::{Death, Entry, Said, Shipped};
use super::{History, NAMES, SERVERS, Scene, Values, names};

impl<S: Scene> History<'_, S> {
    pub(super) fn standing(&self, name: &str) -> Standing {
        let name = &self.at(name);
        Standing {
            values: self.scene.values(name),
            is_verified: self.scene.is_verified(name),
            trusted: self.scene.trusted(name),
        }
    }

    /// A server of the vendor's says something, and the consumer writes down what it likes.
    pub(super) fn ask(&mut self, name: &'static str, said: &Said) {
        let before = self.standing(name);
        let scene = self.scene;
        let url = &before.values.url;
        let mut servers = 0..SERVERS;
        let is_at = |server: &usize| scene.server(*server) == *url || scene.moved(*server) == *url;
        let Some(server) = servers.find(is_at) else {
            return;
        };
        if !scene.ask(&self.at(name), server, said) {
            return;
        }
        let after = self.standing(name);
        let vendors = &scene.keys().vendor.fingerprint;
        let knows = !before.is_verified || before.trusted.contains(vendors);
        assert!(
            knows || after == before,
            "{name}: a server is believed that nobody knows: {}",
            self.story()
        );
        self.tally.served += usize::from(after != before);
        let is_new = |get: fn(&Values) -> &String| {
            let (before, after) = (get(&before.values), get(&after.values));
            (before != after).then(|| after.clone())
        };
        let written = &mut self.owed(name).served;
        if let Some(url) = is_new(|values| &values.url) {
            written.url = Some(url);
        }
        if let Some(text) = is_new(|values| &values.title) {
            let over = written
                .title
                .take()
                .map_or_else(|| before.values.title.clone(), |title| title.over);
            written.title = Some(Title { text, over });
        }
        if let Some(collection) = is_new(|values| &values.collection) {
            written.collection = Some(collection);
        }
        written.key |= after.trusted != before.trusted;
    }

    /// What the owner asks overlayctl for, if the vendor ships the remote and nothing hides it.
    fn wish(&mut self, name: &'static str, verb: &str) -> Option<Entry> {
        let entry = self.shipped(name)?;
        self.tally.wishes += 1;
        self.told.push(format!("    {verb} {name}"));
        let others = |history: &Self| {
            let others = NAMES.into_iter().filter(|other| *other != name);
            let others = others.filter(|other| history.is_present(other));
            let standing = others.map(|other| (history.standing(other), other));
            standing.collect::<Vec<_>>()
        };
        let before = others(self);
        let (called, _) = names(name, &Shipped::Remote(entry.clone()));
        let report = self.scene.machine().report(&[verb, &called]);
        assert!(report.code < 2, "{report:#?}: {}", self.story());
        assert_eq!(
            others(self),
            before,
            "{verb} {name} is for one: {}",
            self.story()
        );
        self.assert_sound();
        Some(entry)
    }

    pub(super) fn restore(&mut self, from: &'static str) {
        let Some(name) = self.first(from, |history, name| history.owed[name].deleted) else {
            return;
        };
        if self.wish(name, "restore").is_some() {
            self.owed(name).deleted = false;
            self.judge_now(name);
        }
    }

    /// It is back, or the next run brings it, or it stays deleted.
    pub(super) fn die_restoring(&mut self, from: &'static str, death: Death) {
        let is_deleted = |history: &Self, name: &str| {
            history.owed[name].deleted && history.shipped(name).is_some()
        };
        let Some(name) = self.first(from, is_deleted) else {
            return;
        };
        let entry = self.shipped(name).expect("it is shipped");
        let (called, _) = names(name, &Shipped::Remote(entry));
        self.die(&["restore", &called], death);
        let is_back = self.is_present(name);
        let owed = self.owed(name);
        owed.deleted = false;
        owed.maker = if is_back {
            Maker::Overlayctl
        } else {
            Maker::Unsure
        };
    }

    /// It is as it was, or as the vendor wants it.
    pub(super) fn die_reverting(&mut self, from: &'static str, death: Death) {
        let Some(name) = self.first(from, Self::is_revertible) else {
            return;
        };
        let Some(entry) = self.shipped(name) else {
            return;
        };
        let before = self.standing(name);
        self.die(&["revert", &self.at(name)], death);
        let after = self.standing(name);
        let is_back = |one: &String| after.trusted.contains(one);
        self.owed(name).taken_out.retain(|one| !is_back(one));
        if after.values != before.values {
            self.reverted(name, &entry, &after);
        }
    }

    /// What the vendor ships of a remote, if nothing hides it.
    pub(super) fn shipped(&self, name: &str) -> Option<Entry> {
        match self.images[self.booted].get(name) {
            Some(Shipped::Remote(entry)) if !self.owed[name].masked => Some(entry.clone()),
            _ => None,
        }
    }

    fn is_revertible(&self, name: &str) -> bool {
        let owed = &self.owed[name];
        // What the vendor claims follows without being asked.
        let is_claimed = self.shipped(name).is_some_and(|entry| entry.claims);
        let is_edited = owed.is_edited() || owed.served.url.is_some() && !is_claimed;
        is_edited && self.is_managed(name) && self.is_so_called(name)
    }

    /// Whether it is there under the name that the image has for it.
    fn is_so_called(&self, name: &str) -> bool {
        let shipped = self.images[self.booted].get(name);
        shipped.is_some_and(|shipped| names(name, shipped).0 == self.at(name))
    }

    /// All that the owner set, and may have set, is the vendor's again.
    fn reverted(&mut self, name: &str, entry: &Entry, after: &Standing) {
        let owed = self.owed(name);
        (owed.url, owed.title, owed.off) = (None, None, false);
        if owed.maker == Maker::Given {
            owed.maker = Maker::Adopted;
        }
        owed.served = Served {
            key: owed.served.key,
            ..Served::default()
        };
        let wanted = self.owed[name].wanted(entry, self.scene.server(entry.server));
        assert_eq!(after.values, wanted, "{name}: {}", self.story());
    }

    pub(super) fn revert(&mut self, from: &'static str) {
        let Some(name) = self.first(from, Self::is_revertible) else {
            return;
        };
        let before = self.standing(name);
        if let Some(entry) = self.wish(name, "revert") {
            let after = self.standing(name);
            self.reverted(name, &entry, &after);
            // Keys come where something is verified from now on, or were taken out, and else stay as they are.
            let vendors = entry.signer.key(self.scene.keys());
            let vendors = vendors.map(|key| key.fingerprint.clone());
            let back = vendors.filter(|one| self.owed(name).taken_out.remove(one));
            let trusted = if after.is_verified && !before.is_verified {
                self.trusted(&entry, &self.owed[name])
            } else {
                let mut trusted = before.trusted;
                trusted.extend(back);
                trusted.sort();
                trusted
            };
            assert_eq!(after.trusted, trusted, "{name}: {}", self.story());
        }
    }

    pub(super) fn release(&mut self, from: &'static str) {
        let is_one =
            |history: &Self, name: &str| history.is_managed(name) && history.is_so_called(name);
        let Some(name) = self.first(from, is_one) else {
            return;
        };
        let before = self.standing(name);
        if self.wish(name, "release").is_some() {
            assert_eq!(self.standing(name), before, "{name}: {}", self.story());
            self.owed(name).released = Some(before);
        }
    }

    /// What was released goes on key by key where it was; of what the owner made, all stays that differs.
    pub(super) fn adopt(&mut self, from: &'static str) {
        let is_own = |history: &Self, name: &str| {
            let is_owners = history.owed[name].maker == Maker::Owner;
            is_owners && history.is_present(name)
        };
        let is_adoptable = |history: &Self, name: &str| {
            history.owed[name].released.is_some() || is_own(history, name)
        };
        let Some(name) = self.first(from, is_adoptable) else {
            return;
        };
        let before = self.standing(name);
        let is_own = is_own(self, name);
        if self.wish(name, "adopt").is_some() {
            let owed = self.owed(name);
            owed.released = None;
            if owed.maker != Maker::Given {
                owed.maker = Maker::Adopted;
            }
            if is_own {
                owed.deleted = false;
                owed.maker = Maker::Given;
                owed.url = Some(before.values.url);
                owed.title = Some(before.values.title).filter(|title| !title.is_empty());
            }
            self.judge_now(name);
        }
    }

    /// Whether it is there, and overlayctl made it, and nobody took it over.
    pub(super) fn is_managed(&self, name: &str) -> bool {
        let owed = &self.owed[name];
        let is_ours = matches!(
            owed.maker,
            Maker::Overlayctl | Maker::Adopted | Maker::Given
        );
        let is_ours = is_ours && owed.released.is_none();
        is_ours && self.is_present(name)
    }

    fn judge_now(&mut self, name: &'static str) {
        let image = self.images[self.booted].clone();
        self.judge(name, image.get(name), true);
    }
}
