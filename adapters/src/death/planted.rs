//! Faults that are planted into the order of the steps: the campaigns find each of them, so they would find
//! one that somebody makes.

use std::path::Path;

use bstr::ByteSlice as _;

use super::{Change, Planted, Subject, Tally, flatpak, ostree, survive};
use crate::commit::{Outcome, Step, commit};
use crate::obstacles::Obstacles;
use crate::report::Request;

fn flatpak() -> (Subject, Vec<Change>) {
    (flatpak::subject(), flatpak::changes())
}

fn ostree() -> (Subject, Vec<Change>) {
    (ostree::subject(), ostree::changes())
}

/// A fault is found if some death of this change ends wrong.
#[track_caller]
fn assert_found((subject, changes): (Subject, Vec<Change>), change: &str, planted: Planted) {
    let change = changes.iter().find(|known| known.name == change);
    let mut tally = Tally::default();
    survive(&subject, change.expect("a change"), planted, &mut tally);
    assert!(!tally.failures.is_empty(), "nobody found it");
}

fn ends_with(step: &Step, end: &str) -> bool {
    matches!(step, Step::Replace { path, .. } if path.as_os_str().as_encoded_bytes().ends_with(end.as_bytes()))
}

fn is_intent(step: &Step) -> bool {
    let name = Path::new(crate::keyed::intent::FILE_NAME);
    match step {
        Step::Intend { .. } => true,
        Step::Remove(path) => path.ends_with(name),
        _ => false,
    }
}

/// Puts the steps that `which` tells first, but for the intent, or last.
fn reorder(steps: &mut [Step], which: fn(&Step) -> bool, first: bool) {
    steps.sort_by_key(|step| match step {
        Step::Intend { .. } => 0,
        Step::Remove(_) if is_intent(step) => 3,
        _ if which(step) == first => 1,
        _ => 2,
    });
}

#[test]
fn the_configuration_before_the_keyring() {
    for machine in [flatpak(), ostree()] {
        assert_found(machine, "a key comes", |steps| {
            reorder(steps, |step| ends_with(step, ".gpg"), false);
        });
    }
}

#[test]
fn a_new_keyring_without_what_the_old_configuration_needs() {
    for machine in [flatpak(), ostree()] {
        assert_found(machine, "rotation", |steps| {
            let last = steps.iter().rposition(|step| ends_with(step, ".gpg"));
            let first = steps.iter().position(|step| ends_with(step, ".gpg"));
            if let (Some(first), Some(last)) = (first, last)
                && first < last
                && let Step::Replace { content, .. } = steps.remove(last)
                && let Step::Replace { content: union, .. } = &mut steps[first]
            {
                *union = content;
            }
        });
    }
}

#[test]
fn what_is_remembered_before_what_it_speaks_of() {
    assert_found(ostree(), "a new remote", |steps| {
        reorder(steps, |step| ends_with(step, ".state"), true);
    });
}

#[test]
fn no_intent() {
    for machine in [flatpak(), ostree()] {
        assert_found(machine, "the key goes", |steps| {
            steps.retain(|step| !is_intent(step));
        });
    }
}

#[test]
fn an_intent_that_does_not_say_that_a_remote_moves() {
    assert_found(ostree(), "adoption on request", |steps| {
        if let Some(Step::Intend { content, .. }) = steps.first_mut() {
            *content = content.replace("From=", "Elsewhere=");
        }
    });
}

#[test]
fn an_intent_that_does_not_say_what_was_remembered() {
    assert_found(ostree(), ostree::RENAMED_OF_OTHERS, |steps| {
        if let Some(Step::Intend { content, .. }) = steps.first_mut() {
            *content = content.replace("Remember", "Forgot");
        }
    });
}

#[test]
fn a_remote_comes_before_it_has_left() {
    assert_found(ostree(), "adoption on request", |steps| {
        reorder(steps, |step| ends_with(step, "/repo/config"), false);
    });
}

#[test]
fn an_intent_that_goes_before_what_follows_from_it_is_done() {
    for machine in [flatpak(), ostree()] {
        assert_found(machine, "the key goes", |steps| {
            let decides = steps
                .iter()
                .rposition(|step| matches!(step, Step::Replace { .. }) && !ends_with(step, ".gpg"));
            if let (Some(decides), Some(Step::Remove(_))) = (decides, steps.last()) {
                let intent = steps.pop().expect("the last");
                steps.insert(decides + 1, intent);
            }
        });
    }
}

#[test]
fn a_follow_up_that_is_forgotten() {
    for machine in [flatpak(), ostree()] {
        assert_found(machine, "the key goes", |steps| {
            steps.retain(|step| !matches!(step, Step::Remove(_)) || is_intent(step));
        });
    }
}

#[test]
fn the_new_name_before_the_old_one_is_gone() {
    // Where nothing is the owner's, the intent tells by now what to make of both.
    assert_found(ostree(), ostree::RENAMED_WITH_EDITS, |steps| {
        reorder(steps, |step| matches!(step, Step::Take { .. }), false);
    });
}

/// The owner writes the file between the plan and its first step. Whether that is still there.
fn is_kept(planted: impl FnOnce(&mut Vec<Step>, &[u8])) -> bool {
    let (subject, changes) = flatpak();
    let (machine, change) = (super::Machine::default(), &changes[1]);
    (change.old)(&machine);
    subject.settle(&machine);
    (change.new)(&machine);
    let request = Request::default();
    let mut batch = subject
        .plan(&machine, &request, &Obstacles::default())
        .batch;
    let mut theirs = machine.read(flatpak::CONFIG);
    theirs.extend(b"# theirs\n");
    machine.write(flatpak::CONFIG, &theirs);
    planted(&mut batch.steps, &theirs);
    let outcome = commit(&machine.root(), &batch).outcome;
    let outcome = outcome.expect("nothing else is wrong");
    let is_there = machine.read(flatpak::CONFIG) == theirs;
    assert_eq!(is_there, outcome == Outcome::Raced);
    is_there
}

#[test]
fn a_displaced_file_that_is_thrown_away() {
    assert!(is_kept(|_, _| {}));
    // As if nobody looked whether it is what was read.
    let unseen = |steps: &mut Vec<Step>, theirs: &[u8]| {
        for step in steps {
            if let Step::Replace { path, expected, .. } = step
                && path == Path::new(flatpak::CONFIG)
            {
                *expected = Some(theirs.to_vec());
            }
        }
    };
    assert!(!is_kept(unseen));
}
