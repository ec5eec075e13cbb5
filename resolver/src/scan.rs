//! From the files found to entries: which file of a name counts, and why each other one does not.
//!
//! Pure: a `Discovery` and its [`Rules`] in, entries out. "This name is taken" is kept apart from
//! "this file is usable": by the default rules a file that cannot be read still hides the files below
//! it, and its entry is [`Status::Unusable`], because falling back to the vendor's file would quietly
//! undo the owner.

pub(crate) mod fragment;

use std::ffi::{OsStr, OsString};
use std::ops::Index;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

pub use self::fragment::{FileId, Fragment, Role, State};
use crate::discover::{Candidate, Discovery};
use crate::escape::escape_path;
use crate::finding::{Finding, code};
use crate::format::{self, Format};
use crate::rules::{DropIns, MainPlace, Order, Rules, Shape};

/// The entries of one configuration path.
#[derive(Debug, Clone, Default)]
#[must_use = "it only tells"]
#[non_exhaustive]
pub struct Scan {
    /// One a name, in byte order of their names.
    pub entries: Vec<Entry>,
    /// What could not be read, and files that look misplaced.
    pub findings: Vec<Finding>,
    /// Whether every layer could be listed. If not, what is missing from `entries` may well exist,
    /// and what is there may be masked or overridden.
    pub complete: bool,
    /// The directories and main files that were looked for, whether or not they are there.
    pub searched: Vec<PathBuf>,
    /// What else decides what is found there: the directories above them in their layers, layers that are
    /// not there, and the symlinks on the way with where those lead.
    pub on_the_way: Vec<PathBuf>,
}

/// One name and all its files over all layers.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Entry {
    /// The file name, suffix included.
    pub name: OsString,
    /// The files in the order in which those that count are merged, the ignored ones last.
    pub fragments: Vec<Fragment>,
    /// What they come to.
    pub status: Status,
    /// What is wrong with the files, and with the directories of drop-ins.
    pub findings: Vec<Finding>,
    of_unit: bool,
    /// Whether its drop-ins are merged layer by layer.
    pub(crate) by_layer: bool,
}

/// What an entry's files come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// The fragments in state [`State::Effective`], in their order, make the entry.
    #[default]
    Effective,
    /// This file masks the entry whole.
    Masked(FileId),
    /// A fragment that counts cannot be used, so what the entry should be is not known.
    Unusable,
    /// There are drop-ins only, and the rules want a main file.
    Headless,
}

impl Entry {
    /// How its files are read: as the rules say, else as the suffix of a file tells, else as systemd reads its
    /// files, with or without sections.
    pub fn format(&self, rules: &Rules) -> &'static dyn Format {
        let whole = || format::named("opaque").filter(|_| rules.is_whole(&self.name));
        let of_suffix = || {
            let read = |f: &&Fragment| !matches!(f.state, State::Ignored(_));
            let mut files = self.fragments.iter().filter(read);
            files.find_map(|file| format::of_suffix(&file.path))
        };
        whole()
            .or(rules.format)
            .or_else(of_suffix)
            .unwrap_or_else(format::default)
    }

    /// The files, each with its number, in the order of [`fragments`](Self::fragments).
    pub fn files(
        &self,
    ) -> impl DoubleEndedIterator<Item = (FileId, &Fragment)> + ExactSizeIterator {
        let files = self.fragments.iter().enumerate();
        files.map(|(index, file)| (FileId::at(index), file))
    }

    /// The file as which one is read: itself, but for a main file that is a drop-in too.
    pub(crate) fn read_as(&self, file: FileId) -> FileId {
        match self[file].state {
            State::Duplicate(read) => read,
            _ => file,
        }
    }

    /// The fragments that count, in the order in which they are merged.
    pub fn effective(&self) -> impl Iterator<Item = &Fragment> {
        self.fragments
            .iter()
            .filter(|fragment| fragment.state == State::Effective)
    }
}

impl Index<FileId> for Entry {
    type Output = Fragment;

    fn index(&self, file: FileId) -> &Fragment {
        &self.fragments[file.index()]
    }
}

