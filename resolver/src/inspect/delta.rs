//! How the files of the layers differ from those below them, file by file and key by key: what
//! `systemd-delta` tells, over all layers, with what each difference comes to.
//!
//! Pure: it takes a [`Document`] that was resolved with its history. What a file comes to alone is asked of
//! the merge; what a drop-in does to all before it is read off the ledger, since that is the merge, row by
//! row.
//!
//! ```
//! use overlay_resolver::inspect::delta::{Class, delta};
//! use overlay_resolver::{Resolver, tree::Tree};
//!
//! let tree = Tree::default()
//!     .with("/usr/lib/x.toml".as_ref(), "port = 80\nname = 'a'\n")
//!     .with("/etc/x.toml".as_ref(), "port = 8080\nname = 'a'\n");
//! let resolver = Resolver::new(tree).with_history();
//! let configuration = resolver.configuration("x.toml").unwrap();
//! let document = configuration.document();
//! let differences = delta(&document, configuration.rules());
//! assert_eq!(differences[0].class, Class::Overridden);
//! assert_eq!(differences[0].keys[0].key.name(), "port");
//! ```

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

use indexmap::{IndexMap, IndexSet};

use crate::account::Account;
use crate::document::{Assignment, Document, Key, Sum};
use crate::format::Kept;
use crate::ledger::Fate::Applied;
use crate::ledger::KeyId;
use crate::merge::{Keep, merge};
use crate::rules::{BrokenFile, Rules};
use crate::scan::{Fragment, Role, State};

/// What a file does to what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// It cannot be used, such as a dangling symlink, or its consumer stops at it.
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
    /// Nothing of its name is below it, or it does nothing to what is.
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
#[non_exhaustive]
pub struct Difference<'d> {
    /// What the file does.
    pub class: Class,
    /// The file.
    pub top: &'d Fragment,
    /// What became of it.
    pub account: Account<'d>,
    /// What it stands over: the next lower file of its name that can be used, or that cannot if there is no
    /// other; of a drop-in that extends something, the main file. None if there is none.
    pub bottom: Option<&'d Fragment>,
    /// The keys that differ from the file below; of a drop-in that extends something, the keys that it
    /// changes over all that was read before it, and those that it sets to what they are already.
    pub keys: Vec<KeyChange<'d>>,
}

/// A key, below and above.
#[derive(Debug)]
#[non_exhaustive]
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
    /// What the key comes to below; of a drop-in, what goes of that, or is given anew.
    pub before: Sum<'d>,
    /// What it comes to with the file; of a drop-in, what that brings. Where the file says something that changes
    /// nothing, neither has an item.
    pub after: Sum<'d>,
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

/// The differences of a document: the main file's from the lowest layer up, then the drop-ins' in the
/// order of their names. Every file has one, but for ignored ones and the lowest file of a name that
/// others stand over. `rules` are those by which the document was resolved.
pub fn delta<'d>(document: &'d Document, rules: &Rules) -> Vec<Difference<'d>> {
    let files: Vec<_> = document.accounts().map(File::from).collect();
    let mut rows = Rows::new(document, rules, &files);
    let mut differences = Vec::new();
    for stack in stacks(&files) {
        stack_differences(&mut rows, &files, &stack, &mut differences);
    }
    differences
}

/// A file, and what became of it.
struct File<'d> {
    fragment: &'d Fragment,
    account: Account<'d>,
}

impl<'d> From<(&'d Fragment, Account<'d>)> for File<'d> {
    fn from((fragment, account): (&'d Fragment, Account<'d>)) -> Self {
        Self { fragment, account }
    }
}

impl<'d> File<'d> {
    /// Whether it stops its consumer, or would be passed over for what is below it.
    const fn is_broken(&self) -> bool {
        match &self.account {
            Account::Unusable { .. } | Account::PassedOver(_) => true,
            Account::Invalid { costs, .. } => !matches!(costs, BrokenFile::Alone),
            _ => false,
        }
    }

    /// Whether what it says is read, with what is below it.
    const fn is_merged(&self) -> bool {
        self.account.is_read()
            || matches!(
                self.account,
                Account::Blank(_) | Account::NotUnderstood { .. } | Account::Duplicate(_)
            )
    }

    /// Whether it can be used, wherever it is hidden.
    fn is_usable(&self) -> bool {
        !matches!(
            self.fragment.alone(),
            State::Unusable(_) | State::PassedOver(_)
        )
    }

    fn is_mask(&self) -> bool {
        matches!(self.fragment.alone(), State::Mask(_))
    }

