//! How often the commands about files ask the kernel, counted by strace: each file is opened once, and all
//! that a command does besides is a constant.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::NotRun;
use crate::peers::read;

/// How many drop-ins there are, of which some hide others.
const FILES: usize = 400;

/// The calls that a command makes besides those for files: its start, the kind of tree, the layers.
const CONSTANT: usize = 135;

/// What it makes besides where an adapter may have to do with the path.
const ADAPTERS: usize = 90;

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    // (the command, the path, whether it reads what a higher layer hides)
    let cases: [(&'static str, &'static str, bool); 14] = [
        ("digest", "myapp.conf", false),
        ("digest", "myapp.conf.d", false),
        ("digest", "sysctl.d", false),
        ("digest", "flatpak/remotes.d", false),
        ("digest", "documents", false),
        ("watch-list", "myapp.conf", false),
        ("cat", "myapp.conf", false),
        ("show", "myapp.conf", false),
        ("show", "systemd/journald.conf", false),
        ("explain", "myapp.conf", true),
        ("explain", "systemd/journald.conf", true),
        ("list", "myapp.conf", true),
        ("check", "myapp.conf", true),
        ("diff", "myapp.conf", true),
    ];
    let cases = cases.into_iter().map(|(command, path, history)| {
        let strace = read(Command::new("strace").arg("--version"));
        let name = format!("calls: {command} {path} opens each file once");
        not_run.trial(name, strace, move |_| count(&[command, path], history))
    });
    let strace = read(Command::new("strace").arg("--version"));
    let why = not_run.trial("calls: why opens each file once".into(), strace, |_| {
        count(&["why", "/etc/myapp.conf.d/0004.conf"], true);
    });
    cases.chain([why]).collect()
}

fn count(arguments: &[&str], history: bool) {
    let path = arguments[1];
    let path = if arguments[0] == "why" {
        "myapp.conf"
    } else {
        path
    };
    let place = TempDir::new().expect("a directory");
    let root = place.path().join("root");
    make(&root, path);
    let trace = place.path().join("trace");
    let status = Command::new("strace")
        // The loader would look for libraries there.
        .env_remove("LD_LIBRARY_PATH")
        .args(["-f", "-o"])
        .arg(&trace)
        .arg(env!("CARGO_BIN_EXE_overlayctl"))
        .arg("--root")
        .arg(&root)
        .args(arguments)
        .output()
        .expect("strace runs")
        .status;
    assert!(status.success(), "{arguments:?}: {status}");
    let trace = fs::read_to_string(trace).expect("a trace");
    let opened = opened(&trace);
    let twice: Vec<_> = opened.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{arguments:?}: {twice:?}");
    let files = if history { FILES } else { FILES - FILES / 4 };
    assert_eq!(opened.len(), files, "{arguments:?}");
    // A debug build asks about each descriptor that it closes.
    let calls = trace.lines().filter(|line| !line.contains(" fcntl("));
    let calls = calls.count();
    let is_adapters = path.starts_with("flatpak") || ["explain", "why"].contains(&arguments[0]);
    let constant = CONSTANT + if is_adapters { ADAPTERS } else { 0 };
    assert!(
        calls <= files * 4 + constant,
        "{arguments:?}: {calls} calls for {files} files"
    );
}

/// How often each file of the tree was opened, by its name.
fn opened(trace: &str) -> BTreeMap<String, usize> {
    let mut opened = BTreeMap::new();
    for line in trace.lines() {
        let is_open = line.contains(" openat(") || line.contains(" openat2(");
        let name = line.split('"').nth(1).unwrap_or_default();
        if is_open
            && !line.contains("O_PATH")
            && name.contains(".conf")
            && !line.contains("O_DIRECTORY")
        {
            let descriptor = line.split(['(', ',']).nth(1).unwrap_or_default();
            *opened.entry(format!("{descriptor} {name}")).or_default() += 1;
        }
    }
    opened
}

/// A quarter of the files of the lowest layer is hidden by one of the next.
fn make(root: &Path, path: &str) {
    for directory in ["usr/lib", "usr/local/lib", "run", "etc"] {
        fs::create_dir_all(root.join(directory)).expect("a layer");
    }
    let (directory, suffix) = match path {
        "flatpak/remotes.d" => (path.to_owned(), ".conf.flatpakrepo"),
        "documents" | "myapp.conf.d" | "sysctl.d" => (path.to_owned(), ".conf"),
        _ => (format!("{path}.d"), ".conf"),
    };
    let text = match path {
        "sysctl.d" => "vm.swappiness = 1\n",
        "flatpak/remotes.d" => "[Flatpak Repo]\nUrl=https://example.org/\n",
        _ => "[Journal]\nStorage=auto\n",
    };
    for (layer, from, to) in [("usr/lib", 0, FILES * 3 / 4), ("etc", 0, FILES / 4)] {
        let directory = root.join(layer).join(&directory);
        fs::create_dir_all(&directory).expect("a directory");
        for number in from..to {
            let file = directory.join(format!("{number:04}{suffix}"));
            fs::write(file, text).expect("a file");
        }
    }
    // A layer by another name.
    let _ = symlink("usr/lib", root.join("lib"));
}
