//! The signing keys of a remote: its keyring reconciled certificate by certificate.
//!
//! Certificates are told apart by their fingerprints. What the vendor brought is remembered beside
//! the remote (`x-overlayctl.remotes.keyring`), so the owner's imports, and what a server brought,
//! are never taken for the vendor's.

use std::collections::BTreeSet;

use crate::openpgp::{Fingerprint, Keyring};
use crate::report::Operation;

/// A keyring before and after.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// What it is to hold.
    pub(super) keyring: Keyring,
    /// What it holds until the remote is as it is to be: with those that go, if any do.
    pub(super) union: Option<Keyring>,
    /// Which of those the vendor brought.
    pub(super) vendors: BTreeSet<Fingerprint>,
    /// Which of those the owner took out.
    pub(super) taken_out: BTreeSet<Fingerprint>,
    /// How that differs from what is there.
    pub(super) changes: Vec<(Operation, Fingerprint)>,
}

/// Nothing, wherever nothing is known.
static NONE: BTreeSet<Fingerprint> = BTreeSet::new();

/// What is known of a keyring and its certificates.
pub(super) struct Known<'a> {
    /// What is there.
    pub(super) actual: Keyring,
    /// What the vendor brought, by the baseline.
    pub(super) baseline: &'a BTreeSet<Fingerprint>,
    /// What a run that was interrupted was bringing.
    pub(super) interrupted: &'a BTreeSet<Fingerprint>,
    /// What the vendor says that it once gave, whoever imported it.
    pub(super) former: &'a BTreeSet<Fingerprint>,
    /// What the server of the remote had imported.
    pub(super) servers: &'a BTreeSet<Fingerprint>,
    /// What the owner took out of it.
    pub(super) taken_out: &'a BTreeSet<Fingerprint>,
    /// Others made the remote, and it is taken over: of what they put there, what the vendor wants is the
    /// vendor's.
    pub(super) adopted: bool,
}

impl Default for Known<'_> {
    fn default() -> Self {
        Self {
            actual: Keyring::default(),
            baseline: &NONE,
            interrupted: &NONE,
            former: &NONE,
            servers: &NONE,
            taken_out: &NONE,
            adopted: false,
        }
    }
}

