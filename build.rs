//! Links the unwinder into the program, where the compiler has it as an archive.
//!
//! It is all that is needed of `libgcc_s.so`, and only where a panic prints a backtrace. To find, map and relocate
//! that library took a seventh of what an empty program takes in all.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |what: &str, wanted: &str| env::var(what).is_ok_and(|value| value == wanted);
    if is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && env::var("HOST") == env::var("TARGET")
        && has_archive()
    {
        println!("cargo:rustc-link-lib=gcc_eh");
    }
}

/// A compiler answers with the name alone where it knows no such file.
fn has_archive() -> bool {
    let compiler = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let answer = Command::new(compiler)
        .arg("-print-file-name=libgcc_eh.a")
        .output();
    answer.is_ok_and(|answer| {
        let path = String::from_utf8_lossy(&answer.stdout);
        Path::new(path.trim()).is_absolute()
    })
}
