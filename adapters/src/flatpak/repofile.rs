//! From a merged `.flatpakrepo` to the `[remote "NAME"]` group and the keyring it asks for.
//!
//! The mapping is flatpak's own (`flatpak_parse_repofile()`, flatpakrepo(5)): the same keys in the
//! same order, the same derived keys, the C locale. It is stricter in one thing: a value that cannot
//! be decoded makes the file invalid here, where flatpak goes on as if the key were not there, which
//! would quietly drop a `Filter=` or a `Subset=`.
//!
//! The group `[Overlay]`, which flatpak ignores, adds what the format lacks.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use overlay_resolver::Document;
use overlay_resolver::escape::escape;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use crate::expiry::Shipped;
use crate::keyed::entry::{OVERLAY, Setting};
use crate::openpgp::Keyring;
use crate::reader::Reader;
use crate::remotes::name::is_collection_id;
use crate::remotes::{HISTORY_KEYS, Remote};

pub(super) const REPO: &str = "Flatpak Repo";
pub(super) const KEY: &str = "GPGKey";

/// What flatpak's own format has nothing for, in the order of the documentation.
const OVERLAY_KEYS: [&str; 4] = ["Enabled", "Priority", "Enumerate", "UseForDependencies"];

/// Keys that people put into `[Flatpak Repo]`, where flatpak ignores them without a word.
const MISPLACED: [(&str, &str); 6] = [
    ("Priority", "Priority"),
    ("Prio", "Priority"),
    ("Enabled", "Enabled"),
    ("Disabled", "Enabled"),
    ("NoEnumerate", "Enumerate"),
    ("Enumerate", "Enumerate"),
];

/// Reads a remote from its merged document. With an error among the findings there is none.
pub(crate) fn read(document: &Document) -> (Option<Remote>, Vec<Finding>) {
    let mut reader = Reader::new(document);
    let mut remote = Remote::default();
    remote.read_repo(&mut reader);
    remote.read_overlay(&mut reader);
    for (key, instead) in MISPLACED {
        if document.get(REPO, key).is_some() {
            let message = format!(
                "flatpak ignores {key} in [{REPO}]; {instead}= in the group [{OVERLAY}] does what it says"
            );
            reader.warn(REPO, key, message);
        }
    }
    (reader.is_usable().then_some(remote), reader.findings)
}

/// The keyring that a file brings.
pub(super) fn shipped(document: &Document) -> Option<Shipped> {
    let key = document.get(REPO, KEY)?;
    let encoded = value::decode_string(key.value()).ok()?;
    let name = Path::new(&document.entry().name).file_stem()?.to_str()?;
    Some(Shipped {
        name: name.to_owned(),
        keyring: keyring(&encoded).ok()?,
        place: (key.fragment().path.clone(), Some(key.line())),
    })
}

/// What a `GPGKey=` says, as flatpak understands it: GLib decodes it and gpg imports it.
fn keyring(encoded: &str) -> Result<Keyring, String> {
    let keyring = Keyring::parse_key_data(&decode_base64(encoded)).map_err(|error| {
        let strange = encoded
            .chars()
            .find(|&c| symbol(c).is_none() && c != '=' && !c.is_whitespace());
        let passed_over = strange.map_or_else(String::new, |strange| {
            format!(
                " (`{}` and the like are no base64 and passed over, as by flatpak)",
                escape(strange.to_string().as_bytes())
            )
        });
        format!("{error}{passed_over}")
    })?;
    if let Some(one) = keyring.iter().find(|one| !one.is_importable()) {
        return Err(format!(
            "the certificate {} has no user ID that it signed itself, so flatpak does not import it: use the output of `gpg --export KEY`",
            one.fingerprint()
        ));
    }
    Ok(keyring)
}

/// `g_base64_decode()`: whatever is no symbol is passed over, `=` counts as one anywhere, and what is left of
/// the last group of four is dropped.
fn decode_base64(text: &str) -> Vec<u8> {
    // Mostly nothing is passed over, and then both agree: of a run, decoding was a twelfth.
    STANDARD
        .decode(text)
        .unwrap_or_else(|_| decode_leniently(text))
}

fn decode_leniently(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut symbols = text.chars().filter_map(|c| match c {
        '=' => Some((0, true)),
        c => Some((symbol(c)?, false)),
    });
    let mut group = || {
        Some([
            symbols.next()?,
            symbols.next()?,
            symbols.next()?,
            symbols.next()?,
        ])
    };
    while let Some([(a, _), (b, _), (c, no_second), (d, no_third)]) = group() {
        let [_, first, second, third] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
        bytes.push(first);
        bytes.extend((!no_second).then_some(second));
        bytes.extend((!no_third).then_some(third));
    }
    bytes
}

/// What a symbol of base64 stands for.
fn symbol(c: char) -> Option<u32> {
    let from = |first: char, number: u32| Some(u32::from(c) - u32::from(first) + number);
    match c {
        'A'..='Z' => from('A', 0),
        'a'..='z' => from('a', 26),
        '0'..='9' => from('0', 52),
        '+' => Some(62),
        '/' => Some(63),
        _ => None,
    }
}

