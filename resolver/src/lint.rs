//! Lints: what works, and probably not as somebody meant it.
//!
//! A lint is a pure function over one merged [`Document`] and the [`Rules`] that it was merged by, and
//! one row of [`LINTS`], with a name that stays. [`Resolver::check`] resolves a path and runs them all;
//! what is found at scanning and merging comes with it, under names of its own
//! ([`broken-file`](LINTS), …), so that every finding of a check can be selected by name.
//!
//! ```
//! use overlay_resolver::{Resolver, tree::Tree};
//!
//! let tree = Tree::default()
//!     .with("/etc/app.d/9-port.conf".as_ref(), "Port=80\n")
//!     .with("/etc/app.d/10-port.conf".as_ref(), "Port=8080\n");
//! let findings = Resolver::new(tree).check("app.d")?;
//! assert!(findings.iter().any(|finding| finding.code == Some("number-prefix")));
//! # Ok::<(), overlay_resolver::PathError>(())
//! ```
//!
//! What is normal is no finding: a vendor's file that `/etc` overrides or masks, a link from one layer
//! into another, a drop-in without a main file.

mod files;
mod install;
mod keys;
mod links;
mod masks;
mod names;
mod order;
mod seen;
#[cfg(test)]
mod tests;
mod unknown;

use std::path::{Path, PathBuf};

pub use self::seen::LINE as BROKEN_LINE;
use crate::configuration::{Configuration, PathError};
use crate::document::{Assignment, Document, State};
use crate::finding::{Finding, Level};
use crate::resolver::Resolver;
use crate::rules::{DropIns, Layer, Rules, Shape};
use crate::scan::Fragment;

/// One thing to look for.
#[derive(Debug, Clone, Copy)]
pub struct Lint {
    /// Its name, which stays.
    pub name: &'static str,
    /// The highest level of what it finds.
    pub level: Level,
    /// What it finds, in one sentence.
    pub summary: &'static str,
    look: Look,
}

