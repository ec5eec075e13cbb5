//! Which entries the owner means.

use globset::{Glob, GlobSet, GlobSetBuilder};
use overlay_adapters::report::{EntryReport, Left, Report};

use crate::commands::Failure;

/// Patterns for entries; none means all.
#[derive(Debug)]
pub(crate) struct Selection {
    patterns: Vec<String>,
    set: GlobSet,
}

impl Selection {
    /// Each pattern is a glob for `NAME` or for `ADAPTER/NAME`.
    pub(crate) fn new(patterns: &[String]) -> Result<Self, Failure> {
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            builder.add(Glob::new(pattern).map_err(Failure::Pattern)?);
        }
        Ok(Self {
            patterns: patterns.to_vec(),
            set: builder.build().map_err(Failure::Pattern)?,
        })
    }

    /// Whether an entry is meant.
    pub(crate) fn matches(&self, entry: &EntryReport) -> bool {
        self.is_meant(&entry.name, &entry.full_name())
    }

    fn is_meant(&self, name: &str, full_name: &str) -> bool {
        self.patterns.is_empty() || self.set.is_match(name) || self.set.is_match(full_name)
    }

    /// Leaves of a report the entries that are meant, and what is changed of them. What was found stays:
    /// whatever is asked, the status of a report is the same.
    pub(crate) fn narrow(&self, report: &mut Report) {
        report.entries.retain(|entry| self.matches(entry));
        report.steps.retain(|change| {
            let name = change.entry.as_deref().unwrap_or(&change.adapter);
            self.is_meant(name, &change.full_name())
        });
    }

    /// Refuses a bare name that several entries have, where one of them is meant.
    pub(crate) fn must_be_plain<'e>(
        &self,
        entries: impl Iterator<Item = &'e EntryReport>,
    ) -> Result<(), Failure> {
        let entries: Vec<_> = entries.collect();
        for name in &self.patterns {
            let of_name = entries.iter().filter(|entry| entry.name == *name);
            let meant: Vec<_> = of_name.map(|entry| entry.full_name()).collect();
            if meant.len() > 1 {
                let name = name.clone();
                return Err(Failure::Ambiguous { name, meant });
            }
        }
        Ok(())
    }

    /// Refuses patterns that mean nothing in what a run did not leave for another.
    pub(crate) fn must_match<'e>(
        &self,
        entries: impl Iterator<Item = &'e EntryReport>,
        left: &[Left],
    ) -> Result<(), Failure> {
        let mut known = Vec::new();
        let mut missed: Vec<usize> = (0..self.patterns.len()).collect();
        for entry in entries {
            let hit = |name: &str| self.set.matches(name);
            let full = entry.full_name();
            let hits = [hit(&entry.name), hit(&full)].concat();
            missed.retain(|index| !hits.contains(index));
            known.push(full);
        }
        match missed.first().and_then(|&index| self.patterns.get(index)) {
            None => Ok(()),
            Some(pattern) => Err(Failure::NoSuchEntry {
                pattern: pattern.clone(),
                known,
                left: left.iter().map(|left| left.adapter.clone()).collect(),
            }),
        }
    }
}
