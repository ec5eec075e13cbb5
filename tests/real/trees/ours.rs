//! What overlayctl answers for a path of a root.

use std::collections::BTreeMap;
use std::path::Path;

use overlay_resolver::document::Key;
use overlay_resolver::format::Node;
use overlay_resolver::scan::State;
use overlay_resolver::schema::{KeyKind, Merge};
use overlay_resolver::{Assignment, Resolver, Rules};

/// A configuration as overlayctl sees it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Whether the consumer loads anything at all.
    pub(crate) loads: bool,
    /// Every file that was found and what became of it, in merge order.
    pub(crate) files: Vec<(String, State)>,
    /// What each section's keys come to: several values where they add up.
    pub(crate) values: BTreeMap<(String, String), Vec<String>>,
}

/// Sections and keys, with one value each.
pub(crate) type Pairs = BTreeMap<(String, String), String>;

impl Answer {
    /// The files that count, in order.
    pub(crate) fn effective(&self) -> impl Iterator<Item = &str> {
        (self.files.iter())
            .filter(|(_, state)| *state == State::Effective)
            .map(|(path, _)| &**path)
    }

    /// Sections and keys with their values as one text.
    pub(crate) fn joined(&self, separator: &str) -> Pairs {
        (self.values.iter())
            .map(|(key, values)| (key.clone(), values.join(separator)))
            .collect()
    }
}

/// What overlayctl answers for `path` below the layers of `root`, by these rules.
pub(crate) fn ours(root: &Path, rules: &Rules, path: &str) -> Answer {
    let resolver = Resolver::open(root).unwrap().rules(rules.clone());
    let document = resolver.resolve(path).unwrap();
    let files = document.entry().fragments.iter();
    let values = document.keys().filter_map(|key| {
        let name = (key.section().to_string(), key.name().to_string());
        let applied = key.applied();
        (!applied.is_empty()).then(|| (name, values(&key, &applied)))
    });
    Answer {
        loads: document.loads(),
        files: files
            .map(|file| (file.path.display().to_string(), file.state.clone()))
            .collect(),
        values: values.collect(),
    }
}

/// The elements of a list, the value of anything else.
fn values(key: &Key<'_>, applied: &[Assignment<'_>]) -> Vec<String> {
    let typed: Vec<&Node> = applied.iter().filter_map(Assignment::node).collect();
    if !typed.is_empty() {
        return typed.into_iter().flat_map(elements).collect();
    }
    if key.kind().is_some_and(|kind| is_list(*kind)) {
        return key.items().iter().map(|item| text(item)).collect();
    }
    applied
        .last()
        .map(|last| text(last.value()))
        .into_iter()
        .collect()
}

const fn is_list(kind: KeyKind) -> bool {
    matches!(kind.merge, Merge::Append | Merge::Map | Merge::Set)
}

fn elements(node: &Node) -> Vec<String> {
    match node {
        Node::Array(elements) => elements.iter().flat_map(elements_of_one).collect(),
        node => elements_of_one(node),
    }
}

/// A scalar as text; a table without keys says nothing.
fn elements_of_one(node: &Node) -> Vec<String> {
    match node {
        Node::Null => vec![],
        Node::Boolean(value) => vec![value.to_string()],
        Node::Integer(value) => vec![value.to_string()],
        Node::Float(value) => vec![value.to_string()],
        Node::String(value) | Node::Datetime(value) => vec![value.clone()],
        Node::Array(elements) => vec![format!("{elements:?}")],
        Node::Table(keys) if keys.is_empty() => vec![],
        Node::Table(keys) => vec![format!("{keys:?}")],
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
