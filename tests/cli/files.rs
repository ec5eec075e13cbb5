//! Snapshots of the commands that read files: which count, what they come to, and why.

use insta::assert_snapshot;

use crate::image::Image;

const PATH: &str = "systemd/journald.conf";
const MINE: &str = "/etc/systemd/journald.conf.d/10-mine.conf";

/// An image with journald's configuration in every layer, units, a collection and an unknown path.
pub(crate) fn image() -> Image {
    let image = Image::new();
    for (path, text) in [
        (
            "usr/lib/systemd/journald.conf",
            "# vendor\n[Journal]\nStorage=auto\nCompress=yes\nSystemMaxUse=1G\n",
        ),
        (
            "usr/lib/systemd/journald.conf.d/50-quiet.conf",
            "[Journal]\nMaxLevelWall=alert\n",
        ),
        (
            "usr/lib/systemd/journald.conf.d/60-limit.conf",
            "[Journal]\nSystemMaxUse=2G\n",
        ),
        (
            "usr/lib/systemd/journald.conf.d/90-vendor.conf",
            "[Journal]\nStorage=persistent\n",
        ),
        ("run/systemd/journald.conf.d/60-limit.conf", "# none now\n"),
        (
            "etc/systemd/journald.conf.d/10-mine.conf",
            "[Journal]\nStorage=volatile\n",
        ),
        (
            "etc/systemd/journald.conf.d/20-more.conf",
            "[Journal]\nAudit=no\n\nCompress=no\nCompress=yes\nStorage=none\n",
        ),
        ("etc/systemd/journald.conf.d/50-quiet.conf", ""),
        ("etc/systemd/journald.conf.d/README", "not a drop-in\n"),
        (
            "usr/lib/sysctl.d/50-default.conf",
            "kernel.sysrq = 16\nnet.ipv4.ip_forward = 0\n",
        ),
        ("etc/sysctl.d/90-router.conf", "net.ipv4.ip_forward = 1\n"),
        (
            "usr/lib/myapp/app.conf",
            "[Server]\nListen=80\nListen=443\nName=a\n",
        ),
        (
            "etc/myapp/app.conf.d/10.conf",
            "[Server]\nListen=8080\nName=b\n",
        ),
        (
            "usr/lib/systemd/system/web.service",
            "[Service]\nExecStart=/bin/web\nEnvironment=A=1\n",
        ),
        (
            "etc/systemd/system/web.service.d/10.conf",
            "[Service]\nEnvironment=B=2\nExecStart=\nExecStart=/bin/other\n",
        ),
        (
            "etc/systemd/system/service.d/20.conf",
            "[Service]\nTimeoutSec=1\n",
        ),
    ] {
        image.write(path, text);
    }
    image
}

#[test]
fn list_and_cat() {
    let image = image();
    assert_snapshot!("files_list", image.shown(&["list", PATH]));
    assert_snapshot!("files_cat", image.shown(&["cat", PATH]));
    assert_snapshot!("files_cat_tldr", image.shown(&["cat", "--tldr", PATH]));
    assert_snapshot!("files_list_collection", image.shown(&["list", "sysctl.d"]));
}

#[test]
fn show() {
    let image = image();
    assert_snapshot!("show", image.shown(&["show", PATH]));
    assert_snapshot!("show_origin", image.shown(&["show", "--origin", PATH]));
    assert_snapshot!("show_collection", image.shown(&["show", "sysctl.d"]));
    assert_snapshot!(
        "show_multi_valued",
        image.shown(&["show", "myapp/app.conf"])
    );
    assert_snapshot!(
        "show_what_if",
        image.shown(&[
            "show",
            PATH,
            "--without",
            "/usr/lib/systemd/journald.conf.d/90-vendor.conf"
        ])
    );
    image.write("etc/empty/app.conf", "# nothing yet\n");
    assert_snapshot!("show_no_key", image.shown(&["show", "empty/app.conf"]));
    // What the vendor's file says is not read for that.
    image.write("usr/lib/empty/app.conf", "Key=value\n");
    assert_snapshot!(
        "show_no_key_that_counts",
        image.shown(&["show", "empty/app.conf"])
    );
    assert_snapshot!("show_nothing", image.shown(&["show", "no/such.conf"]));
}

