//! The schemas that are built in.

use std::path::Path;

use super::Schema;

/// Each by its name, which is also its file below `resolver/schemas`.
static SCHEMAS: [(&str, &str); 22] = {
    macro_rules! schemas {
        ($($name:literal,)*) => {
            [$(($name, include_str!(concat!("../../schemas/", $name, ".toml"))),)*]
        };
    }
    schemas![
        "NetworkManager/NetworkManager",
        "systemd/coredump",
        "systemd/dns-delegate",
        "systemd/dnssd",
        "systemd/homed",
        "systemd/journal-remote",
        "systemd/journal-upload",
        "systemd/journald",
        "systemd/link",
        "systemd/logind",
        "systemd/netdev",
        "systemd/network",
        "systemd/networkd",
        "systemd/oomd",
        "systemd/pstore",
        "systemd/resolved",
        "systemd/sleep",
        "systemd/system",
        "systemd/timesyncd",
        "systemd/udev",
        "systemd/unit",
        "systemd/user",
    ]
};

/// The names of the built-in schemas.
pub fn names() -> impl Iterator<Item = &'static str> {
    SCHEMAS.iter().map(|(name, _)| *name)
}

/// The text of the built-in schema of this name.
pub(super) fn text(name: &str) -> Option<&'static str> {
    let (_, text) = SCHEMAS.iter().find(|(known, _)| *known == name)?;
    Some(text)
}

impl Schema {
    /// The built-in schema of this name, such as `systemd/journald`. Only this one is read, and
    /// those that it extends.
    pub fn named(name: &str) -> Option<Self> {
        Self::from_toml(Path::new(name), text(name)?.as_bytes()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::shown;
    use super::*;

    #[test]
    fn every_built_in_schema_is_sound_and_names_its_sources() {
        for name in names() {
            let text = text(name).unwrap();
            let parsed = Schema::from_toml(Path::new(name), text.as_bytes());
            parsed.unwrap_or_else(|error| panic!("{error}"));
            let comment = text.split("\n\n").next().unwrap();
            assert!(
                comment.starts_with("# ") && comment.contains("ource"),
                "{name}"
            );
        }
        assert!(names().is_sorted());
        assert!(Schema::named("systemd/nothing").is_none());
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the source tree, not a root")]
    fn every_schema_in_the_tree_is_built_in() {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let mut found = Vec::new();
        for directory in ["NetworkManager", "systemd"] {
            for file in std::fs::read_dir(tree.join(directory)).unwrap() {
                let name = file.unwrap().file_name().into_string().unwrap();
                found.push(format!(
                    "{directory}/{}",
                    name.strip_suffix(".toml").unwrap()
                ));
            }
        }
        found.sort();
        assert!(names().eq(found.iter().map(String::as_str)), "{found:?}");
    }

    #[test]
    fn what_the_keys_are() {
        for (schema, section, key, expected) in [
            ("journald", "Journal", "Storage", "last none ignored"),
            ("journald", "Journal", "Compress", "last none reset"),
            ("journald", "Journal", "TTYPath", "last none reset"),
            (
                "journald",
                "Journal",
                "RateLimitInterval",
                "last none ignored",
            ),
            ("journald", "Journal", "X-Mine", "-"),
            ("journald", "journal", "Storage", "-"),
            ("logind", "Login", "KillOnlyUsers", "append words reset"),
            ("resolved", "Resolve", "DNS", "append blanks reset"),
            ("resolved", "Resolve", "FallbackDNS", "append blanks clear"),
            ("timesyncd", "Time", "NTP", "append blanks reset"),
            ("system", "Manager", "DefaultEnvironment", "map words reset"),
            ("user", "Manager", "DefaultEnvironment", "map words reset"),
            ("sleep", "Sleep", "HibernateMode", "last words value"),
            ("udev", "", "udev_log", "last none ignored"),
            ("unit", "Unit", "After", "append blanks ignored"),
            ("unit", "Unit", "RequiresMountsFor", "append words ignored"),
            ("unit", "Unit", "Documentation", "append words reset"),
            ("unit", "Unit", "ConditionPathExists", "append none reset"),
            ("unit", "Unit", "Description", "last none reset"),
            ("unit", "Unit", "ExecStart", "-"),
            ("unit", "Install", "WantedBy", "append words reset"),
            ("unit", "Service", "ExecStart", "append none reset"),
            ("unit", "Service", "Environment", "map words reset"),
            ("unit", "Service", "EnvironmentFile", "append none reset"),
            (
                "unit",
                "Service",
                "CapabilityBoundingSet",
                "append none clear",
            ),
            ("unit", "Service", "SystemCallFilter", "append none reset"),
            ("unit", "Service", "DeviceAllow", "append none reset"),
            ("unit", "Service", "BindPaths", "append words reset"),
            ("unit", "Service", "ExecSearchPath", "append colons reset"),
            (
                "unit",
                "Service",
                "SupplementaryGroups",
                "append blanks reset",
            ),
            ("unit", "Service", "LimitNOFILE", "last none ignored"),
            ("unit", "Service", "MemoryMax", "last none reset"),
            ("unit", "Service", "Type", "last none ignored"),
            ("unit", "Service", "PrivateTmp", "last none ignored"),
            ("unit", "Service", "SecureBits", "last words reset"),
            ("unit", "Slice", "MemoryMax", "last none reset"),
            ("unit", "Slice", "Environment", "-"),
            ("unit", "Scope", "KillMode", "last none reset"),
            ("unit", "Socket", "ListenStream", "append none reset"),
            ("unit", "Timer", "OnCalendar", "append none reset"),
            ("unit", "Timer", "Unit", "first none ignored"),
            ("unit", "Path", "PathExists", "append none reset"),
            ("link", "Link", "NamePolicy", "last words reset"),
            ("network", "Network", "Address", "append none reset"),
            ("network", "Network", "DNS", "append blanks reset"),
            ("network", "Address", "Address", "append none value"),
            ("netdev", "NetDev", "Kind", "first none ignored"),
            ("netdev", "Bond", "Mode", "last none ignored"),
        ] {
            let schema = Schema::named(&format!("systemd/{schema}")).unwrap();
            let kind = schema.kind(section.as_bytes(), key.as_bytes());
            assert_eq!(shown(kind), expected, "[{section}] {key}");
        }
    }

    #[test]
    fn unknown_keys_are_ignored_by_all_of_these_consumers() {
        for name in names() {
            assert!(Schema::named(name).unwrap().ignores_unknown, "{name}");
        }
    }
}
