//! What large input costs: memory and time in proportion to it, held by what the kernel grants. (The total of a
//! run is tried in `resolver/src/root/run.rs`, single files of all shapes in `resolver/tests/size.rs`.)

use std::process::{Command, Output};

use crate::image::Image;

/// Runs a command that gets so much address space and processor time, in kibibytes and seconds.
fn within(image: &Image, space: u64, seconds: u64, arguments: &[&str]) -> Output {
    let script = format!("ulimit -v {space} -t {seconds}; exec \"$@\"");
    let mut command = Command::new("bash");
    command.args(["-c", &script, "bash", env!("CARGO_BIN_EXE_overlayctl")]);
    command.arg("--root").arg(image.path("")).args(arguments);
    command.output().expect("bash runs")
}

/// 96 MiB if each unit had them for itself; read once, they are 4.
#[test]
fn drop_ins_of_many_units_are_read_once() {
    let image = Image::new();
    for unit in 0..24 {
        let path = format!("usr/lib/systemd/system/u{unit}.service");
        image.write(&path, "[Service]\nExecStart=/bin/x\n");
        image.write(
            &format!("etc/systemd/system/u{unit}.service.d/a.conf"),
            "[Unit]\n",
        );
    }
    let comment = format!("#{}\n", "x".repeat(100_000));
    for drop_in in 0..40 {
        let text = format!("{comment}[Service]\nNice={drop_in}\n");
        image.write(
            &format!("etc/systemd/system/service.d/{drop_in}.conf"),
            &text,
        );
    }
    let output = within(&image, 90 << 10, 60, &["list"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// Each would be 16 MiB for itself; the layers' files are read once, and those that are too much are errors.
#[test]
fn a_sparse_file_behind_many_links_is_no_end_of_a_sync() {
    let image = Image::new();
    let large = image.path("usr/large");
    let file = std::fs::File::create(&large).expect("a file");
    file.set_len(16 << 20).expect("sparse");
    for place in ["usr/share/flatpak/remotes.d", "etc/overlayctl/adapters.d"] {
        std::fs::create_dir_all(image.path(place)).expect("a layer");
    }
    for number in 0..60 {
        let link = format!("usr/share/flatpak/remotes.d/sparse{number}.flatpakrepo");
        std::os::unix::fs::symlink("/usr/large", image.path(&link)).expect("a link");
        let link = format!("etc/overlayctl/adapters.d/sparse{number}.toml");
        std::os::unix::fs::symlink("/usr/large", image.path(&link)).expect("a link");
    }
    let output = within(&image, 400 << 10, 120, &["sync"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("come to more than 67108864 bytes"), "{told}");
    let config = std::fs::read_to_string(image.path("var/lib/flatpak/repo/config"));
    assert!(config.expect("a target").contains("flathub"));
}

/// One file behind many links is read and taken apart once, whichever command asks, and those that are too much are
/// errors.
#[test]
fn a_large_file_behind_many_links_is_no_end_of_a_question() {
    let image = Image::new();
    image.write("usr/large", &format!("#{}\n", "x".repeat((16 << 20) - 2)));
    std::fs::create_dir_all(image.path("etc/x.d")).expect("a layer");
    for number in 0..250 {
        let link = image.path(&format!("etc/x.d/{number}.conf"));
        std::os::unix::fs::symlink("/usr/large", link).expect("a link");
    }
    for command in ["list", "explain", "show", "digest", "why"] {
        let asked = if command == "why" {
            "/etc/x.d/7.conf"
        } else {
            "x.d"
        };
        let output = within(&image, 150 << 10, 60, &[command, asked]);
        assert_eq!(output.status.code(), Some(1), "{command} {output:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("come to more than 268435456 bytes"), "{told}");
    }
}
