//! What kind of tree a root is, and so what of it may be written now.
//!
//! A deployment of an ostree system that is not booted has its own `/etc` and `/usr`, while `/var` is the
//! machine's and lies two directories above it: the running system uses it at this moment. What is
//! written there belongs to the next boot, when the deployment's own layers are the system's.
//!
//! | root | what is written without `--scope` |
//! |---|---|
//! | `/`, a chroot, an image's plain tree | everything |
//! | a deployment that is not booted | `/etc` |
//! | one that is staged | nothing: ostree merges its `/etc` anew when the system shuts down |
//! | an ostree or bootc image that is being built | `/etc`: its `/var` reaches no system that is updated |

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::root::{Root, RootError};
use rustix::fs::{AtFlags, CWD, fstat, statat};

use crate::bundles::Bundles;
use crate::scope::{Scope, Scopes};

/// A root, and what kind of tree it is.
#[derive(Debug)]
pub struct System {
    root: Root,
    kind: Kind,
    /// Whether its `/var` is there: that of a deployment lies elsewhere.
    has_var: bool,
    /// The commit of a deployment of ostree that is not booted.
    commit: Option<String>,
    bundles: Bundles,
}

/// The kinds of trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The running system, or a tree of which nothing is shared with one.
    Whole,
    /// The tree of an ostree or bootc image that is being built.
    Image,
    /// A deployment of an ostree system that is not booted.
    Deployment,
    /// One that ostree finalizes when the system shuts down.
    Staged,
}

/// Why a scope is left for the boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyLeft {
    /// The deployment is staged, so ostree would overwrite its `/etc`.
    Staged,
    /// The `/var` that deployments share is not there, or leads out of the sysroot.
    NoVar,
    /// It is shared with the running system.
    Shared,
    /// It is of an image, where it reaches no system that is updated.
    Image,
    /// It is the running system's.
    Running,
    /// Nobody asked for it.
    NotAsked,
    /// It is to be run, and this is not the root of the running system.
    OtherRoot,
}

impl WhyLeft {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Staged,
        Self::NoVar,
        Self::Shared,
        Self::Image,
        Self::Running,
        Self::NotAsked,
        Self::OtherRoot,
    ];

    /// The code of it in machine output.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::NoVar => "no-var",
            Self::Shared => "shared",
            Self::Image => "image",
            Self::Running => "running",
            Self::NotAsked => "not-asked",
            Self::OtherRoot => "other-root",
        }
    }
}

/// Where ostree says which deployment is staged, relative to the sysroot or to the running system's root.
const STAGED: &str = "run/ostree/staged-deployment";

impl System {
    /// Opens the root at `path`, which is trusted and resolved as usual.
    ///
    /// Of a deployment that is not booted, `/var` and `/sysroot` are the real ones, as they will be once it
    /// is. The one that runs is `/`, by whatever path it is named.
    ///
    /// It has the bundles that are chosen in it.
    ///
    /// # Errors
    /// It, or what belongs to it, cannot be opened as a directory.
    pub fn open(path: &Path) -> Result<Self, RootError> {
        Ok(Self::without_bundles(path)?.with_bundles(&[]))
    }

    fn without_bundles(path: &Path) -> Result<Self, RootError> {
        let root = Root::open(path)?;
        let Some(place) = Deployment::at(path) else {
            let kind = if is_image(&root) && !is_booted(&root) {
                Kind::Image
            } else {
                Kind::Whole
            };
            return Ok(Self::plain(root, kind));
        };
        if is_running(path) {
            return Ok(Self::plain(Root::open(Path::new("/"))?, Kind::Whole));
        }
        let sysroot = Root::open(&place.sysroot)?;
        let kind = if place.is_staged(&sysroot) {
            Kind::Staged
        } else {
            Kind::Deployment
        };
        // Symlinks on the way stay inside the sysroot: it may be somebody else's disk.
        let var = sysroot.below(&place.var()).ok().flatten();
        let root = root.with_mount(Path::new("/sysroot"), &sysroot);
        Ok(Self {
            has_var: var.is_some(),
            root: match &var {
                Some(var) => root.with_mount(Path::new("/var"), var),
                None => root,
            },
            kind,
            commit: commit_of(&place.name),
            bundles: Bundles::default(),
        })
    }

    fn plain(root: Root, kind: Kind) -> Self {
        Self {
            root,
            kind,
            has_var: true,
            commit: None,
            bundles: Bundles::default(),
        }
    }

    /// The same, with these bundles in the place of those that the root chooses; with none named, with those.
    #[must_use]
    pub fn with_bundles(self, names: &[String]) -> Self {
        if names.is_empty() {
            self.choosing(None)
        } else {
            self.choosing(Some(names))
        }
    }

    /// The same with these bundles and no other, be it none.
    #[must_use]
    pub fn with_exactly(self, names: &[String]) -> Self {
        self.choosing(Some(names))
    }

    fn choosing(self, asked: Option<&[String]>) -> Self {
        let bundles = Bundles::of(&self.root, asked, self.commit.as_deref());
        Self {
            root: self.root.with_bundles(bundles.layers()),
            bundles,
            ..self
        }
    }

    /// The bundles that are chosen in it.
    pub const fn bundles(&self) -> &Bundles {
        &self.bundles
    }

    /// The same, with the sysroot that is at `path` on the host: at `place` inside the root.
    ///
    /// # Errors
    /// It cannot be opened as a directory.
    pub fn with_sysroot(self, place: &Path, path: &Path) -> Result<Self, RootError> {
        let sysroot = Root::open(path)?;
        Ok(Self {
            root: self.root.with_mount(place, &sysroot),
            ..self
        })
    }

