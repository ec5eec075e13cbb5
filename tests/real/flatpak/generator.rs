//! Generated `.flatpakrepo` files: the same ones in every run, so that a difference can be looked
//! at again. Nothing here knows how a file ought to be read; the real flatpak says that.

use std::fmt::Write as _;

use super::bench::{Keys, base64};
use crate::random::Random;

const TEXTS: &[&str] = &[
    "plain",
    "two words",
    "trailing blanks  ",
    "  leading blanks",
    "\\sescaped blank",
    "escaped blank at the end\\s",
    "\\tescaped tab",
    "tab\\tinside",
    "raw\ttab",
    "new\\nline",
    "carriage\\rreturn",
    "back\\\\slash",
    "semi;colon",
    "# no comment",
    "text # no comment",
    "=equals=",
    "[brackets]",
    "\"quotes\"",
    "日本語 ünïcödé",
    "",
];
const URLS: &[&str] = &[
    "https://dl.example.org/repo/",
    "https://dl.example.org/repo",
    "file:///srv/repo",
    "http://example.org/a?b=c&d=e#f",
    "oci+https://registry.example.org",
    "not a url",
    "  https://example.org/leading",
];
const BOOLEANS: &[&str] = &[
    "true", "false", "1", "0", "True", "yes", "", " true", "true ",
];
const COLLECTIONS: &[&str] = &[
    "org.example.Stable",
    "org.example.Other",
    "",
    "com.example._under",
];
const NOISE: &[&str] = &[
    "# a comment\n",
    "\n",
    "   \n",
    "Unknown=value\n",
    "Title[de]=Titel\n",
    "DefaultBranch[de_DE]=stabil\n",
    "Comment[fr]=commentaire\n",
    "[Flatpak Repo]\n",
    "[Other]\nTitle=not this\n[Flatpak Repo]\n",
    "  # an indented comment\n",
];
const TEXT_KEYS: &[&str] = &[
    "Subset",
    "Title",
    "DefaultBranch",
    "AuthenticatorName",
    "Comment",
    "Description",
    "Icon",
    "Homepage",
    "Filter",
];
const COLLECTION_KEYS: &[&str] = &[
    "CollectionID",
    "DeployCollectionID",
    "DeploySideloadCollectionID",
];

/// A file that flatpak accepts. `lookaside` adds a key that flatpak does not know before 1.18.
///
/// No `Title[C]`: in the C locale GLib 2.74 (flatpak 1.14) takes it for the title, later ones do not.
pub(super) fn accepted(random: &mut Random, keys: &Keys, lookaside: bool) -> String {
    let mut lines = vec![format!("Url={}", random.pick(URLS))];
    if random.one_in(3) {
        lines.push("Version=1".to_owned());
    }
    for key in TEXT_KEYS {
        if random.one_in(3) {
            lines.push(assignment(random, key, TEXTS));
        }
    }
    if lookaside && random.one_in(6) {
        lines.push(assignment(random, "SignatureLookaside", TEXTS));
    }
    for key in ["NoDeps", "AuthenticatorInstall"] {
        if random.one_in(3) {
            lines.push(assignment(random, key, BOOLEANS));
        }
    }
    if random.one_in(4) {
        lines.push(format!("GPGKey={}", gpg_key(random, keys)));
        for key in COLLECTION_KEYS {
            if random.one_in(3) {
                lines.push(assignment(random, key, COLLECTIONS));
            }
        }
    }
    finish(random, lines)
}

/// A file with something in it that flatpak refuses, or that looks as if it should.
pub(super) fn suspicious(random: &mut Random, keys: &Keys) -> Vec<u8> {
    let good = accepted(random, keys, false);
    let bad = random.pick(&[
        "Version=2",
        "Version=",
        "Version=1 ",
        "Version=01",
        "junk",
        "; comment",
        "[Broken",
        "[a[b]",
        "[]",
        "[Group] trailing",
        "=value",
        "GPGKey=",
        "GPGKey=AAAA",
        "GPGKey=%%%",
        "GPGKey=AAAAAAAAAAAAAAAAAAAAAAAA",
        "Url=\\q",
        "a b=value",
        "Key[de=value",
        "Key[]=value",
        "[Flatpak Repo]  ",
        "\\=x",
        "Url",
    ]);
    match random.below(8) {
        0 => [b"\xef\xbb\xbf", good.as_bytes()].concat(),
        1 => format!("{bad}\n{good}").into_bytes(),
        2 => good.replace("Url", "URL").into_bytes(),
        3 => good
            .replace("[Flatpak Repo]", "[Flatpak  Repo]")
            .into_bytes(),
        4 => format!("[Flatpak Repo]\nUrl=https://x\nCollectionID=org.x.Y\n{bad}\n").into_bytes(),
        _ => format!("[Flatpak Repo]\nUrl=https://x\n{bad}\n").into_bytes(),
    }
}

fn assignment(random: &mut Random, key: &str, values: &[&str]) -> String {
    let around = random.pick(&["=", "=", "=", " =", "= ", " = "]);
    format!("{key}{around}{}", random.pick(values))
}

fn gpg_key(random: &mut Random, keys: &Keys) -> String {
    let two = [
        keys.vendor.certificate.clone(),
        keys.owner.certificate.clone(),
    ]
    .concat();
    let choices: [&[u8]; 4] = [
        &keys.vendor.certificate,
        &keys.owner.certificate,
        &keys.vendor.armored,
        &two,
    ];
    let mut text = base64(random.pick(&choices));
    match random.below(4) {
        0 => text.insert(40, ' '),
        1 => text.push_str("  "),
        _ => {}
    }
    text
}

/// Puts the lines in some order, with noise and repetitions between them.
fn finish(random: &mut Random, mut lines: Vec<String>) -> String {
    for index in (1..lines.len()).rev() {
        lines.swap(index, random.below(index + 1));
    }
    let mut text = String::new();
    if random.one_in(5) {
        text.push_str("# before any group\n\n");
    }
    text.push_str("[Flatpak Repo]\n");
    for line in lines {
        if random.one_in(4) {
            text.push_str(random.pick(NOISE));
        }
        if random.one_in(8) && line.starts_with("Title") {
            text.push_str("Title=earlier\n");
        }
        let indent = if random.one_in(10) { "  " } else { "" };
        let _ = writeln!(text, "{indent}{line}");
    }
    if random.one_in(8) {
        text.replace('\n', "\r\n")
    } else {
        text
    }
}
