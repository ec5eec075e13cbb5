//! Why a line of a keyfile cannot be read, in the words that its author gets.

use thiserror::Error;

/// Why a line cannot be read. `Display` says what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text starts with U+FEFF.
    #[error("expected plain text, found a UTF-8 byte order mark; save the file without it")]
    ByteOrderMark,
    /// The line is nothing of what the format knows.
    #[error("expected `key=value`, `[group]` or a `#` comment, found `{found}`")]
    Unrecognized {
        /// The line, shortened.
        found: String,
    },
    /// The line is a comment, but in another format.
    #[error("a `;` does not start a comment in this format; use `#`")]
    SemicolonComment,
    /// A pair stands above the first group header.
    #[error("expected a `[group]` before the first key, found the key `{key}`")]
    OutsideGroup {
        /// The key, shortened.
        key: String,
    },
    /// The line starts with `=`.
    #[error("expected a key before the `=`")]
    EmptyKey,
    /// The key has a bracket that is not part of a locale.
    ///
    /// Which characters beyond ASCII count as letters of a locale depends on the version of Unicode
    /// that GLib was built with; here some that it refuses are accepted: letters of later versions,
    /// and marks that belong to letters.
    #[error("`{found}` is no key: brackets may only hold a locale at its end, as in `Title[de]`")]
    KeyName {
        /// The key, shortened.
        found: String,
    },
    /// The first group sets `Encoding`, which GLib reserves for itself, to something else.
    #[error("the only `Encoding` is `UTF-8`, found `{found}`; leave the line out")]
    Encoding {
        /// The encoding, shortened.
        found: String,
    },
    /// A header without `]`.
    #[error("expected `]` at the end of the group header, found `{found}`")]
    UnclosedGroup {
        /// The line, shortened.
        found: String,
    },
    /// A header with something behind it.
    #[error(
        "expected nothing behind the group header, found `{found}`; a comment needs its own line"
    )]
    TextAfterGroup {
        /// What stands there, shortened.
        found: String,
    },
    /// A header without a name.
    #[error("expected the name of a group between `[` and `]`")]
    EmptyGroup,
    /// A group's name with a byte that it must not have.
    #[error("expected a group name without `[` and control characters, found `{found}`")]
    GroupName {
        /// The name, shortened.
        found: String,
    },
}

impl Problem {
    /// Whether the line was (or may have been) a group header, so that the lines below it have no
    /// known group.
    pub(crate) fn hides_group(&self) -> bool {
        matches!(
            self,
            Self::ByteOrderMark
                | Self::UnclosedGroup { .. }
                | Self::TextAfterGroup { .. }
                | Self::EmptyGroup
                | Self::GroupName { .. }
        )
    }
}
