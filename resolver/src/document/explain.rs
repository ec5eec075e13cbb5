//! Why a key has the value that it has.

use std::fmt;

use super::{Document, Gap};
use crate::escape::{escape, escape_path, escape_text};
use crate::scan::Fragment;
use crate::view::{Assignment, Key, Numbered, State, View};

/// All assignments of a key: its values first, in their order, then what resets it, then the others,
/// the one that came nearest first. Displays as one line each.
#[derive(Debug)]
#[must_use = "it only tells"]
#[non_exhaustive]
pub struct Explanation<'d> {
    /// The key; none if no file that was read assigns it.
    pub key: Option<Key<'d>>,
    /// The assignments.
    pub assignments: Vec<Assignment<'d>>,
    view: View<'d>,
}

impl Document {
    /// Where a key's value comes from, and why the other candidates lost.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let document = Resolver::new(Tree::default())
    ///     .with("/usr/lib/systemd/journald.conf.d/10.conf", "[Journal]\nStorage=auto\n")
    ///     .with("/etc/systemd/journald.conf.d/50.conf", "[Journal]\nStorage=none\n")
    ///     .resolve("systemd/journald.conf")?;
    /// let explanation = document.explain("Journal", "Storage").to_string();
    /// assert!(explanation.starts_with("/etc/systemd/journald.conf.d/50.conf:2  Storage=none  wins\n"));
    /// # Ok::<(), overlay_resolver::PathError>(())
    /// ```
    pub fn explain(&self, section: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Explanation<'_> {
        match self.key(section, key) {
            Some(key) => key.explain(),
            None => Explanation {
                key: None,
                assignments: Vec::new(),
                view: self.view(),
            },
        }
    }

    /// The files that others hide and that were not read, so that nobody knows what they would have said.
    /// None after [`Resolver::with_history`](crate::Resolver::with_history).
    pub fn unopened(&self) -> impl Iterator<Item = &Fragment> {
        self.view().unopened()
    }
}

impl<'d> View<'d> {
    fn unopened(self) -> impl Iterator<Item = &'d Fragment> + use<'d> {
        let hidden = self.entry.fragments.iter();
        hidden.filter(|fragment| !fragment.is_looked_at())
    }
}

impl<'d> Key<'d> {
    /// Where its value comes from, and why the other candidates lost.
    pub fn explain(self) -> Explanation<'d> {
        let mut assignments = self.applied();
        assignments.sort_by_key(|assignment| assignment.empties().is_some());
        let loses = self.history().rev().filter(|a| a.state() != State::Applied);
        assignments.extend(loses);
        Explanation {
            key: Some(self),
            assignments,
            view: self.view(),
        }
    }
}