#[test]
fn a_file_that_is_not_there_yet() {
    let image = image();
    let file = image
        .write("new.conf", "[Journal]\nStorage=none\n")
        .path("new.conf");
    let with = |path: &str| format!("{path}={}", file.display());
    let last = with("/etc/systemd/journald.conf.d/95-new.conf");
    assert_snapshot!(
        "explain_with",
        image.shown(&["explain", PATH, "Storage", "--with", &last])
    );
    assert_snapshot!(
        "why_with",
        image.shown(&[
            "why",
            "/etc/systemd/journald.conf.d/05-new.conf",
            "--with",
            &with("/etc/systemd/journald.conf.d/05-new.conf")
        ])
    );
    assert_snapshot!(
        "with_nonsense",
        image.shown(&["show", PATH, "--with", "/etc/x.conf"])
    );
    assert_snapshot!(
        "with_no_such_file",
        image.shown(&["show", PATH, "--with", "/etc/x.conf=/nowhere/x.conf"])
    );
}

#[test]
fn other_rules() {
    let image = image();
    let own = image
        .write("own.toml", "layers = ['/usr/lib', '/run']\n")
        .path("own.toml");
    let own = own.to_str().expect("UTF-8");
    assert_snapshot!(
        "rules_liboverdrop",
        image.shown(&["show", "sysctl.d", "--rules", "liboverdrop"])
    );
    assert_snapshot!(
        "rules_own",
        image.shown(&["explain", PATH, "Storage", "--rules", own])
    );
    assert_snapshot!("rules_why", image.shown(&["why", MINE, "--rules", own]));
    assert_snapshot!(
        "rules_unknown",
        image.shown(&["show", PATH, "--rules", "nonsense"])
    );
    image.write("own.toml", "layers = ['/usr/lib']\nlayer = 1\n");
    assert_snapshot!("rules_broken", image.shown(&["show", PATH, "--rules", own]));
}

#[test]
fn explain_a_path() {
    let image = image();
    assert_snapshot!("explain_path", image.shown(&["explain", PATH]));
    assert_snapshot!(
        "explain_path_key",
        image.shown(&["explain", PATH, "Journal.Storage"])
    );
    assert_snapshot!(
        "explain_path_unknown_key",
        image.shown(&["explain", PATH, "storag"])
    );
    assert_snapshot!(
        "explain_path_no_such_key",
        image.shown(&["explain", PATH, "xyz"])
    );
    assert_snapshot!(
        "explain_multi_valued",
        image.shown(&["explain", "myapp/app.conf", "Listen"])
    );
    assert_snapshot!(
        "explain_list",
        image.shown(&["explain", "systemd/system/web.service"])
    );
    assert_snapshot!(
        "explain_dotted_key",
        image.shown(&["explain", "sysctl.d", "net.ipv4.ip_forward"])
    );
    assert_snapshot!("explain_nothing", image.shown(&["explain", "no/such.conf"]));
}

#[test]
fn explain_takes_an_entry_before_a_path() {
    let image = image();
    image.write("etc/plain/x.conf", "[S]\nA=1\n");
    for (arguments, expected) in [
        (&["explain", "plain"][..], "flatpak-remotes/plain  "),
        (
            &["explain", "flatpak-remotes/pl*"],
            "flatpak-remotes/plain  ",
        ),
        (
            &["explain", "flatpak/remotes.d", "Title"],
            "flatpak/remotes.d/flathub.flatpakrepo  ",
        ),
        (&["explain", "/etc/plain/x.conf"], "plain/x.conf  "),
        (&["explain", "sysctl.d"], "sysctl.d  "),
    ] {
        let shown = image.shown(arguments);
        let second = shown.lines().nth(1).expect("a line");
        assert!(second.starts_with(expected), "{shown}");
    }
}

