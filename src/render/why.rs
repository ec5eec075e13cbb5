//! Text about one file: what it does, or why it does nothing.

use std::path::PathBuf;

use overlay_resolver::account::{Account, Early};
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::format::Lost;
use overlay_resolver::inspect::why::Line;
use overlay_resolver::rules::{Order, Shape};
use overlay_resolver::scan::Role;
use overlay_resolver::{Configuration, Document};

use super::explain::{explain_key, outcome_line, read_by};
use super::files::style;
use super::style::{BOLD, some_of};
use crate::file::File;
use crate::text::{Text, say};

/// The most documents named of those to which a file does the same.
const MOST_NAMES: usize = 4;

/// What a file does to one document.
#[derive(Debug)]
pub(crate) struct Answer<'d> {
    pub(crate) configuration: &'d Configuration,
    /// The document that has it, and the part that it plays there; none if none has it.
    pub(crate) part: Option<(&'d Document, Role)>,
    pub(crate) account: Account<'d>,
    /// What the line does that was asked for.
    pub(crate) line: Option<Line<'d>>,
}

impl Answer<'_> {
    /// The configuration path of the document; of none, the one that has none.
    pub(crate) fn path(&self) -> PathBuf {
        match self.part {
            Some((document, _)) => self.configuration.path_of(document),
            None => self.configuration.path().to_owned(),
        }
    }
}

/// What a file does to nobody's document.
pub(crate) fn nobody(file: &File, account: &Account<'_>) -> Text {
    let mut text = Text::new();
    headline(&mut text, file, account);
    text
}

/// What a file does, document by document; those to which it does the same are told together.
pub(crate) fn why(file: &File, answers: &[Answer<'_>]) -> Text {
    let mut told = Vec::<(Text, Text, Same<'_, '_>)>::new();
    for answer in answers {
        let (mut head, mut detail) = (Text::new(), Text::new());
        headline(&mut head, file, &answer.account);
        match &answer.line {
            Some(line) => of_line(&mut detail, answer, line),
            None => of_file(&mut detail, answer),
        }
        match told.iter_mut().find(|(h, d, _)| *h == head && *d == detail) {
            Some((_, _, Same { others, .. })) => others.push(answer),
            None => told.push((head, detail, Same::of(answer))),
        }
    }
    let mut text = Text::new();
    for (head, detail, same) in &told {
        text.gap();
        text.append(head);
        say!(text, "  {}", same.part());
        text.append(detail);
    }
    text
}

fn headline(text: &mut Text, file: &File, account: &Account<'_>) {
    let style = style(account);
    let (path, word) = (escape_path(&file.path), account.word());
    say!(
        text,
        "{BOLD}{path}{BOLD:#}  {style}{word}{style:#}: {account}"
    );
}

/// The documents to which a file does the same: one at least.
struct Same<'a, 'd> {
    first: &'a Answer<'d>,
    others: Vec<&'a Answer<'d>>,
}

impl<'a, 'd> Same<'a, 'd> {
    fn of(first: &'a Answer<'d>) -> Self {
        let others = Vec::new();
        Self { first, others }
    }

    /// The part that the file plays in all of these, in words.
    fn part(&self) -> String {
        let Answer {
            configuration,
            part,
            account,
            ..
        } = self.first;
        let words = match (part, configuration.rules().shape_of(configuration.path())) {
            (None, _) => "no part of",
            (Some(_), _) if matches!(account, Account::Ignored(_)) => "beside the files of",
            (Some((_, Role::Main)), _) => "the main file of",
            (Some((_, Role::DropIn)), Shape::Collection) => "one of the files of",
            (Some((_, Role::DropIn)), _) => "a drop-in of",
        };
        let answers = std::iter::once(&self.first).chain(&self.others);
        let paths = answers.map(|answer| escape_path(&answer.path()).to_string());
        let paths: Vec<_> = paths.collect();
        let shown = some_of(&paths, MOST_NAMES);
        format!("{words} {shown}, {}", read_by(configuration))
    }
}

fn of_file(text: &mut Text, answer: &Answer<'_>) {
    let assignments = answer.account.assignments();
    if assignments.is_empty() {
        return;
    }
    let mut section = None;
    text.end_line();
    for assignment in assignments {
        if section != Some(assignment.section()) && !assignment.section().is_empty() {
            say!(text, "  {BOLD}[{}]{BOLD:#}", escape(assignment.section()));
        }
        section = Some(assignment.section());
        let (line, pair) = (
            assignment.line(),
            outcome_line(&assignment, &assignment.outcome()),
        );
        let meant = match assignment.key() {
            key if key == assignment.written_key() => String::new(),
            key => format!("for {}: ", escape(key)),
        };
        say!(text, "  {line}: {meant}{pair}");
    }
    if let Some(advice) = advice(answer) {
        text.end_line();
        say!(text, "  {advice}");
    }
}

/// What to do about a file that sorts too early.
fn advice(answer: &Answer<'_>) -> Option<String> {
    let Account::Superseded {
        by,
        early: Some(early),
        ..
    } = &answer.account
    else {
        return None;
    };
    let names = by.iter().filter_map(|fragment| fragment.path.file_name());
    let last = names.max()?;
    let last = escape_path(last.as_ref());
    let by_name = answer.configuration.rules().drop_in_order() == Order::Name;
    match early {
        Early::Name => Some(format!("to win, its name has to sort after {last}")),
        Early::Main if by_name => Some(format!(
            "to win, use a drop-in whose name sorts after {last}"
        )),
        Early::Main | Early::Layer => None,
    }
}

fn of_line(text: &mut Text, answer: &Answer<'_>, line: &Line<'_>) {
    let words = match line {
        Line::Assignments { first, others } => {
            for assignment in std::iter::once(first).chain(others) {
                text.end_line();
                if let Some((document, _)) = answer.part
                    && let Some(key) = document.key(assignment.section(), assignment.key())
                {
                    explain_key(text, key);
                }
            }
            return;
        }
        Line::Header(name) => format!("a header: what follows belongs to [{}]", escape(name)),
        Line::Comment => "a comment".into(),
        Line::Blank => "a blank line".into(),
        Line::Problem(message, lost) => {
            let lost = match lost {
                Lost::Item => "this line",
                Lost::Rest => "this line and all below it in this file",
                Lost::File => "the whole file",
            };
            format!("its consumer refuses it, and loses {lost} by it: {message}")
        }
        Line::Beyond(count) => format!("the file has {count} lines only"),
        Line::NotRead => "the file is not read here, so no line of it does anything".into(),
    };
    text.end_line();
    say!(text, "  {words}");
}
