//! When a keyring stops to be good for anything, and what there is to say of that.
//!
//! Signatures are verified as long as one certificate is good, so one that expires beside others is a note;
//! a warning is that all do. It comes early enough for a vendor to ship a new image.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use overlay_resolver::escape::escape;
use overlay_resolver::finding::{Code, Finding, Level};

use crate::code;
use crate::openpgp::{Certificate, Keyring, Validity};

const DAY: u64 = 24 * 60 * 60;

/// How long before it is told that all certificates of a remote will have expired.
const NOTICE: u64 = 60 * DAY;

/// A point in time, in seconds since the epoch. By default it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl Default for Moment {
    fn default() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // A clock that stands before the epoch was never set; nothing has expired then.
        Self(since.map_or(0, |since| since.as_secs()))
    }
}

/// The day, as in `2027-06-14`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0 / DAY);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// The date of a day since the epoch. Years begin in March here, so that the day of a leap year is the last.
fn date(day: u64) -> (u64, u64, u64) {
    const CENTURIES_4: u64 = 146_097;
    // From the first of March of the year 0.
    let day = day + 719_468;
    let (era, day) = (day / CENTURIES_4, day % CENTURIES_4);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + carry, month, day_of_month)
}

/// What there is to say of the keyring in `place` by which signatures of the remote `name` are verified.
pub(crate) fn outlook(name: &str, keyring: &Keyring, place: &Path, now: Moment) -> Vec<Finding> {
    let is_good_at = |moment| move |one: &&Certificate| one.validity().is_good_at(moment);
    let (good, bad): (Vec<_>, Vec<_>) = keyring.iter().partition(is_good_at(now.0));
    let finding = |code: Code, level, message| code.finding(level, place, message);
    if good.is_empty() && !bad.is_empty() {
        let why = all(&bad, now);
        let message = format!(
            "signatures of {name} cannot be verified: {why}; it takes a newer certificate, from its vendor or imported"
        );
        return vec![finding(code::EXPIRED_KEY, Level::Warning, message)];
    }
    let mut findings = Vec::new();
    // A clock may stand at the end of time.
    let notice = now.0.saturating_add(NOTICE);
    if !good.is_empty() && !good.iter().any(is_good_at(notice)) {
        let why = all(&good, now);
        let message = format!(
            "signatures of {name} will soon not be verified any more: {why}; it takes a newer certificate, from its vendor or imported"
        );
        findings.push(finding(code::EXPIRING_KEY, Level::Warning, message));
    }
    let bad = bad.into_iter().map(|one| {
        let why = all(&[one], now);
        let message = format!("{why}; {name} has others that are good");
        finding(code::EXPIRED_KEY, Level::Info, message)
    });
    findings.extend(bad);
    findings
}

/// What there is to say of several keyrings by which signatures of one remote are verified, each with its
/// place: of single certificates in a directory that is not for this remote alone, nothing.
pub(crate) fn outlook_of_all(
    name: &str,
    keyrings: &[(PathBuf, Keyring)],
    now: Moment,
) -> Vec<Finding> {
    match keyrings {
        [] => Vec::new(),
        [(place, keyring)] => outlook(name, keyring, place, now),
        [(place, first), others @ ..] => {
            let mut all = first.clone();
            for certificate in others.iter().flat_map(|(_, keyring)| keyring.iter()) {
                all.merge(certificate);
            }
            let mut findings = outlook(name, &all, place, now);
            findings.retain(|finding| finding.level < Level::Info);
            findings
        }
    }
}

/// The keyring that a file of the layers brings.
#[derive(Debug)]
pub(crate) struct Shipped {
    /// The remote that it is for.
    pub(crate) name: String,
    pub(crate) keyring: Keyring,
    /// The file, and the line where it has several.
    pub(crate) place: (PathBuf, Option<usize>),
}

impl Shipped {
    /// What there is to say of it.
    pub(crate) fn outlook(self, now: Moment) -> Vec<Finding> {
        let (path, line) = &self.place;
        let name = escape(self.name.as_bytes()).to_string();
        let mut findings = outlook(&name, &self.keyring, path, now);
        for finding in &mut findings {
            finding.line = *line;
        }
        findings
    }
}