#[test]
fn why_a_file_has_this_effect() {
    let image = image();
    std::os::unix::fs::symlink(
        "/nowhere",
        image.path("etc/systemd/journald.conf.d/70-gone.conf"),
    )
    .expect("a link");
    std::os::unix::fs::symlink(
        "/dev/null",
        image.path("etc/systemd/journald.conf.d/99-null.conf"),
    )
    .expect("a link");
    std::fs::create_dir_all(image.path("etc/systemd/journald.conf.d/99-z.conf"))
        .expect("a directory");
    for (path, text) in [
        ("etc/systemd/journald.conf~", "[Journal]\n"),
        ("etc/systemd/journald.conf.d/.hidden.conf", "[Journal]\n"),
        (
            "etc/systemd/journald.conf.d/60.conf.d/x.conf",
            "[Journal]\n",
        ),
        (
            "usr/local/lib/NetworkManager/conf.d/x.conf",
            "[main]\ndns=none\n",
        ),
        (
            "etc/systemd/system/gone.service.d/x.conf",
            "[Service]\nUser=a\n",
        ),
        ("opt/x.conf", "[S]\nA=1\n"),
        ("etc/flatpak/remotes.d/README", "hello\n"),
        (
            "etc/flatpak/remotes.d/plain.flatpakrepo.d/50.conf",
            "[Flatpak Repo]\nTitle=Mine\n",
        ),
    ] {
        image.write(path, text);
    }
    let files = [
        MINE,
        "/usr/lib/systemd/journald.conf",
        "/usr/lib/systemd/journald.conf.d/50-quiet.conf",
        "/etc/systemd/journald.conf.d/50-quiet.conf",
        "/usr/lib/systemd/journald.conf.d/60-limit.conf",
        "/run/systemd/journald.conf.d/60-limit.conf",
        "/etc/systemd/journald.conf.d/70-gone.conf",
        "/etc/systemd/journald.conf.d/99-z.conf",
        "/etc/systemd/journald.conf.d/99-null.conf",
        "/etc/systemd/journald.conf.d/README",
        "/etc/systemd/journald.conf.d/.hidden.conf",
        "/etc/systemd/journald.conf~",
        "/etc/systemd/journald.conf.d/60.conf.d/x.conf",
        "/usr/local/lib/NetworkManager/conf.d/x.conf",
        "/etc/systemd/system/web.service.d/10.conf",
        "/etc/systemd/system/service.d/20.conf",
        "/etc/systemd/system/gone.service.d/x.conf",
        "/opt/x.conf",
        "/etc/flatpak/remotes.d/README",
        "/etc/flatpak/remotes.d/plain.flatpakrepo.d/50.conf",
        "/etc/systemd/journald.conf.d",
        "/etc/no-such.conf",
    ];
    let shown: Vec<_> = files
        .iter()
        .map(|file| image.shown(&["why", file]))
        .collect();
    assert_snapshot!("why_files", shown.join("\n\n"));
}

#[test]
fn why_a_line_has_this_effect() {
    let image = image();
    let file = "/etc/systemd/journald.conf.d/20-more.conf";
    let shown: Vec<_> = [1, 2, 3, 4, 5, 6, 7]
        .map(|line| image.shown(&["why", &format!("{file}:{line}")]))
        .into();
    assert_snapshot!("why_lines", shown.join("\n\n"));
}

#[test]
fn a_file_may_be_named_as_the_host_sees_it() {
    let image = image();
    let outside = image.path(&MINE[1..]);
    let outside = outside.to_str().expect("UTF-8");
    let [inside, outside] = [MINE, outside].map(|file| image.run(&["why", file]).stdout);
    assert_eq!(inside, outside);
    assert!(!inside.is_empty());
}

