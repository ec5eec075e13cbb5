//! Text about where two consumers of the same files disagree.

use overlay_resolver::account::Account;
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::inspect::disagreement::{Disagreements, KeyDisagreement};

use super::diff::{all, is_line, name, not_looked_at};
use super::style::{BAD, BOLD, FAINT, GOOD, NOTABLE};
use crate::comparison::Comparison;
use crate::text::{Text, say, styled};

/// What two sides do that are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verbs {
    differ: &'static str,
    may_differ: &'static str,
    are_one: &'static str,
    /// Why a file does not count on one side; none where each has a reason of its own.
    why: Option<&'static str>,
}

impl Verbs {
    /// Of two consumers of the same files.
    pub(crate) const OF_CONSUMERS: Self = Self {
        differ: "disagree",
        may_differ: "may disagree",
        are_one: "agree",
        why: None,
    };
    /// Of the same tree with other bundles.
    pub(crate) const OF_CHOICES: Self = Self {
        differ: "differ",
        may_differ: "may differ",
        are_one: "come to the same",
        why: Some("is of a bundle that is not chosen"),
    };
}

/// Where two sides differ, what it comes to before the reasons for it, and what was passed over.
pub(crate) fn disagreements(
    names: &[String; 2],
    comparisons: &[Comparison<'_>],
    passed_over: Option<&Finding>,
    verbs: Verbs,
) -> Text {
    let names = labels(names);
    let [first, second] = &names;
    let width = first.chars().count().max(second.chars().count());
    let mut text = Text::new();
    for Comparison {
        path,
        disagreements,
    } in comparisons
    {
        if disagreements.is_empty() && disagreements.unsure.is_empty() {
            continue;
        }
        let verb = if disagreements.is_empty() {
            verbs.may_differ
        } else {
            verbs.differ
        };
        text.gap();
        let path = escape_path(path);
        say!(text, "{BOLD}{path}: {first} and {second} {verb}{BOLD:#}");
        let mut told = Telling {
            text: &mut text,
            names: &names,
            width,
            why: verbs.why,
        };
        told.refusal(disagreements);
        told.keys(&disagreements.keys);
        told.keys(&disagreements.unsure);
        told.files(disagreements);
        told.order(disagreements);
    }
    if text.is_empty() {
        let paths: Vec<_> = comparisons
            .iter()
            .map(|found| escape_path(&found.path).to_string())
            .collect();
        let about = match paths.as_slice() {
            [] => "neither finds a file".into(),
            [path] => path.clone(),
            paths => format!("all {} configuration paths", paths.len()),
        };
        let verb = verbs.are_one;
        say!(text, "{GOOD}{first} and {second} {verb}{GOOD:#}: {about}");
    }
    not_looked_at(&mut text, passed_over);
    text
}

/// What the rule sets are called; of a file the last part of its path, if that tells them apart.
fn labels(names: &[String; 2]) -> [String; 2] {
    let short = |name: &String| name.rsplit('/').next().unwrap_or_default().to_owned();
    let [first, second] = names.each_ref().map(short);
    if first == second {
        return names.clone();
    }
    [first, second]
}

struct Telling<'t> {
    text: &'t mut Text,
    names: &'t [String; 2],
    width: usize,
    why: Option<&'static str>,
}

impl Telling<'_> {
    fn side(&mut self, side: usize, words: &Text) {
        let name = &self.names[side];
        let width = self.width;
        say!(self.text, "    {name:width$}  {words}");
    }

    fn heading(&mut self, words: &str) {
        self.text.end_line();
        say!(self.text, "  {BOLD}{words}{BOLD:#}");
    }

    fn refusal(&mut self, found: &Disagreements<'_>) {
        let Some(refusal) = &found.refusal else {
            return;
        };
        self.heading("whether it loads");
        for side in 0..2 {
            if side == refusal.side {
                let why = styled!("{BAD}loads nothing at all{BAD:#}, because of");
                self.side(side, &why);
                let width = self.width;
                say!(
                    self.text,
                    "    {:width$}  {}: {}",
                    "",
                    refusal.refusal.place(),
                    refusal.refusal
                );
            } else {
                self.side(side, &styled!("{GOOD}loads it{GOOD:#}"));
            }
        }
    }

    fn keys(&mut self, keys: &[KeyDisagreement<'_>]) {
        for key in keys {
            let key_of = key.sides.iter().flatten().next();
            self.heading(&key_of.map_or_else(String::new, name));
            let values = values(key);
            let [longest, other] = values.each_ref().map(|(value, _)| value.chars().count());
            let longest = longest.max(other);
            for (side, (value, place)) in values.iter().enumerate() {
                let words = match place.as_str() {
                    "" => styled!("{NOTABLE}{value}{NOTABLE:#}"),
                    place => {
                        styled!("{NOTABLE}{value:longest$}{NOTABLE:#}  {FAINT}{place}{FAINT:#}")
                    }
                };
                self.side(side, &words);
            }
        }
    }

    fn files(&mut self, found: &Disagreements<'_>) {
        for file in &found.files {
            self.heading(&escape_path(file.path).to_string());
            for side in 0..2 {
                if side == file.counts_for {
                    self.side(side, &styled!("{GOOD}counts{GOOD:#}"));
                } else {
                    let is_unread = matches!(file.why, Account::Unread(_));
                    let why = match self.why.filter(|_| is_unread) {
                        Some(why) => why.to_owned(),
                        None => file.why.brief().to_string(),
                    };
                    self.side(side, &styled!("{NOTABLE}does not{NOTABLE:#}: {why}"));
                }
            }
        }
    }

    fn order(&mut self, found: &Disagreements<'_>) {
        for orders in &found.order {
            self.heading("order, the last one wins");
            for (side, paths) in orders.iter().enumerate() {
                for (number, path) in paths.iter().enumerate() {
                    let line = styled!("{}. {}", number + 1, escape_path(path));
                    if number == 0 {
                        self.side(side, &line);
                    } else {
                        let width = self.width;
                        say!(self.text, "    {:width$}  {line}", "");
                    }
                }
            }
        }
    }
}

/// What a key comes to for each, and from where.
fn values(found: &KeyDisagreement<'_>) -> [(String, String); 2] {
    found.sides.each_ref().map(|key| {
        let Some(key) = key else {
            return ("no value".into(), String::new());
        };
        let sum = key.sum();
        let items = sum.values();
        let place = key
            .last()
            .map_or_else(String::new, |last| last.place().to_string());
        let value = match &*items {
            items if is_line(key, items) => "has it".into(),
            [] => "empty".into(),
            items if key.is_multi_valued() => format!("{} (multi-valued)", all(items)),
            items => all(items),
        };
        (value, place)
    })
}
