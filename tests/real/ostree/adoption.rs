//! Both places where history has left remotes are understood, and one that is adopted comes to the target
//! without a moment in which it is defined twice.

use std::fs;

use super::Case;
use super::world::{URL, World, plain, remote, state_of};

pub(super) const CASES: &[Case] = &[
    ("adopt: from the repository's configuration", from_config),
    (
        "adopt: not while another deployment finds it in the repository",
        followed_elsewhere,
    ),
    ("adopt: from a file of another name", from_another_file),
    ("adopt: the same URL in the target, unasked", unasked),
    ("adopt: another URL in the target, asked", asked),
    ("adopt: what was adopted is released, not removed", released),
];

const OTHER: &str = "http://127.0.0.1:9/other";

fn from_config(world: &World<'_>) {
    world.in_config("# by the installer\n");
    world.in_config(&remote(
        "v",
        &[("url", OTHER), ("gpg-verify", "false"), ("proxy", "mine")],
    ));
    world.in_config("[extra]\nkept=yes\n");
    world.vendor(
        "v",
        remote(
            "v",
            &[
                ("url", URL),
                ("gpg-verify", "false"),
                ("tls-permissive", "true"),
            ],
        ),
    );
    world.sync_to("v", "foreign");
    let report = world.report(&["adopt", "v"]);
    report.assert_code(0);
    assert_eq!(state_of(&report, "v"), "adopted");
    world.assert_remotes(&[("v", OTHER)]);
    world.assert_group(
        "v",
        &[
            ("gpg-verify", "false"),
            ("proxy", "mine"),
            ("tls-permissive", "true"),
            ("url", OTHER),
        ],
    );
    let config = fs::read_to_string(world.config()).expect("a file");
    assert!(!config.contains("remote"), "{config}");
    assert!(
        config.contains("# by the installer") && config.contains("kept=yes"),
        "{config}"
    );
    world.assert_settled();
    world.vendor(
        "v",
        remote(
            "v",
            &[
                ("url", URL),
                ("gpg-verify", "false"),
                ("tls-permissive", "false"),
            ],
        ),
    );
    world.sync_to("v", "edited");
    world.assert_remotes(&[("v", OTHER)]);
    world.ostree(&["remote", "delete", "v"]);
    world.sync_to("v", "deleted");
    world.assert_remotes(&[]);
}

fn followed_elsewhere(world: &World<'_>) {
    world.in_config(&plain("v", OTHER));
    world.vendor("v", plain("v", URL));
    let origin = |deployment: &str| format!("ostree/deploy/os/deploy/{deployment}.origin");
    for deployment in ["a.0", "b.0"] {
        world.write(&origin(deployment), "[origin]\nrefspec=v:os/test\n");
        fs::create_dir_all(world.path(&format!("ostree/deploy/os/deploy/{deployment}/usr")))
            .expect("a deployment");
    }
    // The deployment that runs has one /etc with the system.
    let etc = world.path("ostree/deploy/os/deploy/a.0/etc");
    fs::rename(world.path("etc"), &etc).expect("its own");
    std::os::unix::fs::symlink("ostree/deploy/os/deploy/a.0/etc", world.path("etc"))
        .expect("a link");
    world.sync_to("v", "foreign");
    let config = fs::read(world.config()).expect("a file");
    let report = world.report(&["adopt", "v"]);
    report.assert_code(1);
    let refused = report
        .findings
        .iter()
        .find(|finding| finding.level == "error");
    let refused = refused.expect("an error");
    assert!(refused.message.contains("b.0.origin"), "{refused:?}");
    assert_eq!(fs::read(world.config()).expect("a file"), config);
    world.remove(&origin("b.0"));
    let report = world.report(&["adopt", "v"]);
    report.assert_code(0);
    assert_eq!(state_of(&report, "v"), "adopted");
}

fn from_another_file(world: &World<'_>) {
    world.owner("many", plain("v", OTHER) + &plain("other", OTHER));
    world.owner("single", plain("w", OTHER));
    world.vendor("v", plain("v", URL));
    world.vendor("w", plain("w", URL));
    world.report(&["adopt", "v", "w"]).assert_code(0);
    world.assert_remotes(&[("other", OTHER), ("v", OTHER), ("w", OTHER)]);
    assert!(!world.conf("single").exists());
    world.assert_settled();
}

fn unasked(world: &World<'_>) {
    world.ostree(&["remote", "add", "--no-gpg-verify", "v", URL]);
    world.vendor(
        "v",
        remote(
            "v",
            &[("url", URL), ("gpg-verify", "false"), ("proxy", "new")],
        ),
    );
    world.sync_to("v", "adopted");
    world.assert_group(
        "v",
        &[("gpg-verify", "false"), ("proxy", "new"), ("url", URL)],
    );
    world.vendor("v", plain("v", OTHER));
    world.sync_to("v", "updated");
    world.assert_remotes(&[("v", OTHER)]);
}

fn asked(world: &World<'_>) {
    world.ostree(&["remote", "add", "--no-gpg-verify", "v", OTHER]);
    world.vendor("v", plain("v", URL));
    world.sync_to("v", "foreign");
    world.report(&["adopt", "v"]).assert_code(0);
    world.sync_to("v", "edited");
    world.assert_remotes(&[("v", OTHER)]);
}

fn released(world: &World<'_>) {
    world.in_config(&plain("v", URL));
    world.vendor("v", plain("v", URL));
    world.report(&["adopt", "v"]).assert_code(0);
    world.withdraw("v");
    world.sync_to("v", "released");
    world.assert_remotes(&[("v", URL)]);
    world.assert_settled();
}
