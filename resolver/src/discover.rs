//! Finds what the layers hold under a configuration path: the only reading that [`scan`] needs.
//!
//! Each directory is opened once, each file in it is pinned by its descriptor and read once. What
//! cannot be read is a value ([`Content::Unusable`](crate::root::Content::Unusable)) or a finding,
//! never a reason to stop. Files that a higher layer hides are read only where their history is asked
//! for.
//!
//! [`scan`]: crate::scan

mod aliases;
mod opened;
mod shared;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use self::opened::{Opendir, Place};
pub(crate) use self::shared::Shared;
use crate::finding::{Finding, code};
use crate::root::{Listing, above_end};
use crate::rules::{DropIns, Layer, Name, Rules, Shape, unit};
use crate::scan::fragment::{Fragment, Role};
use crate::tree::Tree;

/// What to look for and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'q> {
    /// Where.
    pub(crate) tree: &'q Tree,
    /// By which rules.
    pub(crate) rules: &'q Rules,
    /// The path below every layer, such as `flatpak/remotes.d`.
    pub(crate) path: &'q Path,
    /// Whether files that a higher layer hides are read, too, so that it can be said what they would
    /// have done.
    pub(crate) history: bool,
    /// What other documents of the tree have looked at.
    pub(crate) shared: &'q Shared,
}

/// The files of one entry.
#[derive(Debug, Default)]
pub(crate) struct Candidate {
    /// Those that are named like the entry, lowest layer first.
    pub(crate) mains: Vec<Fragment>,
    /// Those in drop-in directories, by name and then from the lowest layer up.
    pub(crate) drop_ins: Vec<Fragment>,
    /// Those whose names say that they are not meant.
    pub(crate) ignored: Vec<Fragment>,
    /// A drop-in directory that cannot be listed: nobody can tell what is in it.
    pub(crate) broken: Option<Finding>,
}

/// All that the layers hold under one configuration path.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// The entries, by file name.
    pub(crate) candidates: BTreeMap<OsString, Candidate>,
    /// Files beside the entries that belong to none, as their names say.
    pub(crate) ignored: Vec<Fragment>,
    /// Directories that cannot be listed.
    pub(crate) findings: Vec<Finding>,
    /// Whether every layer could be listed: if not, nobody can tell what is masked or overridden.
    pub(crate) complete: bool,
    /// The directories and main files that were looked for, whether or not they are there.
    pub(crate) searched: Vec<PathBuf>,
    /// What else decides what is found there: the directories above them in their layers, layers that are
    /// not there, and the symlinks on the way with where those lead.
    pub(crate) on_the_way: Vec<PathBuf>,
    /// The layers that have any of the directories.
    found_in: Vec<Layer>,
}

/// Reads what the layers hold.
pub(crate) fn discover(query: Query<'_>) -> Discovery {
    let mut discovery = Discovery {
        complete: true,
        ..Discovery::default()
    };
    match query.rules.shape_of(query.path) {
        Shape::Entries => discovery.entries(query),
        Shape::Collection => {
            let places = query.below_layers(query.path);
            // A layer that is such a directory itself has none.
            let name = query.path.file_name().unwrap_or_default();
            discovery.drop_ins(query, name, places);
        }
        Shape::Document | Shape::Auto => {
            if let Some(name) = query.path.file_name() {
                let mut mains = discovery.mains(query, name);
                if mains.is_empty()
                    && query.rules.drop_ins == DropIns::Unit
                    && let Some(template) = name.to_str().and_then(unit::template)
                {
                    mains = discovery.mains(query, OsStr::new(&template));
                }
                if query.rules.drop_ins == DropIns::Unit {
                    discovery.findings.extend(query.aliases(name));
                }
                discovery.candidates.entry(name.into()).or_default().mains = mains;
                discovery.drop_ins(query, name, query.drop_in_places(name));
            }
        }
    }
    discovery.watch_above(query);
    discovery
}