impl Known<'_> {
    /// Reconciles the keyring with what the vendor wants in it.
    ///
    /// With `needed` (signatures are verified) it is never left empty: if all would go, or none is wanted
    /// where some were, all stay and are the vendor's still.
    pub(super) fn reconcile(self, desired: &Keyring, needed: bool) -> Keys {
        let mut keys = Keys {
            keyring: self.actual,
            taken_out: self.taken_out.clone(),
            ..Keys::default()
        };
        for certificate in desired.iter() {
            let fingerprint = certificate.fingerprint();
            let known = keys.keyring.get(fingerprint).is_some();
            let brought = self.baseline.contains(fingerprint);
            let taken_out = self.taken_out.contains(fingerprint);
            if !taken_out && keys.keyring.merge(certificate) {
                let operation = if known {
                    Operation::UpdateCertificate
                } else {
                    Operation::AddCertificate
                };
                keys.changes.push((operation, fingerprint.clone()));
            }
            let others = [self.interrupted, self.former, self.servers];
            let is_no_owners = others.iter().any(|known| known.contains(fingerprint));
            if brought || !known || self.adopted || is_no_owners {
                keys.vendors.insert(fingerprint.clone());
            }
        }
        let kept = if needed && desired.is_empty() {
            self.baseline
        } else {
            &BTreeSet::new()
        };
        let ours: BTreeSet<_> = [self.baseline, self.interrupted, self.former]
            .into_iter()
            .flatten()
            .collect();
        let (kept, gone): (BTreeSet<_>, BTreeSet<_>) = ours
            .into_iter()
            .filter(|fingerprint| desired.get(fingerprint).is_none())
            .filter(|fingerprint| keys.keyring.get(fingerprint).is_some())
            .partition(|fingerprint| kept.contains(*fingerprint));
        keys.vendors.extend(kept.into_iter().cloned());
        if needed && gone.len() == keys.keyring.len() {
            keys.vendors.extend(gone.into_iter().cloned());
            return keys;
        }
        if !gone.is_empty() {
            keys.union = Some(keys.keyring.clone());
        }
        for fingerprint in gone {
            keys.keyring.remove(fingerprint);
            let change = (Operation::RemoveCertificate, fingerprint.clone());
            keys.changes.push(change);
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openpgp::testing::Build;
    use crate::remotes::taken_out::missing;

    fn keyring(seeds: &str) -> Keyring {
        let mut keyring = Keyring::default();
        for seed in seeds.bytes() {
            keyring.merge(&Build::key(seed).read());
        }
        keyring
    }

    fn fingerprints(seeds: &str) -> BTreeSet<Fingerprint> {
        let keyring = keyring(seeds);
        keyring
            .iter()
            .map(|one| one.fingerprint().clone())
            .collect()
    }

    /// Certificates are letters: what is there, in the baseline, in the intent of a dead run, wanted; what
    /// is there then, and of that the vendor's.
    #[test]
    fn what_stays_and_whose_it_is() {
        for (case, needed, [there, baseline, dead, wanted, then, vendors]) in [
            ("a rotation", true, ["ao", "a", "", "b", "ob", "b"]),
            ("the last goes", false, ["a", "a", "", "", "", ""]),
            ("the last is needed", true, ["a", "a", "", "", "a", "a"]),
            (
                "none is wanted beside the owner's",
                true,
                ["ao", "a", "", "", "ao", "a"],
            ),
            ("and none is needed", false, ["ao", "a", "", "", "o", ""]),
            (
                "one that a dead run brought",
                true,
                ["aox", "a", "x", "", "ao", "a"],
            ),
            ("and nothing else", true, ["x", "", "x", "", "x", "x"]),
            ("the owner's copy", true, ["ao", "a", "", "ao", "ao", "a"]),
            (
                "taken out by the owner",
                true,
                ["o", "a", "", "ab", "ob", "ab"],
            ),
            (
                "the keyring was lost",
                true,
                ["", "ab", "", "ab", "ab", "ab"],
            ),
        ] {
            let (actual, baseline) = (keyring(there), fingerprints(baseline));
            let keys = Known {
                taken_out: &missing(&actual, &baseline, &NONE),
                actual,
                baseline: &baseline,
                interrupted: &fingerprints(dead),
                ..Known::default()
            }
            .reconcile(&keyring(wanted), needed);
            assert_eq!(keys.keyring, keyring(then), "{case}");
            assert_eq!(keys.vendors, fingerprints(vendors), "{case}");
        }
    }

    #[test]
    fn what_is_adopted_is_the_vendor_s_where_it_is_wanted() {
        let keys = Known {
            actual: keyring("ao"),
            adopted: true,
            ..Known::default()
        }
        .reconcile(&keyring("ab"), true);
        assert_eq!(keys.keyring, keyring("aob"));
        assert_eq!(keys.vendors, fingerprints("ab"));
    }

    #[test]
    fn what_a_server_sent_is_the_vendor_s_once_it_is_wanted() {
        let keys = |wanted| {
            let known = Known {
                actual: keyring("aso"),
                baseline: &fingerprints("a"),
                servers: &fingerprints("s"),
                ..Known::default()
            };
            known.reconcile(&keyring(wanted), true)
        };
        let (without, with) = (keys("a"), keys("aso"));
        assert_eq!(without.keyring, keyring("aso"));
        assert_eq!(without.vendors, fingerprints("a"));
        assert_eq!(with.vendors, fingerprints("as"));
    }

    /// As above, with what the vendor once gave in the place of a dead run: a script imported it, here.
    #[test]
    fn what_the_vendor_once_gave_goes() {
        for (case, needed, [there, baseline, former, wanted, then, vendors]) in [
            (
                "at adoption or later",
                true,
                ["fo", "", "f", "b", "ob", "b"],
            ),
            (
                "beside the vendor's",
                true,
                ["fab", "b", "f", "b", "ab", "b"],
            ),
            ("it is not there", true, ["o", "", "f", "b", "ob", "b"]),
            ("it is given again", true, ["fo", "", "f", "f", "fo", "f"]),
            ("the last is needed", true, ["f", "", "f", "", "f", "f"]),
            ("beside the owner's", true, ["fo", "", "f", "", "o", ""]),
            ("none is needed", false, ["f", "", "f", "", "", ""]),
        ] {
            let keys = Known {
                actual: keyring(there),
                baseline: &fingerprints(baseline),
                former: &fingerprints(former),
                ..Known::default()
            }
            .reconcile(&keyring(wanted), needed);
            assert_eq!(keys.keyring, keyring(then), "{case}");
            assert_eq!(keys.vendors, fingerprints(vendors), "{case}");
        }
    }
}
