//! What a ledger has of each key, and where each chain of winners ends: made once, when first asked
//! for, so that whoever asks for every key or every row does not walk the ledger each time.

use super::{Fate, KeyId, Ledger, Row};

/// An index of a ledger.
#[derive(Debug, Clone)]
pub(super) struct Index {
    /// The rows, key by key, those of one key in ledger order.
    rows: Vec<Row>,
    /// Where the rows of each key begin, and where those of the last end.
    starts: Vec<usize>,
    /// Of each row the one that counts in its place in the end; itself if nothing beat it.
    ends: Vec<Row>,
}

impl Index {
    pub(super) fn of(ledger: &Ledger) -> Self {
        let mut starts = vec![0; ledger.keys().count() + 1];
        for row in ledger.rows() {
            starts[ledger[row].key.index() + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        // How many each key has is known, and so is the place of each row.
        let mut next = starts.clone();
        let mut rows: Vec<_> = ledger.rows().collect();
        for row in ledger.rows() {
            let next = &mut next[ledger[row].key.index()];
            rows[*next] = row;
            *next += 1;
        }
        Self {
            rows,
            starts,
            ends: ends(ledger),
        }
    }

    pub(super) fn rows_of(&self, key: KeyId) -> &[Row] {
        &self.rows[self.starts[key.index()]..self.starts[key.index() + 1]]
    }

    pub(super) fn end_of(&self, row: Row) -> Row {
        self.ends[row.index()]
    }
}

/// Follows each chain of winners once.
fn ends(ledger: &Ledger) -> Vec<Row> {
    let mut ends: Vec<Option<Row>> = vec![None; ledger.len()];
    let mut chain = Vec::new();
    for row in ledger.rows() {
        let mut end = row;
        // A row of this chain has an end already, so even a circle would be walked once.
        while ends[end.index()].is_none() {
            ends[end.index()] = Some(end);
            chain.push(end);
            match ledger[end].fate {
                Fate::Superseded(by) | Fate::Reset(by) => end = by,
                _ => break,
            }
        }
        let end = ends[end.index()];
        for row in chain.drain(..) {
            ends[row.index()] = end;
        }
    }
    let end = |end: Option<Row>| end.expect("every row is walked to");
    ends.into_iter().map(end).collect()
}
