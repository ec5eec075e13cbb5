//! What the layers want of an adapter: a source read, merged and made into values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use overlay_resolver::bundle::Bundle;
use overlay_resolver::finding::{Code, Finding, Level};
use overlay_resolver::keyfile::{Keyfile, value};
use overlay_resolver::root::Root;
use overlay_resolver::rules::{Layer, Repeated, Rules, Shape};
use overlay_resolver::scan::{FileId, Fragment, Status};
use overlay_resolver::tree::Tree;
use overlay_resolver::typed::DeserializeError;
use overlay_resolver::{Catalog, Collection, Document, Resolver};

use crate::code;
use crate::keyed::entry::{Entry, FORMER_NAMES, OVERLAY};

/// The rules of a source whose entries are keyfiles that end with `suffix`: an entry is masked whole, and drop-ins
/// alone are none.
pub(crate) fn keyfile_entries(layers: Vec<Layer>, suffix: &str) -> Rules {
    let rules = Rules::builder()
        .layers(layers)
        .shape(Shape::Entries)
        .suffix(suffix)
        .main_decides(true)
        .format("gkeyfile")
        .repeated(Repeated::Last);
    rules.build().expect("nothing in them can be wrong")
}

/// The rules of a source whose entries are TOML files, and so are their drop-ins: an entry is masked whole, and
/// drop-ins alone are none.
pub(crate) fn toml_entries(layers: Vec<Layer>) -> Rules {
    let rules = Rules::builder()
        .layers(layers)
        .shape(Shape::Entries)
        .suffix(".toml")
        .drop_in_suffix(".toml")
        .main_decides(true)
        .format("toml");
    rules.build().expect("nothing in them can be wrong")
}

/// One source: its entries and what was found wrong with them.
#[derive(Debug)]
pub(crate) struct Source<T> {
    /// By name, without the suffix.
    pub(crate) entries: BTreeMap<String, Layered<T>>,
    /// The files beside them that are entries of their own and taken as a whole, by the name of the entry
    /// that they are for.
    pub(crate) beside: BTreeMap<String, Vec<Document>>,
    /// What is wrong with its directories and files.
    pub(crate) findings: Vec<Finding>,
    /// Whether an entry that is not here was withdrawn; otherwise it may just not be readable.
    pub(crate) complete: bool,
    /// Where a file stands above all others of its name: in the highest layer.
    pub(crate) top: PathBuf,
    /// The layers in which the machine's owner keeps files.
    pub(crate) owners: Vec<PathBuf>,
    /// The bundles that are chosen and of which nothing is read.
    pub(crate) refused: Vec<Bundle>,
}

impl<T> Default for Source<T> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            beside: BTreeMap::new(),
            findings: Vec::new(),
            complete: true,
            top: PathBuf::new(),
            owners: Vec::new(),
            refused: Vec::new(),
        }
    }
}

/// One entry of a source.
#[derive(Debug)]
pub(crate) struct Layered<T> {
    /// Its files and their assignments.
    pub(crate) document: Document,
    /// What they come to.
    pub(crate) want: Want<T>,
    /// The former names of an entry that cannot be read, as far as the lines of its files say them.
    pub(crate) former_names: Vec<String>,
}

impl<T> Layered<T> {
    /// These files, which come to that.
    pub(crate) fn new(document: Document, want: Want<T>) -> Self {
        let former_names = match &want {
            Want::Unresolved(_) => former_names(&document),
            Want::Present(_) | Want::Masked(_) | Want::Headless => Vec::new(),
        };
        Self {
            document,
            want,
            former_names,
        }
    }
}

/// What the layers want of an entry.
#[derive(Debug)]
pub(crate) enum Want<T> {
    /// It is to be there, like this.
    Present(T),
    /// This file masks it.
    Masked(PathBuf),
    /// It cannot be told; this finding says why.
    Unresolved(Finding),
    /// There are drop-ins only: for the target that is as good as nothing.
    Headless,
}

/// How an entry's merged document becomes a value.
pub(crate) type Read<T> = fn(&Document) -> (Option<T>, Vec<Finding>);

/// The files of a source, for the report on its entries.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    /// The adapter that the entries are reported under.
    pub(crate) adapter: String,
    /// What sentences call the object that an entry stands for, or that it is for.
    pub(crate) noun: &'static str,
    /// Whether an entry stands for a whole object.
    pub(crate) whole: bool,
    /// By the name of the entry.
    pub(crate) by_name: BTreeMap<String, Document>,
    /// What lies beside them, the same.
    pub(crate) beside: BTreeMap<String, Vec<Document>>,
    /// What is wrong with the source.
    pub(crate) findings: Vec<Finding>,
}

