#![expect(clippy::disallowed_methods, reason = "the trees are made by the tests")]

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

const COMMIT: &str = "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f";

struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write(
            "usr/lib/os-release",
            "ID=acme-os\nID_LIKE=\"debian other\"\nVERSION_ID=42\nIMAGE_ID=kiosk\nARCHITECTURE=x86-64\n",
        );
        machine
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn bundle(&self, place: &str, name: &str, release: &str) {
        self.write(
            &format!("{place}/lib/overlayctl/bundles/{name}/usr/lib/extension-release.d/extension-release.{name}"),
            release,
        );
    }

    fn chosen(&self, asked: &[&str]) -> Vec<Chosen> {
        let root = Root::open(self.0.path()).unwrap();
        let asked: Vec<_> = asked.iter().map(|&name| name.to_owned()).collect();
        let asked = (!asked.is_empty()).then_some(&*asked);
        Bundles::of(&root, asked, Some(COMMIT)).chosen
    }

    fn names(&self) -> Vec<String> {
        self.chosen(&[]).into_iter().map(|one| one.name).collect()
    }

    /// What is wrong with the only one that is chosen.
    fn refusal(&self) -> Option<String> {
        let [one] = <[Chosen; 1]>::try_from(self.chosen(&[])).unwrap();
        one.tree.err().map(|finding| finding.to_string())
    }
}

#[test]
fn the_first_that_says_anything_chooses() {
    let machine = Machine::new();
    assert_eq!(machine.names(), [""; 0]);
    machine.write("usr/lib/overlayctl/bundles.default", "image\n");
    assert_eq!(machine.names(), ["image"]);
    // That of another root is not the kernel's that runs.
    machine.write("proc/cmdline", "overlayctl.bundle=boot\n");
    assert_eq!(machine.names(), ["image"]);
    machine.write("etc/machine-info", "TAGS=role=kiosk\n");
    assert_eq!(machine.names(), ["image"]);
    machine.write("etc/machine-info", "TAGS=role=kiosk:product=acme\n");
    assert_eq!(machine.names(), ["acme"]);
    machine.write("etc/overlayctl/bundles", "b\na\nb\n");
    assert_eq!(machine.names(), ["b", "a"]);
    machine.write("etc/overlayctl/bundles", "");
    assert_eq!(machine.names(), [""; 0]);
    let asked = machine.chosen(&["mine"]);
    assert_eq!((&*asked[0].name, &asked[0].by), ("mine", &By::Request));
}

#[test]
fn a_choice_that_cannot_be_read_is_no_choice_of_none() {
    let machine = Machine::new();
    fs::create_dir_all(machine.0.path().join("etc/overlayctl/bundles")).unwrap();
    let refusal = machine.refusal().unwrap();
    assert!(
        refusal.starts_with("/etc/overlayctl/bundles: cannot be read, so nobody can tell"),
        "{refusal}"
    );
}

#[test]
fn a_bundle_of_var_hides_that_of_the_image() {
    let machine = Machine::new();
    machine.write("etc/overlayctl/bundles", "acme\n");
    let refusal = machine.refusal().unwrap();
    assert!(
        refusal.starts_with("/var/lib/overlayctl/bundles/acme: is missing")
            && refusal.ends_with("(chosen by /etc/overlayctl/bundles:1)"),
        "{refusal}"
    );
    machine.bundle("usr", "acme", "ID=_any\n");
    let tree = |machine: &Machine| machine.chosen(&[]).remove(0).tree;
    assert_eq!(
        tree(&machine),
        Ok("/usr/lib/overlayctl/bundles/acme".into())
    );
    machine.bundle("var", "acme-2", "ID=_any\n");
    let at = machine.0.path().join("var/lib/overlayctl/bundles");
    symlink("acme-2", at.join("acme")).unwrap();
    // The name of its release file is its own.
    assert!(
        tree(&machine)
            .unwrap_err()
            .message
            .starts_with("is missing")
    );
    machine.bundle("var", "acme", "ID=_any\n");
    assert_eq!(
        tree(&machine),
        Ok("/var/lib/overlayctl/bundles/acme-2".into())
    );
    // Nor does that of the image stand in for one that does not fit.
    machine.bundle("var", "acme", "ID=other-os\n");
    assert!(tree(&machine).is_err());
    fs::remove_file(at.join("acme")).unwrap();
    symlink("nowhere", at.join("acme")).unwrap();
    assert!(tree(&machine).is_err());
}

#[test]
fn names_lead_nowhere_else() {
    let machine = Machine::new();
    for name in [
        "..",
        ".",
        "a/b",
        "../../../etc",
        ".hidden",
        "a\u{1b}[0m",
        "",
    ] {
        let [one] = <[Chosen; 1]>::try_from(machine.chosen(&[name])).unwrap();
        let refusal = one.tree.unwrap_err().to_string();
        assert!(
            refusal.contains("cannot be the name of a bundle"),
            "{refusal}"
        );
        assert!(!one.name.contains('\u{1b}'));
    }
}

