//! What each file does to those of its name, and to all that is read before it.

use std::ffi::OsStr;

use indexmap::IndexMap;

use super::{Class, Difference, Rows};
use crate::account::Account;
use crate::document::Document;
use crate::rules::BrokenFile;
use crate::scan::{FileId, Fragment, Role};

/// A file, and what became of it.
pub(super) struct File<'d> {
    pub(super) number: FileId,
    pub(super) fragment: &'d Fragment,
    account: Account<'d>,
}

impl<'d> File<'d> {
    /// Those of a document.
    pub(super) fn all(document: &'d Document) -> Vec<Self> {
        let files = document.entry().files().zip(document.accounts());
        let file = |((number, fragment), (_, account))| Self {
            number,
            fragment,
            account,
        };
        files.map(file).collect()
    }

    /// Whether it stops its consumer, or would be passed over for what is below it.
    const fn is_broken(&self) -> bool {
        match &self.account {
            Account::Unusable { .. } | Account::PassedOver(_) => true,
            Account::Invalid { costs, .. } => !matches!(costs, BrokenFile::Alone),
            _ => false,
        }
    }

    /// Whether what it says is read, with what is below it.
    pub(super) const fn is_merged(&self) -> bool {
        self.account.is_read()
            || matches!(
                self.account,
                Account::Blank(_) | Account::NotUnderstood { .. } | Account::Duplicate(_)
            )
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

/// What each of the files does to those of its name.
pub(super) fn differences<'d>(rows: &mut Rows<'d>, files: &[File<'d>]) -> Vec<Difference<'d>> {
    let mut differences = Vec::new();
    for stack in stacks(files) {
        for (place, top) in stack.iter().enumerate() {
            let (below, above) = (&stack[..place], &stack[place + 1..]);
            let is_usable = |file: &&&File<'_>| file.fragment.is_usable();
            let bottom = below.iter().rev().find(is_usable).or(below.last());
            let is_covered = above.iter().any(|file| is_usable(&file));
            differences.extend(difference(rows, top, bottom.copied(), is_covered));
        }
    }
    differences
}

/// The files of each name, lowest first; the main file's before all.
fn stacks<'f, 'd>(files: &'f [File<'d>]) -> Vec<Vec<&'f File<'d>>> {
    let mut stacks = IndexMap::<(Role, &OsStr), Vec<&File<'_>>>::new();
    let files = files.iter();
    for file in files.filter(|file| !matches!(file.account, Account::Ignored(_))) {
        let fragment = file.fragment;
        // Main files of a template's instance have two names and are one stack.
        let name = match fragment.role {
            Role::Main => OsStr::new(""),
            Role::DropIn => fragment.name(),
        };
        stacks.entry((fragment.role, name)).or_default().push(file);
    }
    for stack in stacks.values_mut() {
        stack.sort_by_key(|file| file.fragment.rank);
    }
    let mut stacks: Vec<_> = stacks.into_iter().collect();
    stacks.sort_by_key(|((role, _), _)| *role);
    stacks.into_iter().map(|(_, stack)| stack).collect()
}

/// What a file does to the next lower one of its name; none of the lowest, if it is told of with one above it.
fn difference<'d>(
    rows: &mut Rows<'d>,
    top: &File<'d>,
    bottom: Option<&File<'d>>,
    is_covered: bool,
) -> Option<Difference<'d>> {
    let Some(bottom) = bottom else {
        return (top.is_broken() || !is_covered).then(|| alone(rows, top));
    };
    let class = match top.fragment.is_usable() {
        _ if top.is_broken() => Class::Broken,
        true => class(top.fragment, bottom.fragment),
        // What is above it hides both.
        false => Class::Unchanged,
    };
    let keys = if top.fragment.is_usable() && bottom.fragment.is_usable() {
        rows.between(bottom.number, top.number)
    } else {
        Vec::new()
    };
    Some(Difference {
        keys,
        ..top.difference(class, Some(bottom.fragment))
    })
}

/// What a file does that has none of its name below it.
fn alone<'d>(rows: &mut Rows<'d>, top: &File<'d>) -> Difference<'d> {
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
        keys: rows.by_drop_in(top.number),
        ..top.difference(Class::Extended, rows.main)
    }
}

/// What a file that can be used does to one below it.
fn class(top: &Fragment, bottom: &Fragment) -> Class {
    match (top.is_mask(), bottom.is_mask()) {
        (true, true) => return Class::Identical,
        (true, false) => return Class::Masked,
        _ => {}
    }
    // A mask has no text either, but that of a link says nothing.
    let has_text = |file: &Fragment| file.is_usable() && file.is_looked_at() && !file.is_mask();
    let leads_there = top
        .link
        .as_ref()
        .is_some_and(|link| link.target.as_ref() == Some(&bottom.path));
    let is_same = top.inode.is_some() && top.inode == bottom.inode;
    if leads_there || is_same {
        Class::Equivalent
    } else if has_text(top) && has_text(bottom) && top.text == bottom.text {
        Class::Identical
    } else if top.link.is_some() {
        Class::Redirected
    } else {
        Class::Overridden
    }
}