/// Groups what was found into entries, by these rules. The others are the ignored files that belong to none.
pub(crate) fn scan(rules: &Rules, shape: Shape, discovery: Discovery) -> (Scan, Vec<Fragment>) {
    let mut scan = Scan {
        complete: discovery.complete,
        findings: discovery.findings,
        searched: discovery.searched,
        on_the_way: discovery.on_the_way,
        entries: Vec::new(),
    };
    for (name, mut candidate) in discovery.candidates {
        let broken = candidate.broken.take();
        let mut entry = Entry::new(rules, shape, &name, candidate);
        entry.findings.extend(entry.alias());
        if let Some(finding) = broken {
            entry.findings.push(finding);
            if !matches!(entry.status, Status::Masked(_)) {
                entry.status = Status::Unusable;
            }
        }
        scan.entries.push(entry);
    }
    let others = scan.attach(discovery.ignored);
    (scan, others)
}

impl Scan {
    /// An ignored file belongs to the entry that its name begins with, if there is one. Returns the others.
    fn attach(&mut self, ignored: Vec<Fragment>) -> Vec<Fragment> {
        let mut others = Vec::new();
        for fragment in ignored {
            let visible = fragment.name().as_bytes().trim_start_with(|c| c == '.');
            // The entries are in byte order, and a name has few beginnings.
            let owner = (0..=visible.len()).rev().find_map(|length| {
                let name = |entry: &Entry| entry.name.as_bytes().cmp(&visible[..length]);
                self.entries.binary_search_by(name).ok()
            });
            match owner {
                Some(owner) => self.entries[owner].fragments.push(fragment),
                None => others.push(fragment),
            }
        }
        others
    }
}

impl Entry {
    fn new(rules: &Rules, shape: Shape, name: &OsStr, candidate: Candidate) -> Self {
        let mut fragments = candidate.mains;
        if fragments.is_empty() {
            fragments = candidate.drop_ins;
        } else {
            fragments.extend(candidate.drop_ins);
        }
        settle(&mut fragments);
        if rules.drop_in_order == Order::Layer {
            by_layer(rules, &mut fragments);
        }
        if rules.main_read_once {
            merge_duplicates(&mut fragments);
        }
        if rules.first_always_counts {
            first_counts(&mut fragments);
        }
        let status = status(rules, shape, &mut fragments);
        fragments.extend(candidate.ignored);
        Self {
            name: name.into(),
            fragments,
            status,
            findings: Vec::new(),
            of_unit: rules.drop_ins == DropIns::Unit,
            by_layer: rules.drop_in_order == Order::Layer,
        }
    }
}

/// Lets the highest file of each name that takes it hide those below it.
fn settle(fragments: &mut [Fragment]) {
    let mut start = 0;
    while let Some(first) = fragments.get(start) {
        let is_same =
            |f: &Fragment| f.role == first.role && (f.role == Role::Main || f.stack == first.stack);
        let rest = &fragments[start..];
        let count = rest.iter().take_while(|f| is_same(f)).count();
        let stack = &mut fragments[start..start + count];
        settle_name(stack, start);
        start += count;
    }
}

/// The same for the files of one name, lowest first, the first of which has the index `start`.
fn settle_name(stack: &mut [Fragment], start: usize) {
    let Some(top) = stack.iter().rposition(Fragment::takes_name) else {
        return;
    };
    let (below, rest) = stack.split_at_mut(top);
    let by = FileId::at(start + below.len());
    let masks = matches!(rest[0].state, State::Mask(_));
    for fragment in below {
        fragment.hide(if masks {
            State::Masked(by)
        } else {
            State::Shadowed(by)
        });
    }
}

