//! Whatever the situation: text, JSON and exit status of every command about adapters say the same.

use std::fs;
use std::path::PathBuf;

use overlay_adapters::WhyLeft;
use overlay_adapters::code;
use overlay_adapters::etc::Note;
use overlay_adapters::etc::keys::Unmergeable;
use overlay_adapters::report::{
    CollectionDecision, Decision, Dependent, Foreign, Going, Holder, Idle, Mask, Operation,
    RunDecision,
};
use serde_json::Value;

use crate::image::Image;
use crate::json::parsed;
use crate::thorough::some_of;

const CONFIG: &str = "var/lib/flatpak/repo/config";
const OS: &str = "usr/lib/ostree/remotes.d/os.conf";
const PENDING: &str = "changes are pending; `overlayctl sync` makes them\n";

/// A situation, and how a run ends in it: 0, or 1 for one that is broken.
type Situation = (&'static str, i32, fn(&Image));

fn edit(image: &Image, path: &str, from: &str, to: &str) {
    let text = fs::read_to_string(image.path(path)).expect("a file");
    assert!(text.contains(from), "nothing to edit in {text}");
    image.write(path, &text.replacen(from, to, 1));
}

fn synced(image: &Image) {
    image.write(
        OS,
        "[remote \"os\"]\nurl=https://os.example.org/repo\ngpg-verify=false\n",
    );
    image.run(&["sync"]);
}

/// Each costs a dozen processes and more.
fn situations() -> impl Iterator<Item = &'static Situation> {
    some_of(8, SITUATIONS)
}

const SITUATIONS: &[Situation] = &[
    ("nothing was ever synced", 0, |_| {}),
    ("all is in order", 0, synced),
    ("the vendor changes a key", 0, |image| {
        synced(image);
        edit(image, OS, "os.example.org", "new.example.org");
    }),
    ("the vendor comes to what the owner has", 0, |image| {
        synced(image);
        image.edit("xa.title=Plain", "xa.title=Mine");
        let vendor = "usr/share/flatpak/remotes.d/plain.flatpakrepo";
        edit(image, vendor, "Title=Plain", "Title=Mine");
    }),
    ("a remote that was there before", 0, |image| {
        image.write(
            CONFIG,
            "[core]\nrepo_version=1\nmode=bare-user-only\n\n[remote \"plain\"]\nurl=https://example.org/repo/\nxa.title=Mine\n",
        );
    }),
    ("one that is switched off", 0, |image| {
        synced(image);
        let vendor = "usr/share/flatpak/remotes.d/plain.flatpakrepo";
        edit(
            image,
            vendor,
            "Title=Plain\n",
            "Title=Plain\n[Overlay]\nEnabled=false\n",
        );
    }),
    ("one that is masked before it ever came", 0, |image| {
        synced(image);
        image.write("etc/flatpak/remotes.d/new.flatpakrepo", "");
    }),
    ("one that is masked", 0, |image| {
        synced(image);
        image.write("etc/flatpak/remotes.d/plain.flatpakrepo", "");
    }),
    ("an ID that is withdrawn", 0, |image| {
        synced(image);
        fs::remove_file(image.path("usr/share/flatpak/collections.d/flathub.conf")).expect("gone");
    }),
    ("one that is withdrawn", 0, |image| {
        synced(image);
        fs::remove_file(image.path(OS)).expect("gone");
    }),
    ("one that is withdrawn and was edited", 0, |image| {
        synced(image);
        image.edit(
            "url=https://example.org/repo/",
            "url=https://mirror.example/",
        );
        let vendor = "usr/share/flatpak/remotes.d/plain.flatpakrepo";
        fs::remove_file(image.path(vendor)).expect("gone");
    }),
    ("one that was deleted", 0, |image| {
        synced(image);
        fs::remove_file(image.path("etc/ostree/remotes.d/os.conf")).expect("gone");
    }),
    ("a conflict", 0, |image| {
        synced(image);
        image.edit(
            "url=https://example.org/repo/",
            "url=https://mirror.example/",
        );
        let vendor = "usr/share/flatpak/remotes.d/plain.flatpakrepo";
        edit(image, vendor, "example.org", "new.example.org");
    }),
    ("a keyring that lost a certificate", 0, |image| {
        synced(image);
        fs::remove_file(image.path("var/lib/flatpak/repo/flathub.trustedkeys.gpg")).expect("gone");
    }),
    ("what a killed run left", 0, |image| {
        synced(image);
        image.write("var/lib/flatpak/repo/.#config.overlayctl", "[core]\n");
    }),
    ("a state that is written otherwise", 0, |image| {
        synced(image);
        let state = "etc/overlayctl/state/ostree-remotes/os.state";
        edit(image, state, "[Entry]", "# mine\n[Entry]");
    }),
    ("a target that was wiped", 0, |image| {
        synced(image);
        fs::remove_dir_all(image.path("etc/ostree/remotes.d")).expect("gone");
    }),
    ("a broken repo/config", 1, |image| {
        synced(image);
        image.edit("[core]", "[core]\njunk");
    }),
    ("a repository without a configuration", 1, |image| {
        synced(image);
        fs::remove_file(image.path(CONFIG)).expect("gone");
    }),
    ("a state that cannot be read", 1, |image| {
        synced(image);
        image.write("etc/overlayctl/state/ostree-remotes/os.state", "junk\n");
    }),
    ("a layer that is missing", 1, |image| {
        synced(image);
        fs::rename(image.path("usr"), image.path("elsewhere")).expect("moved");
    }),
    ("a broken file of a layer", 1, |image| {
        synced(image);
        image.write("etc/flatpak/remotes.d/plain.flatpakrepo", "junk\n");
    }),
    ("a broken file that was never offered", 1, |image| {
        synced(image);
        image.write("etc/flatpak/remotes.d/new.flatpakrepo", "junk\n");
    }),
    ("a broken keyring", 1, |image| {
        synced(image);
        image.write("var/lib/flatpak/repo/flathub.trustedkeys.gpg", "junk");
    }),
    ("a broken definition", 1, |image| {
        synced(image);
        image.write("etc/overlayctl/adapters.d/more.toml", "kind = 'more'\n");
    }),
];

