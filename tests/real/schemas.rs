//! The schema of units, compared with systemd itself.
//!
//! `systemd-analyze verify` with debug messages prints all that it read from a unit. So units that
//! differ in one key show what the key is, whatever the value looks like there: of two assignments
//! either one alone would read the same (the last or the first counts) or neither would (both
//! count), and after an empty assignment the unit reads like one without the key, or as if the empty
//! assignment were not there. Values are tried until some are accepted.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use overlay_resolver::schema::{KeyKind, Merge, OnEmpty, Schema};
use tempfile::TempDir;

use crate::NotRun;
use crate::peers::read;
use crate::thorough::{one_in, some_of};

/// The sections that are looked at, each in units of a type. A unit that lacks what its type needs is
/// not loaded, which also is an answer; keys that are not enough for a unit are added to one.
const SECTIONS: [(&str, &str, [&str; 2]); 5] = [
    ("Unit", "service", ["[Service]\nExecStart=/bin/true\n"; 2]),
    (
        "Service",
        "service",
        ["", "[Service]\nExecStart=/bin/true\n"],
    ),
    ("Socket", "socket", ["", "[Socket]\nListenStream=/a\n"]),
    ("Timer", "timer", ["", "[Timer]\nOnBootSec=1h\n"]),
    ("Path", "path", ["", "[Path]\nPathExists=/a\n"]),
];

/// Values to try, two of a sort each.
const PAIRS: [[&str; 2]; 47] = [
    ["yes", "no"],
    ["no", "yes"],
    ["1", "2"],
    ["11", "12"],
    ["5min", "6min"],
    ["10%", "20%"],
    ["0640", "0600"],
    ["/a", "/b"],
    ["/bin/true", "/bin/false"],
    ["one", "two"],
    ["A=1", "B=2"],
    ["a.target", "b.target"],
    ["a.service", "b.service"],
    ["a.socket", "b.socket"],
    ["a.slice", "b.slice"],
    ["SIGINT", "SIGHUP"],
    ["read", "write"],
    ["ipc", "net"],
    ["memory", "pids"],
    ["CAP_KILL", "CAP_CHOWN"],
    ["AF_UNIX", "AF_INET"],
    ["x86-64", "x86"],
    ["/dev/null r", "/dev/zero w"],
    ["/dev/null 100", "/dev/zero 200"],
    ["/dev/null 5ms", "/dev/zero 6ms"],
    ["10.0.0.1", "10.0.0.2"],
    ["ipv4:tcp:80", "ipv6:udp:81"],
    ["a:/x", "b:/y"],
    ["root:ro", "home:ro"],
    ["Mon", "Tue"],
    ["man:a(1)", "man:b(1)"],
    ["oneshot", "forking"],
    ["always", "on-failure"],
    ["main", "all"],
    ["process", "mixed"],
    ["null", "journal"],
    ["reboot", "poweroff"],
    ["debug", "info"],
    ["idle", "best-effort"],
    ["fifo", "rr"],
    ["continue", "kill"],
    ["flush", "isolate"],
    ["strict", "full"],
    ["inactive-or-failed", "inactive"],
    ["keep-caps", "noroot"],
    ["noaccess", "invisible"],
    ["omit", "avoid"],
];

/// Keys that cannot be compared in this way: why not, and which.
const EXCEPTIONS: [(&str, &str); 5] = [
    (
        "after an empty assignment the device stays listed, without a limit",
        "BlockIOReadBandwidth BlockIOWriteBandwidth IOReadBandwidthMax IOReadIOPSMax \
         IOWriteBandwidthMax IOWriteIOPSMax",
    ),
    ("no two units may have the same", "BusName"),
    (
        "refuses the unit for a value that does not parse",
        "DynamicUser",
    ),
    (
        "a mount that one unit names changes how the next is read",
        "RequiresMountsFor",
    ),
    (
        "up to systemd 257 it refuses an empty value",
        "ProtectHostname",
    ),
];

/// Of how many keys a plain run looks at one.
const PART: usize = 6;

/// How many units systemd reads at once.
const BATCH: usize = 2000;

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let systemd = read(Command::new("systemd-analyze").arg("--version"));
    let name = "systemd: the keys of units are what their schema says".to_owned();
    vec![not_run.trial(name, systemd, |_| units())]
}

