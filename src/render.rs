//! Text for people: one line an entry, aligned, states in words, colour only on a terminal (anstream
//! takes it out elsewhere).

mod bundles;
mod check;
mod cleanup;
mod decision;
mod diagnostics;
mod diff;
mod disagreement;
mod etc;
mod explain;
mod files;
mod foreign;
mod grouped;
mod idle;
mod left;
#[cfg(test)]
mod nouns;
mod remark;
mod report;
mod shell;
pub(crate) mod style;
mod why;

use std::path::Path;

use overlay_resolver::escape::{escape_path, escape_text};

use crate::text::{Text, say};

pub(crate) use self::bundles::bundles;
pub(crate) use self::check::{check, lints};
pub(crate) use self::cleanup::{cleanup, verified};
pub(crate) use self::decision::{reason, state};
pub(crate) use self::diagnostics::{diagnostics, findings};
pub(crate) use self::diff::{differences, survey};
pub(crate) use self::disagreement::{Verbs, disagreements};
pub(crate) use self::etc::{etc, note, written};
pub(crate) use self::explain::{explain, has_multi_valued, ignored_note, multi_valued_note};
pub(crate) use self::files::{cat, files, show};
pub(crate) use self::idle::idle;
pub(crate) use self::left::{left, why_left};
pub(crate) use self::remark::told;
pub(crate) use self::report::{How, explanation, report};
use self::style::BAD;
pub(crate) use self::why::{Answer, nobody, why};

/// Why a command did nothing, for standard error.
pub(crate) fn failure(message: &str) -> Text {
    let mut text = Text::new();
    say!(text, "{BAD}error{BAD:#}: {message}");
    text
}

/// One of what is called so.
fn one(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {noun}")
}

/// Other people's text without what a terminal would obey.
pub(crate) fn harmless(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|&byte| byte == b'\n');
    let shown: Vec<String> = lines.map(|line| escape_text(line).to_string()).collect();
    shown.join("\n").into_bytes()
}

/// What `demo` made and did, and what to try next.
pub(crate) fn demo(dir: &Path, vendor: [&str; 3], synced: &Text) -> Text {
    let shown = escape_path(dir);
    let dir = shell::quoted(dir);
    let mut text = Text::new();
    say!(text, "An image in {shown}, whose vendor ships");
    for path in vendor {
        say!(text, "  /{path}");
    }
    text.end_line();
    say!(text, "$ overlayctl --root {dir} sync");
    text.append(synced);
    let overrides = "etc/flatpak/remotes.d/flathub.flatpakrepo.d";
    for line in [
        "",
        &format!("That is {shown}/var/lib/flatpak/repo/config now. Try next"),
        "",
        "  override a key, as the machine's owner:",
        &format!("    mkdir {dir}/{overrides}"),
        &format!(
            "    printf '[Flatpak Repo]\\nTitle=My apps\\n' > {dir}/{overrides}/50-title.conf"
        ),
        &format!("    overlayctl --root {dir} sync --dry-run"),
        &format!("    overlayctl --root {dir} explain flathub Title"),
        "",
        "  mask an entry:",
        &format!("    touch {dir}/etc/flatpak/remotes.d/fedora.flatpakrepo"),
        &format!("    overlayctl --root {dir} sync"),
        "",
        "  delete one with flatpak, where it is installed, and see that it stays gone:",
        &format!(
            "    FLATPAK_SYSTEM_DIR={dir}/var/lib/flatpak flatpak --system remote-delete flathub"
        ),
        &format!("    overlayctl --root {dir} sync"),
    ] {
        say!(text, "{line}");
    }
    text
}
