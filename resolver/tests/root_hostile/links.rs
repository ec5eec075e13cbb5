//! Where symlinks lead: masks, loops, nothing, other layers, never out.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, lchown};
use std::path::Path;

use overlay_resolver::root::{Content, Mask, Reason, Root};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::tree::{CANARY, Tree, file, leads, says};

#[test]
fn symlinks_stay_inside() {
    let tree = Tree::new();
    tree.file("usr/share/a.conf", "a");
    tree.file("etc/hostname", "image");
    tree.link("opt", "/usr/share");
    tree.link("usr/up", "../../..");
    tree.link("etc/x.d/next", "/opt/a.conf");
    let secret = tree.outside("secret");
    let naive = fs::read(tree.path("etc/x.d/../../../outside/secret")).expect("the naive way");
    assert_eq!(naive, CANARY, "the trap works");
    let cases: &[(&Path, Content)] = &[
        (Path::new("/usr/share/a.conf"), file("a")),
        (Path::new("../../usr/share/a.conf"), file("a")),
        (Path::new("/opt/a.conf"), file("a")),
        (Path::new("next"), file("a")),
        (Path::new("plain.conf"), file("plain")),
        (Path::new("./plain.conf"), file("plain")),
        (Path::new("/etc/x.d/plain.conf"), file("plain")),
        (Path::new("../../../../../../etc/hostname"), file("image")),
        (Path::new("/etc/hostname"), file("image")),
        (Path::new("/usr/up/etc/hostname"), file("image")),
        (
            Path::new("../../../outside/secret"),
            leads("/outside/secret", Reason::Missing),
        ),
        (
            &secret,
            leads(secret.to_str().expect("UTF-8"), Reason::Missing),
        ),
        (
            Path::new("/proc/self/root/etc/hostname"),
            leads("/proc/self/root/etc/hostname", Reason::Missing),
        ),
        (
            Path::new("/proc/self/environ"),
            leads("/proc/self/environ", Reason::Missing),
        ),
    ];
    for (target, expected) in cases {
        assert_eq!(tree.link_content(target), *expected, "{}", target.display());
    }
}

#[test]
fn dev_null_masks_with_and_without_dev() {
    let tree = Tree::new();
    tree.link("run/devices", "/dev");
    tree.link("run/chain", "devices/null");
    tree.link("run/up", "../..");
    let targets = [
        "/dev/null",
        "//dev//./null",
        "../../dev/null",
        "../../../../dev/null",
        "../..//dev/null",
        "/etc/../dev/null",
        "/run/devices/null",
        "/run/chain",
        "../../run/chain",
        "/run/up/dev/null",
    ];
    let mask = Content::Mask(Mask::DevNull);
    for target in targets {
        assert_eq!(tree.link_content(target), mask, "{target} without /dev");
    }
    tree.file("dev/zero", "");
    for target in targets {
        assert_eq!(
            tree.link_content(target),
            mask,
            "{target} without /dev/null"
        );
    }
    tree.file("dev/null", "an image unpacked without root");
    for target in targets {
        assert_eq!(
            tree.link_content(target),
            mask,
            "{target} with a file /dev/null"
        );
    }
    assert_eq!(
        tree.link_content("/nowhere/../dev/null"),
        leads("/nowhere", Reason::Missing),
        "no way through what does not exist"
    );
    assert_eq!(
        tree.link_content("/dev/null0"),
        leads("/dev/null0", Reason::Missing)
    );
    assert_eq!(
        tree.link_content("/srv/dev/null"),
        leads("/srv/dev/null", Reason::Missing)
    );
    assert_eq!(
        tree.link_content("dev/null"),
        leads("/etc/x.d/dev/null", Reason::Missing)
    );
    assert_eq!(
        tree.link_content("/dev/zero/null"),
        leads("/dev/zero", Reason::NotADirectory)
    );
    assert_eq!(
        tree.link_content("/dev/zero/../null"),
        leads("/dev/zero", Reason::NotADirectory)
    );
}

#[test]
fn a_dev_that_leads_elsewhere_is_followed() {
    let tree = Tree::new();
    tree.link("dev", "/usr/share");
    tree.file("usr/share/null", "text");
    assert_eq!(tree.link_content("/dev/null"), file("text"));
}

