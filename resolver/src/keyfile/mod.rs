//! The lossless keyfile reader: `[group]` headers, `key=value` pairs and `#` comments, each with its
//! place in the text.
//!
//! Reading never fails. A line that GLib's `GKeyFile` refuses becomes [`LineKind::Invalid`], with
//! its number and the reason, and the lines after it are read all the same. GLib gives up at the
//! first such line, so it loads a text exactly when [`Keyfile::problems`] is empty (one exception
//! stands at [`Problem::KeyName`]). The lines, put together again, give the text back byte by byte.
//!
//! Deliberately absent: lookup by key (a repeated key is the merge's business, so every pair is
//! kept), the choice of a locale, and writing. What a value means is in [`value`].

mod line;
mod problem;
#[cfg(test)]
mod tests;
pub mod value;

use std::ops::Range;

use bstr::{BStr, ByteSlice};

use self::line::Dialect;
pub use self::problem::Problem;

/// One text, read as a keyfile.
///
/// ```
/// # #[cfg(feature = "keyfile")] {
/// use overlay_resolver::keyfile::Keyfile;
///
/// let keyfile = Keyfile::parse("[Flatpak Repo]\nUrl = https://example.org/\n; oops\n");
/// let pair = keyfile.pairs().next().unwrap();
/// assert_eq!((pair.key, pair.value), ("Url".into(), "https://example.org/".into()));
/// assert_eq!(pair.line.number, 2);
/// let (line, problem) = keyfile.problems().next().unwrap();
/// assert_eq!(line, 3);
/// assert_eq!(problem.to_string(), "a `;` does not start a comment in this format; use `#`");
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyfile {
    text: Vec<u8>,
    lines: Vec<Line>,
}

/// One line and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// Its number, counted from 1.
    pub number: usize,
    /// Its bytes in the text, line end included.
    pub span: Range<usize>,
    /// What it says.
    pub kind: LineKind,
}

/// What a line says. The ranges are places in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineKind {
    /// Nothing, or only blanks.
    Blank,
    /// A comment.
    Comment,
    /// `[name]`: the pairs up to the next header belong to this group.
    Group {
        /// The name between the brackets.
        name: Range<usize>,
    },
    /// `key=value` or `key[locale]=value`.
    Pair {
        /// The key without its locale. In `a[]=v`, which GLib does not take for a translation, the
        /// brackets belong to the key.
        key: Range<usize>,
        /// The locale between the brackets, never empty.
        locale: Option<Range<usize>>,
        /// The raw value: blanks before it are left out, blanks after it belong to it.
        value: Range<usize>,
    },
    /// A line that `GKeyFile` would refuse.
    Invalid(Problem),
}

/// One assignment, as `g_key_file_get_value` would return it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pair<'a> {
    /// The group it stands in.
    pub group: &'a BStr,
    /// The key without its locale.
    pub key: &'a BStr,
    /// The locale of a translation.
    pub locale: Option<&'a BStr>,
    /// The raw value, neither unescaped nor checked to be UTF-8.
    pub value: &'a BStr,
    /// The line it stands on.
    pub line: &'a Line,
}

/// The lines of a text, without the copy that a [`Keyfile`] keeps.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Line> {
    line::read(text, &Dialect::GKEYFILE)
}

impl Keyfile {
    /// Reads `text` by the rules of GLib's `GKeyFile`.
    pub fn parse(text: impl Into<Vec<u8>>) -> Self {
        let text = text.into();
        let lines = lines(&text).collect();
        Self { text, lines }
    }

    /// The text that was read.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Its lines, in order; their spans cover the text without a gap.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What GLib would object to, with the number of the line.
    pub fn problems(&self) -> impl Iterator<Item = (usize, &Problem)> {
        self.lines.iter().filter_map(|line| match &line.kind {
            LineKind::Invalid(problem) => Some((line.number, problem)),
            _ => None,
        })
    }

    /// The assignments, in file order, repeated keys and groups included.
    ///
    /// Pairs below a header that could not be read are left out: nobody knows their group, and the
    /// header's problem is reported already.
    pub fn pairs(&self) -> impl Iterator<Item = Pair<'_>> {
        let mut group = None;
        self.lines.iter().filter_map(move |line| match &line.kind {
            LineKind::Group { name } => {
                group = Some(self.slice(name));
                None
            }
            LineKind::Invalid(problem) if problem.hides_group() => {
                group = None;
                None
            }
            LineKind::Pair { key, locale, value } => Some(Pair {
                group: group?,
                key: self.slice(key),
                locale: locale.as_ref().map(|locale| self.slice(locale)),
                value: self.slice(value),
                line,
            }),
            LineKind::Blank | LineKind::Comment | LineKind::Invalid(_) => None,
        })
    }

    fn slice(&self, range: &Range<usize>) -> &BStr {
        self.text[range.clone()].as_bstr()
    }
}
