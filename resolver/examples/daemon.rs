//! A daemon that keeps its configuration up to date: `daemon ROOT`.
//!
//! It resolves `myapp/config.d`, reads it into a type of its own, waits at every path that could change
//! the result, and reloads when the result is another one. A configuration that cannot be read is
//! reported with its file and line, and the one before stays in use.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints"
)]

use std::error::Error;
use std::mem::MaybeUninit;
use std::path::Path;

use overlay_resolver::{DeserializeError, Document, Located, Resolver};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

const PATH: &str = "myapp/config.d";

/// The daemon's configuration.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Config {
    /// Where it listens, and where that is said.
    pub(crate) port: Located<u16>,
    /// Whom it lets in.
    #[serde(default)]
    pub(crate) allow: Vec<String>,
}

impl Config {
    fn shown(&self) -> String {
        let Self { port, allow } = self;
        let (path, line) = (port.path.display(), port.line);
        format!("port {} ({path}:{line}), for {allow:?}", **port)
    }
}

/// The configuration in use, and what it was made from.
#[derive(Debug, Default)]
pub(crate) struct Current {
    /// None until the first that can be read.
    pub(crate) config: Option<Config>,
    digest: String,
    /// What the last document was refused for; it is told once.
    refused: Option<DeserializeError>,
}

impl Current {
    /// Takes over a document; says whether anything is different now.
    pub(crate) fn update(&mut self, document: &Document) -> Result<bool, DeserializeError> {
        // First of all: a file that cannot be read has no value that the digest could miss.
        let read = document.deserialize();
        let refused = read.as_ref().err().cloned();
        if refused.is_some() && refused == self.refused {
            return Ok(false);
        }
        self.refused = refused;
        self.config = Some(read?);
        let digest = document.digest();
        let is_new = digest != self.digest;
        self.digest = digest;
        Ok(is_new)
    }
}

#[allow(dead_code, reason = "the tests call what it calls")]
fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::args().nth(1).unwrap_or_else(|| "/".into());
    let resolver = Resolver::open(&root)?;
    let mut current = Current::default();
    loop {
        let inotify = inotify::init(CreateFlags::CLOEXEC)?;
        watch(&inotify, root.as_ref(), &resolver.resolve(PATH)?)?;
        // Only now, so that no change falls between looking and watching.
        match current.update(&resolver.resolve(PATH)?) {
            Ok(true) => println!(
                "{}",
                current
                    .config
                    .as_ref()
                    .map(Config::shown)
                    .unwrap_or_default()
            ),
            Ok(false) => {}
            Err(error) => eprintln!("{error}\n{}", error.excerpt().unwrap_or_default()),
        }
        inotify::Reader::new(&inotify, &mut [MaybeUninit::uninit(); 4096]).next()?;
    }
}

/// Watches all that could change the document.
pub(crate) fn watch(
    inotify: &rustix::fd::OwnedFd,
    root: &Path,
    document: &Document,
) -> Result<(), Errno> {
    let change = WatchFlags::CLOSE_WRITE
        | WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE
        | WatchFlags::MOVE_SELF
        | WatchFlags::ATTRIB
        // Where a symlink leads is a path of its own.
        | WatchFlags::DONT_FOLLOW;
    for path in document.watched() {
        let mut place = root.join(path.strip_prefix("/").unwrap_or(path));
        // What is not there will come into being in the nearest directory that is.
        while let Err(errno) = inotify::add_watch(inotify, &place, change) {
            let is_absent = matches!(errno, Errno::NOENT | Errno::NOTDIR | Errno::LOOP);
            if !is_absent || !place.pop() {
                return Err(errno);
            }
        }
    }
    Ok(())
}
