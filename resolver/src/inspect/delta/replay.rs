//! The ledger of one key as a film: what each file does to the key, over all that is read before it.
//!
//! Nothing is merged a second time: each row knows by which it was beaten, so up to that it counted.
//! To merge, for each file, all that is read before it would take the square of what there is
//! (`tests/size.rs`); that it would say the same is a law (`laws.rs`).

use std::collections::{HashMap, HashSet};

use super::change::{Presence, are_lines, is_of_a_key};
use super::{Change, KeyChange};
use crate::scan::FileId;
use crate::schema::{KeyKind, Merge, OnEmpty, Operator};
use crate::view::{Assignment, Item, Items, Key, State, Sum};

/// What happens to a key at a row of the ledger.
#[derive(Debug, Clone, Copy)]
enum Event<'d> {
    /// This assignment counts no more.
    Ends(Assignment<'d>),
    /// This one counts from now on.
    Counts(Assignment<'d>),
    /// This one is read and changes nothing.
    Nothing(Assignment<'d>),
}

/// The steps of a key from file to file, with the number of each file.
pub(super) fn steps(key: Key<'_>) -> Vec<(FileId, KeyChange<'_>)> {
    // What nobody takes apart, or knows, has no value.
    let rows: Vec<_> = key.history().filter(is_of_a_key).collect();
    let mut moment = Moment {
        key,
        header: 0,
        above: 0,
        last: None,
        counting: Vec::new(),
        items: key.read(&[]),
    };
    let events = events(key, &rows);
    let of_files = events.chunk_by(|a, b| a.0 == b.0);
    of_files
        .filter_map(|events| {
            let file = events.first()?.0;
            Some((file, moment.step(file, events)?))
        })
        .collect()
}

/// What happens in each file, in order.
fn events<'d>(key: Key<'d>, rows: &[Assignment<'d>]) -> Vec<(FileId, Event<'d>)> {
    let kind = key.kind_in_item();
    let by_item = kind.is_some_and(|kind| matches!(kind.merge, Merge::Map | Merge::Set));
    let mut events = Vec::new();
    for row in rows {
        // Of maps and sets the items tell, and sooner, but of a set that begins anew.
        let by = row.winner().filter(|by| {
            let is_told =
                by_item && row.state() == State::Superseded && by.key_id() == row.key_id();
            !is_told || begins_anew(kind, row, by)
        });
        let is_read = matches!(
            row.state(),
            State::Applied | State::Superseded | State::Reset
        );
        let loses = by.is_some_and(|by| by.number() < row.number());
        let event = match (is_read, loses || row.empties() == Some(OnEmpty::Ignored)) {
            (false, _) => continue,
            (true, true) => Event::Nothing(*row),
            (true, false) => Event::Counts(*row),
        };
        events.push((row.number(), 1, row.file(), event));
        if let (Event::Counts(_), Some(by)) = (event, by) {
            events.push((by.number(), 0, by.file(), Event::Ends(*row)));
        }
    }
    // At one row what it beats ends before it counts.
    events.sort_by_key(|(row, order, ..)| (*row, *order));
    let events = events.into_iter();
    events.map(|(_, _, file, event)| (file, event)).collect()
}

/// Whether an assignment to a set gives all of it, whatever was before.
fn begins_anew(kind: Option<&KeyKind>, before: &Assignment<'_>, by: &Assignment<'_>) -> bool {
    kind.is_some_and(|kind| kind.merge == Merge::Set)
        && by.operator() == Operator::Set
        && by.number() > before.number()
}

/// What a key comes to at a moment.
struct Moment<'d> {
    key: Key<'d>,
    /// In a section that repeats, the header that was met last. What stands above it stays.
    header: u32,
    /// How many items stand above it.
    above: usize,
    /// What counted last above it.
    last: Option<Assignment<'d>>,
    /// Those below it.
    counting: Vec<Assignment<'d>>,
    items: Items<'d>,
}

/// What a key comes to, in short.
#[derive(Clone, Copy)]
struct Now<'d> {
    /// The assignment that counts last.
    last: Option<Assignment<'d>>,
    presence: Presence,
}

/// What one file has done so far.
#[derive(Default)]
struct Step<'d> {
    /// Items of the files before it that are no more, or that it gives anew.
    gone: Vec<Item<'d>>,
    /// Which of them were given anew or taken away by name: for one item that may happen several times.
    named: HashSet<(usize, Vec<u8>)>,
    ended: Vec<Assignment<'d>>,
    own: Vec<Assignment<'d>>,
    /// What it says without any effect.
    said: Vec<Assignment<'d>>,
    /// How many of its own stand above the header that was met last.
    above: usize,
}

impl<'d> Step<'d> {
    fn loses(&mut self, item: Item<'d>) {
        if self.named.insert(identity(&item)) {
            self.gone.push(item);
        }
    }

    fn has_lost(&self, item: &Item<'d>) -> bool {
        self.named.contains(&identity(item))
    }
}

fn identity(item: &Item<'_>) -> (usize, Vec<u8>) {
    (item.from.number(), item.value.to_vec())
}

