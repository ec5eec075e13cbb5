//! Random histories of a machine: images come and go, the owner uses the tools of the target, runs die. After
//! every whole run the real consumer says whether everybody got what they are owed.
//!
//! What the owner is owed is kept here in a few words for each name, from what was done and from what the
//! consumer sees; nothing is asked of overlayctl.

mod asked;
mod owed;
mod turn;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::faults::LOCK;
use crate::flatpak::bench::Keys;
use crate::machine::Machine;
use crate::random::Random;
use crate::{is_thorough, peers::Found};

use owed::{Maker, Owed, Served};
use turn::{Death, Turn};
pub(crate) use turn::{Entry, Image, Said, Shipped, Signer, Values};

/// The remotes that everything happens to.
const NAMES: [&str; 4] = ["one", "two", "three", "four"];

/// How many servers the vendor has.
pub(crate) const SERVERS: usize = 3;

/// What an owner's own remote has.
pub(crate) const OWN_URL: &str = "http://127.0.0.1:9/own";

/// One target with its real consumer.
pub(crate) trait Scene {
    fn machine(&self) -> &Machine;
    fn keys(&self) -> &Keys;

    /// The image ships a remote, or a file that nobody can read.
    fn ship(&self, name: &str, entry: Option<&Entry>);
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

    /// Where the vendor's servers are, of which there are [`SERVERS`].
    fn server(&self, number: usize) -> String {
        format!("http://127.0.0.1:9/vendor{number}")
    }
    /// Where a server is that has moved.
    fn moved(&self, number: usize) -> String {
        self.server(number) + "/."
    }
    /// A server says something, and the consumer asks it for this remote. Whether the consumer is one that does.
    fn ask(&self, _name: &str, _server: usize, _said: &Said) -> bool {
        false
    }

    /// A reset to factory defaults.
    fn wipe(&self);
}

/// How much was tried.
#[derive(Debug, Default)]
struct Tally {
    turns: usize,
    whole: usize,
    dead: usize,
    acts: usize,
    /// Entries for which the owner asked overlayctl for something.
    wishes: usize,
    /// Remotes of which a server changed something.
    served: usize,
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
        wishes,
        served,
    } = tally;
    assert!(whole > 0 && acts > 0 && dead > 0, "nothing was tried");
    let said = writeln!(
        std::io::stdout(),
        "{} histories, {turns} turns: {whole} whole runs judged, {dead} dead ones, {acts} acts of the owner, {wishes} wishes, {served} of servers",
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
            Turn::Die(death) => self.die(&["sync"], death),
            Turn::DieRestoring(name, death) => self.die_restoring(name, death),
            Turn::DieReverting(name, death) => self.die_reverting(name, death),
            Turn::Delete(name) => self.act(name, Self::delete),
            Turn::EditUrl(name, number) => self.act(name, |history, name| {
                let url = format!("http://127.0.0.1:9/owner{number}");
                history.edit(name, Some(url), None);
            }),
            Turn::EditTitle(name, number) => self.act(name, |history, name| {
                history.edit(name, None, Some(format!("owner{number}")));
            }),
            Turn::Ask(name, said) => self.act(name, |history, name| history.ask(name, &said)),
            Turn::Restore(name) => self.restore(name),
            Turn::Revert(name) => self.revert(name),
            Turn::Release(name) => self.release(name),
            Turn::Adopt(name) => self.adopt(name),
            Turn::Trust(name) => self.act(name, |history, name| {
                if history.scene.is_verified(name) && !history.owed[name].trusts {
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
        let layer = self.scene.machine().path("usr");
        let _ = std::fs::remove_dir_all(&layer);
        std::fs::create_dir(layer).expect("an image");
        for (name, shipped) in &self.images[image] {
            let entry = match shipped {
                Shipped::Broken => None,
                Shipped::Remote(entry) => Some(entry),
            };
            self.scene.ship(name, entry);
        }
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

    /// The first of the names from this one on of which something holds.
    fn first(&self, from: &str, is: impl Fn(&Self, &str) -> bool) -> Option<&'static str> {
        let at = NAMES.iter().position(|name| *name == from);
        let mut names = NAMES.into_iter().cycle().skip(at?).take(NAMES.len());
        names.find(|name| is(self, name))
    }

    /// The owner does something to a remote that is there.
    fn act(&mut self, from: &'static str, act: impl FnOnce(&mut Self, &'static str)) {
        if !self.consumer_runs() {
            return;
        }
        let present = self.scene.present();
        if let Some(name) = self.first(from, |_, name| present.contains(name)) {
            self.tally.acts += 1;
            self.told.push(format!("    {name}"));
            act(self, name);
            if self.owed(name).released.is_some() && self.scene.present().contains(name) {
                self.owed(name).released = Some(self.standing(name));
            }
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
            owed.served.url = None;
            values.url = url;
        }
        if let Some(title) = title {
            owed.title = Some(title.clone());
            owed.served.title = None;
            values.title = title;
        }
        self.scene.edit(name, &values);
    }

    fn die(&mut self, arguments: &[&str], Death { call, ordinal }: Death) {
        let command = self.scene.machine().overlayctl(arguments);
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
                continue;
            }
            // So it is with what the vendor won back from a server.
            let now = self.scene.values(name);
            let Served { url, title, .. } = &mut owed.served;
            *url = url.take().filter(|url| *url == now.url);
            *title = title.take().filter(|title| title.text == now.title);
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
        if let Some(released) = &owed.released {
            assert!(is_present, "it was released: {}", story());
            assert_eq!(self.standing(name), *released, "{}", story());
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
                let is_adopted =
                    matches!(owed.maker, Maker::Consumer | Maker::Adopted | Maker::Given);
                let may_stay = is_adopted || owed.trusts || owed.is_unclear();
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
            Some(Shipped::Remote(_)) if owed.maker == Maker::Unsure && !is_present => {}
            Some(Shipped::Remote(entry)) => {
                assert!(is_present, "it is missing: {}", story());
                // What was imported of another image may be foreign by now.
                if owed.maker != Maker::Consumer {
                    self.judge_values(name, entry, &owed, &story);
                }
                if owed.maker == Maker::Unsure {
                    self.owed(name).maker = Maker::Overlayctl;
                }
            }
        }
    }

    fn judge_values(&self, name: &str, shipped: &Entry, owed: &Owed, story: &dyn Fn() -> String) {
        let wanted = owed.wanted(shipped, self.scene.server(shipped.server));
        assert_eq!(self.scene.values(name), wanted, "{}", story());
        let trusted = self.trusted(shipped, owed);
        assert_eq!(self.scene.trusted(name), trusted, "{}", story());
        let is_signed = shipped.signer != Signer::Nobody && owed.maker != Maker::Given;
        assert_eq!(self.scene.is_verified(name), is_signed, "{}", story());
    }

    /// The keys that the vendor, the owner and a server brought.
    fn trusted(&self, shipped: &Entry, owed: &Owed) -> Vec<String> {
        let keys = self.scene.keys();
        let owners = owed.trusts.then_some(&keys.owner);
        let servers = owed.served.key.then_some(&keys.extended);
        let brought = shipped.signer.key(keys).into_iter();
        let brought = brought.chain(owners).chain(servers);
        let mut brought: Vec<_> = brought.map(|key| key.fingerprint.clone()).collect();
        brought.sort();
        brought
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