#[test]
fn a_problem_is_shown_with_its_line() {
    let image = image();
    image.write(
        "etc/systemd/journald.conf.d/80-bad.conf",
        "[Journal]\nStorage=auto\n\tjunk \u{1b}[31m line\n[Bad\nAudit=yes\n",
    );
    for command in ["show", "list", "cat", "explain"] {
        let shown = image.shown(&[command, PATH]);
        assert!(
            shown.contains("--> /etc/systemd/journald.conf.d/80-bad.conf:3:"),
            "{shown}"
        );
        assert!(shown.contains("3 |     junk \\x1b[31m line"), "{shown}");
        assert!(shown.ends_with("[exit status 1]"), "{shown}");
    }
    assert_snapshot!(
        "problems",
        image.shown(&["why", "/etc/systemd/journald.conf.d/80-bad.conf"])
    );
    assert_snapshot!(
        "why_a_bad_line",
        image.shown(&["why", "/etc/systemd/journald.conf.d/80-bad.conf:4"])
    );
    assert_snapshot!(
        "why_not_reached",
        image.shown(&["why", "/usr/lib/systemd/journald.conf.d/90-vendor.conf"])
    );
    assert_snapshot!(
        "why_below_a_bad_line",
        image.shown(&["why", "/etc/systemd/journald.conf.d/80-bad.conf:5"])
    );
}

#[test]
fn digest_and_watch_list() {
    let image = image();
    let digest = |arguments: &[&str]| image.run(&[&["digest"], arguments].concat()).stdout;
    let before = digest(&[PATH]);
    assert!(before.ends_with(b"  systemd/journald.conf\n") && before.len() > 64);
    let vendor = "/usr/lib/systemd/journald.conf.d/90-vendor.conf";
    assert_ne!(
        before,
        digest(&[PATH, "--without", vendor]),
        "the value is another one then"
    );
    assert_eq!(
        before,
        digest(&[PATH, "--without", MINE]),
        "it had no effect"
    );
    assert_snapshot!("watch_list", image.shown(&["watch-list", PATH]));
}

/// What the README shows is what is printed.
#[test]
fn the_readme_is_true() {
    let image = Image::new();
    for (path, text) in [
        ("usr/lib/systemd/journald.conf", "[Journal]\nStorage=auto\n"),
        (
            "usr/lib/systemd/journald.conf.d/90-vendor.conf",
            "[Journal]\nStorage=persistent\n",
        ),
        (
            "etc/systemd/journald.conf.d/10-mine.conf",
            "[Journal]\nStorage=volatile\n",
        ),
    ] {
        image.write(path, text);
    }
    for arguments in [&["explain", PATH, "Storage"], &["why", MINE][..]] {
        let shown = image.shown(arguments);
        let shown = shown.trim_end_matches("[exit status 0]");
        let readme = include_str!("../../README.md");
        assert!(readme.contains(shown), "README.md does not have\n{shown}");
    }
}

/// `cat --tldr` of systemd's own case for it (TEST-65-ANALYZE): comments, blank lines, headers with
/// nothing below them and repeated headers are left out; so are comments, blanks and lone backslashes
/// inside a statement of several lines. (systemd 252 has no `--tldr` to compare with;
/// tests/real/systemd.rs compares the plain output.)
#[test]
fn tldr_leaves_out_what_systemd_leaves_out() {
    let image = Image::new();
    image
        .write("run/test/main.conf", include_str!("../data/tldr/main.conf"))
        .write(
            "run/test/main.conf.d/override.conf",
            include_str!("../data/tldr/override.conf"),
        );
    let output = image.run(&["cat", "--tldr", "test/main.conf"]);
    assert_eq!(
        String::from_utf8(output.stdout).expect("UTF-8"),
        "# /run/test/main.conf\n\
         [DHCPv4]\nClientIdentifier=duid\n[DHCPServer]\nPersistLeases=yes\n\n\
         # /run/test/main.conf.d/override.conf\n\
         [DHCPServer]\nPersistLeases=no\n[Network]\nSpeedMeter=yes\n\
         Continuation=foo \\\n bar \\\n hogehoge \\\n aaa \\\n bbb\nAAAA=bbbb\n"
    );
}

