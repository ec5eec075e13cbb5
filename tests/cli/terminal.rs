//! What a terminal, a log or the journal gets of names and values that nobody vouches for.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};
use std::{ffi::OsStr, path::Path};

use overlay_resolver::escape::is_unsafe;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::image::Image;
use crate::thorough::some_of;

/// Names of every kind that commands a terminal, forges a line or misleads the eye. Each has a word that it
/// is told by.
const HOSTILE: &[&str] = &[
    "newline\nforged: applied",
    "return\rforged: applied",
    "clear\x1b[2J\x1b[Hforged",
    // All that overlayctl's own styles are written as.
    "styles\x1b[31mforged\x1b[32mforged\x1b[33mforged\x1b[94mforged",
    "effects\x1b[0mforged\x1b[1mforged\x1b[2mforged\x1b[4mforged\x1b[0m",
    "title\x1b]0;forged\x07",
    "answer\x1b[6n\x05",
    "backspace\x08\x08\x08\x7f",
    "bidi\u{202e}degrof\u{2066}",
    "c1\u{9b}31mforged\u{85}forged",
    "separator\u{2028}forged\u{2029}",
    "nothing\u{200b}\u{feff}\u{ad}",
    "priority\n<0>forged",
];

/// What a command writes to a terminal, on both channels.
fn on_a_terminal(root: &Path, arguments: &[&OsStr]) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
    grantpt(&master).expect("the other end");
    unlockpt(&master).expect("the other end");
    let name = ptsname(&master, Vec::new()).expect("a name");
    let other = || {
        let path = Path::new(OsStr::from_bytes(name.to_bytes()));
        let other = File::options().read(true).write(true).open(path);
        Stdio::from(other.expect("the other end"))
    };
    let mut child = Command::new(env!("CARGO_BIN_EXE_overlayctl"));
    child.arg("--root").arg(root).args(arguments);
    child.stdin(Stdio::null()).stdout(other()).stderr(other());
    child.env("TERM", "xterm-256color").env_remove("NO_COLOR");
    let mut running = child.spawn().expect("overlayctl runs");
    drop(child);
    let (mut shown, mut master) = (Vec::new(), File::from(master));
    // The end is an error, EIO, once nobody holds the other end.
    let _end = master.read_to_end(&mut shown);
    running.wait().expect("it ends");
    String::from_utf8(shown).expect("UTF-8")
}

/// The text without this program's own colours and the terminal's ends of lines.
fn without_colours(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n");
    for style in styles() {
        text = text.replace(&style, "");
    }
    text
}

/// What this program's own styles are written as.
fn styles() -> impl Iterator<Item = String> {
    let codes = [0, 1, 2, 4, 31, 32, 33, 94].into_iter();
    codes.map(|code| format!("\x1b[{code}m"))
}

/// That nothing of it is obeyed, and that no line begins with what stands in a name.
fn is_harmless(arguments: &[&OsStr], text: &str) {
    // No style begins in the middle of a name: it would be the name's own.
    for style in styles() {
        let forged = format!("{style}forged");
        assert!(!text.contains(&forged), "{arguments:?}: {text:?}");
    }
    let text = without_colours(text);
    let hidden = text
        .chars()
        .find(|&c| c != '\n' && c != '\t' && is_unsafe(c));
    assert_eq!(hidden, None, "{arguments:?}: {text:?}");
    for line in text.lines() {
        let line = line.trim_start();
        assert!(!line.starts_with("forged"), "{arguments:?}: {text}");
        assert!(!line.starts_with("<0>"), "{arguments:?}: {text}");
    }
}

fn text_of(hostile: &str) -> String {
    // A name in a file's text: what its format cannot have in one line is left out.
    hostile.replace(['\n', '\r'], "")
}

/// Writes a hostile name to every place that may have one.
fn spoil(image: &Image, name: &str) {
    let word = text_of(name);
    let repo = format!(
        "[Flatpak Repo]\nUrl=https://example.org/{word}/\nTitle=T{word}\nColour{word}=x\n[S {word}]\nKey=x\n"
    );
    let remote = format!("[remote \"{word}\"]\nurl=https://os.example.org/\ngpg-verify=false\n");
    let collection = format!("[Collection]\nRemote={word}\nCollectionID=org.{word}\n");
    let journal = format!("[Journal]\nStorage={word}\nJunk{word}\nSplit{word}=x\n[{word}]\nx=y\n");
    for (path, text) in [
        ("usr/share/flatpak/remotes.d/NAME.flatpakrepo", &*repo),
        (
            "usr/share/flatpak/remotes.d/plain.flatpakrepo.d/50-NAME.conf",
            &repo,
        ),
        ("etc/flatpak/remotes.d/broken-NAME.flatpakrepo", "junk\n"),
        ("etc/flatpak/remotes.d/NAME.x", ""),
        ("usr/lib/ostree/remotes.d/os-NAME.conf", &remote),
        ("usr/share/flatpak/collections.d/NAME.conf", &collection),
        ("usr/lib/systemd/journald.conf", "[Journal]\nStorage=none\n"),
        ("etc/systemd/journald.conf.d/50-NAME.conf", &journal),
        (
            "usr/lib/systemd/system/NAME.service",
            "[Service]\nExecStart=/bin/x\n",
        ),
        ("etc/systemd/system/NAME.service", ""),
        ("usr/lib/NAME/NAME.conf.d/1.conf", "a=b\n"),
        ("etc/NAME/NAME.conf.d/2.conf", "a=c\n"),
        ("usr/etc/NAME", "a\n"),
        ("new/NAME", "b\n"),
    ] {
        image.write(&path.replace("NAME", name), text);
    }
}

