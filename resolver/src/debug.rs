//! An error is the same text by `Debug` as by `Display`.

/// Writes `Debug` of these types as their `Display`: what `main` returns is printed by the first.
macro_rules! debug_as_display {
    ($($error:ty),* $(,)?) => {
        $(impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        })*
    };
}

debug_as_display![
    crate::account::Unread,
    crate::configuration::PathError,
    crate::finding::Finding,
    crate::keyfile::value::ValueError,
    crate::root::Errno,
    crate::root::RootError,
    crate::root::Unusable,
    crate::rules::LayerError,
    crate::rules::RulesError,
    crate::typed::DeserializeError,
];
