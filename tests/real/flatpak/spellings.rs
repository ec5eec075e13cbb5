//! How a key may be spelled in `GPGKey=`: each spelling is given to flatpak and to us. What flatpak takes we
//! take, to the same certificates, or refuse for a reason that stands here.

use std::fmt::Write as _;
use std::process::Command;

use super::Case;
use super::bench::{Key, base64};
use super::world::{URL, World, flatpakrepo};
use crate::peers;

pub(super) const CASES: &[Case] = &[(
    "differential: every spelling of a key gives the keyring that flatpak imports",
    spellings,
)];

/// What flatpak takes, or some versions of it, and we refuse.
const REFUSED: [(&str, &str); 3] = [
    (
        "armor without its end",
        "nobody can tell whether more was there",
    ),
    (
        "a private key",
        "flatpak takes the certificate out of it; the key is exposed, and whoever ships it has to know",
    ),
    (
        "a bare key with an unsigned user ID",
        "gpg takes it in one version and not in the next",
    ),
];

fn spellings(world: &World<'_>) {
    let mut differences = String::new();
    let (mut taken, mut rows) = (0, 0);
    for (what, value) in values(world) {
        let text = flatpakrepo(&[("Url", URL), ("GPGKey", &value)]);
        // One bad file stops flatpak's import altogether, so each has a machine of its own.
        let (ours, theirs) = (world.another(), world.another());
        ours.vendor("v", &text);
        let report = ours.report(&["sync"]);
        theirs.admin("v", &text);
        drop(theirs.flatpak.remotes(&theirs.root));
        let keys = [&ours, &theirs].map(|one| {
            let read = one.bench.readers.certificates(&one.keyring("v"));
            read.expect("gpg reads the keyring")
        });
        let is_refused = REFUSED.iter().any(|(refused, _)| *refused == what);
        let agree = keys[0] == keys[1] || is_refused && keys[0].is_empty();
        let is_told = !keys[0].is_empty() || report.finds("error", "v.flatpakrepo");
        if !agree || !is_told {
            let [ours, theirs] = keys.each_ref().map(Vec::len);
            let _ = writeln!(
                differences,
                "{what}: {ours} certificates of ours, {theirs} of flatpak's: {:?}",
                report.findings
            );
        }
        rows += 1;
        taken += usize::from(!keys[0].is_empty());
    }
    assert!(differences.is_empty(), "{differences}");
    assert!(taken > 15 && rows - taken > 15, "{taken} of {rows}");
}

