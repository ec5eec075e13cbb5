//! Whatever changes the answer is in the watch list.

use std::fs;
use std::path::Path;

use overlay_resolver::escape::escape_path;
use tempfile::TempDir;

use crate::consistency::case::Case;
use crate::consistency::kinds::Kind;
use crate::consistency::tree::Tree;
use crate::peers::SCRATCH;

/// How many files are taken away to see whether that was watched.
const FILES: usize = 3;

pub(super) fn examine(case: &Case<'_>, tree: &Tree, kind: &Kind) {
    let belongs = |path: &Path| {
        let below = path.to_string_lossy();
        let own = kind
            .directories
            .iter()
            .chain([&kind.path])
            .any(|own| below.contains(own));
        own || below.starts_with("opt") || below == "usr/local" || below == "lib"
    };
    let nodes: Vec<_> = tree
        .nodes()
        .map(|(path, _)| path)
        .filter(|path| belongs(path))
        .collect();
    let stride = nodes.len().div_ceil(FILES).max(1);
    for path in nodes.into_iter().step_by(stride) {
        taken_away(case, tree, kind, path);
    }
}

fn taken_away(case: &Case<'_>, tree: &Tree, kind: &Kind, path: &Path) {
    let root = TempDir::new_in(SCRATCH).unwrap();
    tree.write(root.path());
    let place = root.path().join(path);
    if fs::remove_file(&place)
        .or_else(|_| fs::remove_dir(&place))
        .is_err()
    {
        return;
    }
    let changed = Case::new(root.path());
    let [before, after] = [case, &changed].map(|case| case.json(&["show", kind.path]));
    let watched = case.json(&["watch-list", kind.path]);
    let path = Path::new("/").join(path);
    let shown =
        [Some(&*path), path.parent()].map(|path| path.map(|path| escape_path(path).to_string()));
    let is_watched = watched
        .list("watched")
        .iter()
        .any(|known| shown.iter().flatten().any(|shown| known == shown));
    case.take_over(&[&changed]);
    let parts = ["entries", "effective", "loads"];
    let is_other = parts
        .iter()
        .any(|part| before.json[part] != after.json[part]);
    case.holds(
        "whatever changes the answer is watched",
        !is_other || is_watched,
        &watched,
        &shown,
    );
}
