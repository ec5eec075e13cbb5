//! A task: a program that is run once for each deployment.

use std::num::NonZero;
use std::time::Duration;

use overlay_resolver::Document;
use overlay_resolver::finding::Finding;
use overlay_resolver::typed::Located;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::code;
use crate::source::mistake;

/// How long a task may take that does not say it, in seconds: to remove old deployments from a slow disk takes
/// minutes.
const TIMEOUT: u64 = 15 * 60;
/// How often one is tried that does not say it.
const TRIES: u32 = 3;

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Task {
    /// The program and its arguments; no shell reads them.
    pub(crate) command: Located<Vec<String>>,
    /// In seconds.
    timeout: Option<NonZero<u64>>,
    /// Whether the deployment counts as cleaned only once this is done.
    #[serde(default = "yes")]
    pub(crate) required: bool,
    /// Another one has the task run again where it was done.
    version: Option<String>,
    tries: Option<NonZero<u32>>,
    /// Whether it is wanted: a vendor ships what an owner may switch on.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
}

fn yes() -> bool {
    true
}

impl Task {
    /// What a document comes to.
    pub(crate) fn read(document: &Document) -> (Option<Self>, Vec<Finding>) {
        match document.deserialize::<Self>() {
            Ok(task) => match task.is_wrong() {
                None => (Some(task), Vec::new()),
                Some(message) => {
                    let finding = code::INVALID_VALUE.error(&task.command.path, message);
                    (None, vec![finding.at(task.command.line)])
                }
            },
            Err(error) => (None, vec![mistake(code::INVALID_VALUE, document, &error)]),
        }
    }

    /// What is wrong with its command.
    fn is_wrong(&self) -> Option<&'static str> {
        let has_program = self.command.first().is_some_and(|word| !word.is_empty());
        if !has_program {
            return Some(
                "command: expected a program and its arguments, such as [\"ostree\", \"admin\", \"cleanup\"]",
            );
        }
        let has_nul = self.command.iter().any(|word| word.contains('\0'));
        has_nul
            .then_some("command: has a NUL, which no argument of a program can have: take it out")
    }

    /// How long it may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.map_or(TIMEOUT, NonZero::get))
    }

    /// How often it is tried for a deployment.
    pub(crate) fn tries(&self) -> u32 {
        self.tries.map_or(TRIES, NonZero::get)
    }

    /// What it is done for, within a deployment: where the version or the command is another one, it is another task.
    pub(crate) fn occasion(&self) -> String {
        let mut digest = Sha256::new();
        for part in self.version.iter().chain(&*self.command) {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        // A command alone is not the same as its first word for a version.
        digest.update([u8::from(self.version.is_some())]);
        format!("{:x}", digest.finalize())
    }
}
