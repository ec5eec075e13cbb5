//! A word of a command that is shown to be copied into a shell.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use overlay_resolver::escape::is_unsafe;

/// A path as one word of a POSIX shell, which no command takes for an option; with bytes that are no text, or are not shown
/// as they are, of bash.
pub(super) fn quoted(path: &Path) -> String {
    if path.as_os_str().as_bytes().starts_with(b"-") {
        return quoted(&Path::new(".").join(path));
    }
    let bytes = path.as_os_str().as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+,:@%=".contains(byte);
    match path.to_str() {
        Some(text) if !text.is_empty() && bytes.iter().all(is_plain) => text.to_owned(),
        Some(text) if !text.chars().any(is_unsafe) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => {
            let mut word = String::from("$'");
            for byte in bytes {
                // What has no meaning between these quotes stays as it is.
                if is_plain(byte) || *byte == b' ' {
                    word.push(char::from(*byte));
                } else {
                    let _ = write!(word, r"\x{byte:02x}");
                }
            }
            word.push('\'');
            word
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_what_was_meant() {
        for bytes in [
            &b"/tmp/image"[..],
            b"my dir",
            b"it's $HOME `x` \"q\" \\ * ~",
            "\u{e9}t\u{e9}".as_bytes(),
            "back\u{202e}wards".as_bytes(),
            b"",
            b"\xff\x1b[2J\n1'",
        ] {
            let word = quoted(Path::new(OsStr::from_bytes(bytes)));
            let script = format!("printf %s {word}");
            let output = Command::new("bash").args(["-c", &script]).output();
            assert_eq!(output.expect("bash runs").stdout, bytes, "{word}");
        }
        assert_eq!(quoted(Path::new("-p")), "./-p");
    }

    #[test]
    fn what_is_shown_is_what_is_copied() {
        let word = quoted(Path::new("back\u{202e}wards"));
        assert!(word.is_ascii(), "{word}");
    }
}
