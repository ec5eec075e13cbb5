//! The merge of `/etc` against the real one: `ostree admin deploy` on a scratch sysroot has the last word
//! on every row of the table, and on trees made at random.

mod faults;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::sysroot::{Listing, Sysroot, listing, ostree, put, unlock};
use crate::{NotRun, how_many};

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let trials: [(&str, fn()); 6] = [
        ("the rows on which both agree", agreed),
        ("the rows that ostree loses", lost),
        ("a file that became a directory", file_to_directory),
        ("a directory that became a file", directory_to_file),
        ("extended attributes", attributes),
        ("trees made at random", random),
    ];
    let trial = |(name, run): (&str, fn())| {
        not_run.trial(format!("etc: {name}"), ostree(), move |()| run())
    };
    let killed = not_run.trial(
        "etc: killed or failing anywhere".into(),
        faults::strace(),
        |()| faults::campaign(),
    );
    trials.into_iter().map(trial).chain([killed]).collect()
}

/// What a row puts at its path: in the old vendor's tree, in the owner's, in the vendor's new one.
type Row<'r> = (&'r str, [&'r str; 3]);

/// A merge, ours and ostree's.
struct Merged {
    sysroot: Sysroot,
    ours: Listing,
    /// What ostree made of it, or said.
    theirs: Result<Listing, String>,
    /// Our report: paths with what the owner did, and what becomes of them.
    report: BTreeMap<String, Value>,
}

impl Merged {
    /// Deploys the old trees, makes the owner's changes, merges with both programs.
    fn of(rows: &[Row<'_>]) -> Self {
        Self::with(rows, |_| {})
    }

    /// The same, with something done to the owner's tree before the merge.
    fn with(rows: &[Row<'_>], prepare: impl FnOnce(&Path)) -> Self {
        let sysroot = Sysroot::new();
        for (path, [old, ..]) in rows {
            put(&sysroot.vendor(), path, old);
        }
        let deployment = sysroot.deploy().expect("a first deployment");
        let current = deployment.join("etc");
        for (path, [old, current_row, _]) in rows {
            if old != current_row {
                put(&current, path, current_row);
            }
        }
        prepare(&current);
        for (path, [old, _, new]) in rows {
            if old != new {
                put(&sysroot.vendor(), path, new);
            }
        }
        let out = sysroot.path("out");
        let document = ours(
            &deployment.join("usr/etc"),
            &current,
            &sysroot.vendor(),
            &out,
        );
        let report = document["merge"]["paths"].as_array().expect("paths").iter();
        let report: BTreeMap<_, _> = report
            .map(|found| {
                (
                    found["path"].as_str().expect("a path").to_owned(),
                    found.clone(),
                )
            })
            .collect();
        let letters = report.iter().filter_map(|(path, found)| {
            let letter = found["owner"].as_str()?.chars().next()?;
            // It does not look into a directory that the owner made of a file.
            let is_seen = !path.starts_with("file-to-directory/");
            is_seen.then(|| (path.clone(), letter.to_ascii_uppercase()))
        });
        assert_eq!(
            letters.collect::<BTreeMap<_, _>>(),
            sysroot.config_diff(),
            "config-diff"
        );
        let theirs = sysroot
            .deploy()
            .map(|deployment| listing(&deployment.join("etc")));
        Self {
            ours: listing(&out),
            theirs,
            report,
            sysroot,
        }
    }

    fn theirs(&self) -> &Listing {
        self.theirs.as_ref().expect("ostree deploys it")
    }

    fn state(&self, path: &str) -> &str {
        self.report
            .get(path)
            .map_or("-", |found| found["state"].as_str().expect("a state"))
    }
}

/// Runs the real overlayctl: its document.
fn ours(old: &Path, current: &Path, new: &Path, out: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_overlayctl"))
        .args(["--json", "etc", "merge", "--old"])
        .arg(old)
        .arg("--current")
        .arg(current)
        .arg("--new")
        .arg(new)
        .arg("--out")
        .arg(out)
        .output()
        .expect("overlayctl runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("a document")
}

/// Where ostree is right, the trees are the same, byte by byte and bit by bit.
fn agreed() {
    let rows: &[Row<'_>] = &[
        ("same", ["f 1", "f 1", "f 1"]),
        ("updated", ["f 1", "f 1", "f 2"]),
        ("edited", ["f 1", "f user", "f 1"]),
        ("both", ["f 1", "f user", "f 2"]),
        ("deleted", ["f 1", "-", "f 1"]),
        ("deleted-updated", ["f 1", "-", "f 2"]),
        ("withdrawn", ["f 1", "f 1", "-"]),
        ("edited-withdrawn", ["f 1", "f user", "-"]),
        ("new", ["-", "-", "f 2"]),
        ("added", ["-", "f user", "-"]),
        ("added-both", ["-", "f user", "f 2"]),
        ("added-same", ["-", "f 2", "f 2"]),
        ("came-to-the-same", ["f 1", "f 2", "f 2"]),
        ("pinned", ["f 1", "f 1", "f 2"]),
        ("chmod", ["f 1", "m600 1", "f 1"]),
        ("gone.d", ["d", "-", "d"]),
        ("gone.d/old", ["f 1", "-", "f 2"]),
        ("gone.d/new", ["-", "-", "f 2"]),
        ("link", ["l 1", "l user", "l 2"]),
        ("to-link", ["f 1", "l user", "f 1"]),
        ("to-dangling", ["f 1", "l /nowhere", "f 2"]),
        ("link-updated", ["l 1", "l 1", "f 2"]),
        ("fifo", ["-", "p", "-"]),
        ("to-fifo", ["f 1", "p", "f 2"]),
        ("empty.d", ["-", "d700", "-"]),
        ("deep.d/a/b/c", ["-", "m640 user", "-"]),
        ("withdrawn.d/kept", ["f 1", "f user", "-"]),
        ("withdrawn.d/gone", ["f 1", "f 1", "-"]),
        ("emptied.d/gone", ["f 1", "f 1", "-"]),
        ("emptied.d", ["d", "d", "-"]),
        ("filled.d", ["d", "d", "d"]),
        ("filled.d/mine", ["-", "f user", "-"]),
        ("filled.d/theirs", ["-", "-", "f 2"]),
        ("file-to-directory", ["f 1", "d", "f 2"]),
        ("file-to-directory/mine", ["-", "f user", "-"]),
        ("became.d", ["f 1", "f 1", "d"]),
        ("became.d/x", ["-", "-", "f 2"]),
        ("became-file", ["d", "d", "f 2"]),
    ];
    // Who writes what is there already has changed nothing.
    let merged = Merged::with(rows, |current| put(current, "pinned", "f 1"));
    assert_eq!(&merged.ours, merged.theirs());
    for (path, state) in [
        ("both", "conflict"),
        ("pinned", "updated"),
        ("deleted-updated", "deleted"),
        ("fifo", "dropped"),
        ("came-to-the-same", "same"),
        ("withdrawn.d", "-"),
        ("emptied.d", "withdrawn"),
    ] {
        assert_eq!(merged.state(path), state, "{path}");
    }
}

/// Where ostree loses what somebody meant: what it makes of a row, and what overlayctl does.
fn lost() {
    let journald = [
        "f [Journal]\n#Storage=auto\nCompress=yes\nSeal=yes\n",
        "f [Journal]\n# mine\nStorage=volatile\nCompress=yes\nSeal=no\n",
        "f [Journal]\n#Storage=auto\nCompress=no\nAudit=no\nSeal=yes\n",
    ];
    let merged = Merged::of(&[
        (
            "kv.ini",
            ["f a=1\nb=1\n", "f a=USER\nb=1\n", "f a=1\nb=2\nc=2\n"],
        ),
        ("systemd/journald.conf", journald),
        ("chmod", ["f 1", "m600 1", "f 2"]),
        ("stricter", ["f 1", "f user", "m600 1"]),
        ("chmod.d", ["d", "d700", "d"]),
        ("chmod.d/file", ["f 1", "f 1", "f 1"]),
        ("stricter.d", ["d", "d", "d700"]),
        ("stricter.d/file", ["f 1", "f user", "f 1"]),
        ("withdrawn.d", ["d", "d700", "-"]),
        ("withdrawn.d/file", ["f 1", "f 1", "-"]),
        ("to-fifo", ["-", "p", "f 2"]),
    ]);
    for (path, theirs, ours) in [
        (
            "kv.ini",
            Some("644 0:0 f a=USER\nb=1\n"),
            Some("644 0:0 f a=USER\nb=2\nc=2\n"),
        ),
        (
            "systemd/journald.conf",
            Some("644 0:0 f [Journal]\n# mine\nStorage=volatile\nCompress=yes\nSeal=no\n"),
            Some("644 0:0 f [Journal]\n# mine\nStorage=volatile\nCompress=no\nAudit=no\nSeal=no\n"),
        ),
        ("chmod", Some("600 0:0 f 1"), Some("600 0:0 f 2")),
        ("stricter", Some("644 0:0 f user"), Some("600 0:0 f user")),
        ("chmod.d", Some("755 0:0 d"), Some("700 0:0 d")),
        ("stricter.d", Some("755 0:0 d"), Some("700 0:0 d")),
        ("withdrawn.d", Some("700 0:0 d"), Some("700 0:0 d")),
        ("withdrawn.d/file", Some("644 0:0 f 1"), None),
        ("to-fifo", None, Some("644 0:0 f 2")),
    ] {
        assert_eq!(
            merged.theirs().get(path).map(String::as_str),
            theirs,
            "ostree: {path}"
        );
        assert_eq!(
            merged.ours.get(path).map(String::as_str),
            ours,
            "overlayctl: {path}"
        );
    }
}

fn file_to_directory() {
    let merged = Merged::of(&[
        ("f2d", ["f 1", "f user", "d"]),
        ("f2d/x", ["-", "-", "f 2"]),
    ]);
    let said = merged.theirs.as_ref().expect_err("ostree gives up");
    assert!(
        said.contains("newly defaults to directory 'f2d', cannot merge"),
        "{said}"
    );
    assert_eq!(merged.state("f2d"), "saved");
    assert_eq!(merged.ours["f2d/x"], "644 0:0 f 2");
    assert_eq!(merged.ours["f2d.overlayctl-save"], "644 0:0 f user");
    let next = next_deployment(&merged);
    assert_eq!(
        next, merged.ours,
        "what was merged is what ostree goes on with"
    );

    // The owner made a link of a directory, which works as one: ostree gives up here, too.
    let merged = Merged::of(&[("d", ["d", "l /srv/d", "d"]), ("d/x", ["f 1", "-", "f 1"])]);
    assert!(merged.theirs.is_err());
    assert_eq!(
        (merged.state("d"), merged.ours["d"].as_str()),
        ("kept", "777 0:0 l /srv/d")
    );
}

fn directory_to_file() {
    let merged = Merged::of(&[
        ("d2f/x", ["f 1", "f user", "-"]),
        ("d2f/y", ["f 1", "f 1", "-"]),
        ("d2f", ["d", "d", "f 2"]),
    ]);
    let said = merged.theirs.as_ref().expect_err("ostree gives up");
    assert!(said.contains("opendir(d2f): Not a directory"), "{said}");
    assert_eq!(merged.state("d2f"), "saved");
    assert_eq!(merged.ours["d2f"], "644 0:0 f 2");
    assert_eq!(merged.ours["d2f.overlayctl-save/x"], "644 0:0 f user");
    assert!(!merged.ours.contains_key("d2f.overlayctl-save/y"));
}

/// Puts our result in the place of the owner's `/etc`, made from the new tree, and deploys once more.
fn next_deployment(merged: &Merged) -> Listing {
    let sysroot = Sysroot::new();
    copy(&merged.sysroot.vendor(), &sysroot.vendor());
    let deployment = sysroot.deploy().expect("a deployment");
    let etc = deployment.join("etc");
    unlock(&deployment);
    fs::remove_dir_all(&etc).expect("removed");
    copy(&merged.sysroot.path("out"), &etc);
    fs::write(sysroot.path("tree/usr/lib/next"), "").expect("a file");
    listing(&sysroot.deploy().expect("a next deployment").join("etc"))
}

fn copy(from: &Path, to: &Path) {
    let mut command = Command::new("cp");
    let status = command
        .arg("--archive")
        .arg("--no-target-directory")
        .arg(from)
        .arg(to)
        .status();
    assert!(status.expect("cp runs").success());
}

/// Extended attributes are kept with a file that the owner changed, and make no change of their own.
fn attributes() {
    let set = |path: PathBuf| {
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(path, "user.mine", b"1", flags).expect("an extended attribute");
    };
    let has = |path: PathBuf| {
        let mut value = [0; 8];
        rustix::fs::getxattr(path, "user.mine", &mut value[..]).is_ok()
    };
    let rows: &[Row<'_>] = &[
        ("changed", ["f 1", "f user", "f 1"]),
        ("chmod", ["f 1", "m600 1", "f 2"]),
        ("unchanged", ["f 1", "f 1", "f 2"]),
        ("merged", ["f a=1\nb=1\n", "f a=2\nb=1\n", "f a=1\nb=2\n"]),
        ("added.d/x", ["-", "f user", "-"]),
    ];
    let merged = Merged::with(rows, |current| {
        for path in [
            "changed",
            "chmod",
            "unchanged",
            "merged",
            "added.d",
            "added.d/x",
        ] {
            set(current.join(path));
        }
    });
    let theirs = |path: &str| {
        let root = merged.sysroot.path("root/ostree/deploy/testos/deploy");
        let deployments = fs::read_dir(root)
            .expect("deployments")
            .map(|member| member.expect("one").path());
        deployments.filter(|path| path.is_dir()).any(|deployment| {
            fs::read_to_string(deployment.join("usr/etc/chmod")).is_ok_and(|text| text == "2")
                && has(deployment.join("etc").join(path))
        })
    };
    for (path, expected) in [
        ("changed", true),
        ("unchanged", false),
        ("added.d/x", true),
        ("added.d", true),
        ("chmod", true),
        ("merged", true),
    ] {
        assert_eq!(
            has(merged.sysroot.path("out").join(path)),
            expected,
            "overlayctl: {path}"
        );
        assert_eq!(theirs(path), expected, "ostree: {path}");
    }
}

/// What a path of a random tree may be.
const LEAVES: [&str; 8] = ["-", "f 1", "f 2", "f 3", "m600 1", "m640 2", "l x", "l y"];

/// Trees of a few files, links and directories, each of them in any state on any side.
fn random() {
    let mut seed: u64 = 0x5eed;
    let mut below = |limit: usize| {
        // Knuth's MMIX generator; its high bits are the good ones.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).expect("31 bits") % limit
    };
    for round in 0..how_many(30) {
        let mut named: Vec<(String, [&str; 3])> = Vec::new();
        for directory in ["", "a/", "a/b/", "c/", "c.d/"] {
            for leaf in 0..12 {
                let sides = [(); 3].map(|()| LEAVES[below(LEAVES.len())]);
                // Half of them are as the vendor had them on one side.
                let sides = match below(4) {
                    0 => [sides[0], sides[0], sides[2]],
                    1 => [sides[0], sides[1], sides[0]],
                    _ => sides,
                };
                named.push((format!("{directory}{leaf}"), sides));
            }
        }
        let rows: Vec<Row<'_>> = named
            .iter()
            .map(|(path, sides)| (path.as_str(), *sides))
            .collect();
        let merged = Merged::of(&rows);
        let theirs = merged.theirs();
        let paths: BTreeSet<_> = theirs.keys().chain(merged.ours.keys()).collect();
        for path in paths {
            let [ours, theirs] =
                [&merged.ours, theirs].map(|listing| listing.get(path).map(String::as_str));
            let sides = rows.iter().find(|(row, _)| row == path);
            match merged.state(path) {
                // Content and mode are two things for us.
                "merged" => {}
                "conflict" => {
                    let content = |side: Option<&str>| {
                        side.and_then(|side| Some(side.split_once(' ')?.1.to_owned()))
                    };
                    let [old, current, _] =
                        sides.expect("a row").1.map(|side| side.split_once(' '));
                    let is_edited = old.map(|old| old.1) != current.map(|current| current.1);
                    let is_same = content(ours) == content(theirs);
                    assert!(is_same || !is_edited, "round {round}: {path}: {sides:?}");
                }
                _ => assert_eq!(ours, theirs, "round {round}: {path}: {sides:?}"),
            }
        }
    }
}
