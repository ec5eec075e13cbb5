//! Keyfiles and strings where mistakes are likely.
//!
//! About half of the keyfiles are valid: most lines are plain, some stand at a corner of the
//! dialect, and some bytes are thrown in at random. Names repeat, so that groups and keys do, too.
//!
//! Left out because it depends on GLib's version of Unicode: letters beyond ASCII in a locale, but
//! for some that always were letters.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Bytes that mean something somewhere, or that a reader may stumble over.
const SHARP: [&[u8]; 26] = [
    b"[",
    b"]",
    b"=",
    b"#",
    b";",
    b" ",
    b"\t",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"\x0b",
    b"\x0c",
    b"\\",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\xbf\xbf",
    b"\xc3",
    b"\xc3\xa9",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\xef\xbb\xbf",
    b"a",
    b"-",
];

/// Lines that the rest would make too rarely.
const CORNERS: [&[u8]; 24] = [
    b"[a",
    b"[]",
    b"[a[b]",
    b"[a]]",
    b"[a] x",
    b"[a]=b",
    b"[a\x7f]",
    b"[a]\x80 \x80",
    b"[a]\0x",
    b"[a]\0]",
    b"\0[",
    b"#\0",
    b"=v",
    b"a",
    b"; c",
    b"a\0=b",
    b"a[de=v",
    b"a [C]=v",
    b"a[d e]=v",
    b"\xef\xbb\xbfa=b",
    b"Encoding=utf-8",
    b"Encoding=UTF-8 ",
    b"Encoding=UTF-8\0",
    b"Encoding=latin1",
];

/// A keyfile, valid or not.
pub(super) fn keyfile() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        20 => Just(&b"[a]\n"[..]),
        2 => Just(&b""[..]),
        1 => Just(&b"\xef\xbb\xbf"[..]),
        1 => Just(&b"\n# first\n[b]\r\n"[..]),
    ];
    let end = prop_oneof![
        12 => Just(&b"\n"[..]),
        3 => Just(&b"\r\n"[..]),
        1 => Just(&b"\r\r\n"[..]),
        1 => Just(&b"\0\n"[..]),
    ];
    let lines = vec((line(), end), 0..7);
    let some = vec((any::<Index>(), sharp()), 1..3);
    let thrown_in = prop_oneof![3 => Just(Vec::new()), 1 => some];
    (start, lines, any::<bool>(), thrown_in).prop_map(|(start, lines, open, thrown_in)| {
        let mut text = start.to_vec();
        let last = lines.len().saturating_sub(1);
        for (number, (line, end)) in lines.into_iter().enumerate() {
            text.extend(line);
            text.extend(if open && number == last { b"" } else { end });
        }
        for (index, bytes) in thrown_in {
            let at = index.index(text.len() + 1);
            text.splice(at..at, bytes.iter().copied());
        }
        text
    })
}

/// A string to write.
pub(super) fn string() -> impl Strategy<Value = String> {
    prop_oneof![r"[ \t\n\r\\;=#\[sntr\x0b\x0cé]{0,10}", "[^\0]{0,10}"]
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let corner = prop_oneof![4 => select(&CORNERS[..]).prop_map(<[u8]>::to_vec), 1 => header(), 1 => soup(6)];
    prop_oneof![16 => pair(), 5 => plain_header(), 2 => comment(), 2 => corner]
}

fn plain_header() -> impl Strategy<Value = Vec<u8>> {
    select(vec![
        "[a]",
        "[b]",
        " [a]",
        "[a]\t ",
        "[remote \"x\"]",
        "[é]",
        "[a b]",
        "[#]",
        "[;=]",
    ])
    .prop_map(|header| header.as_bytes().to_vec())
}

fn header() -> impl Strategy<Value = Vec<u8>> {
    (soup(1), soup(3), soup(2))
        .prop_map(|(before, name, behind)| [before.as_slice(), b"[", &name, b"]", &behind].concat())
}

fn comment() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(vec![]),
        blanks(),
        (blanks(), soup(3)).prop_map(|(blanks, text)| [
            blanks.as_slice(),
            b"#",
            &text
                .into_iter()
                .filter(|&byte| byte != b'\n')
                .collect::<Vec<_>>()
        ]
        .concat())
    ]
}

fn pair() -> impl Strategy<Value = Vec<u8>> {
    (blanks(), key(), blanks(), blanks(), value()).prop_map(
        |(indent, key, before, behind, value)| {
            [indent, key, before, b"=".to_vec(), behind, value].concat()
        },
    )
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    let plain = select(vec![
        "a",
        "b",
        "a b",
        "Url",
        "é",
        ";a",
        "a\x0b",
        "a\u{feff}",
        "a[]",
        "a[C]",
        "a[c]",
        "a[de]",
        "a[sr_RS.UTF-8@x]",
        "a\t[C]",
        "a[é]",
        "-",
        ".",
        "Encodinge",
    ])
    .prop_map(|key| key.as_bytes().to_vec());
    let corner = prop_oneof![
        soup(3),
        soup(2).prop_map(|locale| [b"a[", locale.as_slice(), b"]"].concat()),
        soup(2).prop_map(|name| [name.as_slice(), b"[C]"].concat()),
        Just(b"Encoding".to_vec()),
    ];
    prop_oneof![30 => plain, 1 => corner]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let word = select(vec![
        &b"true"[..],
        b"false",
        b"1",
        b"0",
        b"True",
        b"yes",
        b"-12",
        b"+7",
        b"2147483647",
        b"2147483648",
        b"-2147483648",
        b"99999999999999999999",
        b"0x1",
        b"12 a",
        b"-",
        b"UTF-8",
        b"utf-8",
        b"UTF-16",
        b"",
        b"text",
        b"a;b;",
        b";",
        b"\\s",
        b"\\n",
        b"\\t",
        b"\\r",
        b"\\\\",
        b"\\;",
        b"\\x",
        b"\\",
        b"\"q\"",
        b"# c",
        b" ",
        b"\xff",
        b"\xed\xa0\x80",
        "é".as_bytes(),
    ]);
    let words = vec(word, 0..4).prop_map(|words| words.concat());
    prop_oneof![4 => words, 1 => (soup(2), blanks()).prop_map(|(text, blanks)| [text, blanks].concat())]
}

fn blanks() -> impl Strategy<Value = Vec<u8>> {
    let blanks = select(vec![&b" "[..], b"\t", b"\x0c", b"\r", b" \t "]);
    prop_oneof![5 => Just(vec![]), 1 => blanks.prop_map(<[u8]>::to_vec)]
}

fn soup(length: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(sharp(), 0..=length).prop_map(|bytes| bytes.concat())
}

fn sharp() -> impl Strategy<Value = &'static [u8]> {
    prop_oneof![3 => select(&SHARP[..]), 1 => Just(&b"a"[..])]
}
