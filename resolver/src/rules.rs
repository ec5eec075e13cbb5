//! The rules by which a consumer reads its layers: which directories, which names, what a mask hides,
//! what an unusable file does, in which order files are merged, and what a repeated key means.
//!
//! Rules are data. What differs between consumers of layered configuration is a value here, never a
//! branch on a consumer's name elsewhere. The named rule sets are TOML files (`resolver/rules/`), each
//! choice with its source, and read by the same loader as those of your own:
//!
//! ```
//! use overlay_resolver::rules::Rules;
//!
//! let uapi6 = Rules::default();
//! let mine = Rules::from_toml("mine.toml".as_ref(), br#"
//!     extends = "uapi6"
//!     layers = ["/usr/share", "/etc"]
//! "#).unwrap();
//! assert_eq!(mine.layers().len(), 2);
//! assert_eq!(mine.drop_in_suffix(), uapi6.drop_in_suffix());
//!
//! let same = Rules::builder().layers(["/usr/share", "/etc"]).build().unwrap();
//! assert_eq!(same.layers(), mine.layers());
//! ```

mod builder;
mod choice;
pub(crate) mod judge;
mod keys;
mod layer;
mod load;
pub(crate) mod name;
pub(crate) mod unit;

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;

pub use self::builder::{RulesBuilder, RulesError};
pub use self::choice::{
    BrokenFile, DropIns, MainPlace, NullMask, OnUnusable, Order, Repeated, Shape, Taken,
};
pub(crate) use self::judge::Verdict;
pub use self::layer::{Layer, LayerError};
pub(crate) use self::load::RulesFile;
pub use self::name::Ignored;
pub(crate) use self::name::Name;
use crate::bundle::{Bundle, stacked};
use crate::format::{self, Format};
use crate::schema::Schema;

/// How one consumer reads a configuration path.
///
/// A built-in set is [named](Self::named), another is read [from TOML](Self::from_toml) or
/// [built](Self::builder).
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a choice of its own, as in the file"
)]
#[derive(Debug, Clone)]
pub struct Rules {
    /// What they are called, for messages: a built-in name, or the file that they come from.
    pub(crate) name: String,
    /// The layers, lowest rank first.
    pub(crate) layers: Vec<Layer>,
    /// What the configuration path stands for.
    pub(crate) shape: Shape,
    /// What an entry's file name ends with, such as `.flatpakrepo`; empty accepts every name.
    pub(crate) suffix: OsString,
    /// What the file names of other entries of a directory end with, which are taken as a whole and have no
    /// drop-ins: keyrings beside the files that need them.
    pub(crate) whole: Vec<OsString>,
    /// Where drop-ins are.
    pub(crate) drop_ins: DropIns,
    /// What a drop-in's file name ends with.
    pub(crate) drop_in_suffix: OsString,
    /// In which order drop-ins are merged.
    pub(crate) drop_in_order: Order,
    /// Where the main file stands among the drop-ins.
    pub(crate) main_place: MainPlace,
    /// Whether the main file *is* the entry, so that its mask masks the drop-ins too.
    ///
    /// UAPI.6 says no for configuration files (`false`); systemd's units say yes, and so do entries
    /// that stand for an object, such as a flatpak remote (`true`).
    pub(crate) main_decides: bool,
    /// Whether drop-ins without a main file make an entry.
    ///
    /// In a rule set that leaves this out, the opposite of what it says of the main file's deciding.
    pub(crate) lone_drop_ins: bool,
    /// Whether a main file that is also a drop-in (another name of it, or a symlink to it) is read
    /// only where the drop-in stands (systemd).
    pub(crate) main_read_once: bool,
    /// Whether the first file of all is read even where a file of its name in a higher layer should
    /// hide it (libeconf).
    pub(crate) first_always_counts: bool,
    /// Whether an empty file masks.
    pub(crate) empty_masks: bool,
    /// Which symlinks mask.
    pub(crate) null_masks: NullMask,
    /// Whether symlinks (other than masks) are followed; a symlink that is not is unusable.
    pub(crate) follow_links: bool,
    /// Whether names that begin with a dot are read.
    pub(crate) read_hidden: bool,
    /// Whether names of backup copies are read.
    pub(crate) read_backups: bool,
    /// What a drop-in does that cannot be used.
    pub(crate) unusable: OnUnusable,
    /// What a main file does that cannot be used.
    pub(crate) unusable_main: OnUnusable,
    /// Whether a layer's directory that cannot be listed is an error; otherwise it counts as absent.
    pub(crate) broken_directory_is_error: bool,
    /// How the text of a file is read; none where the suffix of the file tells.
    pub(crate) format: Option<&'static dyn Format>,
    /// What a key means that is assigned again.
    pub(crate) repeated: Repeated,
    /// Whether a list of a structured format adds to that of a lower file instead of replacing it.
    pub(crate) append_lists: bool,
    /// What else the consumer does not read if a file has an error that it does not get over.
    pub(crate) broken_file: BrokenFile,
    /// The key, as `SECTION.KEY`, by which a drop-in says itself when it counts; empty for none. Here it
    /// counts whatever the key says, and is told.
    pub(crate) switch_key: String,
    /// Whether its files are drop-ins of many documents that are elsewhere (`service.d`), so that each extends
    /// something.
    pub(crate) of_many: bool,
    /// What is known of the keys.
    pub(crate) schema: Arc<Schema>,
}