impl<'d> Explanation<'d> {
    /// What was not read, and may assign it, too: [`Document::gaps`].
    pub fn gaps(&self) -> Vec<Gap<'d>> {
        self.view.gaps()
    }

    /// The files that may assign it, too, and do not count: [`Document::unopened`].
    pub fn unopened(&self) -> impl Iterator<Item = &'d Fragment> + use<'d> {
        self.view.unopened()
    }

    /// Each assignment, with what became of it.
    pub fn outcomes(&self) -> impl Iterator<Item = Numbered<'d>> {
        let outcomes = self.assignments.iter().map(|&assignment| Numbered {
            assignment,
            outcome: assignment.outcome(),
            number: None,
        });
        let mut outcomes: Vec<_> = outcomes.collect();
        let counts = |numbered: &&mut Numbered<'_>| numbered.outcome.counts();
        let of = outcomes.iter_mut().filter(counts).count();
        for (number, numbered) in (1..).zip(outcomes.iter_mut().filter(counts)) {
            numbered.number = Some((number, of));
        }
        outcomes.into_iter()
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unopened = self
            .unopened()
            .map(|file| escape_path(&file.path).to_string());
        let unopened: Vec<_> = unopened.collect();
        match (self.key, self.gaps().as_slice()) {
            (Some(_), _) => {}
            (None, []) => f.write_str("no file assigns it\n")?,
            (None, gaps) if gaps.len() == unopened.len() => {
                f.write_str("no file that counts assigns it\n")?;
            }
            (None, gaps) => {
                let gaps: Vec<_> = gaps.iter().map(ToString::to_string).collect();
                writeln!(
                    f,
                    "no line that can be read assigns it; not read: {}",
                    gaps.join(", ")
                )?;
            }
        }
        for outcome in self.outcomes() {
            let assignment = outcome.assignment;
            let place = assignment.place();
            let (name, value) = (
                escape(assignment.written_key()),
                escape_text(assignment.value()),
            );
            let sign = assignment.operator().sign();
            writeln!(f, "{place}  {name}{sign}={value}  {outcome}")?;
        }
        match &*unopened {
            [] => Ok(()),
            hidden => writeln!(
                f,
                "hidden, and read only with history (Resolver::with_history): {}",
                hidden.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tree::Tree;
    use crate::{Document, Resolver, Rules};

    fn document(rules: &str) -> Document {
        let tree = Tree::default()
            .with(
                "/usr/lib/x.d/1.conf".as_ref(),
                "[S]\nA=1\nB=1\n[T.u]\nA=2\nC.d=1\n",
            )
            .with("/etc/x.d/2.conf".as_ref(), "[S]\nA=3\n");
        let rules = Rules::from_toml("r".as_ref(), rules.as_bytes()).unwrap();
        Resolver::new(tree).rules(rules).resolve("x.d").unwrap()
    }

    #[test]
    fn a_key_is_named_with_or_without_its_section() {
        let document = document("format = 'gkeyfile'");
        for (name, expected) in [
            ("A", &["S.A", "T.u.A"][..]),
            ("S.A", &["S.A"]),
            ("T.u.A", &["T.u.A"]),
            ("T.u.C.d", &["T.u.C.d"]),
            ("C.d", &["T.u.C.d"]),
            ("T.A", &[]),
            ("a", &[]),
            ("", &[]),
            (".", &[]),
        ] {
            let keys = document.keys_named(name);
            let keys: Vec<_> = keys
                .iter()
                .map(|key| format!("{}.{}", key.section(), key.name()))
                .collect();
            assert_eq!(keys, expected, "{name}");
        }
    }

    #[test]
    fn an_empty_value_of_a_list_is_no_value() {
        let tree = Tree::default()
            .with(
                "/usr/lib/systemd/system/a.service".as_ref(),
                "[Service]\nExecStart=1\n[Unit]\nAfter=\n",
            )
            .with(
                "/etc/systemd/system/a.service.d/b.conf".as_ref(),
                "[Service]\nExecStart=\nExecStart=2\n",
            );
        let path = "systemd/system/a.service";
        let rules = crate::catalog::Catalog::built_in()
            .rules(path.as_ref())
            .unwrap();
        let document = Resolver::new(tree).rules(rules).resolve(path).unwrap();
        let words = |section, key| {
            let explanation = document.explain(section, key);
            explanation
                .outcomes()
                .map(|outcome| outcome.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            words("Service", "ExecStart"),
            [
                "wins",
                "resets it",
                "loses: reset by /etc/systemd/system/a.service.d/b.conf:2"
            ]
        );
        assert_eq!(words("Unit", "After"), ["changes nothing: it is empty"]);
    }

    /// Two units, in one of which there is something to reset: by a reset of its own key, and of another one.
    #[test]
    fn what_resets_nothing_changes_nothing() {
        let unit = "/usr/lib/systemd/system/a.timer";
        let drop_in = "/etc/systemd/system/a.timer.d/b.conf";
        let path = "systemd/system/a.timer";
        let rules = crate::catalog::Catalog::built_in()
            .rules(path.as_ref())
            .unwrap();
        let nothing = "changes nothing: it is empty";
        let by = "loses: reset by /etc/systemd/system/a.timer.d/b.conf:2";
        for (main, resets, expected) in [
            ("", "OnBootSec=\n", &[nothing][..]),
            ("", "OnBootSec=\nOnBootSec=\n", &[nothing, by]),
            ("OnBootSec=1\n", "OnBootSec=\n", &["resets it", by]),
            ("OnCalendar=1\n", "OnBootSec=\n", &["resets it"]),
        ] {
            let tree = Tree::default()
                .with(unit.as_ref(), format!("[Timer]\n{main}"))
                .with(drop_in.as_ref(), format!("[Timer]\n{resets}"));
            let resolver = Resolver::new(tree).rules(rules.clone());
            let document = resolver.resolve(path).unwrap();
            let explanation = document.explain("Timer", "OnBootSec");
            let told = explanation.outcomes().map(|o| o.to_string());
            let told: Vec<_> = told.map(|o| o.replace(":3", ":2")).collect();
            assert_eq!(told, expected, "{main} {resets}");
        }
    }

    #[test]
    fn those_that_count_come_first() {
        let lines = |rules| document(rules).explain("S", "A").to_string();
        assert_eq!(
            lines("format = 'gkeyfile'\nrepeated = 'last'"),
            "/etc/x.d/2.conf:2  A=3  wins\n\
             /usr/lib/x.d/1.conf:2  A=1  loses: superseded by /etc/x.d/2.conf:2\n"
        );
        assert_eq!(
            lines("format = 'gkeyfile'"),
            "/usr/lib/x.d/1.conf:2  A=1  counts in a list only (1 of 2)\n/etc/x.d/2.conf:2  A=3  counts (2 of 2)\n"
        );
        let document = document("format = 'gkeyfile'");
        let outcomes = document.assignments().map(|a| a.outcome().to_string());
        assert_eq!(
            outcomes.collect::<Vec<_>>(),
            [
                "counts in a list only",
                "counts",
                "counts",
                "counts",
                "counts"
            ]
        );
    }

    #[test]
    fn what_hidden_files_say_is_not_known_without_history() {
        let hidden = "[S]\nA=1\nB=1\n";
        let resolver = Resolver::new(Tree::default())
            .with("/usr/lib/x.d/1.conf", hidden)
            .with("/run/x.d/1.conf", hidden)
            .with("/etc/x.d/1.conf", "[S]\nA=2\n")
            .with("/usr/lib/x.d/2.conf", hidden)
            .with("/etc/x.d/2.conf", "");
        let short = resolver.resolve("x.d").unwrap();
        let not_read = "hidden, and read only with history (Resolver::with_history): /usr/lib/x.d/1.conf, /run/x.d/1.conf, /usr/lib/x.d/2.conf\n";
        assert_eq!(
            short.explain("S", "A").to_string(),
            format!("/etc/x.d/1.conf:2  A=2  wins\n{not_read}")
        );
        let unknown = short.explain("S", "B");
        assert_eq!(
            (unknown.key.is_some(), unknown.unopened().count()),
            (false, 3)
        );
        assert_eq!(
            unknown.to_string(),
            format!("no file that counts assigns it\n{not_read}")
        );

        let long = resolver.with_history().resolve("x.d").unwrap();
        let known = long.explain("S", "B");
        assert_eq!((known.assignments.len(), known.unopened().count()), (3, 0));
        assert_eq!(long.explain("S", "C").to_string(), "no file assigns it\n");
    }
}
