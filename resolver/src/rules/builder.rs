//! Rules of a program's own, made of those of a built-in set.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::{
    BrokenFile, DropIns, Layer, LayerError, MainPlace, NullMask, OnUnusable, Order, Repeated,
    Rules, Shape,
};
use crate::escape::escape;
use crate::format::{self, Format};
use crate::schema::{NOT_TEXT, Schema};

/// Makes [`Rules`]: each method is the field of its name in a [rule set's file](mod@crate::reference).
///
/// What it is not told is as in the rules that it began with.
#[derive(Debug, Clone)]
#[must_use = "it makes rules only when it is asked to build them"]
pub struct RulesBuilder {
    /// What was said so far.
    pub(super) rules: Rules,
    /// Follows `main_decides` unless it is said, in whatever order.
    lone_drop_ins: Option<bool>,
    /// Follows `unusable` unless it is said, in whatever order.
    unusable_main: Option<OnUnusable>,
    error: Option<RulesError>,
}

/// These can be no rules.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// These can be no layers.
    #[error("layers: {0}")]
    Layer(#[from] LayerError),
    /// This is no name of a directory of drop-ins.
    #[error("drop-ins: expected the name of a directory, found `{}`", escape(.0.as_bytes()))]
    DropIns(OsString),
    /// No file name ends so; the field says what would.
    #[error("{field}: expected what a file name ends with, such as `.conf`, found `{}`", escape(.end.as_bytes()))]
    End {
        /// What was to be said by it.
        field: &'static str,
        /// What was said.
        end: OsString,
    },
    /// No format is named so.
    #[error("no format is named `{}`; there are {}", escape(.0.as_bytes()), listed(format::names()))]
    Format(String),
    /// The schema takes text apart, and the values of the format have types.
    #[error("[{}] {}: {NOT_TEXT}", escape(section), escape(key))]
    Schema {
        /// The section of such a key.
        section: Vec<u8>,
        /// Its name.
        key: Vec<u8>,
    },
}

pub(super) fn listed(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

impl Rules {
    /// Makes rules, beginning with those of UAPI.6.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Rules, Tree};
    /// use overlay_resolver::rules::Shape;
    ///
    /// let rules = Rules::builder()
    ///     .layers(["/usr/share", "/etc"])
    ///     .shape(Shape::Entries)
    ///     .suffix(".service")
    ///     .main_decides(true)
    ///     .format("gkeyfile")
    ///     .build()?;
    /// let services = Resolver::new(Tree::default())
    ///     .rules(rules)
    ///     .with("/usr/share/myapp/services/web.service", "[service]\nport=80\n")
    ///     .with("/etc/myapp/services/web.service.d/mine.conf", "[service]\nport=8080\n")
    ///     .entries("myapp/services")?;
    /// assert_eq!(services.documents[0].get("service", "port").unwrap().value(), "8080");
    ///
    /// let error = Rules::builder().layers(["etc"]).build().unwrap_err();
    /// assert_eq!(error.to_string(), "layers: etc: expected an absolute path without `..`");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> RulesBuilder {
        Self::default().into_builder()
    }

    /// Makes other rules, beginning with these.
    ///
    /// ```
    /// use overlay_resolver::Rules;
    ///
    /// let systemd = Rules::named("systemd").unwrap();
    /// let mine = systemd.into_builder().layers(["/usr/lib", "/etc"]).build()?;
    /// assert_eq!(mine.layers().len(), 2);
    /// # Ok::<(), overlay_resolver::rules::RulesError>(())
    /// ```
    pub fn into_builder(self) -> RulesBuilder {
        RulesBuilder {
            rules: self,
            lone_drop_ins: None,
            unusable_main: None,
            error: None,
        }
    }
}

