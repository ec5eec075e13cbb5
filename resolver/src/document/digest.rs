//! A digest of what a document comes to.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Document;
use crate::numbered::small;

const PIECE: usize = 8 << 10;

/// What begins each part of what is digested, so that no two results run together to the same bytes.
const SECTION: u8 = b'[';
const HEADER: u8 = b'#';
const KEY: u8 = b'=';
/// A key whose value is an array, which is not its only element.
const ARRAY: u8 = b'&';

impl Document {
    /// A SHA-256 digest, in hexadecimal, of the effective result: the keys in byte order with what
    /// their assignments come to.
    ///
    /// Two trees that come to the same have the same digest, whichever files say it and in whatever
    /// order the keys stand. Of values with a type the value is compared, not how it is written.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let digest = |path: &str, text: &str| {
    ///     let resolver = Resolver::new(Tree::default()).with(path, text);
    ///     resolver.resolve("myapp.d").unwrap().digest()
    /// };
    /// let before = digest("/usr/lib/myapp.d/a.conf", "port = 80\n");
    /// assert_eq!(digest("/etc/myapp.d/b.conf", "# mine\nport=80\n"), before);
    /// assert_ne!(digest("/etc/myapp.d/b.conf", "port=8080\n"), before);
    /// ```
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update([u8::from(self.loads())]);
        // Handed on in pieces of some size: a block at a time takes longer.
        let mut bytes = Vec::with_capacity(2 * PIECE);
        let mut section = None;
        self.values_by_name(|number, value| {
            // With the name of its section, a key would be twice as much to digest.
            let of = value.key.section_id();
            if section.replace(of) != Some(of) {
                bytes.push(SECTION);
                push(&mut bytes, value.key.section());
            }
            if let Some(number) = number {
                bytes.push(HEADER);
                push_number(&mut bytes, number);
            }
            bytes.push(if value.is_array() { ARRAY } else { KEY });
            push(&mut bytes, value.key.name());
            push_number(&mut bytes, value.items.len());
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

fn push(text: &mut Vec<u8>, bytes: &[u8]) {
    push_number(text, bytes.len());
    text.extend_from_slice(bytes);
}

fn push_number(text: &mut Vec<u8>, number: usize) {
    text.extend(small(number).to_be_bytes());
}