/// The directories above `path`, from the nearest one up, that lie below `top`.
fn above<'p>(path: &'p Path, top: &'p Path) -> impl Iterator<Item = &'p Path> {
    let above = path.ancestors().skip(1);
    above.take_while(move |directory| *directory != top && directory.starts_with(top))
}

impl Query<'_> {
    fn below_layers(&self, path: &Path) -> Vec<Place> {
        let place = |layer: &Layer| Place {
            directory: layer.base().join(path),
            layer: layer.clone(),
            is_shared: false,
        };
        self.rules.layers.iter().map(place).collect()
    }

    /// The directories in which drop-ins of the document `name` are searched, lowest first.
    fn drop_in_places(&self, name: &OsStr) -> Vec<Place> {
        let parent = self.path.parent().unwrap_or(Path::new(""));
        let text = name.to_string_lossy();
        match &self.rules.drop_ins {
            DropIns::None => Vec::new(),
            DropIns::Named(directory) => self.below_layers(&parent.join(directory)),
            DropIns::Beside => {
                let mut directory = name.to_owned();
                directory.push(".d");
                self.below_layers(&parent.join(directory))
            }
            DropIns::Unit => {
                let of_type = unit::type_directory(&text).into_iter();
                let mut places: Vec<_> = of_type
                    .flat_map(|directory| self.below_layers(&parent.join(directory)))
                    .map(|place| Place {
                        is_shared: true,
                        ..place
                    })
                    .collect();
                let directories = unit::directories(&text);
                for layer in &self.rules.layers {
                    // The first is its own.
                    for (number, directory) in directories.iter().enumerate().rev() {
                        places.push(Place {
                            directory: layer.base().join(parent).join(directory),
                            layer: layer.clone(),
                            is_shared: number > 0,
                        });
                    }
                }
                places
            }
        }
    }
}

impl Discovery {
    /// The files named `name` in every layer's directory, lowest first.
    fn mains(&mut self, query: Query<'_>, name: &OsStr) -> Vec<Fragment> {
        let parent = query.path.parent().unwrap_or(Path::new(""));
        let places = query.below_layers(parent);
        let searched = places.iter().map(|place| place.directory.join(name));
        self.searched.extend(searched);
        let dirs = self.open_all(query, places, Some(name));
        let mut found = Vec::new();
        let mut taken = false;
        for dir in dirs.iter().rev() {
            let Some(opened) = dir.dir.open(name) else {
                continue;
            };
            let fragment = dir.fragment(Role::Main, name);
            found.push(query.look(fragment, &mut taken, || opened));
        }
        found.reverse();
        found
    }

    /// All drop-ins in `places`, lowest first, as those of the entry `name`.
    fn drop_ins(&mut self, query: Query<'_>, name: &OsStr, places: Vec<Place>) {
        let directories = places.iter().map(|place| place.directory.clone());
        self.searched.extend(directories);
        let before = self.findings.len();
        let dirs = self.open_all(query, places, None);
        let mut candidate = self.candidates.remove(name).unwrap_or_default();
        let listings: Vec<_> = dirs.iter().map(|dir| self.listing(query, dir)).collect();
        let mut names = Vec::with_capacity(listings.iter().map(Listing::len).sum());
        for (index, (dir, listing)) in dirs.iter().zip(&listings).enumerate() {
            for name in listing.names() {
                match query.rules.classify_drop_in(name.get()) {
                    Some(reason) => {
                        let fragment = dir.fragment(Role::DropIn, name.get());
                        candidate.ignored.push(fragment.ignored(reason));
                    }
                    None => names.push((name, index)),
                }
            }
        }
        if query.rules.broken_directory_is_error && before < self.findings.len() {
            candidate.broken = Some(self.findings.remove(before));
        }
        candidate.drop_ins = query.open_names(Role::DropIn, &dirs, names);
        self.candidates.insert(name.into(), candidate);
    }

