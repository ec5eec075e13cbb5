//! What is only a part of something that is known: `X.conf.d` and what is in it, of `X.conf`.

use std::path::{Path, PathBuf};

use super::Resolver;
use crate::account::Unread;
use crate::catalog::without_d;
use crate::owner::Owner;
use crate::rules::{DropIns, Name, Rules, Shape};

/// A part of a document.
#[derive(Debug)]
pub(super) struct Part {
    /// The configuration path of the document.
    pub(super) of: PathBuf,
    /// By which the consumer of the whole reads this.
    pub(super) rules: Rules,
    /// Why it does not.
    pub(super) unread: Option<Unread>,
}

impl Resolver {
    /// What a configuration path that is not known by itself is a part of: another whose consumer is known. None of
    /// an entry, which is a document.
    pub(super) fn part(&self, path: &Path) -> Option<Part> {
        // A directory of drop-ins is told by what would be in it.
        let of_file = self.whole(path).map(|of| (of, Shape::Document));
        let of_directory = || {
            let of = self.whole(&path.join("_.conf"))?;
            Some((of, Shape::Collection))
        };
        let (of, shape) = of_file.or_else(of_directory)?;
        let catalog = self.catalog();
        let known = catalog.rules(&of);
        let known = known.or_else(|| catalog.rules_of_many_units(&of))?;
        let name = path.file_name().filter(|_| shape == Shape::Document);
        let ignored = name.and_then(|name| known.ignored(name, &of));
        let rules = Rules {
            shape,
            drop_ins: DropIns::None,
            main_decides: false,
            ..known
        };
        // What is in a directory has no say in it.
        (!of.starts_with(path)).then_some(Part {
            of,
            rules,
            unread: ignored.map(Unread::Name),
        })
    }

    /// The document that a file at `path` is a drop-in of, by its place.
    fn whole(&self, path: &Path) -> Option<PathBuf> {
        match self.catalog().owner(path) {
            Owner::Document(document) => Some(document).filter(|document| document != path),
            Owner::Entries(directory) => {
                let parent = path.parent()?;
                if parent == directory {
                    let name = self
                        .catalog()
                        .rules(&directory)?
                        .classify(path.file_name()?);
                    return matches!(name, Name::Ignored(_)).then_some(directory);
                }
                without_d(parent)
            }
            Owner::Units {
                directory,
                drop_ins,
            } => self.member(directory.join(drop_ins)),
            Owner::Nobody(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{Basis, Catalog, Resolver, Rules, Tree};

    fn resolver() -> Resolver {
        let entries = b"shape = 'entries'\nformat = 'gkeyfile'\nsuffix = '.repo'\n";
        let entries = Rules::from_toml(Path::new("rules"), entries).unwrap();
        let catalog = Catalog::built_in().with(Path::new("repos"), entries, "mine");
        Resolver::new(Tree::default()).with_catalog(catalog)
    }

    #[test]
    fn a_part_is_read_by_the_rules_of_the_whole() {
        let resolver = resolver();
        for (path, whole) in [
            ("sysctl.d/10.conf", "sysctl.d"),
            ("systemd/journald.conf.d", "systemd/journald.conf"),
            ("systemd/journald.conf.d/9.conf", "systemd/journald.conf"),
            (
                "NetworkManager/conf.d",
                "NetworkManager/NetworkManager.conf",
            ),
            (
                "NetworkManager/conf.d/9.conf",
                "NetworkManager/NetworkManager.conf",
            ),
            ("systemd/system/a.service.d", "systemd/system/a.service"),
            (
                "systemd/system/a.service.d/x.conf",
                "systemd/system/a.service",
            ),
            (
                "systemd/system/service.d/x.conf",
                "systemd/system/service.d",
            ),
            ("repos/a.repo.d", "repos/a.repo"),
            ("repos/a.repo.d/x.conf", "repos/a.repo"),
        ] {
            let [part, of] = [path, whole].map(|path| resolver.configuration(path).unwrap());
            assert_eq!(part.part_of(), Some(Path::new(whole)), "{path}");
            assert_eq!(part.basis(), Basis::Consumer, "{path}");
            assert_eq!(part.rules().name(), of.rules().name(), "{path}");
            assert_eq!(part.rules().layers(), of.rules().layers(), "{path}");
            let format = |rules: &Rules| format!("{:?}", rules.format);
            assert_eq!(format(part.rules()), format(of.rules()), "{path}");
        }
        for whole in [
            "repos/a.repo",
            "sysctl.d",
            "systemd/system/service.d",
            "a.conf.d/x.conf",
        ] {
            let configuration = resolver.configuration(whole).unwrap();
            assert_eq!(configuration.part_of(), None, "{whole}");
        }
    }

    /// As `why` says it of the file.
    #[test]
    fn what_its_name_keeps_from_being_read_is_not_read_by_itself() {
        let names = [
            ("repos/README", "ignored: name does not end in .repo"),
            ("repos/a.repo.bak", "ignored: name of a backup copy"),
            ("sysctl.d/README", "ignored: name does not end in .conf"),
            (
                "systemd/journald.conf.d/9.conf~",
                "ignored: name of a backup copy",
            ),
            ("systemd/system/a.service.d/.x.conf", "ignored: hidden"),
        ];
        for (path, why) in names {
            let resolver = resolver().with(format!("/etc/{path}"), "x=1\n");
            let document = resolver.resolve(path).unwrap();
            assert_eq!(document.keys().count(), 0, "{path}");
            let told: Vec<_> = document
                .findings()
                .map(|found| found.message.clone())
                .collect();
            assert!(
                told.iter().any(|told| told.starts_with(why)),
                "{path}: {told:?}"
            );
            let document = resolver.rules(Rules::default()).resolve(path).unwrap();
            assert_eq!(
                document.keys().count(),
                1,
                "the caller knows better: {path}"
            );
        }
    }

    #[test]
    fn a_part_has_the_values_that_its_consumer_reads_there() {
        let files = "[Journal]\nStorage=auto\nStorage=none\n";
        let resolver = resolver().with("/etc/systemd/journald.conf.d/9.conf", files);
        for path in ["systemd/journald.conf.d", "systemd/journald.conf.d/9.conf"] {
            let document = resolver.resolve(path).unwrap();
            let storage = document.key("Journal", "Storage").unwrap();
            assert_eq!(storage.items(), [&b"none"[..]], "{path}");
        }
    }
}
