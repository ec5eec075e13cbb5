//! The merged document: every assignment of an entry, in order, with its origin and its fate.
//!
//! It is read off the ledger that the merge wrote, and adds nothing to it: what a program reads and what
//! [`explain`](Document::explain) says come from the same rows, so they cannot disagree.

mod digest;
mod effective;
mod explain;
mod gap;
mod guess;
mod named;
mod read;
mod sections;
mod snapshot;
mod switch;
mod unfit;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::effective::{Effective, Line, Part};
pub use self::explain::Explanation;
pub use self::gap::Gap;
pub use self::snapshot::Snapshot;
use crate::finding::{Finding, Level};
use crate::ledger::Ledger;
use crate::root::above_end;
use crate::rules::Rules;
use crate::scan::{self, Entry, FileId};
use crate::view::View;
pub use crate::view::{Assignment, Item, Key, Numbered, Outcome, Place, Refusal, State, Sum};

/// An entry, merged.
#[derive(Debug, Clone, Default)]
#[must_use = "it only tells"]
pub struct Document {
    entry: Entry,
    ledger: Ledger,
    findings: Vec<Finding>,
    searched: Arc<[PathBuf]>,
    /// Whether nobody says what syntax its files have that do not tell it by their names.
    has_guessed_syntax: bool,
    /// The files that are not in that syntax, one warning each.
    guesses: Vec<Finding>,
}

impl Document {
    /// What the merge of an entry by these rules comes to. `findings` are those of the scan, `searched`
    /// the places where it looked.
    pub(crate) fn new(
        entry: Entry,
        ledger: Ledger,
        rules: &Rules,
        findings: Vec<Finding>,
        searched: Arc<[PathBuf]>,
    ) -> Self {
        let mut document = Self {
            entry,
            ledger,
            findings,
            searched,
            has_guessed_syntax: false,
            guesses: Vec::new(),
        };
        let of_keys = [document.unfit_kinds(rules), document.switches(rules)];
        document.findings.extend(of_keys.into_iter().flatten());
        document
    }

