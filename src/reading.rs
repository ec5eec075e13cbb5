//! How the owner wants files to be read: the arguments of every command about files.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use overlay_resolver::escape::unescape;
use overlay_resolver::{Resolver, Rules};

use crate::failure::Failure;

// How to read, for every command that reads files.
// (Not a doc comment: clap would put it in the place of what the command that has these says of itself.)
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(crate) struct Reading {
    /// Read by this rule set: a name, or a TOML file of your own (a path with a `/`).
    ///
    /// Without it, the path tells: systemd's files are read as systemd reads them, and what is not
    /// known by uapi6.
    #[arg(long, value_name = "RULES")]
    pub(crate) rules: Vec<String>,

    /// What if PATH (inside the root) were FILE (on this machine)? An empty FILE masks.
    #[arg(long, value_name = "PATH=FILE")]
    pub(crate) with: Vec<With>,

    /// What if nothing were at PATH?
    #[arg(long, value_name = "PATH")]
    pub(crate) without: Vec<PathBuf>,
}

/// A virtual file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct With {
    path: PathBuf,
    file: PathBuf,
}

impl FromStr for With {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((path, file)) if !path.is_empty() && !file.is_empty() => Ok(Self {
                path: path.into(),
                file: file.into(),
            }),
            _ => Err("expected PATH=FILE, such as /etc/x.conf=new.conf"),
        }
    }
}

impl Reading {
    /// The same resolver, in the tree and by the rules that the owner asks about.
    pub(crate) fn apply(&self, resolver: Resolver) -> Result<Resolver, Failure> {
        let resolver = self.in_tree(resolver)?;
        match self.rules.first() {
            Some(name) => by_rules(resolver, name),
            None => Ok(resolver),
        }
    }

    /// The same, in the tree only.
    pub(crate) fn in_tree(&self, mut resolver: Resolver) -> Result<Resolver, Failure> {
        // What is put somewhere stays, also below what is taken away.
        for path in &self.without {
            let path = as_shown(&resolver, path);
            resolver = resolver.without(path);
        }
        for With { path, file } in &self.with {
            let path = as_shown(&resolver, path);
            resolver = resolver.with(path, read_host(file)?);
        }
        Ok(resolver)
    }
}

/// A path that was shown with escapes.
pub(crate) fn unescaped(path: &Path) -> OsString {
    OsString::from_vec(unescape(path.as_os_str().as_bytes()))
}

/// The path of a file as the tree has it, which may have been copied from where it was shown with escapes.
fn as_shown<'p>(resolver: &Resolver, path: &'p Path) -> Cow<'p, Path> {
    let shown = PathBuf::from(unescaped(path));
    if !resolver.tree().has(path) && resolver.tree().has(&shown) {
        return Cow::Owned(shown);
    }
    Cow::Borrowed(path)
}

/// The same resolver, by the rules of this name or in this file.
pub(crate) fn by_rules(resolver: Resolver, name: &str) -> Result<Resolver, Failure> {
    if name.contains('/') {
        let path = Path::new(name);
        let rules = Rules::from_toml(path, &read_host(path)?)?;
        return Ok(resolver.rules(rules));
    }
    let rules = Rules::named(name).ok_or_else(|| Failure::NoSuchRules { name: name.into() })?;
    Ok(resolver.as_read_by(rules))
}

/// A file that the user names on the command line: it is the user's, not the tree's.
#[allow(
    clippy::disallowed_methods,
    reason = "the path is given for the host, where the user is"
)]
pub(crate) fn read_host(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = || {
        let kind = std::fs::metadata(path)?.file_type();
        // `/dev/null` is the way to write "an empty file"; a FIFO would wait, another device never end.
        if !kind.is_file() && path != Path::new("/dev/null") {
            return Err(std::io::Error::other("expected a regular file"));
        }
        std::fs::read(path)
    };
    read().map_err(|source| Failure::Read {
        path: path.into(),
        source,
    })
}
