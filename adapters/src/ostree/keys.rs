//! The keys that come with a remote: its keyrings, and those of the paths that it names.
//!
//! A keyring is an entry over all layers of its own, whichever file defines the remote: so an override of
//! that file keeps the vendor's keys, and one of the keyring keeps the file.

use std::path::Path;

use bstr::BString;
use overlay_resolver::Document;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;
use overlay_resolver::root::Root;
use overlay_resolver::rules::Rules;
use overlay_resolver::scan::Status;

use super::places::{ARMORED, CONF, KEYRING, Places, keyring_name};
use super::{conf, exists};
use crate::code;
use crate::expiry::Shipped;
use crate::observer::Observer;
use crate::openpgp::Keyring;
use crate::remotes::Remote;
use crate::remotes::sources::Sources;
use crate::source::{Layered, Source, Want, why_unusable};

/// Where ostree finds the keys for remotes that have none of their own.
pub(super) const GLOBAL_KEYS: &str = "/usr/share/ostree/trusted.gpg.d";

/// How the layers' remotes are read, with their keyrings.
pub(super) fn rules(sources: &Sources) -> Rules {
    let rules = sources.rules(CONF).into_builder();
    let rules = rules.whole([KEYRING, ARMORED]).build();
    rules.expect("nothing in them can be wrong")
}

/// Brings the keys to the remotes that they are for.
pub(super) fn bring(observer: &Observer<'_>, places: &Places, source: &mut Source<Remote>) {
    for (name, layered) in &mut source.entries {
        let Want::Present(remote) = &mut layered.want else {
            continue;
        };
        let keyrings = source.beside.get(name).into_iter().flatten();
        if let Err(finding) = keyrings.into_iter().try_for_each(|one| add(remote, one)) {
            source.findings.push(finding.clone());
            layered.want = Want::Unresolved(finding);
            continue;
        }
        let missing = leave_out_missing(observer.root(), remote, &layered.document);
        source.findings.extend(missing);
        source
            .findings
            .extend(keyless(observer, places, name, layered));
    }
}

/// Adds the certificates of a keyring, binary or armored.
fn add(remote: &mut Remote, keyring: &Document) -> Result<(), Finding> {
    match keyring.entry().status {
        Status::Masked(_) => remote.is_keyring_masked = remote.keyring.is_empty(),
        Status::Unusable => return Err(why_unusable(keyring)),
        Status::Effective | Status::Headless => {}
    }
    for file in keyring.entry().effective() {
        let keyring = Keyring::parse_key_data(&file.text)
            .map_err(|error| code::BROKEN_KEYRING.error(&file.path, error.to_string()))?;
        for certificate in keyring.iter() {
            remote.keyring.merge(certificate);
        }
        remote.is_keyring_masked = false;
    }
    Ok(())
}

/// A keyring as a file of the layers has it.
pub(super) fn shipped(document: &Document) -> Option<Shipped> {
    let file = document.entry().effective().next()?;
    let name = document.entry().name.to_str()?;
    let name = [KEYRING, ARMORED]
        .into_iter()
        .find_map(|end| name.strip_suffix(end))?;
    Some(Shipped {
        name: name.to_owned(),
        keyring: Keyring::parse_key_data(&file.text).ok()?,
        place: (file.path.clone(), None),
    })
}

/// What there is to say of a remote that is verified and has no key anywhere.
fn keyless(
    observer: &Observer<'_>,
    places: &Places,
    name: &str,
    layered: &Layered<Remote>,
) -> Option<Finding> {
    let Want::Present(remote) = &layered.want else {
        return None;
    };
    let mut elsewhere = places.preferred_keyrings(name);
    if !remote.needs_keys()
        || !remote.keyring.is_empty()
        || elsewhere.any(|path| observer.exists(&path))
        || has_files(observer, Path::new(GLOBAL_KEYS))
    {
        return None;
    }
    let message = format!(
        "signatures of {name} are verified, and there is no key for it: put a keyring {} beside this file, or name one with gpgkeypath=",
        keyring_name(name)
    );
    let main = layered.document.entry().effective().next()?;
    Some(code::NO_KEY.warning(&main.path, message))
}

/// Leaves out of `gpgkeypath=` what does not exist.
fn leave_out_missing(root: &Root, remote: &mut Remote, document: &Document) -> Option<Finding> {
    let at = remote
        .settings
        .iter()
        .position(|s| s.key == "gpgkeypath".into())?;
    let setting = remote.settings.get_mut(at)?;
    let paths = conf::key_paths(&setting.value);
    let (there, missing): (Vec<_>, Vec<_>) = paths
        .into_iter()
        .partition(|path| exists(root, Path::new(path)));
    if missing.is_empty() {
        return None;
    }
    let (section, key) = setting.source.clone();
    if there.is_empty() {
        remote.settings.remove(at);
    } else {
        setting.value = BString::from(value::encode_string(&there.join(";")));
    }
    let place = document.get(&*section, &*key)?;
    let message = format!(
        "gpgkeypath: {} does not exist here, and ostree fails where a path does not: left out",
        missing.join(", ")
    );
    Some(
        code::MISSING_KEY_PATH
            .warning(&place.fragment().path, message)
            .at(place.line()),
    )
}

fn has_files(observer: &Observer<'_>, path: &Path) -> bool {
    let listing = observer.listing(path).ok().flatten();
    listing.is_some_and(|listing| listing.names().next().is_some())
}