impl<'d> Moment<'d> {
    fn step(&mut self, file: FileId, events: &[(FileId, Event<'d>)]) -> Option<KeyChange<'d>> {
        let before = self.now();
        let mut step = Step::default();
        let mut events = events.iter().map(|(_, event)| *event).peekable();
        while let Some(event) = events.next() {
            match event {
                Event::Nothing(row) => step.said.push(row),
                Event::Counts(row) => {
                    self.go_below(row.header(), &mut step);
                    self.counting.push(row);
                    step.own.push(row);
                    let known = self.items.read(row).into_iter();
                    known
                        .filter(|item| item.from.file() != file)
                        .for_each(|item| step.loses(item));
                }
                Event::Ends(row) => {
                    let mut ended = HashSet::from([row.number()]);
                    while let Some(Event::Ends(row)) =
                        events.next_if(|event| matches!(event, Event::Ends(_)))
                    {
                        ended.insert(row.number());
                    }
                    self.end(file, &ended, &mut step);
                }
            }
        }
        self.change(before, step)
    }

    fn last(&self) -> Option<Assignment<'d>> {
        self.counting.last().copied().or(self.last)
    }

    fn len(&self) -> usize {
        self.above + self.items.len()
    }

    /// What it comes to now, in short.
    fn now(&self) -> Now<'d> {
        let last = self.last();
        let stands = last.is_some_and(|last| self.key.stands_empty(last));
        Now {
            last,
            presence: Presence::new(self.len(), self.len() > 0 || stands),
        }
    }

    /// Nothing that stands below a header touches what stands above it.
    fn go_below(&mut self, header: u32, step: &mut Step<'d>) {
        if header != self.header {
            self.last = self.last();
            self.above = self.len();
            step.above = step.own.len();
            self.header = header;
            self.counting.clear();
            self.items = self.key.read(&[]);
        }
    }

    /// Ends some assignments: mostly all that count, so that this is no work for each of them again.
    fn end(&mut self, file: FileId, ended: &HashSet<usize>, step: &mut Step<'d>) {
        let ends = |a: &Assignment<'_>| ended.contains(&a.number());
        let is_earlier = |a: &Assignment<'_>| a.file() != file;
        let gone = self.items.iter().filter(|item| ends(&item.from));
        let gone = gone.filter(|item| is_earlier(&item.from) && !step.has_lost(item));
        step.gone.extend(gone.cloned().collect::<Vec<_>>());
        let counting = std::mem::take(&mut self.counting);
        let (gone, left): (Vec<_>, Vec<_>) = counting.into_iter().partition(ends);
        step.ended.extend(gone.into_iter().filter(is_earlier));
        let below = step.own.split_off(step.above);
        step.own.extend(below.into_iter().filter(|a| !ends(a)));
        self.items = self.key.read(&left);
        self.counting = left;
    }

    /// The whole of what a file did.
    fn change(&self, was: Now<'d>, step: Step<'d>) -> Option<KeyChange<'d>> {
        let Step {
            mut gone,
            ended,
            own,
            said,
            ..
        } = step;
        self.sort(&mut gone);
        let mut from: Vec<_> = gone.iter().map(|item| item.from).chain(ended).collect();
        from.sort_by_key(Assignment::number);
        from.dedup_by_key(|a| a.number());
        let before = Sum {
            is_array: self.key.is_array(&from),
            items: gone.into_iter().map(|item| item.value).collect(),
        };
        let after = self.key.sum_of(&own);
        let is_nothing = before.items.is_empty() && after.items.is_empty();
        let change = Change::between(was.presence, self.now().presence)?;
        let change = match (change, was.last) {
            (Change::Changed, _) if before == after && !is_nothing => Change::Same,
            (Change::Changed, Some(_)) if is_nothing && !are_lines([&from, &own]) => {
                return Some(self.nothing(if own.is_empty() { said } else { own }));
            }
            (Change::Changed | Change::Same, Some(last))
                if is_nothing || are_lines([&from, &own]) =>
            {
                return Some(self.same(last));
            }
            (change, _) => change,
        };
        Some(KeyChange {
            key: self.key,
            change,
            from,
            to: own,
            before,
            after,
        })
    }

    /// Puts items in the order in which they were brought. One of a set may be lost before others that
    /// the same assignment brought before it.
    fn sort(&self, items: &mut [Item<'d>]) {
        let brought: HashSet<_> = items.iter().map(|item| item.from.number()).collect();
        let mut places = HashMap::new();
        for from in items.iter().map(|item| item.from) {
            if brought.len() < items.len() && !places.contains_key(&from.number()) {
                let values = self.key.sum_of(&[from]).items.into_iter().zip(0..);
                places.insert(from.number(), values.collect::<HashMap<_, usize>>());
            }
        }
        items.sort_by_key(|item| {
            let place = places.get(&item.from.number());
            let place = place.and_then(|places| places.get(&item.value).copied());
            (item.from.number(), place)
        });
    }

    /// A file that leaves it at what `last` says.
    fn same(&self, last: Assignment<'d>) -> KeyChange<'d> {
        let sum = self.key.sum_of(&[last]);
        KeyChange {
            key: self.key,
            change: Change::Same,
            from: vec![last],
            to: vec![last],
            before: sum.clone(),
            after: sum,
        }
    }

    /// A file that says something, and leaves it at what it is.
    fn nothing(&self, said: Vec<Assignment<'d>>) -> KeyChange<'d> {
        KeyChange {
            key: self.key,
            change: Change::Same,
            from: Vec::new(),
            to: said,
            before: Sum::default(),
            after: Sum::default(),
        }
    }
}
