//! Whether everybody got what they are owed of a remote.

use super::owed::{Maker, Owed};
use super::turn::{Entry, Shipped, Signer};
use super::{History, OWN_URL, Scene, later, names};

impl<S: Scene> History<'_, S> {
    pub(super) fn judge(
        &mut self,
        name: &'static str,
        shipped: Option<&Shipped>,
        was_present: bool,
    ) {
        let is_present = self.is_present(name);
        let at = self.at(name);
        let owed = self.owed[name].clone();
        let story = || format!("{name} in {}, {owed:?}, {shipped:?}", self.story());
        if owed.maker == Maker::Owner {
            assert!(is_present, "the owner's own stays: {}", story());
            assert_eq!(self.scene.values(&at).url, OWN_URL, "{}", story());
            return;
        }
        if owed.deleted {
            assert!(!is_present, "it came back: {}", story());
            return;
        }
        if let Some(released) = &owed.released {
            assert!(is_present, "it was released: {}", story());
            assert_eq!(self.standing(name), *released, "{}", story());
            return;
        }
        let is_shipped_so = shipped.is_some_and(|shipped| names(name, shipped).0 == at);
        match shipped {
            // The mask is of the first name: what a file that is broken or masked, or an image without it, says of the later one is
            // another matter.
            Some(Shipped::Broken { .. } | Shipped::Hidden(_)) if owed.masked && at != name => {}
            _ if owed.masked && at != name && !is_shipped_so => {}
            _ if owed.masked => {
                assert!(
                    !is_present || owed.maker == Maker::Consumer,
                    "it is masked: {}",
                    story()
                );
            }
            None | Some(Shipped::Hidden(_)) if owed.is_edited() => {
                assert!(is_present, "released with edits: {}", story());
            }
            None | Some(Shipped::Hidden(_)) => {
                let is_adopted =
                    matches!(owed.maker, Maker::Consumer | Maker::Adopted | Maker::Given);
                let may_stay = is_adopted || owed.trusts || owed.is_unclear();
                assert!(!is_present || may_stay, "it is withdrawn: {}", story());
            }
            Some(Shipped::Broken { .. }) => {
                assert_eq!(
                    is_present,
                    was_present,
                    "nobody knows what is wanted: {}",
                    story()
                );
            }
            Some(Shipped::Remote(_)) if owed.maker == Maker::Unsure && !is_present => {}
            Some(Shipped::Remote(entry)) => {
                assert!(is_present, "it is missing: {}", story());
                let present = self.scene.present();
                let both = present.contains(name) && present.contains(&later(name));
                assert!(is_shipped_so && !both, "under another name: {}", story());
                // What was imported of another image may be foreign by now.
                if owed.maker != Maker::Consumer {
                    self.judge_values(name, entry, &owed, &story);
                }
                if owed.maker == Maker::Unsure {
                    self.owed(name).maker = Maker::Overlayctl;
                }
            }
        }
    }

    pub(super) fn judge_values(
        &self,
        name: &str,
        shipped: &Entry,
        owed: &Owed,
        story: &dyn Fn() -> String,
    ) {
        let wanted = owed.wanted(shipped, self.scene.server(shipped.server));
        let now = self.standing(name);
        assert_eq!(now.values, wanted, "{}", story());
        let trusted = self.trusted(shipped, owed);
        assert_eq!(now.trusted, trusted, "{}", story());
        let is_signed = shipped.signer != Signer::Nobody && owed.maker != Maker::Given;
        assert_eq!(now.is_verified, is_signed, "{}", story());
    }

    /// The keys that the vendor, the owner and a server brought.
    pub(super) fn trusted(&self, shipped: &Entry, owed: &Owed) -> Vec<String> {
        let keys = self.scene.keys();
        let owners = owed.trusts.then_some(&keys.owner);
        let servers = owed.served.key.then_some(&keys.extended);
        let brought = shipped.signer.key(keys).into_iter();
        let brought = brought.filter(|key| !owed.taken_out.contains(&key.fingerprint));
        let brought = brought.chain(owners).chain(servers);
        let mut brought: Vec<_> = brought.map(|key| key.fingerprint.clone()).collect();
        brought.sort();
        brought
    }
}
