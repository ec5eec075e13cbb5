//! ostree's remotes through every death.

use super::machine::{Machine, certificate};
use super::{Change, NAME, Subject, campaign, start};
use crate::editor::Editor;
use crate::ostree::{Definition, Ostree};
use crate::remotes::group::group;
use crate::remotes::sources::Sources;
use crate::report::Wish;

const CONF: &str = "/etc/remotes.d/x.conf";
/// A file that the owner called otherwise.
const OTHERS: &str = "/etc/remotes.d/z.conf";
const KEYRING: &str = "/etc/remotes.d/x.trustedkeys.gpg";
const CONFIG: &str = "/ostree/repo/config";
const GROUP: &str = "remote \"x\"";
const URL: &str = "url=https://vendor/";

pub(super) fn subject() -> Subject {
    let definition = Definition {
        sources: Sources::of_tests(),
        target: "/etc/remotes.d".into(),
        state: "/etc/state".into(),
        repositories: vec!["/ostree/repo".into()],
        origins: "/deploy".into(),
    };
    Subject {
        planner: Box::new(Ostree::new("ostree", definition)),
        other,
        strip: |machine| {
            for layer in ["/usr", "/run"] {
                machine.remove(layer);
            }
            if machine.read(CONF).is_empty() {
                machine.remove(CONF);
            }
        },
        delete,
        add,
        entry: |path| {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.and_then(|name| name.trim_start_matches(".#").split('.').next());
            // A remote may move out of the configuration.
            let name = name.filter(|name| *name != "config").unwrap_or(NAME);
            name.to_owned()
        },
        is_cache: |_| false,
        fault,
    }
}

/// As `ostree remote delete` does, which leaves the keyring beside the file.
fn delete(machine: &Machine, name: &str) -> bool {
    let group = group(name);
    for path in [&conf(name), OTHERS] {
        if Editor::parse(&machine.read(path)).is_ok_and(|file| file.has_group(&group)) {
            machine.remove(path);
            return true;
        }
    }
    let mut config = Editor::parse(&machine.read(CONFIG)).expect("sound");
    let was_there = config.has_group(&group);
    if was_there {
        config.remove_group(&group);
        machine.write(CONFIG, config.to_bytes());
    }
    was_there
}

fn conf(name: &str) -> String {
    format!("/etc/remotes.d/{name}.conf")
}

/// As `ostree remote add` does; what else lies there, it takes for its keyring.
fn add(machine: &Machine) {
    machine.write(CONF, "[remote \"x\"]\nurl=https://owner/\n");
}

/// What ostree cannot work with, and a remote that is verified without the key which came with it.
fn fault(machine: &Machine) -> Option<String> {
    let [conf, config] =
        [CONF, CONFIG].map(|path| Editor::parse(&machine.read(path)).expect("sound"));
    if conf.has_group(GROUP) && config.has_group(GROUP) {
        return Some("defined twice".into());
    }
    let brought = conf.get(GROUP, "x-overlayctl.remotes.keyring").is_some();
    let verified = conf
        .get(GROUP, "gpg-verify")
        .is_none_or(|verify| verify == "true");
    (brought && verified && machine.read(KEYRING).is_empty())
        .then(|| "verified without a key".into())
}

/// The image ships the remote with these lines and the certificates of these letters.
fn ship(machine: &Machine, name: &str, lines: &[&str], keys: &[u8]) {
    let verify = if keys.is_empty() {
        "gpg-verify=false\n"
    } else {
        ""
    };
    let text = format!("[remote \"{name}\"]\n{verify}{}\n", lines.join("\n"));
    machine.write(&format!("/usr/lib/remotes.d/{name}.conf"), text);
    if !keys.is_empty() {
        let keyring: Vec<_> = keys.iter().map(|letter| certificate(*letter)).collect();
        let path = format!("/usr/lib/remotes.d/{name}.trustedkeys.gpg");
        machine.write(&path, keyring.concat());
    }
}

