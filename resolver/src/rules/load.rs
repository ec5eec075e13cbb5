//! Rule sets from TOML: the built-in ones and those of your own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::keys::{self, Keys};
use super::{
    BrokenFile, DropIns, Layer, MainPlace, NullMask, OnUnusable, Order, Repeated, Rules, Shape,
    Taken,
};
use crate::escape::{escape, escape_path};
use crate::finding::{Finding, Source};
use crate::format::{self, Format};
use crate::schema::{NOT_TEXT, Schema};

/// The rule set that [`Rules::default`] is.
const DEFAULT: &str = "uapi6";

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// The rule sets that come with the crate, by name.
        const BUILT_IN: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../rules/", $name, ".toml")))),*
        ];
    };
}

built_in![
    "gkeyfile",
    "libeconf",
    "liboverdrop",
    "netplan-files",
    "networkmanager-conf",
    "systemd",
    "systemd-unit",
    "uapi6",
];

/// A rule set as a file says it; what it leaves out is as in the set that it extends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RulesFile {
    /// `uapi6` where it is left out.
    extends: Option<Spanned<String>>,
    layers: Option<Vec<Spanned<PathBuf>>>,
    shape: Option<Shape>,
    suffix: Option<String>,
    whole: Option<Vec<String>>,
    drop_ins: Option<Spanned<String>>,
    drop_in_suffix: Option<String>,
    drop_in_order: Option<Order>,
    main_place: Option<MainPlace>,
    main_decides: Option<bool>,
    lone_drop_ins: Option<bool>,
    main_read_once: Option<bool>,
    first_always_counts: Option<bool>,
    empty_masks: Option<bool>,
    null_masks: Option<NullMask>,
    follow_links: Option<bool>,
    read_hidden: Option<bool>,
    read_backups: Option<bool>,
    unusable: Option<UnusableFile>,
    unusable_main: Option<UnusableFile>,
    broken_directory_is_error: Option<bool>,
    format: Option<Spanned<String>>,
    repeated: Option<Repeated>,
    append_lists: Option<bool>,
    broken_file: Option<BrokenFile>,
    switch_key: Option<String>,
    schema: Option<Spanned<Keys>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct UnusableFile {
    dangling: Option<Taken>,
    #[serde(rename = "loop")]
    looping: Option<Taken>,
    directory: Option<Taken>,
    other: Option<Taken>,
}

impl UnusableFile {
    fn over(self, base: OnUnusable) -> OnUnusable {
        OnUnusable {
            dangling: self.dangling.unwrap_or(base.dangling),
            looping: self.looping.unwrap_or(base.looping),
            directory: self.directory.unwrap_or(base.directory),
            other: self.other.unwrap_or(base.other),
        }
    }
}

impl Rules {
    /// The rule set of this name; none if there is no such.
    pub fn named(name: &str) -> Option<Self> {
        // The one that most callers want costs no parsing; a test holds it against its file.
        if name == DEFAULT {
            return Some(Self::default());
        }
        let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        let rules = Self::from_toml(Path::new(name), text.as_bytes());
        // The tests read every built-in set.
        rules.ok().map(|rules| Self {
            name: (*name).into(),
            ..rules
        })
    }

    /// The names of the rule sets that come with the crate.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The rule set in the TOML `text` of the file at `path`, which is for messages.
    ///
    /// # Errors
    /// The finding names the line, what was expected and what was found.
    pub fn from_toml(path: &Path, text: &[u8]) -> Result<Self, Finding> {
        let source = Source { path, text };
        let file: RulesFile = toml::from_slice(text).map_err(|error| source.toml_error(&error))?;
        let rules = file.resolve(source)?;
        Ok(Self {
            name: escape_path(path).to_string(),
            ..rules
        })
    }
}

impl RulesFile {
    /// The rules, with everything that the file leaves out filled in. `source` is what it was read
    /// from.
    pub(crate) fn resolve(&self, source: Source<'_>) -> Result<Rules, Finding> {
        let base = self.base(source)?;
        let unusable = match self.unusable {
            Some(file) => file.over(base.unusable),
            None => base.unusable,
        };
        let format = match &self.format {
            Some(name) => Some(
                format::named(name.get_ref())
                    .ok_or_else(|| unknown(source, "format", name, format::names()))?,
            ),
            None => base.format,
        };
        let schema = match &self.schema {
            Some(keys) => Arc::new(keys::schema(keys, source)?),
            None => base.schema,
        };
        self.fits(format, &schema, source)?;
        Ok(Rules {
            layers: match &self.layers {
                Some(layers) => layers
                    .iter()
                    .map(|layer| absolute(source, layer))
                    .collect::<Result<_, _>>()?,
                None => base.layers,
            },
            shape: self.shape.unwrap_or(base.shape),
            suffix: self.suffix.as_ref().map_or(base.suffix, OsString::from),
            whole: match &self.whole {
                Some(suffixes) => suffixes.iter().map(OsString::from).collect(),
                None => base.whole,
            },
            drop_ins: match &self.drop_ins {
                Some(name) => drop_ins(source, name)?,
                None => base.drop_ins,
            },
            drop_in_suffix: self
                .drop_in_suffix
                .as_ref()
                .map_or(base.drop_in_suffix, OsString::from),
            drop_in_order: self.drop_in_order.unwrap_or(base.drop_in_order),
            main_place: self.main_place.unwrap_or(base.main_place),
            main_decides: self.main_decides.unwrap_or(base.main_decides),
            lone_drop_ins: self
                .lone_drop_ins
                .or(self.main_decides.map(|decides| !decides))
                .unwrap_or(base.lone_drop_ins),
            main_read_once: self.main_read_once.unwrap_or(base.main_read_once),
            first_always_counts: self.first_always_counts.unwrap_or(base.first_always_counts),
            empty_masks: self.empty_masks.unwrap_or(base.empty_masks),
            null_masks: self.null_masks.unwrap_or(base.null_masks),
            follow_links: self.follow_links.unwrap_or(base.follow_links),
            read_hidden: self.read_hidden.unwrap_or(base.read_hidden),
            read_backups: self.read_backups.unwrap_or(base.read_backups),
            unusable_main: {
                // A set that says something new of unusable files says it of main files too.
                let below = if self.unusable.is_some() {
                    unusable
                } else {
                    base.unusable_main
                };
                self.unusable_main.map_or(below, |file| file.over(below))
            },
            unusable,
            broken_directory_is_error: self
                .broken_directory_is_error
                .unwrap_or(base.broken_directory_is_error),
            format,
            repeated: self.repeated.unwrap_or(base.repeated),
            append_lists: self.append_lists.unwrap_or(base.append_lists),
            broken_file: self.broken_file.unwrap_or(base.broken_file),
            switch_key: self.switch_key.clone().unwrap_or(base.switch_key),
            schema,
            name: base.name,
        })
    }

