//! Whether libostree verifies signatures of a remote: what its keys say, and what they mean where they are
//! not there. flatpak has the same defaults, for it asks libostree (`tests/real` asks both).

use bstr::BStr;
use overlay_resolver::keyfile::value;

/// The key that says whether commits are verified.
const COMMITS: &str = "gpg-verify";
/// The key that says whether the summary is.
const SUMMARY: &str = "gpg-verify-summary";

/// Both.
pub(super) const KEYS: [&str; 2] = [COMMITS, SUMMARY];

/// Whether a remote with these keys needs a keyring of its own.
pub(super) fn needs_keys<'k>(get: impl Fn(&str) -> Option<&'k BStr>) -> bool {
    is_verified(&get) && get("gpgkeypath").is_none()
}

/// Whether anything of a remote with these keys is verified.
pub(crate) fn is_verified<'k>(get: impl Fn(&str) -> Option<&'k BStr>) -> bool {
    KEYS.into_iter().any(|key| verifies(key, get(key)))
}

/// Whether writing this value where nothing stands would end a verification.
pub(crate) fn weakens(key: &str, value: &BStr) -> bool {
    matches!(key, COMMITS | SUMMARY) && verifies(key, None) && !verifies(key, Some(value))
}

/// Whether a value ends a verification that is wanted.
pub(super) fn is_ended(key: &str, wanted: Option<&BStr>, actual: Option<&BStr>) -> bool {
    verifies(key, wanted) && !verifies(key, actual)
}

/// What a value of one of the two keys means. libostree fails on what is no boolean, which verifies nothing
/// either.
fn verifies(key: &str, value: Option<&BStr>) -> bool {
    value.map_or(key == COMMITS, |value| {
        value::decode_boolean(value) != Ok(false)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn each_key_has_its_own_default() {
        for (keys, needed) in [
            (&[][..], true),
            (&[("gpg-verify", "true")], true),
            (&[("gpg-verify", "1")], true),
            (&[("gpg-verify", "maybe")], true),
            (&[("gpg-verify", "false")], false),
            (&[("gpg-verify", "0")], false),
            (&[("gpg-verify-summary", "false")], true),
            (
                &[("gpg-verify", "false"), ("gpg-verify-summary", "false")],
                false,
            ),
            (
                &[("gpg-verify", "false"), ("gpg-verify-summary", "true")],
                true,
            ),
            (&[("gpgkeypath", "/keys")], false),
        ] {
            let values: BTreeMap<_, _> = keys.iter().copied().collect();
            let get = |key: &str| values.get(key).map(|value| BStr::new(*value));
            assert_eq!(needs_keys(get), needed, "{keys:?}");
        }
    }

    #[test]
    fn what_is_off_already_is_not_weakened() {
        for (key, value, expected) in [
            ("gpg-verify", "false", true),
            ("gpg-verify", "0", true),
            ("gpg-verify", "true", false),
            ("gpg-verify-summary", "false", false),
            ("gpg-verify-summary", "true", false),
            ("xa.title", "false", false),
        ] {
            assert_eq!(weakens(key, value.into()), expected, "{key}={value}");
        }
    }
}
