//! What is in a directory whose documents are known each by its name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Resolver;
use crate::catalog::without_d;
use crate::configuration::Configuration;
use crate::rules::Rules;

impl Resolver {
    /// The documents in a directory such as `systemd/system`, of which each is known by its own name; none of
    /// any other path.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let resolver = Resolver::new(Tree::default())
    ///     .with("/usr/lib/systemd/system/a.service", "[Service]\n")
    ///     .with("/etc/systemd/system/b.service.d/x.conf", "[Service]\n");
    /// let members = resolver.members("systemd/system".as_ref());
    /// let paths: Vec<_> = members.iter().map(|one| one.path().to_str().unwrap()).collect();
    /// assert_eq!(paths, ["systemd/system/a.service", "systemd/system/b.service"]);
    /// ```
    pub fn members(&self, directory: &Path) -> Vec<Configuration> {
        if self.catalog().knows(directory) {
            return Vec::new();
        }
        let mut members = BTreeSet::<PathBuf>::new();
        for layer in &Rules::default().stacked(self.tree.bundles()).layers {
            let place = self.tree.dir(&layer.base().join(directory));
            let names = place.ok().flatten().and_then(|dir| dir.names().ok());
            let paths = names.into_iter().flatten().map(|name| directory.join(name));
            members.extend(paths.filter_map(|path| self.member(path)));
        }
        let members = members.into_iter();
        let members = members.map(|path| self.configuration_at(path));
        members.filter(|member| !member.is_unread()).collect()
    }

    /// The known document that a file or directory of a layer is of: of `a.service.d`, `a.service`, whether
    /// or not that is there; a directory of drop-ins for many units is one itself.
    pub(super) fn member(&self, path: PathBuf) -> Option<PathBuf> {
        if self.catalog().rules_of_many_units(&path).is_some() {
            return Some(path);
        }
        let document = without_d(&path).unwrap_or(path);
        self.catalog().knows(&document).then_some(document)
    }
}

#[cfg(test)]
mod tests {
    use crate::{PathError, Resolver, Tree};

    #[test]
    fn a_directory_of_known_documents_is_no_document() {
        let resolver = Resolver::new(Tree::default())
            .with("/usr/lib/systemd/system/a.service", "[Service]\n")
            .with("/etc/systemd/system/b@1.service.d/x.conf", "[Service]\n")
            .with("/run/systemd/system/service.d/x.conf", "[Service]\n")
            .with("/run/systemd/system/README", "none\n")
            .with("/etc/myapp/a", "[A]\nb=1\n");
        let members = resolver.members("systemd/system".as_ref());
        let paths: Vec<_> = members
            .iter()
            .map(|one| one.path().to_str().unwrap())
            .collect();
        assert_eq!(
            paths,
            [
                "systemd/system/a.service",
                "systemd/system/b@1.service",
                "systemd/system/service.d"
            ]
        );
        let refused = PathError::Members {
            path: "systemd/system".into(),
            first: "systemd/system/a.service".into(),
        };
        assert_eq!(
            resolver.configuration("/etc/systemd/system/").unwrap_err(),
            refused
        );
        assert_eq!(resolver.resolve("systemd/system").unwrap_err(), refused);
        assert_eq!(resolver.entries("systemd/system").unwrap_err(), refused);
        assert!(resolver.members("myapp".as_ref()).is_empty());
        assert_eq!(
            resolver.resolve("myapp").unwrap_err(),
            PathError::Directory("myapp".into())
        );
    }
}
