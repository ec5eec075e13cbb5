//! The rows: how they are written, and how one is run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use overlay_resolver::catalog::Catalog;
use overlay_resolver::root::Root;
use overlay_resolver::{Document, Resolver, Rules};
use serde::Deserialize;

use crate::result::{Result as Outcome, Values};
use crate::tree::{Made, Node};

/// A file of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    /// Rule sets by the names that the rows use; others are the crate's own.
    #[serde(default)]
    rules: BTreeMap<String, toml::Table>,
    /// Trees that several rows share.
    #[serde(default)]
    trees: BTreeMap<String, Tree>,
    #[serde(rename = "row")]
    rows: Vec<Row>,
}

/// What stands at which path. The root's own path, `{root}` in links and layers, is not known before.
type Tree = BTreeMap<String, Node>;

/// A tree, a path in it and what that comes to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Row {
    /// Unique in the table, once the name of its file stands before it.
    pub(crate) id: String,
    /// What is worth knowing about it.
    #[serde(rename = "note")]
    _note: Option<String>,
    /// Why no rule set does this.
    pub(crate) not_reproduced: Option<String>,
    /// A name, TOML, or `catalog` for those of the path's consumer.
    rules: Option<Named<toml::Table>>,
    path: Option<String>,
    tree: Option<Named<Tree>>,
    /// Whether the tree is seen from the host's root instead of being one.
    #[serde(default)]
    from_host: bool,
    /// The files that count, in the order in which they are merged.
    files: Option<Vec<String>>,
    /// All that applies, by `SECTION/KEY`, or `KEY` alone.
    keys: Option<BTreeMap<String, Values>>,
    /// What the entry is, if it matters.
    status: Option<String>,
    /// Whether the consumer loads anything.
    loads: Option<bool>,
    /// `LEVEL PATH:LINE`, the line where there is one, of every error and warning, and of any note.
    #[serde(default)]
    findings: BTreeSet<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Named<T> {
    Name(String),
    Value(T),
}

/// The whole table.
pub(crate) fn all() -> Vec<Row> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/data");
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let rows: Vec<_> = files.iter().flat_map(|file| read(file)).collect();
    let ids: BTreeSet<_> = rows.iter().map(|row| &row.id).collect();
    assert_eq!(ids.len(), rows.len(), "an id is used twice: {ids:#?}");
    rows
}

fn read(file: &Path) -> Vec<Row> {
    let source: Source = toml::from_str(&fs::read_to_string(file).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let named = |row: Row| Row {
        id: format!("{stem}/{}", row.id),
        rules: row.rules.map(|rules| rules.found_in(&source.rules)),
        tree: row.tree.map(|tree| tree.found_in(&source.trees)),
        ..row
    };
    source.rows.into_iter().map(named).collect()
}

impl<T: Clone> Named<T> {
    fn found_in(self, known: &BTreeMap<String, T>) -> Self {
        match self {
            Self::Name(name) => known
                .get(&name)
                .cloned()
                .map_or(Self::Name(name), Self::Value),
            value @ Self::Value(_) => value,
        }
    }
}

impl Row {
    /// Resolves the tree and compares; the error tells both sides.
    pub(crate) fn run(&self) -> Result<(), String> {
        if let Some(reason) = &self.not_reproduced {
            return Err(reason.clone());
        }
        let expected = self.expected()?;
        let Some(Named::Value(tree)) = &self.tree else {
            return Err(format!("no such tree: {:?}", self.tree));
        };
        let made = Made::new(tree);
        let path = self.path.as_deref().ok_or("no path")?;
        let root = if self.from_host {
            Path::new("/")
        } else {
            made.path()
        };
        let root = Root::open(root).map_err(|error| error.to_string())?;
        let resolver = Resolver::new(root).rules(self.rules(&made)?);
        let wanted = &self.findings;
        let found = Outcome::of(&document(&resolver, path)?, &made, wanted).like(&expected);
        if found != expected {
            return Err(format!("expected\n{expected}found\n{found}"));
        }
        // What nobody asked the history of comes to the same.
        let document = document(&resolver.with_history(), path)?;
        let history = Outcome::of(&document, &made, wanted).like(&expected);
        if history != expected {
            return Err(format!("without history\n{expected}with it\n{history}"));
        }
        Ok(())
    }

    fn expected(&self) -> Result<Outcome, String> {
        let expected = Outcome {
            files: self.files.clone(),
            keys: self.keys.clone(),
            status: self.status.clone(),
            loads: self.loads.unwrap_or(true),
            findings: self.findings.clone(),
        };
        let says_nothing = expected.files.is_none()
            && expected.keys.is_none()
            && expected.status.is_none()
            && self.loads.is_none();
        if says_nothing {
            return Err("the row expects nothing".to_owned());
        }
        Ok(expected)
    }

    fn rules(&self, made: &Made) -> Result<Rules, String> {
        match self.rules.as_ref().ok_or("no rules")? {
            Named::Name(name) if name == "catalog" => {
                let path = self.path.as_deref().unwrap_or_default();
                Catalog::built_in().rules(Path::new(path))
            }
            Named::Name(name) => Rules::named(name),
            Named::Value(rules) => {
                let text = made.fill_in(&rules.to_string());
                let rules = Rules::from_toml(Path::new(&self.id), text.as_bytes());
                return rules.map_err(|finding| finding.to_string());
            }
        }
        .ok_or_else(|| format!("no such rules: {:?}", self.rules))
    }
}

/// The document at a path; some consumers read the drop-ins that lie in their layers' own directories.
fn document(resolver: &Resolver, path: &str) -> Result<Document, String> {
    if path.is_empty() {
        return Ok(resolver.configuration_at(path.into()).document());
    }
    resolver.resolve(path).map_err(|error| error.to_string())
}
