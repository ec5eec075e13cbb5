//! The definitions as an overlay.

use super::*;

/// The definitions of a tree with these files below `/etc/overlayctl/adapters.d`.
fn with(files: &[(&str, &str)]) -> (Vec<Definition>, Vec<String>) {
    let place = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = place.path().join("etc").join(DIRECTORY).join(name);
        #[expect(clippy::disallowed_methods, reason = "the tree of the test")]
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the tree of the test")]
        std::fs::write(path, text).unwrap();
    }
    let (definitions, findings) = load(&Root::open(place.path()).unwrap());
    let findings = findings.iter().map(ToString::to_string).collect();
    (definitions, findings)
}

fn names(definitions: &[Definition]) -> Vec<&str> {
    definitions.iter().map(|d| d.name.as_str()).collect()
}

/// What the adapter of a name writes.
fn target(definitions: &[Definition], name: &str) -> PathBuf {
    let definition = definitions.iter().find(|d| d.name == name).unwrap();
    definition.work.route().target()
}

const EXTRA: &str = "kind='flatpak'\nlayers=['/etc']\nremotes='r'\ncollections='c'\n";

#[test]
fn the_built_in_definitions_are_sound() {
    let (definitions, findings) = with(&[]);
    assert_eq!(findings, [""; 0]);
    assert_eq!(names(&definitions), ["cleanup", "flatpak", "ostree"]);
    assert_eq!(
        target(&definitions, "flatpak"),
        Path::new("/var/lib/flatpak/repo/config")
    );
}

/// Those that nothing lies over are taken apart by hand; merged like all others, they say the same.
#[test]
fn the_built_in_definitions_are_what_the_layers_come_to() {
    let place = tempfile::tempdir().unwrap();
    let root = Root::open(place.path()).unwrap();
    assert!(!is_overlaid(&root));
    let (merged, findings) = read(&root);
    assert_eq!(findings, []);
    let told = |definitions: &[Placed]| format!("{definitions:#?}");
    assert_eq!(told(&built_in()), told(&merged));
}

#[test]
fn they_are_an_overlay() {
    let another = format!("{EXTRA}installation='/srv/apps'\n");
    let (definitions, findings) = with(&[
        ("ostree.toml", ""),
        (
            "flatpak.toml.d/50-mine.toml",
            "installation = '/srv/main'\n",
        ),
        ("extra.toml", &another),
    ]);
    assert_eq!(findings, [""; 0]);
    assert_eq!(names(&definitions), ["cleanup", "extra", "flatpak"]);
    assert_eq!(
        target(&definitions, "flatpak"),
        Path::new("/srv/main/repo/config")
    );
    assert_eq!(
        target(&definitions, "extra"),
        Path::new("/srv/apps/repo/config")
    );
}

#[test]
fn the_name_tells_the_kind_where_the_file_does_not() {
    let text = EXTRA.replace("kind='flatpak'\n", "") + "installation='/srv/mine'\n";
    let (definitions, findings) = with(&[("flatpak.toml", &text)]);
    assert_eq!(findings, [""; 0]);
    assert_eq!(
        target(&definitions, "flatpak"),
        Path::new("/srv/mine/repo/config")
    );
}

#[test]
fn two_with_one_target_are_both_refused() {
    let rival = format!("{EXTRA}installation='/var/lib/flatpak'\n");
    let (definitions, findings) = with(&[("extra.toml", &rival)]);
    assert_eq!(names(&definitions), ["cleanup", "ostree"]);
    let [built_in, extra] = &findings[..] else {
        panic!("{findings:?}")
    };
    assert!(built_in.contains("writes /var/lib/flatpak/repo/config, as extra does"));
    assert!(extra.starts_with("/etc/overlayctl/adapters.d/extra.toml: writes"));
    let (definitions, findings) = with(&[("extra.toml", &rival), ("flatpak.toml", "")]);
    assert_eq!(findings, [""; 0]);
    assert_eq!(names(&definitions), ["cleanup", "extra", "ostree"]);
}

#[test]
fn one_that_cannot_be_used_hurts_itself_alone_and_says_where() {
    for (text, expected) in [
        ("kind = 'nonsense'\n", "1: kind = \"nonsense\": there are"),
        ("layers = []\n", " has no kind"),
        (EXTRA, " missing field `installation`"),
        ("junk\n", "1: "),
        (
            "kind='flatpak'\nlayers=[\n  'usr',\n]\nremotes='r'\ncollections='c'\ninstallation='/i'\n",
            "2: layers: usr: expected an absolute path without `..`",
        ),
        (
            "kind='flatpak'\nlayers=['/etc','/usr','/etc']\nremotes='r'\ncollections='c'\ninstallation='/i'\n",
            "2: layers: /etc: is there twice; leave one of them out",
        ),
        (
            "kind='flatpak'\nlayers=[]\nremotes='r'\ncollections='c'\ninstallation='/i'\n",
            "2: layers: expected at least one, such as `/etc`",
        ),
        (
            "kind='flatpak'\nlayers=['/etc']\nremotes='../r'\ncollections='c'\ninstallation='/i'\n",
            "3: remotes: ../r: expected a relative path without `..`",
        ),
        (
            &format!("{EXTRA}installation='/i'\nlayer=1\n"),
            "6: layer: unknown field",
        ),
    ] {
        let (definitions, findings) = with(&[("extra.toml", text)]);
        assert_eq!(
            names(&definitions),
            ["cleanup", "flatpak", "ostree"],
            "{text}"
        );
        let expected = format!("/etc/{DIRECTORY}/extra.toml:{expected}");
        let [finding] = &findings[..] else {
            panic!("{text}: {findings:?}")
        };
        assert!(finding.starts_with(&expected), "{finding} for {text}");
    }
}