#[test]
fn empty_files_mask_and_blank_ones_do_not() {
    let tree = Tree::new();
    tree.file("usr/share/empty", "");
    tree.file("etc/x.d/empty", "");
    tree.file("etc/x.d/blank", "\n");
    assert_eq!(tree.content("empty"), Content::Mask(Mask::Empty));
    assert_eq!(
        tree.link_content("/usr/share/empty"),
        Content::Mask(Mask::Empty)
    );
    assert_eq!(tree.content("blank"), file("\n"));
}

#[test]
fn loops_end() {
    let tree = Tree::new();
    tree.link("etc/x.d/self", "self");
    tree.link("etc/x.d/ping", "pong");
    tree.link("etc/x.d/pong", "/etc/x.d/ping");
    tree.link("etc/x.d/deeper", "deeper/deeper");
    for name in ["self", "ping", "deeper"] {
        assert!(
            matches!(tree.content(name), Content::Unusable(why) if why.reason == Reason::Loop),
            "{name}"
        );
    }
    tree.link("etc/x.d/1", "plain.conf");
    for n in 2..=41 {
        tree.link(&format!("etc/x.d/{n}"), (n - 1).to_string());
    }
    assert_eq!(tree.content("40"), file("plain"));
    assert!(
        fs::read(tree.path("etc/x.d/40")).is_ok(),
        "as many as the kernel follows"
    );
    assert_eq!(tree.content("41"), leads("/etc/x.d/1", Reason::Loop));
    assert!(
        fs::read(tree.path("etc/x.d/41")).is_err(),
        "as many as the kernel follows"
    );
}

#[test]
fn a_layer_directory_may_be_a_symlink() {
    for target in [
        "/srv/layer/x.d",
        "../srv/layer/x.d",
        "../../../srv/layer/x.d",
        "/alias/x.d",
    ] {
        let tree = Tree::new();
        fs::remove_dir_all(tree.path("etc/x.d")).expect("etc/x.d is replaced");
        tree.link("etc/x.d", target);
        tree.link("alias", "srv/layer");
        tree.file("srv/layer/x.d/a.conf", "a");
        tree.file("srv/layer/sibling", "relative to where the directory is");
        tree.file("etc/sibling", "relative to where it seems to be");
        tree.link("srv/layer/x.d/b.conf", "../sibling");
        assert_eq!(tree.content("a.conf"), file("a"), "{target}");
        assert_eq!(
            tree.content("b.conf"),
            file("relative to where the directory is"),
            "{target}"
        );
    }
}

#[test]
fn directories_that_are_not_there() {
    let tree = Tree::new();
    tree.link("etc/dangling.d", "/srv/not-mounted/x.d");
    tree.link("etc/file.d", "x.d/plain.conf");
    tree.link("etc/loop.d", "loop.d");
    tree.link("moved", "/etc");
    mknodat(
        CWD,
        tree.path("etc/fifo.d"),
        FileType::Fifo,
        Mode::from(0o666),
        0,
    )
    .expect("a FIFO");
    let root = tree.root();
    let dir = |path: &str| {
        root.dir(path.as_ref())
            .map(|dir| dir.is_some())
            .map_err(|e| e.to_string())
    };
    let cases = [
        ("", Ok(true)),
        ("/", Ok(true)),
        ("../..", Ok(true)),
        ("/etc/x.d", Ok(true)),
        ("moved/x.d/", Ok(true)),
        ("etc/y.d", Ok(false)),
        ("moved/y.d", Ok(false)),
        ("no/such/path", Ok(false)),
        (
            "etc/dangling.d",
            Err("symlink to /srv/not-mounted/x.d, which does not exist inside the root"),
        ),
        (
            "etc/dangling.d/sub",
            Err("symlink to /srv/not-mounted/x.d/sub, which does not exist inside the root"),
        ),
        (
            "etc/file.d",
            Err("symlink to /etc/x.d/plain.conf, which is not a directory"),
        ),
        ("etc/x.d/plain.conf", Err("is not a directory")),
        ("etc/x.d/plain.conf/x.d", Err("is not a directory")),
        ("etc/fifo.d", Err("is not a directory")),
        (
            "etc/loop.d",
            Err("symlink to /etc/loop.d, which leads in a loop (more than 40 symlinks)"),
        ),
    ];
    for (path, expected) in cases {
        assert_eq!(dir(path), expected.map_err(str::to_owned), "{path}");
    }
}

