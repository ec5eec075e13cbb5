//! Which files override which, held against `systemd-delta` on the same tree.
//!
//! It reads the host's directories only, so the tree is bound over them in a mount namespace. Where the two
//! differ on purpose, [`as_systemd_delta`] says of our answer what systemd-delta makes of it; all else must
//! be the same.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::TempDir;

use crate::NotRun;
use crate::peers::{Found, SCRATCH, read, require_root};

/// The directories of the tree that systemd-delta looks at.
const SUFFIXES: [&str; 4] = ["systemd/system", "sysctl.d", "tmpfiles.d", "udev/rules.d"];

/// Runs a program with the tree `$1` in place of the host's directories.
const BIND: &str = r#"tree=$1; shift
mount --make-rprivate / &&
mount --bind "$tree/etc" /etc && mount --bind "$tree/run" /run && mount --bind "$tree/usr/local" /usr/local || exit
for suffix in systemd/system sysctl.d tmpfiles.d udev/rules.d; do
    mount --bind "$tree/usr/lib/$suffix" "/usr/lib/$suffix" || exit
done
exec systemd-delta --no-pager --diff=false "$@""#;

/// What a file does, the file, and what is below it.
type Line = (String, String, String);

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let needed = require_root().and_then(|()| read(Command::new("systemd-delta").arg("--version")));
    vec![
        not_run.trial("systemd: what overrides what".into(), needed, |_| {
            let tree = tree();
            let ours = as_systemd_delta(&ours(tree.path()));
            let theirs = theirs(tree.path()).expect("systemd-delta answers");
            assert!(theirs.len() > 12, "{theirs:#?}");
            assert_eq!(ours, theirs);
        }),
    ]
}

/// What is where.
const FILES: &[(&str, &str)] = &[
    // Two and three layers, each of them the highest once.
    (
        "usr/lib/systemd/system/over.service",
        "[Unit]\nDescription=1\n",
    ),
    ("etc/systemd/system/over.service", "[Unit]\nDescription=2\n"),
    (
        "usr/lib/systemd/system/three.service",
        "[Unit]\nDescription=1\n",
    ),
    (
        "run/systemd/system/three.service",
        "[Unit]\nDescription=2\n",
    ),
    (
        "etc/systemd/system/three.service",
        "[Unit]\nDescription=3\n",
    ),
    (
        "usr/lib/systemd/system/local.service",
        "[Unit]\nDescription=1\n",
    ),
    (
        "usr/local/lib/systemd/system/local.service",
        "[Unit]\nDescription=2\n",
    ),
    (
        "usr/lib/systemd/system/same.service",
        "[Unit]\nDescription=1\n",
    ),
    ("etc/systemd/system/same.service", "[Unit]\nDescription=1\n"),
    ("usr/lib/systemd/system/plain.service", "[Unit]\n"),
    ("etc/systemd/system/own.service", "[Unit]\n"),
    // Masks: a symlink, an empty file; comments are none.
    ("usr/lib/systemd/system/null.service", "[Unit]\n"),
    ("usr/lib/systemd/system/empty.service", "[Unit]\n"),
    ("run/systemd/system/empty.service", ""),
    ("usr/lib/systemd/system/comment.service", "[Unit]\n"),
    ("etc/systemd/system/comment.service", "# nothing\n"),
    // Symlinks.
    ("usr/lib/systemd/system/to.service", "[Unit]\n"),
    ("usr/lib/systemd/system/equal.service", "[Unit]\n"),
    ("usr/lib/systemd/system/gone.service", "[Unit]\n"),
    ("etc/elsewhere", "[Unit]\nDescription=2\n"),
    // Drop-ins.
    ("usr/lib/systemd/system/a-b.service", "[Unit]\n"),
    (
        "usr/lib/systemd/system/a-b.service.d/1.conf",
        "[Unit]\nAfter=1\n",
    ),
    (
        "etc/systemd/system/a-b.service.d/2.conf",
        "[Unit]\nAfter=2\n",
    ),
    (
        "usr/lib/systemd/system/a-b.service.d/3.conf",
        "[Unit]\nAfter=3\n",
    ),
    (
        "etc/systemd/system/a-b.service.d/3.conf",
        "[Unit]\nAfter=4\n",
    ),
    (
        "usr/lib/systemd/system/a-b.service.d/4.conf",
        "[Unit]\nAfter=5\n",
    ),
    (
        "etc/systemd/system/a-.service.d/5.conf",
        "[Unit]\nAfter=6\n",
    ),
    // Directories without a main file.
    ("usr/lib/sysctl.d/a.conf", "a=1\n"),
    ("etc/sysctl.d/a.conf", "a=2\n"),
    ("usr/lib/sysctl.d/b.conf", "b=1\n"),
    ("etc/sysctl.d/b.conf", ""),
    ("usr/lib/sysctl.d/c.conf", "c=1\n"),
    ("etc/sysctl.d/d.conf", "c=2\n"),
    ("usr/lib/tmpfiles.d/a.conf", "d /a\n"),
    ("run/tmpfiles.d/a.conf", "d /b\n"),
    ("usr/lib/udev/rules.d/1.rules", "# 1\n"),
    ("etc/udev/rules.d/1.rules", "# 2\n"),
];

