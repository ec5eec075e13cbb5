//! Signatures: what one says about the key that made it, read without checking it (§5.2).
//!
//! *Invariant.* The bytes are kept as they came; a signature that cannot be read says nothing and
//! is kept all the same.

use super::Fingerprint;
use super::packet::{split_length, split_u16, split_u32};

/// A signature packet. The newer sorts after the older, as gpg too lets the last of equally new
/// ones win.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Signature {
    created: u32,
    body: Box<[u8]>,
}

impl Signature {
    pub(super) fn new(body: &[u8]) -> Self {
        Self {
            created: Claims::read(body).map_or(0, |claims| claims.created),
            body: body.into(),
        }
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// What it claims, if it names `key` as its issuer.
    pub(super) fn claims_by(&self, key: &Fingerprint) -> Option<Claims<'_>> {
        Claims::read(&self.body).filter(|claims| match claims.issuer_fingerprint {
            Some(issuer) => issuer == key.as_bytes(),
            None => claims.issuer_key_id.is_some() && claims.issuer_key_id == key.key_id(),
        })
    }
}

/// Signatures, each once, the newer after the older. Mostly there is one: the node of a tree would take ten times
/// its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signatures(Vec<Signature>);

impl Signatures {
    /// All of them, in order.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Signature> {
        self.0.iter()
    }

    /// Whether all of `other` are among them.
    pub(super) fn is_superset(&self, other: &Self) -> bool {
        other.iter().all(|signature| self.contains(signature))
    }

    /// Adds those of `other`. Returns whether any of them was new.
    pub(super) fn unite(&mut self, other: &Self) -> bool {
        // Mostly none is, and then none is copied.
        let new = other.iter().filter(|signature| !self.contains(signature));
        let mut new: Vec<_> = new.cloned().collect();
        let is_changed = !new.is_empty();
        self.add(&mut new);
        is_changed
    }

    /// Adds these, of which some may be known.
    pub(super) fn add(&mut self, more: &mut Vec<Signature>) {
        if !more.is_empty() {
            self.0.append(more);
            self.0.sort();
            self.0.dedup();
            self.0.shrink_to_fit();
        }
    }

    fn contains(&self, signature: &Signature) -> bool {
        self.0.binary_search(signature).is_ok()
    }
}

/// What a signature claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Claims<'a> {
    /// Its type (§5.2.1).
    pub(super) kind: u8,
    /// When it was made (§5.2.3.11).
    pub(super) created: u32,
    /// For how many seconds after its creation the key is valid (§5.2.3.13); 0 is for ever.
    pub(super) key_lifetime: u32,
    /// What the key may be used for (§5.2.3.29), by the first octet; none where nothing is said.
    pub(super) key_flags: Option<u8>,
    issuer_key_id: Option<&'a [u8; 8]>,
    issuer_fingerprint: Option<&'a [u8]>,
}

impl<'a> Claims<'a> {
    /// None for what is not a signature of version 4, 5 or 6.
    fn read(body: &'a [u8]) -> Option<Self> {
        let (&[version, kind, _key_algorithm, _hash_algorithm], rest) = body.split_first_chunk()?;
        let (hashed, rest) = split_area(version, rest)?;
        let (unhashed, _) = split_area(version, rest)?;
        let mut claims = Self {
            kind,
            ..Self::default()
        };
        for (subpacket, data) in subpackets(hashed) {
            match subpacket {
                2 => claims.created = number(data)?,
                9 => claims.key_lifetime = number(data)?,
                27 => claims.key_flags = data.first().copied(),
                _ => claims.read_issuer(subpacket, data),
            }
        }
        for (subpacket, data) in subpackets(unhashed) {
            claims.read_issuer(subpacket, data);
        }
        Some(claims)
    }

    /// The issuer is a hint, hence allowed outside of what is signed (§5.2.3.12, §5.2.3.35).
    fn read_issuer(&mut self, subpacket: u8, data: &'a [u8]) {
        match (subpacket, data) {
            (16, id) => self.issuer_key_id = id.try_into().ok(),
            (33, [_version, fingerprint @ ..]) => self.issuer_fingerprint = Some(fingerprint),
            _ => {}
        }
    }
}

/// The subpackets' area that `data` starts with, and what follows (§5.2.3).
fn split_area(version: u8, data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, after) = match version {
        4 | 5 => split_u16(data).map(|(length, after)| (u32::from(length), after)),
        6 => split_u32(data),
        _ => None,
    }?;
    after.split_at_checked(usize::try_from(length).ok()?)
}

