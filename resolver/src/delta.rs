//! How the files of the layers differ from those below them, file by file and key by key: what
//! `systemd-delta` tells, over all layers, with what each difference comes to.
//!
//! Pure: it reads a [`Document`] that was resolved with its history.
//!
//! ```
//! use overlay_resolver::delta::{Class, delta};
//! use overlay_resolver::{Resolver, tree::Tree};
//!
//! let tree = Tree::default()
//!     .with("/usr/lib/x.toml".as_ref(), "port = 80\nname = 'a'\n")
//!     .with("/etc/x.toml".as_ref(), "port = 8080\nname = 'a'\n");
//! let document = Resolver::new(tree).with_history().resolve("x.toml");
//! let differences = delta(&document);
//! assert_eq!(differences[0].class, Class::Overridden);
//! assert_eq!(differences[0].keys[0].key.name(), "port");
//! ```

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

use indexmap::{IndexMap, IndexSet};

use crate::document::{Assignment, Document, Key, State as Fate};
use crate::scan::{Fragment, Role, State};

/// What a file does to what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// It takes its name and cannot be used, such as a dangling symlink.
    Broken,
    /// It hides what is below it.
    Masked,
    /// It is a symlink to something else than what it stands over.
    Redirected,
    /// It stands over another file and says something else.
    Overridden,
    /// It is a drop-in, merged over what is below.
    Extended,
    /// It is the file that it stands over, by a symlink or another name.
    Equivalent,
    /// It says the same as the file that it stands over, byte by byte: it can go.
    Identical,
    /// Nothing of its name is below it.
    Unchanged,
}

impl Class {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Masked => "masked",
            Self::Redirected => "redirected",
            Self::Overridden => "overridden",
            Self::Extended => "extended",
            Self::Equivalent => "equivalent",
            Self::Identical => "identical",
            Self::Unchanged => "unchanged",
        }
    }
}

/// One file and the one below it. A name that three layers have makes two of them, so that a file in
/// a middle layer is seen.
#[derive(Debug)]
pub struct Difference<'d> {
    /// What the file does.
    pub class: Class,
    /// The file.
    pub top: &'d Fragment,
    /// What it stands over: the next lower file of its name that can be used; of a drop-in that extends
    /// something, the main file. None if there is none.
    pub bottom: Option<&'d Fragment>,
    /// The keys that differ from the file below; of a drop-in that extends something, the keys that it
    /// changes over all that was read before it, and those that it sets to what they are already.
    pub keys: Vec<KeyChange<'d>>,
}

/// A key, below and above.
#[derive(Debug)]
pub struct KeyChange<'d> {
    /// The key.
    pub key: Key<'d>,
    /// What becomes of it.
    pub change: Change,
    /// The assignments that its value follows from below. Of a drop-in only those that it ends: what
    /// a list keeps is in neither.
    pub from: Vec<Assignment<'d>>,
    /// Those that it follows from with the file; of a drop-in its own.
    pub to: Vec<Assignment<'d>>,
    before: Vec<Cow<'d, [u8]>>,
    after: Vec<Cow<'d, [u8]>>,
}

/// What a file does to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Nothing below has it.
    Added,
    /// It comes to something else.
    Changed,
    /// It has no value any more.
    Removed,
    /// It is set to what it is already: the assignment can go.
    Same,
}

impl Change {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Same => "same",
        }
    }
}

impl<'d> KeyChange<'d> {
    /// What the key comes to below, item by item; of a drop-in, the items that go or are given anew.
    pub fn from_items(&self) -> &[Cow<'d, [u8]>] {
        &self.before
    }

    /// What it comes to with the file; of a drop-in, the items that it brings.
    pub fn to_items(&self) -> &[Cow<'d, [u8]>] {
        &self.after
    }
}

/// The differences of a document: the main file's from the lowest layer up, then the drop-ins' in the
/// order of their names. Every file has one, but for ignored ones and the lowest file of a name that
/// others stand over.
pub fn delta(document: &Document) -> Vec<Difference<'_>> {
    let mut rows = Rows::new(document);
    let mut differences = Vec::new();
    for stack in stacks(document) {
        stack_differences(document, &mut rows, &stack, &mut differences);
    }
    differences
}

