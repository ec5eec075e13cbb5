//! Files where libeconf's reading is hard to guess: continued lines, quotes, comments and blanks, and
//! bytes thrown in at random. Names repeat, so that sections and keys do, too.

use proptest::prelude::*;

use crate::texts::{Bytes, file, one_of, soup, with_thrown_in};

/// Bytes that mean something somewhere. Like the lists below, its elements stand between bars.
const SHARP: &[u8] = b"=|=|#|\"|\"|[|]| |\t|\n|\n|\r|\r\n|\0|\x0b|\x0c|\\|;|a|a|\
    \xef\xbb\xbf|\xc3\xa9|\xff|\xa0|\x85";

const HEADERS: &[u8] =
    b"[s]|[t]| [s]\t|[s] # c|[ s ]|[s]]|[[s]]|[_none_]|[s t]|[\"#\"]|[=]|[\xff]|[s]x]";

const BROKEN: &[u8] =
    b"[s|[]|[] # c|[s] x|[|[ |[#]|[s # ]|a b=c|a b|a  |a\"b\" c|a\tb = c|\xef\xbb\xbf a=b";

const KEYS: &[u8] = b"a|b|c|d|e|f|g|h|A|_none_|\"a\"|\xc3\xa9|\xff|;a|a.b|]|a[|\\";

const DELIMITERS: &[u8] = b"=|=|=|=|=|= | = | =|\t=\t|==|=\x0b| = =";

const PIECES: &[u8] =
    b"v|w|1|\"|\"v\"|\" v \"|\"\"|\"#\"|\"v|v\"| |  |\t|\\|\\\\|\\\"|'|'v'|#|# c|# \"c\"|\
    ;|=|[s]|\xc3\xa9|\xff|\x0b|\r|,";

const CONTINUATIONS: &[u8] = b"more| more |\tmore\\|more # c| # c| |\t|\"|more\"|\"more\" # c|\
    more \"#\" x| \"# c|]|more\0|\0|\r|\x0b";

/// A file, refused or not.
pub(super) fn whole() -> impl Strategy<Value = Bytes> {
    let start = prop_oneof![
        30 => Just(Vec::new()),
        8 => Just(b"[s]\n".to_vec()),
        1 => one_of(b"\xef\xbb\xbf|\n|\r\n|#\n| #\n"),
    ];
    let end = prop_oneof![9 => Just(b"\n".to_vec()), 1 => one_of(b"\r\n|\0\n|\n\n|\r")];
    with_thrown_in(file(start, line(), end, 8, Bytes::clear), SHARP, |_| true)
}

fn line() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        120 => pair(),
        24 => one_of(CONTINUATIONS),
        16 => one_of(HEADERS),
        10 => one_of(b"|# c| # c|#|## c # d|# \"c\"|; c"),
        8 => one_of(KEYS),
        14 => one_of(BROKEN),
        4 => one_of(b"=v| = v|="),
        5 => soup(SHARP, 5),
        1 => Just([b"a=", &*vec![b'v'; 9000]].concat()),
    ]
}

fn pair() -> impl Strategy<Value = Bytes> {
    let indent = prop_oneof![6 => Just(Vec::new()), 1 => one_of(b" |\t|\x0c")];
    let value = soup(PIECES, 3);
    let value = prop_oneof![
        3 => one_of(b"v|1|w w|\"v\"|\" v w \"|v # c|\"v # c\" # d|v \\|"),
        2 => value,
    ];
    (indent, one_of(KEYS), one_of(DELIMITERS), value)
        .prop_map(|(indent, key, delimiter, value)| [indent, key, delimiter, value].concat())
}
