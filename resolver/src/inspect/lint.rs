//! Lints: what works, and probably not as somebody meant it.
//!
//! A lint is a pure function over one merged [`Document`] and the [`Rules`] that it was merged by, and
//! one row of [`LINTS`]; its name is the [`Code`] of what it finds. [`Resolver::check`] resolves a path and
//! runs them all. What scanning and merging found comes with it, as rows of the same table, so every
//! finding of a check can be selected by name.
//!
//! ```
//! use overlay_resolver::{Resolver, tree::Tree};
//!
//! let tree = Tree::default()
//!     .with("/etc/app.d/9-port.conf".as_ref(), "Port=80\n")
//!     .with("/etc/app.d/10-port.conf".as_ref(), "Port=8080\n");
//! let findings = Resolver::new(tree).check("app.d")?;
//! assert!(findings.iter().any(|finding| finding.code.name() == "number-prefix"));
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

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::configuration::{Configuration, PathError};
use crate::document::{Assignment, Document, State};
use crate::finding::{Code, ENOUGH, Finding, Level, code};
use crate::resolver::Resolver;
use crate::rules::{DropIns, Layer, Rules, Shape};
use crate::scan::Fragment;

/// One thing to look for.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Lint {
    /// The code of what it finds, whose name is its own.
    pub code: Code,
    /// The highest level of what it finds.
    pub level: Level,
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

impl Lint {
    /// One that somebody else looks for, who knows more of the files than how they are layered.
    pub const fn found_elsewhere(code: Code, level: Level) -> Self {
        seen(code, level)
    }
}

const fn lint(code: Code, level: Level, look: fn(&Subject<'_>) -> Vec<Finding>) -> Lint {
    let look = Look::At(look);
    Lint { code, level, look }
}

const fn seen(code: Code, level: Level) -> Lint {
    let look = Look::Seen;
    Lint { code, level, look }
}

/// All lints, by name.
pub const LINTS: &[Lint] = &[
    seen(code::ALIAS_DROP_INS, Level::Warning),
    seen(code::BROKEN_DIRECTORY, Level::Error),
    seen(code::BROKEN_FILE, Level::Error),
    seen(code::BROKEN_LINE, Level::Error),
    lint(code::CARRIAGE_RETURN, Level::Warning, keys::carriage_return),
    lint(code::DUPLICATE_KEY, Level::Warning, keys::duplicate_key),
    lint(code::EMPTY_FILE_MASKS, Level::Info, masks::empty_file_masks),
    lint(
        code::INSTALL_NOT_READ,
        Level::Warning,
        install::install_not_read,
    ),
    lint(
        code::LINK_LEAVES_ROOT,
        Level::Warning,
        links::link_leaves_root,
    ),
    lint(code::LOCALE_ORDER, Level::Warning, names::locale_order),
    lint(code::LOSES_ALWAYS, Level::Warning, order::loses_always),
    lint(
        code::MASK_OF_NOTHING,
        Level::Warning,
        masks::mask_of_nothing,
    ),
    lint(code::MULTI_VALUED, Level::Info, keys::multi_valued),
    seen(code::NO_UNIT, Level::Warning),
    lint(code::NOT_UTF8, Level::Warning, keys::not_utf8),
    lint(code::NUMBER_PREFIX, Level::Info, names::number_prefix),
    seen(code::PART_OF, Level::Warning),
    lint(code::SAME_VALUE, Level::Info, keys::same_value),
    seen(code::SWITCHED_FILE, Level::Warning),
    seen(code::UNFIT_KEY, Level::Error),
    lint(code::UNKNOWN_KEY, Level::Warning, unknown::unknown_key),
    lint(
        code::UNPRINTABLE_NAME,
        Level::Warning,
        names::unprintable_name,
    ),
    lint(
        code::UNREACHABLE_FILE,
        Level::Warning,
        files::unreachable_file,
    ),
    lint(code::UNREAD, Level::Warning, keys::unread),
    lint(
        code::VENDOR_BEATS_ADMIN,
        Level::Warning,
        order::vendor_beats_admin,
    ),
];

/// The lint of this name.
pub fn named(name: &str) -> Option<&'static Lint> {
    LINTS.iter().find(|lint| lint.code.name() == name)
}

