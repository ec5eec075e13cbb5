//! The definitions of adapters: which layers they read and which target they write.
//!
//! Built in, and replaced by a file that is itself layered configuration:
//! `overlayctl/adapters.d/NAME.toml`.

use std::path::{Component, Path, PathBuf};

use overlay_resolver::Resolver;
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::{Finding, line_of};
use overlay_resolver::format;
use overlay_resolver::root::Root;
use overlay_resolver::rules::{Layer, Repeated, Rules, Shape};
use overlay_resolver::scan::Status;
use serde::Deserialize;
use toml::Spanned;

/// Where definitions lie below every layer.
const DIRECTORY: &str = "overlayctl/adapters.d";

/// The definition that the flatpak adapter is built with.
const FLATPAK: &str = include_str!("../../data/adapters/flatpak.toml");

/// What the flatpak adapter reads and writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlatpakDefinition {
    /// The layers, lowest first.
    pub layers: Vec<Layer>,
    /// The configuration path of the remotes.
    pub remotes: PathBuf,
    /// The configuration path of the collection IDs.
    pub collections: PathBuf,
    /// The installation, inside the root.
    pub installation: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlatpakFile {
    layers: Vec<Spanned<PathBuf>>,
    remotes: Spanned<PathBuf>,
    collections: Spanned<PathBuf>,
    installation: Spanned<PathBuf>,
}

impl FlatpakDefinition {
    /// The rules by which a source whose files end with `suffix` is read.
    pub fn rules(&self, suffix: &str) -> Rules {
        Rules {
            layers: self.layers.clone(),
            shape: Shape::Entries,
            suffix: suffix.into(),
            main_decides: true,
            lone_drop_ins: false,
            format: format::named("gkeyfile"),
            repeated: Repeated::Last,
            ..Rules::default()
        }
    }

    /// The definition that holds in this root; none if it is masked there.
    ///
    /// # Errors
    /// The finding says which file cannot be used and why; nothing is assumed in its place.
    pub fn load(root: &Root) -> Result<Option<Self>, Finding> {
        let rules = Rules {
            shape: Shape::Entries,
            suffix: ".toml".into(),
            main_decides: true,
            lone_drop_ins: false,
            ..Rules::default()
        };
        let scan = Resolver::new(root.clone()).rules(rules).scan(DIRECTORY);
        if !scan.complete
            && let Some(finding) = scan.findings.into_iter().next()
        {
            return Err(finding);
        }
        let Some(entry) = scan
            .entries
            .iter()
            .find(|entry| entry.name == "flatpak.toml")
        else {
            return Self::parse(FLATPAK.as_bytes(), Path::new("data/adapters/flatpak.toml"))
                .map(Some);
        };
        match (entry.status, entry.effective().next()) {
            (Status::Effective, Some(file)) => Self::parse(&file.text, &file.path).map(Some),
            (Status::Masked(_), _) => Ok(None),
            _ => Err(Finding::error(
                Path::new("/etc").join(DIRECTORY).join(&entry.name),
                "the adapter's definition cannot be used; nothing was done for flatpak",
            )),
        }
    }

    fn parse(text: &[u8], path: &Path) -> Result<Self, Finding> {
        let file: FlatpakFile =
            toml::from_slice(text).map_err(|error| Finding::of_toml(path, text, &error))?;
        let checked = |value: Spanned<PathBuf>, absolute: bool| {
            let line = line_of(text, value.span().start);
            let value = value.into_inner();
            let plain = value
                .components()
                .all(|part| matches!(part, Component::Normal(_) | Component::RootDir));
            if plain && value.is_absolute() == absolute && value.file_name().is_some() {
                return Ok(value);
            }
            let kind = if absolute {
                "an absolute"
            } else {
                "a relative"
            };
            let shown = escape_path(&value);
            let message = format!("{shown}: expected {kind} path without `..`");
            Err(Finding::error(path, message).at(line))
        };
        Ok(Self {
            layers: file
                .layers
                .into_iter()
                .map(|layer| checked(layer, true).map(Layer::new))
                .collect::<Result<_, _>>()?,
            remotes: checked(file.remotes, false)?,
            collections: checked(file.collections, false)?,
            installation: checked(file.installation, true)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<FlatpakDefinition, String> {
        FlatpakDefinition::parse(text.as_bytes(), Path::new("/etc/f.toml"))
            .map_err(|f| f.to_string())
    }

    #[test]
    fn the_built_in_definition_is_sound() {
        let definition = parse(FLATPAK).unwrap();
        assert_eq!(definition.layers.len(), 6);
        assert_eq!(definition.remotes, Path::new("flatpak/remotes.d"));
    }

    #[test]
    fn errors_say_where() {
        for (text, expected) in [
            (
                "layers = [\n  \"usr\",\n]\n",
                "/etc/f.toml:1: missing field",
            ),
            (
                "layers = [\n  \"usr\",\n]\nremotes='r'\ncollections='c'\ninstallation='/i'\n",
                "/etc/f.toml:2: usr: expected an absolute path without `..`",
            ),
            (
                "layers=[]\nremotes='../r'\ncollections='c'\ninstallation='/i'\n",
                "/etc/f.toml:2: ../r: expected a relative path without `..`",
            ),
            ("layers=[]\nlayer=1\n", "/etc/f.toml:2: unknown field"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
