//! What the tests of typed reading share.

use std::path::Path;

use crate::document::Document;
use crate::format;
use crate::format::Kept;
use crate::merge::{Keep, merge};
use crate::rules::{Layer, Rules};
use crate::scan::{Entry, Fragment, Role, State};

/// The document of these files, all of one format, merged in this order by the default rules.
pub(super) fn document(files: &[(&str, &str, &[u8])]) -> Document {
    document_by(Rules::default(), files)
}

/// The same by these rules.
pub(super) fn document_by(rules: Rules, files: &[(&str, &str, &[u8])]) -> Document {
    let fragments = files.iter().map(|(path, _, text)| {
        let path = Path::new(path);
        let (directory, name) = (path.parent().unwrap(), path.file_name().unwrap());
        let mut fragment = Fragment::new(
            Role::DropIn,
            Layer::new("/etc").unwrap(),
            0,
            directory,
            name,
        );
        (fragment.text, fragment.state) = (text.to_vec().into(), State::Effective);
        fragment
    });
    let mut entry = Entry::default();
    entry.fragments = fragments.collect();
    let rules = Rules {
        format: files
            .first()
            .and_then(|(_, format, _)| format::named(format)),
        ..rules
    };
    let ledger = merge(&entry, &rules, Keep::All, &Kept::default());
    Document::new(entry, ledger, &rules, Vec::new(), [].into())
}
