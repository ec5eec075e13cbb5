//! The definitions of adapters: which there are, which layers they read and which target they write.
//!
//! They are layered configuration themselves: `overlayctl/adapters.d/NAME.toml` is one adapter. What
//! overlayctl is built with is the lowest layer, so a file of the same name replaces a definition, an
//! empty one switches it off, a drop-in `NAME.toml.d/*.toml` changes single keys, and a file of another
//! name is another adapter.

pub(crate) mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::{Finding, Level};
use overlay_resolver::root::Root;
use overlay_resolver::rules::{Layer, Rules, Shape};
use overlay_resolver::scan::Status;
use overlay_resolver::tree::Tree;
use overlay_resolver::typed::Located;
use overlay_resolver::{Catalog, Collection, Document, Resolver};
use serde::Deserialize;

use self::text::Text;
use crate::code;
use crate::registry::{KINDS, Kind};
use crate::route::SourcePath;
use crate::source::{mistake, path_of};
use crate::work::Work;

/// Where definitions lie below every layer.
pub const DIRECTORY: &str = "overlayctl/adapters.d";
const SUFFIX: &str = ".toml";

/// The layer that is in no tree: what overlayctl is built with.
const BUILT_IN: &str = "/built-in";

/// One adapter, as it is defined.
#[derive(Debug)]
pub struct Definition {
    /// Its name, which is that of the file: what its entries are reported under.
    pub name: String,
    pub(crate) work: Work,
}

/// What every file has.
#[derive(Deserialize)]
struct AnyFile {
    kind: Option<Located<String>>,
}

/// The definitions that hold in this root, in the order of their names, and what is wrong with the others.
///
/// One that cannot be used is left out with an error, and nothing is assumed in its place. Where a
/// directory of definitions cannot be listed, none can be used: any of them may be masked there.
pub fn load(root: &Root) -> (Vec<Definition>, Vec<Finding>) {
    let (definitions, mut findings) = if is_overlaid(root) {
        read(root)
    } else {
        (built_in(), Vec::new())
    };
    let definitions = without_rivals(root, definitions, &mut findings);
    findings.sort();
    findings.dedup();
    (definitions, findings)
}

/// A definition with the file that it is from.
type Placed = (Definition, PathBuf);

/// Whether a layer has a directory of definitions. If not, those that overlayctl is built with are all.
fn is_overlaid(root: &Root) -> bool {
    let rules = rules().stacked(root.bundles());
    let mut directories = rules
        .layers()
        .iter()
        .map(|layer| layer.base().join(DIRECTORY));
    directories.any(|directory| !matches!(root.dir(&directory), Ok(None)))
}

/// What overlayctl is built with. To merge what has nothing over it took a tenth of a run.
fn built_in() -> Vec<Placed> {
    // An empty text turns one off.
    let kinds = KINDS.iter().filter(|kind| !kind.built_in.is_empty());
    let each = kinds.map(|kind| {
        let work = (kind.open)(kind.name, Text::BuiltIn(kind.built_in));
        let definition = Definition {
            name: kind.name.into(),
            work: work.expect("the tests read each of them"),
        };
        (definition, built_in_path(kind))
    });
    each.collect()
}

fn built_in_path(kind: &Kind) -> PathBuf {
    let directory = Path::new(BUILT_IN).join(DIRECTORY);
    directory.join(format!("{}{SUFFIX}", kind.name))
}

/// The definitions that the layers come to.
fn read(root: &Root) -> (Vec<Placed>, Vec<Finding>) {
    let Collection {
        documents,
        mut findings,
        complete,
        ..
    } = Resolver::new(with_built_in(Tree::from(root.clone())))
        .with_catalog(Catalog::empty())
        .rules(source().rules)
        .configuration_at(DIRECTORY.into())
        .resolve();
    let mut definitions = Vec::new();
    for document in documents {
        findings.extend(document.findings().cloned());
        match Definition::read(&document) {
            Ok(definition) => {
                definitions.extend(definition.map(|definition| (definition, path_of(&document))));
            }
            Err(finding) => findings.push(finding),
        }
    }
    if !complete {
        definitions.clear();
    }
    (definitions, findings)
}

