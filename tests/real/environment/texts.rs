//! Files of variables where systemd's reading is hard to guess: pieces in quotes, escapes, continued
//! lines, comments that are none, and bytes thrown in at random. Names repeat now and then.

use proptest::prelude::*;

use crate::texts::{Bytes, file, maybe, one_of, soup, with_thrown_in};

/// Bytes that mean something somewhere. Like the lists below, its elements stand between bars.
const SHARP: &[u8] = b"=|#|;|'|\"|\\|`| |\t|\n|\n|\r|\r\n|\0|\x0b|\x0c|\x01|\x7f|a|A|\
    \xef\xbb\xbf|\xc3\xa9|\xff";

const NAMES: &[u8] = b"A|B|C|D|E|F|G|H|I|J|K|_|_a1|a_B|PATH|A|B|C|D|E|F|G|H|I|J|K|_|_a1|a_B|PATH|\
    1|A1 | A|\tB|A B|export C|A-B|A.B|\xc3\xa9|A#|A;B|'A'|\"A\"|A\\|=|A\x0b|\xef\xbb\xbfA|\xff";

const PLAIN: &[u8] =
    b"v|1|v w|'v w'|\"v w\"|\"v\" 'w'|v # w|/usr/bin:/bin|a=b|\"v\\\"w\"|v\\ w|\"v\\\nw\"|\
    v\\\n  w|'v\nw'|\xc3\xa9|$FOO-|${BAR}|\"$FOO-\"|'${BAR}'|";

const PIECES: &[u8] = b"v|w| |  |\t|#|;|=|''|\"\"|'v'|\"v\"|' v '|\" v \"|'\\'|\"\\\\\"|\"\\n\"|\"'\"|'\"'|\
    \\|\\\\|\\n|\\\"|\\'|\\ |\\\t|\\\n|\\\n |\\\r|\"\\\"\"|\"\\`\"|\"\\$-\"|\"\\\n\"|\"\\\r\"|'\\\n'|\"\n\"|'\r\n'|\
    `|\"\\'\"|$-|\\$-|$FOO-|${BAR}|\\${BAR}|\x0b|\x0c|\x01|\x7f|\xc3\xa9|\xe2\x80\xa8|\xef\xbb\xbf";

/// What costs more than its line, or may reach further.
const DANGEROUS: &[u8] =
    b"\xff|\xef\xbf\xbe|\xef\xbf\xbf|\xef\xb7\x90|\xf0\x9f\xbf\xbf|\xed\xa0\x80|\xc0\x80|\
    \xf4\x90\x80\x80|\xef\xb7\xb0|\0|'|\"|\"v|'v\\";

const BLANKS: &[u8] = b" |\t|  | \t ";

const COMMENTS: &[u8] = b"#|;|# c|; c| # c|\t;c|#A=1|# c \\|;\\\\|#'|;\"|# \xff|#=";

/// A file, with problems or without.
pub(super) fn whole() -> impl Strategy<Value = Bytes> {
    let end = prop_oneof![8 => Just(b"\n".to_vec()), 2 => one_of(b"\r\n|\r|\n\n|\n\r| \n|\t\r\n")];
    let lines = file(Just(Vec::new()), line(), end, 5, Bytes::clear);
    // It would change what is expanded.
    with_thrown_in(lines, SHARP, |text| !text.contains(&b'$'))
}

fn line() -> impl Strategy<Value = Bytes> {
    let pair = (one_of(NAMES), maybe(BLANKS), maybe(BLANKS), value()).prop_map(
        |(name, before, behind, value)| [&*name, &before, b"=", &behind, &value].concat(),
    );
    prop_oneof![
        30 => pair,
        4 => one_of(COMMENTS),
        2 => maybe(BLANKS),
        1 => one_of(NAMES),
        1 => soup(SHARP, 5),
    ]
}

fn value() -> impl Strategy<Value = Bytes> {
    let pieces = soup(PIECES, 4);
    let dangerous = (one_of(PLAIN), one_of(DANGEROUS), one_of(PIECES))
        .prop_map(|(before, dangerous, behind)| [before, dangerous, behind].concat());
    prop_oneof![10 => one_of(PLAIN), 10 => pieces, 1 => dangerous]
}