#[test]
fn a_bundle_fits_what_it_was_built_for() {
    let machine = Machine::new();
    machine.write("etc/overlayctl/bundles", "acme\n");
    for (release, expected) in [
        ("ID=_any\n", ""),
        ("ID=acme-os\nVERSION_ID=42\n", ""),
        ("ID=debian\nVERSION_ID=42\nARCHITECTURE=x86-64\n", ""),
        ("ID=_any\nARCHITECTURE=_any\n", ""),
        ("ID=_any\nIMAGE_ID=kiosk\n", ""),
        (&format!("ID=_any\nOSTREE_COMMIT={COMMIT}\n"), ""),
        ("", "does not say ID="),
        ("VERSION_ID=42\n", "does not say ID="),
        ("ID=acme-os\n", "does not say VERSION_ID="),
        (
            "ID=fedora\nVERSION_ID=42\n",
            "built for ID=fedora, and this system has ID=acme-os",
        ),
        (
            "ID=acme-os\nVERSION_ID=41\n",
            ":2: acme: built for VERSION_ID=41, and this system has VERSION_ID=42",
        ),
        // The system has no level, so it is by version.
        ("ID=acme-os\nSYSEXT_LEVEL=1\nVERSION_ID=42\n", ""),
        (
            "ID=acme-os\nSYSEXT_LEVEL=1\n",
            "this system does not say SYSEXT_LEVEL=",
        ),
        (
            "ID=_any\nARCHITECTURE=arm64\n",
            "this system has ARCHITECTURE=x86-64",
        ),
        ("ID=_any\nIMAGE_ID=desk\n", "this system has IMAGE_ID=kiosk"),
        (
            "ID=_any\nIMAGE_VERSION=7\n",
            "this system does not say IMAGE_VERSION=",
        ),
        (
            "ID=_any\nBUILD_ID=7\n",
            "this system does not say BUILD_ID=",
        ),
        ("ID=_any\nOSTREE_COMMIT=0\n", "built for OSTREE_COMMIT=0"),
    ] {
        machine.bundle("usr", "acme", release);
        match machine.refusal() {
            None => assert_eq!(expected, "", "{release}"),
            Some(refusal) => {
                assert!(
                    !expected.is_empty() && refusal.contains(expected),
                    "{release}: {refusal}"
                );
            }
        }
    }
    machine.write(
        "usr/lib/os-release",
        "ID=acme-os\nVERSION_ID=42\nSYSEXT_LEVEL=1\n",
    );
    machine.bundle("usr", "acme", "ID=acme-os\nSYSEXT_LEVEL=1\nVERSION_ID=7\n");
    assert_eq!(machine.refusal(), None);
    machine.bundle("usr", "acme", "ID=acme-os\nSYSEXT_LEVEL=2\nVERSION_ID=42\n");
    assert!(machine.refusal().is_some());
    // Another system's architecture is not that of the machine that looks at it.
    machine.bundle("usr", "acme", "ID=_any\nARCHITECTURE=x86-64\n");
    assert!(
        machine
            .refusal()
            .unwrap()
            .contains("does not say ARCHITECTURE=")
    );
}

#[test]
fn a_bundle_does_not_say_what_the_system_is() {
    let machine = Machine::new();
    machine.write("etc/overlayctl/bundles", "acme\n");
    machine.bundle("usr", "acme", "ID=_any\n");
    machine.write(
        "usr/lib/overlayctl/bundles/acme/usr/lib/os-release",
        "ID=x\n",
    );
    assert!(
        machine
            .refusal()
            .unwrap()
            .contains("may not say what the system is")
    );
}

/// Nor is a system without a name what cannot be read.
#[test]
fn an_os_release_that_cannot_be_read_is_told_as_that() {
    let machine = Machine::new();
    machine.write("etc/overlayctl/bundles", "acme\n");
    machine.bundle("usr", "acme", "ID=acme-os\nVERSION_ID=42\n");
    assert_eq!(machine.refusal(), None);
    let os_release = machine.0.path().join("usr/lib/os-release");
    fs::remove_file(&os_release).unwrap();
    assert!(machine.refusal().unwrap().contains("does not say ID="));
    fs::create_dir(&os_release).unwrap();
    let refusal = machine.refusal().unwrap();
    assert!(
        refusal.starts_with("/usr/lib/os-release: cannot be read")
            && !refusal.contains("does not say"),
        "{refusal}"
    );
    machine.bundle("usr", "acme", "ID=_any\n");
    assert_eq!(machine.refusal(), None, "nothing is asked of it");
}
