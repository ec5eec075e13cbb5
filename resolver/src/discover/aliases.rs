//! Other names of a unit. Their drop-ins count for it as well (systemd.unit(5), "aliases"), and are not
//! read by this name: who asks is told.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::Query;
use crate::escape::escape_path;
use crate::finding::{Finding, code};
use crate::root::MemberKind;

impl Query<'_> {
    /// The directories of drop-ins of other names of the unit `name`, each as a warning.
    pub(super) fn aliases(&self, name: &OsStr) -> Vec<Finding> {
        let parent = self.path.parent().unwrap_or(Path::new(""));
        let mut findings = Vec::new();
        for place in self.below_layers(parent) {
            let Ok(Some(dir)) = self.tree.dir(&place.directory) else {
                continue;
            };
            for member in dir.members().unwrap_or_default() {
                let bytes = member.name.as_bytes();
                let alias = bytes.strip_suffix(b".d").map(OsStr::from_bytes);
                let is_directory =
                    matches!(member.kind, MemberKind::Directory | MemberKind::Symlink);
                if let Some(alias) =
                    alias.filter(|alias| is_directory && self.is_alias(alias, name))
                {
                    let message = format!(
                        "{} is another name of {}, so these drop-ins count for it as well and are not read here; ask for that name, too",
                        escape_path(alias.as_ref()),
                        escape_path(name.as_ref())
                    );
                    let path = place.directory.join(&member.name);
                    findings.push(code::ALIAS_DROP_INS.warning(path, message));
                }
            }
        }
        findings
    }

    /// Whether some layer has `alias` as a symlink that ends at a file called `name`.
    fn is_alias(&self, alias: &OsStr, name: &OsStr) -> bool {
        let kind = |name: &OsStr| Path::new(name).extension().map(OsStr::to_owned);
        if alias == name || kind(alias) != kind(name) {
            return false;
        }
        let parent = self.path.parent().unwrap_or(Path::new(""));
        self.below_layers(parent).iter().any(|place| {
            let opened = self.tree.dir(&place.directory).ok().flatten();
            let opened = opened.and_then(|dir| dir.open(alias));
            let link = opened.and_then(|opened| opened.link);
            let target = link.and_then(|link| link.target);
            target.is_some_and(|target| target.file_name() == Some(name))
        })
    }
}
