//! A certificate as a set of packets (§10.1).
//!
//! *Invariant.* Whatever the order in which packets came, the same packets are the same certificate
//! and the same bytes: primary key, direct signatures, then user IDs and attributes, subkeys, and
//! what is unknown, each sorted and followed by its signatures, the oldest first.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::packet::{Packet, Tag, write};
use super::signature::{Claims, Signature, Signatures};
use super::{Fingerprint, OpenPgpError};

/// A primary key and everything said about it.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    fingerprint: Fingerprint,
    created: u32,
    key: Box<[u8]>,
    direct: Signatures,
    components: BTreeMap<Component, Signatures>,
}

/// Something that signatures bind to the primary key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Component {
    section: Section,
    tag: Tag,
    body: Box<[u8]>,
}

/// In which part of a certificate a component stands (§10.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Identity,
    Subkey,
    /// Of a type that we do not know: kept, behind what everyone knows.
    Unknown,
}

impl Component {
    fn new(packet: &Packet<'_>) -> Self {
        let section = match packet.tag {
            Tag::USER_ID | Tag::USER_ATTRIBUTE => Section::Identity,
            Tag::PUBLIC_SUBKEY => Section::Subkey,
            _ => Section::Unknown,
        };
        Self {
            section,
            tag: packet.tag,
            body: packet.body.into(),
        }
    }
}

/// How long signatures can be verified with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validity {
    /// Not at all: its primary key is revoked.
    Revoked,
    /// Until this time, in seconds since the epoch: its primary key expires then, or the last of the keys
    /// in it that may sign.
    Until(u64),
    /// Its keys do not expire.
    Forever,
}

impl Validity {
    /// Whether it is good at a time, in seconds since the epoch.
    pub const fn is_good_at(self, moment: u64) -> bool {
        match self {
            Self::Revoked => false,
            Self::Until(end) => moment < end,
            Self::Forever => true,
        }
    }

    fn of(created: u32, lifetime: u32) -> Self {
        match lifetime {
            0 => Self::Forever,
            lifetime => Self::Until(u64::from(created) + u64::from(lifetime)),
        }
    }
}

impl Certificate {
    /// The fingerprint of the primary key.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// When the primary key expires, in seconds since the epoch; none is never.
    ///
    /// As gpg decides it: by the newest direct-key self-signature that limits the key, else by the
    /// newest one over a user ID. Of each user ID only its newest self-signature counts, and none
    /// if that is a revocation. Since no signature is checked, this is for messages.
    pub fn expires(&self) -> Option<u64> {
        let lifetime = self.direct_lifetime().or_else(|| self.user_id_lifetime())?;
        Some(u64::from(self.created) + u64::from(lifetime))
    }

    /// Whether the primary key claims its own revocation (§5.2.1.11); unchecked, like
    /// [`Self::expires`].
    pub fn is_revoked(&self) -> bool {
        self.claims(&self.direct)
            .any(|claims| claims.kind == KEY_REVOCATION)
    }

    /// How long signatures can be verified with it; unchecked, like [`Self::expires`].
    pub fn validity(&self) -> Validity {
        if self.is_revoked() {
            return Validity::Revoked;
        }
        let primary = self.expires().map_or(Validity::Forever, Validity::Until);
        if self.primary_signs() {
            return primary;
        }
        // One without any key that may sign verifies nothing at all; then it is not its end that matters.
        let signing = self.signing_subkeys().max();
        signing.map_or(primary, |signing| signing.min(primary))
    }

    /// Whether gpg imports it: it has a user ID that the primary key certified.
    pub fn is_importable(&self) -> bool {
        let user_ids = self.components.iter();
        let mut user_ids = user_ids.filter(|(component, _)| component.tag == Tag::USER_ID);
        user_ids.any(|(_, signatures)| {
            let mut claims = self.claims(signatures);
            claims.any(|claims| {
                is_about_user_id(claims.kind) && claims.kind != CERTIFICATION_REVOCATION
            })
        })
    }

    /// Whether the primary key may sign data (§5.2.3.29). Where nothing is said, it may.
    fn primary_signs(&self) -> bool {
        let user_ids = self.components.iter();
        let user_ids = user_ids.filter(|(component, _)| component.tag == Tag::USER_ID);
        let signatures = user_ids.map(|(_, signatures)| signatures);
        let newest = signatures.chain([&self.direct]).filter_map(|signatures| {
            let mut claims = self.claims(signatures);
            claims.rfind(|claims| claims.kind == DIRECT_KEY || is_about_user_id(claims.kind))
        });
        let newest: Vec<_> = newest.filter_map(|claims| claims.key_flags).collect();
        newest.is_empty() || newest.iter().any(|flags| flags & SIGNS != 0)
    }

    /// How long the subkeys are good that may sign data.
    fn signing_subkeys(&self) -> impl Iterator<Item = Validity> {
        let subkeys = self.components.iter();
        let subkeys = subkeys.filter(|(component, _)| component.tag == Tag::PUBLIC_SUBKEY);
        subkeys.filter_map(|(component, signatures)| {
            let newest = self
                .claims(signatures)
                .rfind(|claims| matches!(claims.kind, SUBKEY_BINDING | SUBKEY_REVOCATION))?;
            let signs = newest.key_flags.is_none_or(|flags| flags & SIGNS != 0);
            let &[_version, a, b, c, d, ..] = &*component.body else {
                return None;
            };
            let created = u32::from_be_bytes([a, b, c, d]);
            let is_good = newest.kind == SUBKEY_BINDING && signs;
            is_good.then(|| Validity::of(created, newest.key_lifetime))
        })
    }

