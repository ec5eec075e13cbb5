//! A directory that can be opened and not listed, as on a disk that fails: `/proc/PID/net` of a process that has
//! ended and that nobody has waited for. What is asked of its names has no answer, which is told.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use overlay_resolver::finding::code;
use overlay_resolver::{Finding, Resolver, Root, Rules};

/// A process that has ended, with its directory in `/proc`.
struct Ended(Child);

impl Ended {
    fn new() -> Self {
        let ended = Self(Command::new("true").spawn().expect("a process"));
        let until = Instant::now() + Duration::from_secs(30);
        let stat = ended.directory().join("stat");
        while !std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z ")) {
            assert!(Instant::now() < until, "it does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
        ended
    }

    fn directory(&self) -> PathBuf {
        format!("/proc/{}", self.0.id()).into()
    }

    /// A tree whose one layer cannot be listed.
    fn resolver(&self, rules: &str) -> Resolver {
        let root = Root::open(&self.directory()).expect("it is not waited for");
        let net = root
            .dir("net".as_ref())
            .expect("it can be opened")
            .expect("it is there");
        net.names().expect_err("the process is in no network");
        let rules = Rules::named(rules)
            .expect("they are built in")
            .into_builder();
        let rules = rules.layers(["/net"]).build().expect("it is a layer");
        Resolver::new(root).rules(rules)
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.wait().expect("it has ended");
    }
}

fn unlisted<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Vec<&'f str> {
    let findings = findings.into_iter();
    let findings = findings.filter(|finding| finding.code == code::BROKEN_DIRECTORY);
    findings.map(|finding| &*finding.message).collect()
}

#[test]
fn where_no_names_are_to_be_had_a_unit_may_have_others() {
    let ended = Ended::new();
    let document = ended.resolver("systemd-unit").resolve("a.service").unwrap();
    let told = unlisted(document.findings());
    assert!(
        told.len() == 1 && told[0].contains("which other names a.service has"),
        "{told:?}"
    );
}

#[cfg(feature = "inspect")]
#[test]
fn where_no_names_are_to_be_had_a_drop_in_may_lie_beside_its_main_file() {
    let ended = Ended::new();
    let findings = ended.resolver("systemd").check("a.conf").unwrap();
    let told = unlisted(&findings);
    assert!(
        told.len() == 1 && told[0].contains("whether a drop-in lies here by mistake"),
        "{told:?}"
    );
}