fn units() {
    let schema = Schema::named("systemd/unit").unwrap();
    let exceptions = EXCEPTIONS.map(|(_, keys)| keys).join(" ");
    let exceptions: Vec<&str> = exceptions.split_ascii_whitespace().collect();
    let (mut compared, mut unseen) = (0, 0);
    let mut wrong = Vec::new();
    for (section, suffix, bases) in SECTIONS {
        let mut keys: Vec<&str> = schema
            .keys(section.as_bytes())
            .map(|(key, _)| str::from_utf8(key).unwrap())
            .filter(|key| !exceptions.contains(key))
            // What Service shares with other sections is looked at there.
            .filter(|key| section == "Service" || schema.kind(b"Service", key.as_bytes()).is_none())
            .collect();
        keys.sort_unstable();
        let mut keys: Vec<&str> = some_of(PART, &keys).copied().collect();
        let kind = |key: &str| *schema.kind(section.as_bytes(), key.as_bytes()).unwrap();
        let mut seen = BTreeMap::new();
        for base in bases {
            keys.retain(|key| !seen.contains_key(*key));
            let mut open = keys.clone();
            // What a unit cannot do without is a list.
            open.retain(|key| !base.is_empty() || kind(key).merge == Merge::Append);
            for pairs in PAIRS.chunks(8) {
                Units::new(section, suffix, base).look(&open, pairs, &mut seen);
                open.retain(|key| seen.get(*key).is_none_or(|seen| !seen.fits(kind(key))));
            }
        }
        compared += seen.len();
        unseen += keys.iter().filter(|key| !seen.contains_key(**key)).count();
        wrong.extend(seen.into_iter().filter_map(|(key, seen)| {
            let kind = kind(key);
            (!seen.fits(kind)).then(|| format!("[{section}] {key}: {kind:?}, but {seen:?}"))
        }));
    }
    say(&format!(
        "{compared} keys of units compared, {} differ; {unseen} leave no trace",
        wrong.len()
    ));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        compared > one_in(2 * PART, 300),
        "only {compared} keys: too few to prove anything"
    );
}

/// What systemd did with a key, over all values that it accepted.
#[derive(Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "what several values show adds up"
)]
struct Seen {
    /// Of two assignments the first counted, the last or both.
    first: bool,
    last: bool,
    both: bool,
    /// An empty one made the key as if never assigned, changed nothing, or did something else.
    reset: bool,
    ignored: bool,
    other: bool,
}

impl Seen {
    /// Whether a key of this kind is seen like that. Two values may be one item of a list (`yes`),
    /// so that both need not show with all of them.
    fn fits(&self, kind: KeyKind) -> bool {
        let one = match kind.merge {
            Merge::Last => !self.first && !self.both,
            Merge::First => !self.last && !self.both,
            Merge::Append | Merge::Map => self.both || !(self.first || self.last),
            Merge::Set => false,
        };
        let empty = (self.reset, self.ignored, self.other);
        one && match kind.empty {
            OnEmpty::Reset => empty == (true, false, false),
            OnEmpty::Ignored => empty == (false, true, false),
            // A value without a single item that is known is as good as an empty one.
            OnEmpty::Clear => self.other && !self.reset,
            OnEmpty::Value => false,
        }
    }
}

/// Units of one type, and what systemd read from each.
#[derive(Debug)]
struct Units<'a> {
    place: TempDir,
    section: &'a str,
    suffix: &'a str,
    base: &'a str,
    texts: Vec<String>,
    dumps: Vec<Option<u64>>,
}

impl<'a> Units<'a> {
    fn new(section: &'a str, suffix: &'a str, base: &'a str) -> Self {
        let place = TempDir::new().unwrap();
        for name in ["a.service", "b.service"] {
            let text = "[Service]\nExecStart=/bin/true\n";
            fs::write(place.path().join(name), text).unwrap();
        }
        for name in ["a.target", "b.target", "a.socket", "b.socket"] {
            let text = "[Unit]\n[Socket]\nListenStream=/x\n";
            fs::write(place.path().join(name), text).unwrap();
        }
        Self {
            place,
            section,
            suffix,
            base,
            texts: Vec::new(),
            dumps: Vec::new(),
        }
    }

