//! What a target of remotes has to answer beside what one of entries has.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bstr::ByteSlice as _;

use super::remote::Remote;
use crate::keyed::observed::Observed;
use crate::keyed::store::Store;
use crate::keyed::target::Target;
use crate::openpgp::{Fingerprint, Keyring};

/// A target of remotes.
pub(crate) trait Repository: Target<Wanted = Remote> {
    /// The section and key of the layers' files that a keyring follows from, where it is a key.
    const KEYRING_KEY: Option<(&'static str, &'static str)> = None;

    /// The name that collection IDs are reported under.
    fn collections(&self) -> &str;

    /// The keyring of a remote.
    fn keyring(&self, name: &str) -> PathBuf;

    /// The keyrings that a remote is verified with, of which its own is this; none where that is not known.
    fn keyrings(
        &self,
        observed: &Observed,
        store: &Self::Store,
        name: &str,
        own: Keyring,
    ) -> Vec<(PathBuf, Keyring)>;

    /// Whether a remote is there again that was gone when we last looked: what we had brought into its keyring, we
    /// took out of it then.
    fn is_back(&self, _store: &Self::Store, _name: &str) -> bool {
        false
    }

    /// Which certificates of its keyring a remote's server had imported, as far as that can be told.
    fn servers_keys(
        &self,
        _store: &Self::Store,
        _name: &str,
        _keyring: &Keyring,
    ) -> BTreeSet<Fingerprint> {
        BTreeSet::new()
    }
}

/// Whether a remote has the URL that the layers want, or one that it had before.
pub(crate) fn has_same_url(store: &impl Store, name: &str, remote: &Remote) -> bool {
    let url = store.get(name, "url");
    let wanted = remote.get("url").map(|setting| setting.value.as_bstr());
    url == wanted || url.is_some() && remote.is_former(&"url".into(), url)
}
