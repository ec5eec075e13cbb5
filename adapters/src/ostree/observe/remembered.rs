//! What is remembered of names, and what a run that was killed had left to do.

use std::path::Path;

use bstr::BString;
use overlay_resolver::finding::Finding;

use super::super::memory::{Memory, State};
use super::super::places::Places;
use super::super::recollection::Unfinished;
use super::super::store::Remotes;
use super::files::parse;
use super::{Eyes, Found, beside, staged_path};
use crate::code;
use crate::commit::{has_displaced, is_staged, is_untaken, left_staged, noted_name, staged_for};
use crate::editor::Editor;
use crate::keyed::intent::{Move, Traces};
use crate::keyed::managed;
use crate::keyed::management::Management;
use crate::keyed::store::Store as _;
use crate::keyed::target::Target as _;
use crate::obstacles::finding;
use crate::remotes::exchanged::Exchanged;
use crate::remotes::fingerprints;
use crate::remotes::group::group;

/// A file of what is remembered: its text, and what that means.
type Remembered = (Vec<u8>, Option<Memory>);

impl Eyes<'_> {
    /// What is remembered; where the target was wiped, that counts as gone.
    pub(super) fn remembered(&mut self) -> Result<(), Finding> {
        let intent = self.places.intent();
        for name in self.names(&self.places.state)?.unwrap_or_default() {
            let path = self.places.state.join(&name);
            if is_staged(&name) {
                self.found.observed.stale.push(path);
                continue;
            }
            if path == intent {
                self.found
                    .observed
                    .find_intent(self.observer, self.places)?;
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
        for name in names {
            let is_under_way = self.on_its_way(&name);
            if !self.found.has_target {
                continue;
            }
            self.recollect(&name);
            let known = self.found.store.known(&name).cloned();
            if let Some(memory) = self.unwritten(&name) {
                self.found.store.remember(&name, memory);
            }
            let text = self.found.texts.get(&self.places.memory(&name));
            let unfinished = Unfinished {
                text: text.cloned().unwrap_or_default().into(),
                is_under_way,
                known,
            };
            self.found.store.note_unfinished(&name, unfinished);
            self.forget_later_name(&name);
        }
    }

    /// That a remote is absent by our doing is written before it is taken away. A dead run that did not come to that says
    /// what was remembered before; so does one that did not come to put right what an earlier one had written. What its
    /// owner wrote there since holds.
    fn recollect(&mut self, name: &str) {
        let traces = self.found.observed.intent.of(name);
        let Some(known) = traces.and_then(|traces| traces.recollection.clone()) else {
            return;
        };
        let path = self.places.memory(name);
        let text = self.found.texts.get(&path).map_or(&b""[..], Vec::as_slice);
        let says = |known: &Option<BString>| known.as_ref().is_some_and(|known| known == text);
        let was = known.was.as_ref().map(|was| Memory::parse(was, &path));
        let Ok(was) = was.transpose() else { return };
        let is_untrue = if says(&known.will_be) {
            is_untaken(self.observer.root(), &self.places.conf(name))
        } else {
            Ok(says(&known.found))
        };
        match is_untrue {
            Ok(true) => self.found.store.recollect(name, was),
            Ok(false) => {}
            Err(error) => {
                let finding = finding(&error);
                self.unclear(name, &finding);
                self.found.findings.push(finding);
            }
        }
    }

    /// What a dead run had left to remember of a remote that it had put in place. Its file is staged before
    /// what is to be remembered, and not staged any more once it is in place: then it was offered, even if
    /// its owner has deleted it since. One that is staged with a note was to displace what was there. One that was
    /// withheld comes back in the same way.
    fn unwritten(&self, name: &str) -> Option<Memory> {
        let store = &self.found.store;
        let is_unknown = self.found.observed.broken.contains_key(name);
        let known = store.memories().find(|(known, _)| *known == name);
        let known = known.map(|(_, memory)| memory.state);
        if is_unknown || known.is_some_and(|state| state != State::Withheld) {
            return None;
        }
        if Management::of(store, name).is_some() {
            return known.is_none().then(|| Memory::new(State::Offered));
        }
        let stale = &self.found.observed.stale;
        if stale.contains(&staged_path(&self.places.target)) {
            return None;
        }
        let memory = staged_path(&self.places.memory(name));
        let conf = self.places.conf(name);
        let is_staged = stale.contains(&staged_path(&conf));
        if is_staged && !self.is_noted_and_gone(&conf) || !stale.contains(&memory) {
            return None;
        }
        let text = self.file(&memory).ok()??;
        // An earlier run may have left it.
        let traces = self.found.observed.intent.of(name);
        let last = traces.and_then(|traces| traces.recollection.as_ref());
        if last.is_some_and(|last| last.will_be.as_ref().is_none_or(|will_be| *will_be != text)) {
            return None;
        }
        let memory = Memory::parse(&text, &memory).ok()?;
        // Nothing was taken yet.
        let is_due =
            memory.state == State::Offered || known.is_none() && memory.state == State::Deleted;
        is_due.then_some(memory)
    }

    /// Whether a dead run was about to displace a file which is not there any more.
    fn is_noted_and_gone(&self, path: &Path) -> bool {
        let is_noted = self
            .found
            .observed
            .stale
            .contains(&beside(path, noted_name));
        is_noted && self.observer.kind(path) == Ok(None)
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
                let brought = Exchanged::of_vendor(fingerprints(&remotes, name));
                let intent = &mut self.found.observed.intent;
                intent.add(name, brought.into_traces());
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

    /// A remote that a dead run had taken from one file and not brought to the other: what is staged for that is
    /// all there is of it. Whether it is.
    fn on_its_way(&mut self, name: &str) -> bool {
        let Some(traces) = self.found.observed.intent.of(name).cloned() else {
            return false;
        };
        if self.found.store.has(name) || self.is_taken_over(name) {
            self.found.observed.intent.resolve(name, false);
            return false;
        }
        match self.carried(name, &traces) {
            Ok(carried) => {
                let is_carried = carried.is_some();
                self.found.observed.intent.resolve(name, is_carried);
                if let Some(file) = carried {
                    self.found.store.add(&self.places.conf(name), file);
                }
                is_carried
            }
            Err(finding) => {
                self.unclear(name, &finding);
                self.found.findings.push(finding);
                false
            }
        }
    }

    /// Whether a later run has brought it to another name, be it that its owner has deleted it there since.
    fn is_taken_over(&self, name: &str) -> bool {
        let Some(successor) = self.found.observed.intent.successor(name) else {
            return false;
        };
        let memory = self.unwritten(successor);
        let memory = memory.as_ref().or(self.found.store.known(successor));
        memory.is_some_and(|memory| memory.state != State::Withheld)
    }

    /// That a remote is called otherwise later is written before it gets that name, which this one never did.
    fn forget_later_name(&mut self, name: &str) {
        let Found {
            store, observed, ..
        } = &mut self.found;
        let traces = observed.intent.of(name);
        let former = traces.and_then(|traces| traces.former.as_deref());
        if let Some(former) = former
            && !observed.unclear.contains(name)
            && !store.has(name)
            && !store.marks(name).offered
            && store.later_name(former) == Some(name)
        {
            store.forget_later_name(former);
        }
    }

    /// The file of a remote that has left its place by our doing and is not there yet. If its owner deleted it
    /// before it left, or after it arrived, there is none.
    fn carried(&self, name: &str, traces: &Traces) -> Result<Option<Editor>, Finding> {
        let Some(Move { from, left }) = &traces.moves else {
            return Ok(None);
        };
        let root = self.observer.root();
        let Some(staged) = staged_for(root, &self.places.conf(name)) else {
            return Ok(None);
        };
        let Some(text) = self.file(&staged)? else {
            return Ok(None);
        };
        let old = traces.former.as_deref().unwrap_or(name);
        if Management::of(&self.found.store, old).is_some() {
            return Ok(None);
        }
        let has_left = *left || {
            let was_there = |text: &[u8]| holds(text, old);
            has_displaced(root, from, was_there).map_err(|error| finding(&error))?
        };
        if !has_left {
            return Ok(None);
        }
        let file = Editor::parse(&text).map_err(|(line, problem)| {
            let message = format!("{problem}; this is all there is of {name}, which was being moved: mend it, or remove it");
            code::MALFORMED.error(&staged, message).at(line)
        })?;
        // Where the file was there, it is what that had before: the remote has arrived, and was deleted.
        Ok(file.has_group(&group(name)).then_some(file))
    }
}

/// Whether a text defines a remote.
fn holds(text: &[u8], name: &str) -> bool {
    Editor::parse(text).is_ok_and(|file| file.has_group(&group(name)))
}
