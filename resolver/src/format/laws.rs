//! What holds for every format of lines, whatever the text.

use bstr::ByteSlice as _;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};

use super::{FORMATS, Format, Item, Kind, physical};
use crate::hostile;

/// The items of `text`.
pub(super) fn items<'t>(format: &dyn Format, text: &'t [u8]) -> Vec<Item<'t>> {
    let mut items = Vec::new();
    format.read(text, &mut |item| items.push(item));
    items
}

/// Where the lines begin, as the readers of the format count them.
fn starts(name: &str, text: &[u8]) -> Vec<usize> {
    match name {
        "lines" | "sysctl" | "systemd" | "systemd-flat" => {
            physical::lines(text).map(|line| line.span.start).collect()
        }
        _ => std::iter::once(0)
            .chain(text.find_iter(b"\n").map(|at| at + 1))
            .collect(),
    }
}

/// What `format` hands over stands in `text` in order, knows its lines and points at its values; where no gap is
/// left by promise, there is none.
fn hold(name: &str, format: &dyn Format, text: &[u8]) -> TestCaseResult {
    let starts = starts(name, text);
    let line = |at: usize| starts.partition_point(|&start| start <= at);
    let mut end = 0;
    for item in items(format, text) {
        prop_assert!(item.span.start >= end);
        if format.is_lossless() {
            prop_assert_eq!(item.span.start, end);
            prop_assert!(!item.span.is_empty());
        }
        end = item.span.end;
        let last = if item.span.is_empty() { end } else { end - 1 };
        prop_assert_eq!(&item.lines, &(line(item.span.start)..=line(last)));
        if let Kind::Assignment(pair) = &item.kind {
            prop_assert!(item.span.start <= pair.raw.start);
            prop_assert!(pair.raw.start <= pair.raw.end);
            prop_assert!(pair.raw.end <= item.span.end);
        }
    }
    prop_assert!(end == text.len() || !format.is_lossless());
    Ok(())
}

proptest! {
    #[test]
    fn they_hold_for_every_format(text in hostile::text()) {
        for (name, format) in FORMATS {
            hold(name, *format, &text)
                .map_err(|error| TestCaseError::fail(format!("{name}: {error}")))?;
        }
    }
}
