//! What a power failure keeps: read off the trace of a run, since a kill does not lose what was not synced.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::LOCK;

/// Fails unless every content was synced before it got its name, and every name before the next one; and
/// unless that is found to be missing wherever it is left out.
pub(super) fn assert_durable(trace: &str) {
    let calls: Vec<&str> = trace.lines().collect();
    assert_eq!(violation(&calls), None);
    let is_sync = |call: &&str| call.starts_with("fsync(");
    let written: BTreeSet<_> = calls
        .iter()
        .filter(|call| call.starts_with("write("))
        .filter_map(|call| path_of(call))
        // It lasts as long as the process that holds it.
        .filter(|path| !path.ends_with(LOCK))
        .collect();
    let mut planted = 0;
    for (at, call) in calls.iter().enumerate() {
        if is_sync(call) && path_of(call).is_some_and(|path| written.contains(&path)) {
            let without: Vec<&str> = [&calls[..at], &calls[at + 1..]].concat();
            assert_ne!(violation(&without), None, "without {call}");
            planted += 1;
        }
    }
    let is_of_directory =
        |call: &&&str| is_sync(call) && path_of(call).is_some_and(|path| !is_staged(&path));
    let without: Vec<&str> = calls
        .iter()
        .filter(|call| !is_of_directory(call))
        .copied()
        .collect();
    assert_ne!(violation(&without), None, "without any sync of a directory");
    assert!(planted > 0, "nothing was written");
}

/// What a power failure could turn round of a run that failed. What it has staged it takes away again, and needs
/// no sync for that: the next run finds staged files where it lists directories. As long as nothing has got its
/// name, the intent speaks of nothing else.
pub(super) fn fault(trace: &str) -> Option<String> {
    let mut has_begun = false;
    let counts = |call: &&str| {
        let (name, is_intent) = match name_of(call) {
            name @ ("rename" | "renameat" | "renameat2" | "unlinkat") => {
                (name, names_of(call).1.ends_with(INTENT))
            }
            _ => return true,
        };
        let goes = name == "unlinkat";
        has_begun |= !goes && !is_intent && is_done(call) && decides(call);
        !goes || has_begun && !is_staged(&names_of(call).1)
    };
    let calls = trace.lines().filter(counts);
    violation(&calls.collect::<Vec<_>>())
}

/// Fails unless it is found that a sync was swallowed (`INJECTED`): something was done there before, something
/// gets its name after it, and no other sync of the same comes first.
pub(super) fn assert_found(trace: &str) {
    let calls: Vec<&str> = trace.lines().collect();
    let at = calls.iter().position(is_swallowed);
    let at = at.expect("an injected call");
    let path = path_of(calls[at]).expect("a path for each descriptor");
    let was_needed = calls[..at].iter().any(|call| changes(call, &path));
    let again = |call: &str| name_of(call) == "fsync" && path_of(call).as_ref() == Some(&path);
    let mut rest = calls[at + 1..].iter().filter(|call| is_done(call));
    let next = rest.find(|call| decides(call) || again(call));
    let is_lost = was_needed && next.is_some_and(|call| decides(call));
    assert!(
        !is_lost || fault(trace).is_some(),
        "nobody found that it was swallowed: {}",
        calls[at]
    );
}

/// Whether a call changes a file or what a directory lists.
fn changes(call: &str, path: &Path) -> bool {
    match name_of(call) {
        "write" => path_of(call).as_deref() == Some(path),
        "mkdirat" | "rename" | "renameat" | "renameat2" | "unlinkat" => {
            let (first, last) = names_of(call);
            is_done(call) && [first, last].iter().any(|name| name.parent() == Some(path))
        }
        _ => false,
    }
}

fn is_swallowed(call: &&str) -> bool {
    call.starts_with("fsync(") && call.ends_with("(INJECTED)")
}

/// Whether a call did what it says, and that matters: of the lock nothing has to last.
fn is_done(call: &str) -> bool {
    !call.contains(" = -1 ") && !call.ends_with("(INJECTED)") && !call.contains(LOCK)
}

const INTENT: &str = ".overlayctl.intent";

/// The first thing that a power failure could turn round.
fn violation(calls: &[&str]) -> Option<String> {
    let mut unsynced = BTreeSet::<PathBuf>::new();
    let mut renamed = BTreeSet::<PathBuf>::new();
    for call in calls.iter().filter(|call| is_done(call)) {
        match name_of(call) {
            "write" => unsynced.extend(path_of(call)),
            "fsync" => {
                let path = path_of(call).expect("a path for each descriptor");
                unsynced.remove(&path);
                renamed.remove(&path);
            }
            "mkdirat" => {
                let (directory, _) = names_of(call);
                let parent = directory.parent().expect("below the root");
                // Of a staged tree all must last but its own name.
                if is_staged(parent) || !is_staged(&directory) {
                    renamed.insert(parent.to_owned());
                }
            }
            name @ ("rename" | "renameat" | "renameat2" | "unlinkat") => {
                let (first, last) = names_of(call);
                if decides(call) {
                    if unsynced.iter().any(|path| path.starts_with(&first)) {
                        return Some(format!("content is not synced before {call}"));
                    }
                    if !renamed.is_empty() {
                        return Some(format!("{renamed:?} is not synced before {call}"));
                    }
                }
                if unsynced.remove(&first) && name != "unlinkat" {
                    unsynced.insert(last.clone());
                }
                renamed.extend(last.parent().map(Path::to_owned));
                if call.contains("AT_REMOVEDIR") {
                    renamed.retain(|path| !path.starts_with(&last));
                }
            }
            _ => {}
        }
    }
    None
}

fn name_of(call: &str) -> &str {
    call.split('(').next().expect("a first part")
}

/// Whether something gets its name by a call, or the intent goes: of what only goes else, the order matters to
/// nobody.
fn decides(call: &str) -> bool {
    let is_name = match name_of(call) {
        "rename" | "renameat" | "renameat2" => true,
        "unlinkat" => names_of(call).1.ends_with(INTENT),
        _ => false,
    };
    is_name && !is_staged(&names_of(call).1)
}

/// The first and the last path of a call that takes a directory and a name, or two.
fn names_of(call: &str) -> (PathBuf, PathBuf) {
    let directories = call.split('<').skip(1).map(|rest| rest.split('>').next());
    let names = call.split('"').skip(1).step_by(2);
    let mut paths = directories.zip(names).map(|(directory, name)| {
        Path::new(directory.expect("a path for each descriptor")).join(name)
    });
    let first = paths.next().expect("a path");
    let last = paths.last().unwrap_or_else(|| first.clone());
    (first, last)
}

/// The path of the descriptor that a call is given first.
fn path_of(call: &str) -> Option<PathBuf> {
    let path = call.split_once('<')?.1.split_once('>')?.0;
    path.starts_with('/').then(|| PathBuf::from(path))
}

fn is_staged(path: &Path) -> bool {
    path.iter()
        .any(|part| part.as_encoded_bytes().starts_with(b".#"))
}
