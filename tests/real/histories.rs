//! Random histories of a machine: images come and go, the owner uses the tools of the target, runs die. After
//! every whole run the real consumer says whether everybody got what they are owed.
//!
//! What the owner is owed is kept here in a few words for each name, from what was done and from what the
//! consumer sees; nothing is asked of overlayctl.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::faults::LOCK;
use crate::flatpak::bench::{Key, Keys};
use crate::machine::Machine;
use crate::random::Random;
use crate::{is_thorough, peers::Found};

/// The remotes that everything happens to.
const NAMES: [&str; 4] = ["one", "two", "three", "four"];

/// What an owner's own remote has.
pub(crate) const OWN_URL: &str = "http://127.0.0.1:9/own";

/// What an image ships of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shipped {
    Remote(Values, Signer),
    /// A file that nobody can read.
    Broken,
}

/// The two keys of a remote that change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Values {
    pub(crate) url: String,
    pub(crate) title: String,
}

/// Whose certificate comes with a remote; without one, nothing is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    Nobody,
    Vendor,
    Stranger,
}

impl Signer {
    pub(crate) fn key(self, keys: &Keys) -> Option<&Key> {
        match self {
            Self::Nobody => None,
            Self::Vendor => Some(&keys.vendor),
            Self::Stranger => Some(&keys.stranger),
        }
    }
}

/// One target with its real consumer.
pub(crate) trait Scene {
    fn machine(&self) -> &Machine;
    fn keys(&self) -> &Keys;

    /// Makes the image's layer anew.
    fn boot(&self, image: &Image);
    fn mask(&self, name: &str);
    fn unmask(&self, name: &str);

    /// The remotes that the consumer sees, or why it does not work. It may import what it finds.
    fn listed(&self) -> Found<BTreeSet<String>>;
    /// The remotes in the target, without the consumer's having run.
    fn present(&self) -> BTreeSet<String>;
    fn values(&self, name: &str) -> Values;
    fn is_verified(&self, name: &str) -> bool;
    /// Fingerprints in the keyring of a remote, sorted.
    fn trusted(&self, name: &str) -> Vec<String>;
    /// What a whole run should not leave: staged files, intents, keyrings of remotes that are not there.
    fn strays(&self) -> Vec<PathBuf>;

    /// The owner's acts, by the tools of the target.
    fn delete(&self, name: &str);
    fn edit(&self, name: &str, values: &Values);
    fn add_own(&self, name: &str);
    fn trust(&self, name: &str);

    /// A reset to factory defaults.
    fn wipe(&self);
}

/// What an image ships, by name.
pub(crate) type Image = BTreeMap<&'static str, Shipped>;

