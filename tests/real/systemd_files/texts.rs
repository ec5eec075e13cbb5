//! Texts where a reader of systemd's files is likely to be wrong.
//!
//! About half of them are read to the end by systemd: most lines are plain, some stand at a corner of
//! the syntax, and some bytes are thrown in at random. All kinds of line ends are mixed.

use proptest::prelude::*;

use crate::texts::{Bytes, Sectioned, file, one_of, soup, with_thrown_in};

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

const LINES: Sectioned = Sectioned {
    blanks: b" |\t|\x0c|\x0b| \t ",
    sharp: SHARP,
    comment: b"#|;",
    words: WORDS,
};

/// A file, whether systemd reads it to its end or not.
pub(super) fn whole() -> impl Strategy<Value = Bytes> {
    let start = prop_oneof![
        12 => Just(b"[a]\n".to_vec()),
        6 => one_of(b"||\xef\xbb\xbf|\xef\xbb\xbf[a]\n|# first\n[b]\r\n|\\\n[a]\n|[a\\\nb]\n|\0"),
    ];
    let end = prop_oneof![
        10 => Just(b"\n".to_vec()),
        4 => Just(b"\\\n".to_vec()),
        5 => one_of(LINE_ENDS),
    ];
    let open = |end: &mut Bytes| {
        end.truncate(1);
        end.retain(|&byte| byte == b'\\');
    };
    with_thrown_in(file(start, line(), end, 7, open), SHARP, |_| true)
}

/// A file that is mostly one line: `lines` times `text`, with something around it.
pub(super) fn long(text: &str, lines: usize) -> Bytes {
    [b"[a]\na=1\nb=", text.repeat(lines).as_bytes(), b"\nc=2\n"].concat()
}

fn line() -> impl Strategy<Value = Bytes> {
    let key = prop_oneof![20 => one_of(KEYS), 1 => soup(SHARP, 3)];
    prop_oneof![
        24 => LINES.pair(key),
        6 => one_of(HEADERS),
        3 => LINES.comment(),
        5 => one_of(CORNERS),
        2 => one_of(ENDS),
        1 => prop_oneof![LINES.header(), soup(SHARP, 6)],
    ]
}