    fn difference(&self, class: Class, bottom: Option<&'d Fragment>) -> Difference<'d> {
        Difference {
            class,
            top: self.fragment,
            account: self.account.clone(),
            bottom,
            keys: Vec::new(),
        }
    }
}

/// The files of each name, lowest first; the main file's before all.
fn stacks(files: &[File<'_>]) -> Vec<Vec<usize>> {
    let mut stacks = IndexMap::<(Role, &OsStr), Vec<usize>>::new();
    for (index, File { fragment, account }) in files.iter().enumerate() {
        if matches!(account, Account::Ignored(_)) {
            continue;
        }
        // Main files of a template's instance have two names and are one stack.
        let name = match fragment.role {
            Role::Main => OsStr::new(""),
            Role::DropIn => fragment.name(),
        };
        stacks.entry((fragment.role, name)).or_default().push(index);
    }
    for stack in stacks.values_mut() {
        stack.sort_by_key(|&index| files[index].fragment.rank);
    }
    let mut stacks: Vec<_> = stacks.into_iter().collect();
    stacks.sort_by_key(|((role, _), _)| *role);
    stacks.into_iter().map(|(_, stack)| stack).collect()
}

fn stack_differences<'d>(
    rows: &mut Rows<'d>,
    files: &[File<'d>],
    stack: &[usize],
    differences: &mut Vec<Difference<'d>>,
) {
    for (place, &index) in stack.iter().enumerate() {
        let (below, above) = (&stack[..place], &stack[place + 1..]);
        let is_usable = |index: &&usize| files[**index].is_usable();
        let bottom = below.iter().rev().find(is_usable).or(below.last());
        let is_covered = above.iter().any(|index| is_usable(&index));
        if let Some(found) = difference(rows, files, index, bottom.copied(), is_covered) {
            differences.push(found);
        }
    }
}

/// What a file does to the next lower one of its name; none of the lowest, if it is told of with one above it.
fn difference<'d>(
    rows: &mut Rows<'d>,
    files: &[File<'d>],
    index: usize,
    bottom: Option<usize>,
    is_covered: bool,
) -> Option<Difference<'d>> {
    let top = &files[index];
    let Some(lower) = bottom else {
        return (top.is_broken() || !is_covered).then(|| alone(rows, top, index));
    };
    let bottom = &files[lower];
    let class = match top.is_usable() {
        _ if top.is_broken() => Class::Broken,
        true => class(top, bottom),
        // What is above it hides both.
        false => Class::Unchanged,
    };
    let keys = if top.is_usable() && bottom.is_usable() {
        rows.between(lower, index)
    } else {
        Vec::new()
    };
    Some(Difference {
        keys,
        ..top.difference(class, Some(bottom.fragment))
    })
}

/// What a file does that has none of its name below it.
fn alone<'d>(rows: &mut Rows<'d>, top: &File<'d>, index: usize) -> Difference<'d> {
    if top.is_broken() {
        return top.difference(Class::Broken, None);
    }
    if matches!(top.account, Account::Mask { .. }) {
        return top.difference(Class::Masked, None);
    }
    let is_main = top.fragment.role == Role::Main;
    if is_main || !top.is_merged() || !rows.extends(top.fragment) {
        return top.difference(Class::Unchanged, None);
    }
    Difference {
        keys: rows.by_drop_in(index),
        ..top.difference(Class::Extended, rows.main)
    }
}

/// What a file that can be used does to one below it.
fn class(top: &File<'_>, bottom: &File<'_>) -> Class {
    match (top.is_mask(), bottom.is_mask()) {
        (true, true) => return Class::Identical,
        (true, false) => return Class::Masked,
        _ => {}
    }
    let was_read = |file: &Fragment| *file.alone() == State::Effective;
    let (top, bottom) = (top.fragment, bottom.fragment);
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

impl Difference<'_> {
    /// Whether anything is different because of the file.
    pub fn is_notable(&self) -> bool {
        self.class != Class::Unchanged
    }
}

/// What the files do, by file and by key.
struct Rows<'d> {
    document: &'d Document,
    /// Those of the document, with the format of its files.
    rules: Rules,
    /// The main file, if it is merged.
    main: Option<&'d Fragment>,
    /// The rank of the lowest file that is merged.
    lowest: Option<u32>,
    /// Of every file, the keys that it assigns, in its order, and those whose table it replaces.
    of_file: Vec<IndexSet<KeyId>>,
    /// What each file does to each key, over all that is read before it.
    steps: HashMap<(usize, KeyId), KeyChange<'d>>,
}