/// How a remote is read from a `.flatpakrepo`.
impl Remote {
    /// `flatpak_parse_repofile()`, in its order.
    fn read_repo(&mut self, reader: &mut Reader<'_>) {
        if let Some(version) = reader.string(REPO, "Version")
            && version != "1"
        {
            reader.error(
                REPO,
                "Version",
                format!("Version={version}: expected 1, the only version there is"),
            );
        }
        let url = reader.string(REPO, "Url");
        match &url {
            Some(url) => self.push("url", url, "Url"),
            // An undecodable one has its own error.
            None if reader.is_usable() => {
                reader.error(
                    REPO,
                    "Url",
                    format!("has no Url= in a group [{REPO}]; a remote needs one"),
                );
            }
            None => {}
        }
        for (source, key) in [
            ("Subset", "xa.subset"),
            ("Title", "xa.title"),
            ("DefaultBranch", "xa.default-branch"),
        ] {
            self.push_string(reader, source, key);
        }
        if reader.lenient_boolean(REPO, "NoDeps") == Some(true) {
            self.push("xa.nodeps", "true", "NoDeps");
        }
        let verified = self.read_key(reader);
        self.push(
            "gpg-verify",
            if verified { "true" } else { "false" },
            "GPGKey",
        );
        self.push_string(reader, "SignatureLookaside", "xa.signature-lookaside");
        let oci = url.is_some_and(|url| url.starts_with("oci+"));
        self.read_collection_id(reader, verified || oci);
        self.push(
            "gpg-verify-summary",
            if verified { "true" } else { "false" },
            "GPGKey",
        );
        self.push_string(reader, "AuthenticatorName", "xa.authenticator-name");
        if let Some(install) = reader.lenient_boolean(REPO, "AuthenticatorInstall") {
            let value = if install { "true" } else { "false" };
            self.push("xa.authenticator-install", value, "AuthenticatorInstall");
        }
        for (source, key) in [
            ("Comment", "xa.comment"),
            ("Description", "xa.description"),
            ("Icon", "xa.icon"),
            ("Homepage", "xa.homepage"),
        ] {
            self.push_string(reader, source, key);
        }
        // An empty filter means none; flatpak drops the key then.
        if let Some(filter) = reader.non_empty(REPO, "Filter") {
            self.push("xa.filter", &filter, "Filter");
        }
    }

    /// `GPGKey=`: base64 of a keyring, binary or armored. Returns whether there is one.
    fn read_key(&mut self, reader: &mut Reader<'_>) -> bool {
        let Some(encoded) = reader.string(REPO, KEY) else {
            return false;
        };
        match keyring(&encoded) {
            Ok(keyring) => self.keyring = keyring,
            Err(error) => reader.error(REPO, KEY, format!("{KEY}: {error}")),
        }
        true
    }

    /// The first of three keys that is not empty; flatpak versions differ in which they know.
    fn read_collection_id(&mut self, reader: &mut Reader<'_>, allowed: bool) {
        for source in [
            "DeploySideloadCollectionID",
            "DeployCollectionID",
            "CollectionID",
        ] {
            let Some(id) = reader.non_empty(REPO, source) else {
                continue;
            };
            if !allowed {
                let message =
                    format!("{source} needs a GPGKey= beside it: a collection must be signed");
                reader.error(REPO, source, message);
            }
            if !is_collection_id(&id) {
                let message = format!(
                    "{source}={id} is not of the form org.example.Name; `flatpak remote-add` would refuse it"
                );
                reader.warn(REPO, source, message);
            }
            self.push("collection-id", &id, source);
            return;
        }
    }

    fn read_overlay(&mut self, reader: &mut Reader<'_>) {
        reader.warn_of_others(OVERLAY, &[&OVERLAY_KEYS[..], &HISTORY_KEYS].concat());
        if reader.boolean(OVERLAY, "Enabled") == Some(false) {
            self.push_overlay("xa.disable", "true", "Enabled");
        }
        if let Some(priority) = reader.integer(OVERLAY, "Priority") {
            self.push_overlay("xa.prio", &priority.to_string(), "Priority");
        }
        if reader.boolean(OVERLAY, "Enumerate") == Some(false) {
            self.push_overlay("xa.noenumerate", "true", "Enumerate");
        }
        if let Some(used) = reader.boolean(OVERLAY, "UseForDependencies") {
            self.settings
                .retain(|setting| setting.key != "xa.nodeps".into());
            if !used {
                self.push_overlay("xa.nodeps", "true", "UseForDependencies");
            }
        }
        self.read_history(reader);
    }

    fn push_string(&mut self, reader: &mut Reader<'_>, source: &'static str, key: &'static str) {
        if let Some(text) = reader.string(REPO, source) {
            self.push(key, &text, source);
        }
    }

    fn push(&mut self, key: &'static str, text: &str, source: &'static str) {
        self.settings.push(Setting {
            key: key.into(),
            value: value::encode_string(text).into(),
            source: (REPO.into(), source.into()),
        });
    }

    fn push_overlay(&mut self, key: &'static str, text: &str, source: &'static str) {
        self.settings.push(Setting {
            key: key.into(),
            value: value::encode_string(text).into(),
            source: (OVERLAY.into(), source.into()),
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_is_read_as_glib_reads_it() {
        for (text, expected) in [
            ("YWJj", "abc"),
            ("YWI=", "ab"),
            ("YQ==", "a"),
            ("\"Y W,I=\"", "ab"),
            ("YWI", ""),
            ("YWJjYWI", "abc"),
            ("YWI=YWJj", "ababc"),
            ("YWJj==", "abc"),
            ("-_ä", ""),
        ] {
            assert_eq!(decode_base64(text), expected.as_bytes(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(data: Vec<u8>) {
            let text = STANDARD.encode(&data);
            prop_assert_eq!(decode_leniently(&text), &*data);
            prop_assert_eq!(decode_base64(&text), &*data);
        }

        #[test]
        fn both_ways_agree_on_what_the_strict_one_takes(text in "[A-Da-d/+=]{0,12}") {
            if let Ok(data) = STANDARD.decode(&text) {
                prop_assert_eq!(decode_leniently(&text), data);
            }
        }
    }
}
