//! What the tests of everything that takes a [`Tree`] share.

use std::path::{Path, PathBuf};

use super::{Leaf, Origin, Tree};
use crate::format::{self, Item, Kind};

/// What every file says, all of it applied in order.
pub(crate) fn with_tree<R>(files: &[(&str, &str, &[u8])], check: impl FnOnce(&Tree<'_>) -> R) -> R {
    let read = |name: &str, text| {
        let mut items: Vec<Item<'_>> = Vec::new();
        let format = format::named(name).unwrap();
        format.read(text, &mut |item| items.push(item));
        (format.is_nested(), items)
    };
    let read: Vec<_> = files
        .iter()
        .map(|(_, name, text)| read(name, text))
        .collect();
    let mut tree = Tree::new(files.iter().map(|(path, ..)| PathBuf::from(path)));
    for ((nested, items), (path, _, text)) in read.iter().zip(files) {
        for item in items {
            if let Kind::Assignment(pair) = &item.kind {
                let leaf = Leaf {
                    value: pair.value.clone(),
                    origin: Origin {
                        path: Path::new(path),
                        line: *item.lines.start(),
                        last_line: *item.lines.end(),
                        text,
                        start: item.span.start,
                        raw: pair.raw.clone(),
                    },
                };
                tree.insert(&pair.section, &pair.key, *nested, leaf);
            }
        }
    }
    check(&tree)
}