/// How a lint looks.
#[derive(Debug, Clone, Copy)]
enum Look {
    /// Scanning or merging found it already.
    Seen,
    /// At a document.
    At(fn(&Subject<'_>) -> Vec<Finding>),
}

/// What the lints look at.
#[derive(Debug)]
struct Subject<'s> {
    document: &'s Document,
    rules: &'s Rules,
    /// Files in the directory of the main file that are named as drop-ins are.
    beside: &'s [PathBuf],
    /// The assignments of each key, in ledger order.
    keys: Vec<Vec<Assignment<'s>>>,
    /// Those of each file.
    files: Vec<Vec<Assignment<'s>>>,
}

const fn lint(
    name: &'static str,
    level: Level,
    summary: &'static str,
    look: fn(&Subject<'_>) -> Vec<Finding>,
) -> Lint {
    let look = Look::At(look);
    Lint {
        name,
        level,
        summary,
        look,
    }
}

const fn seen(name: &'static str, level: Level, summary: &'static str) -> Lint {
    let look = Look::Seen;
    Lint {
        name,
        level,
        summary,
        look,
    }
}

/// All lints, by name.
pub const LINTS: &[Lint] = &[
    seen(
        seen::DIRECTORY,
        Level::Error,
        "a directory of a layer that cannot be listed, so nobody can tell what is masked there",
    ),
    seen(
        seen::FILE,
        Level::Error,
        "a name taken by what cannot be read: a link to nothing or in a circle, a directory, a device, a file of more than 16 MiB",
    ),
    seen(
        seen::LINE,
        Level::Error,
        "a line that its consumer refuses; a warning if it passes over that line only",
    ),
    lint(
        "carriage-return",
        Level::Warning,
        "a line that ends in CR LF, where the CR is taken for a part of what stands before it",
        keys::carriage_return,
    ),
    lint(
        "duplicate-key",
        Level::Warning,
        "a key that stands twice in one file, although it has one value",
        keys::duplicate_key,
    ),
    lint(
        "empty-file-masks",
        Level::Info,
        "a mask that is an empty file, which may be an accident; a link to /dev/null is meant",
        masks::empty_file_masks,
    ),
    lint(
        "install-not-read",
        Level::Warning,
        "`[Install]` in a drop-in for all units of a prefix or type, which `systemctl enable` ignores",
        install::install_not_read,
    ),
    lint(
        "link-leaves-root",
        Level::Warning,
        "a link that leads elsewhere for a program that does not resolve it inside the root",
        links::link_leaves_root,
    ),
    lint(
        "locale-order",
        Level::Warning,
        "two files that set one key, and whose names sort the other way round by locale or number",
        names::locale_order,
    ),
    lint(
        "loses-always",
        Level::Warning,
        "a drop-in of the owner that changes nothing, because later files supersede all of it",
        order::loses_always,
    ),
    lint(
        "mask-of-nothing",
        Level::Warning,
        "a mask whose name no lower layer has",
        masks::mask_of_nothing,
    ),
    lint(
        "multi-valued",
        Level::Info,
        "a key with several assignments, of which nothing says what they come to",
        keys::multi_valued,
    ),
    lint(
        "not-utf8",
        Level::Warning,
        "a value that is not UTF-8",
        keys::not_utf8,
    ),
    lint(
        "number-prefix",
        Level::Info,
        "a drop-in of the owner whose name does not begin with two digits",
        names::number_prefix,
    ),
    lint(
        "same-value",
        Level::Info,
        "an override that says what the lower layer says already",
        keys::same_value,
    ),
    seen(
        seen::SWITCH,
        Level::Warning,
        "a file that says itself when it counts, which is not looked at",
    ),
    lint(
        "unknown-key",
        Level::Warning,
        "a key or a section that the consumer does not know and ignores, with what may be meant",
        unknown::unknown_key,
    ),
    lint(
        "unprintable-name",
        Level::Warning,
        "a file name with control characters, invisible ones, or bytes that are not UTF-8",
        names::unprintable_name,
    ),
    lint(
        files::UNREACHABLE,
        Level::Warning,
        "a file that can never have an effect, because of its name or its place",
        files::unreachable_file,
    ),
    lint(
        "unread",
        Level::Warning,
        "assignments that the consumer does not read, because of a line that it refuses",
        keys::unread,
    ),
    lint(
        "vendor-beats-admin",
        Level::Warning,
        "a key of the owner's main file that a drop-in of a lower layer supersedes",
        order::vendor_beats_admin,
    ),
];

/// The lint of this name.
pub fn named(name: &str) -> Option<&'static Lint> {
    LINTS.iter().find(|lint| lint.name == name)
}

/// Whether what the lint of this name finds does not depend on how a consumer reads a file and
/// which names it looks at.
pub fn holds_for_every_consumer(name: &str) -> bool {
    matches!(
        name,
        seen::DIRECTORY
            | seen::FILE
            | "empty-file-masks"
            | "link-leaves-root"
            | "mask-of-nothing"
            | "same-value"
            | "unprintable-name"
    )
}

impl Resolver {
    /// All that [`LINTS`] find about the configuration path `path`, what scanning and merging found
    /// included; the worst first, then by place.
    ///
    /// # Errors
    /// No layer can have such a path.
    pub fn check(&self, path: impl AsRef<Path>) -> Result<Vec<Finding>, PathError> {
        Ok(self.configuration(path)?.check())
    }
}

impl Configuration {
    /// The same of this path.
    pub fn check(&self) -> Vec<Finding> {
        let (rules, found) = (self.rules(), self.clone().with_history().resolve());
        let mut findings = seen::in_directory(rules, found.findings);
        let beside = self.beside();
        for document in &found.documents {
            findings.extend(check(document, rules, &beside));
        }
        let mut findings = self.judged(findings.into_iter(), |finding| {
            finding.code == Some(BROKEN_LINE)
        });
        findings.sort();
        findings.dedup();
        findings
    }