#[test]
fn chase_says_where_a_path_ends() {
    let tree = Tree::new();
    tree.link("a", "b");
    tree.link("b", "/etc");
    tree.link("gone", "/srv/x/y");
    let root = tree.root();
    let cases = [
        ("", ""),
        ("/", ""),
        ("../..", ""),
        ("etc//x.d/.", "etc/x.d"),
        ("a/x.d/plain.conf", "etc/x.d/plain.conf"),
        ("a/../etc", "etc"),
        ("a/new/file", "etc/new/file"),
        ("gone", "srv/x/y"),
        ("gone/z", "srv/x/y/z"),
    ];
    for (path, expected) in cases {
        assert_eq!(root.chase(path.as_ref()), Ok(expected.into()), "{path}");
    }
    let up_from_nothing = root
        .chase("gone/../../etc".as_ref())
        .map_err(|error| error.to_string());
    assert_eq!(
        up_from_nothing,
        Err("symlink to /srv, which does not exist inside the root".into())
    );
}

#[test]
fn who_writes_follows_no_symlink_of_somebody_else() {
    const USER: u32 = 65534;
    let tree = Tree::new();
    tree.file("etc/secret", "secret");
    tree.link("home/plain", "/etc");
    tree.link("home/file", "/etc/secret");
    tree.link("home/gone", "/etc/new");
    let root = tree.root();
    let top = fs::metadata(tree.path("")).expect("the top").uid();
    for (user, is_followed) in [(top, true), (0, true), (USER, false)] {
        for link in ["plain", "file", "gone"] {
            let link = tree.path("home").join(link);
            // Only root may give something away.
            if lchown(link, Some(user), Some(user)).is_err() {
                return;
            }
        }
        let wary = root.for_writing();
        for root in [wary.clone(), wary.below("".as_ref()).unwrap().unwrap()] {
            let home = root.dir("home".as_ref()).unwrap().unwrap();
            let told = [
                root.dir("home/plain".as_ref()).err(),
                root.chase("home/plain".as_ref()).err(),
                root.chase("home/plain/new".as_ref()).err(),
                root.chase("home/gone".as_ref()).err(),
                root.read("home/plain/secret".as_ref(), 10).err(),
                root.read("home/file".as_ref(), 10).err(),
                match home.content("file".as_ref()) {
                    Content::Unusable(why) => Some(*why),
                    _ => None,
                },
            ];
            let refused = (!is_followed).then_some(Reason::NotTrusted { user });
            for (number, told) in told.into_iter().enumerate() {
                assert_eq!(told.map(|why| why.reason), refused, "{number} of {user}");
            }
        }
        assert!(
            root.dir("home/plain".as_ref()).is_ok(),
            "who only reads follows all"
        );
    }
}

#[test]
fn messages_are_for_an_admin() {
    let tree = Tree::new();
    tree.parent("etc/x.d/directory/member");
    let why = |content| match content {
        Content::Unusable(why) => why.to_string(),
        content => panic!("{content:?}"),
    };
    let cases = [
        (
            "/usr/share/x",
            "symlink to /usr/share/x, which does not exist inside the root",
        ),
        (
            "directory",
            "symlink to /etc/x.d/directory, which is a directory, not a regular file",
        ),
        (
            "plain.conf/x",
            "symlink to /etc/x.d/plain.conf, which is not a directory",
        ),
        (
            "esc\x1b[31m",
            r"symlink to /etc/x.d/esc\x1b[31m, which does not exist inside the root",
        ),
    ];
    for (target, message) in cases {
        assert_eq!(why(tree.link_content(target)), message);
    }
    assert_eq!(
        why(tree.content("directory")),
        "is a directory, not a regular file"
    );
    let large = Reason::TooLarge { size: 5, limit: 4 };
    assert_eq!(
        large.to_string(),
        "is 5 bytes long; files of up to 4 bytes are read"
    );
    assert_eq!(
        says(rustix::io::Errno::ACCESS).to_string(),
        "Permission denied (os error 13)"
    );

    let missing = tree.path("no\nroot");
    let error = Root::open(&missing).expect_err("nothing there").to_string();
    assert!(
        error
            .ends_with(r"no\x0aroot as the root directory: No such file or directory (os error 2)"),
        "{error}"
    );
    let error = Root::open(&tree.path("etc/x.d/plain.conf"))
        .expect_err("a file")
        .to_string();
    assert!(
        error.ends_with("plain.conf as the root directory: Not a directory (os error 20)"),
        "{error}"
    );
}
