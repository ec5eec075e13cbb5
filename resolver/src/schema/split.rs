//! Values into items.

use std::borrow::Cow;

use super::Split;

impl Split {
    /// The items of a value.
    ///
    /// * [`Split::Words`] is systemd's `config_parse_strv()`: blanks separate, single or double
    ///   quotes keep together, also within a word, and `""` is an empty item. A quote that is never
    ///   closed ends the list before its word, as up to systemd 253; newer ones refuse the whole
    ///   assignment. A backslash is an ordinary character: the parsers of some keys
    ///   (`Environment=`) decode C escapes, those of others drop the backslash.
    /// * [`Split::Blanks`] is the same without quotes, for lists of names and addresses.
    /// * The others have their separators; blanks around an item do not count and empty items are
    ///   none. A backslash keeps the character after it from separating, and both stay as they are
    ///   (`GKeyFile`'s lists, and `nm_match_spec_split()`).
    pub fn items(self, value: &[u8]) -> Vec<Cow<'_, [u8]>> {
        match self {
            Self::None => vec![Cow::Borrowed(value)],
            Self::Words => words(value),
            Self::Blanks => value
                .split(|&byte| is_blank(byte))
                .filter(|item| !item.is_empty())
                .map(Cow::Borrowed)
                .collect(),
            Self::Commas => separated(value, b","),
            Self::Semicolons => separated(value, b";"),
            Self::Colons => separated(value, b":"),
            Self::Specs => separated(value, b",;"),
        }
    }

    /// A value of these items, for lists whose items are not quoted.
    pub(crate) fn join(self, items: &[&[u8]]) -> Vec<u8> {
        let (separator, apart): (&[u8], &[u8]) = match self {
            Self::None | Self::Words | Self::Blanks => (b" ", b" "),
            Self::Commas | Self::Specs => (b",", b" ,"),
            Self::Semicolons => (b";", b" ;"),
            Self::Colons => (b":", b" :"),
        };
        let value = items.join(separator);
        if self
            .items(&value)
            .iter()
            .map(|item| &**item)
            .eq(items.iter().copied())
        {
            return value;
        }
        // A backslash at the end of an item is not to escape the separator.
        items.join(apart)
    }

    /// A value of which this is the one item; none if there is no such value.
    pub(crate) fn quote(self, item: &[u8]) -> Option<Vec<u8>> {
        let value = match self {
            Self::Words => quoted(item),
            _ => item.to_vec(),
        };
        matches!(&self.items(&value)[..], [only] if **only == *item).then_some(value)
    }
}

/// A word in quotes where it needs them, those that it does not have itself.
fn quoted(word: &[u8]) -> Vec<u8> {
    let is_plain = |byte: &u8| !is_blank(*byte) && !matches!(byte, b'"' | b'\'');
    if !word.is_empty() && word.iter().all(is_plain) {
        return word.to_vec();
    }
    let mut text = Vec::new();
    let mut rest = word;
    loop {
        let quote = if rest.first() == Some(&b'"') {
            b'\''
        } else {
            b'"'
        };
        let end = rest
            .iter()
            .position(|byte| *byte == quote)
            .unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        text.push(quote);
        text.extend_from_slice(part);
        text.push(quote);
        rest = after;
        if rest.is_empty() {
            return text;
        }
    }
}

/// systemd's `WHITESPACE`.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// systemd: extract-word.c `extract_first_word()` with `EXTRACT_UNQUOTE|EXTRACT_RETAIN_ESCAPE`.
fn words(value: &[u8]) -> Vec<Cow<'_, [u8]>> {
    if !value.iter().any(|byte| matches!(byte, b'"' | b'\'')) {
        return Split::Blanks.items(value);
    }
    let mut items = Vec::new();
    let mut rest = value;
    while let Some(start) = rest.iter().position(|&byte| !is_blank(byte)) {
        let Some((word, after)) = rest.get(start..).and_then(unquote) else {
            break;
        };
        items.push(Cow::Owned(word));
        rest = after;
    }
    items
}

/// The first word and what follows it; none if a quote in it is not closed.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    let mut quote = None;
    for (index, &byte) in text.iter().enumerate() {
        match quote {
            Some(open) if byte == open => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if is_blank(byte) => return Some((word, text.get(index..)?)),
            _ => word.push(byte),
        }
    }
    quote.is_none().then_some((word, &[]))
}

fn separated<'v>(value: &'v [u8], separators: &[u8]) -> Vec<Cow<'v, [u8]>> {
    let mut escaped = false;
    value
        .split(|&byte| {
            let separates = !escaped && separators.contains(&byte);
            escaped = !escaped && byte == b'\\';
            separates
        })
        .map(<[u8]>::trim_ascii)
        .filter(|item| !item.is_empty())
        .map(Cow::Borrowed)
        .collect()
}
