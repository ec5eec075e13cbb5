//! Patterns for configuration paths.
//!
//! A process asks about one path mostly, so nothing is compiled that this path does not need: making
//! regular expressions of all built-in patterns costs more than reading a hundred files.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
#[cfg(feature = "globs")]
use std::sync::OnceLock;

#[cfg(feature = "globs")]
use globset::{Glob, GlobBuilder, GlobMatcher};

/// What `*`, `?`, `[` and `{` stand for is as in a shell; none of them stands for a `/`.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    /// What it stands for, without `{a,b}`.
    alternatives: Vec<Alternative>,
}

#[derive(Debug)]
enum Alternative {
    Path(PathBuf),
    /// One `*`, with what is before it and after it.
    Star(String, String),
    #[cfg(feature = "globs")]
    Glob(Box<Glob>, OnceLock<GlobMatcher>),
}

impl Pattern {
    pub(super) fn new(text: String) -> Result<Self, String> {
        let found = alternatives(&text);
        let found = found.iter().map(|text| Alternative::new(text));
        Ok(Self {
            alternatives: found.collect::<Result<_, _>>()?,
            text,
        })
    }

    /// One that stands for a path, whatever is in that.
    pub(super) fn literal(path: &Path) -> Self {
        Self {
            text: path.to_string_lossy().into_owned(),
            alternatives: vec![Alternative::Path(path.into())],
        }
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn matches(&self, path: &Path) -> bool {
        let mut alternatives = self.alternatives.iter();
        alternatives.any(|alternative| alternative.matches(path))
    }

    /// The paths that it names as they are.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.alternatives
            .iter()
            .filter_map(|alternative| match alternative {
                Alternative::Path(path) => Some(path.clone()),
                Alternative::Star(..) => None,
                #[cfg(feature = "globs")]
                Alternative::Glob(..) => None,
            })
    }

    /// The one path that it stands for, if it does.
    pub(super) fn as_literal(&self) -> Option<&Path> {
        match self.alternatives.as_slice() {
            [Alternative::Path(path)] => Some(path),
            _ => None,
        }
    }
}

impl Alternative {
    fn new(text: &str) -> Result<Self, String> {
        let is_plain = |text: &str| !text.contains(['*', '?', '[', ']', '{', '}', '\\']);
        if is_plain(text) {
            return Ok(Self::Path(text.into()));
        }
        match text.split_once('*') {
            Some((start, end)) if is_plain(start) && is_plain(end) => {
                Ok(Self::Star(start.into(), end.into()))
            }
            _ => Self::glob(text),
        }
    }

    #[cfg(feature = "globs")]
    fn glob(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let glob = glob.map_err(|error| error.to_string())?;
        Ok(Self::Glob(glob.into(), OnceLock::new()))
    }

    /// More than one `*` takes a library that is larger than the rest of this crate.
    #[cfg(not(feature = "globs"))]
    fn glob(text: &str) -> Result<Self, String> {
        Err(format!(
            "expected a pattern with at most one `*`, found `{text}`: build the program with the feature `globs` of \
             overlay-resolver"
        ))
    }

    fn matches(&self, path: &Path) -> bool {
        match self {
            Self::Path(known) => known == path,
            Self::Star(start, end) => {
                let rest = path.as_os_str().as_bytes().strip_prefix(start.as_bytes());
                let stands_for = rest.and_then(|rest| rest.strip_suffix(end.as_bytes()));
                stands_for.is_some_and(|name| !name.contains(&b'/'))
            }
            #[cfg(feature = "globs")]
            Self::Glob(glob, matcher) => matcher
                .get_or_init(|| glob.compile_matcher())
                .is_match(path),
        }
    }
}

/// What a pattern with `{a,b}` stands for; one of which that cannot be told stays as it is.
fn alternatives(pattern: &str) -> Vec<String> {
    let parts = pattern
        .split_once('{')
        .and_then(|(start, rest)| Some((start, rest.split_once('}')?)));
    match parts {
        // `[{]` and `\\{` are no beginnings, `{a,{b}}` has two; an empty name stands for nothing.
        Some((start, (names, _)))
            if start.contains(['[', '\\'])
                || names.contains(['{', '[', '\\'])
                || names.split(',').any(str::is_empty) =>
        {
            vec![pattern.into()]
        }
        Some((start, (names, end))) => {
            let ends = alternatives(end);
            let names = names.split(',');
            let with_ends = |name| ends.iter().map(move |end| format!("{start}{name}{end}"));
            names.flat_map(with_ends).collect()
        }
        None => vec![pattern.into()],
    }
}

#[cfg(test)]
mod tests {
    use globset::GlobBuilder;

    use super::*;

    #[test]
    fn a_pattern_matches_as_globset_has_it() {
        let paths = [
            "a/x.conf",
            "a/.conf",
            "a/b/x.conf",
            "a/xconf",
            "b/x.conf",
            "b/x.toml",
            "x",
            "a",
            "ab",
            "a{b",
            "a/x[1]",
            "a/x1",
            "",
            "{a,b}",
            "c/d.d",
            "a/b.service",
            "a/b.timer",
            "c/b.timer",
            "ac",
            "abc",
        ];
        let patterns = [
            "a/*.conf",
            "{a,b}/*.conf",
            "{a,b}/*.{conf,toml}",
            "a/x[1]",
            "a/x?1?",
            "{b,c/d}.d",
            "a*",
            "*",
            "a/**",
            "{a,c}/*.{service,timer}",
            "a{b,}c",
            "[{]a",
            "a/*x*",
            "\\{a,b\\}",
            "x",
            "{a,{b,x}}",
            "{}",
            "a{,b}",
        ];
        for pattern in patterns {
            let glob = GlobBuilder::new(pattern)
                .literal_separator(true)
                .build()
                .unwrap();
            let theirs = glob.compile_matcher();
            let ours = match Pattern::new(pattern.into()) {
                Ok(ours) => ours,
                Err(error) => {
                    let is_absent = cfg!(not(feature = "globs"));
                    assert!(is_absent && error.contains("feature `globs`"), "{error}");
                    continue;
                }
            };
            for path in paths.map(Path::new) {
                assert_eq!(
                    ours.matches(path),
                    theirs.is_match(path),
                    "{pattern} {}",
                    path.display()
                );
            }
        }
    }
}
