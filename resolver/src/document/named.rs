//! Which keys a name means, as people write names.

use bstr::ByteSlice as _;

use super::{Assignment, Document, Key};
use crate::escape::unescape;
use crate::format::path;

/// How a name may mean keys.
type Way = for<'d> fn(&'d Document, &[u8]) -> Vec<Key<'d>>;

impl Document {
    /// The keys that `name` can mean: `SECTION.KEY`, split at the last dot for which there is such a
    /// key, else `KEY` in whatever sections have it, else those for which a file writes `KEY`, else
    /// `[SECTION] KEY`, and all of these [as they are shown](crate::escape). Of tables, also what a
    /// shell has taken the quotes from: `hosts.example.org.port` for `hosts."example.org".port`.
    pub fn keys_named(&self, name: impl AsRef<[u8]>) -> Vec<Key<'_>> {
        let name = name.as_ref();
        let shown = unescape(name);
        let ways: [(Way, &[u8]); 5] = [
            (Self::keys_of, name),
            (Self::keys_of, &shown),
            (Self::key_of_section, name),
            (Self::key_of_section, &shown),
            (Self::keys_without_quotes, name),
        ];
        let mut found = ways.iter().map(|(way, name)| way(self, name));
        found.find(|keys| !keys.is_empty()).unwrap_or_default()
    }

    /// `SECTION.KEY` or `KEY`.
    fn keys_of<'d>(&'d self, name: &[u8]) -> Vec<Key<'d>> {
        let dots = name.rfind_iter(b".");
        let split = dots.filter_map(|dot| Some((name.get(..dot)?, name.get(dot + 1..)?)));
        let full = split.filter_map(|(section, key)| self.key(section, key));
        let full: Vec<_> = full.take(1).collect();
        if !full.is_empty() {
            return full;
        }
        let named: Vec<_> = self.keys().filter(|key| key.name() == name).collect();
        if named.is_empty() {
            self.keys_written(name)
        } else {
            named
        }
    }

    /// The keys that some file assigns by this name, although it is not theirs.
    fn keys_written(&self, name: &[u8]) -> Vec<Key<'_>> {
        let written = |a: &Assignment<'_>| a.record().is_renamed && a.written_key() == name;
        let written = self.assignments().filter(written);
        let mut numbers: Vec<_> = written.map(|a| a.key_id()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let keys = numbers.into_iter();
        keys.map(|number| Key::new(self.view(), number)).collect()
    }

    /// `[SECTION] KEY`.
    fn key_of_section<'d>(&'d self, name: &[u8]) -> Vec<Key<'d>> {
        let Some(name) = name.strip_prefix(b"[") else {
            return Vec::new();
        };
        let ends = name.rfind_iter(b"]");
        let split = ends.filter_map(|end| Some((name.get(..end)?, name.get(end + 1..)?)));
        let keys = split.filter_map(|(section, key)| self.key(section, key.trim_ascii()));
        keys.take(1).collect()
    }

    fn keys_without_quotes<'d>(&'d self, name: &[u8]) -> Vec<Key<'d>> {
        let Ok(name) = name.to_str() else {
            return Vec::new();
        };
        let is_meant = |key: &Key<'_>| {
            let parts = [key.section(), key.name()];
            let parts = parts.map(|part| path::split(part.to_str().ok()?));
            let [Some(section), Some(last)] = parts else {
                return false;
            };
            last.join(".") == name || [section, last].concat().join(".") == name
        };
        let is_quoted = |key: &Key<'_>| key.section().contains(&b'"') || key.name().contains(&b'"');
        self.keys()
            .filter(|key| is_quoted(key) && is_meant(key))
            .collect()
    }
}
