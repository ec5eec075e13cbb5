//! What a bundle was built for, beside what the system is: `extension-release.NAME` and os-release(5).
//!
//! As systemd matches a system extension (`extension_release_validate()` in `src/shared/extension-util.c`), and
//! stricter in one thing: what the bundle names and the system does not have does not fit. Beyond that, a bundle may
//! name the very image: `IMAGE_ID`, `IMAGE_VERSION`, `BUILD_ID`, `OSTREE_COMMIT`.

use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::finding::{Finding, Level};
use overlay_resolver::root::Root;
use overlay_resolver::rules::{DropIns, Layer, Repeated, Shape};
use overlay_resolver::tree::Tree;
use overlay_resolver::{Document, Resolver, Rules};

use super::chosen::LIMIT;
use crate::code;
use crate::deployment::Deployment;
use crate::system::{commit_of, is_running_systems};

const ANY: &str = "_any";
/// What a bundle may name of the image that it was built for, and no other.
const OF_IMAGE: [&str; 4] = ["IMAGE_ID", "IMAGE_VERSION", "BUILD_ID", "OSTREE_COMMIT"];
/// Where a system says what it is. A bundle has none: systemd refuses an extension that has.
const OS_RELEASE: &str = "usr/lib/os-release";

/// The system that a bundle is to fit.
#[derive(Debug)]
pub(super) struct Host<'h> {
    root: &'h Root,
    os_release: Option<Document>,
    architecture: Option<String>,
    commit: Option<&'h str>,
}

impl<'h> Host<'h> {
    pub(super) fn of(root: &'h Root, commit: Option<&'h str>) -> Self {
        let os_release = Resolver::new(root.clone()).resolve("os-release").ok();
        let said = os_release.as_ref().and_then(|os| value(os, "ARCHITECTURE"));
        Self {
            // Of an image, the machine that builds it says nothing.
            architecture: said.or_else(|| is_running_systems(root).then(architecture)),
            root,
            os_release,
            commit,
        }
    }

    fn value(&self, field: &str) -> Option<String> {
        match field {
            "ARCHITECTURE" => self.architecture.clone(),
            "OSTREE_COMMIT" => {
                let known = self.commit.map(str::to_owned);
                known.or_else(|| booted_commit(self.root))
            }
            _ => value(self.os_release.as_ref()?, field),
        }
    }

    /// Why it is not known what the system says of a field.
    fn untold(&self, field: &str) -> Option<&Finding> {
        if field == "OSTREE_COMMIT" || self.value(field).is_some() {
            return None;
        }
        let mut findings = self.os_release.as_ref()?.findings();
        findings.find(|finding| finding.level == Level::Error)
    }

    /// `ID=`, and what it is like.
    fn ids(&self) -> Vec<String> {
        let like = self.value("ID_LIKE").unwrap_or_default();
        let like = like.split_ascii_whitespace().map(str::to_owned);
        self.value("ID").into_iter().chain(like).collect()
    }
}

/// The commit of the deployment that is booted, if ostree booted it.
fn booted_commit(root: &Root) -> Option<String> {
    match Deployment::of(root, Path::new("/sysroot"))
        .ok()??
        .deployment
    {
        Deployment::Ostree { name, .. } => commit_of(&name),
        _ => None,
    }
}

/// What the running system's architecture is called by systemd (`src/basic/architecture.c`).
fn architecture() -> String {
    let uname = rustix::system::uname();
    let machine = uname.machine().to_string_lossy();
    let name = match &*machine {
        "x86_64" => "x86-64",
        "i386" | "i486" | "i586" | "i686" => "x86",
        "aarch64" => "arm64",
        "aarch64_be" => "arm64-be",
        "ppc64le" => "ppc64-le",
        arm if arm.starts_with("armv") && arm.ends_with('b') => "arm-be",
        arm if arm.starts_with("armv") => "arm",
        other => other,
    };
    name.into()
}

/// What a bundle was built for.
#[derive(Debug)]
pub(super) struct Release {
    name: String,
    path: PathBuf,
    document: Document,
}

impl Release {
    /// That of the bundle of this name in the directory at `place`.
    ///
    /// # Errors
    /// It is none, or cannot be read.
    pub(super) fn of(root: &Root, place: &Path, name: &str) -> Result<Self, Finding> {
        let file = format!("usr/lib/extension-release.d/extension-release.{name}");
        let path = place.join(&file);
        let refusal = |message: String| code::BAD_BUNDLE.error(&path, message);
        // Its symlinks are followed as those of the bundle are.
        let tree = root.below(place).map_err(|why| {
            let message = format!("cannot be read, so nothing of the bundle is applied: {why}");
            code::BAD_BUNDLE.error(place, message)
        })?;
        let read = |file: &str| match &tree {
            Some(tree) => tree.read(Path::new(file), LIMIT),
            None => Ok(None),
        };
        if !matches!(read(OS_RELEASE), Ok(None)) {
            let message = "a bundle may not say what the system is (systemd refuses such an extension): take the file out of it";
            return Err(code::BAD_BUNDLE.error(place.join(OS_RELEASE), message));
        }
        let text = read(&file).map_err(|why| {
            refusal(format!(
                "cannot be read, so nobody can tell what the bundle was built for, and nothing of it is applied: {why}"
            ))
        })?;
        let Some(text) = text else {
            return Err(refusal(
                "is missing, so nobody can tell what the bundle was built for, and nothing of it is applied: add the file, with `ID=` and `VERSION_ID=` of the system, or `ID=_any`".into(),
            ));
        };
        let document = self::read(&path, &text);
        let mut errors = document.findings();
        if let Some(error) = errors.find(|finding| finding.level == Level::Error) {
            return Err(error.clone());
        }
        drop(errors);
        Ok(Self {
            name: name.into(),
            path,
            document,
        })
    }