fn all(certificates: &[&Certificate], now: Moment) -> String {
    let each = certificates.iter().map(|one| {
        let what = match one.validity() {
            Validity::Revoked => "is revoked".to_owned(),
            Validity::Forever => "does not expire".to_owned(),
            Validity::Until(end) if end <= now.0 => format!("expired on {}", Moment(end)),
            Validity::Until(end) => format!("expires on {}", Moment(end)),
        };
        format!("the certificate {} {what}", one.fingerprint())
    });
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openpgp::testing::Build;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_609_459_199, "2020-12-31"),
            (1_812_979_136, "2027-06-14"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(Moment(seconds).to_string(), expected);
        }
    }

    /// Each certificate with the day, from 1970 on, on which it expires; 0 is never.
    fn told(certificates: &[(u8, u32)], day: u64) -> Vec<String> {
        let mut keyring = Keyring::default();
        for (seed, end) in certificates {
            // The key is made at 1000.
            let lifetime = end.checked_sub(1).map_or(0, |_| end * 86_400 - 1000);
            let build = Build::key(*seed).user_id("v").certify(2000, lifetime);
            keyring.merge(&build.read());
        }
        let findings = outlook("v", &keyring, Path::new("/k"), Moment(day * DAY));
        let told = findings.iter().map(|finding| {
            let dates = finding.message.matches("1970-").count();
            format!("{} {} {dates}", finding.level, finding.code)
        });
        told.collect()
    }

    /// Of several keyrings, one good certificate is enough, wherever it is; and it is enough to say.
    #[test]
    fn several_keyrings_are_one() {
        let keyring = |seed, lifetime| {
            let mut keyring = Keyring::default();
            keyring.merge(&Build::key(seed).user_id("v").certify(2000, lifetime).read());
            (PathBuf::from(format!("/{seed}")), keyring)
        };
        let told = |keyrings: &[_]| {
            let findings = outlook_of_all("v", keyrings, Moment(300 * DAY));
            let told = findings
                .iter()
                .map(|finding| (finding.level, finding.path.clone()));
            told.collect::<Vec<_>>()
        };
        let [old, good] = [keyring(1, 86_400), keyring(2, 0)];
        let warning = |path: &str| vec![(Level::Warning, PathBuf::from(path))];
        assert_eq!(told(&[]), []);
        assert_eq!(told(std::slice::from_ref(&old)), warning("/1"));
        assert_eq!(told(&[old.clone(), keyring(3, 86_400)]), warning("/1"));
        assert_eq!(told(&[old.clone(), good.clone()]), []);
        assert_eq!(told(&[good, old]), []);
    }

    #[test]
    fn a_warning_is_that_all_expire() {
        let none: [&str; 0] = [];
        assert_eq!(told(&[(1, 0)], 300), none);
        // No clock is so wrong that it ends a run.
        assert_eq!(told(&[(1, 0)], u64::MAX / DAY), none);
        assert_eq!(told(&[(1, 100)], 39), none);
        assert_eq!(told(&[(1, 100)], 40), ["warning expiring-key 1"]);
        assert_eq!(told(&[(1, 100)], 99), ["warning expiring-key 1"]);
        assert_eq!(told(&[(1, 100)], 100), ["warning expired-key 1"]);
        assert_eq!(told(&[(1, 100), (2, 0)], 99), none);
        assert_eq!(told(&[(1, 100), (2, 0)], 100), ["info expired-key 1"]);
        assert_eq!(told(&[(1, 100), (2, 110)], 99), ["warning expiring-key 2"]);
        assert_eq!(
            told(&[(1, 100), (2, 110)], 105),
            ["warning expiring-key 1", "info expired-key 1"]
        );
        assert_eq!(told(&[(1, 100), (2, 110)], 120), ["warning expired-key 2"]);
        assert_eq!(told(&[], 300), none);
    }
}