    /// Refuses a schema that takes text apart for a format whose values have types. (Where the format
    /// is told by the suffix of a file, the merge finds it.)
    fn fits(
        &self,
        format: Option<&'static dyn Format>,
        schema: &Schema,
        source: Source<'_>,
    ) -> Result<(), Finding> {
        let span = (self.schema.as_ref().map(Spanned::span))
            .or_else(|| self.format.as_ref().map(Spanned::span));
        let has_types = format.is_some_and(Format::is_nested);
        match (span, schema.of_text()) {
            (Some(span), Some((section, key))) if has_types => Err(source.error(
                span,
                format!("[{}] {}: {NOT_TEXT}", escape(section), escape(key)),
            )),
            _ => Ok(()),
        }
    }

    /// The rules that this file extends. Those are built in, so they cannot extend in a circle.
    fn base(&self, source: Source<'_>) -> Result<Rules, Finding> {
        match &self.extends {
            None => Ok(Rules::default()),
            Some(name) => Rules::named(name.get_ref())
                .ok_or_else(|| unknown(source, "rule set", name, Rules::names())),
        }
    }
}

fn drop_ins(source: Source<'_>, name: &Spanned<String>) -> Result<DropIns, Finding> {
    match name.get_ref().as_str() {
        "none" => Ok(DropIns::None),
        "NAME.d" => Ok(DropIns::Beside),
        "unit" => Ok(DropIns::Unit),
        directory if !directory.is_empty() && !directory.contains('/') => {
            Ok(DropIns::Named(directory.into()))
        }
        other => {
            let other = escape(other.as_bytes());
            Err(source.error(
                name.span(),
                format!(
                    "drop-ins: expected `NAME.d`, `unit`, `none` or the name of a directory, \
                     found `{other}`"
                ),
            ))
        }
    }
}

fn absolute(source: Source<'_>, layer: &Spanned<PathBuf>) -> Result<Layer, Finding> {
    let made = Layer::new(layer.get_ref());
    made.map_err(|error| source.error(layer.span(), format!("layers: {error}")))
}

/// There is nothing of this name.
pub(super) fn unknown(
    source: Source<'_>,
    what: &str,
    name: &Spanned<String>,
    known: impl Iterator<Item = &'static str>,
) -> Finding {
    let known: Vec<_> = known.collect();
    let (name, place) = (escape(name.get_ref().as_bytes()), name.span());
    let known = known.join(", ");
    source.error(
        place,
        format!("no {what} is named `{name}`; there are {known}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_set_is_sound() {
        for (name, text) in BUILT_IN {
            let rules = Rules::from_toml(Path::new(name), text.as_bytes());
            assert_eq!(rules.err(), None, "{name}");
        }
    }

    #[test]
    fn the_default_is_uapi6() {
        let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == DEFAULT).unwrap();
        let read = Rules::from_toml(Path::new(DEFAULT), text.as_bytes()).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", Rules::default()));
    }

    #[test]
    fn errors_say_where() {
        for (text, expected) in [
            (
                "layers = [\n'/usr',\n'etc']",
                "r.toml:3: layers: etc: expected an absolute path without `..`",
            ),
            ("\nlayer = 1", "r.toml:2: unknown field"),
            ("'\t' = 1", "r.toml:1: unknown field `\\x09`, expected"),
            (
                "\nextends = 'x'",
                "r.toml:2: no rule set is named `x`; there are gkeyfile, ",
            ),
            (
                "format = 'x'",
                "r.toml:1: no format is named `x`; there are ",
            ),
            ("\ndrop-ins = 'a/b'", "r.toml:2: drop-ins: expected "),
            ("[unusable]\nloop = 'x'", "r.toml:2: unknown variant"),
        ] {
            let error = Rules::from_toml(Path::new("r.toml"), text.as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }
}