/// A spelling, and the value of `GPGKey=`.
type Spelling = (&'static str, String);

fn values(world: &World<'_>) -> Vec<Spelling> {
    let key = &world.keys().owner;
    let mut values = of_base64(&key.base64());
    values.extend(of_armor(key));
    values.extend(of_packets(key));
    values.push(("a private key", base64(&private_key(world))));
    values
}

fn of_base64(plain: &str) -> Vec<Spelling> {
    let inside = |what: &str| format!("{}{what}{}", &plain[..40], &plain[40..]);
    vec![
        ("plain", plain.to_owned()),
        ("double quotes", format!("\"{plain}\"")),
        ("single quotes", format!("'{plain}'")),
        ("no padding", plain.trim_end_matches('=').into()),
        ("more padding", format!("{plain}==")),
        ("twice", format!("{plain}{plain}")),
        ("a list", format!("{plain};{plain};")),
        ("a semicolon behind it", format!("{plain};")),
        ("blanks around it", format!("   {plain}   ")),
        ("a blank inside", inside(" ")),
        ("a tab inside", inside("\t")),
        ("an escaped end of a line inside", inside("\\n")),
        ("a comma inside", inside(",")),
        ("a dash inside", inside("-")),
        ("an umlaut before it", format!("ä{plain}")),
        ("a comment behind it", format!("{plain} # our key")),
        ("base64 for URLs", plain.replace('+', "-").replace('/', "_")),
        ("a data URL", format!("data:;base64,{plain}")),
        ("another one before", format!("AAAA\nGPGKey={plain}")),
        (
            "its last symbols are missing",
            plain[..plain.len() - 5].into(),
        ),
        ("a path", "/usr/share/keys/x.gpg".into()),
        ("the URL of a file", "file:///usr/share/keys/x.gpg".into()),
        ("a URL", "https://example.org/x.gpg".into()),
        ("nothing", String::new()),
        ("blanks", "   ".into()),
        ("too short", "AAAA".into()),
        ("zeros", "A".repeat(64)),
    ]
}

fn of_armor(key: &Key) -> Vec<Spelling> {
    let armor = String::from_utf8(key.armored.clone()).expect("armor is text");
    let armored = |text: String| base64(text.as_bytes());
    let without = |is_dropped: fn(&str) -> bool| {
        let lines: Vec<_> = armor.lines().filter(|line| !is_dropped(line)).collect();
        armored(lines.join("\n"))
    };
    vec![
        ("armor", base64(&key.armored)),
        (
            "armor without a blank line",
            armored(armor.replacen("\n\n", "\n", 1)),
        ),
        (
            "armor with blanks for a blank line",
            armored(armor.replacen("\n\n", "\n  \n", 1)),
        ),
        (
            "armor with headers",
            armored(armor.replacen("\n\n", "\nVersion: 1\nComment: x\n\n", 1)),
        ),
        (
            "armor of another system",
            armored(armor.replace('\n', "\r\n")),
        ),
        (
            "armor that is indented",
            armored(armor.replace('\n', "\n  ")),
        ),
        (
            "armor without a checksum",
            without(|line| line.starts_with('=')),
        ),
        (
            "armor with another checksum",
            armored(with_checksum(&armor)),
        ),
        (
            "armor without its end",
            without(|line| line.starts_with("-----END")),
        ),
        (
            "armor in a text",
            armored(format!("Our key:\n{armor}\nEnd.\n")),
        ),
        ("armor twice", armored(format!("{armor}{armor}"))),
        ("armor that is not encoded", armor.replace('\n', "\\n")),
    ]
}

fn of_packets(key: &Key) -> Vec<Spelling> {
    let binary = &key.certificate;
    // The first packet is the key, the second its user ID.
    let length = |at: usize| at + 2 + usize::from(binary[at + 1]);
    let (bare, user_id) = (length(0), length(length(0)));
    vec![
        ("a bare key", base64(&binary[..bare])),
        (
            "a bare key with an unsigned user ID",
            base64(&binary[..user_id]),
        ),
        (
            "a key that is cut off",
            base64(&binary[..binary.len() - 10]),
        ),
        (
            "text behind it",
            base64(&[binary, &b"hello world"[..]].concat()),
        ),
        ("text before it", base64(&[&b"hello"[..], binary].concat())),
        ("zeros behind it", base64(&[binary, &[0; 8][..]].concat())),
        (
            "armor behind it",
            base64(&[&binary[..], &key.armored].concat()),
        ),
        (
            "a marker before it",
            base64(&[&b"\xca\x03PGP"[..], binary].concat()),
        ),
    ]
}

fn with_checksum(armor: &str) -> String {
    let lines = armor.lines().map(|line| {
        let is_checksum = line.starts_with('=') && line.len() == 5;
        if is_checksum { "=AAAA" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A key of its own, armored, whose agent ends with it.
fn private_key(world: &World<'_>) -> Vec<u8> {
    let home = world.root.with_extension("gpg");
    std::fs::create_dir_all(&home).expect("a home for gpg");
    let gpg = |arguments: &[&str]| {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(&home).args([
            "--batch",
            "--quiet",
            "--no-permission-warning",
            "--passphrase=",
            "--pinentry-mode=loopback",
        ]);
        peers::read(command.args(arguments)).expect("gpg works")
    };
    gpg(&[
        "--quick-generate-key",
        "exposed",
        "ed25519",
        "sign",
        "never",
    ]);
    let key = gpg(&["--armor", "--export-secret-keys"]);
    let mut gpgconf = Command::new("gpgconf");
    let _ = peers::read(gpgconf.arg("--homedir").arg(&home).args(["--kill", "all"]));
    key.into_bytes()
}
