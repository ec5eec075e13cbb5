//! The recipes that the README has for builders of images, run word for word: by buildah, and by mmdebstrap.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::NotRun;
use crate::boot::Tree;
use crate::peers::{Found, read};

const ENABLED: [&str; 3] = [
    "multi-user.target.wants/overlayctl-cleanup-verify.service",
    "multi-user.target.wants/overlayctl-sync.service",
    "timers.target.wants/post-upgrade-cleanup.timer",
];

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let is_left_out = not_run.only_thorough("images are not built; OVERLAYCTL_THOROUGH=1 does");
    let container = is_left_out.clone().and(is_there("buildah"));
    let container = container.and_then(|()| Tree::oldest());
    let packages = is_left_out.and(is_there("mmdebstrap"));
    vec![
        not_run.trial("recipe: a container's".to_owned(), container, |tree| {
            by_buildah(&tree.path);
        }),
        not_run.trial("recipe: from packages".to_owned(), packages, |()| {
            by_mmdebstrap();
        }),
    ]
}

fn is_there(program: &str) -> Found<()> {
    read(Command::new(program).arg("--version")).map(|_| ())
}

/// A builder's directory, with what goes into the image staged as the README says.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::with_prefix("recipe-").unwrap());
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["Makefile", "data"] {
            symlink(top.join(file), place.path(file)).unwrap();
        }
        let vendors = top.join("data/demo/flathub.flatpakrepo");
        fs::copy(vendors, place.path("flathub.flatpakrepo")).unwrap();
        place.shell(&block("make install DESTDIR=stage"));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn shell(&self, script: &str) {
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", script]).current_dir(self.0.path());
        // What is installed is what is tested, however it was built.
        let program = env!("CARGO_BIN_EXE_overlayctl");
        shell.env("MAKEFLAGS", format!("binary={program}"));
        read(&mut shell).unwrap();
    }
}

/// The README's block of code with these words.
fn block(words: &str) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(top.join("README.md")).unwrap();
    let mut blocks = page.split("```").skip(1).step_by(2);
    let block = blocks.find(|block| block.contains(words)).unwrap();
    block.split_once('\n').unwrap().1.to_owned()
}

/// The image is ready to be booted: its units are enabled, its remotes made.
fn assert_ready(image: &Path) {
    for link in ENABLED {
        let link = image.join("etc/systemd/system").join(link);
        assert!(link.is_symlink(), "{}", link.display());
    }
    let config = fs::read_to_string(image.join("var/lib/flatpak/repo/config")).unwrap();
    assert!(config.contains("[remote \"flathub\"]"), "{config}");
}

fn by_buildah(base: &Path) {
    let place = Place::new();
    fs::write(place.path("Containerfile"), block("FROM base")).unwrap();
    // Mounts are this process's own, so a run that is killed leaves none behind.
    let script = "
        buildah() { command buildah --root $PWD/images --runroot $PWD/run --storage-driver overlay \"$@\"; }
        container=$(buildah from scratch)
        cp --archive --no-target-directory \"$BASE\" \"$(buildah mount $container)\"
        buildah commit --quiet --rm $container base
        buildah build --quiet --isolation chroot --tag image .
        cp --archive --no-target-directory \"$(buildah mount $(buildah from image))\" image
    ";
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "--", "sh", "-e", "-c", script]);
    read(shell.env("BASE", base).current_dir(place.0.path())).unwrap();
    assert_ready(&place.path("image"));
}

fn by_mmdebstrap() {
    let place = Place::new();
    place.shell(&block("mmdebstrap --include"));
    assert_ready(&place.path("image"));
}