    /// What lies in the directories of a main file and is named as its drop-ins are: `50-mine.conf`.
    fn beside(&self) -> Vec<PathBuf> {
        let path = self.path();
        let rules = self.rules().for_document(path);
        let parent = path.parent().unwrap_or(Path::new(""));
        let has_drop_ins = matches!(rules.drop_ins, DropIns::Beside | DropIns::Named(_));
        let is_document = rules.shape_of(path) == Shape::Document;
        // A document in a `.d` directory has a consumer that reads them all.
        if !has_drop_ins || !is_document || parent.extension().is_some_and(|end| end == "d") {
            return Vec::new();
        }
        let mut beside = Vec::new();
        for layer in &rules.layers {
            let directory = layer.base().join(parent);
            let Ok(Some(dir)) = self.tree().dir(&directory) else {
                continue;
            };
            let mut names = dir.names().unwrap_or_default();
            names.retain(|name| {
                names::number(name).is_some()
                    && rules.classify_drop_in(name).is_none()
                    && Some(name.as_os_str()) != path.file_name()
            });
            beside.extend(names.iter().map(|name| directory.join(name)));
        }
        beside
    }
}

/// What all lints say of a document.
fn check(document: &Document, rules: &Rules, beside: &[PathBuf]) -> Vec<Finding> {
    let rules = rules.for_document(document.entry().name.as_ref());
    let subject = Subject::new(document, &rules, beside);
    let mut findings = seen::in_document(document);
    for lint in LINTS {
        if let Look::At(look) = lint.look {
            let found = look(&subject).into_iter();
            findings.extend(found.map(|finding| finding.of_lint(lint.name)));
        }
    }
    findings
}

impl<'s> Subject<'s> {
    /// Whether a drop-in is for this document alone, and not for all of a template, prefix or type.
    fn is_its_own(&self, drop_in: &Fragment) -> bool {
        let mut directory = self.document.entry().name.clone();
        directory.push(".d");
        let parent = drop_in.path.parent().and_then(Path::file_name);
        self.rules.drop_ins != DropIns::Unit || parent == Some(&directory)
    }

    fn new(document: &'s Document, rules: &'s Rules, beside: &'s [PathBuf]) -> Self {
        let mut keys = vec![Vec::new(); document.keys().count()];
        let mut files = vec![Vec::new(); document.entry().fragments.len()];
        // An opaque text is the value of a key without a name, about which nothing can be said.
        let named = |assignment: &Assignment<'_>| !assignment.key().is_empty();
        for assignment in document.assignments().filter(named) {
            if let Some(key) = keys.get_mut(assignment.key_id().index()) {
                key.push(assignment);
            }
            if let Some(file) = files.get_mut(assignment.fragment_index()) {
                file.push(assignment);
            }
        }
        Self {
            document,
            rules,
            beside,
            keys,
            files,
        }
    }

    fn fragments(&self) -> &'s [Fragment] {
        &self.document.entry().fragments
    }

    fn is_owners(&self, layer: &Layer) -> bool {
        is_owners(self.rules, layer)
    }

    fn is_below(&self, lower: &Layer, higher: &Layer) -> bool {
        self.rules.rank(lower) < self.rules.rank(higher)
    }
}

/// Whether the machine's owner keeps files in this layer: `/etc`, or the highest one where the rules
/// have none there.
fn is_owners(rules: &Rules, layer: &Layer) -> bool {
    let in_etc = |layer: &Layer| layer.base().starts_with("/etc");
    if rules.layers.iter().any(in_etc) {
        in_etc(layer)
    } else {
        rules.layers.last() == Some(layer)
    }
}

/// Whether the consumer read it, and something else counts instead.
fn is_beaten(assignment: &Assignment<'_>) -> bool {
    matches!(assignment.state(), State::Superseded | State::Reset)
}

/// A finding about an assignment, with its place.
fn about(assignment: &Assignment<'_>, level: Level, message: impl Into<String>) -> Finding {
    Finding::new(level, &assignment.fragment().path, message)
        .at(assignment.line())
        .spanning(assignment.span())
}

/// `Key=value` for a message, cut where it is long.
fn pair(assignment: &Assignment<'_>) -> String {
    const LONGEST: usize = 40;
    let value = crate::escape::escape(assignment.value()).to_string();
    let key = crate::escape::escape(assignment.key());
    match value.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{key}={}…", value.get(..cut).unwrap_or_default()),
        None => format!("{key}={value}"),
    }
}
