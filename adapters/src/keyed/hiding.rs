//! What would go and has to stay is hidden from browsing, where the target has a way to do so.

use bstr::{BStr, ByteSlice as _};

use super::key::KeyName;
use super::management::Management;
use super::store::Store;
use super::subject::Subject;
use super::target::Target;
use crate::report::{Decision, Going, Matter};

impl<T: Target> Subject<'_, '_, T> {
    /// Keeps an entry that would go, out of sight, for what depends on it.
    pub(super) fn hide(&mut self) -> Decision {
        if let Some(key) = &T::HIDDEN {
            self.hide_by(key);
        }
        if self.is_succeeded() {
            Management::Succeeded.write(&mut self.draft.store, self.name);
        }
        let why = self.going();
        let user = self.draft.observed.in_use[self.name];
        let matter = Matter::InUse {
            name: self.name.into(),
            why: why.clone(),
            user,
        };
        self.draft.remarks.push(matter.at(self.place(), None));
        Decision::InUse { why, user }
    }

    pub(super) fn going(&self) -> Going {
        let masked = self.masked_by().cloned().map(Going::Masked);
        let renamed = || self.new_name().map(|name| Going::Renamed(name.into()));
        masked.or_else(renamed).unwrap_or(Going::Withdrawn)
    }

    /// Hides an entry unless its owner had a say in that.
    fn hide_by(&mut self, key: &KeyName<'_>) {
        let is_true = |value: Option<&BStr>| value.is_some_and(|value| value == "true");
        let actual = self.draft.before.get(self.name, key).map(BStr::to_owned);
        let was_hidden = self.is_hidden_by_us() || is_true(self.baseline.get(key));
        if was_hidden || is_true(actual.as_ref().map(|value| value.as_bstr())) {
            return;
        }
        let store = &mut self.draft.store;
        store.put(self.name, key, Some("true".into()));
        store.put_note(self.name, T::Store::NOTES.hidden, Some("true".into()));
    }

    /// Takes back that we hid it.
    pub(super) fn unhide(&mut self) {
        let Some(key) = T::HIDDEN.filter(|_| self.is_hidden_by_us()) else {
            return;
        };
        let actual = self.draft.before.get(self.name, &key).map(BStr::to_owned);
        let store = &mut self.draft.store;
        store.put_note(self.name, T::Store::NOTES.hidden, None);
        if actual.as_ref().is_some_and(|value| value == "true") {
            store.put(self.name, &key, None);
        }
    }

    /// Whether it was us who hid the entry from browsing, whatever has become of that.
    pub(super) fn is_hidden_by_us(&self) -> bool {
        let hidden = T::Store::NOTES.hidden;
        self.draft.before.note(self.name, hidden).is_some()
    }

    /// Whether a key has nothing but that we hid the entry.
    pub(super) fn is_hiding(&self, key: &KeyName<'_>) -> bool {
        self.is_hidden_by_us_as(self.name, key)
    }

    /// The same under another name.
    pub(super) fn is_hidden_by_us_as(&self, name: &str, key: &KeyName<'_>) -> bool {
        let before = &self.draft.before;
        let is_set = || before.get(name, key).is_some_and(|value| value == "true");
        let hidden = || before.note(name, T::Store::NOTES.hidden).is_some();
        T::HIDDEN.as_ref() == Some(key) && hidden() && is_set()
    }
}
