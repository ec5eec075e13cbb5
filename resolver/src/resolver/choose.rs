//! Which program's rules hold for a path, what a directory means, and what is only a part of something else: the one
//! place that decides it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Choice, Resolver};
use crate::configuration::{Basis, Configuration, PathError, below_layers};
use crate::owner::Owner;
use crate::rules::{Name, Repeated, Rules};

impl Resolver {
    /// What `path` means, and by which rules it is read.
    ///
    /// `path` is one below every layer, such as `systemd/journald.conf`, or one inside a layer, such
    /// as `/etc/systemd/journald.conf`, which means the same. A path that is a directory in the layers,
    /// that no rule says anything about and whose name does not say that it is a file, as that of
    /// `x.conf` and `x.toml` does, is a directory of documents.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let resolver = Resolver::new(Tree::default());
    /// let journald = resolver.configuration("/etc/systemd/journald.conf")?;
    /// assert_eq!(journald.path(), "systemd/journald.conf");
    /// assert_eq!(journald.rules().name(), "systemd");
    ///
    /// let error = resolver.configuration("/srv/myapp.conf").unwrap_err();
    /// assert!(error.to_string().starts_with("/srv/myapp.conf is in no layer; "));
    /// # Ok::<(), overlay_resolver::PathError>(())
    /// ```
    ///
    /// # Errors
    /// No layer can have such a path, or it is a directory whose [members](Self::members) have rules of their own.
    pub fn configuration(&self, path: impl AsRef<Path>) -> Result<Configuration, PathError> {
        let path = self.below_layers(path)?;
        let found = self.configuration_at(path);
        // A directory is listed only here, where nobody says what it is.
        if found.is_known || !found.is_directory() || matches!(self.choice, Choice::Rules(_)) {
            return Ok(found);
        }
        match self.members(&found.path).into_iter().next() {
            Some(first) => Err(PathError::Members {
                path: found.path,
                first: first.path,
            }),
            None => Ok(found),
        }
    }

    /// The path below every layer that `path` means (see [`configuration`](Self::configuration)).
    ///
    /// # Errors
    /// No layer can have such a path.
    pub fn below_layers(&self, path: impl AsRef<Path>) -> Result<PathBuf, PathError> {
        let bundles = self.tree.bundles();
        below_layers(path.as_ref(), self.catalog(), self.choice.rules(), bundles)
    }

    /// The same of a path below every layer that is taken as it is.
    pub fn configuration_at(&self, path: PathBuf) -> Configuration {
        let of_no_unit = self.of_no_unit(&path);
        let found = self.chosen(path).directory_of_documents();
        Configuration {
            unread: of_no_unit.or(found.unread),
            ..found
        }
    }

    /// The rules of the consumer that reads a file at `path`, a path below a layer, as far as its place tells: what the
    /// tree has there is not asked. None where no consumer is known that reads it.
    pub fn rules_by_place(&self, path: &Path) -> Option<Rules> {
        let configuration = match self.catalog().owner(path) {
            Owner::Document(path) | Owner::Entries(path) => path,
            Owner::Units {
                directory,
                drop_ins,
            } => self.member(directory.join(drop_ins))?,
            Owner::Nobody(_) => return None,
        };
        let is_in = path.parent() == Some(&*configuration);
        let found = self.chosen(configuration);
        let name = path.file_name()?;
        let is_ignored = is_in && matches!(found.rules.classify(name), Name::Ignored(_));
        let is_read = found.is_known && !is_ignored && !found.rules.is_whole(name);
        is_read.then_some(found.rules)
    }

    /// What a path below every layer means, without a look into the tree.
    pub(crate) fn chosen(&self, path: PathBuf) -> Configuration {
        let catalog = self.catalog();
        let own = catalog
            .own_rules(&path)
            .or_else(|| catalog.rules_of_many_units(&path));
        let part = own.is_none().then(|| self.part(&path)).flatten();
        let is_a_part = part.is_some();
        let (rules, part_of, unread) = match part {
            Some(part) => (Some(part.rules), Some(part.of), part.unread),
            None => (own.or_else(|| catalog.rules(&path)), None, None),
        };
        // Who names the rules decides what is read.
        let unread = unread.filter(|_| matches!(self.choice, Choice::Consumer));
        Configuration {
            tree: Arc::clone(&self.tree),
            shared: self.shared.clone(),
            history: self.history,
            basis: match (&self.choice, &rules) {
                (Choice::Consumer, Some(_)) => Basis::Consumer,
                (Choice::Consumer, None) => Basis::Guess,
                (Choice::Rules(_) | Choice::Another(_), _) => Basis::Caller,
            },
            is_known: rules.is_some() && !is_a_part,
            name: catalog.name(&path).map(str::to_owned),
            part_of,
            rules: self.choice.over(rules).stacked(self.tree.bundles()),
            unread,
            path,
        }
    }
}

impl Choice {
    fn over(&self, known: Option<Rules>) -> Rules {
        match (self, known) {
            (Self::Consumer, known) => known.unwrap_or_default(),
            // Where they say nothing of the keys, what is known of those stays.
            (Self::Rules(rules), Some(known)) if rules.schema.is_empty() => Rules {
                schema: known.schema,
                ..(**rules).clone()
            },
            (Self::Rules(rules), _) | (Self::Another(rules), None) => (**rules).clone(),
            (Self::Another(rules), Some(known)) => Rules {
                suffix: known.suffix,
                whole: known.whole,
                drop_in_suffix: known.drop_in_suffix,
                shape: known.shape,
                of_many: known.of_many,
                schema: if rules.repeated == Repeated::Schema {
                    known.schema
                } else {
                    Arc::clone(&rules.schema)
                },
                ..(**rules).clone()
            },
        }
    }
}
