//! From the files found to entries: which file of a name counts, and why each other one does not.
//!
//! Pure: a [`Discovery`] and its [`Rules`] in, entries out. "This name is taken" is kept apart from
//! "this file is usable": a file that cannot be read still hides the files below it, and its entry is
//! [`Status::Unusable`], because falling back to the vendor's file would quietly undo the owner.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::discover::{Discovery, Found};
use crate::escape::escape_path;
use crate::finding::Finding;
use crate::root::{Content, Mask, Unusable};
use crate::rules::{Ignored, Rules};

/// The entries of one configuration path.
#[derive(Debug, Default)]
pub struct Scan {
    /// One a name, in byte order of their names.
    pub entries: Vec<Entry>,
    /// What could not be read, and files that look misplaced.
    pub findings: Vec<Finding>,
    /// Whether every layer could be listed. If not, what is missing from `entries` may well exist,
    /// and what is there may be masked or overridden.
    pub complete: bool,
}

/// One name and all its files over all layers.
#[derive(Debug)]
pub struct Entry {
    /// The file name, suffix included.
    pub name: OsString,
    /// The files: those named like the entry, then its drop-ins by name, each from the lowest layer
    /// up, then the ignored ones.
    pub fragments: Vec<Fragment>,
    /// What they come to.
    pub status: Status,
}

/// What an entry's files come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The fragments in state [`State::Effective`], in their order, make the entry.
    Effective,
    /// The fragment with this index masks the entry whole.
    Masked(usize),
    /// A fragment that counts cannot be used, so what the entry should be is not known.
    Unusable,
    /// There are drop-ins only, and the rules want a main file.
    Headless,
}

/// One file found in one layer.
#[derive(Debug)]
pub struct Fragment {
    /// Whether it is named like the entry or lies in the entry's drop-in directory.
    pub role: Role,
    /// The base directory of its layer.
    pub layer: PathBuf,
    /// Where it was found, as seen inside the root.
    pub path: PathBuf,
    /// Its bytes; none unless it is a regular file that could be read.
    pub text: Vec<u8>,
    /// Whether it counts.
    pub state: State,
}

/// The part a fragment plays in its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is named like the entry.
    Main,
    /// It is merged over the main file.
    DropIn,
}

/// Whether a fragment counts, and if not, why. Indices are into [`Entry::fragments`].
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// It counts.
    Effective,
    /// A file of the same name in a higher layer hides it.
    Shadowed(usize),
    /// It hides the files of its name in lower layers.
    Mask(Mask),
    /// That mask hides it.
    Masked(usize),
    /// It takes its name and cannot be used.
    Unusable(Unusable),
    /// Its name says that it is not meant.
    Ignored(Ignored),
}

impl Entry {
    /// Whether `path` is one of its files, or lies in or is its drop-in directory.
    pub fn has_file(&self, path: &Path) -> bool {
        let drop_ins = [self.name.as_bytes(), b".d"].concat();
        self.fragments.iter().any(|fragment| fragment.path == path)
            || path
                .components()
                .any(|part| part.as_os_str().as_bytes() == drop_ins)
    }

    /// The fragments that count, in the order in which they are merged.
    pub fn effective(&self) -> impl Iterator<Item = &Fragment> {
        self.fragments
            .iter()
            .filter(|fragment| fragment.state == State::Effective)
    }
}

/// Groups what was found into entries, by these rules.
pub fn scan(rules: &Rules, discovery: Discovery) -> Scan {
    let mut scan = Scan {
        complete: discovery.unreadable.is_empty(),
        findings: discovery.unreadable,
        ..Scan::default()
    };
    let mut broken = discovery.unreadable_drop_ins;
    let mut drop_ins = discovery.drop_ins;
    let (mains, ignored): (Vec<_>, Vec<_>) =
        discovery.mains.into_iter().partition(|f| f.content.is_ok());
    let mut stacks = by_name(mains);
    for name in drop_ins.keys().chain(broken.keys()) {
        stacks.entry(name.clone()).or_default();
    }
    for (name, stack) in stacks {
        let mut entry = Entry::new(
            rules,
            &name,
            stack,
            drop_ins.remove(&name).unwrap_or_default(),
        );
        scan.findings.extend(entry.findings());
        if let Some(finding) = broken.remove(&name) {
            scan.findings.push(finding);
            if !matches!(entry.status, Status::Masked(_)) {
                entry.status = Status::Unusable;
            }
        }
        scan.entries.push(entry);
    }
    scan.attach(ignored);
    scan
}

