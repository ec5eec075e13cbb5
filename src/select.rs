//! Which entries the owner means.

use std::path::PathBuf;

use globset::{GlobBuilder, GlobMatcher};
use overlay_adapters::report::{EntryReport, Left, Report};
use overlay_adapters::{Adapter, Adapters, EntryPath};
use overlay_resolver::escape::escape;

use crate::failure::Failure;

/// What makes a name a pattern.
const SPECIAL: [char; 5] = ['*', '?', '[', '{', '\\'];

/// Patterns for entries; none means all.
#[derive(Debug)]
pub(crate) struct Selection {
    patterns: Vec<Pattern>,
}

/// A name of entries or a glob for them; with a `/` in it, for `ADAPTER/NAME`.
#[derive(Debug)]
struct Pattern {
    text: String,
    /// None where it is none, such as `a[b`, which means that very name.
    glob: Option<GlobMatcher>,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        Self {
            glob: glob.ok().map(|glob| glob.compile_matcher()),
            text: text.to_owned(),
        }
    }

    /// Whether it may stand for several names.
    fn is_special(&self) -> bool {
        self.glob.is_some() && self.text.contains(SPECIAL)
    }

    fn means(&self, name: &str, full_name: &str) -> bool {
        let meant = if self.text.contains('/') {
            full_name
        } else {
            name
        };
        let glob = self.glob.as_ref();
        // What is copied from where it was shown is meant, too.
        glob.is_some_and(|glob| glob.is_match(meant))
            || self.text == meant
            || escape(meant.as_bytes()).to_string() == self.text
    }
}

impl Selection {
    pub(crate) fn new(patterns: &[String]) -> Self {
        let patterns = patterns.iter().map(|text| Pattern::new(text));
        Self {
            patterns: patterns.collect(),
        }
    }

    /// Whether an entry is meant.
    pub(crate) fn matches(&self, entry: &EntryReport) -> bool {
        self.is_meant(&entry.name, &entry.full_name())
    }

    /// Whether an entry is meant by its full name.
    pub(crate) fn has_in_full(&self, entry: &EntryReport) -> bool {
        let full_name = entry.full_name();
        let in_full = self.patterns.iter().filter(|one| one.text.contains('/'));
        in_full.into_iter().any(|one| one.means("", &full_name))
    }

    fn is_meant(&self, name: &str, full_name: &str) -> bool {
        let mut patterns = self.patterns.iter();
        self.patterns.is_empty() || patterns.any(|pattern| pattern.means(name, full_name))
    }

    /// Leaves of a report the entries that are meant, and what is changed of them. What was found stays:
    /// whatever is asked, the status of a report is the same.
    pub(crate) fn narrow(&self, report: &mut Report) {
        report.entries.retain(|entry| self.matches(entry));
        for changes in [&mut report.pending, &mut report.changes] {
            changes.retain(|change| {
                let name = change.entry.as_deref().unwrap_or(&change.adapter);
                self.is_meant(name, &change.full_name())
            });
        }
    }

    /// Whether any of them may stand for several names.
    pub(crate) fn is_pattern(&self) -> bool {
        self.patterns.iter().any(Pattern::is_special)
    }

    /// Whether an entry of some adapter may be meant: of none where the pattern is a path below a directory
    /// that is no adapter's name.
    pub(crate) fn may_match(&self, adapters: &Adapters<'_>) -> bool {
        let sources: Vec<_> = adapters.iter().flat_map(Adapter::sources).collect();
        self.patterns.iter().any(|pattern| {
            let plain = pattern
                .text
                .split_once('/')
                .filter(|(name, _)| pattern.glob.is_none() || !name.contains(SPECIAL));
            plain.is_none_or(|(name, _)| sources.iter().any(|source| source.adapter == name))
        })
    }

    /// Refuses a bare name that several entries have, where one of them is meant.
    pub(crate) fn must_be_plain<'e>(
        &self,
        entries: impl Iterator<Item = &'e EntryReport>,
    ) -> Result<(), Failure> {
        let entries: Vec<_> = entries.collect();
        for Pattern { text: name, .. } in &self.patterns {
            let of_name = entries.iter().filter(|entry| entry.name == *name);
            let meant: Vec<_> = of_name.map(|entry| entry.full_name()).collect();
            if meant.len() > 1 {
                let name = name.clone();
                return Err(Failure::Ambiguous { name, meant });
            }
        }
        Ok(())
    }

    /// The path of the files of the entry that is meant, if one is. Of several the one that `has` what is asked about;
    /// refuses to choose where that is not one.
    pub(crate) fn only_path(
        &self,
        entries: impl Iterator<Item = EntryPath>,
        has: impl Fn(&EntryPath) -> bool,
    ) -> Result<Option<PathBuf>, Failure> {
        let meant = entries.filter(|entry| self.is_meant(&entry.name, &entry.full_name()));
        let mut meant: Vec<_> = meant.collect();
        meant.sort();
        meant.dedup();
        if meant.len() > 1 && meant.iter().filter(|entry| has(entry)).count() == 1 {
            meant.retain(has);
        }
        if meant.len() > 1 {
            let patterns: Vec<_> = self.patterns.iter().map(|one| &*one.text).collect();
            return Err(Failure::Ambiguous {
                name: patterns.join(" "),
                meant: meant.iter().map(EntryPath::full_name).collect(),
            });
        }
        Ok(meant.pop().map(|entry| entry.path))
    }

    /// Refuses patterns that mean nothing in what a run did not leave for another.
    pub(crate) fn must_match<'e>(
        &self,
        entries: impl Iterator<Item = &'e EntryReport>,
        left: &[Left],
    ) -> Result<(), Failure> {
        let mut known = Vec::new();
        let mut missed: Vec<&Pattern> = self.patterns.iter().collect();
        for entry in entries {
            let full = entry.full_name();
            missed.retain(|pattern| !pattern.means(&entry.name, &full));
            known.push(full);
        }
        match missed.first() {
            None => Ok(()),
            Some(pattern) => Err(Failure::NoSuchEntry {
                pattern: pattern.text.clone(),
                known,
                left: left.iter().map(|left| left.adapter.clone()).collect(),
            }),
        }
    }
}