    /// The root.
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// What kind of tree it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What is written where nobody says what to write.
    pub fn usual_scopes(&self) -> Scopes {
        match self.kind {
            Kind::Whole => Scopes::ALL,
            Kind::Image | Kind::Deployment => Scopes::ETC,
            Kind::Staged => Scopes::from_iter([]),
        }
    }

    /// Why a scope is left for the boot.
    pub const fn why_left(&self, scope: Scope) -> WhyLeft {
        match (self.kind, scope) {
            (Kind::Staged, Scope::Etc) => WhyLeft::Staged,
            (_, Scope::Var) if !self.has_var => WhyLeft::NoVar,
            (Kind::Staged | Kind::Deployment, Scope::Var) => WhyLeft::Shared,
            (Kind::Image, Scope::Var) => WhyLeft::Image,
            (_, Scope::Run) => WhyLeft::Running,
            _ => WhyLeft::NotAsked,
        }
    }

    /// Whether a scope may be written at all, asked for or not.
    pub fn allows(&self, scope: Scope) -> bool {
        match scope {
            Scope::Etc => self.kind != Kind::Staged,
            Scope::Var => self.has_var,
            Scope::Run => true,
        }
    }
}

/// Where a deployment lies: `SYSROOT/ostree/deploy/OS/deploy/CHECKSUM.SERIAL`.
struct Deployment {
    sysroot: PathBuf,
    os: OsString,
    name: String,
}

impl Deployment {
    /// The deployment at `path`, if its place is that of one.
    #[expect(
        clippy::disallowed_methods,
        reason = "the root's own place on the host, which the user named"
    )]
    fn at(path: &Path) -> Option<Self> {
        let place = std::fs::canonicalize(path).ok()?;
        let name = place.file_name()?.to_str()?;
        let mut above = place.ancestors().skip(1);
        let named = |path: Option<&Path>, name: &str| path.is_some_and(|path| path.ends_with(name));
        if !named(above.next(), "deploy") {
            return None;
        }
        let os = above.next()?.file_name()?;
        if !named(above.next(), "ostree/deploy") {
            return None;
        }
        let sysroot = above.nth(1)?;
        // Each has its origin beside it, but for those that a tool moved or made by hand.
        let origin = place.with_file_name(format!("{name}.origin"));
        let has_origin = statat(CWD, &origin, AtFlags::empty()).is_ok();
        (is_name(name) || has_origin).then(|| Self {
            sysroot: sysroot.into(),
            os: os.into(),
            name: name.into(),
        })
    }

    /// The `/var` that it shares with the others of its stateroot, inside the sysroot.
    fn var(&self) -> PathBuf {
        Path::new("/ostree/deploy").join(&self.os).join("var")
    }

    /// Whether ostree says so, in the running system or in the sysroot.
    fn is_staged(&self, sysroot: &Root) -> bool {
        let running = Root::open(Path::new("/")).ok();
        [running.as_ref(), Some(sysroot)]
            .into_iter()
            .flatten()
            .filter_map(|root| root.read(Path::new(STAGED), 1 << 20).ok().flatten())
            .any(|state| self.is_target(&state))
    }

    /// Whether it is the target of what ostree wrote: a serialized dictionary that names the deployment to
    /// be finalized first and the one that it is merged from behind it
    /// (`ostree_sysroot_stage_tree_with_options()`).
    fn is_target(&self, state: &[u8]) -> bool {
        let target = state.find(b"merge-deployment").unwrap_or(state.len());
        state[..target].contains_str(&self.name)
    }
}

/// The commit in the name of a deployment.
pub(crate) fn commit_of(name: &str) -> Option<String> {
    let (commit, _) = name.split_once('.')?;
    is_name(name).then(|| commit.to_owned())
}

/// `CHECKSUM.SERIAL`.
fn is_name(name: &str) -> bool {
    name.split_once('.').is_some_and(|(checksum, serial)| {
        checksum.len() == 64
            && checksum.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !serial.is_empty()
            && serial.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a root is that of the system whose programs are run.
pub(crate) fn is_running_systems(root: &Root) -> bool {
    let top = Path::new("/");
    let Ok(Some(dir)) = root.dir(top) else {
        return false;
    };
    match (fstat(&dir), statat(CWD, top, AtFlags::empty())) {
        (Ok(a), Ok(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
        _ => false,
    }
}

/// Whether the deployment at `path` is the one that runs: they have one `/etc`.
fn is_running(path: &Path) -> bool {
    let etc = |root: &Path| statat(CWD, root.join("etc"), AtFlags::SYMLINK_NOFOLLOW).ok();
    match (etc(path), etc(Path::new("/"))) {
        (Some(a), Some(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
        _ => false,
    }
}

/// Whether a system runs in this root: systemd (`sd_booted(3)`), or ostree.
fn is_booted(root: &Root) -> bool {
    has(root, "/run/systemd", "system") || has(root, "/run", "ostree-booted")
}

/// Whether the tree is laid out for ostree or bootc: `/ostree` is a symlink into `/sysroot`, or it brings
/// what mounts such a tree or installs it.
fn is_image(root: &Root) -> bool {
    let links = root.chase(Path::new("/ostree"));
    links.is_ok_and(|end| end == Path::new("sysroot/ostree"))
        || has(root, "/usr/lib/ostree", "prepare-root.conf")
        || has(root, "/usr/lib", "bootc")
}

fn has(root: &Root, directory: &str, name: &str) -> bool {
    let directory = root.dir(Path::new(directory)).ok().flatten();
    directory.is_some_and(|directory| statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW).is_ok())
}
