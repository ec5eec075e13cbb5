//! Symlinks that lead elsewhere for programs that do not resolve them inside the root.

use std::path::{Component, Path, PathBuf};

use super::Subject;
use crate::escape::escape_path;
use crate::finding::{Finding, code};
use crate::root::Reason;
use crate::scan::{Fragment, State};

/// Links whose text climbs out of the root, and those that lead to nothing because they say where the
/// root lay on the machine that made it.
///
/// An absolute link that leads to something is no finding: on the machine itself it is right.
pub(super) fn link_leaves_root(subject: &Subject<'_>) -> Vec<Finding> {
    let links = subject.fragments().iter().filter_map(|fragment| {
        let text = &fragment.link.as_ref()?.text;
        if text.is_absolute() {
            return builder_path(subject, fragment, text);
        }
        let depth = depth(fragment.path.parent()?);
        climbs_out(text, depth).then(|| {
            code::LINK_LEAVES_ROOT.warning(
                &fragment.path,
                format!(
                    "symlink to {}, which climbs out of the root: a program that does not stay \
                     inside reads something else; leave out the `..` that are too many",
                    escape_path(text)
                ),
            )
        })
    });
    links.collect()
}

/// A link to `/build/image/usr/lib/x` in an image, where `/usr/lib/x` is meant.
fn builder_path(subject: &Subject<'_>, fragment: &Fragment, text: &Path) -> Option<Finding> {
    let (State::Unusable(why) | State::PassedOver(why)) = &fragment.state else {
        return None;
    };
    if why.reason != Reason::Missing {
        return None;
    }
    let inside = subject
        .rules
        .layers
        .iter()
        .filter_map(|layer| part_from(text, layer.base()))
        .min_by_key(|inside| inside.components().count())?;
    Some(code::LINK_LEAVES_ROOT.warning(
        &fragment.path,
        format!(
            "symlink to {}: that names the root from outside; inside it is {}",
            escape_path(text),
            escape_path(&inside)
        ),
    ))
}

/// The part of `text` from where `base` stands in it, if that is not its beginning.
fn part_from(text: &Path, base: &Path) -> Option<PathBuf> {
    let relative = base.strip_prefix("/").ok()?;
    let mut rest = text.strip_prefix("/").ok()?;
    loop {
        let mut parts = rest.components();
        parts.next()?;
        rest = parts.as_path();
        if rest.starts_with(relative) && !relative.as_os_str().is_empty() {
            return Some(Path::new("/").join(rest));
        }
    }
}

fn depth(directory: &Path) -> usize {
    let is_name = |part: &Component<'_>| matches!(part, Component::Normal(_));
    directory.components().filter(is_name).count()
}

/// Whether a relative path, read in a directory so far below the root, passes above it.
fn climbs_out(text: &Path, depth: usize) -> bool {
    let mut depth = depth;
    for part in text.components() {
        match part {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}
