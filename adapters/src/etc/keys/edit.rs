//! Changes what must change in the owner's text.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, ByteSlice as _};

use super::{Name, Unmergeable};
use crate::text::{Pair, Place, Text};

/// A text of a nested format, with the vendor's values in the place of the owner's.
pub(super) fn values(
    current: &Text,
    new: &Text,
    written: &BTreeSet<Name<'_>>,
) -> Result<Text, Unmergeable> {
    let mut merged = current.clone();
    for &name in written {
        let both = only(current, name).zip(only(new, name));
        let ((place, here), (_, theirs)) = both.ok_or_else(|| Unmergeable::Nested {
            key: name.1.to_owned(),
        })?;
        let (start, end) = (here.written.start, here.written.end);
        let value = &theirs.text[theirs.written.clone()];
        let text = bstr::concat([&here.text[..start], value, &here.text[end..]]);
        let pair = Pair {
            text: text.as_bstr(),
            written: start..start + value.len(),
            ..theirs
        };
        merged.replace(place, &pair);
    }
    Ok(merged)
}

fn only<'t>(text: &'t Text, (section, key): Name<'_>) -> Option<(Place, Pair<'t>)> {
    let mut found = text.find(section, key);
    found.next().filter(|_| found.next().is_none())
}

/// A text of lines, with the vendor's lines where a key follows the vendor.
pub(super) fn lines(current: &Text, new: &Text, written: &BTreeSet<Name<'_>>) -> Text {
    let mut merged = current.clone();
    for &name in written {
        replace(&mut merged, new, name);
    }
    insert(&mut merged, new, written);
    merged
}

/// Gives a key that is there the vendor's lines, of which the last place takes what is left.
fn replace(merged: &mut Text, new: &Text, name @ (section, key): Name<'_>) {
    let (places, pairs) = (in_order(merged, name), in_order(new, name));
    let places: Vec<Place> = places.into_iter().map(|(place, _)| place).collect();
    for (place, (_, pair)) in places.iter().zip(&pairs) {
        merged.replace(*place, pair);
    }
    if let Some(&(mut last)) = places.last() {
        for (_, pair) in pairs.iter().skip(places.len()) {
            last = merged.put_behind(last, pair);
        }
    }
    merged.truncate(section, key, pairs.len());
}

fn in_order<'t>(text: &'t Text, (section, key): Name<'_>) -> Vec<(Place, Pair<'t>)> {
    let mut found: Vec<_> = text.find(section, key).collect();
    found.reverse();
    found
}

/// Puts the vendor's new keys behind those that they stand behind in the vendor's file.
fn insert(merged: &mut Text, new: &Text, written: &BTreeSet<Name<'_>>) {
    let headers: BTreeMap<_, _> = new.sections().collect();
    let (mut current, mut behind) = (BStr::new(""), None);
    for line in new.lines() {
        let section = line.section;
        if current != section {
            (current, behind) = (section, None);
        }
        let Some(Pair { key, .. }) = line.pair else {
            continue;
        };
        if let Some((place, _)) = merged.find(section, key).next() {
            behind = Some(place);
        } else if written.contains(&(section, key)) {
            if let (false, Some(header)) = (merged.has_section(section), headers.get(section)) {
                merged.begin(section, header);
            }
            for (_, pair) in in_order(new, (section, key)) {
                behind = match behind {
                    Some(place) => Some(merged.put_behind(place, &pair)),
                    None => merged.add(section, &pair),
                };
            }
        }
    }
}
