//! From a merged `collections.d/NAME.conf` to the collection ID that it gives a remote.

use bstr::BString;
use overlay_resolver::Document;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use super::name::{is_collection_id, is_remote_name};
use crate::reader::Reader;

/// The group of the file.
pub(crate) const SECTION: &str = "Collection";

/// The key of the remote that gets the ID.
pub(super) const KEY: &str = "collection-id";

/// What stands for the repository itself where a remote is named. It is no name of a remote.
pub(crate) const REPOSITORY: &str = "[core]";

const REMOTE: &str = "Remote";
const ITSELF: &str = "Repository";
/// The key that the value of `collection-id` comes from.
pub(crate) const ID: &str = "CollectionID";

/// A collection ID as the layers want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collection {
    /// The remote that it is for.
    pub(crate) remote: String,
    /// The ID as it is written to `repo/config`.
    pub(crate) id: BString,
}

impl Collection {
    /// Reads the file. With an error among the findings there is none.
    pub(crate) fn read(document: &Document) -> (Option<Self>, Vec<Finding>) {
        let mut reader = Reader::new(document);
        reader.warn_of_others(SECTION, &[REMOTE, ID]);
        let remote = required(&mut reader, REMOTE, "the name of a remote", is_remote_name);
        Self::finish(reader, remote)
    }

    /// The same where the ID may also be that of the repository itself: `Repository=true`.
    pub(crate) fn read_any(document: &Document) -> (Option<Self>, Vec<Finding>) {
        let mut reader = Reader::new(document);
        reader.warn_of_others(SECTION, &[REMOTE, ITSELF, ID]);
        let remote = if reader.boolean(SECTION, ITSELF) == Some(true) {
            if document.get(SECTION, REMOTE).is_some() {
                let message =
                    "names a remote and the repository itself; give each a file of its own";
                reader.error(SECTION, REMOTE, message);
            }
            Some(REPOSITORY.to_owned())
        } else {
            required(&mut reader, REMOTE, "the name of a remote", is_remote_name)
        };
        Self::finish(reader, remote)
    }

    fn finish(mut reader: Reader<'_>, remote: Option<String>) -> (Option<Self>, Vec<Finding>) {
        let id = required(
            &mut reader,
            ID,
            "a D-Bus style name such as org.example.Name",
            is_collection_id,
        );
        let collection = remote.zip(id).map(|(remote, id)| Self {
            remote,
            id: value::encode_string(&id).into(),
        });
        (collection.filter(|_| reader.is_usable()), reader.findings)
    }
}

fn required(
    reader: &mut Reader<'_>,
    key: &str,
    expected: &str,
    valid: impl Fn(&str) -> bool,
) -> Option<String> {
    let sound_so_far = reader.is_usable();
    match reader.string(SECTION, key) {
        Some(text) if valid(&text) => Some(text),
        Some(text) => {
            reader.error(SECTION, key, format!("{key}={text}: expected {expected}"));
            None
        }
        // An undecodable one has its own error.
        None if sound_so_far != reader.is_usable() => None,
        None => {
            reader.error(
                SECTION,
                key,
                format!("has no {key}= in a group [{SECTION}]; expected {expected}"),
            );
            None
        }
    }
}
