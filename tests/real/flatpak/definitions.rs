//! Which adapters there are is data: another installation is another file, an empty file switches an
//! adapter off, and one that is broken hurts itself alone.

use super::Case;
use super::world::{World, titled};
use crate::peers;

pub(super) const CASES: &[Case] = &[
    ("definitions: a second installation", second_installation),
    ("definitions: switched off and on again", switched_off),
    ("definitions: a broken one hurts itself alone", broken),
];

const SECOND: &str = "\
kind = \"flatpak\"
layers = [\"/usr/lib\", \"/etc\"]
remotes = \"flatpak/second.d\"
collections = \"flatpak/second-collections.d\"
installation = \"/srv/apps\"
";

/// The remotes that flatpak sees in the second installation.
#[track_caller]
fn in_second(world: &World<'_>) -> Vec<String> {
    let mut command = world
        .flatpak
        .command(&world.root, &["remotes", "--columns=name"]);
    command.env("FLATPAK_SYSTEM_DIR", world.path("srv/apps"));
    let listed = peers::read(&mut command).expect("flatpak works there");
    listed.lines().map(str::to_owned).collect()
}

fn second_installation(world: &World<'_>) {
    world.write("usr/lib/overlayctl/adapters.d/apps.toml", SECOND);
    world.vendor("flathub", titled("One"));
    for name in ["flathub", "extra"] {
        let path = format!("usr/lib/flatpak/second.d/{name}.flatpakrepo");
        world.write(&path, titled("Two"));
    }
    std::fs::create_dir_all(world.path("srv")).expect("a directory");
    let report = world.sync();
    assert_eq!(report.state_in("flatpak-remotes", "flathub"), "applied");
    assert_eq!(report.state_in("apps-remotes", "flathub"), "applied");
    world.assert_remotes(&["flathub"]);
    world.assert_settled();
    world.flatpak(&["remote-delete", "flathub"]);
    let report = world.sync();
    assert_eq!(report.state_in("flatpak-remotes", "flathub"), "deleted");
    assert_eq!(report.state_in("apps-remotes", "flathub"), "applied");
    // The name alone does not say which: nothing is done. The full name does.
    world.report(&["restore", "flathub"]).assert_code(1);
    world.assert_remotes(&[]);
    world
        .report(&["restore", "flatpak-remotes/flathub"])
        .assert_code(0);
    world.assert_remotes(&["flathub"]);
    // Looked at last: flatpak imports what is in its own directory into whatever it takes for its default.
    std::fs::remove_file(world.path("usr/share/flatpak/remotes.d/flathub.flatpakrepo"))
        .expect("removed");
    assert_eq!(in_second(world), ["extra", "flathub"]);
}

fn switched_off(world: &World<'_>) {
    let off = "etc/overlayctl/adapters.d/flatpak.toml";
    world.vendor("flathub", titled("One"));
    world.write(off, "");
    let report = world.sync();
    assert_eq!(report.state("flathub"), "-");
    assert!(!world.path("var").exists());
    world.remove(off);
    world.sync().assert_state("flathub", "applied");
    world.write(off, "");
    world.vendor("flathub", titled("Two"));
    world.sync();
    world.assert_value("flathub", "xa.title", "One");
}

fn broken(world: &World<'_>) {
    world.write(
        "etc/overlayctl/adapters.d/apps.toml",
        SECOND.replace("kind", "sort"),
    );
    world.vendor("flathub", titled("One"));
    let report = world.sync_fails();
    report.assert_finds("error", "adapters.d/apps.toml");
    report.assert_state("flathub", "applied");
    world.assert_remotes(&["flathub"]);
    world.write("etc/overlayctl/adapters.d/flatpak.toml", "junk\n");
    world.remove("etc/overlayctl/adapters.d/apps.toml");
    world.vendor("flathub", titled("Two"));
    world
        .sync_fails()
        .assert_finds("error", "adapters.d/flatpak.toml");
    world.assert_value("flathub", "xa.title", "One");
}
