//! What the ledger has of each key, and where each chain of winners ends: made once, when first asked
//! for, so that whoever asks for every key or every row does not walk the ledger each time.

use super::{Document, Fate, Record};

/// An index of the ledger.
#[derive(Debug)]
pub(crate) struct Index {
    /// The rows, key by key, those of one key in ledger order.
    rows: Vec<u32>,
    /// Where the rows of each key begin.
    starts: Vec<usize>,
    /// Of each row the one that counts in its place in the end; itself if nothing beat it.
    ends: Vec<u32>,
}

impl Index {
    pub(super) fn of(ledger: &[Record]) -> Self {
        let last = ledger.iter().map(|record| record.key as usize).max();
        let mut starts = vec![0; last.map_or(0, |last| last + 2)];
        for record in ledger {
            if let Some(count) = starts.get_mut(record.key as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut rows: Vec<_> = (0..).zip(ledger).map(|(row, _)| row).collect();
        rows.sort_by_key(|&row| ledger.get(row as usize).map(|record| record.key));
        Self {
            rows,
            starts,
            ends: ends(ledger),
        }
    }

    pub(super) fn rows_of(&self, key: u32) -> &[u32] {
        let key = key as usize;
        let rows = match (self.starts.get(key), self.starts.get(key + 1)) {
            (Some(&start), Some(&end)) => self.rows.get(start..end),
            _ => None,
        };
        rows.unwrap_or_default()
    }

    pub(super) fn end_of(&self, row: u32) -> Option<u32> {
        self.ends.get(row as usize).copied()
    }
}

/// Follows each chain of winners once.
fn ends(ledger: &[Record]) -> Vec<u32> {
    let winner = |row: u32| match ledger.get(row as usize)?.fate {
        Fate::Superseded(by) | Fate::Reset(by) => Some(by),
        _ => None,
    };
    let mut ends: Vec<Option<u32>> = vec![None; ledger.len()];
    let mut chain = Vec::new();
    for (row, _) in (0..).zip(ledger) {
        let mut end: u32 = row;
        // A row of this chain has an end already, so even a circle would be walked once.
        while let Some(slot) = ends.get_mut(end as usize)
            && slot.is_none()
        {
            *slot = Some(end);
            chain.push(end);
            match winner(end) {
                Some(by) => end = by,
                None => break,
            }
        }
        let end = ends.get(end as usize).copied().flatten().unwrap_or(end);
        for row in chain.drain(..) {
            if let Some(slot) = ends.get_mut(row as usize) {
                *slot = Some(end);
            }
        }
    }
    (0..)
        .zip(ends)
        .map(|(row, end)| end.unwrap_or(row))
        .collect()
}

impl Document {
    pub(super) fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.ledger))
    }
}