impl Default for Rules {
    /// UAPI.6 with systemd's layers: `/usr/lib`, `/usr/local/lib`, `/run`, `/etc`.
    fn default() -> Self {
        Self {
            name: "uapi6".into(),
            layers: Layer::usual(),
            shape: Shape::Auto,
            suffix: OsString::new(),
            whole: Vec::new(),
            drop_ins: DropIns::Beside,
            drop_in_suffix: ".conf".into(),
            drop_in_order: Order::Name,
            main_place: MainPlace::Lowest,
            main_decides: false,
            lone_drop_ins: true,
            main_read_once: true,
            first_always_counts: false,
            empty_masks: true,
            null_masks: NullMask::InRoot,
            follow_links: true,
            read_hidden: false,
            read_backups: false,
            unusable: OnUnusable::all(Taken::Reserve),
            unusable_main: OnUnusable::all(Taken::Reserve),
            broken_directory_is_error: true,
            format: None,
            repeated: Repeated::Schema,
            append_lists: false,
            of_many: false,
            broken_file: BrokenFile::Alone,
            switch_key: String::new(),
            schema: Arc::default(),
        }
    }
}

impl Rules {
    /// What they are called, for messages: a built-in name, or the file that they come from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The layers, lowest rank first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What an entry's file name ends with, such as `.flatpakrepo`; empty accepts every name.
    pub fn suffix(&self) -> &OsStr {
        &self.suffix
    }

    /// What the file names of other entries of a directory end with, which are taken as a whole and have no
    /// drop-ins.
    pub fn whole(&self) -> &[OsString] {
        &self.whole
    }

    /// What a drop-in's file name ends with.
    pub fn drop_in_suffix(&self) -> &OsStr {
        &self.drop_in_suffix
    }

    /// In which order drop-ins are merged.
    pub fn drop_in_order(&self) -> Order {
        self.drop_in_order
    }

