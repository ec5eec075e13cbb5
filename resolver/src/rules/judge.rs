//! What becomes of a name, given what lies there.

use std::path::Path;

use super::{NullMask, OnUnusable, Rules, Taken};
use crate::root::{Content, Mask, Opened, Reason, Unusable};
use crate::scan::Role;

/// What a file does to its name.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It counts.
    Counts(Vec<u8>),
    /// It hides what is below it, and has nothing itself.
    Masks(Mask),
    /// It hides what is below it, and nobody can tell what it means.
    Reserves(Unusable),
    /// As if it were not there.
    PassedOver(Unusable),
    /// The consumer loads nothing because of it.
    Fatal(Unusable),
}

impl Verdict {
    /// Whether the files of its name in lower layers do not count.
    pub(crate) const fn takes_name(&self) -> bool {
        !matches!(self, Self::PassedOver(_))
    }
}

impl Rules {
    /// What a file of this role does to its name.
    pub(crate) fn judge(&self, role: Role, opened: Opened) -> Verdict {
        let null = || Unusable::from(Reason::NotAFile(crate::root::Kind::CharacterDevice));
        let unusable = match (opened.content, opened.link) {
            (Content::Mask(Mask::DevNull), link) => {
                let literal = link.is_some_and(|link| link.text == Path::new("/dev/null"));
                match self.null_masks {
                    NullMask::InRoot => return Verdict::Masks(Mask::DevNull),
                    NullMask::Literal if literal => return Verdict::Masks(Mask::DevNull),
                    NullMask::Literal => Reason::NotFollowed.into(),
                    NullMask::Never => null(),
                }
            }
            (_, Some(_)) if !self.follow_links => Reason::NotFollowed.into(),
            (Content::Mask(mask), _) if self.empty_masks => return Verdict::Masks(mask),
            (Content::Mask(_), _) => return Verdict::Counts(Vec::new()),
            (Content::File(text), _) => return Verdict::Counts(text),
            (Content::Unusable(why), _) => why,
        };
        match self.on_unusable(role).of(&unusable.reason) {
            Taken::Reserve => Verdict::Reserves(unusable),
            Taken::FallThrough => Verdict::PassedOver(unusable),
            Taken::Mask => Verdict::Masks(Mask::Directory),
            Taken::Fatal => Verdict::Fatal(unusable),
        }
    }

    /// Whether a file of this role leaves its name to lower layers.
    pub(crate) fn passes_over(&self, role: Role, opened: &Opened) -> bool {
        let reason = match &opened.content {
            Content::Unusable(why) => &why.reason,
            _ if opened.link.is_some() => &Reason::NotFollowed,
            _ => return false,
        };
        self.on_unusable(role).of(reason) == Taken::FallThrough
            && !self.judge(role, opened.clone()).takes_name()
    }

    const fn on_unusable(&self, role: Role) -> &OnUnusable {
        match role {
            Role::Main => &self.unusable_main,
            Role::DropIn => &self.unusable,
        }
    }
}
