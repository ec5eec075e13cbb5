//! The codes of what resolving and its lints find: one table, which FORMATS.md shows.

use std::fmt;
use std::path::PathBuf;

use super::{Finding, Level, line_of};
use crate::escape::{escape_text, is_unsafe, one_line};

/// What kind of thing a finding is: a name that stays, for scripts, and what it stands for.
///
/// Findings are made by it, so none is without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static Row);

/// One row of a table of codes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// Lower-case words with `-` between them.
    pub name: &'static str,
    /// What it is about: the beginning of a sentence, without its full stop.
    pub summary: &'static str,
}

/// Makes a table of codes: a constant each, and a list of all.
#[macro_export]
#[doc(hidden)]
macro_rules! finding_codes {
    ($($constant:ident = $name:literal: $summary:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $summary, ".")]
            pub const $constant: $crate::finding::Code = $crate::finding::Code::new(
                &$crate::finding::code::Row { name: $name, summary: $summary },
            );
        )*
        /// All of these.
        pub const ALL: &[$crate::finding::Code] = &[$($constant),*];
    };
}

finding_codes! {
    ALIAS = "alias": "another name of a unit was asked for, and the drop-ins of its own name are not read";
    ALIAS_DROP_INS = "alias-drop-ins": "drop-ins under another name of a unit, which count for it as well and are not read here";
    BAD_CATALOG = "bad-catalog": "a catalog that cannot be read";
    BAD_RULES = "bad-rules": "rules or a schema that cannot be read";
    BROKEN_DIRECTORY = "broken-directory": "a directory of a layer that cannot be listed, so nobody can tell what is masked there";
    BROKEN_FILE = "broken-file": "a name taken by what cannot be read: a link to nothing or in a circle, a directory, a device, a file of more than 16 MiB";
    BROKEN_LINE = "broken-line": "a line that its consumer refuses; a warning if it passes over that line only";
    CARRIAGE_RETURN = "carriage-return": "a line that ends in CR LF, where the CR is taken for a part of what stands before it";
    DUPLICATE_KEY = "duplicate-key": "a key that stands twice in one file, although it has one value";
    EMPTY_FILE_MASKS = "empty-file-masks": "a mask that is an empty file, which may be an accident; a link to /dev/null is meant";
    INSTALL_NOT_READ = "install-not-read": "`[Install]` in a drop-in for all units of a prefix or type, which `systemctl enable` ignores";
    LINK_LEAVES_ROOT = "link-leaves-root": "a link that leads elsewhere for a program that does not resolve it inside the root";
    LOCALE_ORDER = "locale-order": "two files that set one key, and whose names sort the other way round by locale or number";
    LOSES_ALWAYS = "loses-always": "a drop-in of the owner of which nothing counts, because later files supersede all of it";
    MASK_OF_NOTHING = "mask-of-nothing": "a mask whose name no lower layer has";
    MULTI_VALUED = "multi-valued": "a key with several assignments, of which nothing says what they come to";
    NOT_SEARCHED = "not-searched": "a directory that was not searched for configuration, or what a search of the whole tree passes over";
    NOT_UTF8 = "not-utf8": "a value that is not UTF-8";
    NO_UNIT = "no-unit": "drop-ins for many units, of which no layer has one";
    NUMBER_PREFIX = "number-prefix": "a drop-in of the owner whose name does not begin with two digits";
    PART_OF = "part-of": "a path that is a part of another one, in which other files have a say";
    SAME_VALUE = "same-value": "an override that says what the lower layer says already";
    SWITCHED_FILE = "switched-file": "a file that says itself when it counts, which is not looked at";
    UNFIT_KEY = "unfit-key": "a key of which the schema says what its format cannot have; it is read as if the schema said nothing";
    UNKNOWN_KEY = "unknown-key": "a key or a section that the consumer does not know and ignores, with what may be meant";
    UNPRINTABLE_NAME = "unprintable-name": "a file name with control characters, invisible ones, or bytes that are not UTF-8";
    UNREACHABLE_FILE = "unreachable-file": "a file that can never have an effect, because of its name or its place";
    UNREAD = "unread": "assignments that the consumer does not read, because of a line that it refuses";
    UNSEEN_BUNDLE = "unseen-bundle": "a file of a bundle at a path whose consumer reads no bundles";
    VENDOR_BEATS_ADMIN = "vendor-beats-admin": "a key of the owner's main file that a drop-in of a lower layer supersedes";
}

impl Code {
    /// The code of this row.
    pub const fn new(row: &'static Row) -> Self {
        Self(row)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// What it is about.
    pub const fn summary(self) -> &'static str {
        self.0.summary
    }

    /// A finding about `path`. Whatever its message quotes, it is one line that a terminal may be given.
    pub fn finding(
        self,
        level: Level,
        path: impl Into<PathBuf>,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            level,
            path: path.into(),
            line: None,
            message: shown(message.into()),
            code: self,
            span: None,
        }
    }

    /// An error about `path`.
    pub fn error(self, path: impl Into<PathBuf>, message: impl Into<String>) -> Finding {
        self.finding(Level::Error, path, message)
    }

    /// A warning about `path`.
    pub fn warning(self, path: impl Into<PathBuf>, message: impl Into<String>) -> Finding {
        self.finding(Level::Warning, path, message)
    }

    /// A note about `path`.
    pub fn info(self, path: impl Into<PathBuf>, message: impl Into<String>) -> Finding {
        self.finding(Level::Info, path, message)
    }

    /// What is wrong with the TOML `text` of the file at `path`.
    pub(crate) fn of_toml(
        self,
        path: impl Into<PathBuf>,
        text: &[u8],
        error: &toml::de::Error,
    ) -> Finding {
        let finding = self.error(path, one_line(error.message()));
        match error.span() {
            Some(span) => finding.at(line_of(text, span.start)).spanning(span),
            None => finding,
        }
    }
}

/// A message in which nobody forgot to escape a name. What was escaped stays as it is.
fn shown(message: String) -> String {
    if message.contains(is_unsafe) {
        return escape_text(message.as_bytes()).into();
    }
    message
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
