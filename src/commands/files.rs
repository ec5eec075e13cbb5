//! `list` and `cat`: a configuration path over all layers.

use std::path::{Path, PathBuf};

use overlay_adapters::definition::FlatpakDefinition;
use overlay_adapters::flatpak::{COLLECTIONS, REMOTES};
use overlay_resolver::Resolver;
use overlay_resolver::finding::Level;
use overlay_resolver::root::Root;
use overlay_resolver::rules::{Rules, Shape};
use overlay_resolver::scan::Scan;

use super::{Failure, Output, adapter};
use crate::cli::Cli;
use crate::{Exit, json, render};

/// A configuration path and the rules by which its consumer reads it.
struct Listing {
    adapter: &'static str,
    suffix: String,
    scan: Scan,
}

pub(super) fn list(cli: &Cli, root: &Root, path: &Path) -> Result<Output, Failure> {
    let listing = listing(root, path)?;
    let exit = exit(&listing.scan);
    let text = if cli.json {
        json::listing(listing.adapter, &listing.suffix, &listing.scan)
    } else {
        render::listing(&listing.scan)
    };
    Ok(Output {
        messages: if cli.json {
            String::new()
        } else {
            render::findings(&listing.scan.findings)
        },
        exit,
        ..Output::new(text)
    })
}

pub(super) fn cat(cli: &Cli, root: &Root, path: &Path) -> Result<Output, Failure> {
    let listing = listing(root, path)?;
    let exit = exit(&listing.scan);
    if cli.json {
        return Ok(Output {
            exit,
            ..Output::new(json::listing(
                listing.adapter,
                &listing.suffix,
                &listing.scan,
            ))
        });
    }
    Ok(Output {
        messages: render::findings(&listing.scan.findings),
        exit,
        verbatim: true,
        ..Output::new(render::cat(&listing.scan))
    })
}

/// Reads `path` as a directory of entries or, if it is one of its files, that entry alone.
fn listing(root: &Root, path: &Path) -> Result<Listing, Failure> {
    let definition = adapter(root)?.map(|flatpak| flatpak.definition().clone());
    let path = below_layers(path, definition.as_ref());
    let (adapter, rules) = rules(&path, definition.as_ref());
    let whole = Resolver::new(root.clone()).rules(rules.clone()).scan(&path);
    let suffix = rules.suffix.to_string_lossy().into_owned();
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(Listing {
            adapter,
            suffix,
            scan: whole,
        });
    };
    let (adapter_of_parent, parent_rules) = self::rules(parent, definition.as_ref());
    let mut siblings = Resolver::new(root.clone())
        .rules(parent_rules.clone())
        .scan(parent);
    siblings.entries.retain(|entry| entry.name == name);
    // A directory is an entry of its parent too, only not one that can be used.
    if siblings.entries.is_empty() || !whole.entries.is_empty() {
        return Ok(Listing {
            adapter,
            suffix,
            scan: whole,
        });
    }
    let entries = &siblings.entries;
    siblings
        .findings
        .retain(|finding| entries.iter().any(|entry| entry.has_file(&finding.path)));
    Ok(Listing {
        adapter: adapter_of_parent,
        suffix: parent_rules.suffix.to_string_lossy().into_owned(),
        scan: siblings,
    })
}

/// `/etc/flatpak/remotes.d` means `flatpak/remotes.d`.
fn below_layers(path: &Path, definition: Option<&FlatpakDefinition>) -> PathBuf {
    let rules = Rules::default();
    let layers = definition.map_or(rules.layers, |definition| definition.layers.clone());
    layers
        .iter()
        .filter_map(|layer| path.strip_prefix(layer.base()).ok())
        .min_by_key(|rest| rest.components().count())
        .unwrap_or(path)
        .to_owned()
}

fn rules(path: &Path, definition: Option<&FlatpakDefinition>) -> (&'static str, Rules) {
    let Some(definition) = definition else {
        return (
            "files",
            Rules {
                shape: Shape::Entries,
                ..Rules::default()
            },
        );
    };
    let of = |suffix: &str| definition.rules(suffix);
    if path == definition.remotes {
        (REMOTES, of(".flatpakrepo"))
    } else if path == definition.collections {
        (COLLECTIONS, of(".conf"))
    } else {
        (
            "files",
            Rules {
                shape: Shape::Entries,
                ..Rules::default()
            },
        )
    }
}

fn exit(scan: &Scan) -> Exit {
    if scan
        .findings
        .iter()
        .any(|finding| finding.level == Level::Error)
    {
        Exit::Failed
    } else {
        Exit::Fine
    }
}