/// What a command says, in every way that it can.
struct Said {
    text: String,
    document: Value,
    status: i32,
}

fn say(image: &Image, arguments: &[&str]) -> Said {
    let text = image.run(arguments);
    let json = image.run(&[&["--json"], arguments].concat());
    let status = text.status.code().expect("an exit status");
    assert_eq!(json.status.code(), Some(status), "{arguments:?}");
    Said {
        text: String::from_utf8(text.stdout).expect("UTF-8"),
        document: parsed(&json.stdout),
        status,
    }
}

fn length(document: &Value, part: &str) -> usize {
    document[part].as_array().expect(part).len()
}

fn has_error(document: &Value) -> bool {
    let findings = document["findings"].as_array().expect("findings");
    findings.iter().any(|finding| finding["level"] == "error")
}

/// The lines of a text that tell of changes.
fn told(text: &str) -> usize {
    let verbs = [
        "create ",
        "remove ",
        "adopt ",
        "release ",
        "move ",
        "set ",
        "unset ",
        "record ",
        "forget ",
        "add ",
        "update ",
        "remember ",
        "write ",
        "make ",
        "clean up ",
    ];
    let is_change = |line: &&str| {
        line.strip_prefix("    ")
            .is_some_and(|line| verbs.iter().any(|verb| line.starts_with(verb)))
    };
    text.lines().filter(is_change).count()
}

