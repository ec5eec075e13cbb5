//! The colours, and what is too long to be shown whole.

use bstr::BStr;
use overlay_resolver::escape::escape_text;

use crate::text::Style;

pub(crate) const GOOD: Style = Style::GREEN;
pub(crate) const NOTABLE: Style = Style::YELLOW;
pub(crate) const BAD: Style = Style::RED;
pub(crate) const FAINT: Style = Style::FAINT;
pub(crate) const BOLD: Style = Style::BOLD;

/// The longest value shown whole; a signing key has thousands of bytes.
const LONGEST_VALUE: usize = 72;

/// The first of these, and how many there are more.
pub(super) fn some_of(names: &[String], most: usize) -> String {
    match names.split_at_checked(most) {
        Some((shown, rest @ [_, ..])) => {
            format!("{} and {} more", shown.join(", "), rest.len())
        }
        _ => names.join(", "),
    }
}

pub(super) fn shortened(value: &BStr) -> String {
    if value.len() <= LONGEST_VALUE {
        return escape_text(value).to_string();
    }
    let start = &value[..LONGEST_VALUE - 24];
    format!("{}… ({} bytes)", escape_text(start), value.len())
}
