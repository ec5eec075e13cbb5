//! The tables row by row, and what holds of all of their rows.

use super::Action::*;
use super::Wanted::*;
use super::*;
use proptest::prelude::*;

fn wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        Just(Present),
        Just(Masked),
        Just(Unresolved),
        Just(Withdrawn),
    ]
}

fn actual() -> impl Strategy<Value = Actual> {
    prop_oneof![
        Just(Actual::Absent),
        any::<bool>().prop_map(|same_identity| Actual::Theirs { same_identity }),
        any::<(bool, bool, bool)>().prop_map(|(left, pristine, in_use)| Actual::Ours {
            left,
            pristine,
            in_use
        }),
    ]
}

fn marks() -> impl Strategy<Value = Marks> {
    prop_oneof![
        Just(Marks::default()),
        Just(Marks::OFFERED),
        Just(Marks::WITHHELD),
        Just(Marks::UNSEEN)
    ]
}

/// The target after the action, in the same terms.
fn carried_out(action: Action, before: Actual, in_use: bool) -> Actual {
    match (action, before) {
        (Remove, _) => Actual::Absent,
        (Create | Adopt, _) => Actual::Ours {
            left: false,
            pristine: action == Create,
            in_use,
        },
        (Release, _) => Actual::Ours {
            left: true,
            pristine: false,
            in_use,
        },
        (
            Update,
            Actual::Ours {
                pristine, in_use, ..
            },
        ) => Actual::Ours {
            left: false,
            pristine,
            in_use,
        },
        (Leave | Update | Hide, before) => before,
    }
}

proptest! {
    #[test]
    fn a_second_run_does_nothing_new(w in wanted(), a in actual(), m in marks(), in_use: bool) {
        let (action, marks) = entry(w, a, m);
        let (again, marks_again) = entry(w, carried_out(action, a, in_use), marks);
        prop_assert_eq!(marks, marks_again);
        prop_assert!(matches!(again, Leave | Update | Hide));
    }

    #[test]
    fn a_tombstone_is_never_undone(history in prop::collection::vec(wanted(), 1..20)) {
        let mut marks = Marks::OFFERED;
        for wanted in history {
            let (action, next) = entry(wanted, Actual::Absent, marks);
            prop_assert_eq!(action, Leave);
            prop_assert!(next.tombstone());
            marks = next;
        }
    }

    #[test]
    fn offered_is_never_taken_back(w in wanted(), a in actual(), m in marks()) {
        let (_, next) = entry(w, a, m);
        prop_assert!(next.offered || !m.offered);
    }

    #[test]
    fn unseen_ends_with_the_first_entry(w in wanted(), a in actual(), m in marks()) {
        let (action, next) = entry(w, a, m);
        let there = carried_out(action, a, false) != Actual::Absent;
        prop_assert!(!next.unseen || next.withheld && m.is_new() && !there);
    }

    #[test]
    fn withheld_means_absent(w in wanted(), a in actual(), m in marks()) {
        let (action, next) = entry(w, a, m);
        prop_assert!(!next.withheld || carried_out(action, a, false) == Actual::Absent);
    }

    #[test]
    fn what_is_in_use_is_never_removed(w in wanted(), left: bool, pristine: bool, m in marks()) {
        let (action, _) = entry(w, Actual::Ours { left, pristine, in_use: true }, m);
        prop_assert_ne!(action, Remove);
    }

    #[test]
    fn what_others_made_is_adopted_or_left(w in wanted(), same_identity: bool, m in marks()) {
        let (action, _) = entry(w, Actual::Theirs { same_identity }, m);
        prop_assert!(action == Leave || (same_identity && action == Adopt));
    }

    #[test]
    fn an_owners_key_never_changes(b in value(), d in value(), a in value(), marked: bool) {
        let by_hand = a != b && a != d;
        prop_assume!(marked || by_hand);
        let decided = key(Key { owners: marked, ..three(b.as_deref(), a.as_deref(), d.as_deref()) });
        prop_assert!(matches!(decided, KeyAction::Keep { .. }), "{:?}", decided);
    }

    #[test]
    fn what_was_left_to_its_owner_goes_by_a_mask_alone(w in wanted(), pristine: bool, in_use: bool) {
        let (action, _) = entry(w, Actual::Ours { left: true, pristine, in_use }, Marks::OFFERED);
        prop_assert!(w == Masked || !matches!(action, Remove | Hide));
    }

    #[test]
    fn a_key_of_a_lost_baseline_is_never_written(a in value(), d in value(), owners: bool, refreshed: bool) {
        let decided = key(Key { owners, refreshed, lost: true, ..three(None, a.as_deref(), d.as_deref()) });
        prop_assert!(!matches!(decided, KeyAction::Write | KeyAction::Drift), "{:?}", decided);
    }

    #[test]
    fn an_untouched_key_always_follows(b in value(), d in value(), refreshed: bool) {
        let decided = key(Key { refreshed, ..three(b.as_deref(), b.as_deref(), d.as_deref()) });
        prop_assert_eq!(decided, if b == d { KeyAction::Record } else { KeyAction::Write });
    }

    #[test]
    fn a_key_comes_to_rest(b in value(), a in value(), d in value(), owners: bool, refreshed: bool) {
        let decided = key(Key { owners, refreshed, ..three(b.as_deref(), a.as_deref(), d.as_deref()) });
        let written = matches!(decided, KeyAction::Write | KeyAction::Record);
        let (b2, a2) = if written { (&d, &d) } else { (&b, &a) };
        let again = key(Key { owners, refreshed, ..three(b2.as_deref(), a2.as_deref(), d.as_deref()) });
        prop_assert_eq!(again, if decided == KeyAction::Write { KeyAction::Record } else { decided });
    }
}

