//! The configuration paths whose consumer is known.
//!
//! Who asks about `systemd/journald.conf` wants systemd's rules and the facts about journald's keys,
//! without saying so. The [built-in](Catalog::built_in) catalog is a TOML file (`catalog.toml`): a
//! pattern for paths, and a rule set for each. A program adds the paths that it knows itself
//! ([`Catalog::with`]); [`Resolver`](crate::Resolver) asks the catalog which rules hold.

mod pattern;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};

use indexmap::IndexMap;

use self::pattern::Pattern;
use crate::finding::{Finding, Source, code};
use crate::rules::{DropIns, Rules, RulesFile, Shape, unit};

const BUILT_IN: &str = include_str!("../catalog.toml");

/// Patterns of configuration paths, each with the rules of its consumer. A clone shares them.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// Those that were added come first, then the longest pattern.
    rows: Arc<[Arc<Row>]>,
}

/// One pattern.
#[derive(Debug)]
struct Row {
    pattern: Pattern,
    /// What the documents are reported under; none if nobody said so.
    name: Option<String>,
    origin: Origin,
    /// What it comes to; most are never asked for.
    rules: OnceLock<Rules>,
}

/// Where the rules of a row come from.
#[derive(Debug)]
enum Origin {
    /// A program added them.
    Program,
    /// A table of a file.
    Table(Box<RulesFile>),
    /// A table of the built-in catalog, which is read when it is asked for: to read all of them takes longer
    /// than to read a hundred files.
    BuiltIn(&'static str),
}

impl Row {
    fn new(pattern: Pattern, origin: Origin) -> Self {
        Self {
            pattern,
            name: None,
            origin,
            rules: OnceLock::new(),
        }
    }

    fn is_added(&self) -> bool {
        matches!(self.origin, Origin::Program)
    }

    fn rules(&self) -> &Rules {
        self.rules.get_or_init(|| {
            let rules = match &self.origin {
                Origin::Program => unreachable!("what is added has its rules"),
                Origin::Table(file) => self.resolve(file, b""),
                Origin::BuiltIn(text) => toml::from_str(text)
                    .map_err(|error| {
                        code::BAD_CATALOG.of_toml(
                            Path::new("catalog.toml"),
                            text.as_bytes(),
                            &error,
                        )
                    })
                    .and_then(|file| self.resolve(&file, text.as_bytes())),
            };
            rules.expect(
                "`from_toml` has resolved every row of a file, the tests those of the built-in one",
            )
        })
    }

