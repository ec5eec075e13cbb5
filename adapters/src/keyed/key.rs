//! Which key of an entry is meant.

use std::borrow::Cow;
use std::fmt;

/// A key of an entry: the section that it stands in, and its name there. The empty section is the entry's own.
///
/// Shown, noted and asked for by people it is one text: `NAME`, or `[SECTION]NAME`. No section has a `]`, and no name
/// in a keyfile begins with `[`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyName<'k> {
    /// The section.
    pub(crate) section: Cow<'k, str>,
    /// The name.
    pub(crate) name: Cow<'k, str>,
}

impl<'k> KeyName<'k> {
    /// The key of this name in a section.
    pub(crate) fn new(section: impl Into<Cow<'k, str>>, name: impl Into<Cow<'k, str>>) -> Self {
        Self {
            section: section.into(),
            name: name.into(),
        }
    }

    /// The key of this name in the entry's own section.
    pub(crate) const fn bare(name: &'k str) -> Self {
        Self {
            section: Cow::Borrowed(""),
            name: Cow::Borrowed(name),
        }
    }

    /// The key that is shown so.
    pub(crate) fn parse(text: &'k str) -> Self {
        let (section, name) = in_section(text).unwrap_or(("", text));
        Self::new(section, name)
    }

    /// The key and the value of `KEY=VALUE`.
    pub(crate) fn of_line(line: &'k str) -> Option<(Self, &'k str)> {
        let (section, rest) = in_section(line).unwrap_or(("", line));
        let (name, value) = rest.split_once('=')?;
        Some((Self::new(section, name), value))
    }

    /// How many bytes it has where it is shown.
    pub(crate) fn size(&self) -> usize {
        let brackets = if self.section.is_empty() { 0 } else { 2 };
        self.section.len() + brackets + self.name.len()
    }

    /// The same key, with texts of its own.
    pub(crate) fn to_static(&self) -> KeyName<'static> {
        let owned = |text: &Cow<'_, str>| match &**text {
            // Mostly there is no section.
            "" => Cow::Borrowed(""),
            text => Cow::Owned(text.to_owned()),
        };
        KeyName {
            section: owned(&self.section),
            name: owned(&self.name),
        }
    }
}

/// The section that a text begins with, and what follows it.
fn in_section(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('[')?.split_once(']')
}

impl<'k> From<&'k str> for KeyName<'k> {
    fn from(name: &'k str) -> Self {
        Self::bare(name)
    }
}

impl<'k> From<&'k KeyName<'_>> for KeyName<'k> {
    fn from(key: &'k KeyName<'_>) -> Self {
        Self {
            section: Cow::Borrowed(&key.section),
            name: Cow::Borrowed(&key.name),
        }
    }
}

impl fmt::Display for KeyName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.section {
            "" => f.write_str(&self.name),
            section => write!(f, "[{section}]{}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read() {
        for (key, shown) in [
            (KeyName::bare("url"), "url"),
            (KeyName::new("wifi", "ssid"), "[wifi]ssid"),
            (KeyName::new("a=b [c", "d[e]"), "[a=b [c]d[e]"),
        ] {
            assert_eq!(key.to_string(), shown);
            assert_eq!(key.size(), shown.len());
            assert_eq!(KeyName::parse(shown), key);
            let line = format!("{shown}=v=w]");
            assert_eq!(KeyName::of_line(&line), Some((key, "v=w]")));
        }
    }
}
