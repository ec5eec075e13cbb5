//! Keyrings: certificates one after the other, as `<remote>.trustedkeys.gpg` holds them.
//!
//! *Invariant.* At most one certificate a fingerprint, however often the file repeats it; in the
//! order of the file, new ones at the end.

use std::borrow::Cow;

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use indexmap::map::Entry;

use super::certificate::{Certificate, Draft};
use super::packet::{Packet, Tag, packets};
use super::{Fingerprint, OpenPgpError, armor};

/// Certificates by fingerprint. Keyrings are equal when they hold the same ones, in whatever order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyring {
    certificates: IndexMap<Fingerprint, Certificate, RandomState>,
}

impl Keyring {
    /// Reads a binary keyring file; no bytes are an empty keyring.
    ///
    /// Copies of one certificate are united. What says nothing about a key (gpg's trust packets,
    /// markers, padding) is dropped.
    pub fn parse(bytes: &[u8]) -> Result<Self, OpenPgpError> {
        if armor::is_armored(bytes) {
            return Err(OpenPgpError::Armored);
        }
        if is_keybox(bytes) {
            return Err(OpenPgpError::Keybox);
        }
        Self::from_packets(bytes)
    }

    /// Reads what a `GPGKey=` value decodes to: at least one certificate, binary or in blocks of
    /// ASCII armor, as flatpak takes both.
    pub fn parse_key_data(bytes: &[u8]) -> Result<Self, OpenPgpError> {
        let binary = if armor::is_armored(bytes) {
            Cow::Owned(armor::decode(bytes)?)
        } else {
            Cow::Borrowed(bytes)
        };
        let keyring = Self::parse(&binary)?;
        if keyring.is_empty() {
            Err(OpenPgpError::NoCertificate)
        } else {
            Ok(keyring)
        }
    }

    /// The keyring in binary form, every packet with gpg's framing.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.iter()
            .for_each(|certificate| certificate.write(&mut out));
        out
    }

    /// The certificates, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.values()
    }

    /// The certificate of this primary key.
    pub fn get(&self, fingerprint: &Fingerprint) -> Option<&Certificate> {
        self.certificates.get(fingerprint)
    }

    /// Adds a certificate, or what it has over the copy that is here. Returns whether that changed
    /// anything.
    pub fn merge(&mut self, certificate: &Certificate) -> bool {
        match self.certificates.entry(certificate.fingerprint().clone()) {
            Entry::Occupied(mut known) => known.get_mut().merge(certificate),
            Entry::Vacant(place) => {
                place.insert(certificate.clone());
                true
            }
        }
    }

    /// Removes a certificate. Returns whether it was there.
    pub fn remove(&mut self, fingerprint: &Fingerprint) -> bool {
        self.certificates.shift_remove(fingerprint).is_some()
    }

    /// How many certificates there are.
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Whether there is none, so that nothing can be verified.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    fn from_packets(bytes: &[u8]) -> Result<Self, OpenPgpError> {
        let mut keyring = Self::default();
        let mut draft: Option<Draft> = None;
        for packet in packets(bytes) {
            let packet = packet?;
            match packet.tag {
                Tag::TRUST | Tag::MARKER | Tag::PADDING => {}
                Tag::SECRET_KEY | Tag::SECRET_SUBKEY => {
                    return Err(OpenPgpError::PrivateKey {
                        offset: Some(packet.offset),
                    });
                }
                Tag::PUBLIC_KEY => {
                    keyring.take(draft.replace(Draft::new(&packet)?));
                }
                _ => component_place(&mut draft, &packet)?.push(&packet),
            }
        }
        keyring.take(draft);
        Ok(keyring)
    }

    fn take(&mut self, draft: Option<Draft>) {
        let Some(certificate) = draft.map(Draft::finish) else {
            return;
        };
        match self.certificates.entry(certificate.fingerprint().clone()) {
            Entry::Occupied(mut known) => drop(known.get_mut().merge(&certificate)),
            Entry::Vacant(place) => drop(place.insert(certificate)),
        }
    }
}

/// The certificate that a packet other than a primary key belongs to.
fn component_place<'a>(
    draft: &'a mut Option<Draft>,
    packet: &Packet<'_>,
) -> Result<&'a mut Draft, OpenPgpError> {
    draft
        .as_mut()
        .filter(|_| !packet.tag.is_of_a_message())
        .ok_or_else(|| OpenPgpError::Unexpected {
            offset: packet.offset,
            packet: packet.tag.to_string(),
        })
}

