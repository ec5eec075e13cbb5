//! What is remembered of a name: one small file each, because ostree merges `/etc` file by file.
//!
//! ```text
//! [Entry]
//! State=offered
//! Keyring=0123…;
//! LaterName=other
//! ```
//!
//! A mask stands where the target itself would, so the target cannot tell a remote that was deleted from
//! one that was masked. That is why a deletion, once seen, is written down here.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};
use overlay_resolver::escape::escape;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use crate::code;
use crate::editor::Editor;
use crate::keyed::store::Remembered;
use crate::openpgp::Fingerprint;

const SECTION: &str = "Entry";
const STATE: &str = "State";
const UNSEEN: &str = "Unseen";
const KEYRING: &str = "Keyring";
const LATER_NAME: &str = "LaterName";

/// What became of a name that was put before the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is there; or it was, when we last looked.
    Offered,
    /// The owner deleted it.
    Deleted,
    /// It is absent by our doing.
    Withheld,
}

/// What is remembered of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) state: State,
    /// It is withheld, and never was there.
    pub(super) unseen: bool,
    /// The certificates that we brought: `ostree remote delete` leaves the keyring behind.
    pub(super) keyring: BTreeSet<Fingerprint>,
    /// What the vendor called the remote later.
    pub(super) later: Option<String>,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Deleted => "deleted",
            Self::Withheld => "withheld",
        }
    }
}

/// The name that a file is about.
fn named(path: &Path) -> &[u8] {
    let name = path.file_stem().expect("it is called by its remote");
    name.as_encoded_bytes()
}

/// What its owner can do about a file that says nothing.
fn remedy(path: &Path) -> String {
    let name = escape(named(path));
    format!(
        "until it does, {name} stays as it is: write `State=deleted` if you had deleted {name}, or remove this file if not"
    )
}

/// The certificates that a list names.
fn keyring(raw: &BStr) -> Result<BTreeSet<Fingerprint>, String> {
    let texts = value::decode_list(raw).map_err(|error| error.to_string())?;
    let certificates = texts.iter().map(|text| {
        let parsed = text.parse();
        parsed.map_err(|error| format!("{text}: {error}"))
    });
    certificates.collect()
}

impl Memory {
    pub(super) fn new(state: State) -> Self {
        Self {
            state,
            unseen: false,
            keyring: BTreeSet::new(),
            later: None,
        }
    }

    /// The same in the words of any target.
    pub(super) fn remembered(&self) -> Remembered {
        Remembered {
            mark: Some(self.state.word()),
            later: self.later.clone(),
        }
    }

    /// Reads the file, which errors call `path`.
    pub(super) fn parse(text: &[u8], path: &Path) -> Result<Self, Finding> {
        let file = Editor::parse(text).map_err(|(line, problem)| {
            let message = format!("{problem}; {}", remedy(path));
            code::MALFORMED.error(path, message).at(line)
        })?;
        let known = [State::Offered, State::Deleted, State::Withheld];
        let word = file.get(SECTION, STATE);
        let state = known
            .into_iter()
            .find(|state| word.is_some_and(|word| word == state.word()))
            .ok_or_else(|| {
                let message = format!(
                    "has no State= in a group [Entry]: expected offered, deleted or withheld; {}",
                    remedy(path)
                );
                code::MALFORMED.error(path, message)
            })?;
        let refuse = |key: &str, error: &dyn fmt::Display| {
            let name = escape(named(path));
            let message = format!(
                "{key}= in a group [{SECTION}]: {error}; until it is mended, or the line is taken away, {name} stays as it is"
            );
            code::MALFORMED.error(path, message)
        };
        let unseen = match file
            .get(SECTION, UNSEEN)
            .map(|raw| value::decode_boolean(raw))
        {
            Some(unseen) => unseen.map_err(|error| refuse(UNSEEN, &error))?,
            None => false,
        };
        let later = file.get(SECTION, LATER_NAME).map(|name| name.to_str());
        let later = later
            .transpose()
            .map_err(|error| refuse(LATER_NAME, &error))?;
        Ok(Self {
            state,
            unseen: unseen && state == State::Withheld,
            keyring: match file.get(SECTION, KEYRING) {
                Some(raw) => keyring(raw).map_err(|error| refuse(KEYRING, &error))?,
                None => BTreeSet::new(),
            },
            later: later.map(str::to_owned),
        })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut file = Editor::default();
        file.set(SECTION, STATE, self.state.word().into());
        if self.unseen {
            file.set(SECTION, UNSEEN, "true".into());
        }
        if !self.keyring.is_empty() {
            let fingerprints = self.keyring.iter().map(ToString::to_string);
            let list = BString::from(value::encode_list(fingerprints));
            file.set(SECTION, KEYRING, list.as_bstr());
        }
        if let Some(later) = &self.later {
            file.set(SECTION, LATER_NAME, later.as_str().into());
        }
        file.to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let keyring = BTreeSet::from(["A".repeat(40).parse().unwrap()]);
        for state in [State::Offered, State::Deleted, State::Withheld] {
            let plain = Memory::new(state);
            let full = Memory {
                keyring: keyring.clone(),
                later: Some("later".into()),
                ..plain.clone()
            };
            let unseen = Memory {
                unseen: state == State::Withheld,
                ..plain.clone()
            };
            for memory in [plain, full, unseen] {
                let read = Memory::parse(&memory.to_bytes(), Path::new("/s")).unwrap();
                assert_eq!(read, memory);
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "[Entry]\n",
            "[Entry]\nState=lost\n",
            "junk\n",
            "[Entry]\nState=offered\nKeyring=none;\n",
            "[Entry]\nState=offered\nKeyring=\\q\n",
            "[Entry]\nState=withheld\nUnseen=perhaps\n",
        ] {
            assert!(
                Memory::parse(text.as_bytes(), Path::new("/s")).is_err(),
                "{text}"
            );
        }
    }
}