    /// What its assignments are read off.
    pub(crate) const fn view(&self) -> View<'_> {
        View {
            entry: &self.entry,
            ledger: &self.ledger,
        }
    }

    /// The files.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Every assignment, in the order in which the consumer meets them; those in files that are
    /// hidden stand where they would have been met.
    pub fn assignments(&self) -> impl DoubleEndedIterator<Item = Assignment<'_>> {
        self.view().assignments()
    }

    /// Those of one of its files.
    pub(crate) fn assignments_of(&self, file: FileId) -> impl Iterator<Item = Assignment<'_>> {
        let rows = self.ledger.rows_of_file(file);
        rows.map(|row| self.view().assignment(row))
    }

    /// The keys, in the order in which they first appear.
    pub fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        self.view().keys()
    }

    /// A key, if any fragment assigns it.
    pub fn key(&self, section: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Option<Key<'_>> {
        self.view().key(section.as_ref(), key.as_ref())
    }

    /// The effective assignment of a key, the last one where there are several.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let document = Resolver::new(Tree::default())
    ///     .with("/usr/lib/myapp.d/10.conf", "[Server]\nPort = 80\n")
    ///     .resolve("myapp.d")?;
    /// let port = document.get("Server", "Port").unwrap();
    /// assert_eq!(port.value(), "80");
    /// assert_eq!(port.place().to_string(), "/usr/lib/myapp.d/10.conf:2");
    /// assert!(document.get("Server", "Host").is_none());
    /// # Ok::<(), overlay_resolver::PathError>(())
    /// ```
    pub fn get(&self, section: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Option<Assignment<'_>> {
        self.key(section, key)?.last()
    }

    /// The effective assignments of a section, in order.
    pub fn section<'d>(&'d self, section: &'d str) -> impl Iterator<Item = Assignment<'d>> {
        self.assignments()
            .filter(move |a| a.applies() && a.section() == section)
    }

    /// Whether values are nested in tables.
    pub(crate) fn is_nested(&self) -> bool {
        self.ledger.format().is_nested()
    }

    /// How its files are read.
    pub(crate) fn format(&self) -> &'static dyn crate::format::Format {
        self.ledger.format()
    }

    /// What went wrong and what is worth knowing, files first, then lines.
    ///
    /// Where the syntax is only [guessed](crate::Configuration::has_guessed_syntax), what cannot be read by it is no
    /// error: one warning a file.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.certain_findings().chain(&self.guesses)
    }

    /// The lines that cannot be read.
    pub fn problems(&self) -> &[Finding] {
        self.ledger.problems()
    }

    /// Whether nothing found stands in the way of trusting its values, so that
    /// [`deserialize`](Self::deserialize) gives them: no error, and no line that is not in a syntax that is only
    /// [guessed](crate::Configuration::has_guessed_syntax). Such a line is no error of its file, but whoever takes the
    /// values takes the guess for the truth, and a file of the owner must not vanish without a word.
    pub fn is_sound(&self) -> bool {
        self.doubt().is_none()
    }

    /// The first of what stands in the way of that.
    fn doubt(&self) -> Option<&Finding> {
        let mut findings = self.findings.iter().chain(self.problems());
        findings.find(|finding| finding.level == Level::Error)
    }

    /// The problem at which the consumer stops, and the file that has it.
    pub(crate) fn ended(&self) -> Option<(&Finding, FileId)> {
        let ended = self.ledger.ended()?;
        Some((&self.ledger[ended.problem], ended.file))
    }

    /// Because of what the consumer loads nothing at all. None where it loads, and where the main file is
    /// missing or masked.
    pub(crate) fn not_loaded_by(&self) -> Option<Place<'_>> {
        self.refusal().map(|refusal| refusal.place())
    }

    /// Why the consumer loads nothing at all; none where it loads, and where the main file is missing or masked.
    pub fn refusal(&self) -> Option<Refusal<'_>> {
        self.view().refusal()
    }

    /// Whether the consumer would load it. Not so if it [refuses](Self::refusal) what there is, misses the
    /// main file, or finds the main file masked by rules that let that decide over all, as those of units do.
    pub fn loads(&self) -> bool {
        self.ledger.unloaded().is_none()
    }

    /// Every path that could have changed the result, absent ones included, in byte order: what a
    /// daemon watches and a build depends on.
    ///
    /// Directories and main files are named as they were looked for, with the directories above them in
    /// their layers, since one that is moved away takes along what is in it, and with layers that are not
    /// there. Where symlinks are on the way to them, or a file is one, each link of the chain is named, too,
    /// and where the last one leads, there or not, with the directories above that, but for those at the
    /// top of the root.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let document = Resolver::new(Tree::default()).resolve("myapp.d")?;
    /// // Nothing is there yet, and each of these may come.
    /// assert!(document.watched().contains(&"/etc/myapp.d".as_ref()));
    /// assert!(document.watched().contains(&"/usr/lib/myapp.d".as_ref()));
    /// # Ok::<(), overlay_resolver::PathError>(())
    /// ```
    pub fn watched(&self) -> Vec<&Path> {
        let searched = self.searched.iter().map(PathBuf::as_path);
        // An ignored file is one by its name, which is its directory's affair.
        let fragments = self.entry.fragments.iter();
        let read = fragments.filter(|f| !matches!(f.state, scan::State::Ignored(_)));
        let files = read.flat_map(|fragment| {
            // What a symlink leads to can change without the symlink.
            let trail = fragment.link.iter().flat_map(|link| &link.trail);
            let trail = trail.flat_map(|end| std::iter::once(&**end).chain(above_end(end)));
            std::iter::once(&*fragment.path).chain(trail)
        });
        let mut watched: Vec<_> = searched.chain(files).collect();
        watched.sort_unstable_by_key(|path| path.as_os_str());
        watched.dedup();
        watched
    }
}