/// Below a header they would belong to its section.
#[test]
fn keys_without_a_section_are_shown_first() {
    let image = image();
    image
        .write("etc/myapp/x.conf", "[s]\nk=1\n")
        .write("etc/myapp/x.conf.d/a.conf", "late=1\n");
    let shown = image.run(&["show", "myapp/x.conf"]).stdout;
    assert_eq!(String::from_utf8_lossy(&shown), "late=1\n\n[s]\nk=1\n");
}

/// Alone it would not tell what it comes to.
#[test]
fn a_part_of_a_known_document_is_told_to_be_one() {
    let image = image();
    for part in [
        "systemd/journald.conf.d",
        "/etc/systemd/journald.conf.d/10-mine.conf",
    ] {
        let told = image.run(&["show", part]).stderr;
        let told = String::from_utf8_lossy(&told);
        assert!(
            told.contains("is a part of systemd/journald.conf"),
            "{told}"
        );
    }
    let whole = image.run(&["show", "systemd/journald.conf"]).stderr;
    assert!(!String::from_utf8_lossy(&whole).contains("is a part of"));
}

/// A list of the lines of `tmpfiles.d` has no `=` of its own, and one of tables its tables.
#[test]
fn values_are_shown_as_their_files_have_them() {
    let image = image();
    image
        .write("usr/lib/tmpfiles.d/a.conf", "L+ /x - - - - a=b\n")
        .write("etc/myapp/x.toml", "[[t]]\nn = 1\n");
    let shown = |path| String::from_utf8_lossy(&image.run(&["show", path]).stdout).into_owned();
    assert_eq!(shown("tmpfiles.d"), "L+ /x - - - - a=b\n");
    assert_eq!(shown("myapp/x.toml"), "t=[{ n = 1 }]\n");
}

/// An error lists every field that a rule set may have; RULES.md says of each what it means.
#[test]
fn every_field_of_a_rule_set_is_documented() {
    let rules = include_str!("../../resolver/RULES.md");
    let error = overlay_resolver::Rules::from_toml("r.toml".as_ref(), b"zzz = 1").unwrap_err();
    let fields: Vec<_> = error.message.split('`').skip(1).step_by(2).collect();
    assert!(fields.contains(&"layers"), "{error}");
    for field in fields.iter().filter(|field| **field != "zzz") {
        let rows = [format!("`{field}`"), format!("`[{field}]`")];
        assert!(
            rows.iter().any(|row| rules.contains(row)),
            "{field} is not in RULES.md"
        );
    }
}

/// The blocks of RULES.md, which work as they stand there.
#[test]
fn the_rules_of_the_documentation_work() {
    let rules = include_str!("../../resolver/RULES.md");
    let (sets, schemas) = rules.split_once("# Schemas").expect("two sections");
    let block = |section: &str| {
        let (_, block) = section.split_once("```toml\n").expect("an example");
        block.split_once("```").expect("its end").0.to_owned()
    };
    let image = image();
    image
        .write(
            "usr/share/defaults/myapp/server.conf",
            "[Server]\nPort=80\nAllow=a b\nAlias=c,d\n",
        )
        .write(
            "etc/myapp/server.conf.d/50-mine.conf",
            "[Server]\nPort=8080\nAllow=c\n",
        );
    for (name, text) in [("rules", block(sets)), ("schema", block(schemas))] {
        let own = image.write("mine.toml", &text).path("mine.toml");
        let own = own.to_str().expect("UTF-8");
        assert_snapshot!(
            format!("documented_{name}"),
            image.shown(&["explain", "myapp/server.conf", "--rules", own])
        );
    }
}

