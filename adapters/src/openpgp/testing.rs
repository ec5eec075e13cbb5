//! Certificates for tests, made of the fewest bytes that are one. gpg would reject their
//! signatures; `tests/real` has gpg's own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::packet::{packets, write};
use super::{Certificate, Fingerprint, Keyring};

/// The certificate in the `.flatpakrepo` file that Flathub publishes.
pub(super) fn flathub() -> Vec<u8> {
    let file = include_str!("../../../data/demo/flathub.flatpakrepo");
    let value = file.lines().find_map(|line| line.strip_prefix("GPGKey="));
    STANDARD.decode(value.expect("a GPGKey")).expect("base64")
}

/// `data` as gpg armors it.
pub(super) fn armored(data: &[u8]) -> String {
    let text = STANDARD.encode(data);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    // §6.1.1, bit by bit.
    let mut crc: u32 = 0x00b7_04ce;
    for bit in data
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| u32::from(byte >> at & 1)))
    {
        let carry = crc >> 23 & 1 ^ bit;
        crc = ((crc << 1) & 0x00ff_ffff) ^ (carry * 0x0086_4cfb);
    }
    let checksum = STANDARD.encode(&crc.to_be_bytes()[1..]);
    format!(
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{}\n={checksum}\n\
         -----END PGP PUBLIC KEY BLOCK-----\n",
        lines.join("\n")
    )
}

/// Packets of a certificate, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    bytes: Vec<u8>,
    fingerprint: Fingerprint,
}

impl Build {
    /// A version 4 primary key, created at 1000.
    pub(crate) fn key(seed: u8) -> Self {
        Self::of_material(&[seed])
    }

    pub(super) fn of_material(material: &[u8]) -> Self {
        let mut bytes = Vec::new();
        write(
            &mut bytes,
            super::packet::Tag::PUBLIC_KEY,
            &[&[4, 0, 0, 0x03, 0xe8, 22], material].concat(),
        );
        let packet = packets(&bytes).next().expect("a packet").expect("whole");
        let (fingerprint, _) = Fingerprint::of_key(&packet).expect("a key");
        Self { bytes, fingerprint }
    }

    /// Any packet, with the framing that is written.
    pub(super) fn packet(mut self, tag: u8, body: &[u8]) -> Self {
        let header = [0xc0 | tag, 0];
        let framed = packets(&header).next().expect("a packet").expect("whole");
        write(&mut self.bytes, framed.tag, body);
        self
    }

    pub(crate) fn user_id(self, text: &str) -> Self {
        self.packet(13, text.as_bytes())
    }

    /// A positive certification by the key itself.
    pub(crate) fn certify(self, created: u32, lifetime: u32) -> Self {
        self.sign(0x13, created, lifetime)
    }

    /// A signature by the key itself.
    pub(super) fn sign(self, kind: u8, created: u32, lifetime: u32) -> Self {
        let issuer = self.issuer();
        self.signature(kind, created, lifetime, &issuer)
    }

    /// A signature by the key itself that names only its key ID.
    pub(super) fn sign_by_key_id(self, kind: u8, created: u32, lifetime: u32) -> Self {
        let id = *self
            .fingerprint
            .key_id()
            .expect("every fingerprint has one");
        self.signature(kind, created, lifetime, &[&[16], id.as_slice()].concat())
    }

    /// A signature by another key.
    pub(super) fn sign_as(self, seed: u8, kind: u8, created: u32, lifetime: u32) -> Self {
        self.signature(kind, created, lifetime, &Self::key(seed).issuer())
    }

    /// The subpacket that names this key as an issuer.
    fn issuer(&self) -> Vec<u8> {
        [&[33, 4], self.fingerprint.as_bytes()].concat()
    }

    fn signature(self, kind: u8, created: u32, lifetime: u32, issuer: &[u8]) -> Self {
        let subpacket = |data: &[u8]| [&[u8::try_from(data.len()).expect("short")], data].concat();
        let mut hashed = subpacket(issuer);
        hashed.extend(subpacket(
            &[&[2], created.to_be_bytes().as_slice()].concat(),
        ));
        if lifetime != 0 {
            hashed.extend(subpacket(
                &[&[9], lifetime.to_be_bytes().as_slice()].concat(),
            ));
        }
        let length = u16::try_from(hashed.len()).expect("short").to_be_bytes();
        self.packet(
            2,
            &[
                &[4, kind, 22, 8],
                length.as_slice(),
                &hashed,
                &[0, 0, 0xab, 0xcd, 0, 1, 1],
            ]
            .concat(),
        )
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn read(&self) -> Certificate {
        let keyring = Keyring::parse(&self.bytes).expect("a certificate");
        keyring.iter().next().expect("a certificate").clone()
    }
}

/// Certificates of few keys and few components, so that two often have something in common.
pub(super) fn arbitrary_certificate() -> impl Strategy<Value = Certificate> {
    let packet = prop_oneof![
        (0_u8..4).prop_map(|name| (13, vec![b'a' + name])),
        (0_u8..3).prop_map(|key| (14, vec![key])),
        (0_u8..2).prop_map(|image| (17, vec![image])),
        (0_u8..2).prop_map(|new| (40, vec![new])),
    ];
    let kind = prop::sample::select(vec![0x10, 0x13, 0x18, 0x1f, 0x20, 0x30]);
    let signatures = prop::collection::vec((kind, 2000_u32..2005, 0_u32..3, any::<bool>()), 0..4);
    let sign = |build: Build, signatures: Vec<(u8, u32, u32, bool)>| {
        signatures
            .into_iter()
            .fold(build, |build, (kind, created, lifetime, own)| {
                let issuer = if own {
                    build.issuer()
                } else {
                    Build::key(99).issuer()
                };
                build.signature(kind, created, lifetime, &issuer)
            })
    };
    // One key is frequent, for merging means something only between copies.
    let seed = prop_oneof![9 => Just(1), 1 => Just(2)];
    (
        seed,
        signatures.clone(),
        prop::collection::vec((packet, signatures), 0..6),
    )
        .prop_map(move |(seed, direct, components)| {
            let build = sign(Build::key(seed), direct);
            let all = components
                .into_iter()
                .fold(build, |build, ((tag, body), signatures)| {
                    sign(build.packet(tag, &body), signatures)
                });
            all.read()
        })
}