/// What happens.
#[derive(Debug, Clone)]
enum Turn {
    /// An image that differs from the last one in these names.
    Deploy(Vec<(&'static str, Option<Shipped>)>),
    RollBack,
    Forward,
    Mask(&'static str),
    Unmask(&'static str),
    Delete(&'static str),
    EditUrl(&'static str, usize),
    EditTitle(&'static str, usize),
    AddOwn(&'static str),
    Trust(&'static str),
    ConsumerRuns,
    Wipe,
    Sync,
    /// A run that dies before its n-th call of this name.
    Die(&'static str, usize),
}

impl Turn {
    fn any(random: &mut Random) -> Self {
        let name = random.pick(&NAMES);
        match random.below(24) {
            0..=4 => Self::Deploy(
                (0..=random.below(3))
                    .map(|_| (random.pick(&NAMES), shipped(random)))
                    .collect(),
            ),
            5 => Self::RollBack,
            6 => Self::Forward,
            7 => Self::Mask(name),
            8 => Self::Unmask(name),
            9 | 10 => Self::Delete(name),
            11 => Self::EditUrl(name, random.below(3)),
            12 => Self::EditTitle(name, random.below(3)),
            13 => Self::AddOwn(name),
            14 => Self::Trust(name),
            15 => Self::ConsumerRuns,
            16 if random.one_in(4) => Self::Wipe,
            16..=19 => Self::Sync,
            _ => {
                let call = random.pick(&["renameat2", "fsync", "unlinkat", "write"]);
                Self::Die(call, 1 + random.below(6))
            }
        }
    }
}

fn shipped(random: &mut Random) -> Option<Shipped> {
    let values = Values {
        url: format!("http://127.0.0.1:9/vendor{}", random.below(3)),
        title: format!("vendor{}", random.below(3)),
    };
    match random.below(12) {
        0..=2 => None,
        3 => Some(Shipped::Broken),
        4..=6 => Some(Shipped::Remote(values, Signer::Nobody)),
        7..=9 => Some(Shipped::Remote(values, Signer::Vendor)),
        _ => Some(Shipped::Remote(values, Signer::Stranger)),
    }
}

/// What is owed to the owner and the vendor of one name.
#[derive(Debug, Clone, Default)]
struct Owed {
    /// The owner deleted what the vendor had offered.
    deleted: bool,
    /// What the owner set.
    url: Option<String>,
    title: Option<String>,
    /// The owner imported a certificate.
    trusts: bool,
    masked: bool,
    maker: Maker,
}

/// Who made the remote of a name, or will.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Maker {
    #[default]
    Overlayctl,
    /// The owner, by a tool, and it is another than the vendor's.
    Owner,
    /// The consumer imported it before overlayctl knew it: what is equal becomes the vendor's, and it is not
    /// removed on withdrawal.
    Consumer,
    /// The owner deleted an own remote: whether the vendor's comes in its place depends on whether that was ever
    /// offered, which the laws of the adapters' histories hold.
    Unsure,
}

impl Owed {
    /// Nobody's edits outlive the remote.
    fn gone(&mut self) {
        let maker = match self.maker {
            Maker::Unsure => Maker::Unsure,
            _ => Maker::Overlayctl,
        };
        *self = Self {
            deleted: self.deleted,
            masked: self.masked,
            maker,
            ..Self::default()
        };
    }

    fn is_edited(&self) -> bool {
        self.url.is_some() || self.title.is_some()
    }
}

/// How much was tried.
#[derive(Debug, Default)]
struct Tally {
    turns: usize,
    whole: usize,
    dead: usize,
    acts: usize,
}

/// One history.
struct History<'s, S> {
    scene: &'s S,
    images: Vec<Image>,
    booted: usize,
    owed: BTreeMap<&'static str, Owed>,
    /// What happened, for the message.
    told: Vec<String>,
    tally: &'s mut Tally,
}

/// Tries this many histories in the gate, and a few of them in a plain run; `OVERLAYCTL_HISTORIES=FIRST..END` tries others, by
/// their numbers.
pub(crate) fn check<S: Scene>(in_the_gate: u64, scene: impl Fn() -> S) {
    let asked = std::env::var("OVERLAYCTL_HISTORIES").ok();
    let asked = asked.map(|range| {
        let (first, end) = range.split_once("..").expect("FIRST..END");
        [first, end].map(|number| number.parse().expect("a number"))
    });
    let [first, end] = asked.unwrap_or([0, if is_thorough() { in_the_gate } else { 2 }]);
    let mut tally = Tally::default();
    for index in first..end {
        let mut random = Random::of(index);
        let scene = scene();
        let mut history = History {
            scene: &scene,
            images: vec![Image::new()],
            booted: 0,
            owed: NAMES.map(|name| (name, Owed::default())).into(),
            told: vec![format!("history {index}")],
            tally: &mut tally,
        };
        for _ in 0..30 {
            history.take(Turn::any(&mut random));
        }
        history.take(Turn::Sync);
        let _ = std::fs::remove_dir_all(&scene.machine().root);
    }
    let Tally {
        turns,
        whole,
        dead,
        acts,
    } = tally;
    assert!(whole > 0 && acts > 0 && dead > 0, "nothing was tried");
    let said = writeln!(
        std::io::stdout(),
        "{} histories, {turns} turns: {whole} whole runs judged, {dead} dead ones, {acts} acts of the owner",
        end - first
    );
    said.expect("stdout");
}

impl<S: Scene> History<'_, S> {
    fn take(&mut self, turn: Turn) {
        self.told.push(format!("{turn:?}"));
        self.tally.turns += 1;
        match turn {
            Turn::Deploy(changes) => {
                let mut image = self.images[self.booted].clone();
                for (name, shipped) in changes {
                    match shipped {
                        Some(shipped) => image.insert(name, shipped),
                        None => image.remove(name),
                    };
                }
                self.images.truncate(self.booted + 1);
                self.images.push(image);
                self.boot(self.booted + 1);
            }
            Turn::RollBack => self.boot(self.booted.saturating_sub(1)),
            Turn::Forward => self.boot((self.booted + 1).min(self.images.len() - 1)),
            Turn::Mask(name) => {
                if !self.owed(name).masked {
                    self.scene.mask(name);
                    self.owed(name).masked = true;
                }
            }
            Turn::Unmask(name) => {
                if self.owed(name).masked {
                    self.scene.unmask(name);
                    self.owed(name).masked = false;
                }
            }
            Turn::ConsumerRuns => drop(self.consumer_runs()),
            Turn::Wipe => {
                self.scene.wipe();
                for owed in self.owed.values_mut() {
                    *owed = Owed {
                        masked: owed.masked,
                        ..Owed::default()
                    };
                }
            }
            Turn::Sync => self.sync(),
            Turn::Die(call, ordinal) => self.die(call, ordinal),
            Turn::Delete(name) => self.act(name, Self::delete),
            Turn::EditUrl(name, number) => self.act(name, |history, name| {
                let url = format!("http://127.0.0.1:9/owner{number}");
                history.edit(name, Some(url), None);
            }),
            Turn::EditTitle(name, number) => self.act(name, |history, name| {
                history.edit(name, None, Some(format!("owner{number}")));
            }),
            Turn::Trust(name) => self.act(name, |history, name| {
                if history.scene.is_verified(name) {
                    history.scene.trust(name);
                    history.owed(name).trusts = true;
                }
            }),
            Turn::AddOwn(name) => {
                if self.consumer_runs() && !self.scene.present().contains(name) {
                    self.tally.acts += 1;
                    self.scene.add_own(name);
                    self.owed(name).maker = Maker::Owner;
                }
            }
        }
    }

    fn owed(&mut self, name: &str) -> &mut Owed {
        self.owed.get_mut(name).expect("one of the names")
    }

    fn boot(&mut self, image: usize) {
        self.booted = image;
        self.scene.boot(&self.images[image]);
    }

    /// Whether the consumer works with what there is; it stumbles over a broken file that came since the last
    /// whole run. It imports what the image brought since then.
    fn consumer_runs(&mut self) -> bool {
        let before = self.scene.present();
        let works = self.scene.listed().is_ok();
        for name in self.scene.present().difference(&before) {
            self.owed(name).maker = Maker::Consumer;
        }
        works
    }

    /// The owner does something to a remote that is there, and not their own.
    fn act(&mut self, name: &'static str, act: impl FnOnce(&mut Self, &'static str)) {
        if self.consumer_runs() && self.scene.present().contains(name) {
            self.tally.acts += 1;
            act(self, name);
        }
    }

    fn delete(&mut self, name: &'static str) {
        self.scene.delete(name);
        let is_there = self.scene.present().contains(name);
        assert!(!is_there, "the owner's tool deletes {name}");
        let owed = self.owed(name);
        // Deleting one of their own, or one that is masked, says nothing of what the vendor offers.
        if owed.maker != Maker::Owner && !owed.masked {
            owed.deleted = true;
        }
        owed.maker = if owed.deleted {
            Maker::Overlayctl
        } else {
            Maker::Unsure
        };
        owed.gone();
    }

    fn edit(&mut self, name: &'static str, url: Option<String>, title: Option<String>) {
        if self.owed(name).maker == Maker::Owner {
            return;
        }
        let mut values = self.scene.values(name);
        let owed = self.owed(name);
        if let Some(url) = url {
            owed.url = Some(url.clone());
            values.url = url;
        }
        if let Some(title) = title {
            owed.title = Some(title.clone());
            values.title = title;
        }
        self.scene.edit(name, &values);
    }

    fn die(&mut self, call: &str, ordinal: usize) {
        let command = self.scene.machine().overlayctl(&["sync"]);
        let mut strace = Command::new("strace");
        let trace = format!("trace={call},clock_nanosleep");
        let inject = format!("inject={call}:signal=SIGKILL:when={ordinal}");
        // The pause in which sync looks out for other programs is left out: there are none.
        let no_pause = "inject=clock_nanosleep:retval=0";
        let options = [
            "-f",
            "-o",
            "/dev/null",
            "-e",
            &trace,
            "-e",
            no_pause,
            "-e",
            &inject,
        ];
        let command = strace
            .args(options)
            .arg(command.get_program())
            .args(command.get_args());
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if status.expect("strace runs").success() {
            self.told.push("which was whole".to_owned());
        }
        self.tally.dead += 1;
        self.forget_what_is_gone();
        self.assert_sound();
    }

    /// A mask and a withdrawal take edits along; what the run did before it died is seen by what is there.
    fn forget_what_is_gone(&mut self) {
        let present = self.scene.present();
        for (name, owed) in &mut self.owed {
            if !present.contains(*name) {
                owed.gone();
            }
        }
    }

    /// No remote is verified without a key, at any time.
    fn assert_sound(&self) {
        for name in self.scene.present() {
            let trusts_nobody =
                self.scene.is_verified(&name) && self.scene.trusted(&name).is_empty();
            assert!(
                !trusts_nobody,
                "{name} is verified without a key: {}",
                self.story()
            );
        }
    }

    fn sync(&mut self) {
        let before = self.scene.present();
        let found = self.scene.machine().snapshot();
        let report = self.scene.machine().report(&["sync"]);
        assert!(report.code < 2, "{report:#?}: {}", self.story());
        for entry in &report.entries {
            let (name, state) = (&entry.name, &entry.state);
            self.told.push(format!("    {name}: {state}"));
        }
        self.forget_what_is_gone();
        self.assert_sound();
        let machine = self.scene.machine();
        let snapshot = machine.snapshot();
        // A dead run's lock stays until the next that writes.
        let is_locked = snapshot.keys().any(|path| path.ends_with(LOCK));
        assert!(!is_locked || snapshot == found, "{}", self.story());
        machine.report(&["sync"]);
        assert!(
            snapshot == machine.snapshot(),
            "a second run writes: {}",
            self.story()
        );
        let strays = self.scene.strays();
        assert!(strays.is_empty(), "{strays:?}: {}", self.story());
        let image = self.images[self.booted].clone();
        for name in NAMES {
            self.judge(name, image.get(name), before.contains(name));
        }
        let listed = self.scene.listed();
        assert_eq!(listed, Ok(self.scene.present()), "{}", self.story());
        self.tally.whole += 1;
    }

    fn judge(&mut self, name: &'static str, shipped: Option<&Shipped>, was_present: bool) {
        let is_present = self.scene.present().contains(name);
        let owed = self.owed[name].clone();
        let story = || format!("{name} in {}, {owed:?}, {shipped:?}", self.story());
        if owed.maker == Maker::Owner {
            assert!(is_present, "the owner's own stays: {}", story());
            assert_eq!(self.scene.values(name).url, OWN_URL, "{}", story());
            return;
        }
        if owed.deleted {
            assert!(!is_present, "it came back: {}", story());
            return;
        }
        match shipped {
            _ if owed.masked => {
                assert!(
                    !is_present || owed.maker == Maker::Consumer,
                    "it is masked: {}",
                    story()
                );
            }
            None if owed.is_edited() => assert!(is_present, "released with edits: {}", story()),
            None => {
                let may_stay = owed.maker == Maker::Consumer || owed.trusts;
                assert!(!is_present || may_stay, "it is withdrawn: {}", story());
            }
            Some(Shipped::Broken) => {
                assert_eq!(
                    is_present,
                    was_present,
                    "nobody knows what is wanted: {}",
                    story()
                );
            }
            Some(Shipped::Remote(..)) if owed.maker == Maker::Unsure && !is_present => {}
            Some(Shipped::Remote(values, signer)) => {
                assert!(is_present, "it is missing: {}", story());
                self.judge_values(name, values, *signer, &owed, &story);
                if owed.maker == Maker::Unsure {
                    self.owed(name).maker = Maker::Overlayctl;
                }
            }
        }
    }

    fn judge_values(
        &self,
        name: &str,
        shipped: &Values,
        signer: Signer,
        owed: &Owed,
        story: &dyn Fn() -> String,
    ) {
        let found = self.scene.values(name);
        // What was imported of another image may be foreign by now.
        if owed.maker != Maker::Consumer {
            let wanted = Values {
                url: owed.url.clone().unwrap_or_else(|| shipped.url.clone()),
                title: owed.title.clone().unwrap_or_else(|| shipped.title.clone()),
            };
            assert_eq!(found, wanted, "{}", story());
            let keys = self.scene.keys();
            let owners = owed.trusts.then_some(&keys.owner);
            let wanted = signer.key(keys).into_iter().chain(owners);
            let mut wanted: Vec<_> = wanted.map(|key| key.fingerprint.clone()).collect();
            wanted.sort();
            assert_eq!(self.scene.trusted(name), wanted, "{}", story());
            assert_eq!(
                self.scene.is_verified(name),
                signer != Signer::Nobody,
                "{}",
                story()
            );
        }
    }

    fn story(&self) -> String {
        self.told.join("\n    ")
    }
}

/// Files below a directory that a whole run should have taken away: its own, and keyrings of nobody. The lock of a
/// run that died is there until the next that writes.
pub(crate) fn leftovers(place: &Path, is_keyring_of_nobody: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let is_stray = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_ours = name.contains(".overlayctl") && name.starts_with('.') && name != LOCK;
        let keyring = name.strip_suffix(".trustedkeys.gpg");
        is_ours || keyring.is_some_and(is_keyring_of_nobody)
    };
    let files = walkdir::WalkDir::new(place)
        .into_iter()
        .filter_map(Result::ok);
    files
        .map(walkdir::DirEntry::into_path)
        .filter(is_stray)
        .collect()
}
