//! What a document comes to, as a text to keep and compare.

use std::fmt;

use super::Document;
use crate::escape::escape;

/// The effective values of a [`Document`], as a text.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'d>(&'d Document);

impl Document {
    /// The effective values as a text that stays as long as the result does: for the snapshot
    /// tests of an image, and for a diff between two.
    ///
    /// Sections and keys stand in byte order, so the text does not depend on which file says what, and
    /// unsafe bytes are [escaped](crate::escape). `{}` shows the result alone; `{:#}` adds the file and
    /// line of each item.
    ///
    /// ```
    /// # use overlay_resolver::{Resolver, Tree};
    /// let document = Resolver::new(Tree::default())
    ///     .with("/usr/lib/app.d/10.conf", "[Server]\nPort=80\n")
    ///     .with("/etc/app.d/20.conf", "[Server]\nHost=b\n")
    ///     .resolve("app.d").unwrap();
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
        for part in self.0.parts_by_name() {
            if !part.section.is_empty() {
                writeln!(f, "[{}]", escape(part.section))?;
            }
            let lines = part.values.iter().flat_map(|value| {
                if f.alternate() {
                    value.lines_by_item()
                } else {
                    value.lines()
                }
            });
            for line in lines.collect::<Vec<_>>() {
                escape(&line.text).fmt(f)?;
                if f.alternate() {
                    write!(f, "  # {}", line.from.place())?;
                }
                f.write_str("\n")?;
            }
        }
        Ok(())
    }
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
        resolver.resolve("x.d").unwrap().snapshot().to_string()
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
                "[Service]\nExecStart=b\n",
            ),
        ] {
            assert_eq!(snapshot(rules, files), expected, "{files:?}");
        }
    }
}
