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
