//! A digest of what a document comes to.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Document, Effective};

impl Document {
    /// A SHA-256 digest, in hexadecimal, of the effective result: the keys in byte order with what
    /// their assignments come to.
    ///
    /// Two trees that come to the same have the same digest, whichever files say it and in whatever
    /// order the keys stand. Of values with a type the value is compared, not how it is written.
    pub fn digest(&self) -> String {
        let mut parts = self.effective();
        parts.sort_by_key(|part| (part.section, part.number));
        let mut hash = Sha256::new();
        hash.update([u8::from(self.loads())]);
        for mut part in parts {
            part.values.sort_by_key(|value| value.key.name());
            for Effective { key, items, .. } in part.values {
                for name in [key.section(), key.name()] {
                    update(&mut hash, name);
                }
                if let Some(number) = part.number {
                    hash.update(number.to_be_bytes());
                }
                hash.update(items.len().to_be_bytes());
                for item in items {
                    update(&mut hash, &item.value);
                }
            }
        }
        let mut text = String::new();
        for byte in hash.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// With its length, so that no two results run together to the same bytes.
fn update(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(bytes.len().to_be_bytes());
    hash.update(bytes);
}
