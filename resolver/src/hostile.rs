//! Texts that mean something to one of the formats, for the laws that every reader keeps.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// What starts, ends, quotes, joins or breaks something in at least one format, and what is no text at all.
const PIECES: &[&[u8]] = &[
    // Ends of lines, and what joins lines.
    b"\n",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\\\n",
    b"\\\n",
    b"\\",
    // Sections, keys and values.
    b"[",
    b"]",
    b"[S]",
    b"\n[S]\n",
    b"=",
    b"a=1\n",
    b"a[de]=b\n",
    b"a",
    b"A",
    b"b",
    b"-",
    b".",
    b"/",
    b"Encoding",
    b"UTF-8",
    // Blanks, comments and quotes.
    b" ",
    b"\t",
    b"\x0b",
    b"\x0c",
    b"#",
    b";",
    b"\n# c\n",
    b"\"",
    b"'",
    b"$",
    // Beyond ASCII, well formed or not.
    b"\xef\xbb\xbf",
    b"\xc3\xa9",
    b"\xc3",
    b"\xff",
];

/// A text of such pieces, of a few of them that meet often, or of any bytes.
pub(crate) fn text() -> impl Strategy<Value = Vec<u8>> {
    let concat = |pieces: Vec<&[u8]>| pieces.concat();
    let few = subsequence(PIECES, 2..7)
        .prop_flat_map(|pieces| vec(select(pieces), 0..40))
        .prop_map(concat);
    prop_oneof![
        3 => vec(select(PIECES), 0..30).prop_map(concat),
        3 => few,
        1 => any::<Vec<u8>>(),
    ]
}
