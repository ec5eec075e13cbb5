//! ASCII armor (§6.2), as a `GPGKey=` value may hold it below its own base64.
//!
//! *Invariant.* All of a block is used, or none: a block without its tail line or with a wrong
//! checksum is an error. RFC 9580 would have the checksum ignored (§6.1); gpg does not, and for a
//! key that is to be trusted we side with gpg.
//!
//! *Deliberately absent.* The meaning of armor headers (`Version:`, `Comment:`), and writing armor.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::OpenPgpError;

const BEGIN: &[u8] = b"-----BEGIN PGP ";
const END: &[u8] = b"-----END PGP ";
const DASHES: &[u8] = b"-----";
const CERTIFICATE: &[u8] = b"PUBLIC KEY BLOCK";
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY BLOCK";

/// Whether the data is text with at least one armor block. Text around the blocks is allowed, as
/// gpg allows it.
pub(super) fn is_armored(data: &[u8]) -> bool {
    // Binary data starts with a packet, and every packet with bit 7 (§4.2).
    data.first().is_some_and(u8::is_ascii)
        && data
            .split(|byte| *byte == b'\n')
            .any(|line| line.starts_with(BEGIN))
}

/// The binary data of all blocks, one after the other.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, OpenPgpError> {
    let mut lines = Lines {
        lines: text.split(|byte| *byte == b'\n'),
        number: 0,
    };
    let mut out = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(label) = line.strip_prefix(BEGIN) {
            check_kind(label, lines.number)?;
            let first = skip_headers(&mut lines)?;
            out.append(&mut decode_body(first, &mut lines)?);
        }
    }
    Ok(out)
}

/// Lines without the blanks at their end, which armor ignores.
struct Lines<I> {
    lines: I,
    /// Of the line that came last, from 1.
    number: usize,
}

impl<'a, I: Iterator<Item = &'a [u8]>> Lines<I> {
    fn next(&mut self) -> Option<&'a [u8]> {
        self.number += 1;
        self.lines.next().map(<[u8]>::trim_ascii_end)
    }

    /// The next line of a block.
    fn within_block(&mut self) -> Result<&'a [u8], OpenPgpError> {
        let line = self.next().ok_or_else(|| self.error("no END line"))?;
        Ok(line.trim_ascii_start())
    }

    fn error(&self, problem: &'static str) -> OpenPgpError {
        OpenPgpError::Armor {
            line: self.number,
            problem,
        }
    }
}

fn check_kind(label: &[u8], line: usize) -> Result<(), OpenPgpError> {
    match label.strip_suffix(DASHES).unwrap_or(label) {
        CERTIFICATE => Ok(()),
        PRIVATE_KEY => Err(OpenPgpError::PrivateKey { offset: None }),
        other => Err(OpenPgpError::ArmorKind {
            line,
            found: format!("PGP {}", other.escape_ascii()),
        }),
    }
}

/// Goes past `Key: value` lines and the blank line that ends them, which gpg does not insist on. Returns the
/// next line.
fn skip_headers<'a, I: Iterator<Item = &'a [u8]>>(
    lines: &mut Lines<I>,
) -> Result<&'a [u8], OpenPgpError> {
    loop {
        let line = lines.within_block()?;
        if line.is_empty() {
            return lines.within_block();
        }
        if !line.contains(&b':') {
            return Ok(line);
        }
    }
}

/// The data from the first line up to and including the tail line.
fn decode_body<'a, I: Iterator<Item = &'a [u8]>>(
    first: &'a [u8],
    lines: &mut Lines<I>,
) -> Result<Vec<u8>, OpenPgpError> {
    let mut base64 = Vec::new();
    let mut checksum = None;
    let mut next = Some(first);
    loop {
        let line = match next.take() {
            Some(first) => first,
            None => lines.within_block()?,
        };
        if line.starts_with(END) {
            break;
        }
        match line.strip_prefix(b"=") {
            // The padding of the data may stand on a line of its own; a checksum has four digits.
            Some(digits) if digits.len() == 4 => {
                checksum = Some((lines.number, decode_checksum(digits, lines)?));
            }
            _ if checksum.is_some() => return Err(lines.error("no END line after the checksum")),
            _ => base64.extend_from_slice(line),
        }
    }
    let data = STANDARD
        .decode(base64)
        .map_err(|_| lines.error("invalid base64"))?;
    let found = crc24(&data);
    match checksum {
        Some((line, expected)) if expected != found => Err(OpenPgpError::Checksum {
            line,
            expected,
            found,
        }),
        _ => Ok(data),
    }
}

fn decode_checksum<I>(digits: &[u8], lines: &Lines<I>) -> Result<u32, OpenPgpError> {
    match STANDARD.decode(digits).as_deref() {
        Ok(&[a, b, c]) => Ok(u32::from_be_bytes([0, a, b, c])),
        _ => Err(OpenPgpError::Armor {
            line: lines.number,
            problem: "a malformed checksum",
        }),
    }
}