impl<T> Source<T> {
    /// Reads the source at a configuration path of a tree.
    pub(crate) fn read(tree: &Tree, rules: &Rules, path: &Path, read: Read<T>) -> Self {
        // The definition says how its paths are read.
        let resolver = Resolver::new(tree.clone())
            .with_catalog(Catalog::empty())
            .rules(rules.clone())
            .with_history();
        let Collection {
            documents,
            findings,
            complete,
            ..
        } = resolver.configuration_at(path.into()).resolve();
        let refused = tree.bundles().iter();
        let refused = refused.filter(|bundle| bundle.refusal().is_some());
        let mut source = Self {
            complete: complete
                && tree
                    .root()
                    .is_none_or(|root| has_vendor(root, rules.layers())),
            findings,
            entries: BTreeMap::new(),
            beside: BTreeMap::new(),
            top: top_of(rules, path),
            owners: owners(rules),
            refused: refused.cloned().collect(),
        };
        let blocked = (!complete).then(|| source.findings.first().cloned());
        let blocked = blocked.flatten();
        let mut entries = Vec::with_capacity(documents.len());
        for document in documents {
            source.findings.extend(document.findings().cloned());
            if let Some(name) = whole_for(&document, rules) {
                source.beside.entry(name).or_default().push(document);
                continue;
            }
            let Some(name) = stem(&document, rules) else {
                source.findings.extend(not_utf8(&document));
                continue;
            };
            let layered = source.layer(document, blocked.as_ref(), read);
            entries.push((name, layered));
        }
        // A map that is made at once is full, one that grows half empty.
        source.entries = entries.into_iter().collect();
        source
    }

    fn layer(
        &mut self,
        document: Document,
        blocked: Option<&Finding>,
        read: Read<T>,
    ) -> Layered<T> {
        let want = match (blocked, document.entry().status) {
            (Some(finding), _) => Want::Unresolved(finding.clone()),
            (None, Status::Masked(by)) => Want::Masked(document.entry()[by].path.clone()),
            (None, Status::Unusable) => Want::Unresolved(why_unusable(&document)),
            (None, Status::Headless) => Want::Headless,
            // What GLib does not load has no values.
            (None, Status::Effective) if !document.problems().is_empty() => {
                Want::Unresolved(why_unusable(&document))
            }
            (None, Status::Effective) => {
                let (value, findings) = read(&document);
                let first = findings.iter().min().cloned();
                self.findings.extend(findings);
                match (value, first) {
                    (Some(value), _) => Want::Present(value),
                    (None, Some(error)) => Want::Unresolved(error),
                    (None, None) => Want::Headless,
                }
            }
        };
        Layered::new(document, want)
    }
}