    fn value(&self, field: &str) -> Option<String> {
        value(&self.document, field)
    }

    /// Whether the bundle was built for this system.
    ///
    /// # Errors
    /// It was not; this is the first field that says so.
    pub(super) fn fits(&self, host: &Host<'_>) -> Result<(), Finding> {
        if self.value("ARCHITECTURE").is_some_and(|own| own != ANY) {
            self.must_equal(host, "ARCHITECTURE")?;
        }
        match self.value("ID").as_deref() {
            None => return Err(self.lacks("ID", "`ID=` of the system, or `ID=_any`")),
            Some(ANY) => {}
            Some(id) => {
                if !host.ids().iter().any(|known| known == id) {
                    return Err(self.differs(host, "ID"));
                }
                self.fits_version(host)?;
            }
        }
        for field in OF_IMAGE {
            if self.value(field).is_some() {
                self.must_equal(host, field)?;
            }
        }
        Ok(())
    }

    /// By level where both have one, else by version; a system without a version is like any.
    fn fits_version(&self, host: &Host<'_>) -> Result<(), Finding> {
        let has = |field| self.value(field).is_some();
        if has("SYSEXT_LEVEL") && (host.value("SYSEXT_LEVEL").is_some() || !has("VERSION_ID")) {
            return self.must_equal(host, "SYSEXT_LEVEL");
        }
        if has("VERSION_ID") {
            return self.must_equal(host, "VERSION_ID");
        }
        match host.value("VERSION_ID") {
            Some(_) => Err(self.lacks("VERSION_ID", "`VERSION_ID=` of the system, or `ID=_any`")),
            None => Ok(()),
        }
    }

    fn must_equal(&self, host: &Host<'_>, field: &str) -> Result<(), Finding> {
        if self.value(field) == host.value(field) {
            return Ok(());
        }
        Err(self.differs(host, field))
    }

    fn lacks(&self, field: &str, expected: &str) -> Finding {
        let message = format!(
            "{}: does not say {field}=, so nobody can tell whether the bundle fits, and nothing of it is applied: expected {expected}",
            self.name
        );
        code::BAD_BUNDLE.error(&self.path, message)
    }

    fn differs(&self, host: &Host<'_>, field: &str) -> Finding {
        // What cannot be read does not say that it has none.
        if let Some(why) = host.untold(field) {
            let message = format!(
                "cannot be read, so nobody can tell whether the bundle {} fits, and nothing of it is applied: {}",
                self.name, why.message
            );
            return code::BAD_BUNDLE.error(&why.path, message);
        }
        let own = self.value(field).unwrap_or_default();
        let is = match host.value(field) {
            Some(value) => format!("this system has {field}={value}"),
            None => format!("this system does not say {field}="),
        };
        let message = format!(
            "{}: built for {field}={own}, and {is}: nothing of it is applied, and what it brought before stays, until a bundle of that name fits or is no longer chosen",
            self.name
        );
        let finding = code::BAD_BUNDLE.error(&self.path, message);
        let key = self.document.get("", field);
        let line = key.map(|key| *key.lines().start());
        match line {
            Some(line) => finding.at(line),
            None => finding,
        }
    }
}

/// A field that is there and not empty.
fn value(document: &Document, field: &str) -> Option<String> {
    let value = document.get("", field)?.value();
    let value = value.to_str_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

/// A file of variables, such as os-release(5).
pub(super) fn read(path: &Path, text: &[u8]) -> Document {
    let (base, name) = (path.parent(), path.file_name());
    let (base, name) = base.zip(name).expect("these are files below the top");
    let rules = Rules::builder()
        .layers([base])
        .shape(Shape::Document)
        .drop_ins(DropIns::None)
        .empty_masks(false)
        .format("env-file")
        .repeated(Repeated::Last);
    let rules = rules.build().expect("nothing in them can be wrong");
    debug_assert!(
        rules
            .layers()
            .iter()
            .all(|layer| Layer::base(layer) == base)
    );
    let tree = Tree::default().with(path, text);
    let resolver = Resolver::new(tree).rules(rules);
    resolver.configuration_at(name.into()).document()
}