/// The methods that only note what they are told.
macro_rules! choices {
    ($($(#[$doc:meta])* $field:ident: $type:ty,)*) => {
        impl RulesBuilder {
            $($(#[$doc])*
            pub fn $field(mut self, $field: $type) -> Self {
                self.rules.$field = $field;
                self
            })*
        }
    };
}

choices! {
    /// What the configuration path stands for.
    shape: Shape,
    /// In which order drop-ins are merged.
    drop_in_order: Order,
    /// Where the main file stands among the drop-ins.
    main_place: MainPlace,
    /// Whether a main file that is also a drop-in is read only where the drop-in stands.
    main_read_once: bool,
    /// Whether the first file of all is read even where a file of its name in a higher layer hides it.
    first_always_counts: bool,
    /// Whether an empty file masks.
    empty_masks: bool,
    /// Which symlinks mask.
    null_masks: NullMask,
    /// Whether symlinks (other than masks) are followed.
    follow_links: bool,
    /// Whether names that begin with a dot are read.
    read_hidden: bool,
    /// Whether names of backup copies are read.
    read_backups: bool,
    /// Whether a layer's directory that cannot be listed is an error; otherwise it counts as absent.
    broken_directory_is_error: bool,
    /// What a key means that is assigned again.
    repeated: Repeated,
    /// Whether a list of a structured format adds to that of a lower file instead of replacing it.
    append_lists: bool,
    /// What else the consumer does not read if a file has an error that it does not get over.
    broken_file: BrokenFile,
}

impl RulesBuilder {
    /// What they are called in messages.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.rules.name = name.into();
        self
    }

    /// The layers, lowest rank first: absolute paths as seen inside the root.
    pub fn layers(mut self, bases: impl IntoIterator<Item: Into<PathBuf>>) -> Self {
        match Layer::all(bases) {
            Ok(layers) => self.rules.layers = layers,
            Err(error) => self.fail(error.into()),
        }
        self
    }

    /// What an entry's file name ends with, such as `.service`; empty accepts every name.
    pub fn suffix(mut self, suffix: impl Into<OsString>) -> Self {
        self.rules.suffix = self.end("suffix", suffix.into());
        self
    }

    /// What the file names of other entries of a directory end with, which are taken as a whole and have no
    /// drop-ins.
    pub fn whole(mut self, suffixes: impl IntoIterator<Item: Into<OsString>>) -> Self {
        let suffixes = suffixes.into_iter().map(Into::into);
        self.rules.whole = suffixes.map(|end| self.end("whole", end)).collect();
        self
    }

    /// Where drop-ins are.
    pub fn drop_ins(mut self, drop_ins: DropIns) -> Self {
        match &drop_ins {
            DropIns::Named(name) if !is_name(name) => self.fail(RulesError::DropIns(name.clone())),
            _ => self.rules.drop_ins = drop_ins,
        }
        self
    }

    /// What a drop-in's file name ends with.
    pub fn drop_in_suffix(mut self, suffix: impl Into<OsString>) -> Self {
        self.rules.drop_in_suffix = self.end("drop-in-suffix", suffix.into());
        self
    }

    /// Whether the main file *is* the entry, so that its mask masks the drop-ins too.
    ///
    /// Drop-ins without a main file make an entry only where it is not, unless
    /// [`lone_drop_ins`](Self::lone_drop_ins) says otherwise.
    pub fn main_decides(mut self, decides: bool) -> Self {
        self.rules.main_decides = decides;
        self.rules.lone_drop_ins = !decides;
        self
    }

    /// Whether drop-ins without a main file make an entry.
    pub fn lone_drop_ins(mut self, make_an_entry: bool) -> Self {
        self.lone_drop_ins = Some(make_an_entry);
        self
    }

    /// What a file does that cannot be used: a drop-in, and a main file too unless
    /// [`unusable_main`](Self::unusable_main) says otherwise.
    pub fn unusable(mut self, unusable: OnUnusable) -> Self {
        self.rules.unusable = unusable;
        self.rules.unusable_main = unusable;
        self
    }

    /// What a main file does that cannot be used.
    pub fn unusable_main(mut self, unusable: OnUnusable) -> Self {
        self.unusable_main = Some(unusable);
        self
    }

    /// How the text of a file is read: the name of a [format](crate::format::named). Where none is said, the
    /// suffix of the file tells.
    pub fn format(mut self, name: &str) -> Self {
        match format::named(name) {
            Some(format) => self.rules.format = Some(format),
            None => self.fail(RulesError::Format(name.into())),
        }
        self
    }

    /// The key, as `SECTION.KEY`, by which a drop-in says itself when it counts; empty for none.
    pub fn switch_key(mut self, key: impl Into<String>) -> Self {
        self.rules.switch_key = key.into();
        self
    }

    /// What is known of the keys.
    pub fn schema(mut self, schema: impl Into<Arc<Schema>>) -> Self {
        self.rules.schema = schema.into();
        self
    }

    /// What a field says that file names end with.
    fn end(&mut self, field: &'static str, end: OsString) -> OsString {
        if let Err(error) = file_end(field, &end) {
            self.fail(error);
        }
        end
    }

    /// Of several mistakes the first is told.
    fn fail(&mut self, error: RulesError) {
        self.error.get_or_insert(error);
    }

    /// The rules.
    ///
    /// # Errors
    /// The first mistake, or a schema that the format cannot have.
    pub fn build(self) -> Result<Rules, RulesError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let rules = self.finish();
        fits(rules.format, &rules.schema)?;
        Ok(rules)
    }

    /// The rules, where each part is known to be right.
    pub(super) fn finish(self) -> Rules {
        Rules {
            lone_drop_ins: self.lone_drop_ins.unwrap_or(self.rules.lone_drop_ins),
            unusable_main: self.unusable_main.unwrap_or(self.rules.unusable_main),
            ..self.rules
        }
    }
}

/// Refuses what no file name ends with. An empty end is that of every name.
pub(super) fn file_end(field: &'static str, end: &OsStr) -> Result<(), RulesError> {
    let is_in_no_name = end.as_bytes().iter().any(|byte| b"/\0".contains(byte));
    if is_in_no_name {
        let end = end.to_owned();
        return Err(RulesError::End { field, end });
    }
    Ok(())
}

/// Whether this can be the name of a directory of drop-ins.
pub(super) fn is_name(name: &OsStr) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.as_bytes().contains(&b'/')
}