fn value() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::of(prop::collection::vec(b'a'..b'd', 0..2))
}

fn three<'a>(b: Option<&'a [u8]>, a: Option<&'a [u8]>, d: Option<&'a [u8]>) -> Key<'a> {
    Key {
        baseline: b,
        actual: a,
        desired: d,
        owners: false,
        refreshed: false,
        lost: false,
    }
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a row of the table is a line or a few"
)]
fn the_table_row_by_row() {
    let ours = |pristine, in_use| Actual::Ours {
        left: false,
        pristine,
        in_use,
    };
    let left = Actual::Ours {
        left: true,
        pristine: false,
        in_use: false,
    };
    let theirs = |same_identity| Actual::Theirs { same_identity };
    let (new, offered, withheld) = (Marks::default(), Marks::OFFERED, Marks::WITHHELD);
    let unseen = Marks::UNSEEN;
    for (row, wanted, actual, marks, expected) in [
        ("new", Present, Actual::Absent, new, (Create, offered)),
        (
            "unmasked",
            Present,
            Actual::Absent,
            withheld,
            (Create, offered),
        ),
        (
            "deleted",
            Present,
            Actual::Absent,
            offered,
            (Leave, offered),
        ),
        ("history", Present, theirs(true), new, (Adopt, offered)),
        ("foreign", Present, theirs(false), new, (Leave, offered)),
        (
            "known",
            Present,
            ours(false, true),
            offered,
            (Update, offered),
        ),
        ("masked, new", Masked, Actual::Absent, new, (Leave, unseen)),
        (
            "masked again",
            Masked,
            Actual::Absent,
            withheld,
            (Leave, withheld),
        ),
        (
            "unmasked, first seen",
            Present,
            Actual::Absent,
            unseen,
            (Create, offered),
        ),
        (
            "masked, deleted",
            Masked,
            Actual::Absent,
            offered,
            (Leave, offered),
        ),
        (
            "masked",
            Masked,
            ours(false, false),
            offered,
            (Remove, withheld),
        ),
        (
            "masked, in use",
            Masked,
            ours(true, true),
            offered,
            (Hide, offered),
        ),
        (
            "masked, foreign",
            Masked,
            theirs(true),
            new,
            (Leave, offered),
        ),
        (
            "broken, new",
            Unresolved,
            Actual::Absent,
            new,
            (Leave, unseen),
        ),
        (
            "broken, foreign",
            Unresolved,
            theirs(true),
            new,
            (Leave, offered),
        ),
        (
            "broken, known",
            Unresolved,
            ours(true, false),
            offered,
            (Leave, offered),
        ),
        (
            "broken, deleted",
            Unresolved,
            Actual::Absent,
            offered,
            (Leave, offered),
        ),
        (
            "withdrawn",
            Withdrawn,
            ours(true, false),
            offered,
            (Remove, withheld),
        ),
        (
            "withdrawn, in use",
            Withdrawn,
            ours(true, true),
            offered,
            (Hide, offered),
        ),
        (
            "withdrawn, edited",
            Withdrawn,
            ours(false, false),
            offered,
            (Release, offered),
        ),
        (
            "withdrawn, left to its owner",
            Withdrawn,
            left,
            offered,
            (Leave, offered),
        ),
        ("brought again", Present, left, offered, (Update, offered)),
        (
            "left to its owner, masked",
            Masked,
            left,
            offered,
            (Remove, withheld),
        ),
        (
            "withdrawn, deleted",
            Withdrawn,
            Actual::Absent,
            offered,
            (Leave, offered),
        ),
    ] {
        assert_eq!(entry(wanted, actual, marks), expected, "{row}");
    }
}