    /// Tries pairs of values on keys, and adds what is seen to `seen`.
    fn look<'k>(
        mut self,
        keys: &[&'k str],
        pairs: &[[&str; 2]],
        seen: &mut BTreeMap<&'k str, Seen>,
    ) {
        let nothing = self.with(&[]);
        let mut tried = Vec::new();
        for &key in keys {
            for &[a, b] in pairs {
                tried.push((key, a, b, self.with(&[(key, a)])));
            }
        }
        self.dump();
        let none = self.read(nothing);
        tried.retain(|&(.., a)| self.read(a).is_some() && self.read(a) != none);
        // Everything that is compared is read by one process.
        let nothing = self.with(&[]);
        let mut cases = Vec::new();
        for (key, a, b, _) in tried {
            let variants = [
                &[(key, a)][..],
                &[(key, b)],
                &[(key, a), (key, b)],
                &[(key, a), (key, "")],
            ];
            cases.push((key, variants.map(|assignments| self.with(assignments))));
        }
        self.dump();
        let none = self.read(nothing);
        for (key, units) in cases {
            let [a, b, both, emptied] = units.map(|unit| self.read(unit));
            let seen = seen.entry(key).or_default();
            if b.is_some() && b != none && b != a {
                match both {
                    _ if both == b => seen.last = true,
                    _ if both == a => seen.first = true,
                    _ => seen.both = true,
                }
            }
            match emptied {
                _ if emptied == none => seen.reset = true,
                _ if emptied == a => seen.ignored = true,
                _ => seen.other = true,
            }
        }
    }

    /// A unit with these assignments.
    fn with(&mut self, assignments: &[(&str, &str)]) -> usize {
        self.texts.push(self.text(assignments));
        self.texts.len() - 1
    }

    fn text(&self, assignments: &[(&str, &str)]) -> String {
        let mut text = format!("{}[{}]\n", self.base, self.section);
        for (key, value) in assignments {
            writeln!(text, "{key}={value}").unwrap();
        }
        text
    }

    fn read(&self, unit: usize) -> Option<u64> {
        self.dumps[unit]
    }

    /// Has systemd read all units that are new.
    fn dump(&mut self) {
        let new = self.dumps.len()..self.texts.len();
        let names: Vec<String> = new
            .clone()
            .map(|unit| format!("k{unit}k.{}", self.suffix))
            .collect();
        for (name, text) in names.iter().zip(&self.texts[new]) {
            fs::write(self.place.path().join(name), text).unwrap();
        }
        for names in names.chunks(BATCH) {
            // What a process reads first looks a little different.
            let first = [format!("first.{}", self.suffix)];
            fs::write(self.place.path().join(&first[0]), self.text(&[])).unwrap();
            let dumps = dump(self.place.path(), first.iter().chain(names));
            self.dumps
                .extend(names.iter().map(|name| dumps.get(name).copied()));
            for name in names {
                fs::remove_file(self.place.path().join(name)).unwrap();
            }
        }
    }
}

/// What systemd read from each unit, without the unit's own name, in short.
fn dump<'n>(place: &Path, names: impl Iterator<Item = &'n String>) -> HashMap<String, u64> {
    let output = Command::new("systemd-analyze")
        .args(["--user", "verify", "--man=no", "--generators=no"])
        // Without the units that they name, their dependencies would not be read either.
        .args(["--recursive-errors=one"])
        .args(names)
        .current_dir(place)
        .env("XDG_RUNTIME_DIR", place)
        .env("SYSTEMD_UNIT_PATH", place)
        .env("SYSTEMD_LOG_LEVEL", "debug")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    text.split("\t-> Unit ")
        .filter_map(|unit| {
            let (name, read) = unit.split_once(":\n")?;
            let (stem, _) = name.split_once('.')?;
            let mut lines: Vec<String> = read
                .lines()
                .filter(|line| !line.contains("Load State:"))
                .map(|line| line.replace(stem, "UNIT"))
                .collect();
            // Some lists are printed in an order of chance.
            lines.sort();
            let mut hasher = DefaultHasher::new();
            lines.hash(&mut hasher);
            Some((name.to_owned(), hasher.finish()))
        })
        .collect()
}

fn say(line: &str) {
    let written = std::io::stdout().write_all(format!("{line}\n").as_bytes());
    written.unwrap();
}
