//! What a small image comes to, as a text to review: a model for the CI of an image.
//!
//! With the crate insta this is `insta::assert_snapshot!(snapshot(&image))`; here the text stands in the
//! test, so that nothing but the crate is needed.
#![allow(clippy::disallowed_methods, reason = "the tree is the test's own")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use overlay_resolver::Resolver;

/// The image: what the vendor ships, what runs, what the owner has.
const IMAGE: &[(&str, &str)] = &[
    (
        "usr/lib/systemd/journald.conf",
        "# Defaults\n[Journal]\n#Storage=auto\nSystemMaxUse=1G\nForwardToSyslog=yes\n",
    ),
    (
        "usr/lib/systemd/journald.conf.d/10-vendor.conf",
        "[Journal]\nStorage=persistent\nSystemMaxUse=500M\n",
    ),
    (
        "etc/systemd/journald.conf.d/50-mine.conf",
        "[Journal]\nSystemMaxUse=2G\n",
    ),
    (
        "usr/lib/systemd/system/app.service",
        "[Unit]\nAfter=network.target\n[Service]\nEnvironment=A=1 B=1\nExecStart=/usr/bin/app \\\n  --fast\n",
    ),
    (
        "usr/lib/systemd/system/service.d/10-all.conf",
        "[Service]\nOOMPolicy=continue\n",
    ),
    (
        "etc/systemd/system/app.service.d/override.conf",
        "[Unit]\nAfter=dbus.service\n[Service]\nExecStart=\nExecStart=/opt/app\nEnvironment=B=2\n",
    ),
    ("usr/lib/sysctl.d/50-a.conf", "kernel.sysrq = 16\n"),
    ("usr/lib/sysctl.d/60-b.conf", "vm.swappiness = 10\n"),
    // A mask.
    ("etc/sysctl.d/60-b.conf", ""),
    ("run/sysctl.d/99-live.conf", "kernel.sysrq = 1\n"),
    (
        "usr/lib/NetworkManager/conf.d/10-vendor.conf",
        "[main]\nplugins=keyfile,ifcfg-rh\ndns=default\n",
    ),
    (
        "etc/NetworkManager/NetworkManager.conf",
        "[main]\nplugins-=ifcfg-rh\n",
    ),
    ("etc/NetworkManager/conf.d/99.conf", "[main]\ndns=none\n"),
    (
        "usr/lib/myapp/config.d/10-vendor.conf",
        "port = 80\nhost = a\n",
    ),
    ("usr/lib/myapp/config.d/README.txt", "Put files here.\n"),
    ("etc/myapp/config.d/20-mine.conf", "port = 8080\n"),
];

const PATHS: &[&str] = &[
    "systemd/journald.conf",
    "systemd/system/app.service",
    "sysctl.d",
    "NetworkManager/NetworkManager.conf",
    "myapp/config.d",
];

fn snapshot(image: &Path) -> String {
    let resolver = Resolver::open(image).expect("the image");
    let mut text = String::new();
    for path in PATHS {
        let document = resolver.resolve(path).expect("a path");
        let _ = write!(text, "== {path}\n{:#}", document.snapshot());
        for finding in document.findings() {
            let _ = writeln!(text, "# {}: {finding}", finding.level);
        }
        text.push('\n');
    }
    text
}

#[test]
fn an_image() {
    let image = tempfile::tempdir().unwrap();
    for (path, text) in IMAGE {
        let path = image.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let first = snapshot(image.path());
    assert_eq!(first, include_str!("snapshot/image.txt"), "{first}");
    // It does not depend on the run.
    assert_eq!(first, snapshot(image.path()));
}
