//! The kinds of adapters there are: one row each. No other file of this crate outside an adapter's folder names it, but for
//! `adapter.rs`, by which the commands that are for `cleanup` alone find it.

use overlay_resolver::typed::DeserializeError;

use crate::cleanup::Cleanup;
use crate::definition::text::Text;
#[cfg(test)]
use crate::exampled::Exampled;
use crate::flatpak::Flatpak;
use crate::ostree::Ostree;
#[cfg(test)]
use crate::tasksd::Tasksd;
use crate::work::Work;

/// What there is to know of a kind of adapter.
pub(crate) struct Kind {
    /// The word for it in a definition. The definition that overlayctl is built with has it for a name.
    pub(crate) name: &'static str,
    /// The text of that definition.
    pub(crate) built_in: &'static str,
    /// Makes the adapter of a name, as a text defines it: one whose entries are written, or run.
    pub(crate) open: Open,
}

type Open = fn(&str, Text<'_>) -> Result<Work, DeserializeError>;

/// All of them, by name.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "cleanup",
        built_in: include_str!("../definitions/cleanup.toml"),
        open: |name, text| Ok(Work::Run(Box::new(Cleanup::new(name, text.read()?)))),
    },
    Kind {
        name: "flatpak",
        built_in: include_str!("../definitions/flatpak.toml"),
        open: |name, text| Ok(Work::Written(Box::new(Flatpak::new(name, text.read()?)))),
    },
    Kind {
        name: "ostree",
        built_in: include_str!("../definitions/ostree.toml"),
        open: |name, text| Ok(Work::Written(Box::new(Ostree::new(name, text.read()?)))),
    },
    // The example of CONTRIBUTING.md. No definition of it is built in: an empty one turns it off.
    #[cfg(test)]
    Kind {
        name: "exampled",
        built_in: "",
        open: |name, text| Ok(Work::Written(Box::new(Exampled::new(name, text.read()?)))),
    },
    // One whose entries are run, which only tests have.
    #[cfg(test)]
    Kind {
        name: "tasksd",
        built_in: "",
        open: |name, text| Ok(Work::Run(Box::new(Tasksd::new(name, text.read()?)))),
    },
];
