//! Packet framing: header, length, body (§4.2).
//!
//! *Invariant.* A body is a slice of the input. No length field makes anything be allocated, and
//! every packet consumes at least its header, so reading ends.
//!
//! *Deliberately absent.* Partial and indeterminate lengths: they are for the data packets of
//! messages.

use std::fmt;

use super::OpenPgpError;

/// A packet type ID (§5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Tag(u8);

impl Tag {
    pub(super) const SIGNATURE: Self = Self(2);
    pub(super) const SECRET_KEY: Self = Self(5);
    pub(super) const PUBLIC_KEY: Self = Self(6);
    pub(super) const SECRET_SUBKEY: Self = Self(7);
    pub(super) const MARKER: Self = Self(10);
    pub(super) const TRUST: Self = Self(12);
    pub(super) const USER_ID: Self = Self(13);
    pub(super) const PUBLIC_SUBKEY: Self = Self(14);
    pub(super) const USER_ATTRIBUTE: Self = Self(17);
    pub(super) const PADDING: Self = Self(21);

    /// Whether this type belongs to encrypted, signed or compressed messages, hence never to a
    /// certificate.
    pub(super) fn is_of_a_message(self) -> bool {
        matches!(self.0, 1 | 3 | 4 | 8 | 9 | 11 | 18 | 19 | 20)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            1 | 3 => "encrypted session key",
            2 => "signature",
            4 => "one-pass signature",
            5 => "private key",
            6 => "public key",
            7 => "private subkey",
            8 => "compressed data",
            9 | 18 | 20 => "encrypted data",
            10 => "marker",
            11 => "literal data",
            12 => "trust",
            13 => "user ID",
            14 => "public subkey",
            17 => "user attribute",
            19 => "modification detection",
            21 => "padding",
            other => return write!(f, "{other}"),
        };
        f.write_str(name)
    }
}

/// One packet of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// What it is.
    pub(super) tag: Tag,
    /// All of it after the header.
    pub(super) body: &'a [u8],
    /// Where its header starts.
    pub(super) offset: usize,
}

/// The packets of `data`, in order; ends after the first error.
pub(super) fn packets(data: &[u8]) -> impl Iterator<Item = Result<Packet<'_>, OpenPgpError>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let packet = split(rest, data.len() - rest.len());
        let (next, after) = match packet {
            Ok((packet, after)) => (Ok(packet), after),
            Err(error) => (Err(error), &[][..]),
        };
        rest = after;
        Some(next)
    })
}

/// The packet that `rest` starts with, and what follows it.
fn split(rest: &[u8], offset: usize) -> Result<(Packet<'_>, &[u8]), OpenPgpError> {
    let (tag, length) = match rest.split_first() {
        Some((first @ 0xc1..=0xff, after)) => (Tag(first & 0x3f), new_length(after)),
        Some((first @ 0x84..=0xbf, after)) => {
            (Tag((first >> 2) & 0x0f), old_length(first & 3, after))
        }
        // Bit 7 is always set (§4.2), and type 0 is reserved (§5).
        other => {
            let byte = other.map_or(0, |(first, _)| *first);
            return Err(OpenPgpError::NotAPacket { offset, byte });
        }
    };
    let packet = || tag.to_string();
    let (length, after) = match length {
        Length::Definite(length, after) => (length, after),
        Length::Indefinite => {
            return Err(OpenPgpError::IndefiniteLength {
                offset,
                packet: packet(),
            });
        }
        Length::CutOff => {
            return Err(OpenPgpError::Truncated {
                offset,
                packet: packet(),
            });
        }
    };
    let (body, after) = usize::try_from(length)
        .ok()
        .and_then(|length| after.split_at_checked(length))
        .ok_or_else(|| OpenPgpError::Truncated {
            offset,
            packet: packet(),
        })?;
    Ok((Packet { tag, body, offset }, after))
}

/// What a length field says.
enum Length<'a> {
    /// So many bytes, the first of which starts the slice.
    Definite(u32, &'a [u8]),
    /// Partial or indeterminate.
    Indefinite,
    /// The field itself is incomplete.
    CutOff,
}

impl<'a> Length<'a> {
    fn definite(field: Option<(u32, &'a [u8])>) -> Self {
        field.map_or(Self::CutOff, |(length, after)| {
            Self::Definite(length, after)
        })
    }
}

/// The length in an OpenPGP format header (§4.2.1).
fn new_length(field: &[u8]) -> Length<'_> {
    match field {
        [224..=254, ..] => Length::Indefinite,
        _ => Length::definite(split_length(field)),
    }
}

/// The length in a legacy format header, whose first byte ends in the bits `kind` (§4.2.2).
fn old_length(kind: u8, field: &[u8]) -> Length<'_> {
    match kind {
        0 => Length::definite(
            field
                .split_first()
                .map(|(length, after)| (u32::from(*length), after)),
        ),
        1 => Length::definite(split_u16(field).map(|(length, after)| (u32::from(length), after))),
        2 => Length::definite(split_u32(field)),
        _ => Length::Indefinite,
    }
}

