//! Rule sets from TOML: the built-in ones and those of your own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::builder::{file_end, fits, is_name};
use super::keys::{self, Keys, unknown};
use super::{
    BrokenFile, DropIns, Layer, MainPlace, NullMask, OnUnusable, Order, Repeated, Rules, Shape,
    Taken,
};
use crate::escape::{escape, escape_path};
use crate::finding::{Finding, Source};
use crate::format;

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
    layers: Option<Spanned<Vec<Spanned<PathBuf>>>>,
    shape: Option<Shape>,
    suffix: Option<Spanned<String>>,
    whole: Option<Vec<Spanned<String>>>,
    drop_ins: Option<Spanned<String>>,
    drop_in_suffix: Option<Spanned<String>>,
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
    /// from, so that a mistake is told with its line.
    pub(crate) fn resolve(&self, source: Source<'_>) -> Result<Rules, Finding> {
        let mut builder = self.base(source)?.into_builder();
        macro_rules! take {
            ($($field:ident),* $(,)?) => {
                $(if let Some(value) = self.$field.clone() {
                    builder = builder.$field(value);
                })*
            };
        }
        take![
            shape,
            drop_in_order,
            main_place,
            main_decides,
            lone_drop_ins,
            main_read_once,
            first_always_counts,
            empty_masks,
            null_masks,
            follow_links,
            read_hidden,
            read_backups,
            broken_directory_is_error,
            repeated,
            append_lists,
            broken_file,
            switch_key,
        ];
        if let Some(bases) = &self.layers {
            builder.rules.layers = layers(source, bases)?;
        }
        if let Some(end) = &self.suffix {
            builder.rules.suffix = ends(source, "suffix", end)?;
        }
        if let Some(all) = &self.whole {
            let all = all.iter().map(|end| ends(source, "whole", end));
            builder.rules.whole = all.collect::<Result<_, _>>()?;
        }
        if let Some(end) = &self.drop_in_suffix {
            builder.rules.drop_in_suffix = ends(source, "drop-in-suffix", end)?;
        }
        if let Some(name) = &self.drop_ins {
            builder.rules.drop_ins = drop_ins(source, name)?;
        }
        if let Some(file) = self.unusable {
            let base = builder.rules.unusable;
            builder = builder.unusable(file.over(base));
        }
        if let Some(file) = self.unusable_main {
            let base = builder.rules.unusable_main;
            builder = builder.unusable_main(file.over(base));
        }
        if let Some(name) = &self.format {
            let format = format::named(name.get_ref());
            let format = format.ok_or_else(|| unknown(source, "format", name, format::names()))?;
            builder.rules.format = Some(format);
        }
        if let Some(keys) = &self.schema {
            builder = builder.schema(keys::schema(keys, source)?);
        }
        let rules = builder.finish();
        let place = (self.schema.as_ref().map(Spanned::span))
            .or_else(|| self.format.as_ref().map(Spanned::span));
        // What neither says is as in the built-in set, which is right.
        if let Some(place) = place {
            let fits = fits(rules.format, &rules.schema);
            fits.map_err(|error| source.error(place, error.to_string()))?;
        }
        Ok(rules)
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
        directory if is_name(directory.as_ref()) => Ok(DropIns::Named(directory.into())),
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

/// The layers. A mistake in one is told with its line, one in all of them with that of the field.
fn layers(
    source: Source<'_>,
    bases: &Spanned<Vec<Spanned<PathBuf>>>,
) -> Result<Vec<Layer>, Finding> {
    let mistake = |span, error| source.error(span, format!("layers: {error}"));
    for base in bases.get_ref() {
        Layer::new(base.get_ref()).map_err(|error| mistake(base.span(), error))?;
    }
    let all = Layer::all(bases.get_ref().iter().map(Spanned::get_ref));
    all.map_err(|error| mistake(bases.span(), error))
}

/// What a field says that file names end with.
fn ends(
    source: Source<'_>,
    field: &'static str,
    end: &Spanned<String>,
) -> Result<OsString, Finding> {
    let fits = file_end(field, end.get_ref().as_ref());
    fits.map_err(|error| source.error(end.span(), error.to_string()))?;
    Ok(end.get_ref().into())
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
            ("\nlayers = []", "r.toml:2: layers: expected at least one"),
            (
                "layers = [\n'/etc',\n'/']",
                "r.toml:3: layers: /: expected a directory below it",
            ),
            (
                "\nlayers = ['/etc', '/etc']",
                "r.toml:2: layers: /etc: is there twice",
            ),
            ("\nsuffix = 'a/b'", "r.toml:2: suffix: expected "),
            ("whole = [\n'/a']", "r.toml:2: whole: expected "),
            (
                "\ndrop-in-suffix = '.d/../x'",
                "r.toml:2: drop-in-suffix: expected what a file name ends with",
            ),
            ("[unusable]\nloop = 'x'", "r.toml:2: unknown variant"),
        ] {
            let error = Rules::from_toml(Path::new("r.toml"), text.as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_rule_set_keeps_what_it_does_not_change_of_main_files() {
        let rules = |text: &str| Rules::from_toml(Path::new("r.toml"), text.as_bytes()).unwrap();
        let systemd = rules("extends = 'systemd'").unusable_main;
        let looping = rules("extends = 'systemd'\n[unusable-main]\nloop = 'reserve'").unusable_main;
        assert_eq!(
            (looping.dangling, looping.directory),
            (systemd.dangling, systemd.directory)
        );
        let fatal = rules("[unusable]\ndangling = 'fatal'");
        assert_eq!(fatal.unusable_main, fatal.unusable);
    }
}