#[test]
fn every_command_says_the_same_in_every_situation() {
    for (situation, expected, make) in situations() {
        let image = Image::new();
        make(&image);
        let check = say(&image, &["status", "--check"]);
        let pending = length(&check.document, "pending");
        for (arguments, asks) in [
            (&["status"][..], false),
            (&["status", "--check"], true),
            (&["sync", "--dry-run"], true),
            (&["explain", "*"], false),
        ] {
            let context = format!("{situation}: {arguments:?}");
            let said = say(&image, arguments);
            for part in ["pending", "changes", "findings"] {
                assert_eq!(
                    said.document[part], check.document[part],
                    "{context}: {part}"
                );
            }
            assert_eq!(length(&said.document, "changes"), 0, "{context}");
            assert_eq!(said.text.contains(PENDING), pending > 0, "{context}");
            assert_eq!(told(&said.text), pending, "{context}: {}", said.text);
            let status = match (expected, asks && pending > 0) {
                (0, true) => 3,
                (status, _) => *status,
            };
            assert_eq!(said.status, status, "{context}");
            assert_eq!(has_error(&said.document), said.status == 1, "{context}");
        }

        let json = image.run(&["--json", "sync"]);
        let document = parsed(&json.stdout);
        assert_eq!(json.status.code(), Some(*expected), "{situation}");
        assert_eq!(
            document["changes"], check.document["pending"],
            "{situation}"
        );
        assert_eq!(length(&document, "pending"), 0, "{situation}");
        assert_eq!(
            document["findings"], check.document["findings"],
            "{situation}"
        );

        let after = say(&image, &["sync", "--dry-run"]);
        assert_eq!(length(&after.document, "pending"), 0, "{situation}: again");
        assert_eq!(after.status, *expected, "{situation}: again");
    }
}

/// A request about one entry says beforehand what it does, and its status is what it tells.
#[test]
fn a_request_does_what_it_said_it_would() {
    // A command that failed as a whole tells of no changes.
    let count = |document: &Value, part: &str| document[part].as_array().map_or(0, Vec::len);
    for (situation, _, make) in situations() {
        let fresh = || {
            let image = Image::new();
            make(&image);
            image
        };
        let mut image = fresh();
        for (verb, entry) in [
            ("restore", "os"),
            ("adopt", "plain"),
            ("revert", "plain"),
            ("release", "plain"),
        ] {
            let context = format!("{situation}: {verb}");
            let dry = say(&image, &[verb, entry, "--dry-run"]);
            let pending = count(&dry.document, "pending");
            assert_eq!(told(&dry.text), pending, "{context}: {}", dry.text);
            assert_eq!(count(&dry.document, "changes"), 0, "{context}");
            let status = match (has_error(&dry.document), pending) {
                (true, _) => 1,
                (false, 0) => 0,
                (false, _) => 3,
            };
            assert_eq!(dry.status, status, "{context}");

            let json = image.run(&["--json", verb, entry]);
            let document = parsed(&json.stdout);
            let status = i32::from(has_error(&document));
            assert_eq!(json.status.code(), Some(status), "{context}");
            assert_eq!(document["changes"], dry.document["pending"], "{context}");
            assert_eq!(document["findings"], dry.document["findings"], "{context}");
            assert_eq!(count(&document, "pending"), 0, "{context}");
            if pending > 0 {
                image = fresh();
            }
        }
    }
}

/// What waits is told of the entries that were asked for, and so is the status.
#[test]
fn what_waits_elsewhere_is_not_told() {
    let image = Image::new();
    synced(&image);
    edit(&image, OS, "os.example.org", "new.example.org");
    assert_eq!(image.exit_status(&["status", "--check", "plain"]), 0);
    assert_eq!(image.exit_status(&["status", "--check", "os"]), 3);
    let plain = say(&image, &["status", "plain"]);
    assert!(!plain.text.contains(PENDING), "{}", plain.text);
}