/// A definite length of one, two or five octets as packets (§4.2.1) and subpackets (§5.2.3.7) have
/// it, and what follows.
pub(super) fn split_length(field: &[u8]) -> Option<(u32, &[u8])> {
    match *field.first_chunk()? {
        [255] => split_u32(field.get(1..)?),
        [short @ ..192] => Some((u32::from(short), field.get(1..)?)),
        [_] => {
            let (two, after) = split_u16(field)?;
            Some((u32::from(two) - (192 << 8) + 192, after))
        }
    }
}

/// A big-endian number and what follows.
pub(super) fn split_u16(data: &[u8]) -> Option<(u16, &[u8])> {
    let (number, after) = data.split_first_chunk()?;
    Some((u16::from_be_bytes(*number), after))
}

/// A big-endian number and what follows.
pub(super) fn split_u32(data: &[u8]) -> Option<(u32, &[u8])> {
    let (number, after) = data.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), after))
}

/// Appends a packet, framed as gpg frames it: the legacy format where it has the type, and the
/// shortest length.
///
/// Bodies come from packets, so that none is longer than a length field can say.
pub(super) fn write(out: &mut Vec<u8>, tag: Tag, body: &[u8]) {
    let [.., a, b, c, d] = (body.len() as u64).to_be_bytes();
    match (tag.0, body.len()) {
        (..16, ..0x100) => out.extend([0x80 | tag.0 << 2, d]),
        (..16, ..0x1_0000) => out.extend([0x81 | tag.0 << 2, c, d]),
        (..16, _) => out.extend([0x82 | tag.0 << 2, a, b, c, d]),
        (_, ..192) => out.extend([0xc0 | tag.0, d]),
        (_, _) => out.extend([0xc0 | tag.0, 0xff, a, b, c, d]),
    }
    out.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(data: &[u8]) -> Result<(u8, usize), OpenPgpError> {
        packets(data)
            .next()
            .expect("one packet")
            .map(|packet| (packet.tag.0, packet.body.len()))
    }

    fn padded(header: &[u8], length: usize) -> Vec<u8> {
        [header, &vec![7; length]].concat()
    }

    #[test]
    fn every_definite_length_is_read() {
        let cases: [(&[u8], u8, usize); 12] = [
            (&[0x98, 0], 6, 0),
            (&[0x98, 0xff], 6, 255),
            (&[0x99, 0x01, 0x00], 6, 256),
            (&[0x99, 0x00, 0x01], 6, 1),
            (&[0x9a, 0, 1, 0, 0], 6, 65536),
            (&[0xbc, 3], 15, 3),
            (&[0xc6, 0], 6, 0),
            (&[0xc6, 191], 6, 191),
            (&[0xc6, 192, 0], 6, 192),
            (&[0xc6, 223, 255], 6, 8383),
            (&[0xff, 2], 63, 2),
            (&[0xd1, 255, 0, 0, 0x20, 0xc0], 17, 8384),
        ];
        for (header, tag, length) in cases {
            assert_eq!(
                one(&padded(header, length)),
                Ok((tag, length)),
                "{header:x?}"
            );
            let truncated = one(&padded(header, length)[..header.len() + length - 1]);
            assert!(
                matches!(truncated, Err(OpenPgpError::Truncated { offset: 0, .. })),
                "{header:x?}: {truncated:?}"
            );
        }
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        for byte in [0, b'A', b'-', 0x7f, 0x80, 0x83, 0xc0] {
            assert_eq!(
                one(&[byte, 0, 0]),
                Err(OpenPgpError::NotAPacket { offset: 0, byte })
            );
        }
    }

    #[test]
    fn only_definite_lengths_are_accepted() {
        for header in [&[0x9b][..], &[0xaf], &[0xc6, 224], &[0xcb, 254]] {
            let packet = one(&padded(header, 1 << 16));
            assert!(
                matches!(
                    packet,
                    Err(OpenPgpError::IndefiniteLength { offset: 0, .. })
                ),
                "{header:x?}"
            );
        }
    }

    #[test]
    fn the_first_error_names_its_offset_and_ends_the_reading() {
        let found: Vec<_> = packets(&[0xb4, 1, b'x', 0x00, 0xb4, 1, b'y']).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[1],
            Err(OpenPgpError::NotAPacket { offset: 3, byte: 0 })
        );
    }

    #[test]
    fn a_length_of_gigabytes_allocates_nothing() {
        assert!(matches!(
            one(&[0x9a, 0xff, 0xff, 0xff, 0xff, 4]),
            Err(OpenPgpError::Truncated { .. })
        ));
        assert!(matches!(
            one(&[0xc6, 0xff, 0xff, 0xff, 0xff, 0xff, 4]),
            Err(OpenPgpError::Truncated { .. })
        ));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            tag in 1_u8..64,
            length in prop_oneof![0_usize..600, 8000_usize..9000, 65_500_usize..65_600],
        ) {
            let body = vec![0x5a; length];
            let mut out = Vec::new();
            write(&mut out, Tag(tag), &body);
            let read: Vec<_> = packets(&out).collect::<Result<_, _>>().expect("own output");
            prop_assert_eq!(read, vec![Packet { tag: Tag(tag), body: &body, offset: 0 }]);
        }

        #[test]
        fn arbitrary_bytes_never_panic(data: Vec<u8>) {
            let read = packets(&data).map_while(Result::ok);
            prop_assert!(read.map(|packet| packet.body.len() + 2).sum::<usize>() <= data.len());
        }
    }
}
