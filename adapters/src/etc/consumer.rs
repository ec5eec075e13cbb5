//! How the consumer of a file below `/etc` reads it.

use std::path::Path;

use overlay_resolver::{Resolver, format};

use super::keys::Dialect;
use super::outcome::Note;

/// Directories of key files that are no layered documents: the suffix of the files in them. Whose rules hold for
/// any other file the resolver says.
const KEYFILES: [(&str, &str); 2] = [
    ("NetworkManager/system-connections", "nmconnection"),
    ("flatpak/installations.d", "conf"),
];

/// How the file at `path` below `/etc` is read, and by whose rules.
pub(super) fn dialect(resolver: &Resolver, path: &Path) -> (Dialect, Note) {
    let by = |name: &str| Note::ByRules(name.into());
    let known = match resolver.rules_by_place(path) {
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
    use overlay_resolver::root::Root;

    use super::*;
    use crate::Adapters;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the tree is the test's own")]
    fn the_place_tells_the_format() {
        let place = tempfile::tempdir().unwrap();
        let definition = place.path().join("etc/overlayctl/adapters.d/apps.toml");
        std::fs::create_dir_all(definition.parent().unwrap()).unwrap();
        let apps = "kind='flatpak'\nlayers=['/etc']\nremotes='apps.d'\ncollections='c.d'\ninstallation='/i'\n";
        std::fs::write(definition, apps).unwrap();
        let root = Root::open(place.path()).unwrap();
        let resolver = Adapters::open(&root).resolver();
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
            ("apps.d/a.flatpakrepo", "GKeyFile"),
            ("flatpak/remotes.d/a.flatpakrepo.d/x.conf", "GKeyFile"),
            ("systemd/system/a.service.d/10.conf", "Sections"),
            ("flatpak/installations.d/a.conf", "GKeyFile"),
            ("myapp/app.toml", "Toml"),
            ("X11/xorg.conf.d/10.conf", "Opaque"),
            ("myapp/kv.ini", "plain"),
            ("ostree/remotes.d/README", "plain"),
            ("passwd", "plain"),
        ] {
            let found = match dialect(&resolver, Path::new(path)).0 {
                Dialect::Known(format) => format!("{format:?}"),
                Dialect::Plain => "plain".into(),
            };
            assert_eq!(found, expected, "{path}");
        }
    }
}