/// Puts the fragments in order of their layers.
fn by_layer(rules: &Rules, fragments: &mut Vec<Fragment>) {
    let lowest = rules.main_place == MainPlace::Lowest;
    let mut order: Vec<usize> = (0..fragments.len()).collect();
    order.sort_by_key(|&index| {
        let fragment = &fragments[index];
        let late = !(lowest && fragment.role == Role::Main);
        (
            late,
            rules.rank(&fragment.layer),
            fragment.role,
            fragment.rank,
            index,
        )
    });
    let mut places = vec![0; order.len()];
    for (place, &index) in order.iter().enumerate() {
        places[index] = place;
    }
    for fragment in fragments.iter_mut() {
        if let State::Shadowed(by) | State::Masked(by) = &mut fragment.state {
            *by = FileId::at(places[by.index()]);
        }
    }
    let mut moving: Vec<_> = std::mem::take(fragments).into_iter().enumerate().collect();
    moving.sort_by_key(|(index, _)| places[*index]);
    fragments.extend(moving.into_iter().map(|(_, fragment)| fragment));
}

/// A main file that is a drop-in too (under another name) is read once, as the drop-in
/// (`config_parse_many_files()`).
fn merge_duplicates(fragments: &mut [Fragment]) {
    let is_main = |f: &Fragment| f.role == Role::Main && f.state == State::Effective;
    let Some(main) = fragments.iter().position(is_main) else {
        return;
    };
    let inode = fragments[main].inode;
    let same =
        |f: &Fragment| f.role == Role::DropIn && f.state == State::Effective && f.inode == inode;
    if inode.is_some()
        && let Some(drop_in) = fragments.iter().position(same)
    {
        fragments[main].state = State::Duplicate(FileId::at(drop_in));
    }
}

/// Without a main file, nothing hides the first of all drop-ins: it is again what it is alone.
fn first_counts(fragments: &mut [Fragment]) {
    let mut counting = fragments.iter_mut();
    let Some(first) = counting.find(|f| !matches!(f.alone(), State::PassedOver(_))) else {
        return;
    };
    let is_hidden = matches!(first.state, State::Shadowed(_) | State::Masked(_));
    if first.role == Role::DropIn && is_hidden {
        first.state = first.alone().clone();
        first.fatal = matches!(first.state, State::Unusable(_));
    }
}

fn status(rules: &Rules, shape: Shape, fragments: &mut [Fragment]) -> Status {
    let decides = |f: &Fragment| {
        f.role == Role::Main
            && !matches!(
                f.state,
                State::Shadowed(_) | State::Masked(_) | State::PassedOver(_)
            )
    };
    let main = fragments.iter().position(decides);
    let mask = main.filter(|&main| matches!(fragments[main].state, State::Mask(_)));
    let mask = mask.map(FileId::at);
    let some_count = fragments.iter().any(|f| f.state == State::Effective);
    let is_broken = |f: &Fragment| matches!(f.state, State::Unusable(_));
    let broken = fragments.iter().any(is_broken);
    match mask {
        Some(mask) if rules.main_decides => {
            for fragment in fragments.iter_mut().filter(|f| f.role == Role::DropIn) {
                // A drop-in that another hides is hidden twice; what it is alone is known already.
                fragment.hide(State::Masked(mask));
            }
            return Status::Masked(mask);
        }
        Some(mask) if !some_count && !broken => return Status::Masked(mask),
        None if main.is_none() && !rules.lone_drop_ins && shape != Shape::Collection => {
            return Status::Headless;
        }
        _ => {}
    }
    if broken {
        Status::Unusable
    } else {
        Status::Effective
    }
}

impl Entry {
    /// A unit whose file leads to one of another name is known by both, and the drop-ins of the other
    /// count as well.
    fn alias(&self) -> Option<Finding> {
        let is_main = |f: &&Fragment| f.role == Role::Main && f.state == State::Effective;
        let main = self.fragments.iter().find(is_main)?;
        let link = main.link.as_ref()?;
        let other = link.target.as_deref().and_then(Path::file_name)?;
        let differs = self.of_unit && other != main.name();
        differs.then(|| {
            code::ALIAS.warning(
                &main.path,
                format!(
                    "is another name of {}, whose drop-ins count for it as well and are not read here; ask for that",
                    escape_path(Path::new(other))
                ),
            )
        })
    }
}