/// Whether what has this code does not depend on how a consumer reads a file and which names it looks at.
pub fn holds_for_every_consumer(code: Code) -> bool {
    matches!(
        code,
        code::BROKEN_DIRECTORY
            | code::BROKEN_FILE
            | code::EMPTY_FILE_MASKS
            | code::LINK_LEAVES_ROOT
            | code::MASK_OF_NOTHING
            | code::SAME_VALUE
            | code::UNPRINTABLE_NAME
    )
}

impl Resolver {
    /// All that [`LINTS`] find about the configuration path `path`, what scanning and merging found
    /// included; the worst first, then by place. Of one file, a lint tells a thousand findings, and that there are more.
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
        let of_bundles = self.of_bundles(&found);
        let mut findings = seen::in_directory(rules, found.findings);
        findings.extend(of_bundles);
        let beside = self.beside(&mut findings);
        for document in &found.documents {
            findings.extend(check(document, rules, &beside));
        }
        findings.sort();
        findings.dedup();
        findings
    }

    /// What lies in the directories of a main file and is named as its drop-ins are: `50-mine.conf`. A directory of
    /// which nobody can tell is a finding.
    fn beside(&self, findings: &mut Vec<Finding>) -> Vec<PathBuf> {
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
            // That it cannot be opened is told where the main file is looked for in it.
            let Ok(Some(dir)) = self.tree().dir(&directory) else {
                continue;
            };
            let mut names = match dir.names() {
                Ok(names) => names,
                Err(why) => {
                    let message = format!(
                        "cannot be listed: {why}; so nobody can tell whether a drop-in lies here by mistake"
                    );
                    findings.push(code::BROKEN_DIRECTORY.warning(&directory, message));
                    continue;
                }
            };
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
            findings.extend(enough(look(&subject)));
        }
    }
    findings
}

/// What a lint found, where that is not more of a file than anybody reads.
fn enough(findings: Vec<Finding>) -> Vec<Finding> {
    if findings.len() <= ENOUGH {
        return findings;
    }
    let mut told = HashMap::new();
    let some = findings.into_iter().filter_map(|finding| {
        let told = told.entry(finding.path.clone()).or_insert(0);
        *told += 1;
        match *told {
            ..=ENOUGH => Some(finding),
            count if count == ENOUGH + 1 => Some(finding.of_more()),
            _ => None,
        }
    });
    some.collect()
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
            keys[assignment.key_id().index()].push(assignment);
            files[assignment.file().index()].push(assignment);
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
        self.rules.is_owners(layer)
    }

    fn is_below(&self, lower: &Layer, higher: &Layer) -> bool {
        self.rules.rank(lower) < self.rules.rank(higher)
    }
}

/// Whether the consumer read it, and something else counts instead.
fn is_beaten(assignment: &Assignment<'_>) -> bool {
    matches!(assignment.state(), State::Superseded | State::Reset)
}

/// A finding about an assignment, with its place.
fn about(
    code: Code,
    level: Level,
    assignment: &Assignment<'_>,
    message: impl Into<String>,
) -> Finding {
    code.finding(level, &assignment.fragment().path, message)
        .at(assignment.line())
        .spanning(assignment.span())
}

/// `Key=value` for a message, cut where it is long.
fn pair(assignment: &Assignment<'_>) -> String {
    const LONGEST: usize = 40;
    let value = crate::escape::escape(assignment.value()).to_string();
    let key = crate::escape::escape(assignment.key());
    match value.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{key}={}…", &value[..cut]),
        None => format!("{key}={value}"),
    }
}
