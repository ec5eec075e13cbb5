//! Files of lines where a reader is likely to be wrong: most lines are plain, some stand at a corner of the syntax, and
//! some bytes are thrown in at random. What the pieces are, each comparison says; how they are put together is here.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

pub(crate) type Bytes = Vec<u8>;

/// One of the elements that stand between bars.
pub(crate) fn one_of(list: &'static [u8]) -> impl Strategy<Value = Bytes> {
    select(
        list.split(|&byte| byte == b'|')
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>(),
    )
}

/// Up to `length` of the elements of `list`.
pub(crate) fn soup(list: &'static [u8], length: usize) -> impl Strategy<Value = Bytes> {
    vec(one_of(list), 0..=length).prop_map(|pieces| pieces.concat())
}

/// Mostly nothing, else one of the elements of `list`.
pub(crate) fn maybe(list: &'static [u8]) -> impl Strategy<Value = Bytes> {
    prop_oneof![5 => Just(Vec::new()), 1 => one_of(list)]
}

/// A start, and up to `most` lines with their ends; `open` leaves of the last end what a file that stops early has of it.
pub(crate) fn file(
    start: impl Strategy<Value = Bytes>,
    line: impl Strategy<Value = Bytes>,
    end: impl Strategy<Value = Bytes>,
    most: usize,
    open: fn(&mut Bytes),
) -> impl Strategy<Value = Bytes> {
    (start, vec((line, end), 0..=most), any::<bool>()).prop_map(
        move |(start, mut lines, is_open)| {
            if let Some((_, end)) = lines.last_mut().filter(|_| is_open) {
                open(end);
            }
            let lines = lines.into_iter().flat_map(|(line, end)| [line, end]);
            std::iter::once(start)
                .chain(lines)
                .collect::<Vec<_>>()
                .concat()
        },
    )
}

/// The texts with some elements of `sharp` thrown in now and then, where `may` says that it can be done.
pub(crate) fn with_thrown_in(
    texts: impl Strategy<Value = Bytes>,
    sharp: &'static [u8],
    may: fn(&[u8]) -> bool,
) -> impl Strategy<Value = Bytes> {
    let some = vec((any::<Index>(), one_of(sharp)), 1..3);
    let thrown_in = prop_oneof![4 => Just(Vec::new()), 1 => some];
    (texts, thrown_in).prop_map(move |(mut text, thrown_in)| {
        for (index, bytes) in thrown_in {
            if may(&text) {
                let at = index.index(text.len() + 1);
                text.splice(at..at, bytes);
            }
        }
        text
    })
}

/// The lines of a file with sections, by their parts.
pub(crate) struct Sectioned {
    pub(crate) blanks: &'static [u8],
    pub(crate) sharp: &'static [u8],
    /// What starts a comment.
    pub(crate) comment: &'static [u8],
    pub(crate) words: &'static [u8],
}

impl Sectioned {
    pub(crate) fn header(&self) -> impl Strategy<Value = Bytes> + use<> {
        let soup = |length| soup(self.sharp, length);
        (soup(1), soup(3), soup(2))
            .prop_map(|(indent, name, behind)| [&*indent, b"[", &name, b"]", &behind].concat())
    }

    pub(crate) fn comment(&self) -> impl Strategy<Value = Bytes> + use<> {
        let comment = (
            maybe(self.blanks),
            one_of(self.comment),
            soup(self.sharp, 3),
        )
            .prop_map(|(indent, start, mut text)| {
                text.retain(|&byte| byte != b'\n');
                [indent, start, text].concat()
            });
        prop_oneof![maybe(self.blanks), comment]
    }

    pub(crate) fn pair<K>(&self, key: K) -> impl Strategy<Value = Bytes> + use<K>
    where
        K: Strategy<Value = Bytes>,
    {
        let blanks = || maybe(self.blanks);
        let words = soup(self.words, 3);
        let corner =
            (soup(self.sharp, 2), blanks()).prop_map(|(text, blanks)| [text, blanks].concat());
        let value = prop_oneof![6 => words, 1 => corner];
        (blanks(), key, blanks(), blanks(), value).prop_map(
            |(indent, key, before, behind, value)| {
                [&*indent, &key, &before, b"=", &behind, &value].concat()
            },
        )
    }
}
