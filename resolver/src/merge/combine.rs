//! What an assignment does to those of its key, and to those of others that make one list with it.

use super::Merging;
use crate::ledger::{Fate, Row, Rule, resets};
use crate::scan::FileId;
use crate::schema::{Merge, OnEmpty, Operator};

impl Merging<'_> {
    /// Lets an assignment have its effect.
    pub(super) fn apply(&mut self, new: Row) {
        if self.ledger[new].fate != Fate::Applied {
            return;
        }
        let key = self.ledger[new].key;
        let before = self.ledger[key].last.replace(new);
        if self.ledger.format().is_nested() {
            self.nest(new, key);
        }
        self.ledger[new].previous = before;
        // Below another header stands another item.
        let header = self.ledger[new].header;
        let previous = before.filter(|&row| self.ledger[row].header == header);
        let slot = &self.ledger[key];
        match slot.in_item.map_or(slot.rule, Rule::Kind) {
            Rule::Unknown => {}
            Rule::Libeconf => self.libeconf(previous, new),
            Rule::Kind(kind) => {
                let is_empty = self.ledger[new].is_empty();
                let is_reset = is_empty && resets(kind);
                match kind.merge {
                    Merge::Last if self.adds_to_list(previous, new) => {}
                    Merge::Last if is_empty && kind.empty == OnEmpty::Ignored => {
                        self.ignore(previous, new);
                    }
                    Merge::Last if is_reset => self.reset(previous, new, kind.empty, Vec::new()),
                    Merge::Last => self.beat_all(previous, Fate::Superseded(new)),
                    Merge::First => {
                        if let Some(first) = self.counting(previous) {
                            self.ledger[new].fate = Fate::Superseded(first);
                        }
                    }
                    Merge::Append | Merge::Map if is_reset => {
                        let others = self.together(new);
                        self.reset(previous, new, kind.empty, others);
                    }
                    Merge::Set if self.ledger[new].operator == Operator::Set => {
                        self.beat_all(previous, Fate::Superseded(new));
                    }
                    Merge::Append | Merge::Map | Merge::Set => {}
                }
            }
        }
    }

    /// Leaves the assignment before `new` as the one that the next will beat. Where there is none, `new`
    /// stands for it.
    fn ignore(&mut self, previous: Option<Row>, new: Row) {
        let Some(last) = previous else {
            return;
        };
        let record = &mut self.ledger[new];
        record.fate = Fate::Superseded(last);
        record.previous = None;
        let key = record.key;
        self.ledger[key].last = previous;
    }

    /// Lets the empty assignment `new` take away what is before it: of its key, and these of others. Where that
    /// is nothing it changes nothing, unless it stands for the default.
    fn reset(&mut self, previous: Option<Row>, new: Row, empty: OnEmpty, others: Vec<Row>) {
        let mut takes = false;
        for last in previous.into_iter().chain(others) {
            let record = &self.ledger[last];
            takes |= record.fate == Fate::Applied && !record.is_idle;
            self.beat_all(Some(last), Fate::Reset(new));
        }
        self.ledger[new].is_idle = empty == OnEmpty::Reset && !takes;
    }

    /// The last assignments of the other keys that make one list with that of the assignment `new` (the triggers
    /// of a timer).
    fn together(&self, new: Row) -> Vec<Row> {
        let (section, name) = self.ledger.key_name(self.ledger[new].key);
        let names = (self.rules.schema).together(self.ledger.section_name(section), name);
        let header = self.ledger[new].header;
        names
            .filter(|other| **other != **name)
            .filter_map(|other| self.ledger.find_key(section, other))
            .filter_map(|key| self.ledger[key].last)
            .filter(|&last| self.ledger[last].header == header)
            .collect()
    }

    /// Gives this fate to `last` and those before it that count, back to the first that does not, or
    /// stands below another header.
    pub(super) fn beat_all(&mut self, last: Option<Row>, fate: Fate) {
        let mut next = last;
        let header = last.map(|last| self.ledger[last].header);
        while let Some(row) = next {
            let record = &mut self.ledger[row];
            if record.fate != Fate::Applied || Some(record.header) != header {
                return;
            }
            record.fate = fate;
            next = record.previous;
        }
    }

    /// Of a key of which one assignment counts, that one. `last` is its latest, so it counts itself or
    /// knows by which it was beaten.
    pub(super) fn counting(&self, last: Option<Row>) -> Option<Row> {
        let last = last?;
        match self.ledger[last].fate {
            Fate::Applied => Some(last),
            Fate::Superseded(by) if self.ledger[by].key == self.ledger[last].key => Some(by),
            Fate::Superseded(_)
            | Fate::Reset(_)
            | Fate::Shadowed(_)
            | Fate::Masked(_)
            | Fate::Invalid(_)
            | Fate::NotLoaded => None,
        }
    }

    /// Of a file that brings a key, the first assignment counts; of one that overrides it, the last
    /// (`merge_existing_groups()`).
    fn libeconf(&mut self, previous: Option<Row>, new: Row) {
        let Some(previous) = self.counting(previous) else {
            return;
        };
        let file = |row: Row| -> FileId { self.ledger[row].file };
        let is_own = file(previous) == file(new);
        let has_lower = self.ledger[previous].previous.is_some();
        if is_own && !has_lower {
            self.ledger[new].fate = Fate::Superseded(previous);
        } else {
            self.ledger[previous].fate = Fate::Superseded(new);
        }
    }
}
