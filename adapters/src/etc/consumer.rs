//! How the consumer of a file below `/etc` reads it.

use std::path::{Path, PathBuf};

use overlay_resolver::catalog::Catalog;
use overlay_resolver::format;
use overlay_resolver::owner::Owner;
use overlay_resolver::rules::Rules;

use super::keys::Dialect;
use super::outcome::Note;

/// Directories of key files that are no layered documents, or are read by an adapter: the suffix of
/// the files in them.
const KEYFILES: [(&str, &str); 4] = [
    ("NetworkManager/system-connections", "nmconnection"),
    ("flatpak/installations.d", "conf"),
    ("flatpak/remotes.d", "flatpakrepo"),
    ("ostree/remotes.d", "conf"),
];

/// How the file at `path` below `/etc` is read, and by whose rules.
pub(super) fn dialect(catalog: &Catalog, path: &Path) -> (Dialect, Note) {
    let by = |name: &str| Note::ByRules(name.into());
    let known = match rules(catalog, path) {
        Some(rules) => rules.format().map(|format| (format, by(rules.name()))),
        None if is_keyfile(path) => Some((format::gkeyfile(), by("gkeyfile"))),
        None => None,
    };
    let by_suffix = || Some((format::of_suffix(path)?, Note::BySuffix));
    match known.or_else(by_suffix) {
        Some((format, note)) => (Dialect::Known(format), note),
        None => (Dialect::Plain, Note::Plain),
    }
}

/// The rules of whatever document the file is a part of.
fn rules(catalog: &Catalog, path: &Path) -> Option<Rules> {
    match catalog.owner(path) {
        Owner::Document(path) | Owner::Entries(path) => catalog.rules(&path),
        Owner::Units {
            directory,
            drop_ins,
        } => catalog.rules(&unit(&directory, &drop_ins)?),
        Owner::Nobody(_) => None,
    }
}

/// Some unit that has drop-ins in `drop_ins`: all of a type are read alike.
fn unit(directory: &Path, drop_ins: &str) -> Option<PathBuf> {
    let name = drop_ins.strip_suffix(".d")?;
    Some(directory.join(if name.contains('.') {
        name.to_owned()
    } else {
        format!("a.{name}")
    }))
}

fn is_keyfile(path: &Path) -> bool {
    KEYFILES.iter().any(|(directory, suffix)| {
        let is_in = path
            .parent()
            .is_some_and(|parent| parent == Path::new(directory));
        is_in && path.extension().is_some_and(|end| end == *suffix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_tells_the_format() {
        let catalog = Catalog::built_in();
        for (path, expected) in [
            ("systemd/journald.conf", "Sections"),
            ("systemd/journald.conf.d/10-mine.conf", "Sections"),
            ("systemd/system/a.service", "Sections"),
            ("systemd/system/service.d/10.conf", "Sections"),
            ("systemd/system/a-.service.d/10.conf", "Sections"),
            ("sysctl.d/10.conf", "Sysctl"),
            ("NetworkManager/conf.d/10.conf", "GKeyFile"),
            (
                "NetworkManager/system-connections/a.nmconnection",
                "GKeyFile",
            ),
            ("ostree/remotes.d/a.conf", "GKeyFile"),
            ("flatpak/remotes.d/a.flatpakrepo", "GKeyFile"),
            ("myapp/app.toml", "Toml"),
            ("X11/xorg.conf.d/10.conf", "Opaque"),
            ("myapp/kv.ini", "plain"),
            ("ostree/remotes.d/README", "plain"),
            ("passwd", "plain"),
        ] {
            let found = match dialect(&catalog, Path::new(path)).0 {
                Dialect::Known(format) => format!("{format:?}"),
                Dialect::Plain => "plain".into(),
            };
            assert_eq!(found, expected, "{path}");
        }
    }
}
