//! What became of a remote, in a state and a sentence.

use std::path::PathBuf;

use bstr::BString;
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::finding::Finding;

use super::Subject;
use super::target::Target;
use crate::reconcile::KeyAction;
use crate::report::{KeyReport, State};
use crate::source::Want;

impl<T: Target> Subject<'_, '_, T> {
    pub(super) fn summary(&mut self) -> (State, String) {
        let conflicts: Vec<_> = self
            .keys
            .iter()
            .filter(|key| key.action == Some(KeyAction::Keep { conflict: true }))
            .cloned()
            .collect();
        if !conflicts.is_empty() {
            for key in &conflicts {
                self.report_conflict(key);
            }
            let names: Vec<_> = conflicts.iter().map(|key| key.key.as_str()).collect();
            return (
                State::Conflict,
                format!(
                    "you and the vendor changed {}; yours stays",
                    names.join(", ")
                ),
            );
        }
        let edited = self.owners_keys();
        if !edited.is_empty() {
            return (State::Edited, edited.join(", "));
        }
        if !self.changes.is_empty() {
            let subjects: Vec<_> = self
                .changes
                .iter()
                .map(|change| change.subject.as_str())
                .collect();
            return (State::Updated, subjects.join(", "));
        }
        (State::Applied, format!("as in {}", self.origin_path()))
    }

    pub(super) fn owners_keys(&self) -> Vec<&str> {
        self.keys
            .iter()
            .filter(|key| key.is_owners())
            .map(|key| key.key.as_str())
            .collect()
    }

    pub(super) fn report_conflict(&mut self, key: &KeyReport) {
        let show = |value: &Option<BString>| match value {
            Some(value) => format!("`{}`", escape(value)),
            None => "nothing".into(),
        };
        let (path, line) = self.place_of(key);
        let finding = Finding::warning(
            path,
            format!(
                "{}: {}: the vendor changed it from {} to {}, you have {}, which stays",
                self.name,
                key.key,
                show(&key.baseline),
                show(&key.desired),
                show(&key.actual)
            ),
        );
        self.draft.findings.push(match line {
            Some(line) => finding.at(line),
            None => finding,
        });
    }

    pub(crate) fn place_of(&self, key: &KeyReport) -> (PathBuf, Option<usize>) {
        let assignment =
            self.layered
                .zip(key.source.as_ref())
                .and_then(|(layered, (section, source))| {
                    let assignment = layered.document.get(&**section, &**source)?;
                    Some((assignment.fragment().path.clone(), Some(assignment.line())))
                });
        assignment.unwrap_or_else(|| (self.place(), None))
    }

    /// Says that nobody can tell any more what we wrote.
    pub(super) fn tell_lost(&mut self) {
        let message = format!(
            "{}: what was last written to it fails its own check, as after a replacement of text over the whole file: what differs from the vendor's is yours from now on",
            self.name
        );
        let finding = Finding::warning(self.place(), message);
        self.draft.findings.push(finding);
    }

    pub(super) fn unresolved(&mut self) -> (State, String) {
        let broken = self.draft.observed.broken.get(self.name);
        let why = match (broken, self.layered.map(|layered| &layered.want)) {
            (Some(finding), _) | (None, Some(Want::Unresolved(finding))) => finding.to_string(),
            _ => {
                let why = "a layer is missing, so nobody can tell whether the vendor withdrew it";
                let finding = Finding::error(self.place(), format!("{}: {why}", self.name));
                self.draft.findings.push(finding);
                why.into()
            }
        };
        (State::Failed, why)
    }

    pub(super) fn origin_path(&self) -> String {
        self.layered
            .and_then(|layered| layered.document.entry().effective().next())
            .map_or_else(String::new, |fragment| {
                escape_path(&fragment.path).to_string()
            })
    }
}
