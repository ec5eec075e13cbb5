//! Every format on any text: the first byte says which. No panic, and the spans of the items lie in the
//! text, in order, without gaps where the format promises so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overlay_resolver::format;

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let names: Vec<_> = format::names().collect();
    let name = names[usize::from(*choice) % names.len()];
    let format = format::named(name).expect("a format");
    let (mut end, mut line) = (0, 0);
    format.read(text, &mut |item| {
        assert!(item.span.start >= end && item.span.end >= item.span.start, "{name}: order");
        assert!(!format.is_lossless() || item.span.start == end, "{name}: a gap");
        assert!(*item.lines.start() >= line && item.lines.end() >= item.lines.start(), "{name}: lines");
        (end, line) = (item.span.end, *item.lines.start());
        if let format::Kind::Assignment(pair) = item.kind {
            assert!(text.get(pair.raw).is_some(), "{name}: the value lies outside the text");
        }
    });
    assert!(end <= text.len(), "{name}: beyond the text");
    assert!(!format.is_lossless() || end == text.len(), "{name}: the end is missing");
});
