//! Runs that are killed between any two of their steps, on real files; then the image is another, or the
//! owner acts, or both. The next run ends as if the dead one had not been, or had been whole.
//!
//! What a death between two system calls leaves is tried by `tests/real` with the real programs; these
//! tests find in seconds what is wrong with the order of the steps, and show that a wrong one is found.

mod failing;
mod flatpak;
mod machine;
mod ostree;
mod planted;
mod twice;

use std::path::Path;

use machine::{Machine, Tree};

use crate::commit::{Step, commit, commit_until};
use crate::obstacles::Obstacles;
use crate::plan::Plan;
use crate::planner::Planner;
use crate::report::{Request, Wish};
use crate::thorough::some_of;

/// The remote that everything happens to.
const NAME: &str = "x";

/// What it may be called before, or later.
const OTHER_NAME: &str = "y";

/// One adapter, and what its owner's tools do.
struct Subject {
    planner: Box<dyn Planner>,
    /// Takes the image, and what the owner masked, away.
    strip: fn(&Machine),
    /// What an image ships that knows nothing of the remote.
    other: fn(&Machine),
    /// The owner deletes the remote of this name. Whether it was there.
    delete: fn(&Machine, &str) -> bool,
    /// The owner makes a remote of the first name that is another.
    add: fn(&Machine),
    /// The entry whose a file is: each entry for itself is as if there had been no run, or a whole one.
    entry: fn(&Path) -> String,
    /// Whether a file may be missing without a loss: what a server will send again.
    is_cache: fn(&Path) -> bool,
    /// What the consumer would stumble over.
    fault: fn(&Machine) -> Option<String>,
}

/// One kind of change: what three images ship, the first of which is synced.
struct Change {
    name: &'static str,
    old: fn(&Machine),
    new: fn(&Machine),
    next: fn(&Machine),
    /// What there is before the first sync.
    before: fn(&Machine),
    /// What the owner does after it.
    since: fn(&Machine),
    /// What the run that is killed is asked for.
    wish: Option<Wish>,
}

impl Change {
    const NOTHING: fn(&Machine) = |_| {};

    const fn new(name: &'static str, images: [fn(&Machine); 3]) -> Self {
        let [old, new, next] = images;
        Self {
            name,
            old,
            new,
            next,
            before: Self::NOTHING,
            since: Self::NOTHING,
            wish: None,
        }
    }

    fn request(&self, adapter: &str) -> Request {
        let wishes = self.wish.clone().into_iter();
        Request {
            wishes: wishes
                .map(|wish| (format!("{adapter}/{NAME}"), wish))
                .collect(),
            ..Request::default()
        }
    }
}

/// What the owner does between the death and the next run.
#[derive(Debug, Clone, Copy)]
enum Act {
    Nothing,
    Deletes,
    Adds,
}

/// The steps of a batch, made worse.
type Planted = fn(&mut Vec<Step>);

/// How it went.
#[derive(Debug, Default)]
struct Tally {
    /// How many deaths were tried, each with what followed it.
    tried: usize,
    /// Those after which the next run ended elsewhere.
    failures: Vec<String>,
}

impl Tally {
    fn assert_survived(&self, whose: &str) {
        let Self { tried, failures } = self;
        println!("{whose}: {} of {tried} deaths ended wrong", failures.len());
        assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    }
}

/// Tries every death of every change.
fn campaign(subject: &Subject, changes: &[Change], planted: Planted) -> Tally {
    let mut tally = Tally::default();
    for change in some_of(PART, changes) {
        survive(subject, change, planted, &mut tally);
    }
    tally
}

/// Of how many changes a quick run tries one.
const PART: usize = 20;

/// What a run finds, and what it makes of that.
fn start(subject: &Subject, change: &Change) -> (Tree, Tree) {
    let machine = Machine::default();
    (change.before)(&machine);
    (change.old)(&machine);
    subject.settle(&machine);
    (change.since)(&machine);
    (subject.strip)(&machine);
    (change.new)(&machine);
    let start = machine.tree();
    subject.run(&machine, &subject.request(change));
    let whole = machine.tree();
    assert_ne!(start, whole, "{}: nothing to do", change.name);
    (start, whole)
}

fn survive(subject: &Subject, change: &Change, planted: Planted, tally: &mut Tally) {
    let (start, whole) = start(subject, change);
    let request = subject.request(change);
    let mut judge = Judge::new(subject, change, &[&start, &whole]);
    for steps in 0.. {
        let machine = Machine::from(&start);
        let is_dead = subject.die(&machine, &request, steps, planted);
        judge.judge(&machine, &format!("killed after {steps} steps"), tally);
        if !is_dead {
            return;
        }
    }
}

/// Where runs end after each aftermath.
type Ends = [(Tree, bool); Aftermath::ALL.len()];

/// Judges where runs end that follow another: as if that had not been, or had been whole.
struct Judge<'s> {
    subject: &'s Subject,
    change: &'s Change,
    good: Vec<Ends>,
    /// What was judged: what the next run does follows from what it finds, so once for each is enough.
    seen: Vec<Tree>,
}

