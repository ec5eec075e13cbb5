//! What a history is played on: a target with its consumer.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::turn::{Entry, Said, Values};
use crate::flatpak::bench::Keys;
use crate::machine::Machine;
use crate::peers::Found;

/// One target with its real consumer.
pub(crate) trait Scene {
    fn machine(&self) -> &Machine;
    fn keys(&self) -> &Keys;

    /// The image ships a remote, or a file of which nobody can read more than what it is called otherwise.
    fn ship(&self, name: &str, other_name: Option<&str>, entry: Option<&Entry>);
    /// The image masks what it ships.
    fn hide(&self, name: &str);
    fn mask(&self, name: &str);
    fn unmask(&self, name: &str);

    /// The remotes that the consumer sees, or why it does not work. It may import what it finds.
    fn listed(&self) -> Found<BTreeSet<String>>;
    /// The remotes in the target, without the consumer's having run.
    fn present(&self) -> BTreeSet<String>;
    fn values(&self, name: &str) -> Values;
    fn is_verified(&self, name: &str) -> bool;
    /// Fingerprints in the keyring of a remote, sorted.
    fn trusted(&self, name: &str) -> Vec<String>;
    /// What a whole run should not leave: staged files, intents, keyrings of remotes that are not there.
    fn strays(&self) -> Vec<PathBuf>;

    /// The owner's acts, by the tools of the target.
    fn delete(&self, name: &str);
    fn edit(&self, name: &str, values: &Values);
    fn add_own(&self, name: &str);
    fn trust(&self, name: &str);
    /// All certificates but the owner's go.
    fn take_out(&self, name: &str);
    /// All lines of a remote are taken out of the way; returns them.
    fn put_aside(&self, _name: &str) -> Option<String> {
        None
    }
    fn bring_back(&self, _name: &str, _lines: &str) {}

    /// Where the vendor's servers are, of which there are [`SERVERS`].
    fn server(&self, number: usize) -> String {
        format!("http://127.0.0.1:9/vendor{number}")
    }
    /// Where a server is that has moved.
    fn moved(&self, number: usize) -> String {
        self.server(number) + "/."
    }
    /// A server says something, and the consumer asks it for this remote. Whether the consumer is one that does.
    fn ask(&self, _name: &str, _server: usize, _said: &Said) -> bool {
        false
    }

    /// A reset to factory defaults.
    fn wipe(&self);
}
