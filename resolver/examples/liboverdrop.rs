//! The same with the crate `liboverdrop`, to compare with: finds the files and reads them.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example"
)]

use std::path::Path;

fn main() {
    let mut args = std::env::args().skip(1);
    let (root, path) = (
        args.next().unwrap_or_default(),
        args.next().unwrap_or_default(),
    );
    let bases =
        ["usr/lib", "usr/local/lib", "run", "etc"].map(|layer| Path::new(&root).join(layer));
    let files = liboverdrop::scan(&bases, &path, &["conf"], true);
    let bytes: usize = files
        .values()
        .filter_map(|file| std::fs::read(file).ok())
        .map(|text| text.len())
        .sum();
    println!("{} files, {bytes} bytes", files.len());
}
