//! Keyfiles and strings where mistakes are likely.
//!
//! Over half of the keyfiles are valid: most lines are plain, some stand at a corner of the dialect,
//! and some bytes are thrown in at random. Names repeat, so that groups and keys do, too.
//!
//! Left out because it depends on GLib's version of Unicode: letters beyond ASCII in a locale, but
//! for `é`, which always was one.

use proptest::prelude::*;

use crate::texts::{Bytes, Sectioned, file, one_of, soup, with_thrown_in};

/// Bytes that mean something somewhere, or that a reader may stumble over. Like the lists below,
/// its elements stand between bars.
const SHARP: &[u8] = b"[|]|=|#|;| |\t|\r|\n|\r\n|\0|\x0b|\x0c|\\|\x01|\x7f|\
    \x80|\xbf\xbf|\xc3|\xc3\xa9|\xff|\xed\xa0\x80|\xc0\x80|\xef\xbb\xbf|a|a|a|-";

const HEADERS: &[u8] = b"[a]|[b]| [a]|[a]\t |[remote \"x\"]|[\xc3\xa9]|[\xff]|[a b]|[#]|[;=]";

const KEYS: &[u8] = b"a|b|a b|Url|\xc3\xa9|\xff|;a|a\x0b|\xef\xbb\xbfa|-|.|Encodinge|\
    a[]|a[C]|a[c]|a[de]|a[sr_RS.UTF-8@x]|a\t[C]|a[\xc3\xa9]";

const WORDS: &[u8] = b"true|false|1|0|True|yes|-12|+7|\x0b5|0x1|12 a|-|\
    2147483647|2147483648|-2147483648|-2147483649|99999999999999999999|\
    UTF-8|utf-8|UTF-16||text|a;b;|;|\\s|\\n|\\t|\\r|\\\\|\\;|\\x|\\|\"q\"|# c| |\
    \xc3\xa9|\xff|\xed\xa0\x80";

/// Lines that the rest would make too rarely.
const CORNERS: &[u8] = b"[a|[]|[a[b]|[a]]|[a] x|[a]=b|[a\x7f]|[a]\x80 \x80|[a]\0x|[a]\0]|\0[|#\0|\
    =v|a|; c|a\0=b|a[de=v|a [C]=v|a[d e]=v|\xef\xbb\xbfa=b|\
    Encoding=utf-8|Encoding=UTF-8 |Encoding=UTF-8\0|Encoding=latin1";

const LINES: Sectioned = Sectioned {
    blanks: b" |\t|\x0c|\r| \t ",
    sharp: SHARP,
    comment: b"#",
    words: WORDS,
};

/// A keyfile, valid or not.
pub(super) fn keyfile() -> impl Strategy<Value = Bytes> {
    let start = prop_oneof![
        20 => Just(b"[a]\n".to_vec()),
        4 => one_of(b"|\xef\xbb\xbf|\n# first\n[b]\r\n"),
    ];
    let end = prop_oneof![
        8 => Just(b"\n".to_vec()),
        3 => one_of(b"\r\n|\r\n|\r\n|\r\r\n|\0\n"),
    ];
    with_thrown_in(file(start, line(), end, 6, Bytes::clear), SHARP, |_| true)
}

/// A string to write.
pub(super) fn string() -> impl Strategy<Value = String> {
    prop_oneof![r"[ \t\n\r\\;=#\[sntr\x0b\x0cé]{0,10}", "[^\0]{0,10}"]
}

fn line() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        16 => LINES.pair(key()),
        5 => one_of(HEADERS),
        2 => LINES.comment(),
        2 => one_of(CORNERS),
        1 => prop_oneof![LINES.header(), soup(SHARP, 6)],
    ]
}

fn key() -> impl Strategy<Value = Bytes> {
    let corner = prop_oneof![
        soup(SHARP, 3),
        soup(SHARP, 2).prop_map(|locale| [b"a[", &*locale, b"]"].concat()),
        soup(SHARP, 2).prop_map(|name| [&*name, b"[C]"].concat()),
        Just(b"Encoding".to_vec()),
    ];
    prop_oneof![30 => one_of(KEYS), 1 => corner]
}