/// A state is what is, not what a run would make of it.
#[test]
fn states_are_what_is() {
    let image = Image::new();
    let state = |arguments: &[&str]| {
        let document = say(&image, arguments).document;
        let entries = document["entries"].as_array().expect("entries").clone();
        let plain = entries.into_iter().find(|entry| entry["name"] == "plain");
        let plain = plain.expect("an entry");
        let [state, code] = ["state", "code"].map(|key| plain[key].as_str().expect(key).to_owned());
        (state, code)
    };
    let pair = |state: &str, code: &str| (state.to_owned(), code.to_owned());
    assert_eq!(state(&["status"]), pair("absent", "new"));
    assert_eq!(state(&["explain", "plain"]), pair("absent", "new"));
    image.run(&["sync"]);
    assert_eq!(state(&["status"]), pair("applied", "up-to-date"));
    image.write("etc/flatpak/remotes.d/plain.flatpakrepo", "");
    assert_eq!(state(&["status"]), pair("outdated", "removed-by-mask"));
    image.run(&["sync"]);
    assert_eq!(state(&["status"]), pair("masked", "masked"));
}

/// The rows of the table below a heading of FORMATS.md, cell by cell.
pub(crate) fn table(heading: &str) -> Vec<Vec<String>> {
    let formats = include_str!("../../FORMATS.md");
    let (_, section) = formats
        .split_once(&format!("\n### {heading}\n"))
        .expect("a heading");
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| {
        let cells = row.trim_matches('|').split('|');
        cells
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    rows.map(cells).collect()
}

/// What the schema promises somewhere, with its descriptions.
fn promised(pointer: &str) -> Vec<String> {
    let schema = include_str!("../../data/schema/report.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("a schema");
    let choices = schema.pointer(pointer).and_then(Value::as_array);
    let words = choices.expect("choices").iter();
    words
        .map(|choice| choice["const"].as_str().expect("a word").to_owned())
        .collect()
}

#[expect(clippy::too_many_lines, reason = "a list of all of them")]
fn every_decision() -> Vec<Decision> {
    let path = || PathBuf::from("/x");
    let mask = || Mask {
        path: path(),
        is_former_name: false,
    };
    let of = || Holder::Repository;
    let mut all = vec![
        Decision::UpToDate {
            origin: path(),
            refreshed: vec![],
        },
        Decision::New { origin: path() },
        Decision::Renamed {
            origin: path(),
            former: "x".into(),
        },
        Decision::Updated { changed: vec![] },
        Decision::Adopted { except: vec![] },
        Decision::Edited {
            keys: vec![],
            unclear: vec![],
        },
        Decision::Conflict {
            keys: vec![],
            unclear: vec![],
        },
        Decision::Masked { mask: mask() },
        Decision::MaskedForeign { mask: mask() },
        Decision::Deleted,
    ];
    let (place, own, end) = (path, path, path);
    let foreign = [
        Foreign::Other,
        Foreign::OtherUrl,
        Foreign::OtherRemote { place: place() },
        Foreign::Elsewhere {
            place: place(),
            own: own(),
        },
        Foreign::ReadOnly {
            place: place(),
            own: own(),
        },
        Foreign::Needed {
            place: place(),
            own: own(),
            origin: path(),
        },
        Foreign::Symlink {
            place: place(),
            end: end(),
        },
        Foreign::Inherited { place: place() },
    ];
    all.extend(foreign.map(Decision::Foreign));
    all.extend([
        Decision::InUse {
            why: Going::Withdrawn,
            user: Dependent::Apps,
        },
        Decision::Removed {
            why: Going::Masked(mask()),
        },
        Decision::Removed {
            why: Going::Withdrawn,
        },
        Decision::Released {
            why: Going::Withdrawn,
        },
        Decision::LeftToOwner { mask: mask() },
        Decision::ReleasedByOwner,
        code::UNREADABLE.error("/x", "x").into(),
        Decision::LayerMissing,
    ]);
    let of_collections = [
        CollectionDecision::NoHolder {
            of: of(),
            later: None,
        },
        CollectionDecision::OutOfScope { place: place() },
        CollectionDecision::Given { of: of() },
        CollectionDecision::Changed { of: of() },
        CollectionDecision::There { of: of() },
        CollectionDecision::TakenAway { of: of() },
        CollectionDecision::Emptied { of: of() },
        CollectionDecision::Differs {
            of: of(),
            has: "x".into(),
            has_its_own: false,
        },
        CollectionDecision::Twice {
            of: of(),
            first: "x".into(),
        },
    ];
    all.extend(of_collections.map(Decision::Collection));
    let of_runs = [
        RunDecision::Due {
            origin: path(),
            begun: 0,
            of: 3,
            is_interrupted: true,
        },
        RunDecision::Done,
        RunDecision::Failed {
            tries: 1,
            of: 2,
            why: None,
        },
        RunDecision::NoOccasion,
        RunDecision::Off,
        RunDecision::GivenUp {
            tries: 2,
            why: None,
        },
    ];
    all.extend(of_runs.map(Decision::Run));
    all
}

#[test]
fn every_code_of_an_entry_is_documented_with_its_states() {
    let rows = every_decision().into_iter().map(|decision| {
        let (before, after) = (decision.state_before(), decision.state_after());
        let changes = if before == after { "" } else { after.word() };
        [decision.code(), before.word(), changes]
            .map(str::to_owned)
            .to_vec()
    });
    let rows: Vec<_> = rows.collect();
    let documented = table("Codes of entries");
    let documented: Vec<_> = documented.iter().map(|row| row[..3].to_vec()).collect();
    assert_eq!(rows, documented);
    let codes: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(codes, promised("/$defs/entryCode/oneOf"));
}

#[test]
fn every_operation_is_documented() {
    let rows = table("Operations");
    let documented: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
    let promised = promised("/$defs/change/properties/operation/oneOf");
    assert_eq!(documented, promised);
    let known = Operation::ALL.map(|operation| operation.word().to_owned());
    assert_eq!(documented, known);
}

/// The codes of a table and of a list of the schema are those in the code, in their order.
fn are_documented(codes: &[&str], heading: &str, pointer: &str) {
    let mut codes: Vec<_> = codes.iter().map(ToString::to_string).collect();
    codes.sort();
    let documented = table(heading).into_iter().map(|row| row[0].clone());
    assert_eq!(documented.collect::<Vec<_>>(), codes, "{heading}");
    assert_eq!(promised(pointer), codes, "{pointer}");
}

#[test]
fn every_code_of_why_nothing_is_done_is_documented() {
    let mask = Mask {
        path: "/x".into(),
        is_former_name: false,
    };
    let all = [
        Idle::There,
        Idle::ToBeMade,
        Idle::Follows,
        Idle::Released,
        Idle::Unedited,
        Idle::Masked(mask),
        Idle::Broken,
        Idle::NotShipped { new_name: None },
        Idle::InUse { new_name: None },
        Idle::Inherited,
        Idle::NameTaken(Foreign::Other),
        Idle::Deleted,
        Idle::NotMade,
        Idle::NotAdopted,
        Idle::NotFollowing,
        Idle::NotGiven,
        Idle::ByMask,
    ];
    let pointer = "/$defs/entry/properties/idle/oneOf";
    are_documented(
        &all.each_ref().map(Idle::code),
        "Why nothing is done",
        pointer,
    );
}

#[test]
fn every_code_of_why_a_target_is_left_is_documented() {
    let pointer = "/$defs/left/properties/code/oneOf";
    are_documented(
        &WhyLeft::ALL.map(WhyLeft::code),
        "Why a target is left",
        pointer,
    );
}

#[test]
fn every_code_of_how_a_file_was_read_is_documented() {
    let why = [
        Unmergeable::Format,
        Unmergeable::Nested { key: "x".into() },
        Unmergeable::NotPlain { side: "x", line: 1 },
        Unmergeable::Broken {
            side: "x",
            line: 1,
            message: "x".into(),
        },
        Unmergeable::Repeated {
            side: "x",
            section: "x".into(),
        },
        Unmergeable::Unsound,
        Unmergeable::TooLarge { limit: 1 },
    ];
    let read = [Note::ByRules("x".into()), Note::BySuffix, Note::Plain];
    let all = why.map(Note::NotMerged).into_iter().chain(read);
    let codes: Vec<_> = all.map(|note| note.code()).collect();
    let pointer = "/$defs/mergedPath/properties/code/oneOf";
    are_documented(&codes, "How a file was read", pointer);
}