/// Type and data of each subpacket, up to the first that is malformed (§5.2.3.7).
fn subpackets(mut area: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (length, after) = split_length(area)?;
        let (subpacket, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
        area = after;
        let (kind, data) = subpacket.split_first()?;
        // Bit 7 says that the subpacket is critical, which only matters to who checks the
        // signature.
        Some((kind & 0x7f, data))
    })
}

fn number(data: &[u8]) -> Option<u32> {
    data.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A version 4 certification with these areas.
    fn body(hashed: &[u8], unhashed: &[u8]) -> Vec<u8> {
        let length = |area: &[u8]| u16::try_from(area.len()).expect("short").to_be_bytes();
        [
            &[4, 0x13, 1, 8][..],
            &length(hashed),
            hashed,
            &length(unhashed),
            unhashed,
            &[0, 0, 0, 1, 1],
        ]
        .concat()
    }

    #[test]
    fn claims_are_read_from_the_areas_they_may_stand_in() {
        let created: &[u8] = &[5, 2, 0, 0, 0, 9];
        let lifetime: &[u8] = &[5, 0x89, 0, 0, 1, 0];
        let issuer: &[u8] = &[9, 16, 1, 2, 3, 4, 5, 6, 7, 8];
        let claims = Claims {
            kind: 0x13,
            created: 9,
            ..Claims::default()
        };
        let id = Some(&[1, 2, 3, 4, 5, 6, 7, 8]);
        let cases = [
            ("a creation time", [created].concat(), vec![], Some(claims)),
            (
                "a lifetime",
                [created, lifetime].concat(),
                vec![],
                Some(Claims {
                    key_lifetime: 256,
                    ..claims
                }),
            ),
            (
                "an unsigned lifetime",
                created.to_vec(),
                lifetime.to_vec(),
                Some(claims),
            ),
            (
                "a signed issuer",
                [created, issuer].concat(),
                vec![],
                Some(Claims {
                    issuer_key_id: id,
                    ..claims
                }),
            ),
            (
                "an unsigned issuer",
                created.to_vec(),
                issuer.to_vec(),
                Some(Claims {
                    issuer_key_id: id,
                    ..claims
                }),
            ),
            (
                "a cut subpacket",
                [created, &[9, 16]].concat(),
                vec![],
                Some(claims),
            ),
            (
                "an empty subpacket",
                [created, &[0], lifetime].concat(),
                vec![],
                Some(claims),
            ),
            ("a short time", vec![4, 2, 0, 0, 9], vec![], None),
        ];
        for (what, hashed, unhashed, expected) in cases {
            assert_eq!(Claims::read(&body(&hashed, &unhashed)), expected, "{what}");
        }
    }

    #[test]
    fn every_length_of_a_subpacket_is_read() {
        for (header, length) in [
            (&[192, 0][..], 192),
            (&[254, 255][..], 16_319),
            (&[255, 0, 0, 0, 4][..], 4),
        ] {
            let area = [header, &[77], &vec![0; length - 1], &[5, 9, 0, 0, 0, 3]].concat();
            let body = body(&area, &[]);
            assert_eq!(
                Claims::read(&body).map(|claims| claims.key_lifetime),
                Some(3),
                "{header:?}"
            );
        }
    }

    #[test]
    fn version_6_counts_its_areas_with_four_octets() {
        let v6 = [
            6, 0x1f, 27, 8, 0, 0, 0, 6, 5, 9, 0, 0, 0, 3, 0, 0, 0, 0, 1, 2,
        ];
        assert_eq!(
            Claims::read(&v6),
            Some(Claims {
                kind: 0x1f,
                key_lifetime: 3,
                ..Claims::default()
            })
        );
    }

    #[test]
    fn unknown_versions_say_nothing() {
        for body in [
            &[][..],
            &[3, 5, 0x10, 0, 0, 0, 1],
            &[9, 0x13, 1, 8, 0, 0, 0, 0],
            &[4, 0x13, 1, 8, 0, 9],
        ] {
            assert_eq!(Claims::read(body), None, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(data: Vec<u8>, version in 4_u8..=6) {
            let _ = Claims::read(&data);
            let _ = Claims::read(&[&[version][..], &data].concat());
        }
    }
}
