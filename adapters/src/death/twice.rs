//! Two runs that die one after the other, the second of the next image or of the one before: each as if it had not been,
//! or had been whole.

use super::machine::{self, Machine, Tree};
use super::{Act, Aftermath, Change, Image, PART, Subject, Tally, flatpak, ostree, start};
use crate::report::Request;
use crate::thorough::some_of;

/// What may follow the second death. Doing nothing comes before deleting.
const AFTER: [Act; 3] = [Act::Nothing, Act::Deletes, Act::Adds];

/// A tree after each step of a run, the first of which is before it and the last after.
fn deaths(subject: &Subject, start: &Tree, image: fn(&Machine), request: &Request) -> Vec<Tree> {
    let mut trees = Vec::new();
    for steps in 0.. {
        let machine = Machine::from(start);
        (subject.strip)(&machine);
        image(&machine);
        let is_dead = subject.die(&machine, request, steps, |_| {});
        trees.push(machine.tree());
        if !is_dead {
            break;
        }
    }
    trees
}

fn survive(subject: &Subject, change: &Change, image: Image, tally: &mut Tally) {
    let (start, whole) = start(subject, change);
    let ship = match image {
        Image::RolledBack => change.old,
        _ => change.next,
    };
    let ends = |tree: &Tree| {
        AFTER.map(|owner| {
            let after = Aftermath { image, owner };
            after.end(subject, change, tree)
        })
    };
    let settled = |tree: &Tree| {
        let machine = Machine::from(tree);
        (subject.strip)(&machine);
        ship(&machine);
        subject.settle(&machine);
        machine.tree()
    };
    let good = [&start, &settled(&start), &whole, &settled(&whole)].map(ends);
    let mut seen: Vec<Tree> = Vec::new();
    for (first, left) in deaths(subject, &start, change.new, &subject.request(change))
        .iter()
        .enumerate()
    {
        let second = deaths(subject, left, ship, &Request::default());
        for (second, left) in second.into_iter().enumerate() {
            tally.tried += AFTER.len();
            if seen.contains(&left) {
                continue;
            }
            for (at, (ended, acted)) in ends(&left).into_iter().enumerate() {
                // What is not there cannot be deleted.
                let at = if acted { at } else { at - 1 };
                let mut wrong = machine::difference(&good[0][at].0, &ended, subject);
                for good in &good[1..] {
                    let differs = machine::difference(&good[at].0, &ended, subject);
                    wrong.retain(|entry, _| differs.contains_key(entry));
                }
                if !wrong.is_empty() {
                    tally.failures.push(format!(
                        "{}: killed after {first} steps, then after {second} of {image:?}'s, {:?}:\n{wrong:#?}",
                        change.name, AFTER[at]
                    ));
                }
            }
            seen.push(left);
        }
    }
}

fn campaign(subject: &Subject, changes: &[Change], images: &[Image]) -> Tally {
    let mut tally = Tally::default();
    for change in some_of(PART, changes) {
        for image in images {
            survive(subject, change, *image, &mut tally);
        }
    }
    tally
}

#[test]
fn two_deaths_of_flatpak_end_well() {
    let images = [Image::Next, Image::RolledBack];
    campaign(&flatpak::subject(), &flatpak::changes(), &images).assert_survived("flatpak, twice");
}

#[test]
fn two_deaths_of_ostree_end_well() {
    let images = [Image::Next, Image::RolledBack];
    campaign(&ostree::subject(), &ostree::changes(), &images).assert_survived("ostree, twice");
}
