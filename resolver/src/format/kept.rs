//! What texts say, taken apart once, however many documents and names have them: a drop-in of all units of a type
//! is a part of each of them, and any number of links may lead to one file.
//!
//! Only what several have is kept. A text that a single file has is read as it stands, as nearly all are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Format, Item, Kind};

/// How many items of a text are kept at most: of more, those that are made of them take most of the time.
const MOST: usize = 1 << 12;

/// What was taken apart so far.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    texts: Mutex<HashMap<Name, Reading>>,
}

/// The text, by its place in memory, and the format that it is read by, as it prints: those that are equal have one
/// place, being of no size.
type Name = (usize, String);

#[derive(Debug, Clone)]
struct Reading {
    /// Held, so that its place is no other's.
    _text: Arc<Vec<u8>>,
    /// None if there are too many.
    items: Option<Arc<[Item<'static>]>>,
}

impl Kept {
    /// Hands over what a text says, but for blanks and comments.
    pub(crate) fn read(
        &self,
        format: &'static dyn Format,
        text: &Arc<Vec<u8>>,
        sink: &mut dyn FnMut(&Item<'_>),
    ) {
        let reading = (Arc::strong_count(text) > 1).then(|| self.reading(format, text));
        match reading.and_then(|reading| reading.items) {
            Some(items) => items.iter().for_each(sink),
            None => format.read(text, &mut |item| {
                if says(&item) {
                    sink(&item);
                }
            }),
        }
    }

    fn reading(&self, format: &'static dyn Format, text: &Arc<Vec<u8>>) -> Reading {
        let name = (Arc::as_ptr(text) as usize, format!("{format:?}"));
        // What was read stays true if another thread panicked.
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = texts.entry(name).or_insert_with(|| Reading {
            _text: Arc::clone(text),
            items: items(format, text),
        });
        reading.clone()
    }
}

fn items(format: &'static dyn Format, text: &[u8]) -> Option<Arc<[Item<'static>]>> {
    let (mut items, mut count) = (Vec::new(), 0);
    format.read(text, &mut |item| {
        if says(&item) {
            count += 1;
            if count <= MOST {
                items.push(item.into_owned());
            }
        }
    });
    (count <= MOST).then(|| items.into())
}

/// Whether it is more than a blank or a comment.
const fn says(item: &Item<'_>) -> bool {
    !matches!(item.kind, Kind::Blank | Kind::Comment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;

    fn read(kept: &Kept, text: &Arc<Vec<u8>>) -> Vec<Item<'static>> {
        let mut items = Vec::new();
        kept.read(format::default(), text, &mut |item| {
            items.push(item.clone().into_owned());
        });
        items
    }

    #[test]
    fn what_several_have_is_taken_apart_once_and_says_the_same() {
        for text in ["[S]\n# no\n\nA=1\\\n 2\nbad\n", &"A=1\n".repeat(MOST + 1)] {
            let (kept, text) = (Kept::default(), Arc::new(text.as_bytes().to_vec()));
            let alone = read(&kept, &text);
            assert!(kept.texts.lock().unwrap().is_empty());
            let _other = Arc::clone(&text);
            assert_eq!(read(&kept, &text), alone);
            assert_eq!(read(&kept, &text), alone);
            let texts = kept.texts.lock().unwrap();
            let are_kept = texts.values().all(|reading| reading.items.is_some());
            assert_eq!((texts.len(), are_kept), (1, alone.len() <= MOST));
        }
    }
}
