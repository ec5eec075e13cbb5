//! A word of a command that is shown to be copied into a shell.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A path as one word of a POSIX shell; with bytes that are no text, or that would command a terminal, of bash.
pub(super) fn quoted(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+,:@%=".contains(byte);
    match path.to_str() {
        Some(text) if !text.is_empty() && bytes.iter().all(is_plain) => text.to_owned(),
        Some(text) if !text.chars().any(char::is_control) => {
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
            b"",
            b"\xff\x1b[2J\n1'",
        ] {
            let word = quoted(Path::new(OsStr::from_bytes(bytes)));
            let script = format!("printf %s {word}");
            let output = Command::new("bash").args(["-c", &script]).output();
            assert_eq!(output.expect("bash runs").stdout, bytes, "{word}");
        }
    }
}
