//! What a file's name says about it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::{DropIns, Rules, Shape};

/// What a name in a layer's directory is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Name {
    /// A file of the entry of this name.
    Entry,
    /// The drop-in directory of the entry with this file name.
    DropInDirectory(OsString),
    /// Not looked at.
    Ignored(Ignored),
}

/// Why a file is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// Its name begins with a dot, or is one systemd keeps for itself (`lost+found`).
    Hidden,
    /// Its last extension is one that editors and package managers give to copies.
    Backup,
    /// It does not end with this suffix.
    Suffix(OsString),
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden => f.write_str("hidden name"),
            Self::Backup => f.write_str("name of a backup copy"),
            Self::Suffix(suffix) => write!(f, "name does not end in {}", suffix.display()),
        }
    }
}

impl Rules {
    /// What `name` is in a directory of entries.
    pub(crate) fn classify(&self, name: &OsStr) -> Name {
        if let Some(reason) = self.passed_over(name) {
            return Name::Ignored(reason);
        }
        let is_entry =
            name.as_bytes().ends_with(self.suffix.as_bytes()) && !self.is_drop_in_directory(name);
        if is_entry || self.is_whole(name) {
            return Name::Entry;
        }
        match name.as_bytes().strip_suffix(b".d") {
            Some(entry)
                if self.drop_ins == DropIns::Beside && entry.ends_with(self.suffix.as_bytes()) =>
            {
                Name::DropInDirectory(OsStr::from_bytes(entry).into())
            }
            _ => Name::Ignored(Ignored::Suffix(self.suffix.clone())),
        }
    }

    /// Whether an entry of this name is taken as a whole.
    pub fn is_whole(&self, name: &OsStr) -> bool {
        let mut suffixes = self.whole.iter();
        suffixes.any(|suffix| name.as_bytes().ends_with(suffix.as_bytes()))
    }

    fn passed_over(&self, name: &OsStr) -> Option<Ignored> {
        hidden_or_backup(name).filter(|reason| match reason {
            Ignored::Hidden => !self.read_hidden,
            Ignored::Backup => !self.read_backups,
            Ignored::Suffix(_) => true,
        })
    }

    /// With no suffix to tell by, `NAME.d` is taken for the drop-in directory of `NAME`.
    fn is_drop_in_directory(&self, name: &OsStr) -> bool {
        self.suffix.is_empty() && name.as_bytes().ends_with(b".d")
    }

    /// Why `name` among the files of what is at the configuration path `of` is not read, if it is not.
    pub(crate) fn ignored(&self, name: &OsStr, of: &Path) -> Option<Ignored> {
        if self.shape_of(of) != Shape::Entries {
            return self.for_document(of).classify_drop_in(name);
        }
        match self.classify(name) {
            Name::Ignored(reason) => Some(reason),
            Name::Entry | Name::DropInDirectory(_) => None,
        }
    }

    /// Why `name` in a drop-in directory is not a drop-in, if it is not.
    pub(crate) fn classify_drop_in(&self, name: &OsStr) -> Option<Ignored> {
        self.passed_over(name).or_else(|| {
            (!name.as_bytes().ends_with(self.drop_in_suffix.as_bytes()))
                .then(|| Ignored::Suffix(self.drop_in_suffix.clone()))
        })
    }
}

/// systemd's `hidden_or_backup_file()`, whose list is declared final there.
pub(crate) fn hidden_or_backup(name: &OsStr) -> Option<Ignored> {
    const KEPT_FOR_SYSTEM: [&[u8]; 3] = [b"lost+found", b"aquota.user", b"aquota.group"];
    const COPIES: [&[u8]; 17] = [
        b"rpmnew",
        b"rpmsave",
        b"rpmorig",
        b"dpkg-old",
        b"dpkg-new",
        b"dpkg-tmp",
        b"dpkg-dist",
        b"dpkg-bak",
        b"dpkg-backup",
        b"dpkg-remove",
        b"ucf-new",
        b"ucf-old",
        b"ucf-dist",
        b"swp",
        b"bak",
        b"old",
        b"new",
    ];
    let bytes = name.as_bytes();
    if bytes.starts_with(b".") || KEPT_FOR_SYSTEM.contains(&bytes) {
        return Some(Ignored::Hidden);
    }
    let extension = bytes.rsplit(|&b| b == b'.').next().unwrap_or_default();
    (bytes.ends_with(b"~") || (bytes.contains(&b'.') && COPIES.contains(&extension)))
        .then_some(Ignored::Backup)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repos() -> Rules {
        Rules {
            suffix: ".flatpakrepo".into(),
            ..Rules::default()
        }
    }

    #[test]
    fn names_are_told_apart() {
        let suffix = || Name::Ignored(Ignored::Suffix(".flatpakrepo".into()));
        for (name, expected) in [
            ("a.flatpakrepo", Name::Entry),
            ("A b.flatpakrepo", Name::Entry),
            (
                "a.flatpakrepo.d",
                Name::DropInDirectory("a.flatpakrepo".into()),
            ),
            ("a.flatpakrepo~", Name::Ignored(Ignored::Backup)),
            ("a.flatpakrepo.rpmsave", Name::Ignored(Ignored::Backup)),
            ("a.flatpakrepo.old", Name::Ignored(Ignored::Backup)),
            (".a.flatpakrepo", Name::Ignored(Ignored::Hidden)),
            (".flatpakrepo", Name::Ignored(Ignored::Hidden)),
            ("lost+found", Name::Ignored(Ignored::Hidden)),
            ("a.FLATPAKREPO", suffix()),
            ("README", suffix()),
            ("old", suffix()),
        ] {
            assert_eq!(repos().classify(OsStr::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn what_is_taken_as_a_whole_is_an_entry_without_drop_ins() {
        let rules = Rules {
            whole: vec![".gpg".into()],
            ..repos()
        };
        let suffix = || Name::Ignored(Ignored::Suffix(".flatpakrepo".into()));
        for (name, expected) in [
            ("a.flatpakrepo", Name::Entry),
            ("a.gpg", Name::Entry),
            ("a.gpg~", Name::Ignored(Ignored::Backup)),
            ("a.gpg.d", suffix()),
            ("a.asc", suffix()),
        ] {
            assert_eq!(rules.classify(OsStr::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn without_a_suffix_every_visible_name_is_an_entry() {
        let rules = Rules::default();
        for (name, expected) in [
            ("journald.conf", Name::Entry),
            (
                "journald.conf.d",
                Name::DropInDirectory("journald.conf".into()),
            ),
            ("journald.conf.dpkg-new", Name::Ignored(Ignored::Backup)),
        ] {
            assert_eq!(rules.classify(OsStr::new(name)), expected, "{name}");
        }
    }
}
