//! What is called a bundle here is an extension for the real systemd-sysext, of this system and of newer suites; and
//! where it takes one and we do not, that is one of the reasons that FORMATS.md names.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::TempDir;

use crate::NotRun;
use crate::libraries::Libraries;
use crate::machine::Machine;
use crate::peers::{Found, SCRATCH, read, require_root};

const OS: &str = "ID=acme-os\nVERSION_ID=42\nARCHITECTURE=x86-64\n";

/// What the bundle brings, below `usr/lib`.
const BROUGHT: &str = "sysctl.d/50-acme.conf";

/// What the system says, what the extension says, whether systemd takes it, and whether we do.
const CASES: [(&str, &str, bool, bool); 14] = [
    (OS, "ID=_any\n", true, true),
    (OS, "ID=acme-os\nVERSION_ID=42\n", true, true),
    (
        OS,
        "ID=acme-os\nVERSION_ID=42\nARCHITECTURE=x86-64\n",
        true,
        true,
    ),
    (OS, "ID=_any\nARCHITECTURE=_any\n", true, true),
    (
        OS,
        "ID=acme-os\nVERSION_ID=42\nSYSEXT_LEVEL=1\n",
        true,
        true,
    ),
    (
        "ID=acme-os\nVERSION_ID=42\nSYSEXT_LEVEL=1\n",
        "ID=acme-os\nVERSION_ID=7\nSYSEXT_LEVEL=1\n",
        true,
        true,
    ),
    (
        "ID=acme-os\nVERSION_ID=42\nSYSEXT_LEVEL=1\n",
        "ID=acme-os\nVERSION_ID=42\nSYSEXT_LEVEL=2\n",
        false,
        false,
    ),
    (OS, "VERSION_ID=42\n", false, false),
    (OS, "ID=other-os\nVERSION_ID=42\n", false, false),
    (OS, "ID=acme-os\nVERSION_ID=41\n", false, false),
    (OS, "ID=acme-os\n", false, false),
    (OS, "ID=_any\nARCHITECTURE=s390x\n", false, false),
    // What the system does not say does not fit here.
    ("ID=acme-os\n", "ID=acme-os\nVERSION_ID=99\n", true, false),
    // Nor another image.
    (OS, "ID=_any\nIMAGE_ID=other\n", true, false),
];

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let trial = |(system, libraries): (&str, Found<Libraries>)| {
        let name = format!("bundles: what fits is an extension, {system}");
        let libraries = require_root().and(libraries);
        not_run.trial(name, libraries, |libraries| compare(&libraries))
    };
    Libraries::all().into_iter().map(trial).collect()
}

fn compare(libraries: &Libraries) {
    for (os, release, theirs, ours) in CASES {
        let place = TempDir::new_in(SCRATCH).expect("a directory");
        let machine = Machine::new(place.path());
        machine.write("usr/lib/os-release", os);
        for place in ["var/lib/extensions", "var/lib/overlayctl/bundles"] {
            let acme = format!("{place}/acme/usr/lib");
            let of_release = format!("{acme}/extension-release.d/extension-release.acme");
            machine.write(&of_release, release);
            machine.write(&format!("{acme}/{BROUGHT}"), "vm.swappiness=10\n");
        }
        let merged = is_merged(libraries, &machine.root);
        assert_eq!(merged, theirs, "systemd: {os}{release}");
        let output = machine
            .overlayctl(&["bundles", "--bundle", "acme"])
            .output();
        let document: Value =
            serde_json::from_slice(&output.expect("it runs").stdout).expect("JSON");
        let applied = document["bundles"][0]["state"] == "applied";
        assert_eq!(applied, ours, "overlayctl: {os}{release}{document:#}");
    }
}

/// Whether systemd puts the extension over the system, in a mount namespace of its own.
fn is_merged(libraries: &Libraries, root: &Path) -> bool {
    let merge = "mount --make-rshared / && mount --bind /run /run && \"$@\" merge 1>&2 && \
                 if test -e \"$TREE/usr/lib/$BROUGHT\"; then echo merged; fi";
    let sysext = libraries.command(&libraries.file("/usr/bin/systemd-sysext"));
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "bash", "-ec", merge, "sh"]);
    unshare.arg(sysext.get_program()).args(sysext.get_args());
    for (name, value) in sysext.get_envs() {
        unshare.env(name, value.expect("nothing is taken away"));
    }
    unshare.arg(format!("--root={}", root.display()));
    unshare.env("TREE", root).env("BROUGHT", BROUGHT);
    read(&mut unshare).expect("it runs").contains("merged")
}
