//! Texts where a reader of systemd's files is likely to be wrong.
//!
//! About half of them are read to the end by systemd: most lines are plain, some stand at a corner of
//! the syntax, and some bytes are thrown in at random. All kinds of line ends are mixed.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::generated::{Bytes, one_of};

/// Bytes that mean something somewhere, or that a reader may stumble over. Like the lists below,
/// its elements stand between bars.
const SHARP: &[u8] = b"[|]|=|#|;| |\t|\r|\n|\r\n|\n\r|\0|\x0b|\x0c|\\|\\|\\\n|\\\\\n|\"|'|\x01|\x7f|\
    \x80|\xc3|\xc3\xa9|\xff|\xed\xa0\x80|\xc0\x80|\xef\xbb\xbf|\xef\xb7\x8f|\xef\xb7\x90|\
    \xef\xbf\xbd|\xef\xbf\xbe|\xf0\x9f\xbf\xbf|\xf4\x8f\xbf\xbd|\xf4\x90\x80\x80|\xf8\x88\x80\x80\x80|a|a|a|-";

const HEADERS: &[u8] =
    b"[a]|[a]|[b]| [a]|[a]\t |[X-a]|[-a]|[\xc3\xa9]|[a b]|[ a ]|[a]b]|[[a]|[#]|[a=b]|[]|[]]|[a#]|\
    \xef\xbb\xbf[a]|[\xef\xbb\xbf]|[\xc2\x80]";

const KEYS: &[u8] =
    b"a|a|b|a b|X-a|A|\xc3\xa9|\x0ba|\x0ca|-|.|.include |\"a\"|a\\|\\|a]|\xef\xbb\xbfa";

const WORDS: &[u8] = b"a|1|text||\"q|'q|q\"|\\|\\\\|\\x20|\\n|# c|;c|=| |\t|\x0b|\xc3\xa9|[b]|%n|\xef\xbb\xbf|\xc2\x80";

/// Lines that systemd does not read on from.
const ENDS: &[u8] =
    b"[a|[|[a] # c|[a];|[a]=b|[\"a\"]|[a'b]|[a\\b]|[a\\]|[a\x7f]|[a\tb]|[\x1f]|a=\xff|\xff|[\xff]|\
    a\x80=b|a=\xef\xb7\x90|a=\xef\xbf\xbf|\xf0\x9f\xbf\xbe=|\xef\xbb\xbf[a|[a]\x0c";

/// Lines that cost only themselves, and others that the rest would make too rarely.
const CORNERS: &[u8] = b"a|=v|\t = v|==|\\|\\\\|\\\\\\| \\|a\\|a\\\\\\|#\\| ;\\|#\xff|\xef\xbb\xbf|\xef\xbb\xbf#c|\xef\xbb\xbf\xef\xbb\xbf|\
    \xef\xbb\xbfa=b| \xef\xbb\xbfa=b|\xef\xbb\xbf\\|\x0c#a|\x0b|.include x|]|a=b\\ |a=\\";

const LINE_ENDS: &[u8] = b"\r\n|\r\n|\n\r|\r|\0|\n\0|\r\0|\r\n\0|\n\r\0|\n\n|\0\0|\n\n\r|\r\r\n|\
    \\\r\n|\\\0|\\\n\r|\\\r|\\\n# c\n|\\\n\t;c\\\n|\\\n\n|\\\n \n|\\\n\\\n|\\\n\xef\xbb\xbf|\\\n #|\\\\\n";

/// A file, whether systemd reads it to its end or not.
pub(super) fn file() -> impl Strategy<Value = Bytes> {
    let start = prop_oneof![
        12 => Just(b"[a]\n".to_vec()),
        6 => one_of(b"||\xef\xbb\xbf|\xef\xbb\xbf[a]\n|# first\n[b]\r\n|\\\n[a]\n|[a\\\nb]\n|\0"),
    ];
    let end = prop_oneof![
        10 => Just(b"\n".to_vec()),
        4 => Just(b"\\\n".to_vec()),
        5 => one_of(LINE_ENDS),
    ];
    let lines = vec((line(), end), 0..8);
    let sharp = vec((any::<Index>(), one_of(SHARP)), 1..3);
    let thrown_in = prop_oneof![4 => Just(Vec::new()), 1 => sharp];
    (start, lines, any::<bool>(), thrown_in).prop_map(
        |(mut text, mut lines, is_open, thrown_in)| {
            if let Some((_, end)) = lines.last_mut().filter(|_| is_open) {
                end.truncate(1);
                end.retain(|&byte| byte == b'\\');
            }
            text.extend(
                lines
                    .into_iter()
                    .flat_map(|(line, end)| [line, end].concat()),
            );
            for (index, bytes) in thrown_in {
                let at = index.index(text.len() + 1);
                text.splice(at..at, bytes);
            }
            text
        },
    )
}

/// A file that is mostly one line: `lines` times `text`, with something around it.
pub(super) fn long(text: &str, lines: usize) -> Bytes {
    [b"[a]\na=1\nb=", text.repeat(lines).as_bytes(), b"\nc=2\n"].concat()
}

fn line() -> impl Strategy<Value = Bytes> {
    let header = (soup(1), soup(3), soup(2))
        .prop_map(|(indent, name, behind)| [&*indent, b"[", &name, b"]", &behind].concat());
    prop_oneof![
        24 => pair(),
        6 => one_of(HEADERS),
        3 => comment(),
        5 => one_of(CORNERS),
        2 => one_of(ENDS),
        1 => prop_oneof![header, soup(6)],
    ]
}

fn comment() -> impl Strategy<Value = Bytes> {
    let comment = (blanks(), one_of(b"#|;"), soup(3))
        .prop_map(|(indent, start, text)| [indent, start, text].concat());
    prop_oneof![blanks(), comment]
}

fn pair() -> impl Strategy<Value = Bytes> {
    (blanks(), key(), blanks(), blanks(), value()).prop_map(
        |(indent, key, before, behind, value)| {
            [&*indent, &key, &before, b"=", &behind, &value].concat()
        },
    )
}

fn key() -> impl Strategy<Value = Bytes> {
    prop_oneof![20 => one_of(KEYS), 1 => soup(3)]
}

fn value() -> impl Strategy<Value = Bytes> {
    let words = vec(one_of(WORDS), 0..4).prop_map(|words| words.concat());
    let corner = (soup(2), blanks()).prop_map(|(text, blanks)| [text, blanks].concat());
    prop_oneof![8 => words, 1 => corner]
}

fn blanks() -> impl Strategy<Value = Bytes> {
    prop_oneof![5 => Just(Vec::new()), 1 => one_of(b" |\t|\x0c|\x0b| \t ")]
}

fn soup(length: usize) -> impl Strategy<Value = Bytes> {
    vec(one_of(SHARP), 0..=length).prop_map(|bytes| bytes.concat())
}
