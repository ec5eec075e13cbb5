//! What becomes of a name, given what lies there.

use std::path::Path;

use super::{NullMask, OnUnusable, Rules, Taken};
use crate::root::{Content, Kind, Link, Mask, Opened, Reason, Unusable};

/// The part a file plays in its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It is named like the entry.
    Main,
    /// It is merged over the main file.
    DropIn,
}

/// What a file does to its name.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It counts.
    Counts,
    /// It hides what is below it, and has nothing itself.
    Masks(Mask),
    /// It hides what is below it, and nobody can tell what it means.
    Reserves(Box<Unusable>),
    /// As if it were not there.
    PassedOver(Box<Unusable>),
    /// The consumer loads nothing because of it.
    Fatal(Box<Unusable>),
}

impl Rules {
    /// What a file of this role does to its name.
    pub(crate) fn judge(&self, role: Role, opened: &Opened) -> Verdict {
        let because = |reason: Reason| Box::new(Unusable::from(reason));
        let unusable = match (&opened.content, opened.link.as_deref()) {
            (Content::Mask(Mask::DevNull), link) => {
                let is_literal = |link: &Link| link.text == Path::new("/dev/null");
                match self.null_masks {
                    NullMask::InRoot => return Verdict::Masks(Mask::DevNull),
                    NullMask::Literal if link.is_some_and(is_literal) => {
                        return Verdict::Masks(Mask::DevNull);
                    }
                    NullMask::Literal => because(Reason::NotFollowed),
                    NullMask::Never => because(Reason::NotAFile(Kind::CharacterDevice)),
                }
            }
            (_, Some(_)) if !self.follow_links => because(Reason::NotFollowed),
            (Content::Mask(mask), _) if self.empty_masks => return Verdict::Masks(*mask),
            (Content::Mask(_) | Content::File(_), _) => return Verdict::Counts,
            (Content::Unusable(why), _) => why.clone(),
        };
        match self.on_unusable(role).of(&unusable.reason) {
            Taken::Reserve => Verdict::Reserves(unusable),
            Taken::FallThrough => Verdict::PassedOver(unusable),
            Taken::Mask => Verdict::Masks(Mask::Directory),
            Taken::Fatal => Verdict::Fatal(unusable),
        }
    }

    const fn on_unusable(&self, role: Role) -> OnUnusable {
        match role {
            Role::Main => self.unusable_main,
            Role::DropIn => self.unusable,
        }
    }
}

impl OnUnusable {
    /// What becomes of a name that cannot be used for this reason.
    pub(crate) const fn of(self, reason: &Reason) -> Taken {
        match reason {
            // That we do not read it says nothing of its consumer.
            Reason::Io(_) | Reason::TooLarge { .. } | Reason::TooMuch(_) | Reason::Changed => {
                Taken::Reserve
            }
            Reason::Missing | Reason::Vanished => self.dangling,
            Reason::Loop => self.looping,
            Reason::NotAFile(Kind::Directory) => self.directory,
            _ => self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_we_do_not_read_says_nothing_of_its_consumer() {
        let consumer = OnUnusable::all(Taken::Fatal);
        for (reason, taken) in [
            (Reason::Missing, Taken::Fatal),
            (Reason::NotAFile(Kind::Fifo), Taken::Fatal),
            (Reason::TooLarge { size: 2, limit: 1 }, Taken::Reserve),
            (Reason::TooMuch(1), Taken::Reserve),
            (Reason::Changed, Taken::Reserve),
        ] {
            assert_eq!(consumer.of(&reason), taken, "{reason}");
        }
    }
}
