//! A digest of what a document comes to.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Document;

const PIECE: usize = 8 << 10;

impl Document {
    /// A SHA-256 digest, in hexadecimal, of the effective result: the keys in byte order with what
    /// their assignments come to.
    ///
    /// Two trees that come to the same have the same digest, whichever files say it and in whatever
    /// order the keys stand. Of values with a type the value is compared, not how it is written.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update([u8::from(self.loads())]);
        // Handed on in pieces of some size: a block at a time takes longer.
        let mut bytes = Vec::with_capacity(2 * PIECE);
        self.values_by_name(|number, value| {
            for name in [value.key.section(), value.key.name()] {
                push(&mut bytes, name);
            }
            if let Some(number) = number {
                bytes.extend(number.to_be_bytes());
            }
            bytes.extend(value.items.len().to_be_bytes());
            for item in value.items.iter() {
                push(&mut bytes, &item.value);
            }
            if bytes.len() > PIECE {
                hash.update(&bytes);
                bytes.clear();
            }
        });
        hash.update(&bytes);
        let mut text = String::new();
        for byte in hash.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// With its length, so that no two results run together to the same bytes.
fn push(text: &mut Vec<u8>, bytes: &[u8]) {
    text.extend(bytes.len().to_be_bytes());
    text.extend_from_slice(bytes);
}