/// The files of each name, lowest first; the main file's before all.
fn stacks(document: &Document) -> Vec<Vec<usize>> {
    let mut stacks = IndexMap::<(Role, &OsStr), Vec<usize>>::new();
    for (index, fragment) in document.entry().fragments.iter().enumerate() {
        if matches!(fragment.state, State::Ignored(_)) {
            continue;
        }
        // Main files of a template's instance have two names and are one stack.
        let name = match fragment.role {
            Role::Main => OsStr::new(""),
            Role::DropIn => fragment.path.file_name().unwrap_or_default(),
        };
        stacks.entry((fragment.role, name)).or_default().push(index);
    }
    let rank = |&index: &usize| document.entry().fragments.get(index).map(|f| f.rank);
    for stack in stacks.values_mut() {
        stack.sort_by_key(rank);
    }
    let mut stacks: Vec<_> = stacks.into_iter().collect();
    stacks.sort_by_key(|((role, _), _)| *role);
    stacks.into_iter().map(|(_, stack)| stack).collect()
}

fn stack_differences<'d>(
    document: &'d Document,
    rows: &mut Rows<'d>,
    stack: &[usize],
    differences: &mut Vec<Difference<'d>>,
) {
    let file = |&index: &usize| Some((index, document.entry().fragments.get(index)?));
    let is_broken =
        |top: &Fragment| matches!(top.alone(), State::Unusable(_) | State::PassedOver(_));
    let usable = stack
        .iter()
        .filter_map(file)
        .filter(|(_, top)| !is_broken(top))
        .count();
    let mut below: Option<(usize, &Fragment)> = None;
    for (index, top) in stack.iter().filter_map(file) {
        let bottom = below.map(|(_, bottom)| bottom);
        if is_broken(top) {
            differences.push(Difference::new(Class::Broken, top, bottom));
            continue;
        }
        match below.replace((index, top)) {
            Some((lower, bottom)) => differences.push(Difference {
                keys: rows.between(lower, index),
                ..Difference::new(class(top, bottom), top, Some(bottom))
            }),
            None if usable == 1 => differences.push(alone(document, rows, index, top)),
            // It is told of with the file that stands over it, and not twice.
            None => {}
        }
    }
}

/// What the lowest file of its name does.
fn alone<'d>(
    document: &'d Document,
    rows: &mut Rows<'d>,
    index: usize,
    top: &'d Fragment,
) -> Difference<'d> {
    if matches!(top.alone(), State::Mask(_)) {
        return Difference::new(Class::Masked, top, None);
    }
    // What cannot be used above it may hide it, and the mask of the main file does.
    let counts = matches!(top.state, State::Effective | State::Duplicate(_));
    if top.role == Role::Main || !counts || !rows.extends(document, top) {
        return Difference::new(Class::Unchanged, top, None);
    }
    Difference {
        keys: rows.by_drop_in(index),
        ..Difference::new(Class::Extended, top, rows.main)
    }
}

/// What a file does to the next lower one of its name.
fn class(top: &Fragment, bottom: &Fragment) -> Class {
    let masks = |fragment: &Fragment| matches!(fragment.alone(), State::Mask(_));
    let was_read = |fragment: &Fragment| *fragment.alone() == State::Effective;
    match (masks(top), masks(bottom)) {
        (true, true) => return Class::Identical,
        (true, false) => return Class::Masked,
        _ => {}
    }
    let leads_there = top
        .link
        .as_ref()
        .is_some_and(|link| link.target.as_ref() == Some(&bottom.path));
    let is_same = top.inode.is_some() && top.inode == bottom.inode;
    if leads_there || is_same {
        Class::Equivalent
    } else if was_read(top) && was_read(bottom) && top.text == bottom.text {
        Class::Identical
    } else if top.link.is_some() {
        Class::Redirected
    } else {
        Class::Overridden
    }
}

impl<'d> Difference<'d> {
    fn new(class: Class, top: &'d Fragment, bottom: Option<&'d Fragment>) -> Self {
        Self {
            class,
            top,
            bottom,
            keys: Vec::new(),
        }
    }

    /// Whether anything is different because of the file.
    pub fn is_notable(&self) -> bool {
        self.class != Class::Unchanged
    }
}

/// The ledger by key and by file.
struct Rows<'d> {
    /// The main file, if it counts.
    main: Option<&'d Fragment>,
    /// The rank of the lowest file that counts.
    lowest: Option<u32>,
    keys: Vec<Key<'d>>,
    /// Of every key, its assignments.
    of_key: Vec<Vec<Assignment<'d>>>,
    /// Of every file, the keys that it assigns, in its order, and those whose table it replaces.
    of_file: Vec<IndexSet<usize>>,
    /// What each file does to each key, over all that is read before it.
    steps: HashMap<(usize, usize), KeyChange<'d>>,
}

