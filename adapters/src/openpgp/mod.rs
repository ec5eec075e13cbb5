//! OpenPGP certificates as `<remote>.trustedkeys.gpg` and `GPGKey=` hold them: split into packets,
//! united by primary key, written back.
//!
//! *Purpose.* A vendor's renewed signing key has to reach systems that already have the old copy,
//! without losing what the owner imported. Appending does not do: of two copies of one certificate
//! gpg uses the first, and reads it as expired. So certificates are united packet by packet, as
//! `gpg --import` does.
//!
//! *Invariant.* A [`Certificate`] is a set: its bytes depend on the packets it holds, never on the
//! order in which they came. Merging is therefore idempotent, commutative and associative, and
//! never drops a packet. A [`Keyring`] holds one certificate a primary fingerprint, and private
//! keys are neither accepted nor written.
//!
//! *Deliberately absent.* Cryptography: no signature is checked, that is gpg's work when it uses
//! the keyring. What [`Certificate::expires`] and [`Certificate::is_revoked`] say is therefore good
//! for messages and not for trust. Also absent: messages, keyboxes, limits on the size of the input
//! (the caller's).
//!
//! Section numbers in this module are RFC 9580's.

mod armor;
mod certificate;
mod fingerprint;
mod keyring;
mod packet;
mod signature;
#[cfg(test)]
pub(crate) mod testing;

pub use certificate::{Certificate, Validity};
pub use fingerprint::{Fingerprint, NotAFingerprint};
pub use keyring::Keyring;

/// Why bytes are not the OpenPGP certificates they should be. Offsets count from the start of the
/// binary data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenPgpError {
    /// Text with an armor header where only binary data is read (gpg and ostree find no key in such
    /// a keyring).
    #[error(
        "expected a binary OpenPGP keyring, found ASCII armor (a text file): \
         convert it with `gpg --dearmor`"
    )]
    Armored,
    /// gpg's own database format.
    #[error(
        "expected a binary OpenPGP keyring, found a GnuPG keybox (.kbx): \
         export its certificates with `gpg --no-default-keyring --keyring FILE.kbx --export`"
    )]
    Keybox,
    /// A byte that cannot start a packet (§4.2).
    #[error(
        "expected an OpenPGP packet at offset {offset}, found the byte {byte:#04x}: \
         use the output of `gpg --export`, complete and unchanged"
    )]
    NotAPacket {
        /// Where.
        offset: usize,
        /// What stands there.
        byte: u8,
    },
    /// The data ends inside a packet.
    #[error(
        "the packet of type {packet} at offset {offset} is cut off: \
         the data ends before the packet does; export it again"
    )]
    Truncated {
        /// Where the packet starts.
        offset: usize,
        /// Its type.
        packet: String,
    },
    /// A partial (§4.2.1.4) or indeterminate (§4.2.2.4) length, which only a message's data packets
    /// may have.
    #[error(
        "the packet of type {packet} at offset {offset} has no definite length, \
         which in a certificate it must have: \
         use the output of `gpg --export`"
    )]
    IndefiniteLength {
        /// Where the packet starts.
        offset: usize,
        /// Its type.
        packet: String,
    },
    /// Private key material.
    #[error(
        "found a private key{}: publish only the certificate (`gpg --export`), \
         and consider this key exposed",
        .offset.map_or(String::new(), |at| format!(" at offset {at}"))
    )]
    PrivateKey {
        /// Where the packet starts; none when the armor header alone says so.
        offset: Option<usize>,
    },
    /// A packet that does not belong to a certificate, or comes before the primary key it would
    /// belong to.
    #[error(
        "expected (part of) a certificate at offset {offset}, found a packet of type {packet}: \
         use the output of `gpg --export`"
    )]
    Unexpected {
        /// Where the packet starts.
        offset: usize,
        /// Its type.
        packet: String,
    },
    /// A primary key whose version has no fingerprint that we could compute.
    #[error(
        "the primary key at offset {offset} has version {version}; \
         versions 4, 5 and 6 are supported: \
         make a new key, or remove this one from the keyring"
    )]
    UnsupportedKey {
        /// Where the packet starts.
        offset: usize,
        /// The key's version.
        version: u8,
    },
    /// A primary key packet that contradicts itself.
    #[error("the primary key at offset {offset} is malformed: export it again")]
    MalformedKey {
        /// Where the packet starts.
        offset: usize,
    },
    /// No certificate in data that must hold one.
    #[error("expected an OpenPGP certificate, found none: use the output of `gpg --export KEY`")]
    NoCertificate,
    /// An armor header of another kind, such as `PGP SIGNATURE`.
    #[error(
        "line {line}: expected PGP PUBLIC KEY BLOCK, found {found}: \
         use the output of `gpg --armor --export`"
    )]
    ArmorKind {
        /// The header's line, from 1.
        line: usize,
        /// The kind named there.
        found: String,
    },
    /// An armor block that is not built as §6.2 says.
    #[error(
        "line {line}: {problem} in ASCII armor: \
         use the output of `gpg --armor --export`, complete and unchanged"
    )]
    Armor {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// The data of an armor block does not have the checksum that the block ends with (§6.1).
    #[error(
        "line {line}: the ASCII armor says checksum {expected:06X}, \
         its data has {found:06X}, so it was damaged: \
         export it again"
    )]
    Checksum {
        /// The checksum's line, from 1.
        line: usize,
        /// What the armor says.
        expected: u32,
        /// What the data has.
        found: u32,
    },
}