const COMMANDS: &[&str] = &[
    "sync --dry-run",
    "status",
    "sync",
    "status",
    "list",
    "list flatpak/remotes.d",
    "list systemd/journald.conf",
    "cat systemd/journald.conf",
    "cat flatpak/remotes.d",
    "show systemd/journald.conf --origin",
    "show flatpak/remotes.d",
    "diff",
    "diff --text",
    "diff systemd/journald.conf --rules systemd --rules uapi6",
    "digest flatpak/remotes.d",
    "watch-list systemd/journald.conf",
    "check",
    "check systemd/journald.conf",
    "explain */*",
    "explain systemd/journald.conf",
    "explain flatpak/remotes.d",
    "etc diff --old usr/etc --current etc --new new",
    "etc merge --old usr/etc --current etc --new new",
    "why /etc/systemd/journald.conf.d/50-NAME.conf",
    "why /etc/systemd/journald.conf.d/50-NAME.conf:3",
    "explain NAME/NAME.conf",
    "list NAME/NAME.conf",
    // What the owner asks of entries that are there.
    "release flatpak-remotes/*",
    "adopt flatpak-remotes/*",
    "revert flatpak-remotes/NAME",
    "restore flatpak-remotes/*",
];

#[test]
fn no_name_in_the_tree_commands_a_terminal_or_forges_a_line() {
    // Of findings that are alike a few are shown.
    let sets: Vec<_> = HOSTILE.chunks(3).collect();
    for &names in some_of(4, &sets) {
        let image = Image::new();
        for name in names {
            spoil(&image, name);
        }
        let root = image.path("");
        for command in COMMANDS {
            let words = command.split(' ');
            let words: Vec<_> = words.map(|word| word.replace("NAME", names[0])).collect();
            let words: Vec<_> = words.iter().map(OsStr::new).collect();
            let text = on_a_terminal(&root, &words);
            assert!(!text.is_empty(), "{words:?}");
            is_harmless(&words, &text);
            let json = [words.as_slice(), &[OsStr::new("--json")]].concat();
            let text = without_colours(&on_a_terminal(&root, &json));
            let hidden = text.chars().find(|&c| c != '\n' && is_unsafe(c));
            assert_eq!(hidden, None, "{json:?}: {text}");
        }
    }
}

#[test]
fn no_argument_commands_a_terminal_or_forges_a_line() {
    let image = Image::new();
    image.run(&["sync"]);
    let root = image.path("");
    let invalid: &[u8] = b"invalid\xff\x9b31m\nforged";
    let hostile = HOSTILE.iter().map(|name| name.as_bytes()).chain([invalid]);
    let hostile: Vec<_> = hostile.map(OsStr::from_bytes).collect();
    for &name in some_of(4, &hostile) {
        let option = [OsStr::new("--"), name].map(OsStr::as_bytes).concat();
        let option = OsStr::from_bytes(&option);
        let pattern = [name.as_bytes(), b"[".as_slice()].concat();
        let pattern = OsStr::from_bytes(&pattern);
        let word = OsStr::new;
        for words in [
            vec![name],
            vec![option],
            vec![word("list"), option],
            vec![word("list"), name],
            vec![word("list"), word("x"), name],
            vec![word("cat"), name],
            vec![word("show"), name],
            vec![word("digest"), name],
            vec![word("watch-list"), name],
            vec![word("diff"), name],
            vec![word("check"), name],
            vec![word("check"), word("--only"), name],
            vec![word("why"), name],
            vec![word("explain"), name],
            vec![word("explain"), word("plain"), name],
            vec![word("explain"), word("flatpak/remotes.d"), name],
            vec![word("status"), name],
            vec![word("status"), pattern],
            vec![word("restore"), name],
            vec![word("adopt"), name],
            vec![word("release"), name],
            vec![word("revert"), name],
            vec![word("revert"), word("plain"), name],
            vec![word("sync"), word("--scope"), name],
            vec![word("list"), word("x"), word("--rules"), name],
            vec![word("list"), word("x"), word("--with"), name],
            vec![word("list"), word("--root"), name],
            vec![word("demo"), name, word("--root")],
            vec![word("etc"), name],
            vec![
                word("etc"),
                word("diff"),
                word("--old"),
                name,
                word("--current"),
                name,
                word("--new"),
                name,
            ],
        ] {
            let text = on_a_terminal(&root, &words);
            assert!(!text.is_empty(), "{words:?}");
            is_harmless(&words, &text);
        }
    }
}

#[test]
fn a_style_in_a_name_is_shown_and_not_taken_out_where_there_is_no_terminal() {
    let image = Image::new();
    image.write(
        "etc/flatpak/remotes.d/a\x1b[2mb.flatpakrepo",
        "[Flatpak Repo]\nUrl=https://example.org/\n",
    );
    for arguments in [
        ["restore", "no\x1b[2mb"],
        ["explain", "a\x1b[2mb"],
        ["show", "a\x1b[2mb"],
        ["list", "flatpak/remotes.d"],
        ["status", "*"],
    ] {
        let shown = image.shown(&arguments);
        let (_, shown) = shown.split_once('\n').expect("the command itself");
        assert!(shown.contains("\\x1b[2mb"), "{arguments:?}: {shown}");
    }
}