    /// The user IDs, for messages: what is not UTF-8 in them is replaced.
    pub fn user_ids(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.components
            .keys()
            .filter(|it| it.tag == Tag::USER_ID)
            .map(|it| String::from_utf8_lossy(&it.body))
    }

    /// Adds the packets of `other`, another copy of this certificate. Returns whether any of them
    /// was new.
    ///
    /// A certificate of another key adds nothing. An older copy can add superseded signatures
    /// (gpg drops them when it renews a key): since without checking them nobody can tell a newer
    /// signature from a forged one, all are kept, and gpg uses the newest that is valid.
    pub fn merge(&mut self, other: &Self) -> bool {
        if self.key != other.key {
            return false;
        }
        let mut changed = self.direct.unite(&other.direct);
        for (component, signatures) in &other.components {
            changed |= match self.components.get_mut(component) {
                Some(known) => known.unite(signatures),
                None => self
                    .components
                    .insert(component.clone(), signatures.clone())
                    .is_none(),
            };
        }
        changed
    }

    /// Whether merging `other` would add nothing, `other` being a copy of this certificate.
    pub fn contains(&self, other: &Self) -> bool {
        let has = |(component, signatures): (&Component, &Signatures)| {
            self.components
                .get(component)
                .is_some_and(|known| known.is_superset(signatures))
        };
        self.key == other.key
            && self.direct.is_superset(&other.direct)
            && other.components.iter().all(has)
    }

    /// Appends the certificate in binary form.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write(out, Tag::PUBLIC_KEY, &self.key);
        write_signatures(out, &self.direct);
        for (component, signatures) in &self.components {
            write(out, component.tag, &component.body);
            write_signatures(out, signatures);
        }
    }

    fn direct_lifetime(&self) -> Option<u32> {
        let newest = self
            .claims(&self.direct)
            .rfind(|claims| claims.kind == DIRECT_KEY)?;
        (newest.key_lifetime != 0).then_some(newest.key_lifetime)
    }

    fn user_id_lifetime(&self) -> Option<u32> {
        let user_ids = self
            .components
            .iter()
            .filter(|(component, _)| component.tag == Tag::USER_ID);
        user_ids
            .filter_map(|(_, signatures)| {
                self.claims(signatures)
                    .rfind(|claims| is_about_user_id(claims.kind))
            })
            .filter(|newest| newest.kind != CERTIFICATION_REVOCATION && newest.key_lifetime != 0)
            // `max_by_key` takes the last of equals, gpg the first.
            .rev()
            .max_by_key(|newest| newest.created)
            .map(|newest| newest.key_lifetime)
    }

    /// What those of `signatures` claim that the primary key made, the oldest first.
    fn claims<'a>(
        &'a self,
        signatures: &'a Signatures,
    ) -> impl DoubleEndedIterator<Item = Claims<'a>> {
        signatures
            .iter()
            .filter_map(|signature| signature.claims_by(&self.fingerprint))
    }
}

/// What people tell certificates apart by: kilobytes of packets would hide it.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user_ids: Vec<_> = self.user_ids().collect();
        f.debug_struct("Certificate")
            .field("fingerprint", &self.fingerprint)
            .field("user_ids", &user_ids)
            .field("expires", &self.expires())
            .finish_non_exhaustive()
    }
}

/// Signature types (§5.2.1).
const SUBKEY_BINDING: u8 = 0x18;
const DIRECT_KEY: u8 = 0x1f;
const KEY_REVOCATION: u8 = 0x20;
const SUBKEY_REVOCATION: u8 = 0x28;
const CERTIFICATION_REVOCATION: u8 = 0x30;
/// The key flag of a key that may sign data (§5.2.3.29).
const SIGNS: u8 = 0x02;

fn is_about_user_id(kind: u8) -> bool {
    matches!(kind, 0x10..=0x13 | CERTIFICATION_REVOCATION)
}

fn write_signatures(out: &mut Vec<u8>, signatures: &Signatures) {
    for signature in signatures.iter() {
        write(out, Tag::SIGNATURE, signature.body());
    }
}

/// A certificate while its packets come in.
#[derive(Debug)]
pub(super) struct Draft {
    certificate: Certificate,
    /// What the signatures that come in belong to; none is the primary key.
    current: Option<Component>,
    /// Those of the current component, put in their place once it is complete: a component can be
    /// large.
    signatures: Vec<Signature>,
}

impl Draft {
    /// Starts with the packet of the primary key.
    pub(super) fn new(packet: &Packet<'_>) -> Result<Self, OpenPgpError> {
        let (fingerprint, created) = Fingerprint::of_key(packet)?;
        let certificate = Certificate {
            fingerprint,
            created,
            key: packet.body.into(),
            direct: Signatures::default(),
            components: BTreeMap::new(),
        };
        Ok(Self {
            certificate,
            current: None,
            signatures: Vec::new(),
        })
    }

    /// Takes the next packet: a signature over what came before it, or a component.
    pub(super) fn push(&mut self, packet: &Packet<'_>) {
        if packet.tag == Tag::SIGNATURE {
            self.signatures.push(Signature::new(packet.body));
        } else {
            self.complete_current();
            self.current = Some(Component::new(packet));
        }
    }

    /// The certificate with all that came in.
    pub(super) fn finish(mut self) -> Certificate {
        self.complete_current();
        self.certificate
    }

    fn complete_current(&mut self) {
        let signatures = match self.current.take() {
            None => &mut self.certificate.direct,
            Some(component) => self.certificate.components.entry(component).or_default(),
        };
        signatures.add(&mut self.signatures);
    }
}

#[cfg(test)]
mod tests;
