//! What is read and what is not: types, sizes, permissions, names.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use overlay_resolver::root::{Content, FRAGMENT_LIMIT, Kind, Mask, Reason, Root, Unusable};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::tree::{DIR, Tree, file, leads, says, skipped, unusable, within};

#[test]
fn what_is_no_file_does_not_hang() {
    let tree = Tree::new();
    tree.parent("etc/x.d/directory/member");
    mknodat(
        CWD,
        tree.path("etc/x.d/fifo"),
        FileType::Fifo,
        Mode::from(0o666),
        0,
    )
    .expect("a FIFO");
    let _listener = UnixListener::bind(tree.path("etc/x.d/socket")).expect("a socket");
    let cases = [
        ("directory", Kind::Directory),
        ("fifo", Kind::Fifo),
        ("socket", Kind::Socket),
    ];
    within(Duration::from_secs(5), || {
        for (name, kind) in cases {
            let reason = Reason::NotAFile(kind);
            assert_eq!(tree.content(name), unusable(reason), "{name}");
            let path = format!("/etc/x.d/{name}");
            assert_eq!(
                tree.link_content(&path),
                leads(&path, reason),
                "a link to {name}"
            );
            assert_eq!(
                tree.root().read(path.as_ref(), 10),
                Err(reason.into()),
                "read {name}"
            );
        }
    });
}

/// A FIFO that takes the place of a listed file is opened, and still neither waits nor is read.
#[test]
fn a_fifo_after_the_listing_does_not_hang() {
    let tree = Tree::new();
    let root = tree.root();
    let dir = root
        .dir(DIR.as_ref())
        .expect("etc/x.d")
        .expect("etc/x.d exists");
    assert_eq!(dir.names(), Ok(vec!["plain.conf".into()]));
    fs::remove_file(tree.path("etc/x.d/plain.conf")).expect("removed");
    mknodat(
        CWD,
        tree.path("etc/x.d/plain.conf"),
        FileType::Fifo,
        Mode::from(0o666),
        0,
    )
    .expect("a FIFO");
    let content = within(Duration::from_secs(5), || {
        dir.content("plain.conf".as_ref())
    });
    assert_eq!(content, unusable(Reason::NotAFile(Kind::Fifo)));
}

#[test]
fn devices_of_an_image() {
    let tree = Tree::new();
    let device = Reason::NotAFile(Kind::CharacterDevice);
    if tree.device("dev/zero", FileType::CharacterDevice, 1, 5) {
        assert_eq!(tree.link_content("/dev/zero"), leads("/dev/zero", device));
    }
    if tree.device("srv/nul", FileType::CharacterDevice, 1, 3) {
        assert_eq!(tree.link_content("/srv/nul"), Content::Mask(Mask::DevNull));
    }
    if tree.device("etc/x.d/node", FileType::CharacterDevice, 1, 3) {
        assert_eq!(
            tree.content("node"),
            unusable(device),
            "only a symlink masks"
        );
    }
    // Major 8 is sd: if it were opened, ENXIO or its content would show.
    if tree.device("etc/x.d/disk", FileType::BlockDevice, 8, 0) {
        assert_eq!(
            tree.content("disk"),
            unusable(Reason::NotAFile(Kind::BlockDevice))
        );
    }
}

/// Needs no root: the devices and magic links of this machine.
#[test]
fn devices_and_magic_links_of_the_host() {
    let root = Root::open(Path::new("/")).expect("/");
    let dev = root
        .dir("dev".as_ref())
        .expect("/dev")
        .expect("/dev exists");
    let device = Reason::NotAFile(Kind::CharacterDevice);
    assert_eq!(dev.content("zero".as_ref()), unusable(device));
    assert_eq!(dev.content("null".as_ref()), unusable(device));
    assert_eq!(root.read("dev/zero".as_ref(), 10), Err(device.into()));

    let reason = |unusable: Unusable| unusable.reason;
    assert!(
        fs::metadata("/proc/self/root/etc").is_ok(),
        "the trap works"
    );
    assert_eq!(
        root.dir("/proc/self/root".as_ref())
            .map(drop)
            .map_err(reason),
        Err(Reason::MagicLink)
    );
    assert_eq!(
        root.dir("/proc/self/cwd/..".as_ref())
            .map(drop)
            .map_err(reason),
        Err(Reason::MagicLink)
    );
    assert_eq!(
        root.read("/proc/self/root/etc/passwd".as_ref(), 1 << 20)
            .map_err(reason),
        Err(Reason::MagicLink)
    );
    assert_eq!(
        root.chase("/proc/self/exe".as_ref()).map_err(reason),
        Err(Reason::MagicLink)
    );
}

#[test]
fn size_is_limited() {
    let tree = Tree::new();
    let huge = fs::File::create(tree.path("etc/x.d/huge")).expect("huge");
    huge.set_len(1 << 40).expect("1 TiB, sparse");
    let limit = FRAGMENT_LIMIT;
    within(Duration::from_secs(2), || {
        let reason = Reason::TooLarge {
            size: 1 << 40,
            limit,
        };
        assert_eq!(tree.content("huge"), unusable(reason));
        assert_eq!(tree.link_content("huge"), leads("/etc/x.d/huge", reason));
    });
    for (size, fits) in [(limit, true), (limit + 1, false)] {
        fs::write(tree.path("etc/x.d/size"), vec![b'x'; size]).expect("size");
        assert_eq!(
            matches!(tree.content("size"), Content::File(bytes) if bytes.len() == size),
            fits,
            "{size}"
        );
    }
}

