//! Files that nobody reads.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::Subject;
use crate::account::Account;
use crate::escape::escape_path;
use crate::finding::{Finding, code};
use crate::rules::{DropIns, Ignored};
use crate::scan::{Role, State, Status};

/// Files that can never have an effect: ignored by their names, beside the directory that they belong
/// into, or drop-ins of nothing.
///
/// A file that a higher layer overrides is none of them: whoever put it there did right.
pub(super) fn unreachable_file(subject: &Subject<'_>) -> Vec<Finding> {
    let rules = subject.rules;
    let mut findings = Vec::new();
    for fragment in subject.fragments() {
        if let State::Ignored(reason) = &fragment.state {
            let suffix = match fragment.role {
                Role::Main => &rules.suffix,
                Role::DropIn => &rules.drop_in_suffix,
            };
            let is_owners = subject.is_owners(&fragment.layer);
            findings.extend(ignored(&fragment.path, reason, suffix, is_owners));
        }
    }
    let place = match &rules.drop_ins {
        DropIns::Named(name) => format!("{}/", escape_path(name.as_ref())),
        _ => "NAME.d/".into(),
    };
    findings.extend(subject.beside.iter().map(|path| {
        code::UNREACHABLE_FILE.warning(
            path,
            format!("is never read: it is named like a drop-in, and those lie in {place}, one level down"),
        )
    }));
    findings.extend(headless(subject));
    findings
}

/// What to say of a file that is ignored because of its name; nothing of what is meant to be ignored.
///
/// The vendor's directory may hold more than configuration, such as `/usr/lib/netplan/generate`: there a
/// name without any suffix was not meant.
pub(super) fn ignored(
    path: &Path,
    reason: &Ignored,
    suffix: &OsStr,
    is_owners: bool,
) -> Option<Finding> {
    let name = path.file_name()?;
    let shown = escape_path(name.as_ref()).to_string();
    let suffix = escape_path(suffix.as_ref()).to_string();
    match reason {
        // A name such as `.placeholder` keeps a directory, and was never meant.
        Ignored::Hidden => shown.ends_with(&suffix).then(|| {
            code::UNREACHABLE_FILE.info(
                path,
                "is passed over: its name begins with a dot; take that away, or remove the file",
            )
        }),
        Ignored::Backup => Some(code::UNREACHABLE_FILE.info(
            path,
            "is never read: it has the name of a copy that an editor or a package manager left; \
             merge it, or remove it",
        )),
        Ignored::Suffix(_) if name.as_bytes().starts_with(b"README") => None,
        Ignored::Suffix(_) if !is_owners && !name.as_bytes().contains(&b'.') => None,
        Ignored::Suffix(_) if name.as_bytes().ends_with(b".d") => Some(
            code::UNREACHABLE_FILE
                .warning(path, "is never read: a drop-in has no drop-ins of its own"),
        ),
        Ignored::Suffix(_) => Some(code::UNREACHABLE_FILE.warning(
            path,
            format!("is never read: its name does not end in {suffix}; rename or remove it"),
        )),
    }
}

/// Drop-ins for what no layer has.
fn headless(subject: &Subject<'_>) -> Vec<Finding> {
    let entry = subject.document.entry();
    let name = entry.name.to_string_lossy();
    if entry.status != Status::Headless
        || (subject.rules.drop_ins == DropIns::Unit && may_be_made(&name))
    {
        return Vec::new();
    }
    let headless = Account::Headless(entry.name.as_ref());
    // Those of `service.d` and of a prefix are for other units as well.
    let is_own = |path: &Path| {
        let directory = path.parent().and_then(Path::file_name);
        subject.rules.drop_ins != DropIns::Unit
            || directory.is_some_and(|directory| directory.to_string_lossy() == format!("{name}.d"))
    };
    let own = entry.effective().filter(|fragment| is_own(&fragment.path));
    own.filter_map(|fragment| headless.finding(&fragment.path))
        .collect()
}

/// Whether a unit of this name may exist without a file in the layers: made by a generator or at run
/// time, or a prefix that stands for many.
fn may_be_made(name: &str) -> bool {
    let Some((stem, kind)) = name.rsplit_once('.') else {
        return true;
    };
    stem.ends_with('-') || !matches!(kind, "service" | "socket" | "timer" | "path" | "target")
}
