//! What the trees are made of: the kinds of configuration that the catalog and the adapters know, and
//! some that nobody knows, each with lines as its files have them.

/// A configuration path and where its files are.
#[derive(Debug)]
pub(super) struct Kind {
    /// Below every layer: a main file, or a directory.
    pub(super) path: &'static str,
    /// Directories of drop-ins below every layer, or of files; `path` itself where that is one.
    pub(super) directories: &'static [&'static str],
    /// What the names of the files in them end with.
    pub(super) suffix: &'static str,
    pub(super) layers: &'static [&'static str],
    /// Lines as its files have them, between bars; the header first that most of them begin with.
    pub(super) lines: &'static str,
}

impl Kind {
    /// Whether there is a main file at its path.
    pub(super) fn has_main(&self) -> bool {
        !self.directories.contains(&self.path)
    }
}

const LAYERS: &[&str] = &["usr/lib", "usr/local/lib", "run", "etc"];
const SHARED: &[&str] = &[
    "usr/share",
    "usr/lib",
    "usr/local/share",
    "usr/local/lib",
    "run",
    "etc",
];

const fn kind(
    path: &'static str,
    directories: &'static [&'static str],
    suffix: &'static str,
    lines: &'static str,
) -> Kind {
    Kind {
        path,
        directories,
        suffix,
        layers: LAYERS,
        lines,
    }
}

const fn shared(path: &'static str, suffix: &'static str, lines: &'static str) -> Kind {
    Kind {
        path,
        directories: match path.as_bytes() {
            b"flatpak/remotes.d" => &["flatpak/remotes.d", "flatpak/remotes.d/a.flatpakrepo.d"],
            b"ostree/remotes.d" => &["ostree/remotes.d", "ostree/remotes.d/a.conf.d"],
            b"flatpak/collections.d" => &["flatpak/collections.d"],
            _ => &["polkit-1/rules.d"],
        },
        suffix,
        layers: SHARED,
        lines,
    }
}

/// All of them.
pub(super) const KINDS: &[Kind] = &[
    kind(
        "systemd/journald.conf",
        &["systemd/journald.conf.d"],
        ".conf",
        JOURNALD,
    ),
    kind(
        "systemd/resolved.conf",
        &["systemd/resolved.conf.d"],
        ".conf",
        RESOLVED,
    ),
    kind(
        "systemd/unheard-of.conf",
        &["systemd/unheard-of.conf.d"],
        ".conf",
        JOURNALD,
    ),
    kind("udev/udev.conf", &["udev/udev.conf.d"], ".conf", FLAT),
    kind(
        "systemd/system/a-b.service",
        &[
            "systemd/system/a-b.service.d",
            "systemd/system/a-.service.d",
            "systemd/system/service.d",
        ],
        ".conf",
        SERVICE,
    ),
    kind(
        "systemd/system/t@x.service",
        &[
            "systemd/system/t@x.service.d",
            "systemd/system/t@.service.d",
        ],
        ".conf",
        SERVICE,
    ),
    kind(
        "systemd/system/t@.service",
        &["systemd/system/t@.service.d"],
        ".conf",
        SERVICE,
    ),
    kind(
        "systemd/system/c.timer",
        &["systemd/system/c.timer.d", "systemd/system/timer.d"],
        ".conf",
        TIMER,
    ),
    kind(
        "systemd/user/m.slice",
        &["systemd/user/m.slice.d"],
        ".conf",
        SERVICE,
    ),
    kind(
        "systemd/network/10-a.network",
        &["systemd/network/10-a.network.d"],
        ".conf",
        NETWORK,
    ),
    kind("environment.d", &["environment.d"], ".conf", ENVIRONMENT),
    kind("sysctl.d", &["sysctl.d"], ".conf", SYSCTL),
    kind("tmpfiles.d", &["tmpfiles.d"], ".conf", LINES),
    kind("sysusers.d", &["sysusers.d"], ".conf", LINES),
    kind("modprobe.d", &["modprobe.d"], ".conf", LINES),
    kind("udev/rules.d", &["udev/rules.d"], ".rules", LINES),
    kind("udev/hwdb.d", &["udev/hwdb.d"], ".hwdb", LINES),
    kind("kernel/install.d", &["kernel/install.d"], ".install", LINES),
    kind(
        "systemd/system-preset",
        &["systemd/system-preset"],
        ".preset",
        LINES,
    ),
    kind("os-release", &["os-release.d"], ".conf", ENVIRONMENT),
    kind(
        "NetworkManager/NetworkManager.conf",
        &["NetworkManager/conf.d"],
        ".conf",
        MANAGER,
    ),
    kind(
        "NetworkManager/system-connections",
        &["NetworkManager/system-connections"],
        ".nmconnection",
        GKEYFILE,
    ),
    kind("netplan", &["netplan"], ".yaml", YAML),
    kind(
        "ostree/prepare-root.conf",
        &["ostree/prepare-root.conf.d"],
        ".conf",
        GKEYFILE,
    ),
    shared("polkit-1/rules.d", ".rules", LINES),
    shared("flatpak/remotes.d", ".flatpakrepo", REMOTE),
    shared("flatpak/collections.d", ".conf", COLLECTION),
    shared("ostree/remotes.d", ".conf", OSTREE),
    kind("my app/app.conf", &["my app/app.conf.d"], ".conf", GKEYFILE),
    kind("myapp.d", &["myapp.d"], ".conf", JOURNALD),
    kind("myapp/conf.d", &["myapp/conf.d"], ".conf", YAML),
    kind("myapp/app.ini", &["myapp/app.ini.d"], ".ini", GKEYFILE),
    kind("myapp/app.json", &["myapp/app.json.d"], ".json", JSON),
    kind("myapp/app.toml", &["myapp/app.toml.d"], ".toml", TOML),
    kind("documents", &["documents"], ".conf", GKEYFILE),
];

