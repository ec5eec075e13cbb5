//! Random histories of a machine: images come and go, the owner uses the tools of the target, runs die. After
//! every whole run the real consumer says whether everybody got what they are owed.
//!
//! What the owner is owed is kept here in a few words for each name, from what was done and from what the
//! consumer sees; nothing is asked of overlayctl.

mod acts;
mod asked;
mod images;
mod judge;
mod owed;
mod scene;
mod turn;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::faults::LOCK;
use crate::is_thorough;
use crate::random::Random;

use images::names;
use owed::{Maker, Owed, Served};
pub(crate) use scene::Scene;
use turn::{Death, Turn};
pub(crate) use turn::{Entry, Image, Said, Shipped, Values};

/// The remotes that everything happens to.
const NAMES: [&str; 4] = ["one", "two", "three", "four"];

/// Those of them that some images call otherwise. An image says of each name what the other one is.
const RENAMED: [&str; 2] = ["three", "four"];

/// How a remote is called by an image that calls it otherwise.
fn later(name: &str) -> String {
    format!("{name}-later")
}

/// How many servers the vendor has.
pub(crate) const SERVERS: usize = 3;

/// What an owner's own remote has.
pub(crate) const OWN_URL: &str = "http://127.0.0.1:9/own";

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
    /// Remotes that are there under another name than before.
    renamed: usize,
    /// Remotes of which the vendor's certificates were taken out, and those whose lines were put aside.
    taken_out: usize,
    put_aside: usize,
    /// Remotes that the owner had changed and a mask of the vendor's hides.
    hidden: usize,
}

/// One history.
struct History<'s, S> {
    scene: &'s S,
    images: Vec<Image>,
    booted: usize,
    /// The image of the last run, if that was whole and nothing else was deployed since.
    settled: Option<usize>,
    /// The name under which each remote was there last.
    called: BTreeMap<&'static str, String>,
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
            settled: None,
            called: BTreeMap::new(),
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
        renamed,
        taken_out,
        put_aside,
        hidden,
    } = tally;
    assert!(whole > 0 && acts > 0 && dead > 0, "nothing was tried");
    let said = writeln!(
        std::io::stdout(),
        "{} histories, {turns} turns: {whole} whole runs judged, {dead} dead ones, {acts} acts of the owner, {wishes} wishes, {served} of servers; {renamed} renamed, {taken_out} without the vendor's keys, {put_aside} put aside, {hidden} hidden with edits",
        end - first
    );
    said.expect("stdout");
}

impl<S: Scene> History<'_, S> {
    fn take(&mut self, turn: Turn) {
        self.told.push(format!("{turn:?}"));
        self.tally.turns += 1;
        match turn {
            Turn::Deploy(changes) => self.deploy(changes),
            Turn::CallOtherwise(name) => {
                let renamed = |entry: Entry| Entry {
                    renamed: !entry.renamed,
                    ..entry
                };
                let otherwise = |entry| Shipped::Remote(renamed(entry));
                self.reship(name, otherwise, |name| RENAMED.contains(&name));
            }
            Turn::Hide(name) => self.reship(name, Shipped::Hidden, |_| true),
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
                let at = history.at(name);
                if history.scene.is_verified(&at) && !history.owed[name].trusts {
                    history.scene.trust(&at);
                    history.owed(name).trusts = true;
                }
            }),
            Turn::SwitchOff(name) => self.act(name, |history, name| {
                if history.owed[name].maker != Maker::Owner {
                    let mut values = history.standing(name).values;
                    values.off = true;
                    history.scene.edit(&history.at(name), &values);
                    history.owed(name).off = true;
                }
            }),
            Turn::TakeOut(name) => {
                self.sync();
                self.act(name, Self::take_out);
            }
            Turn::PutAside(name, changes) => self.put_aside(name, changes),
            Turn::AddOwn(name) => {
                if !RENAMED.contains(&name)
                    && self.consumer_runs()
                    && !self.scene.present().contains(name)
                {
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

    /// The name of a remote that is there, be it the later one; else the one that the image has.
    fn at(&self, name: &str) -> String {
        let present = self.scene.present();
        let shipped = self.images[self.booted].get(name);
        let shipped = shipped.map_or_else(|| name.to_owned(), |shipped| names(name, shipped).0);
        let known = [shipped.clone(), name.to_owned(), later(name)];
        let there = known.into_iter().find(|name| present.contains(name));
        there.unwrap_or(shipped)
    }

    fn is_present(&self, name: &str) -> bool {
        let present = self.scene.present();
        present.contains(name) || present.contains(&later(name))
    }

    /// Whether the consumer works with what there is; it stumbles over a broken file that came since the last
    /// whole run. It imports what the image brought since then.
    fn consumer_runs(&mut self) -> bool {
        let before = self.scene.present();
        let works = self.scene.listed().is_ok();
        for name in self.scene.present().difference(&before) {
            let name = name.strip_suffix("-later").unwrap_or(name);
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

    fn die(&mut self, arguments: &[&str], Death { call, ordinal }: Death) {
        self.settled = None;
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
        for name in NAMES {
            if !self.is_present(name) {
                self.owed(name).gone();
                self.called.remove(name);
                continue;
            }
            let at = self.at(name);
            let now = self.scene.values(&at);
            let before = self.called.insert(name, at.clone());
            let is_renamed = before.is_some_and(|before| before != at);
            let owed = self.owed(name);
            if is_renamed {
                // A server says it again under the new name.
                owed.served = Served {
                    url: owed.served.url.take(),
                    ..Served::default()
                };
            }
            // So it is with what the vendor won back from a server.
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
        self.settled = Some(self.booted);
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
            let was_present = before.contains(name) || before.contains(&later(name));
            let is_renamed =
                was_present && self.is_present(name) && !before.contains(&self.at(name));
            self.tally.renamed += usize::from(is_renamed);
            let is_hidden = matches!(image.get(name), Some(Shipped::Hidden(_)));
            self.tally.hidden += usize::from(is_hidden && self.owed[name].is_edited());
            self.judge(name, image.get(name), was_present);
        }
        let listed = self.scene.listed();
        assert_eq!(listed, Ok(self.scene.present()), "{}", self.story());
        self.tally.whole += 1;
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