/// What `show` prints is what the consumer ends with, and not what the files say on the way there.
#[test]
fn show_prints_what_the_consumer_ends_with() {
    let image = image();
    for (path, text) in [
        (
            "etc/systemd/system/web.service.d/20.conf",
            "[Unit]\nAfter=a b\nAfter=c\n[Service]\nEnvironment=A=2 \"C=d e\"\nUser=\nTyp=x\n[Servce]\nType=simple\n",
        ),
        (
            "usr/lib/systemd/network/eth.network",
            "[Match]\nName=eth0\n[Address]\nAddress=10.0.0.1/24\nLabel=a\nLabel=b\n[Address]\nAddress=10.0.0.2/24\n",
        ),
        (
            "etc/systemd/network/eth.network.d/x.conf",
            "[Address]\nAddress=10.0.0.3/24\n[Match]\nName=\nName=eth1\n",
        ),
        (
            "usr/lib/NetworkManager/conf.d/10.conf",
            "[main]\nplugins=keyfile,ifcfg-rh\n",
        ),
        (
            "etc/NetworkManager/conf.d/20.conf",
            "[main]\nplugins-=ifcfg-rh\nplugins+=mine\n",
        ),
        ("etc/loadless/x.conf", "a=1\n[b\n"),
    ] {
        image.write(path, text);
    }
    for (name, arguments) in [
        ("effective_unit", &["systemd/system/web.service"][..]),
        (
            "effective_unit_origin",
            &["--origin", "systemd/system/web.service"],
        ),
        (
            "effective_network",
            &["--origin", "systemd/network/eth.network"],
        ),
        ("effective_set", &["NetworkManager/NetworkManager.conf"]),
        (
            "effective_set_origin",
            &["--origin", "NetworkManager/NetworkManager.conf"],
        ),
        (
            "effective_nothing_loads",
            &["--rules", "libeconf", "loadless/x.conf"],
        ),
    ] {
        assert_snapshot!(name, image.shown(&[&["show"], arguments].concat()));
    }
    assert_snapshot!(
        "why_unknown",
        image.shown(&["why", "/etc/systemd/system/web.service.d/20.conf"])
    );
    assert_snapshot!(
        "explain_unknown_section",
        image.shown(&["explain", "systemd/system/web.service", "Servce.Type"])
    );
    assert_snapshot!(
        "list_nothing_loads",
        image.shown(&["list", "--rules", "libeconf", "loadless/x.conf"])
    );
}

/// The text of `show` is for the consumer, too, and values in JSON are for programs: a backslash is one, and a
/// tab is a tab. What a terminal would obey is escaped by either.
#[test]
fn values_are_shown_as_they_are() {
    let image = Image::new();
    let text = "[Unit]\nDescription=\u{1b}[m\u{202e}\n[Service]\n\
        ExecStart=/bin/x \"\\x1b[0m\" a\\\\b \t--foo\nEnvironment=A=\\x09\n";
    image.write("etc/systemd/system/b.service", text);
    let shown = image.shown(&["show", "systemd/system/b.service"]);
    let escaped = text
        .replace('\u{1b}', "\\x1b")
        .replace('\u{202e}', "\\u{202e}");
    let escaped = escaped.replace("[Service]", "\n[Service]");
    assert!(shown.contains(&escaped), "{shown}");
    for command in ["explain", "why"] {
        let told = image.shown(&[command, "/etc/systemd/system/b.service"]);
        assert!(
            told.contains("=/bin/x \"\\x1b[0m\" a\\\\b \t--foo  "),
            "{told}"
        );
    }
    for json in [
        image.run(&["show", "systemd/system/b.service", "--json"]),
        image.run(&["explain", "systemd/system/b.service", "--json"]),
    ] {
        let json = String::from_utf8(json.stdout).expect("UTF-8");
        assert!(!json.contains(['\u{1b}', '\u{202e}']), "{json}");
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let values = [
            "\u{1b}[m\u{202e}",
            "/bin/x \"\\x1b[0m\" a\\\\b \t--foo",
            "A=\\x09",
        ];
        let assignments = json["assignments"].as_array().expect("assignments");
        let found: Vec<_> = assignments.iter().map(|a| a["value"].as_str()).collect();
        assert_eq!(found, values.map(Some), "{json}");
    }
}

