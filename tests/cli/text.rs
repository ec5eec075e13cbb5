//! Snapshots of what people read.

use insta::assert_snapshot;

use crate::image::Image;

const MINE: &str = "etc/flatpak/remotes.d/flathub.flatpakrepo.d/50-mine.conf";

#[test]
fn sync_from_nothing_and_again() {
    let image = Image::new();
    assert_snapshot!("dry_run", image.shown(&["sync", "--dry-run"]));
    assert_snapshot!("first_sync", image.shown(&["sync"]));
    assert_snapshot!("second_sync", image.shown(&["sync"]));
}

#[test]
fn what_the_owner_did_in_words() {
    let image = Image::new();
    image.run(&["sync"]);
    image
        .write("etc/flatpak/remotes.d/plain.flatpakrepo", "")
        .edit("xa.title=Flathub", "xa.title=Mine\nxa.title-is-set=true");
    assert_snapshot!("edited_and_masked", image.shown(&["sync"]));
    let group = "[remote \"flathub\"]";
    image.edit(group, "[remote \"other\"]");
    assert_snapshot!("deleted", image.shown(&["status"]));
    assert_snapshot!("restored", image.shown(&["restore", "flathub"]));
}

#[test]
fn a_conflict_names_both_values_and_the_line() {
    let image = Image::new();
    image.run(&["sync"]);
    image.edit(
        "url=https://example.org/repo/",
        "url=https://mirror.example/",
    );
    image.write(
        "usr/share/flatpak/remotes.d/plain.flatpakrepo",
        "[Flatpak Repo]\nUrl=https://new.example.org/\nTitle=Plainer\n",
    );
    assert_snapshot!("conflict_planned", image.shown(&["sync", "--dry-run"]));
    assert_snapshot!("conflict", image.shown(&["sync"]));
}

#[test]
fn explain_names_winner_and_losers() {
    let image = Image::new();
    image
        .write(
            "etc/flatpak/remotes.d/plain.flatpakrepo",
            "[Flatpak Repo]\nUrl=https://example.org/mine/\nTitle=My plain\nTitle=Twice\n",
        )
        .write(
            "etc/flatpak/remotes.d/plain.flatpakrepo.d/50-title.conf",
            "# why not\n[Flatpak Repo]\nTitle=Dropped in\n",
        )
        .write(
            "etc/flatpak/remotes.d/plain.flatpakrepo.d/README",
            "not a drop-in\n",
        );
    image.run(&["sync"]);
    assert_snapshot!("explain_entry", image.shown(&["explain", "plain"]));
    assert_snapshot!(
        "explain_key",
        image.shown(&["explain", "flatpak-remotes/flathub", "GPGKey"])
    );
    assert_snapshot!("explain_unknown", image.shown(&["explain", "nothing"]));
    assert_snapshot!(
        "explain_unknown_key",
        image.shown(&["explain", "flatpak-remotes/plain", "colour"])
    );
}

#[test]
fn list_and_cat_a_configuration_path() {
    let image = Image::new();
    image
        .write(MINE, "[Flatpak Repo]\nComment=Mine\n")
        .write("etc/flatpak/remotes.d/plain.flatpakrepo", "")
        .write("etc/flatpak/remotes.d/plain.flatpakrepo.rpmsave", "old\n")
        .write("etc/flatpak/remotes.d/README", "hello\n");
    std::os::unix::fs::symlink(
        "/nowhere",
        image.path("etc/flatpak/remotes.d/gone.flatpakrepo"),
    )
    .expect("a link");
    assert_snapshot!("list", image.shown(&["list", "flatpak/remotes.d"]));
    assert_snapshot!("cat", image.shown(&["cat", "flatpak/collections.d"]));
    assert_snapshot!(
        "cat_one",
        image.shown(&["cat", "/etc/flatpak/remotes.d/plain.flatpakrepo"])
    );
    assert_snapshot!("list_nothing", image.shown(&["list", "no/such.d"]));
}

#[test]
fn errors_say_where_and_what_to_do() {
    let image = Image::new();
    let bad = |name: &str, text: &str| {
        image.write(&format!("etc/flatpak/remotes.d/{name}.flatpakrepo"), text);
    };
    bad("no-url", "[Flatpak Repo]\nTitle=x\n");
    bad("no-group", "[Flatpack Repo]\nUrl=https://example.org/\n");
    bad(
        "bad-key",
        "[Flatpak Repo]\nUrl=https://example.org/\nGPGKey=AAAAAAAAAAAAAAAAAAAAAAAA\n",
    );
    bad(
        "not-base64",
        "[Flatpak Repo]\nUrl=https://example.org/\nGPGKey=not?base64!\n",
    );
    bad(
        "junk",
        "[Flatpak Repo]\nUrl=https://example.org/\njunk\n; comment\n",
    );
    bad(
        "version",
        "[Flatpak Repo]\nVersion=2\nUrl=https://example.org/\n",
    );
    bad(
        "unsigned",
        "[Flatpak Repo]\nUrl=https://example.org/\nCollectionID=org.example.X\n",
    );
    bad(
        "overlay",
        "[Flatpak Repo]\nUrl=https://example.org/\nPriority=3\n[Overlay]\nPrio=3\nEnabled=maybe\n",
    );
    bad("with space", "[Flatpak Repo]\nUrl=https://example.org/\n");
    image.write(
        "etc/flatpak/collections.d/bad.conf",
        "[Collection]\nRemote=plain\nCollectionID=bad\n",
    );
    assert_snapshot!("errors", image.shown(&["sync"]));
}

#[test]
fn a_target_that_cannot_be_understood_is_left_alone() {
    let image = Image::new();
    image.write(
        "var/lib/flatpak/repo/config",
        "[core]\nrepo_version=1\njunk\n",
    );
    assert_snapshot!("bad_target", image.shown(&["sync"]));
}

#[test]
fn the_demo() {
    let image = Image::new();
    let dir = image.path("demo");
    let output = image.run(&["demo", dir.to_str().expect("UTF-8")]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_snapshot!("demo", text.replace(&*dir.to_string_lossy(), "DIR"));
    assert_eq!(
        image.exit_status(&["demo", dir.to_str().expect("UTF-8")]),
        1,
        "it is not empty now"
    );
}

#[test]
fn nothing_that_a_file_holds_commands_the_terminal() {
    let image = Image::new();
    image.write(
        "usr/share/flatpak/remotes.d/evil.flatpakrepo",
        "[Flatpak Repo]\nUrl=https://example.org/\nTitle=\u{1b}[31mred\n",
    );
    for arguments in [
        &["sync", "--dry-run"][..],
        &["explain", "evil"],
        &["--json", "explain", "evil"],
    ] {
        assert!(!image.shown(arguments).contains('\u{1b}'), "{arguments:?}");
    }
}
