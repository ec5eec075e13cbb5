//! What holds for every format of lines, whatever the text.

use bstr::ByteSlice as _;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{Format, Item, Kind};

/// The items of `text`.
pub(super) fn items<'t>(format: &dyn Format, text: &'t [u8]) -> Vec<Item<'t>> {
    let mut items = Vec::new();
    format.read(text, &mut |item| items.push(item));
    items
}

/// The items cover the text without gaps, know their lines, and point at their values.
pub(super) fn hold(format: &dyn Format, text: &[u8]) -> TestCaseResult {
    let mut end = 0;
    for item in items(format, text) {
        prop_assert_eq!(item.span.start, end);
        prop_assert!(item.span.end > end, "an empty item in {:?}", text.as_bstr());
        end = item.span.end;
        let line = |before: usize| 1 + text[..before].find_iter(b"\n").count();
        let lines = line(item.span.start)..=line(item.span.end - 1);
        prop_assert_eq!(&item.lines, &lines, "{:?}", text.as_bstr());
        if let Kind::Assignment(pair) = &item.kind {
            prop_assert!(item.span.start <= pair.raw.start);
            prop_assert!(pair.raw.start <= pair.raw.end);
            prop_assert!(pair.raw.end <= item.span.end);
        }
    }
    prop_assert_eq!(end, text.len());
    Ok(())
}
