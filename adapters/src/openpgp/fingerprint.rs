//! Fingerprints of primary keys (§5.5.4).

use std::fmt;
use std::str::FromStr;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::OpenPgpError;
use super::packet::{Packet, split_u32};

/// What names a certificate: the digest of its primary key. 20 octets for version 4, 32 for
/// versions 5 and 6.
///
/// Displayed, and read by [`FromStr`], as gpg's colon listings have it: upper-case hexadecimal
/// without blanks. Reading also takes lower case and the blanks that people copy from gpg's other
/// listings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(Box<[u8]>);

impl Fingerprint {
    /// The fingerprint of the key in a public key packet, and the key's creation time.
    pub(super) fn of_key(packet: &Packet<'_>) -> Result<(Self, u32), OpenPgpError> {
        let malformed = || OpenPgpError::MalformedKey {
            offset: packet.offset,
        };
        let key = packet.body;
        let (&[version, a, b, c, d, _algorithm], material) =
            key.split_first_chunk().ok_or_else(malformed)?;
        let digest: Box<[u8]> = match version {
            4 => {
                let length = u16::try_from(key.len()).map_err(|_| malformed())?;
                let hash = Sha1::new()
                    .chain_update([0x99])
                    .chain_update(length.to_be_bytes());
                hash.chain_update(key).finalize().as_slice().into()
            }
            5 | 6 => {
                let length = u32::try_from(key.len()).map_err(|_| malformed())?;
                let marker = if version == 5 { 0x9a } else { 0x9b };
                let hash = Sha256::new()
                    .chain_update([marker])
                    .chain_update(length.to_be_bytes());
                hash.chain_update(key).finalize().as_slice().into()
            }
            version => {
                return Err(OpenPgpError::UnsupportedKey {
                    offset: packet.offset,
                    version,
                });
            }
        };
        let whole = match version {
            4 => !material.is_empty(),
            // These versions count their key material (§5.5.2.3).
            _ => split_u32(material)
                .is_some_and(|(length, material)| usize::try_from(length) == Ok(material.len())),
        };
        if !whole {
            return Err(malformed());
        }
        Ok((Self(digest), u32::from_be_bytes([a, b, c, d])))
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key ID, by which older signatures name their issuer: the last eight octets for version
    /// 4, else the first.
    pub(super) fn key_id(&self) -> Option<&[u8; 8]> {
        if self.0.len() == 20 {
            self.0.last_chunk()
        } else {
            self.0.first_chunk()
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let digits = self.0.iter().flat_map(|octet| [octet >> 4, octet & 15]);
        let digits: String = digits
            .map(|digit| char::from(DIGITS[usize::from(digit)]))
            .collect();
        f.write_str(&digits)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// Text that is not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an OpenPGP fingerprint (40 or 64 hexadecimal digits), found {0:?}: \
     see `gpg --fingerprint`"
)]
pub struct NotAFingerprint(String);

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let digits = text
            .chars()
            .filter(|c| !c.is_ascii_whitespace())
            .map(|c| c.to_digit(16));
        let digits: Option<Vec<u32>> = digits.collect();
        let octets = |digits: Vec<u32>| -> Option<Box<[u8]>> {
            digits
                .chunks(2)
                .map(|pair| {
                    u8::try_from(pair.iter().fold(0, |octet, digit| octet * 16 + digit)).ok()
                })
                .collect()
        };
        match digits {
            Some(digits) if matches!(digits.len(), 40 | 64) => octets(digits).map(Self),
            _ => None,
        }
        .ok_or_else(|| NotAFingerprint(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openpgp::packet::{Tag, packets, write};

    fn of_body(body: &[u8]) -> Result<String, OpenPgpError> {
        let mut data = Vec::new();
        write(&mut data, Tag::PUBLIC_KEY, body);
        let packet = packets(&data).next().expect("a packet")?;
        Fingerprint::of_key(&packet).map(|(fingerprint, _)| fingerprint.to_string())
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex"))
            .collect()
    }

    /// The keys of RFC 9580, appendices A.1 (version 4) and A.3 (version 6).
    #[test]
    fn the_rfc_s_sample_keys_have_the_rfc_s_fingerprints() {
        let v4 = "0453f35f0b16092b06010401da470f0101 0740 \
                  3f098994bdd916ed4053197934e4a87c80733a1280d62f8010992e43ee3b2406";
        let v6 =
            "0663877fe31b00000020 f94da7bb48d60a61e567706a6587d0331999bb9d891a08242ead84543df895a3";
        assert_eq!(
            of_body(&hex(&v4.replace(' ', ""))).as_deref(),
            Ok("C959BDBAFA32A2F89A153B678CFDE12197965A9A")
        );
        assert_eq!(
            of_body(&hex(&v6.replace(' ', ""))).as_deref(),
            Ok("CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9")
        );
    }

    #[test]
    fn other_keys_have_none() {
        let offset = 0;
        let cases: [(&[u8], OpenPgpError); 7] = [
            (
                &[6, 0, 0, 0, 0, 27, 0, 0, 0, 2, 1],
                OpenPgpError::MalformedKey { offset },
            ),
            (
                &[5, 0, 0, 0, 0, 27, 0, 0],
                OpenPgpError::MalformedKey { offset },
            ),
            (&[], OpenPgpError::MalformedKey { offset }),
            (&[4, 0, 0, 0, 0], OpenPgpError::MalformedKey { offset }),
            (&[4, 0, 0, 0, 0, 1], OpenPgpError::MalformedKey { offset }),
            (
                &[3, 0, 0, 0, 0, 1, 1],
                OpenPgpError::UnsupportedKey { offset, version: 3 },
            ),
            (
                &[7, 0, 0, 0, 0, 1, 1],
                OpenPgpError::UnsupportedKey { offset, version: 7 },
            ),
        ];
        for (body, error) in cases {
            assert_eq!(of_body(body), Err(error), "{body:?}");
        }
        assert_eq!(
            of_body(&vec![4; 0x1_0000]),
            Err(OpenPgpError::MalformedKey { offset })
        );
    }

    #[test]
    fn text_is_read_as_people_write_it() {
        let text = "6E5C05D979C76DAF93C081354184DD4D907A7CAE";
        let read: Fingerprint = text.parse().expect("a fingerprint");
        assert_eq!(read.to_string(), text);
        assert_eq!(text.to_lowercase().parse(), Ok(read.clone()));
        assert_eq!(
            "6E5C 05D9 79C7 6DAF 93C0  8135 4184 DD4D 907A 7CAE".parse(),
            Ok(read)
        );
        for bad in [
            "",
            "6E5C",
            "6E5C05D979C76DAF93C081354184DD4D907A7CAG",
            "6E5C05D979C76DAF93C081354184DD4D907A7CAE00",
        ] {
            assert_eq!(
                bad.parse::<Fingerprint>(),
                Err(NotAFingerprint(bad.to_owned()))
            );
        }
    }
}
