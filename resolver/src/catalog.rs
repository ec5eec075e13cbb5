//! The configuration paths whose consumer is known.
//!
//! Who asks about `systemd/journald.conf` wants systemd's rules and the facts about journald's keys,
//! without saying so. The [built-in](Catalog::built_in) catalog is a TOML file (`catalog.toml`): a
//! pattern for paths, and a rule set for each.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher, GlobSet};
use indexmap::IndexMap;

use crate::finding::{Finding, Source};
use crate::rules::{DropIns, Rules, RulesFile};

const BUILT_IN: &str = include_str!("../catalog.toml");

/// Patterns of configuration paths, each with the rules of its consumer.
#[derive(Debug)]
pub struct Catalog {
    /// The longest pattern first.
    known: Vec<(GlobMatcher, RulesFile)>,
    /// All patterns at once, in the same order.
    set: GlobSet,
    /// What they were read from.
    text: Box<[u8]>,
}

impl Catalog {
    /// The paths that the crate knows.
    ///
    /// ```
    /// use overlay_resolver::catalog::Catalog;
    ///
    /// let catalog = Catalog::built_in();
    /// let rules = catalog.rules("systemd/system/a.service".as_ref()).unwrap();
    /// assert!(rules.main_decides);
    /// assert!(catalog.rules("myapp/config.d".as_ref()).is_none());
    /// ```
    pub fn built_in() -> Self {
        // The tests read it.
        Self::from_toml(Path::new("catalog.toml"), BUILT_IN.as_bytes()).unwrap_or(Self {
            known: Vec::new(),
            set: GlobSet::empty(),
            text: Box::default(),
        })
    }

    /// The catalog in the TOML `text` of the file at `path`, which is for messages.
    ///
    /// # Errors
    /// The finding names the line, what was expected and what was found.
    pub fn from_toml(path: &Path, text: &[u8]) -> Result<Self, Finding> {
        let file: IndexMap<String, RulesFile> =
            toml::from_slice(text).map_err(|error| Finding::of_toml(path, text, &error))?;
        let mut known = Vec::new();
        for (pattern, rules) in file {
            let glob = GlobBuilder::new(&pattern)
                .literal_separator(true)
                .build()
                .map_err(|error| Finding::error(path, error.to_string()))?;
            known.push((glob.compile_matcher(), rules));
        }
        known.sort_by_key(|(glob, _)| std::cmp::Reverse(glob.glob().glob().len()));
        let patterns = known.iter().map(|(glob, _)| glob.glob().clone());
        let set =
            GlobSet::new(patterns).map_err(|error| Finding::error(path, error.to_string()))?;
        Ok(Self {
            known,
            set,
            text: text.into(),
        })
    }

    /// The rules of the consumer of a configuration path; none if it is not known.
    pub fn rules(&self, path: &Path) -> Option<Rules> {
        let (glob, file) = self.known.get(self.pattern(path)?)?;
        // The tests resolve all.
        self.resolve(glob, file).ok()
    }

    fn resolve(&self, glob: &GlobMatcher, file: &RulesFile) -> Result<Rules, Finding> {
        file.resolve(Source {
            path: Path::new(glob.glob().glob()),
            text: &self.text,
        })
    }

    /// The paths that it names as they are, without the patterns that stand for any number of them.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let patterns = self.known.iter().map(|(glob, _)| glob.glob().glob());
        let alternatives = patterns.flat_map(alternatives);
        let is_path = |path: &String| !path.contains(['*', '?', '[', '{']);
        alternatives.filter(is_path).map(PathBuf::from)
    }

    /// The document whose drop-ins are in `directory`, where that is not named after it:
    /// `NetworkManager/NetworkManager.conf` of `NetworkManager/conf.d`.
    pub fn document_of(&self, directory: &Path) -> Option<PathBuf> {
        let name = directory.file_name()?;
        self.known.iter().find_map(|(glob, file)| {
            let pattern = Path::new(glob.glob().glob());
            // A pattern for several documents would not tell which.
            let is_one = !glob.glob().glob().contains(['*', '?', '[', '{'])
                && pattern.parent() == directory.parent();
            let rules = is_one.then(|| self.resolve(glob, file).ok())??;
            (rules.drop_ins == DropIns::Named(name.into())).then(|| pattern.into())
        })
    }

    /// Whether the consumer of a configuration path is known.
    pub fn knows(&self, path: &Path) -> bool {
        self.set.is_match(path)
    }

    /// The number of the pattern that decides about a path.
    pub(crate) fn pattern(&self, path: &Path) -> Option<usize> {
        self.set.matches(path).into_iter().min()
    }
}

/// What a pattern with one `{a,b}` stands for.
fn alternatives(pattern: &str) -> Vec<String> {
    let parts = pattern
        .split_once('{')
        .and_then(|(start, rest)| Some((start, rest.split_once('}')?)));
    match parts {
        Some((start, (names, end))) => names
            .split(',')
            .map(|name| format!("{start}{name}{end}"))
            .collect(),
        None => vec![pattern.into()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_path_has_sound_rules() {
        let catalog = Catalog::from_toml(Path::new("catalog.toml"), BUILT_IN.as_bytes()).unwrap();
        for (glob, file) in &catalog.known {
            let pattern = glob.glob().glob();
            assert_eq!(catalog.resolve(glob, file).err(), None, "{pattern}");
        }
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
    fn errors_say_where() {
        for (text, expected) in [
            ("['a']\nlayer = 1", "c.toml:2: unknown field `layer`"),
            ("['a[']\n", "c.toml: error parsing glob 'a['"),
        ] {
            let error = Catalog::from_toml(Path::new("c.toml"), text.as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }
}