/// Those that have a target for themselves. Of several with one target, be it by a symlink, none is used.
fn without_rivals(
    root: &Root,
    definitions: Vec<Placed>,
    findings: &mut Vec<Finding>,
) -> Vec<Definition> {
    let wary = root.for_writing();
    let mut by_target = BTreeMap::<PathBuf, Vec<usize>>::new();
    for (number, (definition, _)) in definitions.iter().enumerate() {
        let target = definition.work.route().target();
        // A symlink that is not followed to write makes nobody a rival: its owner could switch the other off.
        let end = wary.chase(&target).unwrap_or(target);
        by_target.entry(end).or_default().push(number);
    }
    // Each is told of the first of the others.
    let mut rivals = BTreeMap::new();
    for sharing in by_target.values() {
        if let [first, second, ..] = **sharing {
            let others = sharing.iter().skip(1).map(|&other| (other, first));
            rivals.extend(others.chain([(first, second)]));
        }
    }
    findings.extend(rivals.iter().map(|(&one, &other)| {
        let (definition, path) = &definitions[one];
        let message = format!(
            "writes {}, as {} does: each would take for withdrawn what the other brought; give one of them another target, or switch it off",
            escape_path(&definition.work.route().target()),
            definitions[other].0.name
        );
        code::BAD_DEFINITION.error(path, message)
    }));
    let numbered = definitions.into_iter().enumerate();
    let alone = numbered.filter(|(number, _)| !rivals.contains_key(number));
    alone.map(|(_, (definition, _))| definition).collect()
}

/// The definitions as a configuration path like any other, in a tree [`with_built_in`].
pub(crate) fn source() -> SourcePath {
    SourcePath {
        path: DIRECTORY.into(),
        adapter: "files".into(),
        rules: rules(),
        whole: false,
    }
}

fn rules() -> Rules {
    let usual = Rules::default();
    let usual = usual.layers().iter().map(Layer::base);
    let rules = Rules::builder()
        .layers([Path::new(BUILT_IN)].into_iter().chain(usual))
        .shape(Shape::Entries)
        .suffix(SUFFIX)
        .main_decides(true)
        .drop_in_suffix(SUFFIX)
        .format("toml");
    rules.build().expect("nothing in them can be wrong")
}

/// The same tree, with the definitions that overlayctl is built with in a layer of their own.
pub(crate) fn with_built_in(tree: Tree) -> Tree {
    KINDS.iter().fold(tree, |tree, kind| {
        tree.with(&built_in_path(kind), kind.built_in)
    })
}

/// Whether an adapter of this root may read one of these configuration paths, or a file in it; if not, none does.
///
/// This costs less than reading the definitions: where no layer has a directory of them, those that
/// overlayctl is built with are all, and a path that none of them quotes is not theirs.
pub(crate) fn may_concern(root: &Root, paths: &[&Path]) -> bool {
    let lines = KINDS.iter().flat_map(|kind| kind.built_in.lines());
    let lines = lines.filter(|line| !line.starts_with('#'));
    let quoted = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    let mut known = quoted.chain([DIRECTORY]);
    let is_at = |path: &Path, known: &str| {
        path.ends_with(known) || path.parent().is_some_and(|p| p.ends_with(known))
    };
    known.any(|known| paths.iter().any(|path| is_at(path, known))) || is_overlaid(root)
}

impl Definition {
    /// The adapter that a document defines; none if it is masked or has nothing but drop-ins.
    fn read(document: &Document) -> Result<Option<Self>, Finding> {
        match document.entry().status {
            Status::Masked(_) | Status::Headless => return Ok(None),
            Status::Effective if document.is_sound() => {}
            _ => return Err(unusable(document)),
        }
        let Some(name) = name_of(document) else {
            return Err(code::BAD_DEFINITION.error(
                path_of(document),
                "cannot be the name of an adapter: expected letters, digits, `-` and `_` before .toml",
            ));
        };
        let kind = kind_of(document, &name)?;
        let work = (kind.open)(&name, Text::Merged(document));
        let work = work.map_err(|error| mistake(code::BAD_DEFINITION, document, &error))?;
        Ok(Some(Self { name, work }))
    }
}

/// The kind that a file names; without one, the one that its name is.
fn kind_of(document: &Document, name: &str) -> Result<&'static Kind, Finding> {
    let file: AnyFile = document
        .deserialize()
        .map_err(|error| mistake(code::BAD_DEFINITION, document, &error))?;
    let word = file.kind.as_ref().map_or(name, |kind| &kind.value);
    let found = KINDS.iter().find(|kind| kind.name == word);
    found.ok_or_else(|| {
        let there_are = KINDS.iter().map(|kind| format!("{:?}", kind.name));
        let there_are = there_are.collect::<Vec<_>>().join(", ");
        match &file.kind {
            Some(place) => code::BAD_DEFINITION
                .error(
                    &place.path,
                    format!("kind = {word:?}: there are {there_are}"),
                )
                .at(place.line),
            None => code::BAD_DEFINITION.error(
                path_of(document),
                format!("has no kind; there are {there_are}"),
            ),
        }
    })
}

fn name_of(document: &Document) -> Option<String> {
    let name = document.entry().name.to_str()?.strip_suffix(SUFFIX)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (!name.is_empty() && name.chars().all(fits)).then(|| name.to_owned())
}

fn unusable(document: &Document) -> Finding {
    let errors = document.findings();
    let mut errors = errors.filter(|finding| finding.level == Level::Error);
    let error = errors.next().cloned();
    error.unwrap_or_else(|| code::BAD_DEFINITION.error(path_of(document), "cannot be used"))
}
