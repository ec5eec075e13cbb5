//! What a run says of the certificates of a remote before it exchanges any: the next one may be that of another image,
//! and finds them in a keyring that does not tell whose they are (`keyed/intent.rs`).
//!
//! ```text
//! Certificates=0123…;
//! Inherited=89ab…;
//! Owners=4567…;
//! ```

use std::collections::BTreeSet;

use crate::keyed::intent::{List, Traces};
use crate::openpgp::Fingerprint;

const CERTIFICATES: &str = "Certificates";
const INHERITED: &str = "Inherited";
const OWNERS: &str = "Owners";

/// Certificates that come or go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exchanged {
    /// All of them; of a keyring that is made whole, or goes whole, the file says it.
    pub(crate) certificates: BTreeSet<Fingerprint>,
    /// Those that the owner imported for the remote under another name, which come with it.
    pub(crate) inherited: BTreeSet<Fingerprint>,
    /// Those that the owner imported for this remote, which go with it.
    pub(crate) owners: BTreeSet<Fingerprint>,
}

impl Exchanged {
    /// How they are written down.
    pub(crate) const LISTS: [List; 3] = {
        let check = is_fingerprint;
        [
            List {
                key: CERTIFICATES,
                check,
            },
            List {
                key: INHERITED,
                check,
            },
            List { key: OWNERS, check },
        ]
    };

    /// Those that are only brought or taken out.
    pub(crate) fn of_vendor(certificates: BTreeSet<Fingerprint>) -> Self {
        Self {
            certificates,
            ..Self::default()
        }
    }

    /// Those that were written down of a remote.
    pub(crate) fn of(traces: &Traces) -> Self {
        let list = |key| {
            let items = traces.lists.get(key).into_iter().flatten();
            items
                .map(|item| item.parse().expect("items are checked where they are read"))
                .collect()
        };
        Self {
            certificates: list(CERTIFICATES),
            inherited: list(INHERITED),
            owners: list(OWNERS),
        }
    }

    /// Writes them down, beside what a dead run did: what is doubted once stays so.
    pub(crate) fn write(mut self, traces: &mut Traces, dead_runs: Option<&Traces>) {
        if let Some(dead_runs) = dead_runs {
            let doubted = Self::of(dead_runs).doubted();
            self.inherited.retain(|one| !doubted.contains(one));
            self.owners.retain(|one| !doubted.contains(one));
        }
        for (key, certificates) in [
            (CERTIFICATES, &self.certificates),
            (INHERITED, &self.inherited),
            (OWNERS, &self.owners),
        ] {
            let texts = certificates.iter().map(ToString::to_string);
            if !certificates.is_empty() {
                traces.lists.entry(key).or_default().extend(texts);
            }
        }
    }

    /// Nothing but these, written down.
    pub(crate) fn into_traces(self) -> Traces {
        let mut traces = Traces::default();
        self.write(&mut traces, None);
        traces
    }

    /// The certificates that are neither the vendor's nor the owner's where the baseline does not name them.
    pub(crate) fn doubted(&self) -> BTreeSet<Fingerprint> {
        &self.brought() - &self.inherited
    }

    /// Those that only the remote itself has a right to: not one that its owner makes of the same name.
    pub(crate) fn brought(&self) -> BTreeSet<Fingerprint> {
        &self.certificates - &self.owners
    }
}

fn is_fingerprint(text: &str) -> Result<(), String> {
    let parsed: Result<Fingerprint, _> = text.parse();
    parsed.map(drop).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificates(letters: &[&str]) -> BTreeSet<Fingerprint> {
        let texts = letters.iter().map(|letter| letter.repeat(40));
        texts.map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn what_is_doubted_once_stays_so() {
        let dead_runs = Exchanged::of_vendor(certificates(&["A", "B"])).into_traces();
        let exchanged = Exchanged {
            certificates: certificates(&["A", "B", "C", "D"]),
            inherited: certificates(&["A", "C"]),
            owners: certificates(&["B", "D"]),
        };
        let mut traces = Traces::default();
        exchanged.clone().write(&mut traces, None);
        assert_eq!(Exchanged::of(&traces), exchanged);
        let mut traces = Traces::default();
        exchanged.write(&mut traces, Some(&dead_runs));
        let read = Exchanged::of(&traces);
        assert_eq!(read.inherited, certificates(&["C"]));
        assert_eq!(read.owners, certificates(&["D"]));
        assert_eq!(read.doubted(), certificates(&["A", "B"]));
    }
}
