//! Where two consumers of one tree would disagree: which files count, in which order, and what the keys
//! come to.
//!
//! Pure: two [`Document`]s of one configuration path, resolved by different rules. What has no effect
//! is not told of: of files only whether they count, and not what else is said of them; of keys only
//! what they come to, and not from where.
//!
//! ```
//! use overlay_resolver::inspect::disagreement::{Side, disagreements};
//! use overlay_resolver::{Resolver, Rules, tree::Tree};
//!
//! let tree = Tree::default()
//!     .with("/usr/lib/x.toml.d/z.toml".as_ref(), "k = 'z'\n")
//!     .with("/etc/x.toml.d/a.toml".as_ref(), "k = 'a'\n");
//! let [ours, theirs] = ["uapi6", "libeconf"].map(|name| {
//!     let rules = Rules::named(name).unwrap().into_builder();
//!     let rules = rules.layers(["/usr/lib", "/etc"]).drop_in_suffix(".toml").format("toml");
//!     let rules = rules.build().unwrap();
//!     Resolver::new(tree.clone()).rules(rules).configuration("x.toml").unwrap()
//! });
//! let [a, b] = [&ours, &theirs].map(|configuration| configuration.document());
//! let found = disagreements([
//!     Side { document: &a, rules: ours.rules() },
//!     Side { document: &b, rules: theirs.rules() },
//! ]);
//! // By name over all layers, or layer by layer: z wins here, a there.
//! assert_eq!(found.keys[0].name, "k");
//! assert_eq!(found.order.len(), 1);
//! ```

use std::path::Path;

use bstr::BStr;
use indexmap::{IndexMap, IndexSet};

use crate::account::{Account, Unread};
use crate::document::{Assignment, Document, Key, Refusal};
use crate::rules::Rules;
use crate::scan::Status;
use crate::schema::Merge;

/// One consumer.
#[derive(Debug, Clone, Copy)]
pub struct Side<'d> {
    /// What it makes of the files.
    pub document: &'d Document,
    /// The rules by which it reads them.
    pub rules: &'d Rules,
}

/// All in which two consumers differ.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Disagreements<'d> {
    /// One of them loads nothing. What else differs has no effect then and is not told of.
    pub refusal: Option<OneRefuses<'d>>,
    /// Keys that come to something else.
    pub keys: Vec<KeyDisagreement<'d>>,
    /// Keys that perhaps do: one consumer is known to take the last of several values, of the other
    /// nothing says whether it takes that or all.
    pub unsure: Vec<KeyDisagreement<'d>>,
    /// Files that count for one of them only.
    pub files: Vec<FileDisagreement<'d>>,
    /// The files that count for both, as each reads them, where that is not in the same order and has, or
    /// may have, an effect.
    pub order: Vec<[Vec<&'d Path>; 2]>,
}

/// One of the two loads nothing.
#[derive(Debug)]
#[non_exhaustive]
pub struct OneRefuses<'d> {
    /// Which of the two.
    pub side: usize,
    /// Why.
    pub refusal: Refusal<'d>,
}

/// A key that comes to something else.
#[derive(Debug)]
#[non_exhaustive]
pub struct KeyDisagreement<'d> {
    /// Its section.
    pub section: &'d BStr,
    /// Its name.
    pub name: &'d BStr,
    /// What it comes to for each; none where it has no value.
    pub sides: [Option<Key<'d>>; 2],
}

/// A file that counts for one of the two.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileDisagreement<'d> {
    /// The file.
    pub path: &'d Path,
    /// For which of the two it counts.
    pub counts_for: usize,
    /// Why not for the other.
    pub why: Account<'d>,
}

impl Disagreements<'_> {
    /// Whether the two come to the same, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.refusal.is_none()
            && self.keys.is_empty()
            && self.files.is_empty()
            && self.order.is_empty()
    }
}

