//! What the fuzz targets check.
//!
//! * [`read`]: one format on any text. No panic, and what it promises of spans and lines holds.
//! * [`resolve`]: whole trees by any rules, to the end of all that can be asked of a document.
//! * [`rules`]: a rule set of one's own, schema included.

mod resolve;

use std::path::Path;

use overlay_resolver::escape::escape;
use overlay_resolver::format::{self, Kind};
use overlay_resolver::{Finding, Rules};

pub use self::resolve::resolve;

/// The fuzz target of one format.
#[macro_export]
macro_rules! format_target {
    ($name:literal) => {
        ::libfuzzer_sys::fuzz_target!(|text: &[u8]| $crate::read($name, text));
    };
}

/// Reads any text in this format: the spans of the items lie in the text, in order, without gaps where
/// the format promises so; lines are counted as line ends are; and no value lies outside the text.
pub fn read(name: &str, text: &[u8]) {
    let format = format::named(name).expect("a format");
    let (mut end, mut line) = (0, 0);
    format.read(text, &mut |item| {
        let (span, lines) = (&item.span, &item.lines);
        assert!(span.start >= end && span.end >= span.start, "order");
        assert!(!format.is_lossless() || span.start == end, "a gap");
        assert!(
            *lines.start() >= line.max(1) && lines.end() >= lines.start(),
            "lines"
        );
        (end, line) = (span.end, *lines.start());
        match &item.kind {
            Kind::Assignment(pair) => {
                assert!(
                    text.get(pair.raw.clone()).is_some(),
                    "the value lies outside the text"
                );
            }
            Kind::Problem(problem) => is_fit_to_show(&problem.message),
            _ => {}
        }
    });
    assert!(end <= text.len(), "beyond the text");
    assert!(
        !format.is_lossless() || end == text.len(),
        "the end is missing"
    );
    is_fit_to_show(&escape(text).to_string());
}

/// Reads a rule set: it is one, or the error names a line of the text.
pub fn rules(text: &[u8]) {
    let path = Path::new("/etc/r.toml");
    match Rules::from_toml(path, text) {
        Ok(rules) => assert!(!rules.name().is_empty()),
        Err(Finding {
            path: named,
            line,
            message,
            ..
        }) => {
            // An error in a built-in file would name that one.
            assert_eq!(named, path);
            let lines = 1 + text.iter().filter(|&&byte| byte == b'\n').count();
            assert!(
                line.is_none_or(|line| (1..=lines).contains(&line)),
                "{line:?} of {lines}"
            );
            is_fit_to_show(&message);
        }
    }
}

/// Nothing in a message reaches a terminal as a command to it.
pub(crate) fn is_fit_to_show(message: &str) {
    let unfit = |c: char| c.is_control() && c != '\n';
    assert!(!message.contains(unfit), "{message:?}");
}
