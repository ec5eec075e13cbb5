//! A digest of what a document comes to.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Document;
use crate::schema::OnEmpty;

impl Document {
    /// A SHA-256 digest, in hexadecimal, of the effective result: the keys in byte order with what
    /// their assignments come to.
    ///
    /// Two trees that come to the same have the same digest, whichever files say it and in whatever
    /// order the keys stand. Of values with a type the value is compared, not how it is written.
    pub fn digest(&self) -> String {
        // Where the consumer loads nothing, nothing is what it comes to.
        let mut keys: Vec<_> = self.keys().filter(|_| self.loads()).collect();
        keys.sort_by_key(|key| (key.section(), key.name()));
        let mut hash = Sha256::new();
        hash.update([u8::from(self.loads())]);
        for key in keys {
            let items = key.items();
            // A reset leaves nothing; only an emptied list that no default fills is something.
            let clears = key.kind().is_some_and(|kind| kind.empty == OnEmpty::Clear);
            if items.is_empty() && !(clears && key.last().is_some()) {
                continue;
            }
            for part in [key.section(), key.name()] {
                update(&mut hash, part);
            }
            hash.update(items.len().to_be_bytes());
            for item in items {
                update(&mut hash, &item);
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
