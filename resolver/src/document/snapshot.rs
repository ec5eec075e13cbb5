//! What a document comes to, as a text to keep and compare.

use std::fmt;

use bstr::ByteSlice as _;

use super::{Assignment, Document, Key};
use crate::escape::escape;
use crate::schema::OnEmpty;

/// The effective assignments of a [`Document`], as a text.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'d>(&'d Document);

impl Document {
    /// The effective assignments as a text that stays as long as the result does: for the snapshot
    /// tests of an image, and for a diff between two.
    ///
    /// Sections and keys stand in byte order, so the text does not depend on which file says what, and
    /// unsafe bytes are [escaped](crate::escape). `{}` shows the result alone; `{:#}` adds the file and
    /// line of each assignment.
    ///
    /// ```
    /// # use overlay_resolver::{Resolver, Tree};
    /// let document = Resolver::new(Tree::default())
    ///     .with("/usr/lib/app.d/10.conf", "[Server]\nPort=80\n")
    ///     .with("/etc/app.d/20.conf", "[Server]\nHost=b\n")
    ///     .resolve("app.d");
    /// assert_eq!(document.snapshot().to_string(), "[Server]\nHost=b\nPort=80\n");
    /// assert_eq!(
    ///     format!("{:#}", document.snapshot()),
    ///     "[Server]\nHost=b  # /etc/app.d/20.conf:2\nPort=80  # /usr/lib/app.d/10.conf:2\n"
    /// );
    /// ```
    pub fn snapshot(&self) -> Snapshot<'_> {
        Snapshot(self)
    }
}

impl fmt::Display for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.loads() {
            return f.write_str("# its consumer loads nothing\n");
        }
        let mut keys: Vec<_> = self.0.keys().collect();
        keys.sort_by_key(|key| (key.section(), key.name()));
        let mut section = b"".as_bstr();
        for key in keys {
            for assignment in told(key) {
                if assignment.section() != section {
                    section = assignment.section();
                    writeln!(f, "[{}]", escape(section))?;
                }
                let (name, value) = (escape(assignment.key()), escape(assignment.value()));
                write!(f, "{name}{}={value}", assignment.operator().sign())?;
                if f.alternate() {
                    write!(f, "  # {}", assignment.place())?;
                }
                f.write_str("\n")?;
            }
        }
        Ok(())
    }
}

/// The assignments of a key that make a difference: one that empties a list does so no more where the
/// list has something again.
fn told(key: Key<'_>) -> Vec<Assignment<'_>> {
    let mut told = key.applied();
    let empties = key.kind().is_some_and(|kind| kind.empty != OnEmpty::Value);
    if empties && told.iter().any(|assignment| !assignment.value().is_empty()) {
        told.retain(|assignment| !assignment.value().is_empty());
    }
    told
}

#[cfg(test)]
mod tests {
    use crate::tree::Tree;
    use crate::{Resolver, Rules};

    fn snapshot(rules: &str, files: &[(&str, &str)]) -> String {
        let rules = Rules {
            shape: crate::rules::Shape::Auto,
            ..Rules::named(rules).unwrap()
        };
        let resolver = Resolver::new(Tree::default()).rules(rules);
        let resolver = files
            .iter()
            .fold(resolver, |r, (path, text)| r.with(path, *text));
        resolver.resolve("x.d").snapshot().to_string()
    }

    #[test]
    fn only_what_counts_in_an_order_that_stays() {
        for (rules, files, expected) in [
            ("uapi6", &[][..], ""),
            (
                "uapi6",
                &[("/etc/x.d/1.conf", "B=1\nA=1\n[S]\nC=\x1b\n")],
                "A=1\nB=1\n[S]\nC=\\x1b\n",
            ),
            (
                "uapi6",
                &[
                    ("/etc/x.d/2.conf", "A=b\n"),
                    ("/usr/lib/x.d/1.conf", "A=a\n"),
                ],
                "A=a\nA=b\n",
            ),
            (
                "libeconf",
                &[
                    ("/etc/x.d/2.conf", "[S\n"),
                    ("/usr/etc/x.d/1.conf", "A=a\n"),
                ],
                "# its consumer loads nothing\n",
            ),
            (
                "systemd-unit",
                &[(
                    "/etc/x.d/1.conf",
                    "[Service]\nExecStart=a\nExecStart=\nExecStart=b\nUser=\n",
                )],
                "[Service]\nExecStart=b\nUser=\n",
            ),
        ] {
            assert_eq!(snapshot(rules, files), expected, "{files:?}");
        }
    }
}
