//! `[remote "NAME"]`: how libostree calls the group of a remote.

use bstr::{BStr, ByteSlice as _};

/// The name of a remote's group.
pub(crate) fn group(name: &str) -> String {
    ["remote \"", name, "\""].concat()
}

/// The name of the remote that a group is about, if it is about one whose name is text.
pub(crate) fn remote_name(group: &BStr) -> Option<&str> {
    let quoted = group.strip_prefix(b"remote \"")?;
    quoted.strip_suffix(b"\"")?.to_str().ok()
}
