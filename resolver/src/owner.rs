//! What a file may be a part of, by its place alone.
//!
//! A pure function of the path, of what the [`Catalog`] knows, and of whether some layer has a file: nothing
//! is read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::account::Unread;
use crate::catalog::{Catalog, without_d};
use crate::rules::{DropIns, Ignored, Shape, name, unit};

/// What a file may be a part of, by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The document at this configuration path.
    Document(PathBuf),
    /// An entry of the directory at this configuration path.
    Entries(PathBuf),
    /// Every unit of this directory that has drop-ins in a directory of that name.
    Units {
        /// The configuration path of the directory of units.
        directory: PathBuf,
        /// The name of the drop-in directory, such as `service.d`.
        drop_ins: String,
    },
    /// Nobody, for this reason.
    Nobody(Unread),
}

/// What is known of paths.
#[derive(Clone, Copy)]
pub(crate) struct Paths<'p> {
    pub(crate) catalog: &'p Catalog,
    /// Whether some layer has a file at this path.
    pub(crate) exists: &'p dyn Fn(&Path) -> bool,
}

impl Catalog {
    /// What the file at `path`, a path below a layer, may be a part of, in a tree of which nothing is known.
    pub(crate) fn owner(&self, path: &Path) -> Owner {
        let paths = Paths {
            catalog: self,
            exists: &|_| false,
        };
        owner(path, paths)
    }
}

/// What the file at `path`, a path below a layer, may be a part of.
///
/// The outermost directory of drop-ins above it decides: what lies below that and not in it is not
/// read (UAPI.6, "Drop-ins").
pub(crate) fn owner(path: &Path, paths: Paths<'_>) -> Owner {
    let mut directories: Vec<_> = path.ancestors().skip(1).collect();
    directories.reverse();
    for directory in directories {
        let is_in = path.parent() == Some(directory);
        if is_entries(directory, paths) {
            let parent = path.parent().unwrap_or(directory);
            let is_drop_in = parent.parent() == Some(directory) && without_d(parent).is_some();
            if is_in || is_drop_in {
                return Owner::Entries(directory.into());
            }
            return Owner::Nobody(Unread::Nested(directory.into()));
        }
        match owner_of(directory, paths) {
            Some(owner) if is_in => return owner,
            Some(_) => return Owner::Nobody(Unread::Nested(directory.into())),
            None => {}
        }
    }
    match copied(path, paths) {
        Some(unread) => Owner::Nobody(unread),
        None => Owner::Document(path.into()),
    }
}

fn is_entries(directory: &Path, paths: Paths<'_>) -> bool {
    let rules = paths.catalog.rules(directory);
    rules.is_some_and(|rules| rules.shape_of(directory) == Shape::Entries)
}

/// Whose drop-ins lie in `directory`.
fn owner_of(directory: &Path, paths: Paths<'_>) -> Option<Owner> {
    let known = paths.catalog.rules(directory);
    if known.is_some_and(|rules| rules.shape_of(directory) == Shape::Collection) {
        return Some(Owner::Document(directory.into()));
    }
    if let Some(document) = paths.catalog.document_of(directory) {
        return Some(Owner::Document(document));
    }
    let main = without_d(directory)?;
    if is_of_units(&main, paths) {
        return Some(Owner::Units {
            directory: directory.parent().unwrap_or(directory).into(),
            drop_ins: directory.file_name()?.to_str()?.into(),
        });
    }
    let is_document = paths.catalog.knows(&main) || (paths.exists)(&main);
    let owner = if is_document { &main } else { directory };
    Some(Owner::Document(owner.into()))
}

/// Whether `main.d` is a drop-in directory of units: of one, of a prefix or of a type.
fn is_of_units(main: &Path, paths: Paths<'_>) -> bool {
    // `..` of `...d` is no name.
    let Some(name) = main.file_name() else {
        return false;
    };
    let name = name.to_string_lossy();
    let unit = if name.contains('.') {
        main.to_owned()
    } else {
        main.with_file_name(format!("a.{name}"))
    };
    let rules = paths.catalog.rules(&unit);
    rules.is_some_and(|rules| rules.drop_ins == DropIns::Unit)
}

/// Whether the unit of this file name has drop-ins in the directory of that name: `a-b.service` in
/// `a-b.service.d`, `a-.service.d` and `service.d`.
pub(crate) fn has_drop_ins_in(unit: &str, directory: &str) -> bool {
    unit::directories(unit).iter().any(|name| name == directory)
        || unit::type_directory(unit).is_some_and(|name| name == directory)
}