/// The checksum of armored data (§6.1.1).
fn crc24(data: &[u8]) -> u32 {
    const GENERATOR: u32 = 0x0186_4cfb;
    let bit = |crc: u32| {
        if crc & 0x0080_0000 == 0 {
            crc << 1
        } else {
            crc << 1 ^ GENERATOR
        }
    };
    data.iter().fold(0x00b7_04ce, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 16, |crc, _| {
            bit(crc) & 0x00ff_ffff
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::openpgp::Keyring;
    use crate::openpgp::testing::{armored, flathub};

    const BEGIN_LINE: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
    const END_LINE: &str = "-----END PGP PUBLIC KEY BLOCK-----";

    #[test]
    fn the_checksum_is_the_rfc_s() {
        assert_eq!(crc24(b""), 0x00b7_04ce);
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
    }

    #[test]
    fn every_accepted_form_gives_the_same_bytes() {
        let data = flathub();
        let text = armored(&data);
        let unchecked: Vec<_> = text.lines().filter(|it| !it.starts_with('=')).collect();
        let unchecked = unchecked.join("\n");
        let cases = [
            ("plain", text.clone()),
            ("CRLF", text.replace('\n', "\r\n")),
            (
                "headers",
                text.replacen("\n\n", "\nVersion: GnuPG v2\nComment: \n\n", 1),
            ),
            ("blanks at the ends of lines", text.replace('\n', " \t\n")),
            ("no checksum", unchecked),
            ("text around it", format!("Our key:\n\n{text}\nEnd.\n")),
            ("no newline at the end", text.trim_end().to_owned()),
            ("no blank line", text.replacen("\n\n", "\n", 1)),
            ("indented", text.replace('\n', "\n  ")),
        ];
        for (what, text) in cases {
            assert!(is_armored(text.as_bytes()), "{what}");
            assert_eq!(decode(text.as_bytes()).as_ref(), Ok(&data), "{what}");
        }
        assert_eq!(
            decode(format!("{text}{text}").as_bytes()),
            Ok([&data[..], &data].concat())
        );
        assert_eq!(
            Keyring::parse_key_data(text.as_bytes()),
            Keyring::parse(&data)
        );
    }

    #[test]
    fn binary_data_and_plain_text_are_not_armor() {
        assert!(
            !is_armored(&flathub()) && !is_armored(b"") && !is_armored(b"text -----BEGIN PGP ")
        );
    }

    #[test]
    fn damaged_armor_is_refused_with_its_line() {
        let block = |body: &str| format!("{BEGIN_LINE}\n{body}");
        let armor = |line, problem| OpenPgpError::Armor { line, problem };
        let kind = |found: &str| OpenPgpError::ArmorKind {
            line: 1,
            found: found.to_owned(),
        };
        let cases = [
            (block(""), armor(3, "no END line")),
            (block("\nAAAA\n"), armor(5, "no END line")),
            (
                block(&format!("\nA-_A\n{END_LINE}")),
                armor(4, "invalid base64"),
            ),
            (
                block(&format!("\nAAAAA\n{END_LINE}")),
                armor(4, "invalid base64"),
            ),
            (
                block(&format!("\nAAAA\n=A-_A\n{END_LINE}")),
                armor(4, "a malformed checksum"),
            ),
            (
                block(&format!("\nAAAA\n=AAAA\nAAAA\n{END_LINE}")),
                armor(5, "no END line after the checksum"),
            ),
            (
                block(&format!("\nAAAA\n=AAAA\n{END_LINE}")),
                OpenPgpError::Checksum {
                    line: 4,
                    expected: 0,
                    found: crc24(&[0; 3]),
                },
            ),
            (
                "-----BEGIN PGP PRIVATE KEY BLOCK-----\n".to_owned(),
                OpenPgpError::PrivateKey { offset: None },
            ),
            (
                "-----BEGIN PGP SIGNATURE-----\n".to_owned(),
                kind("PGP SIGNATURE"),
            ),
            ("-----BEGIN PGP \u{7}-----\n".to_owned(), kind("PGP \\x07")),
        ];
        for (text, error) in cases {
            assert_eq!(decode(text.as_bytes()), Err(error), "{text}");
        }
        assert_eq!(
            Keyring::parse_key_data(block(&format!("\n{END_LINE}")).as_bytes()),
            Err(OpenPgpError::NoCertificate)
        );
    }

    proptest! {
        #[test]
        fn any_data_comes_back(data: Vec<u8>) {
            prop_assert_eq!(decode(armored(&data).as_bytes()), Ok(data));
        }

        #[test]
        fn arbitrary_text_never_panics(
            text in "((-----BEGIN PGP (PUBLIC KEY BLOCK-----)?|-----END PGP |=?[A-Z0-9:= ]{0,5})\n){0,9}"
        ) {
            let _ = decode(text.as_bytes());
        }
    }
}
