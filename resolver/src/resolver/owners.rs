//! What a file of the tree may be a part of.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Resolver;
use crate::account::Unread;
use crate::bundle::stacked;
use crate::configuration::Configuration;
use crate::owner::{Owner, Paths, has_drop_ins_in, owner};
use crate::rules::{Layer, Rules};

impl Resolver {
    /// The configurations that the file at `path`, as seen inside the root, may be a part of; of a drop-in of
    /// many units, all of them.
    ///
    /// A layer may have several names, so that what counts is where its symlinks lead.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let resolver = Resolver::new(Tree::default())
    ///     .with("/etc/systemd/journald.conf.d/a.conf", "[Journal]\nStorage=auto\n");
    /// let owners = resolver.owners("/etc/systemd/journald.conf.d/a.conf".as_ref())?;
    /// assert_eq!(owners[0].path(), "systemd/journald.conf");
    ///
    /// let nobody = resolver.owners("/srv/a.conf".as_ref()).unwrap_err();
    /// assert_eq!(nobody.to_string(), "it is in no layer");
    /// # Ok::<(), overlay_resolver::account::Unread>(())
    /// ```
    ///
    /// # Errors
    /// It is nobody's, for this reason.
    pub fn owners(&self, path: &Path) -> Result<Vec<Configuration>, Unread> {
        let layers = self.all_layers();
        let path = self.below(path, &layers).ok_or(Unread::NoLayer)?;
        let paths = Paths {
            catalog: self.catalog(),
            exists: &|path| self.exists(path, &layers),
        };
        match owner(&path, paths) {
            Owner::Document(path) | Owner::Entries(path) => Ok(vec![self.configuration_at(path)]),
            Owner::Units {
                directory,
                drop_ins,
            } => {
                let units = self.units(&layers, &directory, &drop_ins);
                // They are of one type, hence read by the same rules, which are long to prepare.
                let first = units.first().map(|unit| self.chosen(directory.join(unit)));
                let first = first.ok_or(Unread::NoUnit(drop_ins))?;
                let units = units.iter().map(|unit| Configuration {
                    path: directory.join(unit),
                    ..first.clone()
                });
                Ok(units.collect())
            }
            Owner::Nobody(why) => Err(why),
        }
    }

    /// Why nobody reads the files of a directory of drop-ins for many units: no layer has one of those. None
    /// of any other path.
    pub(super) fn of_no_unit(&self, path: &Path) -> Option<Unread> {
        self.catalog().rules_of_many_units(path)?;
        let (directory, drop_ins) = (path.parent()?, path.file_name()?.to_str()?);
        let units = self.units(&self.all_layers(), directory, drop_ins);
        units.is_empty().then(|| Unread::NoUnit(drop_ins.into()))
    }

    /// The layers of every consumer.
    fn all_layers(&self) -> Vec<Layer> {
        let mut layers: Vec<_> = Rules::names()
            .filter_map(Rules::named)
            .flat_map(|rules| rules.layers)
            .chain(
                self.catalog()
                    .added()
                    .flat_map(|rules| rules.layers.clone()),
            )
            .chain(
                self.choice
                    .rules()
                    .iter()
                    .flat_map(|rules| rules.layers.clone()),
            )
            .collect();
        let of_bundles = layers
            .iter()
            .flat_map(|layer| stacked(std::slice::from_ref(layer), self.tree.bundles()));
        layers = of_bundles.collect();
        layers.sort();
        layers.dedup();
        layers
    }

    /// A path below the deepest layer that it is in: by its name, else by where it is.
    fn below(&self, path: &Path, layers: &[Layer]) -> Option<PathBuf> {
        let below = |file: &Path, base: &Path| file.strip_prefix(base).map(Path::to_owned).ok();
        let by_name = layers.iter().filter_map(|layer| below(path, layer.base()));
        let place = self.tree.place_of(path);
        let by_place = layers
            .iter()
            .filter_map(|layer| below(&place, &self.tree.place_of(layer.base())));
        let shortest = |paths: &mut dyn Iterator<Item = PathBuf>| {
            paths.min_by_key(|path| path.components().count())
        };
        shortest(&mut by_name.into_iter()).or_else(|| shortest(&mut by_place.into_iter()))
    }

    fn exists(&self, path: &Path, layers: &[Layer]) -> bool {
        let mut places = layers.iter().map(|layer| layer.base().join(path));
        places.any(|place| self.tree.has(&place) && !matches!(self.tree.dir(&place), Ok(Some(_))))
    }

    /// The units in a directory that have drop-ins in the directory of that name.
    fn units(&self, layers: &[Layer], directory: &Path, drop_ins: &str) -> BTreeSet<String> {
        let mut units = BTreeSet::new();
        // `a.service` of `a.service.d`, whether or not it is there; not so a prefix or a type.
        let own = drop_ins.trim_end_matches(".d");
        if own.contains('.') && !own.contains("-.") {
            units.insert(own.to_owned());
        }
        for layer in layers {
            let names = self.tree.dir(&layer.base().join(directory));
            let names = names.ok().flatten().and_then(|dir| dir.names().ok());
            for name in names.into_iter().flatten() {
                let Some(unit) = self.member(directory.join(name)) else {
                    continue;
                };
                if let Some(name) = unit.file_name().and_then(OsStr::to_str)
                    && has_drop_ins_in(name, drop_ins)
                    && self
                        .catalog()
                        .has_unit(&unit, |path| self.exists(path, layers))
                {
                    units.insert(name.to_owned());
                }
            }
        }
        units
    }
}
