//! What is remembered of names, and what a run that was killed had left to do.

use std::path::Path;

use overlay_resolver::finding::Finding;

use super::super::memory::{Memory, State};
use super::super::places::Places;
use super::super::store::Remotes;
use super::files::parse;
use super::{Eyes, Found, beside, staged_path};
use crate::code;
use crate::commit::{is_staged, left_staged, noted_name};
use crate::editor::Editor;
use crate::remotes::intent::Traces;
use crate::remotes::target::{Store as _, Target as _};
use crate::remotes::{ORIGIN, fingerprints, managed};

/// A file of what is remembered: its text, and what that means.
type Remembered = (Vec<u8>, Option<Memory>);

impl Eyes<'_> {
    /// What is remembered; where the target was wiped, that counts as gone.
    pub(super) fn remembered(&mut self) -> Result<(), Finding> {
        for name in self.names(&self.places.state)?.unwrap_or_default() {
            let path = self.places.state.join(&name);
            if is_staged(&name) {
                self.found.observed.stale.push(path);
                continue;
            }
            if path == self.places.intent() {
                self.found.observed.find_intent(self.observer, &path)?;
                continue;
            }
            let Some(name) = name.to_str() else { continue };
            if let Some(remote) = Places::remembered(name) {
                match self.memory(&path) {
                    Ok(None) => {}
                    Ok(Some((text, memory))) => {
                        self.found.texts.insert(path, text);
                        if let Some(memory) = memory {
                            self.found.store.remember(remote, memory);
                        }
                    }
                    // Whatever became of that name, it is not to be told any more: it stays as it is.
                    Err(finding) => {
                        self.found.store.note_unknown(remote);
                        self.found.findings.push(finding.clone());
                        self.found.observed.broken.insert(remote.into(), finding);
                    }
                }
            } else if let Some(remote) = Places::moving(name) {
                match self.arrived(remote, &path) {
                    Ok(()) => self.found.journals.push((remote.to_owned(), path)),
                    // It may be all that there is of the remote.
                    Err(finding) => {
                        self.unclear(remote, &finding);
                        self.found.findings.push(finding);
                    }
                }
            }
        }
        self.unfinished();
        Ok(())
    }

    /// What a run that was killed was about to do.
    fn unfinished(&mut self) {
        let Found {
            store, observed, ..
        } = &mut self.found;
        if observed.unfinished.is_none() {
            return self.staged_confs();
        }
        if let Some(config) = store.repository() {
            observed
                .stale
                .extend(left_staged(self.observer.root(), config));
        }
        let names: Vec<String> = observed.intent.names().map(str::to_owned).collect();
        for name in names.into_iter().filter(|_| self.found.has_target) {
            let memory = self.unwritten(&name).or_else(|| self.untaken(&name));
            if let Some(memory) = memory {
                self.found.store.remember(&name, memory);
            }
        }
    }

    /// What a dead run had left to remember of a remote that it had put in place. Its file is staged before
    /// what is to be remembered, and not staged any more once it is in place: then it was offered, even if
    /// its owner has deleted it since.
    fn unwritten(&self, name: &str) -> Option<Memory> {
        let store = &self.found.store;
        let is_unknown = self.found.observed.broken.contains_key(name);
        if is_unknown || store.memories().any(|(known, _)| known == name) {
            return None;
        }
        if store.get(name, ORIGIN).is_some() {
            return Some(Memory::new(State::Offered));
        }
        let stale = &self.found.observed.stale;
        if stale.contains(&staged_path(&self.places.target)) {
            return None;
        }
        let memory = staged_path(&self.places.memory(name));
        let conf = staged_path(&self.places.conf(name));
        if stale.contains(&conf) || !stale.contains(&memory) {
            return None;
        }
        Memory::parse(&self.file(&memory).ok()??, &memory).ok()
    }

    /// That a remote is withheld is written before it is taken away. If the dead run did not come to that, and it
    /// is gone all the same, its owner deleted it.
    fn untaken(&self, name: &str) -> Option<Memory> {
        let conf = self.places.conf(name);
        let stale = &self.found.observed.stale;
        let is_noted = stale.contains(&beside(&conf, noted_name));
        let is_gone = self.observer.kind(&conf) == Ok(None);
        if !is_noted || !is_gone || stale.contains(&staged_path(&conf)) {
            return None;
        }
        let mut memories = self.found.store.memories();
        let (_, memory) = memories.find(|(known, _)| *known == name)?;
        (memory.state == State::Withheld).then_some(Memory {
            state: State::Deleted,
            unseen: false,
            // What the dead run's image called it, it will say again.
            later: None,
            ..memory
        })
    }

    /// Before there were intents, a staged file told which certificates a run was bringing.
    fn staged_confs(&mut self) {
        let staged: Vec<_> = self.found.observed.stale.clone();
        for path in staged
            .into_iter()
            .filter(|path| path.starts_with(&self.places.target))
        {
            let Ok(Some(text)) = self.file(&path) else {
                continue;
            };
            let Ok(file) = parse(&text, &path) else {
                continue;
            };
            let mut remotes = Remotes::new(self.places);
            remotes.add(&path, file);
            for name in managed(&remotes) {
                let traces = Traces {
                    certificates: fingerprints(&remotes, name),
                    ..Traces::default()
                };
                self.found.observed.intent.add(name, traces);
            }
        }
    }

    /// A file of what is remembered, as text and understood; the latter only while there is a target.
    fn memory(&self, path: &Path) -> Result<Option<Remembered>, Finding> {
        let Some(text) = self.file(path)? else {
            return Ok(None);
        };
        let memory = self.found.has_target.then(|| Memory::parse(&text, path));
        Ok(Some((text, memory.transpose()?)))
    }

    /// A run that was killed while it moved a remote has taken it from one place and not brought it to
    /// the other: its journal is what the other place is to hold.
    fn arrived(&mut self, name: &str, journal: &Path) -> Result<(), Finding> {
        let Some(text) = self.file(journal)? else {
            return Ok(());
        };
        let file = Editor::parse(&text).map_err(|(line, problem)| {
            let message = format!("{problem}; this is all there is of {name}, which was being moved: mend it, or remove it");
            code::MALFORMED.error(journal, message).at(line)
        })?;
        if !self.found.store.has_remote(name) {
            self.found.store.add(&self.places.conf(name), file);
        }
        self.found.texts.insert(journal.to_owned(), text);
        Ok(())
    }
}