    fn resolve(&self, file: &RulesFile, text: &[u8]) -> Result<Rules, Finding> {
        let path = Path::new(self.pattern.text());
        file.resolve(Source { path, text })
    }
}

impl Catalog {
    /// The paths that the crate knows.
    ///
    /// ```
    /// use overlay_resolver::catalog::Catalog;
    ///
    /// let catalog = Catalog::built_in();
    /// let rules = catalog.rules("systemd/system/a.service".as_ref()).unwrap();
    /// assert_eq!(rules.name(), "systemd-unit");
    /// assert!(catalog.rules("myapp/config.d".as_ref()).is_none());
    /// ```
    pub fn built_in() -> Self {
        static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
            let tables = BUILT_IN.split("\n[\"").skip(1);
            let rows = tables.filter_map(|table| {
                let (pattern, text) = table.split_once("\"]\n")?;
                let pattern = Pattern::new(pattern.into()).ok()?;
                Some(Row::new(pattern, Origin::BuiltIn(text)))
            });
            Catalog::of(rows.collect())
        });
        CATALOG.clone()
    }

    /// A catalog that knows nothing: every path is read by the rules that its caller names, or by those
    /// of UAPI.6.
    pub fn empty() -> Self {
        Self {
            rows: Arc::default(),
        }
    }

    /// The catalog in the TOML `text` of the file at `path`, which is for messages.
    ///
    /// # Errors
    /// The finding names the line, what was expected and what was found.
    pub fn from_toml(path: &Path, text: &[u8]) -> Result<Self, Finding> {
        let catalog = Self::read(path, text)?;
        for row in &*catalog.rows {
            if let Origin::Table(file) = &row.origin {
                file.resolve(Source { path, text })?;
            }
        }
        Ok(catalog)
    }

    fn read(path: &Path, text: &[u8]) -> Result<Self, Finding> {
        let file: IndexMap<String, RulesFile> = toml::from_slice(text)
            .map_err(|error| code::BAD_CATALOG.of_toml(path, text, &error))?;
        let mut rows = Vec::new();
        for (pattern, written) in file {
            let pattern =
                Pattern::new(pattern).map_err(|error| code::BAD_CATALOG.error(path, error))?;
            rows.push(Row::new(pattern, Origin::Table(written.into())));
        }
        Ok(Self::of(rows))
    }

    fn of(mut rows: Vec<Row>) -> Self {
        // Of two that are as long, the order must not depend on what `toml` is built with.
        rows.sort_by(|one, other| {
            let [one, other] = [one, other].map(|row| row.pattern.text());
            other.len().cmp(&one.len()).then_with(|| one.cmp(other))
        });
        Self {
            rows: rows.into_iter().map(Arc::new).collect(),
        }
    }

    /// The same, with the configuration path `path`, which is read by `rules`. What is in it is reported
    /// under `name`.
    ///
    /// ```
    /// use overlay_resolver::{Basis, Catalog, Resolver, Rules, Tree};
    ///
    /// let mine = Rules::builder().format("toml").build()?;
    /// let catalog = Catalog::built_in().with("myapp/config".as_ref(), mine, "myapp");
    /// let resolver = Resolver::new(Tree::default()).with_catalog(catalog);
    /// let configuration = resolver.configuration("/etc/myapp/config")?;
    /// assert_eq!((configuration.basis(), configuration.name()), (Basis::Consumer, Some("myapp")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with(self, path: &Path, rules: Rules, name: &str) -> Self {
        let row = Row {
            pattern: Pattern::literal(path),
            name: Some(name.into()),
            origin: Origin::Program,
            rules: rules.into(),
        };
        let rows = std::iter::once(Arc::new(row)).chain(self.rows.iter().cloned());
        Self {
            rows: rows.collect(),
        }
    }

    /// The rules of the consumer of a configuration path; none if it is not known.
    ///
    /// Of a directory of documents, each is known, too.
    pub fn rules(&self, path: &Path) -> Option<Rules> {
        if let Some(row) = self.row(path) {
            return Some(row.rules().clone());
        }
        let directory = self.directory_of(path)?;
        Some(Rules {
            shape: Shape::Document,
            ..directory.rules().clone()
        })
    }

    /// The rules of the consumer of a configuration path that is known by itself, and not by the directory that it is in.
    pub(crate) fn own_rules(&self, path: &Path) -> Option<Rules> {
        Some(self.row(path)?.rules().clone())
    }

    /// What the documents at a configuration path are reported under, where who added it said so.
    pub fn name(&self, path: &Path) -> Option<&str> {
        let row = self.row(path).or_else(|| self.directory_of(path));
        row?.name.as_deref()
    }

    /// Whether the consumer of a configuration path is known.
    pub fn knows(&self, path: &Path) -> bool {
        self.row(path).is_some() || self.directory_of(path).is_some()
    }

    fn row(&self, path: &Path) -> Option<&Row> {
        let mut rows = self.rows.iter();
        let row = rows.find(|row| row.pattern.matches(path));
        row.map(Arc::as_ref)
    }

    /// The known directory of documents that has one at `path`.
    fn directory_of(&self, path: &Path) -> Option<&Row> {
        let directory = path.parent()?;
        let row = self.row(directory)?;
        (row.rules().shape == Shape::Entries).then_some(row)
    }

    /// The paths that it names as they are, without the patterns that stand for any number of them.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.rows.iter().flat_map(|row| row.pattern.paths())
    }

    /// The rules of those that were added.
    pub(crate) fn added(&self) -> impl Iterator<Item = &Rules> {
        let rows = self.rows.iter().filter(|row| row.is_added());
        rows.map(|row| row.rules())
    }

    /// Whether exactly this path was added.
    pub(crate) fn has_added(&self, path: &Path) -> bool {
        self.row(path).is_some_and(Row::is_added)
    }

    /// The document whose drop-ins are in `directory`, where that is not named after it:
    /// `NetworkManager/NetworkManager.conf` of `NetworkManager/conf.d`.
    pub(crate) fn document_of(&self, directory: &Path) -> Option<PathBuf> {
        let name = directory.file_name()?;
        self.rows.iter().find_map(|row| {
            // A pattern for several documents would not tell which.
            let document = row.pattern.as_literal()?;
            let is_beside = document.parent() == directory.parent();
            let has_it = is_beside && row.rules().drop_ins == DropIns::Named(name.into());
            has_it.then(|| document.to_owned())
        })
    }

    /// Whether there is such a unit, where files exist as `exists` says: by its own file, by that of its
    /// template, or because it needs none.
    pub(crate) fn has_unit(&self, unit: &Path, exists: impl Fn(&Path) -> bool) -> bool {
        let Some(rules) = self
            .rules(unit)
            .filter(|rules| !is_unit_prefix(rules, unit))
        else {
            return false;
        };
        let name = unit.file_name().and_then(OsStr::to_str);
        let template = name.and_then(unit::template);
        rules.lone_drop_ins
            || exists(unit)
            || template.is_some_and(|name| exists(&unit.with_file_name(name)))
    }

    /// The rules of a directory of drop-ins for all units of a type (`service.d`) or with a prefix
    /// (`user-.slice.d`), taken for itself; none if it is no such directory.
    pub(crate) fn rules_of_many_units(&self, directory: &Path) -> Option<Rules> {
        let stem = without_d(directory)?;
        let name = stem.file_name()?.to_str()?;
        let unit = match name.rsplit_once('.') {
            None => stem.with_file_name(format!("a.{name}")),
            Some(_) => stem.clone(),
        };
        let rules = self.rules(&unit)?;
        let is_of_many =
            rules.drop_ins == DropIns::Unit && (unit != stem || is_unit_prefix(&rules, &stem));
        is_of_many.then_some(Rules {
            shape: Shape::Collection,
            drop_ins: DropIns::None,
            main_decides: false,
            of_many: true,
            ..rules
        })
    }
}