impl<'d> Rows<'d> {
    fn new(document: &'d Document, rules: &Rules, files: &[File<'d>]) -> Self {
        let merged = || {
            let merged = files.iter().filter(|file| file.is_merged());
            merged.map(|file| file.fragment)
        };
        let mut rows = Self {
            document,
            rules: Rules {
                format: Some(document.format()),
                ..rules.clone()
            },
            main: merged().find(|fragment| fragment.role == Role::Main),
            lowest: merged().map(|fragment| fragment.rank).min(),
            of_file: vec![IndexSet::new(); files.len()],
            steps: HashMap::new(),
        };
        for assignment in document.assignments() {
            if is_of_a_key(&assignment) {
                rows.of_file[assignment.fragment_index()].insert(assignment.key_id());
            }
        }
        for assignment in document.assignments() {
            if let Some(by) = assignment.winner() {
                rows.of_file[by.fragment_index()].insert(assignment.key_id());
            }
        }
        // Where nothing is loaded, no key has a value, with a drop-in or without it.
        for key in document.keys().filter(|_| document.loads()) {
            let steps = replay::steps(key).into_iter();
            rows.steps
                .extend(steps.map(|(file, step)| ((file, key.id()), step)));
        }
        rows
    }

    /// Whether a drop-in is merged over something. In a document it always is, if only over what the
    /// program has built in, and so is one of many documents; in a directory without a main file, if a lower
    /// layer has something there.
    fn extends(&self, top: &Fragment) -> bool {
        let directory = top.path.parent().and_then(Path::file_name);
        self.rules.of_many
            || directory != Some(&self.document.entry().name)
            || self.lowest < Some(top.rank)
    }

    /// The keys that differ between two files, each taken for itself.
    fn between(&self, bottom: usize, top: usize) -> Vec<KeyChange<'d>> {
        let mut keys = IndexMap::<KeyId, [Vec<Assignment<'d>>; 2]>::new();
        for (side, file) in [bottom, top].into_iter().enumerate() {
            for assignment in self.alone(file) {
                keys.entry(assignment.key_id()).or_default()[side].push(assignment);
            }
        }
        let changes = keys.into_values().filter_map(KeyChange::of_files);
        changes
            .filter(|change| change.change != Change::Same)
            .collect()
    }

    /// The assignments that would count if a file were the only one.
    fn alone(&self, file: usize) -> Vec<Assignment<'d>> {
        let entry = self.document.entry();
        // A main file that is a drop-in too is read there.
        let file = match entry.fragments[file].state {
            State::Duplicate(read) => read,
            _ => file,
        };
        let ledger = merge(entry, &self.rules, Keep::Only(file), &Kept::default());
        // A file has the same assignments in the same order, whatever becomes of them.
        let here = self.document.assignments_of(file);
        let pairs = ledger.rows().zip(here);
        pairs
            .filter(|(row, here)| ledger[*row].fate == Applied && is_of_a_key(here))
            .map(|(_, here)| here)
            .collect()
    }

    /// What a drop-in does to the keys that it assigns, over all that is read before it.
    fn by_drop_in(&mut self, file: usize) -> Vec<KeyChange<'d>> {
        let keys = self.of_file[file].iter();
        let steps = keys.map(|key| self.steps.remove(&(file, *key)));
        steps.flatten().collect()
    }
}

/// Whether an assignment is more than a text that nobody takes apart, and its consumer knows its key.
fn is_of_a_key(assignment: &Assignment<'_>) -> bool {
    !assignment.is_whole_file() && assignment.unknown().is_none()
}

impl<'d> KeyChange<'d> {
    /// A key by the assignments of it that count in one file alone, and in another; none if it has no
    /// value in either.
    fn of_files([from, to]: [Vec<Assignment<'d>>; 2]) -> Option<Self> {
        let key = from.first().or(to.first())?.owner();
        let [before, after] = [key.sum_of(&from), key.sum_of(&to)];
        let [was, is] = [(&from, &before), (&to, &after)]
            .map(|(counting, sum)| Presence::new(sum.items.len(), key.has_value(counting)));
        let change = match Change::between(was, is)? {
            Change::Changed if before == after || are_lines([&from, &to]) => Change::Same,
            change => change,
        };
        Some(Self {
            key,
            change,
            from,
            to,
            before,
            after,
        })
    }
}

/// Whether a key has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// It has none.
    Absent,
    /// It is an emptied list, whose default does not come back.
    Emptied,
    /// It has items.
    Present,
}

impl Presence {
    fn new(items: usize, has_value: bool) -> Self {
        match (items, has_value) {
            (_, false) => Self::Absent,
            (0, true) => Self::Emptied,
            (_, true) => Self::Present,
        }
    }
}

impl Change {
    /// What becomes of a key, as far as its presence tells: [`Change::Changed`] if it may be the same,
    /// too. None if there is nothing to tell.
    fn between(was: Presence, is: Presence) -> Option<Self> {
        Some(match (was, is) {
            (Presence::Absent, Presence::Absent) => return None,
            (Presence::Absent, _) | (Presence::Emptied, Presence::Present) => Self::Added,
            (_, Presence::Absent) | (Presence::Present, Presence::Emptied) => Self::Removed,
            (Presence::Emptied, Presence::Emptied) => Self::Same,
            (Presence::Present, Presence::Present) => Self::Changed,
        })
    }
}

/// Whether each of these is a line that is its own key (the format `lines`): that is there or is not.
fn are_lines(sides: [&[Assignment<'_>]; 2]) -> bool {
    sides.into_iter().flatten().all(Assignment::is_bare)
}

#[cfg(test)]
mod laws;
mod replay;
#[cfg(test)]
mod tests;