/// Netplan merges its files, so none of them takes the place of another, whatever is in them.
#[test]
fn files_that_are_not_looked_into_do_not_supersede_each_other() {
    let image = Image::new();
    image.write("etc/netplan/10.yaml", "network: {version: 2}\n");
    image.write("run/netplan/20.yaml", "network: {ethernets: {}}\n");
    let told = image.shown(&["why", "/etc/netplan/10.yaml"]);
    assert!(told.contains("10.yaml  effective"), "{told}");
}

/// What was shown can be given back, and a section can be named as files name it.
#[test]
fn names_are_taken_as_they_are_shown() {
    let image = image();
    let odd = "etc/systemd/journald.conf.d/95-\u{1b}odd\u{202e}.conf";
    image.write(odd, "[Journal]\nSeal=no\n");
    let shown = r"/etc/systemd/journald.conf.d/95-\x1bodd\u{202e}.conf";
    assert!(image.shown(&["list", PATH]).contains(shown));
    for arguments in [
        &["why", shown][..],
        &["why", &format!("{shown}:2")],
        &["explain", PATH, "Journal.Seal"],
        &["explain", PATH, "[Journal] Seal"],
    ] {
        assert!(
            image.shown(arguments).contains("effective"),
            "{arguments:?}"
        );
        assert_eq!(image.exit_status(arguments), 0, "{arguments:?}");
    }
    let told = image.shown(&["why", &format!("{shown}:0")]);
    assert!(told.contains("counted from 1"), "{told}");
    assert!(told.ends_with("[exit status 1]"), "{told}");
}

/// A guess at a syntax is no reason to fail.
#[test]
fn a_syntax_that_is_only_guessed_is_no_error() {
    let image = Image::new();
    image.write("etc/odd.d/a.conf", "run this\nA=1\n[and that\n");
    image.write("etc/odd.d/b.conf", "run this\nA=1\n[and that\n");
    for command in ["list", "show", "explain", "check", "digest"] {
        let told = image.shown(&[command, "odd.d"]);
        assert!(told.ends_with("[exit status 0]"), "{told}");
        assert!(!told.contains("error:"), "{told}");
        // Once for each file, although they cost a consumer like systemd differently much.
        assert_eq!(told.matches("2 lines cannot be read").count(), 2, "{told}");
        assert!(told.contains("/etc/odd.d/a.conf:1"), "{told}");
    }
    assert_eq!(image.exit_status(&["show", "odd.d", "--rules", "uapi6"]), 1);
}

/// A directory of drop-ins whose main file nobody has is asked for in three ways.
#[test]
fn the_suffix_of_drop_ins_does_not_depend_on_how_they_are_asked_for() {
    let image = Image::new();
    image.write("etc/x/c.toml.d/1.conf", "a = 1\n");
    image.write("etc/x/c.toml.d/2.toml", "a = 2\n");
    for (file, state) in [("1.conf", "ignored"), ("2.toml", "effective")] {
        let file = format!("/etc/x/c.toml.d/{file}");
        for arguments in [
            &["list", "x/c.toml"][..],
            &["list", "x/c.toml.d"],
            &["list", "x"],
            &["why", &file],
        ] {
            let shown = image.shown(arguments);
            assert!(shown.contains(&format!("{file}  {state}")), "{shown}");
        }
    }
}
