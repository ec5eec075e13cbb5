//! Text for people: one line an entry, aligned, states in words, colour only on a terminal (anstream
//! takes it out elsewhere).

mod check;
mod decision;
mod diagnostics;
mod diff;
mod etc;
mod explain;
mod files;
mod grouped;
mod report;
mod why;

use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use bstr::BStr;
use overlay_resolver::escape::{escape_path, escape_text};

pub(crate) use self::check::{check, lints};
pub(crate) use self::decision::reason;
pub(crate) use self::diagnostics::{diagnostics, findings};
pub(crate) use self::diff::{differences, disagreements, survey};
pub(crate) use self::etc::{etc, written};
pub(crate) use self::explain::{explain, has_multi_valued, ignored_note, multi_valued_note};
use self::files::file;
pub(crate) use self::files::{cat, files, show};
pub(crate) use self::report::{explanation, left, report};
pub(crate) use self::why::{Answer, nobody, why};

const GOOD: Style = AnsiColor::Green.on_default();
const NOTABLE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// The longest value shown whole; a signing key has thousands of bytes.
const LONGEST_VALUE: usize = 72;

/// Why a command did nothing, for standard error.
pub(crate) fn failure(message: &str) -> String {
    format!("{BAD}error{BAD:#}: {message}\n")
}

/// Other people's text without what a terminal would obey.
pub(crate) fn harmless(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|&byte| byte == b'\n');
    let shown: Vec<String> = lines.map(|line| escape_text(line).to_string()).collect();
    shown.join("\n").into_bytes()
}

fn shortened(value: &BStr) -> String {
    if value.len() <= LONGEST_VALUE {
        return escape_text(value).to_string();
    }
    let start = value.get(..LONGEST_VALUE - 24).unwrap_or_default();
    format!("{}… ({} bytes)", escape_text(start), value.len())
}

/// What `demo` made and did, and what to try next.
pub(crate) fn demo(dir: &Path, vendor: [&str; 3], synced: &str) -> String {
    let dir = escape_path(dir);
    let mut text = format!("An image in {dir}, whose vendor ships\n");
    for path in vendor {
        let _ = writeln!(text, "  /{path}");
    }
    let _ = write!(
        text,
        "\n$ overlayctl --root {dir} sync\n{synced}\n\
         That is {dir}/var/lib/flatpak/repo/config now. Try next\n\
         \n  override a key, as the machine's owner:\n    \
         mkdir {dir}/etc/flatpak/remotes.d/flathub.flatpakrepo.d\n    \
         printf '[Flatpak Repo]\\nTitle=My apps\\n' > {dir}/etc/flatpak/remotes.d/flathub.flatpakrepo.d/50-title.conf\n    \
         overlayctl --root {dir} sync --dry-run\n    \
         overlayctl --root {dir} explain flathub Title\n\
         \n  mask an entry:\n    \
         touch {dir}/etc/flatpak/remotes.d/fedora.flatpakrepo\n    \
         overlayctl --root {dir} sync\n\
         \n  delete one with flatpak, where it is installed, and see that it stays gone:\n    \
         FLATPAK_SYSTEM_DIR={dir}/var/lib/flatpak flatpak --system remote-delete flathub\n    \
         overlayctl --root {dir} sync\n"
    );
    text
}
