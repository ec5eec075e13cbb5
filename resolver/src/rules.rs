//! The rules by which layers are read: which directories, which names, what a mask hides.
//!
//! Rules are data. What differs between consumers of layered configuration is a value here, never a
//! branch elsewhere.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// One base directory with a rank: later layers of [`Rules::layers`] win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The base directory as seen inside the root, such as `/usr/lib`.
    pub base: PathBuf,
}

impl Layer {
    /// The layer at `base`.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }
}

/// A rule set for one configuration path whose files are entries (a drop-in-only collection).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The layers, lowest rank first.
    pub layers: Vec<Layer>,
    /// What an entry's file name ends with, such as `.flatpakrepo`; empty accepts every name.
    pub suffix: OsString,
    /// What a drop-in's file name ends with.
    pub drop_in_suffix: OsString,
    /// Whether the main file *is* the entry: its mask masks the drop-ins too, and drop-ins without
    /// it make no entry.
    ///
    /// UAPI.6 says no for configuration files (`false`); systemd's units say yes, and so do entries
    /// that stand for an object, such as a flatpak remote (`true`).
    pub main_decides: bool,
}

impl Default for Rules {
    /// UAPI.6 and systemd's `CONF_PATHS`: `/usr/lib`, `/usr/local/lib`, `/run`, `/etc`; any name.
    fn default() -> Self {
        Self {
            layers: ["/usr/lib", "/usr/local/lib", "/run", "/etc"]
                .map(Layer::new)
                .into(),
            suffix: OsString::new(),
            drop_in_suffix: ".conf".into(),
            main_decides: false,
        }
    }
}

/// What a name in a layer's directory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// A file of the entry of this name.
    Entry,
    /// The drop-in directory of the entry with this file name.
    DropInDirectory(OsString),
    /// Not looked at.
    Ignored(Ignored),
}

/// Why a file is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub fn classify(&self, name: &OsStr) -> Name {
        if let Some(reason) = hidden_or_backup(name) {
            return Name::Ignored(reason);
        }
        if name.as_bytes().ends_with(self.suffix.as_bytes()) && !self.is_drop_in_directory(name) {
            return Name::Entry;
        }
        match name.as_bytes().strip_suffix(b".d") {
            Some(entry) if entry.ends_with(self.suffix.as_bytes()) => {
                Name::DropInDirectory(OsStr::from_bytes(entry).into())
            }
            _ => Name::Ignored(Ignored::Suffix(self.suffix.clone())),
        }
    }

    /// With no suffix to tell by, `NAME.d` is taken for the drop-in directory of `NAME`.
    fn is_drop_in_directory(&self, name: &OsStr) -> bool {
        self.suffix.is_empty() && name.as_bytes().ends_with(b".d")
    }

    /// Why `name` in a drop-in directory is not a drop-in, if it is not.
    pub fn classify_drop_in(&self, name: &OsStr) -> Option<Ignored> {
        hidden_or_backup(name).or_else(|| {
            (!name.as_bytes().ends_with(self.drop_in_suffix.as_bytes()))
                .then(|| Ignored::Suffix(self.drop_in_suffix.clone()))
        })
    }

    /// The layer that holds `path` (as seen inside the root), the deepest where several do.
    pub fn layer_of(&self, path: &Path) -> Option<&Layer> {
        self.layers
            .iter()
            .filter(|layer| path.starts_with(&layer.base))
            .max_by_key(|layer| layer.base.components().count())
    }
}

/// systemd's `hidden_or_backup_file()`, whose list is declared final there.
fn hidden_or_backup(name: &OsStr) -> Option<Ignored> {
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

    #[test]
    fn the_deepest_layer_holds_a_path() {
        let rules = Rules {
            layers: ["/usr", "/usr/local/lib", "/etc"].map(Layer::new).into(),
            ..Rules::default()
        };
        let layer = |path: &str| rules.layer_of(Path::new(path)).map(|l| l.base.clone());
        assert_eq!(layer("/usr/local/lib/x.d/a"), Some("/usr/local/lib".into()));
        assert_eq!(layer("/usr/lib/x.d/a"), Some("/usr".into()));
        assert_eq!(layer("/opt/x"), None);
    }
}
