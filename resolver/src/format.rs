//! File formats: how the text of one fragment becomes assignments.
//!
//! A format is one implementation of [`Format`] in one file below `format/`, and one line in
//! [`named`]. It reads a text from front to back in one pass, hands over what it meets and never
//! fails: a line that its consumer would refuse is a [`Problem`], which says how much of the text the
//! consumer loses by it, and reading goes on so that nothing stays unexplained.
//!
//! ```
//! use overlay_resolver::format::{self, Kind};
//!
//! let systemd = format::named("systemd").unwrap();
//! systemd.read(b"[Service]\nExecStart=/bin/a \\\n  b\n", &mut |item| {
//!     if let Kind::Assignment(pair) = item.kind {
//!         assert_eq!((&*pair.key, *item.lines.start(), *item.lines.end()), (&b"ExecStart"[..], 2, 3));
//!         assert_eq!(pair.value.text(), Some(&b"/bin/a    b"[..]));
//!     }
//! });
//! ```

#[cfg(not(feature = "json"))]
mod absent;
mod environment;
mod gkeyfile;
#[cfg(feature = "json")]
mod json;
mod kept;
#[cfg(test)]
mod laws;
mod libeconf;
mod lines;
mod nested;
mod opaque;
pub mod path;
mod physical;
mod sysctl;
mod systemd;
mod toml;
mod value;

use std::borrow::Cow;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

pub(crate) use self::kept::Kept;
pub use self::value::{Node, Value};

/// How the text of a fragment becomes assignments.
pub trait Format: fmt::Debug + Send + Sync {
    /// Reads `text` and hands over what stands in it, in order.
    ///
    /// The spans of the items are ascending and do not overlap. A format of lines
    /// ([`Format::is_lossless`]) leaves no gaps either: its items, put together, are the text.
    fn read<'t>(&self, text: &'t [u8], sink: &mut dyn FnMut(Item<'t>));

    /// Whether the items cover the whole text, comments and blanks included.
    fn is_lossless(&self) -> bool {
        true
    }

    /// Whether a value can be made of what the lines above it have set: `PATH=$PATH:/opt/bin`.
    fn expands(&self) -> bool {
        false
    }

    /// Whether keys are nested, so that a value may stand where another file has a table. Sections
    /// are then dotted paths.
    fn is_nested(&self) -> bool {
        false
    }
}

/// A stretch of a text that belongs together.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Item<'t> {
    /// Its bytes in the text, the line end included.
    pub span: Range<usize>,
    /// Its first and last line, counted from 1.
    pub lines: RangeInclusive<usize>,
    /// What it is.
    pub kind: Kind<'t>,
}

impl Item<'_> {
    /// The same without its text.
    pub(crate) fn into_owned(self) -> Item<'static> {
        let Self { span, lines, kind } = self;
        let owned = |text: Cow<'_, [u8]>| Cow::Owned(text.into_owned());
        let kind = match kind {
            Kind::Blank => Kind::Blank,
            Kind::Comment => Kind::Comment,
            Kind::Section(name) => Kind::Section(owned(name)),
            Kind::Assignment(pair) => Kind::Assignment(Pair {
                section: owned(pair.section),
                key: owned(pair.key),
                raw: pair.raw,
                value: match pair.value {
                    Value::Text(text) => Value::Text(owned(text)),
                    Value::Typed(node) => Value::Typed(node),
                },
            }),
            Kind::Problem(problem) => Kind::Problem(problem),
        };
        Item { span, lines, kind }
    }
}

/// What an [`Item`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind<'t> {
    /// Blanks without a meaning.
    Blank,
    /// A comment.
    Comment,
    /// A header: the assignments below it belong to this section.
    Section(Cow<'t, [u8]>),
    /// An assignment.
    Assignment(Pair<'t>),
    /// Something that the consumer refuses.
    Problem(Problem),
}

/// `key = value`, as one fragment says it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pair<'t> {
    /// The section, or the dotted path of the tables that the key stands in; empty for none.
    pub section: Cow<'t, [u8]>,
    /// The key.
    pub key: Cow<'t, [u8]>,
    /// The value's bytes in the text, as written.
    pub raw: Range<usize>,
    /// The value as the consumer reads it.
    pub value: Value<'t>,
}

/// Why the consumer refuses a part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What was expected, what was found and what to do.
    pub message: String,
    /// What the consumer does not read because of it.
    pub lost: Lost,
}

impl Problem {
    /// A problem that costs the consumer `lost`.
    pub fn new(lost: Lost, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            lost,
        }
    }
}

/// How much of a text its consumer does not read because of a [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lost {
    /// This item.
    Item,
    /// This item and all below it.
    Rest,
    /// The whole file.
    File,
}

/// All formats by name.
const FORMATS: &[(&str, &dyn Format)] = &[
    ("env-file", &environment::Environment::File),
    ("environment", &environment::Environment::Generator),
    ("gkeyfile", &gkeyfile::GKeyFile),
    #[cfg(feature = "json")]
    ("json", &json::Json),
    #[cfg(not(feature = "json"))]
    ("json", &absent::Absent),
    ("libeconf", &libeconf::Libeconf),
    ("lines", &lines::Lines),
    ("opaque", &opaque::Opaque),
    ("sysctl", &sysctl::Sysctl),
    ("systemd", &systemd::Systemd::Sections),
    ("systemd-flat", &systemd::Systemd::Flat),
    ("toml", &toml::Toml),
];

/// The format of this name, such as `systemd` or `toml`.
pub fn named(name: &str) -> Option<&'static dyn Format> {
    FORMATS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, format)| *format)
}

/// The names of all formats.
pub fn names() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|(name, _)| *name)
}

/// The format of files that neither the rules nor a suffix tell: systemd's, with or without sections.
pub fn default() -> &'static dyn Format {
    &systemd::Systemd::Flat
}

/// The format of key files, whatever the rules say.
pub fn gkeyfile() -> &'static dyn Format {
    &gkeyfile::GKeyFile
}

/// The format that a file's suffix tells beyond doubt (`.toml`, `.json`).
pub fn of_suffix(path: &Path) -> Option<&'static dyn Format> {
    match path.extension()?.to_str()? {
        suffix @ ("toml" | "json") => named(suffix),
        _ => None,
    }
}
