//! Files of variables where systemd's reading is hard to guess: pieces in quotes, escapes, continued
//! lines, comments that are none, and bytes thrown in at random. Names repeat now and then.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::generated::one_of;

type Bytes = Vec<u8>;

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

const COMMENTS: &[u8] = b"#|;|# c|; c| # c|\t;c|#A=1|# c \\|;\\\\|#'|;\"|# \xff|#=";

/// A file, with problems or without.
pub(super) fn file() -> impl Strategy<Value = Bytes> {
    let end = prop_oneof![8 => Just(b"\n".to_vec()), 2 => one_of(b"\r\n|\r|\n\n|\n\r| \n|\t\r\n")];
    let lines = vec((line(), end), 0..6);
    let sharp = vec((any::<Index>(), one_of(SHARP)), 1..3);
    let thrown_in = prop_oneof![4 => Just(Vec::new()), 1 => sharp];
    (lines, any::<bool>(), thrown_in).prop_map(|(mut lines, is_open, thrown_in)| {
        if let Some((_, end)) = lines.last_mut().filter(|_| is_open) {
            end.clear();
        }
        let lines = lines.into_iter();
        let mut text: Bytes = lines.flat_map(|(line, end)| [line, end].concat()).collect();
        for (index, bytes) in thrown_in {
            // It would change what is expanded.
            if !text.contains(&b'$') {
                let at = index.index(text.len() + 1);
                text.splice(at..at, bytes);
            }
        }
        text
    })
}

fn line() -> impl Strategy<Value = Bytes> {
    let pair =
        (one_of(NAMES), blanks(), blanks(), value()).prop_map(|(name, before, behind, value)| {
            [&*name, &before, b"=", &behind, &value].concat()
        });
    let soup = vec(one_of(SHARP), 0..6).prop_map(|bytes| bytes.concat());
    prop_oneof![
        30 => pair,
        4 => one_of(COMMENTS),
        2 => blanks(),
        1 => one_of(NAMES),
        1 => soup,
    ]
}

fn value() -> impl Strategy<Value = Bytes> {
    let pieces = vec(one_of(PIECES), 0..5).prop_map(|pieces| pieces.concat());
    let dangerous = (one_of(PLAIN), one_of(DANGEROUS), one_of(PIECES))
        .prop_map(|(before, dangerous, behind)| [before, dangerous, behind].concat());
    prop_oneof![10 => one_of(PLAIN), 10 => pieces, 1 => dangerous]
}

fn blanks() -> impl Strategy<Value = Bytes> {
    prop_oneof![5 => Just(Vec::new()), 1 => one_of(b" |\t|  | \t ")]
}
