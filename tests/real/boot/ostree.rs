//! Updates by the real ostree, and the way back: new entries, a changed URL, a rotated key, an entry that is withdrawn.

use super::container::Boot;
use super::deployed::{Deployed, Deployment};
use super::remotes::{owner_acts, remotes};
use super::tree::Tree;
use crate::flatpak::bench::{Bench, Key};

const MARKER: &str = ".ostree-cleaned";
const ONE: &str = "https://one.example.org/";
const TWO: &str = "https://two.example.org/";
/// The remotes that the first image ships.
const NAMES: [&str; 5] = ["deleted", "edited", "masked", "plain", "withdrawn"];

fn entry(name: &str, url: &str) -> (String, String) {
    let path = format!("usr/lib/flatpak/remotes.d/{name}.flatpakrepo");
    let text = format!("[Flatpak Repo]\nUrl={url}\nTitle=The {name}\nGPGVerify=false\n");
    (path, text)
}

fn signed(key: &Key) -> (String, String) {
    let path = "usr/lib/flatpak/remotes.d/signed.flatpakrepo";
    let text = format!("[Flatpak Repo]\nUrl={ONE}\nGPGKey={}\n", key.base64());
    (path.into(), text)
}

/// The system's own.
fn own(url: &str) -> (String, String) {
    let text = format!("[remote \"own\"]\nurl={url}\ngpg-verify=false\n");
    ("usr/lib/ostree/remotes.d/own.conf".into(), text)
}

fn expected(url: &str, names: &[&str]) -> Vec<String> {
    let mut lines: Vec<_> = names.iter().map(|name| format!("{name} {url}")).collect();
    lines.push(format!("signed {ONE}"));
    lines.sort();
    lines
}

/// Lets the cleanup end, and looks: what is said of it, and which remotes there are.
fn assert_stands(boot: &mut Boot, deployment: &Deployment, url: &str, names: &[&str]) {
    boot.settle();
    // `ostree admin cleanup` is one of the tasks.
    boot.run(&["overlayctl", "cleanup", "status"]);
    let status = boot.cleanup();
    assert_eq!(status["cleanup"]["deployment"], deployment.id());
    assert_eq!(status["cleanup"]["marker_state"], "current");
    assert_eq!(remotes(boot), expected(url, names));
    let own = [
        "ostree",
        "remote",
        "show-url",
        "--repo=/sysroot/ostree/repo",
        "own",
    ];
    assert_eq!(boot.output(&own).trim(), url);
}

pub(crate) fn updates(tree: &Tree) {
    let bench = Bench::new().expect("gpg and GLib");
    let keys = bench.keys();
    let (deployed, first) = Deployed::new(tree, |system| {
        let shipped = NAMES.iter().map(|name| entry(name, ONE));
        for (path, text) in shipped.chain([signed(&keys.vendor), own(ONE)]) {
            system.write(&path, &text);
        }
        system.task("20-mine", "exit 0", "");
    });
    let trusted = || {
        let keyring = deployed.flatpak().join("signed.trustedkeys.gpg");
        let found = bench.readers.certificates(&keyring).expect("a keyring");
        found
            .into_iter()
            .map(|found| found.fingerprint)
            .collect::<Vec<_>>()
    };

    let mut boot = deployed.boot(&first);
    assert_stands(&mut boot, &first, ONE, &NAMES);
    assert_eq!(deployed.ran(), "20-mine");
    assert_eq!(trusted(), [&*keys.vendor.fingerprint]);
    owner_acts(&boot);
    boot.off();

    let mut boot = deployed.boot(&first);
    let stand = ["edited", "plain", "withdrawn"];
    assert_stands(&mut boot, &first, ONE, &stand);
    let changed = ["deleted", "edited", "masked", "new", "plain"].map(|name| entry(name, TWO));
    for (path, text) in changed.into_iter().chain([signed(&keys.owner), own(TWO)]) {
        deployed.write(&path, &text);
    }
    deployed.remove("usr/lib/flatpak/remotes.d/withdrawn.flatpakrepo");
    // The marker is left: nobody removed it.
    let second = deployed.deploy(&boot);
    boot.off();
    assert_eq!(deployed.ran(), "");

    let mut boot = deployed.boot(&second);
    let updated = ["edited", "new", "plain"];
    assert_stands(&mut boot, &second, TWO, &updated);
    let titles = boot.output(&["flatpak", "remotes", "--system", "--columns=title"]);
    assert!(titles.contains("Mine"), "{titles}");
    assert_eq!(trusted(), [&*keys.owner.fingerprint]);
    boot.off();
    assert_eq!(deployed.ran(), "20-mine");
    let marker = deployed.read(MARKER).expect("a marker");
    assert!(marker.contains(&second.id()), "{marker}");
    // `ostree admin cleanup`, as a task, leaves what one can go back to.
    assert!(deployed.deployments().contains(&first));

    // Back, and forward again: as it was, and nothing is done twice.
    let config = deployed.flatpak().join("config");
    let settled = std::fs::read(&config).expect("a configuration");
    let mut boot = deployed.boot(&first);
    assert_stands(&mut boot, &first, ONE, &stand);
    boot.off();
    let mut boot = deployed.boot(&second);
    assert_stands(&mut boot, &second, TWO, &updated);
    boot.off();
    assert_eq!(deployed.ran(), "");
    let again = std::fs::read(&config).expect("a configuration");
    assert_eq!(sorted(&again), sorted(&settled));
}

/// The lines of a configuration; in which order its groups and lists are is nobody's wish.
fn sorted(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let mut words: Vec<_> = text.split(['\n', ';', '=']).map(str::to_owned).collect();
    words.sort();
    words
}
