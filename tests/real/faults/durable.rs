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

const INTENT: &str = ".overlayctl.intent";

/// The first thing that a power failure could turn round.
fn violation(calls: &[&str]) -> Option<String> {
    let mut unsynced = BTreeSet::<PathBuf>::new();
    let mut renamed = BTreeSet::<PathBuf>::new();
    for call in calls.iter().filter(|call| !call.contains(" = -1 ")) {
        if call.contains(LOCK) {
            continue;
        }
        let name = call.split('(').next().unwrap_or_default();
        let paths = || -> Option<Vec<PathBuf>> {
            let directories = call.split('<').skip(1).map(|rest| rest.split('>').next());
            let names = call.split('"').skip(1).step_by(2);
            let pairs = directories.zip(names);
            pairs
                .map(|(directory, name)| Some(Path::new(directory?).join(name)))
                .collect()
        };
        match name {
            "write" => unsynced.extend(path_of(call)),
            "fsync" => {
                let path = path_of(call)?;
                unsynced.remove(&path);
                renamed.remove(&path);
            }
            "rename" | "renameat" | "renameat2" | "unlinkat" => {
                let paths = paths()?;
                let (first, last) = (paths.first()?, paths.last()?);
                // Of what only goes, the order matters to nobody, but the intent goes last.
                let decides = name != "unlinkat" || last.ends_with(INTENT);
                if decides && !is_staged(last) {
                    if unsynced.iter().any(|path| path.starts_with(first)) {
                        return Some(format!("content is not synced before {call}"));
                    }
                    if !renamed.is_empty() {
                        return Some(format!("{renamed:?} is not synced before {call}"));
                    }
                }
                if unsynced.remove(first) && name != "unlinkat" {
                    unsynced.insert(last.clone());
                }
                renamed.extend(last.parent().map(Path::to_owned));
                if call.contains("AT_REMOVEDIR") {
                    renamed.retain(|path| !path.starts_with(last));
                }
            }
            _ => {}
        }
    }
    None
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
