//! The file that `why` is about.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use overlay_adapters::Adapters;
use overlay_resolver::Resolver;
use overlay_resolver::escape::unescape;
use overlay_resolver::tree::Tree;

use crate::failure::Failure;

/// A file of the tree.
#[derive(Debug)]
pub(crate) struct File {
    /// As seen inside the root.
    pub(crate) path: PathBuf,
    /// The line that was asked for.
    pub(crate) line: Option<usize>,
    /// Whether it is none.
    pub(crate) is_directory: bool,
    /// Its path without symlinks in its directory.
    place: PathBuf,
}

impl File {
    /// The file that `FILE[:LINE]` means, as it is named or as it was shown; below `outside`, the path of
    /// the root on the host, too.
    pub(crate) fn new(
        resolver: &Resolver,
        adapters: &Adapters<'_>,
        text: &str,
        outside: &Path,
    ) -> Result<Self, Failure> {
        let tree = resolver.tree();
        let shown = OsString::from_vec(unescape(text.as_bytes()));
        let line = shown.to_str().and_then(|shown| split_line(shown));
        let line = line.or_else(|| split_line(text));
        let texts = [
            Some((OsStr::new(text), None)),
            Some((&*shown, None)),
            split_line(text).map(|(file, line)| (OsStr::new(file), Some(line))),
            line.map(|(file, line)| (OsStr::new(file), Some(line))),
        ];
        for (file, line) in texts.into_iter().flatten() {
            let inside = Path::new(file).strip_prefix(outside).ok();
            for path in std::iter::once(Path::new(file)).chain(inside) {
                let path = Path::new("/").join(path);
                if let Some(adapter) = adapters.writer_of(&path) {
                    return Err(Failure::IsTarget { path, adapter });
                }
                if !tree.has(&path) {
                    continue;
                }
                if line == Some(0) {
                    return Err(Failure::LineZero(path));
                }
                return Ok(Self {
                    is_directory: matches!(tree.dir(&path), Ok(Some(_))),
                    place: tree.place_of(&path),
                    path,
                    line,
                });
            }
        }
        let path = split_line(text).map_or(text, |(file, _)| file);
        Err(Failure::NoSuchFile(Path::new("/").join(path)))
    }

    /// The name under which a document has it: layers may have several names.
    pub(crate) fn found_as<'p>(
        &self,
        tree: &Tree,
        mut paths: impl Iterator<Item = &'p Path> + Clone,
    ) -> Option<&'p Path> {
        let exact = paths.clone().find(|path| **path == self.path);
        exact.or_else(|| paths.find(|path| tree.place_of(path) == self.place))
    }
}

/// `FILE:LINE`.
fn split_line(text: &str) -> Option<(&str, usize)> {
    let (file, line) = text.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}