fn tree() -> TempDir {
    let tree = TempDir::new_in(SCRATCH).expect("a directory");
    let at = |path: &str| tree.path().join(path);
    for layer in ["usr/lib", "usr/local/lib", "run", "etc"] {
        for suffix in SUFFIXES {
            fs::create_dir_all(at(layer).join(suffix)).expect("a directory");
        }
    }
    for (path, text) in FILES {
        let path = at(path);
        fs::create_dir_all(path.parent().expect("below the tree")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    for (text, path) in [
        ("/dev/null", "etc/systemd/system/null.service"),
        ("/etc/elsewhere", "etc/systemd/system/to.service"),
        (
            "../../../usr/lib/systemd/system/equal.service",
            "etc/systemd/system/equal.service",
        ),
        ("/nowhere", "etc/systemd/system/gone.service"),
        ("/dev/null", "etc/systemd/system/a-b.service.d/4.conf"),
    ] {
        symlink(text, at(path)).expect("a link");
    }
    tree
}

fn theirs(tree: &Path) -> Found<BTreeSet<Line>> {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", BIND, "bind"])
        .arg(tree)
        .args(SUFFIXES);
    let text = read(command.env("LC_ALL", "C.UTF-8"))?;
    let line = |line: &str| {
        let (class, files) = line.strip_prefix('[')?.split_once(']')?;
        let (first, second) = files.trim().split_once(" → ")?;
        // Of an extension it names the main file first.
        let (top, bottom) = if class == "EXTENDED" {
            (second, first)
        } else {
            (first, second)
        };
        Some((class.to_owned(), top.to_owned(), bottom.to_owned()))
    };
    Ok(text.lines().filter_map(line).collect())
}

fn ours(tree: &Path) -> Vec<Line> {
    let output = Command::new(env!("CARGO_BIN_EXE_overlayctl"))
        .args(["--json", "diff", "--root"])
        .arg(tree)
        .output()
        .expect("overlayctl runs");
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let differences = document["differences"].as_array().expect("differences");
    differences
        .iter()
        .map(|found| {
            (
                text(&found["class"]),
                text(&found["top"]),
                text(&found["bottom"]),
            )
        })
        .collect()
}

/// What systemd-delta would make of our answer.
fn as_systemd_delta(ours: &[Line]) -> BTreeSet<Line> {
    let mut lines = BTreeSet::new();
    let stands_over = |file: &str| {
        let over = ours
            .iter()
            .find(|(class, top, _)| class != "extended" && top == file);
        over.map(|(_, _, bottom)| bottom.clone())
    };
    for (class, top, bottom) in ours {
        // It looks at the highest and the lowest file only.
        let is_middle = ours
            .iter()
            .any(|(class, _, below)| class != "extended" && below == top);
        if is_middle || bottom.is_empty() {
            continue;
        }
        if class == "extended" {
            // It knows a unit's own drop-in directory only.
            if Path::new(top)
                .parent()
                .is_some_and(|directory| directory.ends_with(own_directory(bottom)))
            {
                lines.insert(("EXTENDED".into(), top.clone(), bottom.clone()));
            }
            continue;
        }
        let mut lowest = bottom.clone();
        while let Some(lower) = stands_over(&lowest) {
            lowest = lower;
        }
        let class = match class.as_str() {
            // It compares no texts, and takes a dangling symlink for one that leads elsewhere.
            "identical" => "OVERRIDDEN".into(),
            "broken" => "REDIRECTED".into(),
            class => class.to_uppercase(),
        };
        lines.insert((class, top.clone(), lowest));
        // A drop-in that stands over another it counts twice, a mask too.
        if let Some((unit, _)) = top.rsplit_once(".d/") {
            let unit = unit.replace("/etc/", "/usr/lib/");
            if Path::new(&unit)
                .extension()
                .is_some_and(|end| end == "service")
            {
                lines.insert(("EXTENDED".into(), top.clone(), unit));
            }
        }
    }
    lines
}

/// `a.service.d` of `/usr/lib/systemd/system/a.service`.
fn own_directory(unit: &str) -> String {
    let name = unit.rsplit('/').next().unwrap_or_default();
    format!("{name}.d")
}
