//! `demo`: a small image to try things on.
#![expect(
    clippy::disallowed_methods,
    reason = "DIR is a path of the host, which the user named"
)]

use std::fs;
use std::path::Path;

use overlay_adapters::System;

use super::report;
use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::Content;
use crate::output::Output;
use crate::render;
use crate::writing::Writing;

/// What the image's vendor ships, by path inside the image.
const VENDOR: [(&str, &str); 3] = [
    (
        "usr/share/flatpak/remotes.d/flathub.flatpakrepo",
        include_str!("../../data/demo/flathub.flatpakrepo"),
    ),
    (
        "usr/share/flatpak/remotes.d/fedora.flatpakrepo",
        include_str!("../../data/demo/fedora.flatpakrepo"),
    ),
    (
        "usr/share/flatpak/collections.d/flathub.conf",
        include_str!("../../data/demo/flathub-collection.conf"),
    ),
];

pub(super) fn run(cli: &Cli, dir: &Path) -> Result<Output, Failure> {
    if fs::read_dir(dir).is_ok_and(|mut members| members.next().is_some()) {
        return Err(Failure::NotEmpty(dir.into()));
    }
    for (path, text) in VENDOR {
        write(&dir.join(path), text)?;
    }
    // The owner's place, ready for what they are about to do.
    create(&dir.join("etc/flatpak/remotes.d"))?;
    let mut output = report::sync(cli, &System::open(dir)?, false, &Writing::default())?;
    if let Content::Text(synced) = &output.content {
        output.content = render::demo(dir, VENDOR.map(|(path, _)| path), synced).into();
    }
    Ok(output)
}

fn create(dir: &Path) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(|source| Failure::Write {
        path: dir.into(),
        source,
    })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    create(path.parent().unwrap_or(path))?;
    fs::write(path, text).map_err(|source| Failure::Write {
        path: path.into(),
        source,
    })
}
