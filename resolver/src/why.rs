//! What effect a file has, or why it has none: the question of whoever edits a file and sees nothing
//! change.
//!
//! [`owner`] tells from its place alone what a file may be a part of. When that is resolved, its
//! [`Account`](crate::account::Account) tells what the file does to the document, and [`line()`] what one
//! line of it does.
//!
//! ```
//! use overlay_resolver::why::{Owner, owner};
//! use overlay_resolver::{Resolver, catalog::Catalog, tree::Tree};
//!
//! let file = "/etc/systemd/journald.conf.d/10-mine.conf";
//! let tree = Tree::default()
//!     .with(file.as_ref(), "[Journal]\nStorage=volatile\n")
//!     .with("/usr/lib/systemd/journald.conf.d/90-vendor.conf".as_ref(), "[Journal]\nStorage=auto\n");
//! let catalog = Catalog::built_in();
//! let path = "systemd/journald.conf.d/10-mine.conf".as_ref();
//! assert_eq!(owner(path, &catalog), Owner::Document("systemd/journald.conf".into()));
//!
//! let rules = catalog.rules("systemd/journald.conf".as_ref()).unwrap();
//! let document = Resolver::new(tree).rules(rules).resolve("systemd/journald.conf");
//! let account = document.account(file.as_ref()).unwrap();
//! assert_eq!(account.word(), "superseded");
//! ```

mod line;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub use self::line::{Line, line};
use crate::account::Unread;
use crate::catalog::Catalog;
use crate::rules::{DropIns, Ignored, Rules, Shape, name, unit};

/// What is known of configuration paths.
pub trait Paths {
    /// The rules of the consumer of a path; none if it is not known.
    fn rules(&self, path: &Path) -> Option<Rules>;

    /// The known document whose drop-ins are in this directory, which is not named after it.
    fn document_of(&self, directory: &Path) -> Option<PathBuf>;

    /// Whether some layer has a file at this path.
    fn exists(&self, path: &Path) -> bool;
}

impl Paths for Catalog {
    fn rules(&self, path: &Path) -> Option<Rules> {
        self.rules(path)
    }

    fn document_of(&self, directory: &Path) -> Option<PathBuf> {
        self.document_of(directory)
    }

    /// A catalog looks at no tree.
    fn exists(&self, _: &Path) -> bool {
        false
    }
}

/// What a file may be a part of, by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
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

/// What the file at `path`, a path below a layer, may be a part of.
///
/// The outermost directory of drop-ins above it decides: what lies below that and not in it is not
/// read (UAPI.6, "Drop-ins").
pub fn owner(path: &Path, paths: &dyn Paths) -> Owner {
    let mut directories: Vec<_> = path.ancestors().skip(1).collect();
    directories.reverse();
    for directory in directories {
        let is_in = path.parent() == Some(directory);
        if is_entries(directory, paths) {
            let parent = path.parent().unwrap_or(directory);
            let is_drop_in = parent.parent() == Some(directory) && stem(parent).is_some();
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

fn is_entries(directory: &Path, paths: &dyn Paths) -> bool {
    let rules = paths.rules(directory);
    rules.is_some_and(|rules| rules.shape_of(directory) == Shape::Entries)
}

/// Whose drop-ins lie in `directory`.
fn owner_of(directory: &Path, paths: &dyn Paths) -> Option<Owner> {
    let known = paths.rules(directory);
    if known.is_some_and(|rules| rules.shape_of(directory) == Shape::Collection) {
        return Some(Owner::Document(directory.into()));
    }
    if let Some(document) = paths.document_of(directory) {
        return Some(Owner::Document(document));
    }
    let main = stem(directory)?;
    if is_of_units(&main, paths) {
        return Some(Owner::Units {
            directory: directory.parent().unwrap_or(directory).into(),
            drop_ins: directory.file_name()?.to_str()?.into(),
        });
    }
    let is_document = paths.rules(&main).is_some() || paths.exists(&main);
    let owner = if is_document { &main } else { directory };
    Some(Owner::Document(owner.into()))
}

/// `X` of the directory `X.d`.
fn stem(directory: &Path) -> Option<PathBuf> {
    let name = directory.file_name()?.as_bytes().strip_suffix(b".d")?;
    (!name.is_empty()).then(|| directory.with_file_name(OsStr::from_bytes(name)))
}

/// Whether `main.d` is a drop-in directory of units: of one, of a prefix or of a type.
fn is_of_units(main: &Path, paths: &dyn Paths) -> bool {
    let name = main.file_name().unwrap_or_default().to_string_lossy();
    let unit = if name.contains('.') {
        main.to_owned()
    } else {
        main.with_file_name(format!("a.{name}"))
    };
    let rules = paths.rules(&unit);
    rules.is_some_and(|rules| rules.drop_ins == DropIns::Unit)
}

/// Whether the unit of this file name has drop-ins in the directory of that name: `a-b.service` in
/// `a-b.service.d`, `a-.service.d` and `service.d`.
pub fn has_drop_ins_in(unit: &str, directory: &str) -> bool {
    unit::directories(unit).iter().any(|name| name == directory)
        || unit::type_directory(unit).is_some_and(|name| name == directory)
}

/// A main file is looked for by its name, so the copy of one is not found.
fn copied(path: &Path, paths: &dyn Paths) -> Option<Unread> {
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
    (paths.rules(&of).is_some() || paths.exists(&of)).then_some(Unread::Copy { of, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The catalog, a directory of entries, and one existing file.
    struct Known(Catalog);

    impl Paths for Known {
        fn rules(&self, path: &Path) -> Option<Rules> {
            if path == Path::new("x/entries.d") {
                return Some(Rules {
                    shape: Shape::Entries,
                    ..Rules::default()
                });
            }
            self.0.rules(path)
        }

        fn document_of(&self, directory: &Path) -> Option<PathBuf> {
            self.0.document_of(directory)
        }

        fn exists(&self, path: &Path) -> bool {
            path == Path::new("my/app.conf") || path == Path::new("environment")
        }
    }

    #[test]
    fn the_place_of_a_file_tells_its_owner() {
        let known = Known(Catalog::built_in());
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
            assert_eq!(owner(Path::new(path), &known), expected, "{path}");
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