/// The owner sets keys, and says why.
fn edit(machine: &Machine) {
    let mut conf = Editor::parse(&machine.read(CONF)).expect("sound");
    conf.set(GROUP, "url", "https://mine/".into());
    conf.set(GROUP, "proxy", "mine".into());
    machine.write(CONF, [b"# mine\n", &*conf.to_bytes()].concat());
}

fn import(machine: &Machine, letter: u8) {
    machine.write(
        KEYRING,
        [machine.read(KEYRING), certificate(letter)].concat(),
    );
}

/// There is a target and a repository whatever happens to the remote.
fn other(machine: &Machine) {
    ship(machine, "other", &["url=https://other/"], &[]);
    repository(machine);
}

fn repository(machine: &Machine) {
    if machine.read(CONFIG).is_empty() {
        machine.write(CONFIG, "[core]\nrepo_version=1\nmode=bare\n");
    }
}

fn collection(machine: &Machine, remote: &str, id: &str) {
    let whose = if remote.is_empty() {
        "Repository=true".to_owned()
    } else {
        format!("Remote={remote}")
    };
    let text = format!("[Collection]\n{whose}\nCollectionID={id}\n");
    machine.write("/usr/lib/collections.d/c.conf", text);
}

/// A remote of the owner's in the configuration of the repository.
fn in_config(machine: &Machine, keys: &[(&str, &str)]) {
    let mut config = Editor::parse(&machine.read(CONFIG)).expect("sound");
    for (key, value) in keys {
        config.set(GROUP, key, (*value).into());
    }
    machine.write(CONFIG, config.to_bytes());
}

macro_rules! image {
    ($($lines:expr),* ; $keys:expr) => {
        |machine: &Machine| {
            other(machine);
            ship(machine, NAME, &[$($lines),*], $keys);
        }
    };
}

const PLAIN: fn(&Machine) = image![URL; &[]];
const SIGNED: fn(&Machine) = image![URL; b"1"];
/// One that changes the repository's configuration, too.
const NEXT: fn(&Machine) = |machine| {
    image![URL; b"2"](machine);
    collection(machine, "", "org.one.Id");
};

const RENAMED: fn(&Machine) = |machine| {
    other(machine);
    ship(machine, "y", &[URL, "[Overlay]", "FormerNames=x"], b"1");
};
const RENAMED_2: fn(&Machine) = |machine| {
    other(machine);
    ship(machine, "y", &[URL, "[Overlay]", "FormerNames=x"], b"2");
};

/// What others made, which is the vendor's but for what they set.
fn by_script(machine: &Machine) {
    machine.write(CONF, "[remote \"x\"]\nurl=https://vendor/\nproxy=theirs\n");
    import(machine, b'1');
    import(machine, b'm');
}

pub(super) const RENAMED_WITH_EDITS: &str = "a new name of what its owner edited";
pub(super) const RENAMED_OF_OTHERS: &str = "a new name of what others made";
pub(super) const INTO_A_NEW_DIRECTORY: &str = "adoption on request into a new directory";

mod changes;

pub(super) use self::changes::changes;

#[test]
fn every_death_ends_well() {
    campaign(&subject(), &changes(), |_| {}).assert_survived("ostree");
}

/// Whatever image boots next: what the law lets pass as "had been whole" is not enough for a remote that its
/// owner saw, and deleted.
#[test]
fn what_is_deleted_after_a_death_stays_deleted() {
    let subject = subject();
    let mut tried = 0;
    for change in &changes() {
        let (start, _) = start(&subject, change);
        let request = subject.request(change);
        for steps in 0.. {
            let machine = Machine::from(&start);
            let was_offered = !machine.read("/etc/state/x.state").is_empty();
            if !was_offered || !subject.die(&machine, &request, steps, |_| {}) {
                break;
            }
            if machine.read(CONF).is_empty() {
                continue;
            }
            delete(&machine, NAME);
            tried += 1;
            for image in [change.new, change.old, change.next] {
                (subject.strip)(&machine);
                image(&machine);
                subject.settle(&machine);
                let is_back = !machine.read(CONF).is_empty();
                assert!(!is_back, "{}: killed after {steps} steps", change.name);
            }
        }
    }
    assert!(tried > 20, "{tried}");
}