impl<'s> Judge<'s> {
    /// It is good to end as after one of these.
    fn new(subject: &'s Subject, change: &'s Change, good: &[&Tree]) -> Self {
        let mut judge = Self {
            subject,
            change,
            good: Vec::new(),
            seen: Vec::new(),
        };
        judge.good = good.iter().map(|tree| judge.ends(tree)).collect();
        judge
    }

    fn ends(&self, tree: &Tree) -> Ends {
        Aftermath::ALL.map(|after| after.end(self.subject, self.change, tree))
    }

    /// Judges what a run left to which that happened.
    fn judge(&mut self, machine: &Machine, happened: &str, tally: &mut Tally) {
        let name = self.change.name;
        let left = machine.tree();
        tally.tried += Aftermath::ALL.len();
        if let Some(fault) = (self.subject.fault)(machine) {
            tally.failures.push(format!("{name}: {happened}: {fault}"));
        }
        if self.seen.contains(&left) {
            return;
        }
        for ((at, after), (ended, acted)) in Aftermath::ALL.iter().enumerate().zip(self.ends(&left))
        {
            // What is not there cannot be deleted; what comes then is no undoing of the owner's.
            let at = if acted { at } else { at - 1 };
            let differs = |good: &Ends| machine::difference(&good[at].0, &ended, self.subject);
            let differing: Vec<_> = self.good.iter().map(differs).collect();
            let is_wrong = |entry| differing.iter().all(|one| one.contains_key(entry));
            if differing[0].keys().any(is_wrong) {
                tally.failures.push(format!(
                    "{name}: {happened}, {after:?}: not as if it had not been, nor as if it had been whole:\n{differing:#?}"
                ));
            }
        }
        self.seen.push(left);
    }
}

/// What there is between the death and the next run.
#[derive(Debug, Clone, Copy)]
struct Aftermath {
    image: Image,
    owner: Act,
}

#[derive(Debug, Clone, Copy)]
enum Image {
    Same,
    RolledBack,
    Next,
    /// One that ships another remote, and not this one.
    Without,
}

impl Aftermath {
    /// Doing nothing comes before deleting.
    const ALL: [Self; 12] = {
        const fn after(image: Image, owner: Act) -> Aftermath {
            Aftermath { image, owner }
        }
        [
            after(Image::Same, Act::Nothing),
            after(Image::Same, Act::Deletes),
            after(Image::Same, Act::Adds),
            after(Image::RolledBack, Act::Nothing),
            after(Image::RolledBack, Act::Deletes),
            after(Image::RolledBack, Act::Adds),
            after(Image::Next, Act::Nothing),
            after(Image::Next, Act::Deletes),
            after(Image::Next, Act::Adds),
            after(Image::Without, Act::Nothing),
            after(Image::Without, Act::Deletes),
            after(Image::Without, Act::Adds),
        ]
    };

    /// Where the next run ends; and whether the owner could do that.
    fn end(self, subject: &Subject, change: &Change, tree: &Tree) -> (Tree, bool) {
        let machine = Machine::from(tree);
        let acted = match self.owner {
            Act::Nothing => true,
            Act::Deletes => {
                let delete = |name: &&str| (subject.delete)(&machine, name);
                [NAME, OTHER_NAME].iter().any(delete)
            }
            Act::Adds => {
                (subject.delete)(&machine, NAME);
                (subject.add)(&machine);
                true
            }
        };
        (subject.strip)(&machine);
        match self.image {
            Image::Same => (change.new)(&machine),
            Image::RolledBack => (change.old)(&machine),
            Image::Next => (change.next)(&machine),
            Image::Without => (subject.other)(&machine),
        }
        subject.settle(&machine);
        (machine.tree(), acted)
    }
}

impl Subject {
    fn request(&self, change: &Change) -> Request {
        change.request(&self.planner.sources()[0].adapter)
    }

    fn plan(&self, machine: &Machine, request: &Request, obstacles: &Obstacles) -> Plan {
        self.planner.plan(&machine.root(), request, obstacles)
    }

    /// What a sync is, without the pause.
    fn run(&self, machine: &Machine, request: &Request) {
        for _ in 0..5 {
            let batch = self.plan(machine, request, &Obstacles::default()).batch;
            if batch.steps.is_empty() {
                return;
            }
            machine.make(&self.planner.lock());
            let outcome = commit(&machine.root(), &batch).outcome;
            outcome.expect("nothing is wrong");
        }
        panic!("it comes to no rest");
    }

    fn settle(&self, machine: &Machine) {
        self.run(machine, &Request::default());
    }

    /// Dies when everything is staged and this many steps are done. Whether it came to that.
    fn die(&self, machine: &Machine, request: &Request, after: usize, planted: Planted) -> bool {
        let mut batch = self.plan(machine, request, &Obstacles::default()).batch;
        planted(&mut batch.steps);
        machine.make(&self.planner.lock());
        let is_dead = after < batch.steps.len();
        let outcome = commit_until(&machine.root(), &batch, after).outcome;
        outcome.expect("nothing else is wrong");
        is_dead
    }
}
