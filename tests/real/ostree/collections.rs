//! Collection IDs: of remotes, wherever they are defined, and of the repository itself.

use super::Case;
use super::world::{URL, World, plain, remote};

pub(super) const CASES: &[Case] = &[
    ("collections: of remotes in both places", of_remotes),
    ("collections: of the repository itself", of_the_repository),
    ("collections: the owner's stay", owners),
];

fn give(world: &World<'_>, name: &str, keys: &str) {
    let path = format!("usr/lib/ostree/collections.d/{name}.conf");
    world.write(&path, format!("[Collection]\n{keys}\n"));
}

#[track_caller]
fn assert_id(world: &World<'_>, remote: &str, id: Option<&str>) {
    let refs = world.ostree(&["remote", "list"]);
    assert!(refs.lines().any(|line| line == remote));
    let key = format!("remote \"{remote}\"");
    let file = if world.conf(remote).exists() {
        world.conf(remote)
    } else {
        world.config()
    };
    let groups = world.bench.readers.groups(&file).expect("GLib reads it");
    assert_eq!(groups[&key].get("collection-id").map(String::as_str), id);
}

fn of_remotes(world: &World<'_>) {
    world.vendor("ours", plain("ours", URL));
    world.owner("theirs", plain("theirs", URL));
    world.in_config(&plain("old", URL));
    for name in ["ours", "theirs", "old", "missing"] {
        give(
            world,
            name,
            &format!("Remote={name}\nCollectionID=org.example.{name}"),
        );
    }
    world.sync();
    for name in ["ours", "theirs", "old"] {
        assert_id(world, name, Some(&format!("org.example.{name}")));
    }
    world.assert_settled();
    give(world, "old", "Remote=old\nCollectionID=org.example.New");
    for name in ["ours", "theirs"] {
        world.remove(&format!("usr/lib/ostree/collections.d/{name}.conf"));
    }
    world.sync();
    assert_id(world, "old", Some("org.example.New"));
    assert_id(world, "ours", None);
    assert_id(world, "theirs", None);
    world.assert_settled();
    let report = world.sync();
    assert_eq!(report.state_in("ostree-collections", "missing"), "waiting");
}

#[track_caller]
fn core_id(world: &World<'_>) -> Option<String> {
    world.ostree(&["remote", "list"]);
    let groups = world
        .bench
        .readers
        .groups(&world.config())
        .expect("GLib reads it");
    groups["core"].get("collection-id").cloned()
}

fn of_the_repository(world: &World<'_>) {
    give(
        world,
        "self",
        "Repository=true\nCollectionID=org.example.Os",
    );
    world.sync();
    assert_eq!(core_id(world).as_deref(), Some("org.example.Os"));
    assert_eq!(
        world
            .ostree(&["config", "get", "core.collection-id"])
            .trim(),
        "org.example.Os"
    );
    world.assert_settled();
    give(
        world,
        "self",
        "Repository=true\nCollectionID=org.example.Os2",
    );
    world.sync();
    assert_eq!(core_id(world).as_deref(), Some("org.example.Os2"));
    world.remove("usr/lib/ostree/collections.d/self.conf");
    world.sync();
    assert_eq!(core_id(world), None);
    world.assert_settled();
}

fn owners(world: &World<'_>) {
    world.owner(
        "set",
        remote("set", &[("url", URL), ("collection-id", "org.mine.Set")]),
    );
    world.owner("off", remote("off", &[("url", URL), ("collection-id", "")]));
    world.ostree(&["config", "set", "core.collection-id", "org.mine.Core"]);
    give(world, "set", "Remote=set\nCollectionID=org.example.Set");
    give(world, "off", "Remote=off\nCollectionID=org.example.Off");
    give(
        world,
        "self",
        "Repository=true\nCollectionID=org.example.Os",
    );
    let report = world.sync();
    for (name, state) in [("set", "conflict"), ("off", "edited"), ("self", "conflict")] {
        assert_eq!(
            report.state_in("ostree-collections", name),
            state,
            "{name}: {report:#?}"
        );
        report.assert_finds("warning", &format!("collections.d/{name}.conf"));
    }
    assert_id(world, "set", Some("org.mine.Set"));
    assert_id(world, "off", Some(""));
    assert_eq!(core_id(world).as_deref(), Some("org.mine.Core"));
    world.assert_settled();
    give(world, "bad", "Remote=set\nCollectionID=bad");
    world
        .sync_fails()
        .assert_finds("error", "collections.d/bad.conf");
}
