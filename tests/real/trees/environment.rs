//! systemd's environment.d generator: a collection of `KEY=VALUE` files.

use std::path::Path;
use std::process::Command;

use overlay_resolver::Rules;
use overlay_resolver::catalog::Catalog;
use proptest::prelude::*;
use proptest::sample::select;

use super::Peer;
use super::chamber::Chamber;
use super::generator::{Shape, Weights, assignment, lines, trees};
use super::ours::{Answer, Pairs};
use super::systemd::LAYERS;
use super::tree::Tree;
use crate::peers::{Found, read};

const PROGRAM: &str =
    "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";
const PATH: &str = "environment.d";

#[derive(Debug)]
pub(crate) struct Generator {
    version: String,
    chamber: Chamber,
}

impl Generator {
    pub(crate) fn find() -> Found<Self> {
        let version = read(Command::new("systemd-analyze").arg("--version"))?;
        Ok(Self {
            version: version
                .split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" "),
            chamber: Chamber::new(PROGRAM)?,
        })
    }
}

impl Peer for Generator {
    type Answer = Result<Pairs, String>;

    fn name(&self) -> String {
        format!("{}, {PATH}", self.version)
    }

    fn rules(&self) -> Found<Rules> {
        let rules = Catalog::built_in().rules(Path::new(PATH));
        rules.ok_or_else(|| format!("no rules for {PATH}"))
    }

    fn path(&self) -> &'static str {
        PATH
    }

    fn trees(&self) -> (BoxedStrategy<Tree>, usize) {
        let weights = Weights {
            text: 20,
            empty: 2,
            comment: 2,
            null: 3,
            null_upwards: 2,
            link: 4,
            dangling: 2,
            looped: 1,
            directory: 1,
            broken: 1,
            linked_directory: 5,
            no_dev: 20,
            ..Weights::default()
        };
        let shape = Shape {
            layers: &LAYERS,
            main_layers: &[],
            main: None,
            drop_ins: PATH,
            suffix: ".conf",
            weights,
        };
        let also = &[
            "",
            "# note",
            "; note",
            "K=\"a  b\"",
            "L='c d'",
            "M=a\\",
            "K = v",
        ][..];
        let line = prop_oneof![8 => assignment(), 1 => select(also).prop_map(str::to_owned)];
        (
            trees(&shape, &lines(line.boxed(), &["junk", "=v", "K K=v"])),
            2000,
        )
    }

    fn ask(&mut self, root: &Path) -> Self::Answer {
        let output = self.chamber.run(root, &[]);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let pair = |line: &str| {
            let (key, value) = line.split_once('=').unwrap();
            ((String::new(), key.to_owned()), unquoted(value))
        };
        Ok(String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(pair)
            .collect())
    }

    fn expected(&self, ours: &Answer, _tree: &Tree) -> Self::Answer {
        Ok(ours.joined(""))
    }

    fn refuses(answer: &Self::Answer) -> bool {
        answer.is_err()
    }
}

/// A value as a shell would read it: in double quotes where it has blanks or the like.
fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        let escaped = (character == '\\').then(|| characters.next()).flatten();
        text.push(escaped.unwrap_or(character));
    }
    text
}
