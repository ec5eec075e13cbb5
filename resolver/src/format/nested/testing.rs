//! What the tests of nested formats share.

use crate::format::{Format, Item, Kind, Lost, Node, Pair, Value, path};

/// All that `format` reads in `text`, which keeps the laws of every format.
pub(in crate::format) fn read<'t>(format: &dyn Format, text: &'t [u8]) -> Vec<Item<'t>> {
    let mut items = Vec::new();
    format.read(text, &mut |item| items.push(item));
    let mut end = 0;
    for item in &items {
        assert!(end <= item.span.start, "overlap or disorder: {items:?}");
        assert!(item.span.start <= item.span.end, "{item:?}");
        end = item.span.end;
        let line_at = |at: usize| text[..at].split(|byte| *byte == b'\n').count();
        assert_eq!(*item.lines.start(), line_at(item.span.start), "{item:?}");
        match &item.kind {
            Kind::Assignment(pair) => {
                assert!(
                    item.span.start <= pair.raw.start && pair.raw.end <= item.span.end,
                    "{item:?}"
                );
                assert!(!pair.raw.is_empty(), "{item:?}");
                assert_eq!(*item.lines.end(), line_at(item.span.end), "{item:?}");
            }
            Kind::Problem(problem) => {
                assert_eq!(problem.lost, Lost::File);
                assert_eq!(items.len(), 1, "{items:?}");
            }
            _ => panic!("neither an assignment nor a problem: {item:?}"),
        }
    }
    assert!(end <= text.len());
    items
}

/// One line an item: `3: [section] key = bytes of the value | value`, or `3: message`.
pub(in crate::format) fn show(format: &dyn Format, text: &str) -> Vec<String> {
    let lines = |item: &Item<'_>| match (*item.lines.start(), *item.lines.end()) {
        (first, last) if first == last => format!("{first}"),
        (first, last) => format!("{first}-{last}"),
    };
    let items = read(format, text.as_bytes()).into_iter();
    items
        .map(|item| match &item.kind {
            Kind::Assignment(Pair {
                section,
                key,
                raw,
                value,
            }) => format!(
                "{}: [{}] {} = {} | {}",
                lines(&item),
                String::from_utf8_lossy(section),
                String::from_utf8_lossy(key),
                &text[raw.clone()],
                match value {
                    Value::Typed(node) => serde_json::to_string(node).unwrap(),
                    Value::Text(text) => panic!("{text:?}"),
                }
            ),
            Kind::Problem(problem) => format!(
                "{}: {} at `{}`",
                lines(&item),
                problem.message,
                text[item.span.clone()].trim_end()
            ),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// The tree that the leaves are of; `None` if the text has a problem.
pub(in crate::format) fn rebuild(items: Vec<Item<'_>>) -> Option<Node> {
    let mut root = Vec::new();
    for item in items {
        let Kind::Assignment(pair) = item.kind else {
            return None;
        };
        let Value::Typed(value) = pair.value else {
            panic!("a text");
        };
        let mut table = &mut root;
        for segment in segments(&pair.section) {
            let known = table.iter().position(|(key, _)| *key == segment);
            let at = known.unwrap_or_else(|| {
                table.push((segment, Node::Table(Vec::new())));
                table.len() - 1
            });
            let Node::Table(inner) = &mut table[at].1 else {
                panic!("a value where a table is");
            };
            table = inner;
        }
        let key = segments(&pair.key);
        assert_eq!(key.len(), 1, "{key:?}");
        table.retain(|(known, _)| *known != key[0]);
        table.push((key[0].clone(), value));
    }
    Some(Node::Table(root))
}

fn segments(path: &[u8]) -> Vec<String> {
    path::split(str::from_utf8(path).unwrap()).unwrap()
}