/// `X` of the directory `X.d`.
pub(crate) fn without_d(directory: &Path) -> Option<PathBuf> {
    let name = directory.file_name()?.as_bytes().strip_suffix(b".d")?;
    (!name.is_empty()).then(|| directory.with_file_name(OsStr::from_bytes(name)))
}

/// `a-.service` is no unit: its drop-ins are for all whose names begin with `a-`.
pub(crate) fn is_unit_prefix(rules: &Rules, path: &Path) -> bool {
    let is_prefix = |stem: &OsStr| stem != "-" && stem.as_bytes().ends_with(b"-");
    rules.drop_ins == DropIns::Unit && path.file_stem().is_some_and(is_prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The built-in catalog is taken apart by hand; read as a file, it says the same.
    #[test]
    fn every_known_path_has_sound_rules() {
        let of_file = Catalog::from_toml(Path::new("catalog.toml"), BUILT_IN.as_bytes()).unwrap();
        assert!(of_file.rows.len() > 30);
        let told = |catalog: &Catalog| {
            let told = catalog.rows.iter().map(|row| {
                // Of a schema, the keys stand in no order.
                let rules = Rules {
                    schema: Arc::default(),
                    ..row.rules().clone()
                };
                let has_schema = !row.rules().schema.is_empty();
                format!("{} {has_schema} {rules:?}", row.pattern.text())
            });
            told.collect::<Vec<_>>()
        };
        assert_eq!(told(&Catalog::built_in()), told(&of_file));
    }

    #[test]
    fn the_longest_pattern_decides() {
        let catalog = Catalog::from_toml(
            Path::new("c.toml"),
            b"['a/*.conf']\ndrop-in-suffix = '.1'\n['a/special.conf']\ndrop-in-suffix = '.2'\n",
        )
        .unwrap();
        let suffix = |path: &str| Some(catalog.rules(Path::new(path))?.drop_in_suffix);
        assert_eq!(suffix("a/x.conf"), Some(".1".into()));
        assert_eq!(suffix("a/special.conf"), Some(".2".into()));
        assert_eq!(suffix("a/b/x.conf"), None);
    }

    #[test]
    fn patterns_that_stand_for_any_number_are_no_paths() {
        let text = b"['a/*.conf']\n['{b,c/d}.d']\n['e']\n['{f,g}/*']\n";
        let catalog = Catalog::from_toml(Path::new("c.toml"), text).unwrap();
        let mut paths: Vec<_> = catalog.paths().collect();
        paths.sort();
        assert_eq!(paths, ["b.d", "c/d.d", "e"].map(PathBuf::from));
    }

    #[test]
    fn what_is_added_comes_first_with_its_documents() {
        let rules = Rules {
            shape: Shape::Entries,
            suffix: ".repo".into(),
            ..Rules::default()
        };
        let catalog = Catalog::built_in().with(Path::new("sysctl.d"), rules, "mine");
        let told = |path: &str| {
            let path = Path::new(path);
            let rules = catalog.rules(path)?;
            Some((rules.shape, catalog.name(path)))
        };
        assert_eq!(told("sysctl.d"), Some((Shape::Entries, Some("mine"))));
        let one = Some((Shape::Document, Some("mine")));
        assert_eq!(told("sysctl.d/a.repo"), one);
        assert_eq!(told("sysctl.d/a/b"), None);
        assert_eq!(told("environment.d"), Some((Shape::Auto, None)));
        assert_eq!(told("environment.d/a.conf"), None);
    }

    #[test]
    fn errors_say_where() {
        for (text, expected) in [
            ("['a']\nlayer = 1", "c.toml:2: unknown field `layer`"),
            #[cfg(feature = "globs")]
            ("['a[']\n", "c.toml: error parsing glob 'a['"),
            #[cfg(not(feature = "globs"))]
            (
                "['a[']\n",
                "c.toml: expected a pattern with at most one `*`, found `a[`: build",
            ),
        ] {
            let error = Catalog::from_toml(Path::new("c.toml"), text.as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }
}
