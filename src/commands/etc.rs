//! `etc`: the three-way merge of `/etc`.

use std::path::{Path, PathBuf};

use overlay_adapters::Adapters;
use overlay_adapters::etc::{Outcome, Sides};
use overlay_resolver::root::Root;

use crate::cli::{Cli, Etc, Trees};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::{json, render};

pub(super) fn run(cli: &Cli, root: &Root, command: &Etc) -> Result<Output, Failure> {
    let (trees, out) = match command {
        Etc::Diff { trees } => (trees, None),
        Etc::Merge { trees, out } => (trees, out.as_deref()),
    };
    let Trees {
        old,
        current,
        new,
        check,
    } = trees;
    let [old, current, new] = [old, current, new].map(|path| inside(cli, path));
    let sides = Sides::read(root, &old, &current, &new)?;
    let out = out.map(|out| inside(cli, out));
    if let Some(out) = &out {
        sides.allow(root, out)?;
    }
    let resolver = Adapters::open(root).resolver();
    let merge = sides.merge(&resolver)?;
    if let Some(out) = &out {
        merge.write(root, out)?;
    }
    let exit = if *check && merge.has_conflicts() {
        Exit::Pending
    } else {
        Exit::Fine
    };
    let outcomes: Vec<&Outcome> = merge
        .outcomes()
        .iter()
        .filter(|outcome| matches!(command, Etc::Merge { .. }) || outcome.owner.is_some())
        .collect();
    if cli.json {
        return Ok(Output {
            exit,
            ..Output::new(json::etc(&merge, &outcomes, out.as_deref()))
        });
    }
    let mut text = render::etc(&merge, &outcomes);
    if matches!(command, Etc::Merge { .. }) {
        text.append(&render::written(out.as_deref()));
    }
    Ok(Output {
        messages: render::findings(&merge.findings),
        exit,
        ..Output::new(text)
    })
}

/// A path inside the root. Where that is the whole machine, a relative one begins where we are.
fn inside(cli: &Cli, path: &Path) -> PathBuf {
    if cli.root == Path::new("/") {
        std::path::absolute(path).unwrap_or_else(|_| path.into())
    } else {
        Path::new("/").join(path)
    }
}
