//! Where systemd looks for the drop-ins of a unit (`src/shared/dropin.c`, `unit_file_find_dirs()`).

/// The names of the drop-in directories of the unit `name`, the most specific first, without those
/// of its type: `a-b@c.service.d`, `a-b@.service.d`, `a-@c.service.d`, `a-@.service.d`.
pub(crate) fn directories(name: &str) -> Vec<String> {
    let mut names = Vec::new();
    add(name, &mut names);
    names.iter().map(|name| format!("{name}.d")).collect()
}

/// The drop-in directory of all units of the type of `name`: `service.d`.
pub(crate) fn type_directory(name: &str) -> Option<String> {
    name.rsplit_once('.').map(|(_, kind)| format!("{kind}.d"))
}

/// The template of an instance: `a@.service` of `a@b.service`.
pub(crate) fn template(name: &str) -> Option<String> {
    let (stem, kind) = name.rsplit_once('.')?;
    let (prefix, instance) = stem.split_once('@')?;
    (!instance.is_empty()).then(|| format!("{prefix}@.{kind}"))
}

/// Each step shortens the prefix or takes the instance away, so it ends.
fn add(name: &str, names: &mut Vec<String>) {
    if names.iter().any(|known| known == name) {
        return;
    }
    names.push(name.into());
    if let Some(template) = template(name) {
        add(&template, names);
    }
    if let Some(shorter) = shorten(name) {
        add(&shorter, names);
    }
}

/// `a-.service` of `a-b.service`; the next dash of a prefix that ends in one.
fn shorten(name: &str) -> Option<String> {
    let (stem, kind) = name.rsplit_once('.')?;
    let (prefix, instance) = match stem.split_once('@') {
        Some((prefix, _)) => (prefix, stem.get(prefix.len()..)?),
        None => (stem, ""),
    };
    let (start, _) = prefix.trim_end_matches('-').rsplit_once('-')?;
    Some(format!("{start}-{instance}.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_directory_comes_first() {
        for (name, expected) in [
            ("a.service", &["a.service.d"][..]),
            (
                "a-b-c.service",
                &["a-b-c.service.d", "a-b-.service.d", "a-.service.d"],
            ),
            ("a@b.service", &["a@b.service.d", "a@.service.d"]),
            (
                "a-b@c-d.timer",
                &[
                    "a-b@c-d.timer.d",
                    "a-b@.timer.d",
                    "a-@.timer.d",
                    "a-@c-d.timer.d",
                ],
            ),
            ("-.mount", &["-.mount.d"]),
            ("a--b.slice", &["a--b.slice.d", "a--.slice.d"]),
            ("nonsense", &["nonsense.d"]),
        ] {
            assert_eq!(directories(name), expected, "{name}");
        }
        assert_eq!(type_directory("a.b.service").as_deref(), Some("service.d"));
        assert_eq!(template("a@.service"), None);
    }
}