    /// How the text of a file is read; none where the suffix of the file tells.
    pub fn format(&self) -> Option<&'static dyn Format> {
        self.format
    }

    /// What is known of the keys.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What `path` stands for.
    pub fn shape_of(&self, path: &Path) -> Shape {
        match self.shape {
            Shape::Auto if path.extension().is_some_and(|end| end == "d") => Shape::Collection,
            Shape::Auto => Shape::Document,
            shape => shape,
        }
    }

    /// Whether the name says that it is that of a file: `x.conf`, `x.toml`.
    pub(crate) fn is_named_as_file(&self, path: &Path) -> bool {
        let suffix = self.drop_in_suffix.as_encoded_bytes();
        let has_suffix =
            !suffix.is_empty() && path.as_os_str().as_encoded_bytes().ends_with(suffix);
        has_suffix || format::of_suffix(path).is_some()
    }

    /// The rules for the document at `path`. One that is taken as a whole has no drop-ins. Where the suffix
    /// of another tells the format, that is the suffix of
    /// its drop-ins, too (`x.toml.d/50-mine.toml`), unless the rules name another than `.conf`. So it is where
    /// `x.toml.d` stands for itself, as nobody has an `x.toml`.
    pub(crate) fn for_document(&self, path: &Path) -> Cow<'_, Self> {
        if path.file_name().is_some_and(|name| self.is_whole(name)) {
            return Cow::Owned(Self {
                drop_ins: DropIns::None,
                format: format::named("opaque"),
                ..self.clone()
            });
        }
        let tells = self.format.is_none() && self.drop_in_suffix == ".conf";
        let document = match self.shape_of(path) {
            Shape::Collection => path.with_extension(""),
            _ => path.to_owned(),
        };
        let is_told = tells && format::of_suffix(&document).is_some();
        match document.extension().filter(|_| is_told) {
            Some(suffix) => {
                let mut drop_in_suffix = OsString::from(".");
                drop_in_suffix.push(suffix);
                Cow::Owned(Self {
                    drop_in_suffix,
                    ..self.clone()
                })
            }
            None => Cow::Borrowed(self),
        }
    }

    /// The same with the layers of these bundles, as a tree that has them is read.
    #[must_use]
    pub fn stacked(mut self, bundles: &[Bundle]) -> Self {
        if !bundles.is_empty() {
            self.layers = stacked(&self.layers, bundles);
        }
        self
    }

    /// The rank of a layer of these rules.
    pub(crate) fn rank(&self, layer: &Layer) -> usize {
        let place = self.layers.iter().position(|known| known == layer);
        place.expect("files are found in the layers of the rules")
    }

    /// Whether the machine's owner keeps files in a layer: it is in `/etc` or `/run`, or the highest of these rules.
    pub fn is_owners(&self, layer: &Layer) -> bool {
        let in_top = |top| layer.base().starts_with(top);
        in_top("/etc") || in_top("/run") || self.layers.last() == Some(layer)
    }

    /// The layer that holds `path` (as seen inside the root), the deepest where several do.
    pub(crate) fn layer_of(&self, path: &Path) -> Option<&Layer> {
        self.layers
            .iter()
            .filter(|layer| path.starts_with(layer.base()))
            .max_by_key(|layer| layer.base().components().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_read_does_not_tell_the_format() {
        let value = |name: &str| {
            let resolver = crate::Resolver::new(crate::Tree::default())
                .with(format!("/usr/lib/x.d/{name}"), "A=\"1\"\n")
                .with("/etc/x.d/b.conf", "A = '1'\n");
            let document = resolver.resolve("x.d").unwrap();
            document.get("", "A").unwrap().decoded().text().is_some()
        };
        assert!(value("a.conf"));
        assert!(value("a.toml"), "its suffix is not that of a drop-in");
    }

    #[test]
    fn what_is_taken_as_a_whole_is_an_entry_over_all_layers() {
        let rules = Rules::from_toml(
            Path::new("r.toml"),
            b"shape = 'entries'\nsuffix = '.conf'\nformat = 'gkeyfile'\nwhole = ['.gpg']\n",
        );
        let catalog = crate::Catalog::empty().with(Path::new("x.d"), rules.unwrap(), "x");
        let resolver = crate::Resolver::new(crate::Tree::default())
            .with_catalog(catalog)
            .with("/usr/lib/x.d/a.conf", "[A]\nb=1\n")
            .with("/usr/lib/x.d/a.gpg", "\u{1}lower")
            .with("/run/x.d/a.gpg", "[no\n")
            .with("/run/x.d/a.gpg.d/b.conf", "[A]\nb=2\n")
            .with("/usr/lib/x.d/c.gpg", "masked")
            .with("/etc/x.d/c.gpg", "");
        let entries = resolver.entries("x.d").unwrap();
        let told = |document: &crate::Document| {
            let name = document.entry().name.to_str().unwrap().to_owned();
            let files = document.entry().effective();
            let texts: Vec<_> = files.map(|file| file.text.to_vec()).collect();
            (name, document.findings().count(), texts)
        };
        assert_eq!(
            entries.documents.iter().map(told).collect::<Vec<_>>(),
            [
                ("a.conf".into(), 0, vec![b"[A]\nb=1\n".to_vec()]),
                ("a.gpg".into(), 0, vec![b"[no\n".to_vec()]),
                ("c.gpg".into(), 0, vec![]),
            ]
        );
        // The same asked for by itself.
        let alone = resolver.configuration("x.d/a.gpg").unwrap().document();
        assert_eq!(told(&alone), told(&entries.documents[1]));
    }

    #[test]
    fn the_deepest_layer_holds_a_path() {
        let layers = ["/usr", "/usr/local/lib", "/etc"];
        let rules = Rules::builder().layers(layers).build().unwrap();
        let layer = |path: &str| rules.layer_of(Path::new(path)).map(Layer::base);
        assert_eq!(
            layer("/usr/local/lib/x.d/a"),
            Some(Path::new("/usr/local/lib"))
        );
        assert_eq!(layer("/usr/lib/x.d/a"), Some(Path::new("/usr")));
        assert_eq!(layer("/opt/x"), None);
    }
}