impl<T> Source<T> {
    /// The bundles of which files count for an entry or lie beside it, each once.
    pub(crate) fn bundles_of(&self, name: &str) -> Vec<&str> {
        let own = self.entries.get(name).map(|layered| &layered.document);
        let beside = self.beside.get(name).into_iter().flatten();
        let files = own
            .into_iter()
            .chain(beside)
            .flat_map(|document| document.entry().effective());
        let mut names: Vec<_> = files.filter_map(|file| file.layer.bundle()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether the layers have an entry of this name, be it a mask; drop-ins alone are none.
    pub(crate) fn has(&self, name: &str) -> bool {
        let layered = self.entries.get(name);
        layered.is_some_and(|layered| !matches!(layered.want, Want::Headless))
    }

    /// Whether an entry of this name may have to go: the layers do not want it, or mask what it was called before.
    pub(crate) fn may_go(&self, name: &str) -> bool
    where
        T: AsRef<Entry>,
    {
        let want = |name: &str| self.entries.get(name).map(|layered| &layered.want);
        match want(name) {
            Some(Want::Unresolved(_)) => false,
            Some(Want::Present(wanted)) => {
                let mut formers = wanted.as_ref().former_names.iter();
                formers.any(|former| matches!(want(former), Some(Want::Masked(_))))
            }
            Some(Want::Masked(_) | Want::Headless) | None => true,
        }
    }

    /// The names that its entries had before.
    pub(crate) fn former_names(&self) -> impl Iterator<Item = &str>
    where
        T: AsRef<Entry>,
    {
        let entries = self.entries.values();
        let wanted = entries.filter_map(|layered| match &layered.want {
            Want::Present(wanted) => Some(wanted.as_ref()),
            _ => None,
        });
        wanted.flat_map(|entry| entry.former_names.iter().map(String::as_str))
    }

    /// Whether a mask is its owner's, and no other vendor's.
    pub(crate) fn is_owners(&self, mask: &Path) -> bool {
        let mut layers = self.owners.iter();
        layers.any(|layer| mask.starts_with(layer))
    }

    /// Its files, once they have done their work.
    pub(crate) fn into_documents(
        self,
        adapter: &str,
        noun: &'static str,
        whole: bool,
    ) -> Documents {
        let documents = self.entries.into_iter();
        Documents {
            adapter: adapter.into(),
            noun,
            whole,
            by_name: documents
                .map(|(name, layered)| (name, layered.document))
                .collect(),
            beside: self.beside,
            findings: self.findings,
        }
    }
}

/// A configuration path in the highest layer.
fn top_of(rules: &Rules, path: &Path) -> PathBuf {
    let highest = rules.layers().last();
    highest.map_or_else(PathBuf::new, |layer| layer.base().join(path))
}

/// The layers in which the machine's owner keeps files.
fn owners(rules: &Rules) -> Vec<PathBuf> {
    let layers = rules.layers().iter();
    let owners = layers.filter(|layer| rules.is_owners(layer));
    owners.map(|layer| layer.base().to_owned()).collect()
}

/// What is wrong with an entry as a value.
pub(crate) fn mistake(code: Code, document: &Document, error: &DeserializeError) -> Finding {
    let path = error
        .path()
        .map_or_else(|| path_of(document), Path::to_owned);
    let message = match error.key() {
        Some(key) => format!("{key}: {}", error.message()),
        None => error.message().to_owned(),
    };
    let finding = code.error(path, message);
    error.line().into_iter().fold(finding, Finding::at)
}

/// The file that an entry is called by: the first that makes it, else the last of those that have its name.
pub(crate) fn path_of(document: &Document) -> PathBuf {
    let entry = document.entry();
    let fragment = entry.effective().next().or(entry.fragments.last());
    fragment.map_or_else(PathBuf::new, |fragment| fragment.path.clone())
}

/// The finding that makes an entry unusable.
pub(crate) fn why_unusable(document: &Document) -> Finding {
    let errors = document
        .findings()
        .filter(|finding| finding.level == Level::Error);
    errors
        .min()
        .cloned()
        .unwrap_or_else(|| code::UNUSABLE.error(&document.entry().name, "cannot be used"))
}

/// A tree without the directory that the vendor's layers lie in is not an image whose vendor withdrew
/// everything; something is not mounted.
fn has_vendor(root: &Root, layers: &[Layer]) -> bool {
    layers
        .first()
        .and_then(|vendor| {
            vendor
                .base()
                .ancestors()
                .find(|top| top.iter().count() == 2)
        })
        .is_none_or(|top| root.has_dir(top) == Ok(true))
}

/// The name of the entry that a file is for which is taken as a whole.
pub(crate) fn whole_for(document: &Document, rules: &Rules) -> Option<String> {
    let name = document.entry().name.to_str()?;
    let mut suffixes = rules.whole().iter().filter_map(|suffix| suffix.to_str());
    suffixes.find_map(|suffix| Some(name.strip_suffix(suffix)?.to_owned()))
}

/// What there is to say of files whose name is not UTF-8: of each, since what one of them hides here is read
/// by others all the same. No target can be told such a name, so nothing keeps its consumer from them.
pub(crate) fn not_utf8(document: &Document) -> Vec<Finding> {
    let entry = document.entry();
    let finding = |(at, file): (FileId, &Fragment)| {
        let advice = match entry.status {
            Status::Masked(by) if by == at => {
                "so this masks it for nobody else: remove it, and rename what it is to hide"
            }
            _ => "rename the file",
        };
        let message = format!("the name is not valid UTF-8; {advice}");
        code::BAD_NAME.error(&file.path, message)
    };
    entry.files().map(finding).collect()
}

/// The name of an entry: that of its files, without the suffix. None where that is not UTF-8.
pub(crate) fn stem(document: &Document, rules: &Rules) -> Option<String> {
    let name = document.entry().name.to_str()?;
    Some(name.strip_suffix(rules.suffix().to_str()?)?.to_owned())
}

/// `FormerNames=` of an entry whose files come to nothing, as far as their lines can be read: of each, since nobody can
/// tell which of them counts.
fn former_names(document: &Document) -> Vec<String> {
    let mut names = Vec::new();
    for fragment in &document.entry().fragments {
        let file = Keyfile::parse(fragment.text.as_slice());
        let lines = file
            .pairs()
            .filter(|pair| pair.group == OVERLAY.as_bytes() && pair.key == FORMER_NAMES.as_bytes());
        let lists = lines.filter_map(|pair| value::decode_list(pair.value).ok());
        names.extend(lists.flatten());
    }
    names
}