#[test]
fn read_takes_a_limit_and_tells_absence() {
    let tree = Tree::new();
    tree.file("etc/four", "1234");
    tree.file("etc/empty", "");
    tree.link("etc/dangling", "nothing");
    tree.link("etc/null", "/dev/null");
    let root = tree.root();
    let read = |path: &str, limit| root.read(path.as_ref(), limit);
    assert_eq!(read("etc/four", 4), Ok(Some(b"1234".to_vec())));
    assert_eq!(read("/etc/four", usize::MAX), Ok(Some(b"1234".to_vec())));
    assert_eq!(
        read("etc/four", 3),
        Err(Reason::TooLarge { size: 4, limit: 3 }.into())
    );
    assert_eq!(read("etc/empty", 0), Ok(Some(Vec::new())));
    assert_eq!(read("etc/nothing", 4), Ok(None));
    assert_eq!(read("nothing/at/all", 4), Ok(None));
    assert_eq!(read("", 4), Err(Reason::NotAFile(Kind::Directory).into()));
    assert_eq!(read("etc/four/below", 4), Err(Reason::NotADirectory.into()));
    for (path, target) in [("etc/dangling", "/etc/nothing"), ("etc/null", "/dev/null")] {
        let error = read(path, 4).expect_err(path);
        assert_eq!(
            (error.reason, error.target),
            (Reason::Missing, Some(target.into())),
            "{path}"
        );
    }
}

/// The files of procfs say that they are empty and are not, like a file that grows under the reader.
#[test]
fn a_file_that_gives_more_than_it_said() {
    let root = Root::open(Path::new("/proc/self")).expect("/proc/self");
    let dir = root
        .dir("".as_ref())
        .expect("a directory")
        .expect("it exists");
    assert_eq!(fs::metadata("/proc/self/status").expect("status").len(), 0);
    assert_eq!(dir.content("status".as_ref()), unusable(Reason::Changed));
    assert_eq!(
        root.read("status".as_ref(), 1 << 20),
        Err(Reason::Changed.into())
    );
}

#[test]
fn a_growing_file_never_exceeds_the_limit() {
    let tree = Tree::new();
    let mut log = fs::File::create(tree.path("etc/x.d/log")).expect("log");
    let root = tree.root();
    let dir = root
        .dir(DIR.as_ref())
        .expect("etc/x.d")
        .expect("etc/x.d exists");
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..=FRAGMENT_LIMIT / 512 {
                log.write_all(&[b'x'; 512]).expect("room");
            }
        });
        loop {
            match dir.content("log".as_ref()) {
                Content::File(bytes) => {
                    assert!(
                        bytes.len() <= FRAGMENT_LIMIT && bytes.iter().all(|&byte| byte == b'x')
                    );
                }
                Content::Unusable(why) if matches!(why.reason, Reason::TooLarge { .. }) => break,
                content => assert!(
                    [unusable(Reason::Changed), Content::Mask(Mask::Empty)].contains(&content),
                    "{content:?}"
                ),
            }
        }
    });
}

#[test]
fn unreadable() {
    let tree = Tree::new();
    tree.file("etc/x.d/shut", "shut");
    fs::set_permissions(tree.path("etc/x.d/shut"), fs::Permissions::from_mode(0o000))
        .expect("mode 0");
    let expected = if fs::File::open(tree.path("etc/x.d/shut")).is_ok() {
        skipped("permission denied, because nothing is denied to this user");
        [file("shut"), file("shut")]
    } else {
        let denied = says(rustix::io::Errno::ACCESS);
        [unusable(denied), leads("/etc/x.d/shut", denied)]
    };
    assert_eq!([tree.content("shut"), tree.link_content("shut")], expected);
}

#[test]
fn names_are_bytes_in_byte_order() {
    let tree = Tree::new();
    let names: [&[u8]; 9] = [
        b".hidden",
        b"10",
        b"2",
        b"B",
        b"_z",
        b"a",
        b"line\nbreak \x1b[31m",
        b"plain.conf",
        b"\xff\xfe",
    ];
    for name in names.iter().filter(|name| **name != b"plain.conf") {
        fs::write(tree.path("etc/x.d").join(OsStr::from_bytes(name)), name).expect("a file");
    }
    let root = tree.root();
    let dir = root
        .dir(DIR.as_ref())
        .expect("etc/x.d")
        .expect("etc/x.d exists");
    let listed = dir.names().expect("a listing");
    assert_eq!(listed, names.map(OsStr::from_bytes));
    assert_eq!(dir.names(), Ok(listed), "a second listing is the same");
    assert_eq!(
        dir.content(OsStr::from_bytes(b"\xff\xfe")),
        Content::File(b"\xff\xfe".to_vec().into())
    );
    for name in [
        "",
        ".",
        "..",
        "/",
        "../x.d/plain.conf",
        "plain.conf/",
        "/etc/x.d/plain.conf",
    ] {
        assert_eq!(
            dir.content(name.as_ref()),
            unusable(Reason::NotAName),
            "{name:?}"
        );
    }
    assert_eq!(dir.content("nothing".as_ref()), unusable(Reason::Vanished));
    assert_eq!(
        dir.content("nul\0".as_ref()),
        unusable(says(rustix::io::Errno::INVAL))
    );
}

#[test]
fn descriptors_can_be_fsynced() {
    let tree = Tree::new();
    let root = tree.root();
    let dir = root
        .dir(DIR.as_ref())
        .expect("etc/x.d")
        .expect("etc/x.d exists");
    rustix::fs::fsync(root.as_fd()).expect("fsync of the root");
    rustix::fs::fsync(dir.as_fd()).expect("fsync of a directory");
}
