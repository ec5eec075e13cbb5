//! Libraries of the host and of newer Debian suites, for programs that are to be judged by each.
//!
//! A suite's tree (`tests/run` makes it) is not entered: its own dynamic loader runs the program
//! with its libraries, so neither root nor a namespace is needed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::peers::{Found, SUITES, cache_directory};

/// What the trees are made of (`make_tree` in `tests/run` names them so).
const PACKAGES: &str = "libeconf0,systemd";

/// The libraries of one system.
#[derive(Debug, Clone)]
pub(crate) struct Libraries {
    root: PathBuf,
    /// Where the C library is.
    directory: PathBuf,
    /// The loader to go through; none on the host.
    loader: Option<PathBuf>,
}

impl Libraries {
    /// Those of the host and of every suite, by name.
    pub(crate) fn all() -> Vec<(&'static str, Found<Self>)> {
        let trees = cache_directory().join("overlayctl-tests");
        let suite = |suite| {
            let tree = trees.join(format!("{suite}+{PACKAGES}"));
            let libraries = if tree.is_dir() {
                Self::of_tree(tree)
            } else {
                Err(format!("{} is missing: run tests/run once", tree.display()))
            };
            (suite, libraries)
        };
        std::iter::once(("the host", Self::new(PathBuf::from("/"))))
            .chain(SUITES.map(suite))
            .collect()
    }

    fn new(root: PathBuf) -> Found<Self> {
        let directory = entries(&root.join("usr/lib"))?
            .into_iter()
            .find(|directory| directory.join("libc.so.6").exists())
            .ok_or_else(|| format!("no C library below {}", root.join("usr/lib").display()))?;
        Ok(Self {
            root,
            directory,
            loader: None,
        })
    }

    fn of_tree(tree: PathBuf) -> Found<Self> {
        let libraries = Self::new(tree)?;
        let loader = libraries.find("", "ld-linux")?;
        Ok(Self {
            loader: Some(loader),
            ..libraries
        })
    }

    /// The file of this system that stands at `path` there.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The library in `below` (empty for where the C library is) whose name starts with `prefix`.
    pub(crate) fn find(&self, below: &str, prefix: &str) -> Found<PathBuf> {
        let directory = self.directory.join(below);
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().starts_with(prefix)
        };
        entries(&directory)?
            .into_iter()
            .find(is_it)
            .ok_or_else(|| format!("no {prefix} in {}", directory.display()))
    }

    /// A command that runs `program` with these libraries.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let Some(loader) = &self.loader else {
            return Command::new(program);
        };
        let mut path = self.directory.clone().into_os_string();
        path.push(":");
        path.push(self.directory.join("systemd"));
        let mut command = Command::new(loader);
        command.arg("--library-path").arg(path).arg(program);
        command
    }
}

fn entries(directory: &Path) -> Found<Vec<PathBuf>> {
    let entries = directory
        .read_dir()
        .map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}
