//! What became of a file as a whole.

use super::{Document, Place};
use crate::scan::{Fragment, State, Status};
use crate::why::Effect;

/// Whether a file of a document counts, and if not, what did it.
#[derive(Debug, Clone)]
pub struct Standing<'d> {
    /// The word for it in machine output: that of its [`State`], and for one that would count
    /// `not-loaded`, `not-reached` or `headless`.
    pub word: &'static str,
    /// The file, or the line of one, that did it.
    pub by: Option<Place<'d>>,
    /// Why, in words; empty for one that counts.
    pub reason: String,
}

impl Document {
    /// What became of a file of [`Document::entry`].
    pub fn standing<'d>(&'d self, fragment: &'d Fragment) -> Standing<'d> {
        let file = |index: usize| self.entry.fragments.get(index);
        let of = |effect: Effect<'d>, by| Standing {
            word: effect.word(),
            by,
            reason: effect.to_string(),
        };
        let plain = |word, reason: String| Standing {
            word,
            by: None,
            reason,
        };
        match &fragment.state {
            State::Effective => match self.kept_out(fragment) {
                Some(effect @ (Effect::NotLoaded(by) | Effect::NotReached(by))) => {
                    of(effect, Some(by))
                }
                Some(effect) => of(effect, None),
                None => plain("effective", String::new()),
            },
            State::Shadowed(by) => match file(*by) {
                Some(by) => of(Effect::Shadowed(by), Some(Place::file(by))),
                None => plain("shadowed", String::new()),
            },
            State::Masked(by) => match file(*by) {
                Some(by) => of(Effect::Masked(by), Some(Place::file(by))),
                None => plain("masked", String::new()),
            },
            State::Duplicate(by) => match file(*by) {
                Some(by) => of(Effect::Duplicate(by), Some(Place::file(by))),
                None => plain("duplicate", String::new()),
            },
            State::Mask(mask) => plain("mask", mask.to_string()),
            State::Unusable(why) => plain("unusable", why.to_string()),
            State::PassedOver(why) => plain("passed-over", why.to_string()),
            State::Ignored(why) => plain("ignored", why.to_string()),
        }
    }

    /// Why the consumer does not come to a file that would count.
    fn kept_out<'d>(&'d self, fragment: &'d Fragment) -> Option<Effect<'d>> {
        if let Some(place) = self.not_loaded_by() {
            return Some(Effect::NotLoaded(place));
        }
        if self.entry.status == Status::Headless {
            return Some(Effect::Headless(self.entry.name.as_ref()));
        }
        let (problem, last) = self.ended?;
        let read = self.entry.fragments.get(..=last)?;
        let is_read = read.iter().any(|read| read.path == fragment.path);
        let problem = self.problems.get(problem)?;
        (!is_read).then(|| Effect::NotReached(Place::of(problem)))
    }
}

impl<'d> Place<'d> {
    pub(super) fn file(fragment: &'d Fragment) -> Self {
        Self {
            path: &fragment.path,
            line: None,
        }
    }
}