impl<'d> Rows<'d> {
    fn new(document: &'d Document) -> Self {
        let keys: Vec<_> = document.keys().collect();
        let counts = |f: &&Fragment| matches!(f.state, State::Effective | State::Duplicate(_));
        let counting = || document.entry().fragments.iter().filter(counts);
        let mut rows = Self {
            main: counting().find(|fragment| fragment.role == Role::Main),
            lowest: counting().map(|fragment| fragment.rank).min(),
            of_key: vec![Vec::new(); keys.len()],
            of_file: vec![IndexSet::new(); document.entry().fragments.len()],
            steps: HashMap::new(),
            keys,
        };
        for assignment in document.assignments().filter(|a| !a.is_whole_file()) {
            let key = assignment.key_number();
            if let Some(of_key) = rows.of_key.get_mut(key) {
                of_key.push(assignment);
            }
            rows.note(assignment.fragment_index(), key);
        }
        for assignment in document.assignments() {
            if let Some(by) = assignment.winner() {
                rows.note(by.fragment_index(), assignment.key_number());
            }
        }
        for (number, (key, assignments)) in rows.keys.iter().zip(&rows.of_key).enumerate() {
            let steps = replay::steps(*key, assignments);
            let steps = steps.into_iter().map(|(file, step)| ((file, number), step));
            rows.steps.extend(steps);
        }
        rows
    }

    /// Whether a drop-in is merged over something. In a document it always is, if only over what the
    /// program has built in; in a directory without a main file, if a lower layer has something there.
    fn extends(&self, document: &Document, top: &Fragment) -> bool {
        let directory = top.path.parent().and_then(Path::file_name);
        directory != Some(&document.entry().name) || self.lowest < Some(top.rank)
    }

    fn note(&mut self, file: usize, key: usize) {
        if let Some(keys) = self.of_file.get_mut(file) {
            keys.insert(key);
        }
    }

    fn keys_of(&self, file: usize) -> impl Iterator<Item = usize> {
        self.of_file.get(file).into_iter().flatten().copied()
    }

    /// The keys that differ between two files, each taken for itself.
    fn between(&self, bottom: usize, top: usize) -> Vec<KeyChange<'d>> {
        let keys: IndexSet<_> = self.keys_of(bottom).chain(self.keys_of(top)).collect();
        let of = |file: usize| {
            move |a: &Assignment<'d>| a.fragment_index() == file && a.state() != Fate::Invalid
        };
        let changes = keys
            .into_iter()
            .filter_map(|key| self.change(key, of(bottom), of(top)));
        changes
            .filter(|change| change.change != Change::Same)
            .collect()
    }

    /// What a drop-in does to the keys that it assigns, over all that is read before it.
    fn by_drop_in(&mut self, file: usize) -> Vec<KeyChange<'d>> {
        let keys: Vec<_> = self.keys_of(file).collect();
        let steps = keys.into_iter().map(|key| self.steps.remove(&(file, key)));
        steps.flatten().collect()
    }

    /// A key by some of its assignments, and by others; none if neither has any.
    fn change(
        &self,
        number: usize,
        is_below: impl Fn(&Assignment<'d>) -> bool,
        is_above: impl Fn(&Assignment<'d>) -> bool,
    ) -> Option<KeyChange<'d>> {
        let key = *self.keys.get(number)?;
        let rows = self.of_key.get(number)?;
        let from = key.counting(rows.iter().filter(|a| is_below(a)).copied());
        let mut to = key.counting(rows.iter().filter(|a| is_above(a)).copied());
        // Another key took its place, a value where it had a table, or emptied the list that both make.
        let is_swept = |by: Assignment<'d>| by.key_number() != number && is_above(&by);
        to.retain(|assignment| !assignment.winner().is_some_and(is_swept));
        let [before, after] = [key.items_of(&from), key.items_of(&to)];
        let is_unread = |a: &Assignment<'_>| a.state() == crate::document::State::Invalid;
        let change = match (from.is_empty(), to.is_empty()) {
            (true, true) => return None,
            (true, false) => Change::Added,
            // What nobody reads repeats nothing.
            _ if before == after && to.iter().any(is_unread) => return None,
            _ if before == after => Change::Same,
            // A line that is its own key (the format `lines`) is there or is not.
            (false, false) if before.iter().chain(&after).all(|item| item.is_empty()) => {
                Change::Same
            }
            (false, true) => Change::Removed,
            (false, false) if after.is_empty() => Change::Removed,
            (false, false) => Change::Changed,
        };
        Some(KeyChange {
            key,
            change,
            from,
            to,
            before,
            after,
        })
    }
}

mod replay;
#[cfg(test)]
mod tests;