impl Scan {
    /// An ignored file belongs to the entry that its name begins with, if there is one.
    fn attach(&mut self, ignored: Vec<Found>) {
        for found in ignored {
            let visible = found.name().as_bytes().trim_start_with(|c| c == '.');
            let owner = self
                .entries
                .iter_mut()
                .rev()
                .find(|entry| visible.starts_with(entry.name.as_bytes()));
            let fragment = Fragment::new(Role::Main, found);
            match owner {
                Some(entry) => entry.fragments.push(fragment),
                None => self.findings.extend(fragment.finding()),
            }
        }
    }
}

use bstr::ByteSlice as _;

impl Entry {
    fn new(rules: &Rules, name: &OsStr, mains: Vec<Found>, drop_ins: Vec<Found>) -> Self {
        let (drop_ins, ignored): (Vec<_>, Vec<_>) =
            drop_ins.into_iter().partition(|f| f.content.is_ok());
        let mut fragments = Vec::new();
        stack(&mut fragments, Role::Main, mains);
        let main = fragments.len().checked_sub(1);
        for found in by_name(drop_ins).into_values() {
            stack(&mut fragments, Role::DropIn, found);
        }
        fragments.extend(ignored.into_iter().map(|f| Fragment::new(Role::DropIn, f)));

        let status = status(rules, &mut fragments, main);
        Self {
            name: name.into(),
            fragments,
            status,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<_> = self
            .fragments
            .iter()
            .filter_map(Fragment::finding)
            .collect();
        if self.status == Status::Headless {
            findings.extend(self.effective().map(|fragment| {
                Finding::warning(
                    &fragment.path,
                    format!(
                        "changes nothing: no layer has a {} that it could be merged over",
                        escape_path(self.name.as_ref())
                    ),
                )
            }));
        }
        findings
    }
}

fn status(rules: &Rules, fragments: &mut [Fragment], main: Option<usize>) -> Status {
    let main_state = main.and_then(|main| Some((main, &fragments.get(main)?.state)));
    match (main_state, rules.main_decides) {
        (Some((main, State::Mask(_))), true) => {
            for drop_in in fragments.iter_mut().skip(main + 1) {
                if !matches!(drop_in.state, State::Ignored(_)) {
                    drop_in.state = State::Masked(main);
                }
            }
            return Status::Masked(main);
        }
        (Some((main, State::Mask(_))), false)
            if !fragments.iter().any(|f| f.state == State::Effective) =>
        {
            return Status::Masked(main);
        }
        (None, true) => return Status::Headless,
        _ => {}
    }
    if fragments
        .iter()
        .any(|f| matches!(f.state, State::Unusable(_)))
    {
        return Status::Unusable;
    }
    Status::Effective
}

/// Adds the files of one name, lowest layer first; the last of them decides over the others.
fn stack(fragments: &mut Vec<Fragment>, role: Role, found: Vec<Found>) {
    let first = fragments.len();
    fragments.extend(found.into_iter().map(|found| Fragment::new(role, found)));
    let Some((top, lower)) = fragments.get_mut(first..).and_then(<[_]>::split_last_mut) else {
        return;
    };
    let by = first + lower.len();
    for fragment in lower {
        fragment.state = match top.state {
            State::Mask(_) => State::Masked(by),
            _ => State::Shadowed(by),
        };
    }
}

impl Fragment {
    fn new(role: Role, found: Found) -> Self {
        let (text, state) = match found.content {
            Ok(Content::File(text)) => (text, State::Effective),
            Ok(Content::Mask(mask)) => (Vec::new(), State::Mask(mask)),
            Ok(Content::Unusable(reason)) => (Vec::new(), State::Unusable(reason)),
            Err(reason) => (Vec::new(), State::Ignored(reason)),
        };
        Self {
            role,
            layer: found.layer,
            path: found.path,
            text,
            state,
        }
    }

    fn finding(&self) -> Option<Finding> {
        match &self.state {
            State::Unusable(reason) => Some(Finding::error(
                &self.path,
                format!("{reason}; until this is mended or removed, nothing changes for its entry"),
            )),
            State::Ignored(reason) => Some(Finding::info(&self.path, format!("ignored: {reason}"))),
            _ => None,
        }
    }
}

fn by_name(found: Vec<Found>) -> BTreeMap<OsString, Vec<Found>> {
    let mut names = BTreeMap::<_, Vec<_>>::new();
    for found in found {
        names
            .entry(found.name().to_owned())
            .or_default()
            .push(found);
    }
    names
}