    /// A directory of entries in every layer.
    fn entries(&mut self, query: Query<'_>) {
        let places = query.below_layers(query.path);
        let directories = places.iter().map(|place| place.directory.clone());
        self.searched.extend(directories);
        let dirs = self.open_all(query, places, None);
        let listings: Vec<_> = dirs.iter().map(|dir| self.listing(query, dir)).collect();
        let mut mains = Vec::new();
        let mut drop_ins = BTreeMap::<OsString, Vec<Place>>::new();
        for (index, (dir, listing)) in dirs.iter().zip(&listings).enumerate() {
            for name in listing.names() {
                match query.rules.classify(name.get()) {
                    Name::Entry => mains.push((name, index)),
                    Name::Ignored(reason) => {
                        let fragment = dir.fragment(Role::Main, name.get());
                        self.ignored.push(fragment.ignored(reason));
                    }
                    Name::DropInDirectory(entry) => {
                        drop_ins.entry(entry).or_default().push(Place {
                            layer: dir.place.layer.clone(),
                            directory: dir.place.directory.join(name.get()),
                            is_shared: false,
                        });
                    }
                }
            }
        }
        let mains = query.open_names(Role::Main, &dirs, mains);
        for found in mains {
            let candidate = self.candidates.entry(found.name().into()).or_default();
            candidate.mains.push(found);
        }
        // A drop-in directory that is broken hurts its entry alone.
        let complete = self.complete;
        for (entry, places) in drop_ins {
            let rules = query.rules.for_document(entry.as_ref());
            let of_entry = Query {
                rules: &rules,
                ..query
            };
            self.drop_ins(of_entry, &entry, places);
        }
        self.complete = complete;
    }

    /// Adds what is above all that was looked for: a directory of a layer that is moved away takes along what
    /// is in it, which itself sees nothing of that; a layer that is not there may come.
    fn watch_above(&mut self, query: Query<'_>) {
        let mut more = Vec::new();
        for layer in &query.rules.layers {
            let base = layer.base();
            let searched = self.searched.iter().filter(|path| path.starts_with(base));
            more.extend(
                searched
                    .flat_map(|path| above(path, base))
                    .map(Path::to_owned),
            );
            if !self.found_in.contains(layer) && query.tree.has_dir(base) == Ok(false) {
                more.push(base.to_owned());
            }
        }
        more.sort_unstable();
        more.dedup();
        self.on_the_way.extend(more);
    }

    /// Opens the directories that are there, to look for `name` in them, or for all that they hold.
    fn open_all<'t>(
        &mut self,
        query: Query<'t>,
        places: Vec<Place>,
        name: Option<&OsStr>,
    ) -> Vec<Opendir<'t>> {
        let mut dirs = Vec::new();
        for (rank, place) in (0..).zip(places) {
            let mut trail = Vec::new();
            let opened = query.open(&place, &mut trail);
            // What is looked for is in the directory in which the way ends.
            let end = trail.pop().map(|end| match name {
                Some(name) => end.join(name),
                None => end,
            });
            let ends = trail.iter().chain(&end);
            let above = ends.flat_map(|end| above_end(end)).map(Path::to_owned);
            self.on_the_way.extend(above.collect::<Vec<_>>());
            self.on_the_way.extend(trail.into_iter().chain(end));
            match opened {
                Ok(Some(dir)) => {
                    self.found_in.push(place.layer.clone());
                    dirs.push(Opendir { place, rank, dir });
                }
                Ok(None) => {}
                Err(why) => self.unreadable(
                    query,
                    &place.directory,
                    format!("cannot be opened as a directory: {why}"),
                ),
            }
        }
        dirs
    }

    fn listing(&mut self, query: Query<'_>, dir: &Opendir<'_>) -> Listing {
        dir.dir.listing().unwrap_or_else(|why| {
            self.unreadable(
                query,
                &dir.place.directory,
                format!("cannot be listed: {why}"),
            );
            Listing::default()
        })
    }

    fn unreadable(&mut self, query: Query<'_>, directory: &Path, message: String) {
        if query.rules.broken_directory_is_error {
            self.complete = false;
            self.findings
                .push(code::BROKEN_DIRECTORY.error(directory, message));
        } else {
            let message = format!("{message}; its consumer takes it for absent");
            self.findings
                .push(code::BROKEN_DIRECTORY.warning(directory, message));
        }
    }
}
