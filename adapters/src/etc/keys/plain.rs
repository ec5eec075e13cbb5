//! A text that every consumer of `key=value` reads alike, whoever it is: lines that are blank, comments
//! with `#`, headers, or a plain name, `=` and a value that neither goes on in the next line nor holds
//! half of something quoted. That each key stands there once is for whoever knows the keys to say.

use bstr::ByteSlice as _;
use overlay_resolver::format::{self, Format};

use super::Unmergeable;

/// A format to read such a text by, if it is one.
pub(super) fn format(text: &[u8], side: &'static str) -> Result<&'static dyn Format, Unmergeable> {
    for (line, bytes) in (1..).zip(text.lines()) {
        if !is_plain(bytes.trim_ascii()) {
            return Err(Unmergeable::NotPlain { side, line });
        }
    }
    Ok(format::default())
}

pub(super) fn is_plain(line: &[u8]) -> bool {
    match line {
        [] => true,
        [.., b'\\'] => false,
        _ if line
            .iter()
            .any(|&byte| byte.is_ascii_control() && byte != b'\t') =>
        {
            false
        }
        [b'#', ..] => true,
        [b'[', name @ .., b']'] => !name.is_empty() && name.find_byteset(b"[]\"'#").is_none(),
        _ => line.split_once_str("=").is_some_and(|(key, value)| {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
            let key = key.trim_ascii_end();
            let is_half = |quote: u8| value.find_iter(&[quote]).count() % 2 == 1;
            !key.is_empty()
                && key.iter().all(is_part)
                && ![b'"', b'\'', b'`'].map(is_half).contains(&true)
        }),
    }
}