/// Compares what two consumers make of one configuration path.
pub fn disagreements(sides: [Side<'_>; 2]) -> Disagreements<'_> {
    let refusals = sides.map(|side| side.document.refusal());
    match &refusals {
        [Some(_), Some(_)] => return Disagreements::default(),
        [None, None] => {}
        _ => {
            let refusal = refusals
                .into_iter()
                .enumerate()
                .find_map(|(side, refusal)| {
                    let refusal = refusal?;
                    Some(OneRefuses { side, refusal })
                });
            return Disagreements {
                refusal,
                ..Disagreements::default()
            };
        }
    }
    let seen = sides.map(Seen::new);
    let (keys, unsure) = keys(sides);
    // Where the keys are known and come to the same, their order has no effect.
    let has_effect = !keys.is_empty() || seen.iter().any(Seen::is_opaque);
    Disagreements {
        refusal: None,
        keys,
        unsure,
        files: files(&seen),
        order: order(&seen).filter(|_| has_effect).into_iter().collect(),
    }
}

/// The files, as one consumer sees them.
struct Seen<'d> {
    side: Side<'d>,
    files: IndexMap<&'d Path, Account<'d>>,
    /// Those of which it reads something, in their order. A file that assigns nothing says nothing,
    /// whether or not it counts.
    counting: IndexSet<&'d Path>,
}

impl<'d> Seen<'d> {
    fn new(side: Side<'d>) -> Self {
        let accounts = side.document.accounts();
        let files: IndexMap<_, _> = accounts
            .map(|(file, account)| (file.path.as_path(), account))
            .collect();
        let counting = files.iter().filter(|(_, account)| account.is_read());
        Self {
            counting: counting.map(|(path, _)| *path).collect(),
            files,
            side,
        }
    }

    /// Whether nobody can tell what is in the files.
    fn is_opaque(&self) -> bool {
        let mut assignments = self.side.document.assignments();
        assignments.any(|assignment| assignment.is_whole_file())
    }

    /// Why a file does not count, which the other consumer found.
    fn why_not(&self, path: &Path) -> Account<'d> {
        let Side { document, rules } = self.side;
        let found = self.files.get(path).cloned();
        found.unwrap_or_else(|| {
            Account::Unread(Unread::by(rules, path, document.entry().name.as_ref()))
        })
    }
}

fn files<'d>([first, second]: &[Seen<'d>; 2]) -> Vec<FileDisagreement<'d>> {
    let mut files = Vec::new();
    for (side, own, other) in [(0, first, second), (1, second, first)] {
        let only = own.counting.difference(&other.counting);
        files.extend(only.map(|path| FileDisagreement {
            path,
            counts_for: side,
            why: other.why_not(path),
        }));
    }
    files.sort_by_key(|file| file.path);
    files
}

fn order<'d>([a, b]: &[Seen<'d>; 2]) -> Option<[Vec<&'d Path>; 2]> {
    let both = |own: &Seen<'d>, other: &Seen<'d>| -> Vec<&'d Path> {
        let common = own.counting.intersection(&other.counting);
        common.copied().collect()
    };
    let [first, second] = [both(a, b), both(b, a)];
    (first != second).then_some([first, second])
}

/// The keys of which the two do not make the same, and those of which perhaps they do not.
fn keys<'d>(sides: [Side<'d>; 2]) -> (Vec<KeyDisagreement<'d>>, Vec<KeyDisagreement<'d>>) {
    let mut keys = IndexMap::<(&BStr, &BStr), [Option<Key<'d>>; 2]>::new();
    for (index, side) in sides.iter().enumerate() {
        if side.document.entry().status == Status::Headless {
            continue;
        }
        for key in side.document.keys().filter(has_value) {
            let sides = keys.entry((key.section(), key.name())).or_default();
            if let Some(slot) = sides.get_mut(index) {
                *slot = Some(key);
            }
        }
    }
    keys.sort_unstable_keys();
    let (mut differ, mut unsure) = (Vec::new(), Vec::new());
    for ((section, name), sides) in keys {
        let list = match agree(&sides) {
            Some(true) => continue,
            Some(false) => &mut differ,
            None => &mut unsure,
        };
        list.push(KeyDisagreement {
            section,
            name,
            sides,
        });
    }
    (differ, unsure)
}

/// What a consumer ignores comes to nothing for it.
fn has_value(key: &Key<'_>) -> bool {
    key.unknown().is_none() && key.last().is_some_and(|last| !last.is_whole_file())
}

/// Whether a key comes to the same for both; none if that cannot be told.
fn agree(sides: &[Option<Key<'_>>; 2]) -> Option<bool> {
    let [a, b] = sides;
    let items = |key: &Option<Key<'_>>| key.as_ref().map_or_else(Vec::new, own);
    let [ours, theirs] = [items(a), items(b)];
    let is_same = ours == theirs;
    match (a, b) {
        // Where nobody can tell what several values come to, it may well be the last of them.
        (Some(a), Some(b)) if a.is_multi_valued() != b.is_multi_valued() && !is_same => {
            let mut values = ours.iter().chain(&theirs);
            let first = values.next();
            if a.last().map(value) != b.last().map(value) {
                Some(false)
            } else if values.all(|value| Some(value) == first) {
                Some(true)
            } else {
                None
            }
        }
        (None, Some(one)) | (Some(one), None) if !own(one).is_empty() => Some(false),
        // A list that was reset is as if nobody had assigned it; a set that is empty may mean that none are wanted.
        (None, Some(empty)) | (Some(empty), None) => {
            let is_set = empty.kind().is_some_and(|kind| kind.merge == Merge::Set);
            (!is_set).then_some(true)
        }
        _ => Some(is_same),
    }
}

fn own(key: &Key<'_>) -> Vec<Vec<u8>> {
    let sum = key.sum();
    sum.values().iter().map(|value| value.to_vec()).collect()
}

fn value(assignment: Assignment<'_>) -> &BStr {
    assignment.value()
}

#[cfg(test)]
mod tests;