/// A main file is looked for by its name, so the copy of one is not found.
fn copied(path: &Path, paths: Paths<'_>) -> Option<Unread> {
    let file_name = path.file_name()?;
    let reason = name::hidden_or_backup(file_name)?;
    let name = file_name.as_bytes();
    let original = match reason {
        Ignored::Hidden => name.strip_prefix(b"."),
        _ => name.strip_suffix(b"~").or_else(|| {
            name.iter()
                .rposition(|&b| b == b'.')
                .and_then(|at| name.get(..at))
        }),
    };
    let of = path.with_file_name(OsStr::from_bytes(original?));
    (paths.catalog.knows(&of) || (paths.exists)(&of)).then_some(Unread::Copy { of, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    #[test]
    fn the_place_of_a_file_tells_its_owner() {
        let entries = Rules {
            shape: Shape::Entries,
            ..Rules::default()
        };
        let catalog = Catalog::built_in().with(Path::new("x/entries.d"), entries, "entries");
        let known = Paths {
            catalog: &catalog,
            exists: &|path| path == Path::new("my/app.conf") || path == Path::new("environment"),
        };
        let units = |drop_ins: &str| Owner::Units {
            directory: "systemd/system".into(),
            drop_ins: drop_ins.into(),
        };
        let nested = |directory: &str| Owner::Nobody(Unread::Nested(directory.into()));
        let copy = |of: &str, reason| {
            let of = of.into();
            Owner::Nobody(Unread::Copy { of, reason })
        };
        for (path, expected) in [
            ("systemd/journald.conf", Ok("systemd/journald.conf")),
            ("...d/a.conf", Ok("...d")),
            (
                "systemd/journald.conf.d/a.conf",
                Ok("systemd/journald.conf"),
            ),
            ("systemd/journald.conf.d/a~", Ok("systemd/journald.conf")),
            ("my/app.conf.d/a.conf", Ok("my/app.conf")),
            ("my/other.conf.d/a.conf", Ok("my/other.conf.d")),
            ("environment.d/a.conf", Ok("environment.d")),
            ("udev/rules.d/a.rules", Ok("udev/rules.d")),
            ("netplan/a.yaml", Ok("netplan")),
            (
                "systemd/system-preset/a.preset",
                Ok("systemd/system-preset"),
            ),
            (
                "NetworkManager/conf.d/a.conf",
                Ok("NetworkManager/NetworkManager.conf"),
            ),
            (
                "systemd/network/a.network.d/b.conf",
                Ok("systemd/network/a.network"),
            ),
            ("systemd/system/a.service", Ok("systemd/system/a.service")),
            (
                "systemd/system/a.service.d/b.conf",
                Err(units("a.service.d")),
            ),
            (
                "systemd/system/a-.service.d/b.conf",
                Err(units("a-.service.d")),
            ),
            ("systemd/system/service.d/b.conf", Err(units("service.d"))),
            ("systemd/system/.d/b.conf", Ok("systemd/system/.d/b.conf")),
            (
                "x/entries.d/a.repo",
                Err(Owner::Entries("x/entries.d".into())),
            ),
            (
                "x/entries.d/README",
                Err(Owner::Entries("x/entries.d".into())),
            ),
            (
                "x/entries.d/a.repo.d/b.conf",
                Err(Owner::Entries("x/entries.d".into())),
            ),
            (
                "x/entries.d/a.repo.d/b.d/c.conf",
                Err(nested("x/entries.d")),
            ),
            ("x/entries.d/other/b.conf", Err(nested("x/entries.d"))),
            (
                "systemd/journald.conf.d/a.conf.d/b.conf",
                Err(nested("systemd/journald.conf.d")),
            ),
            (
                "systemd/journald.conf.d/a/b/c.conf",
                Err(nested("systemd/journald.conf.d")),
            ),
            (
                "systemd/.journald.conf",
                Err(copy("systemd/journald.conf", Ignored::Hidden)),
            ),
            (
                "systemd/journald.conf~",
                Err(copy("systemd/journald.conf", Ignored::Backup)),
            ),
            (
                "systemd/journald.conf.bak",
                Err(copy("systemd/journald.conf", Ignored::Backup)),
            ),
            ("what.old", Ok("what.old")),
            ("lost+found", Ok("lost+found")),
            ("", Ok("")),
        ] {
            let expected = expected.map_or_else(|owner| owner, |path| Owner::Document(path.into()));
            assert_eq!(owner(Path::new(path), known), expected, "{path}");
        }
    }

    #[test]
    fn a_unit_has_drop_ins_by_prefix_and_type() {
        for (unit, directory, expected) in [
            ("a-b.service", "a-b.service.d", true),
            ("a-b.service", "a-.service.d", true),
            ("a-b.service", "service.d", true),
            ("a-b.service", "socket.d", false),
            ("a-b.service", "b.service.d", false),
            ("a@b.service", "a@.service.d", true),
            ("service", "service.d", true),
        ] {
            assert_eq!(
                has_drop_ins_in(unit, directory),
                expected,
                "{unit} {directory}"
            );
        }
    }
}