/// Refuses a schema that takes text apart for a format whose values have types. (Where the format is told by
/// the suffix of a file, the merge finds it.)
pub(super) fn fits(format: Option<&dyn Format>, schema: &Schema) -> Result<(), RulesError> {
    match schema.of_text() {
        Some((section, key)) if format.is_some_and(Format::is_nested) => Err(RulesError::Schema {
            section: section.to_owned(),
            key: key.to_owned(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::rules::Taken;

    #[test]
    fn what_follows_another_choice_does_so_in_whatever_order() {
        let all = OnUnusable::all;
        let first = Rules::builder().lone_drop_ins(true).main_decides(true);
        let first = first.unusable_main(all(Taken::Mask));
        let first = first.unusable(all(Taken::Fatal)).build().unwrap();
        let last = Rules::builder().main_decides(true).lone_drop_ins(true);
        let last = last.unusable(all(Taken::Fatal));
        let last = last.unusable_main(all(Taken::Mask)).build().unwrap();
        assert_eq!(format!("{first:?}"), format!("{last:?}"));
        let followed = Rules::builder().main_decides(true);
        let followed = followed.unusable(all(Taken::Fatal)).build().unwrap();
        assert!(!followed.lone_drop_ins && followed.unusable_main == all(Taken::Fatal));
    }

    /// A file and a program that say the same make the same rules.
    #[test]
    fn a_built_set_is_that_of_a_file() {
        let text = "extends = 'systemd'\nlayers = ['/usr', '/etc']\nshape = 'entries'\nsuffix = '.a'\n\
                    whole = ['.b']\ndrop-ins = 'more.d'\ndrop-in-suffix = '.c'\nmain-decides = true\n\
                    format = 'gkeyfile'\nschema = 'systemd/unit'\nswitch-key = 'S.K'\n";
        let of_file = Rules::from_toml(Path::new("r"), text.as_bytes()).unwrap();
        let built = Rules::named("systemd").unwrap().into_builder();
        let built = built.name("r").layers(["/usr", "/etc"]);
        let built = built.shape(Shape::Entries).suffix(".a").whole([".b"]);
        let built = built.drop_ins(DropIns::Named("more.d".into()));
        let built = built.drop_in_suffix(".c").main_decides(true);
        let built = built.format("gkeyfile").switch_key("S.K");
        let built = built.schema(Schema::named("systemd/unit").unwrap());
        let told = |rules: Rules| {
            let keys = rules.schema.sections().len();
            // Of a schema, the keys stand in no order.
            let schema = Arc::default();
            format!("{keys} {:?}", Rules { schema, ..rules })
        };
        assert_eq!(told(built.build().unwrap()), told(of_file));
    }

    #[test]
    fn mistakes_are_told() {
        let unit = || Schema::named("systemd/unit").unwrap();
        for (builder, expected) in [
            (
                Rules::builder().layers(["/a/../b"]),
                "layers: /a/../b: expected an absolute path without `..`",
            ),
            (
                Rules::builder().drop_ins(DropIns::Named("a/b".into())),
                "drop-ins: expected the name of a directory, found `a/b`",
            ),
            (
                Rules::builder().layers([""; 0]),
                "layers: expected at least one, such as `/etc`",
            ),
            (
                Rules::builder().layers(["/etc", "/usr/lib", "/etc/"]),
                "layers: /etc/: is there twice; leave one of them out",
            ),
            (
                Rules::builder().layers(["/"]),
                "layers: /: expected a directory below it, such as `/etc`",
            ),
            (
                Rules::builder().drop_in_suffix(".d/../x"),
                "drop-in-suffix: expected what a file name ends with, such as `.conf`, found `.d/../x`",
            ),
            (Rules::builder().suffix("/"), "suffix: expected "),
            (Rules::builder().whole([".a", "b\0"]), "whole: expected "),
            (
                Rules::builder().drop_ins(DropIns::Named("..".into())),
                "drop-ins: expected the name of a directory, found `..`",
            ),
            (
                Rules::builder().format("ini"),
                "no format is named `ini`; there are ",
            ),
            (Rules::builder().format("toml").schema(unit()), "["),
            (Rules::builder().schema(unit()).format("toml"), "["),
        ] {
            let error = builder.build().unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            assert_eq!(format!("{error:?}"), error.to_string());
        }
    }
}