const JOURNALD: &str = "\
    [Journal]|[Journal]|Storage=auto|Storage=volatile|Storage=|Compress=yes|Compress = no |\
    RateLimitBurst=5|MaxRetentionSec=1week|Unheard=of|X-Mine=1|[Other]|[X-Mine]|\
    SystemMaxUse=\\\n  5M|# a note|; a note||Seal=\\\n# within\n yes|ForwardToWall=\tno";
const RESOLVED: &str = "\
    [Resolve]|[Resolve]|DNS=1.1.1.1|DNS=8.8.8.8 9.9.9.9|DNS=|Domains=~.|Domains=a b|Domains=|\
    FallbackDNS=|LLMNR=yes|LLMNR=|Cache=no|DNSStubListenerExtra=1.2.3.4|# a note|";
const FLAT: &str = "\
    udev_log=info|udev_log=debug|children_max=1|children_max=|unheard=of|# a note|";
const SERVICE: &str = "\
    [Service]|[Service]|[Unit]|[Install]|ExecStart=/bin/a|ExecStart=/bin/b c|ExecStart=|\
    After=a.service b.service|After=|Environment=A=1 \"B=2 3\"|Environment=A=2|Environment=|\
    User=me|User=|Description=Of a|WantedBy=multi-user.target|CapabilityBoundingSet=CAP_A CAP_B|\
    CapabilityBoundingSet=~CAP_A|Unheard=of|[X-Mine]|# a note|MemoryMax=5|";
const TIMER: &str = "\
    [Timer]|[Timer]|OnBootSec=5|OnBootSec=|OnCalendar=daily|OnCalendar=|Persistent=yes|\
    Unit=a-b.service|[Unit]|Description=Of a|";
const NETWORK: &str = "\
    [Match]|[Network]|[Address]|[Address]|[Route]|Name=eth0|Address=1.2.3.4/5|Address=5.6.7.8/9|\
    Gateway=1.2.3.4|DNS=1.1.1.1|DNS=|DHCP=yes|DHCP=no|Label=a|Metric=5|Unheard=of|# a note";
const ENVIRONMENT: &str = "\
    A=1|A=2|B=\"1 2\"|B='$A'|C=$A:${B:-c}|ID=a|NAME=\"A b\"|VERSION=1 |PATH=/a:$PATH|D=\\\n  d|\
    # a note|";
const SYSCTL: &str = "\
    a.b=1|a.b = 2|a/b=3|-a.c=1|-a.d|net.*.x=1|a.e=|; a note|# a note|";
const LINES: &str = "\
    d /a 0755 - - -|d /b|enable a.service|disable *|options a b=1|KERNEL==\"a\"|# a note||  d /a  ";
const MANAGER: &str = "\
    [main]|[main]|plugins=keyfile|plugins+=ifupdown|plugins-=keyfile|plugins=|dns=none|\
    dns=default|[device]|[connection-a]|[.config]|enable=false|[logging]|level=INFO|unheard=of|\
    # a note|";
const GKEYFILE: &str = "\
    [connection]|[a]|[a]|[composefs]|id=a|id = b|id=|uuid=1|type=ethernet|enabled=yes|\
    title[de]=a|text=a\\sb\\n|list=a;b;|# a note|";
const YAML: &str = "\
    network:|  version: 2|  ethernets: {}|# a note||a: b";
const JSON: &str = "{\"a\": 1}|{\"a\": {\"b\": [1, 2]}, \"c\": null}|{\"a\": {}}|{\"c\": \"d\"}|{}";
const TOML: &str =
    "a = 1|b = [1, 2]|c.d = \"e\"|f = true|# a note|[t]|g = 1979-05-27|[[u]]|h = 1.5";
const REMOTE: &str = "\
    [Flatpak Repo]|[Flatpak Repo]|Url=https://a.example/|Url=https://b.example/|Title=A|Title=B|\
    Comment=|NoDeps=true|NoDeps=perhaps|DefaultBranch=stable|Unheard=of|[Overlay]|\
    FormerUrls=https://a.example/;|CollectionID=org.a.B|# a note";
const COLLECTION: &str = "\
    [Collection]|[Collection a]|CollectionID=org.a.B|Url=https://a.example/|Remote=a|\
    Enabled=false|# a note";
const OSTREE: &str = "\
    [remote \"a\"]|[remote \"a\"]|[remote \"10\"]|url=https://a.example/|url=https://b.example/|\
    gpg-verify=false|gpg-verify=true|branches=a;b;|# a note";
/// Lines that some consumer refuses.
pub(super) const BROKEN: &str = "\
    nothing|=value|[unclosed|[]|a b = c|]|{|\"|a = |A=\"unclosed|[a]]|Storage|\u{feff}x=1|k=\\";
