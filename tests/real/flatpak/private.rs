//! What not everybody may read stays so; what a user owns stays theirs. What flatpak takes for a filter, the real
//! one says.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

use super::Case;
use super::world::{URL, World, flatpakrepo};

pub(super) const CASES: &[Case] = &[
    (
        "private: what flatpak refuses as a filter is not copied",
        filters,
    ),
    ("private: a filter that root alone may read", narrow_filter),
    ("private: a value that root alone may read", secret),
    ("private: an installation of a user's stays theirs", owner),
];

const REPO: &str = "var/lib/flatpak/repo";

/// Texts that a filter may look like.
const TEXTS: &[&[u8]] = &[
    b"",
    b"\n",
    b"#",
    b"deny *",
    b"deny *\r\n",
    b"DENY *\n",
    b"deny\t*\n",
    b"deny \t * \t\n",
    b"deny\x0c*\n",
    b"deny\x0b*\n",
    b"\x0bdeny *\n",
    b"deny#c\n",
    b"deny *#c\n",
    b"deny /a\n",
    b"deny app\n",
    b"deny app/\n",
    b"deny runtime/\n",
    b"deny a//b\n",
    b"deny a/\n",
    b"deny app/a/b/c\n",
    b"deny app/a/b/c/\n",
    b"deny app/a/b/c/d\n",
    b"deny app///\n",
    b"deny ///\n",
    b"deny //\n",
    b"deny a/b/c/\n",
    b"deny apps/a/b\n",
    b"deny apps/a/b/c\n",
    b"deny a+b\n",
    b"deny a:b\n",
    b"deny a?\n",
    b"deny a[b]\n",
    b"deny a\\b\n",
    b"deny a_b-c.d\n",
    b"deny \xc3\xa4\n",
    b"deny \xff\n",
    b"# \xff\n",
    b"\xff\n",
    b"deny\n\n",
    b"deny * *\n",
    b"allow *\ndeny *\n",
    b"deny *\rallow *\n",
    b"denyx *\n",
    b"\xef\xbb\xbfdeny *\n",
    b"deny -a\n",
    b"deny **\n",
    b"root:x:0:0:root:/root:/bin/sh\n",
];

fn filters(world: &World<'_>) {
    for (number, text) in TEXTS.iter().enumerate() {
        let filter = format!("/usr/share/filters/{number}");
        world.write(&filter, text);
        let keys = [("Url", URL), ("Filter", &filter)];
        world.vendor(&format!("r{number}"), flatpakrepo(&keys));
    }
    let report = world.sync();
    let mut refused = 0;
    for (number, text) in TEXTS.iter().enumerate() {
        // The file of the real flatpak is on the host.
        let filter = world.path(&format!("usr/share/filters/{number}"));
        let option = format!("--filter={}", filter.display());
        let name = format!("theirs{number}");
        let add = ["remote-add", "--no-gpg-verify", &option, &name, URL];
        let added = world.flatpak.run(&world.root, &add).stderr;
        let added = String::from_utf8_lossy(&added);
        let is_filter = !added.contains("Failed to parse filter");
        let is_copied = world.path(&format!("{REPO}/r{number}.filter")).exists();
        assert_eq!(is_copied, is_filter, "{:?}: {added}", bstr::BStr::new(text));
        let is_told = report.finds("warning", &format!("/usr/share/filters/{number}"));
        assert_eq!(is_told, !is_filter, "{:?}", bstr::BStr::new(text));
        refused += usize::from(!is_filter);
    }
    assert!(
        refused > 15 && refused < TEXTS.len() - 15,
        "{refused} refused"
    );
    // flatpak stops at a NUL, and so does what could be told of the rest.
    world.write("usr/share/filters/nul", b"deny *\n\0secret\n");
    world.vendor(
        "nul",
        flatpakrepo(&[("Url", URL), ("Filter", "/usr/share/filters/nul")]),
    );
    world.sync();
    assert!(!world.path(&format!("{REPO}/nul.filter")).exists());
}

fn mode(world: &World<'_>, path: &str) -> u32 {
    let meta = fs::metadata(world.path(path)).expect("it is there");
    meta.permissions().mode() & 0o777
}

fn narrow(world: &World<'_>, path: &str) {
    fs::set_permissions(world.path(path), fs::Permissions::from_mode(0o600)).expect("owned");
}

fn narrow_filter(world: &World<'_>) {
    for name in ["open", "closed"] {
        let filter = format!("/etc/filters/{name}");
        world.write(&filter, "# by the owner\ndeny *\n");
        let keys = [("Url", URL), ("Filter", &filter)];
        world.vendor(name, flatpakrepo(&keys));
    }
    narrow(world, "etc/filters/closed");
    world.sync();
    assert_eq!(mode(world, &format!("{REPO}/open.filter")), 0o644);
    assert_eq!(mode(world, &format!("{REPO}/closed.filter")), 0o600);
    world.write("etc/filters/closed", "deny app/*\n");
    world.sync();
    assert_eq!(mode(world, &format!("{REPO}/closed.filter")), 0o600);
    world.assert_settled();
}

fn secret(world: &World<'_>) {
    world.vendor("other", flatpakrepo(&[("Url", URL)]));
    world.vendor("mine", flatpakrepo(&[("Url", URL)]));
    let drop_in = "etc/flatpak/remotes.d/mine.flatpakrepo.d/50-secret.conf";
    world.write(
        drop_in,
        "[Flatpak Repo]\nUrl=http://me:hidden@127.0.0.1:9/\n",
    );
    narrow(world, drop_in);
    let report = world.sync_fails();
    report.assert_state("mine", "failed");
    report.assert_state("other", "applied");
    report.assert_finds("error", drop_in);
    let config = fs::read_to_string(world.path(&format!("{REPO}/config"))).expect("text");
    assert!(!config.contains("hidden"), "{config}");
    // It is the same to all who ask.
    let status = world.report(&["status"]);
    status.assert_state("mine", "failed");
    let before = world.snapshot();
    world.sync_fails();
    assert_eq!(before, world.snapshot());
    // A directory that nobody enters closes what is in it.
    fs::set_permissions(world.path(drop_in), fs::Permissions::from_mode(0o644)).expect("owned");
    let directory = world
        .path(drop_in)
        .parent()
        .expect("a directory")
        .to_owned();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).expect("owned");
    world.sync_fails().assert_state("mine", "failed");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).expect("owned");
    world.sync().assert_state("mine", "applied");
    // Made narrow when its value is public already: what is done is told.
    narrow(world, drop_in);
    let report = world.sync_fails();
    report.assert_state("mine", "failed");
    report.assert_finds("error", drop_in);
}

const USER: u32 = 12_345;

fn owner(world: &World<'_>) {
    let installation = world.path("var/lib/flatpak");
    fs::create_dir_all(&installation).expect("a directory");
    chown(&installation, Some(USER), Some(USER)).expect("root");
    world.write("usr/share/filter", "deny *\n");
    world.vendor("first", flatpakrepo(&[("Url", URL)]));
    world.sync();
    let keys = [("Url", URL), ("Filter", "/usr/share/filter")];
    world.vendor("second", flatpakrepo(&keys));
    world.sync();
    for entry in walkdir::WalkDir::new(&installation) {
        let entry = entry.expect("readable");
        let meta = entry.metadata().expect("there");
        assert_eq!(
            (meta.uid(), meta.gid()),
            (USER, USER),
            "{}",
            entry.path().display()
        );
    }
}