/// Whether the data is a keybox: a blob's length (never so long that its first octet counts), type,
/// version and flags, then the magic (gpg's `kbx/keybox-blob.c`).
fn is_keybox(bytes: &[u8]) -> bool {
    matches!(bytes, [0, _, _, _, _, _, _, _, b'K', b'B', b'X', b'f', ..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::openpgp::testing::{Build, arbitrary_certificate, flathub};

    fn parse(bytes: &[u8]) -> Keyring {
        Keyring::parse(bytes).expect("a keyring")
    }

    #[test]
    fn flathub_s_certificate_is_read_as_gpg_reads_it() {
        let keyring = Keyring::parse_key_data(&flathub()).expect("a certificate");
        let certificate = keyring.iter().next().expect("a certificate");
        assert_eq!(keyring.len(), 1);
        assert_eq!(
            certificate.fingerprint().to_string(),
            "6E5C05D979C76DAF93C081354184DD4D907A7CAE"
        );
        // `gpg --show-keys --with-colons`: the seventh field of `pub`, 2027-06-14.
        assert_eq!(certificate.expires(), Some(1_812_979_136));
        assert_eq!(
            certificate.user_ids().collect::<Vec<_>>(),
            ["Flathub Repo Signing Key <flathub@flathub.org>"]
        );
        assert!(!certificate.is_revoked());
        assert_eq!(keyring.to_bytes(), flathub(), "gpg's framing is kept");
    }

    #[test]
    fn copies_are_united_on_reading_and_order_is_kept() {
        let (a, b) = (Build::key(1).user_id("a"), Build::key(2).user_id("b"));
        let more = Build::key(1).user_id("c");
        let keyring = parse(&[b.bytes(), a.bytes(), more.bytes(), b.bytes()].concat());
        let names: Vec<Vec<_>> = keyring.iter().map(|it| it.user_ids().collect()).collect();
        assert_eq!(names, [vec!["b"], vec!["a", "c"]]);
    }

    #[test]
    fn what_is_no_part_of_a_certificate_is_dropped() {
        let clean = Build::key(1).user_id("a").certify(2000, 0);
        let trust = Build::key(1)
            .packet(12, &[0, 3])
            .user_id("a")
            .packet(12, &[])
            .packet(21, &[7; 9]);
        let noisy = trust
            .packet(10, b"PGP")
            .certify(2000, 0)
            .packet(12, b"\0\0gpg");
        assert_eq!(
            parse(noisy.bytes()).to_bytes(),
            parse(clean.bytes()).to_bytes()
        );
        assert!(
            parse(&[0xb0, 1, 0]).is_empty(),
            "trust alone is an empty keyring"
        );
    }

    #[test]
    fn certificates_come_and_go_by_fingerprint() {
        let (old, new) = (
            Build::key(1).user_id("a").read(),
            Build::key(2).user_id("b").read(),
        );
        let mut keyring = Keyring::default();
        assert!(keyring.merge(&old) && keyring.merge(&new) && !keyring.merge(&old));
        assert!(keyring.get(old.fingerprint()).is_some());
        assert!(keyring.remove(old.fingerprint()) && !keyring.remove(old.fingerprint()));
        assert_eq!(keyring.iter().collect::<Vec<_>>(), [&new]);
        assert_eq!(parse(&keyring.to_bytes()), keyring);
    }

    #[test]
    fn what_is_no_keyring_is_refused_with_a_reason() {
        let key = Build::key(1);
        let end = key.bytes().len();
        let after_key = |packet: &[u8]| [key.bytes(), packet].concat();
        let unexpected = |offset, packet: &str| OpenPgpError::Unexpected {
            offset,
            packet: packet.to_owned(),
        };
        let truncated = |offset, packet: &str| OpenPgpError::Truncated {
            offset,
            packet: packet.to_owned(),
        };
        let cases = [
            (
                vec![0; 300],
                OpenPgpError::NotAPacket { offset: 0, byte: 0 },
            ),
            (
                b"garbage".to_vec(),
                OpenPgpError::NotAPacket {
                    offset: 0,
                    byte: b'g',
                },
            ),
            (
                after_key(b"x"),
                OpenPgpError::NotAPacket {
                    offset: end,
                    byte: b'x',
                },
            ),
            (
                b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n".to_vec(),
                OpenPgpError::Armored,
            ),
            (
                b"\0\0\0 \x01\x01\0\x02KBXf\0\0\0\0".to_vec(),
                OpenPgpError::Keybox,
            ),
            (
                vec![0x94, 1, 4],
                OpenPgpError::PrivateKey { offset: Some(0) },
            ),
            (
                after_key(&[0x9c, 1, 4]),
                OpenPgpError::PrivateKey { offset: Some(end) },
            ),
            (after_key(&[0xb4, 2, b'a']), truncated(end, "user ID")),
            (key.bytes()[..end - 1].to_vec(), truncated(0, "public key")),
            (vec![0x88, 1, 4], unexpected(0, "signature")),
            (vec![0xb4, 1, b'a'], unexpected(0, "user ID")),
            (after_key(&[0xcb, 1, b'b']), unexpected(end, "literal data")),
            (
                after_key(&[0xa3]),
                OpenPgpError::IndefiniteLength {
                    offset: end,
                    packet: "compressed data".into(),
                },
            ),
            (
                vec![0x98, 7, 3, 0, 0, 0, 0, 1, 1],
                OpenPgpError::UnsupportedKey {
                    offset: 0,
                    version: 3,
                },
            ),
            (
                vec![0x98, 2, 4, 0],
                OpenPgpError::MalformedKey { offset: 0 },
            ),
        ];
        for (bytes, error) in cases {
            assert_eq!(Keyring::parse(&bytes), Err(error), "{bytes:x?}");
        }
    }

    #[test]
    fn key_data_must_hold_a_certificate() {
        for nothing in [&[][..], &[0xb0, 1, 0]] {
            assert_eq!(
                Keyring::parse_key_data(nothing),
                Err(OpenPgpError::NoCertificate)
            );
            assert_eq!(Keyring::parse(nothing), Ok(Keyring::default()));
        }
    }

    #[test]
    fn errors_say_what_was_found_and_what_to_do() {
        let messages = [
            OpenPgpError::PrivateKey { offset: Some(3) },
            OpenPgpError::PrivateKey { offset: None },
            OpenPgpError::Checksum {
                line: 9,
                expected: 0x12,
                found: 0x00ab_cdef,
            },
            OpenPgpError::Unexpected {
                offset: 0,
                packet: Tag::SIGNATURE.to_string(),
            },
        ]
        .map(|error| error.to_string());
        insta::assert_snapshot!(messages.join("\n"), @r"
        found a private key at offset 3: publish only the certificate (`gpg --export`), and consider this key exposed
        found a private key: publish only the certificate (`gpg --export`), and consider this key exposed
        line 9: the ASCII armor says checksum 000012, its data has ABCDEF, so it was damaged: export it again
        expected (part of) a certificate at offset 0, found a packet of type signature: use the output of `gpg --export`
        ");
    }

    #[test]
    fn reading_does_not_slow_down_with_many_packets() {
        let mut many = Build::key(1).packet(17, &vec![9; 1 << 20]);
        for at in 0..50_000 {
            many = many.certify(at, 0);
        }
        for at in 0..50_000 {
            many = many.user_id(&at.to_string());
        }
        let mut bytes = many.bytes().to_vec();
        for seed in 0..20_000_u32 {
            bytes.extend_from_slice(Build::of_material(&seed.to_be_bytes()).bytes());
        }
        let keyring = parse(&bytes);
        assert_eq!(
            (
                keyring.len(),
                keyring.iter().next().map(|it| it.user_ids().count())
            ),
            (20_001, Some(50_000))
        );
    }

    proptest! {
        #[test]
        fn writing_and_reading_is_identity(
            certificates in prop::collection::vec(arbitrary_certificate(), 0..4)
        ) {
            let mut keyring = Keyring::default();
            for certificate in &certificates {
                keyring.merge(certificate);
            }
            let read = parse(&keyring.to_bytes());
            prop_assert_eq!(read.to_bytes(), keyring.to_bytes());
            prop_assert_eq!(read, keyring);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = Keyring::parse(&bytes);
            let _ = Keyring::parse_key_data(&bytes);
        }

        #[test]
        fn damaged_certificates_never_panic_and_never_lose_packets(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9),
            end in any::<prop::sample::Index>(),
        ) {
            let mut bytes = flathub();
            for (at, byte) in changes {
                *at.get_mut(&mut bytes) = byte;
            }
            for bytes in [&bytes[..end.index(bytes.len())], &bytes] {
                if let Ok(keyring) = Keyring::parse_key_data(bytes) {
                    prop_assert_eq!(parse(&keyring.to_bytes()), keyring);
                }
            }
        }
    }
}
