//! From a merged `remotes.d/NAME.conf` to the remote that it defines, in ostree's own format.
//!
//! Every key of the group `[remote "NAME"]` is passed on as it stands: ostree grows new ones. What is
//! checked is what would make ostree fail as a whole, or not do what the file says.

use bstr::ByteSlice as _;
use overlay_resolver::Document;
use overlay_resolver::escape::escape;
use overlay_resolver::finding::{Finding, Level};
use overlay_resolver::keyfile::value;

use super::places::CONF;
use crate::code;
use crate::keyed::entry::{OVERLAY, Setting};
use crate::keyed::key::KeyName;
use crate::keyed::store::PREFIX;
use crate::reader::Reader;
use crate::remotes::group::{group, remote_name};
use crate::remotes::name::is_collection_id;
use crate::remotes::{HISTORY_KEYS, Remote};

/// Keys that ostree reads as booleans; anything else makes it fail when the remote is used.
const BOOLEANS: [&str; 4] = [
    "gpg-verify",
    "gpg-verify-summary",
    "tls-permissive",
    "http2",
];

/// Reads a remote. With an error among the findings there is none.
pub(super) fn read(document: &Document) -> (Option<Remote>, Vec<Finding>) {
    let mut reader = Reader::new(document);
    let mut remote = Remote::default();
    if let Some(name) = name_of(document) {
        let section = group(name);
        refuse_other_groups(document, &mut reader, name);
        for key in document.keys().filter(|key| key.section() == section) {
            let (Ok(name), Some(assignment)) = (key.name().to_str(), key.last()) else {
                continue;
            };
            if name.starts_with(PREFIX) {
                reader.error(
                    &section,
                    name,
                    format!("{name}: is not for files of the layers"),
                );
            }
            remote.settings.push(Setting {
                key: KeyName::bare(name).to_static(),
                value: assignment.value().to_owned(),
                source: (section.clone().into(), name.to_owned().into()),
            });
        }
        check(&mut reader, &section);
    }
    reader.warn_of_others(OVERLAY, &HISTORY_KEYS);
    remote.read_history(&mut reader);
    (reader.is_usable().then_some(remote), reader.findings)
}

fn name_of(document: &Document) -> Option<&str> {
    document.entry().name.to_str()?.strip_suffix(CONF)
}

/// One remote a file, and the file is called like it: `ostree remote delete` removes a whole file.
fn refuse_other_groups(document: &Document, reader: &mut Reader<'_>, name: &str) {
    for key in document.keys() {
        let section = key.section();
        match remote_name(section) {
            Some(other) if other == name => {}
            Some(other) => {
                let message = format!(
                    "defines the remote {}, but the file is that of {}: one remote a file, named after it",
                    escape(other.as_bytes()),
                    escape(name.as_bytes())
                );
                reader.complain(code::MISPLACED, Level::Error, key.last(), message);
                return;
            }
            None if section == OVERLAY => {}
            None => {
                let message = format!("ostree ignores [{}] in a file of remotes", escape(section));
                reader.complain(code::INEFFECTIVE, Level::Warning, key.last(), message);
            }
        }
    }
}

fn check(reader: &mut Reader<'_>, section: &str) {
    let before = reader.findings.len();
    match reader.string(section, "url") {
        Some(url) if !url.is_empty() => {}
        // An undecodable one has its own error.
        None if reader.findings.len() > before => {}
        // `ostree remote list -u` fails as a whole without.
        _ => reader.error(
            section,
            "url",
            format!(
                "has no url= in a group [{}]; a remote needs one",
                escape(section.as_bytes())
            ),
        ),
    }
    for key in BOOLEANS {
        reader.boolean(section, key);
    }
    if let Some(id) = reader.non_empty(section, "collection-id")
        && !is_collection_id(&id)
    {
        let message = format!("collection-id={id} is not of the form org.example.Name");
        reader.warn(section, "collection-id", message);
    }
}

/// The key that names files and directories of certificates.
pub(super) const KEY_PATHS: &str = "gpgkeypath";

/// The paths of a `gpgkeypath=`: `;` or `,` stands between them (`ostree_repo_get_remote_list_option()`).
pub(super) fn key_paths(raw: &[u8]) -> Vec<String> {
    let text = value::decode_string(raw).unwrap_or_default();
    let paths = text.split([';', ',']).map(str::trim);
    paths
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use overlay_resolver::Resolver;
    use overlay_resolver::tree::Tree;

    use super::*;
    use crate::remotes::sources::Sources;

    /// The keys of `v.conf` with this text, or what is wrong with it.
    fn keys(text: &str) -> Result<String, String> {
        let tree = Tree::default().with("/usr/lib/remotes.d/v.conf".as_ref(), text);
        let resolver = Resolver::new(tree).rules(Sources::of_tests().rules(CONF));
        let document = resolver.entries("remotes.d").unwrap().documents.remove(0);
        let (remote, findings) = read(&document);
        let Some(remote) = remote else {
            let error = findings.iter().min().unwrap();
            return Err(error.to_string().replace("/usr/lib/remotes.d/v.conf:", ""));
        };
        let keys = remote.settings.iter();
        let keys: Vec<_> = keys.map(|s| format!("{}={}", s.key, s.value)).collect();
        Ok(keys.join(" "))
    }

    #[test]
    fn what_a_file_comes_to() {
        let v = "[remote \"v\"]\n";
        for (text, expected) in [
            ("url=https://x/\n", Ok("url=https://x/")),
            ("url=x\nnew-key=a b\nurl=y\n", Ok("url=y new-key=a b")),
            ("url=x\n[core]\nmode=bare\n", Ok("url=x")),
            ("url=x\n[Overlay]\nFormerNames=w;\n", Ok("url=x")),
            ("url=\n", Err("2: has no url=")),
            ("gpg-verify=false\n", Err(" has no url=")),
            ("url=x\ngpg-verify=maybe\n", Err("3: gpg-verify: ")),
            ("url=\\q\n", Err("2: url: ")),
            (
                "url=x\nx-overlayctl.remotes=created\n",
                Err("3: x-overlayctl"),
            ),
            (
                "url=x\n[remote \"w\"]\nurl=y\n",
                Err("4: defines the remote w"),
            ),
            (
                "url=x\n[Overlay]\nDeletedIf=relative\n",
                Err("4: DeletedIf="),
            ),
        ] {
            let found = keys(&format!("{v}{text}"));
            match (&found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
                (Err(found), Err(expected)) => {
                    assert!(found.starts_with(expected), "{found} for {text}");
                }
                _ => panic!("{found:?} for {text}"),
            }
        }
        assert!(keys("[remote \"w\"]\nurl=x\n").is_err());
        assert!(keys("# nothing\n").is_err());
    }

    #[test]
    fn paths_of_keys() {
        for (raw, expected) in [
            ("/a", vec!["/a"]),
            ("/a;/b,/c;", vec!["/a", "/b", "/c"]),
            (" /a ; ", vec!["/a"]),
            ("", vec![]),
        ] {
            assert_eq!(key_paths(raw.as_bytes()), expected, "{raw}");
        }
    }
}
