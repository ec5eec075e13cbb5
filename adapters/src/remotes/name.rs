//! Names that flatpak and ostree accept.

/// Whether ostree takes this for the name of a remote: `ostree_validate_remote_name()` wants a
/// letter, digit or `_` first, then those or `-` and `.`.
pub(crate) fn is_remote_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(word) && name.chars().all(|c| word(c) || c == '-' || c == '.')
}

/// Whether flatpak takes this for a collection ID: the form of a D-Bus interface name, that is two
/// or more elements of letters, digits and `_`, none beginning with a digit, 255 bytes at most.
pub(crate) fn is_collection_id(id: &str) -> bool {
    let element = |element: &str| {
        !element.is_empty()
            && !element.starts_with(|c: char| c.is_ascii_digit())
            && element
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    id.len() <= 255 && id.contains('.') && id.split('.').all(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_names() {
        for good in ["flathub", "flathub-beta", "a.b_c", "_x", "0"] {
            assert!(is_remote_name(good), "{good}");
        }
        for bad in [
            "",
            "-dash",
            ".hidden",
            "with space",
            "q\"uote",
            "a;b",
            "[x]",
            "a/b",
            "ä",
            "a\\b",
        ] {
            assert!(!is_remote_name(bad), "{bad}");
        }
    }

    #[test]
    fn collection_ids() {
        for good in ["org.flathub.Stable", "a.b", "_a._b2"] {
            assert!(is_collection_id(good), "{good}");
        }
        for bad in [
            "",
            "bad",
            "org..x",
            ".a.b",
            "a.b.",
            "a.2b",
            "a-b.c",
            "org.exämple",
        ] {
            assert!(!is_collection_id(bad), "{bad}");
        }
        assert!(!is_collection_id(&format!("a.{}", "b".repeat(254))));
    }
}
