//! One tree that questions are asked about, and what was found: two answers that cannot both be true.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use overlay_resolver::escape::is_unsafe;
use serde::Serialize;
use serde_json::Value;

use super::tree::quoted;

/// What no command takes for trees as small as these, however busy the machine is.
const BOUND: Duration = Duration::from_secs(60);

/// A question and its answer, for people.
#[derive(Clone, Debug)]
pub(super) struct Said {
    question: String,
    answer: String,
}

/// Two answers that cannot both be true.
#[derive(Clone, Debug)]
pub(super) struct Contradiction {
    pub(super) law: &'static str,
    first: Said,
    second: Said,
}

/// What the program answered.
#[derive(Debug)]
pub(super) struct Answer {
    question: String,
    pub(super) status: Option<i32>,
    /// Standard output, where it is text for people.
    pub(super) text: String,
    pub(super) messages: String,
    /// The document, where one was asked for.
    pub(super) json: Value,
}

/// A tree on disk.
pub(super) struct Case<'r> {
    pub(super) root: &'r Path,
    answers: RefCell<HashMap<Vec<String>, Rc<Answer>>>,
    found: RefCell<Vec<Contradiction>>,
    /// How many pairs of answers were compared.
    compared: Cell<usize>,
    /// How often the program was run about copies of the tree.
    runs_elsewhere: Cell<usize>,
}

impl<'r> Case<'r> {
    pub(super) fn new(root: &'r Path) -> Self {
        Self {
            root,
            answers: RefCell::default(),
            found: RefCell::default(),
            compared: Cell::new(0),
            runs_elsewhere: Cell::new(0),
        }
    }

    /// How often the program was run, and how many answers were compared.
    pub(super) fn counts(&self) -> [usize; 2] {
        let runs = self.answers.borrow().len() + self.runs_elsewhere.get();
        [runs, self.compared.get()]
    }

    /// Takes over what was found in copies of the tree, and the numbers of their questions.
    pub(super) fn take_over(&self, others: &[&Case<'_>]) {
        for other in others {
            let [runs, compared] = other.counts();
            self.runs_elsewhere.set(self.runs_elsewhere.get() + runs);
            self.compared.set(self.compared.get() + compared);
            self.found.borrow_mut().extend(other.found());
        }
    }

    /// The contradictions that were found since this was asked last.
    pub(super) fn found(&self) -> Vec<Contradiction> {
        self.found.take()
    }

    /// What the program answers in text.
    pub(super) fn text(&self, arguments: &[&str]) -> Rc<Answer> {
        self.ask(arguments.to_vec())
    }

    /// What it answers in JSON.
    pub(super) fn json(&self, arguments: &[&str]) -> Rc<Answer> {
        self.ask([&["--json"], arguments].concat())
    }

    fn ask(&self, arguments: Vec<&str>) -> Rc<Answer> {
        let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
        if let Some(answer) = self.answers.borrow().get(&arguments) {
            return Rc::clone(answer);
        }
        let answer = Rc::new(self.run(&arguments));
        self.answers
            .borrow_mut()
            .insert(arguments, Rc::clone(&answer));
        answer
    }

    fn run(&self, arguments: &[String]) -> Answer {
        let started = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_overlayctl"))
            .env("PATH", "/nowhere")
            .arg("--root")
            .arg(self.root)
            .args(arguments)
            .output()
            .expect("overlayctl runs");
        let took = started.elapsed();
        let words = arguments.iter().map(|argument| quoted(argument.as_bytes()));
        let question = words.fold("overlayctl".to_owned(), |all, word| all + " " + &word);
        let is_json = arguments.first().is_some_and(|first| first == "--json");
        let [text, messages] = [&output.stdout, &output.stderr]
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let answer = Answer {
            question,
            status: output.status.code(),
            json: if is_json {
                serde_json::from_str(&text).unwrap_or_default()
            } else {
                Value::Null
            },
            text,
            messages,
        };
        self.holds(
            "every command ends soon",
            took < BOUND,
            &answer,
            &took.as_millis(),
        );
        let ended = matches!(answer.status, Some(0..=3)) && !answer.messages.contains("panicked");
        self.holds(
            "every command ends with a status that it documents",
            ended,
            &answer,
            &answer.status,
        );
        let is_harmless =
            |text: &str| !text.chars().any(|c| is_unsafe(c) && c != '\n' && c != '\t');
        // `cat` passes on what is in the files where nobody reads it from a terminal.
        let is_cat = arguments.iter().any(|argument| argument == "cat") && !is_json;
        let is_harmless = is_harmless(&answer.messages) && (is_cat || is_harmless(&answer.text));
        self.holds(
            "nothing is printed that a terminal obeys",
            is_harmless,
            &answer,
            &answer.text,
        );
        self.holds(
            "the document is JSON",
            !is_json || !answer.json.is_null(),
            &answer,
            &answer.text,
        );
        answer
    }

    /// Asks in text and in JSON.
    pub(super) fn both(&self, arguments: &[&str]) -> (Rc<Answer>, Rc<Answer>) {
        let (text, json) = (self.text(arguments), self.json(arguments));
        self.agree(
            "text and JSON end with the same status",
            text.says(&text.status),
            json.says(&json.status),
        );
        let errors = json.levels().filter(|level| *level == "error").count();
        let fails = json.status == Some(1);
        self.holds(
            "a command fails where it finds an error, and only there",
            fails == (errors > 0),
            &json,
            &json.json["findings"],
        );
        self.findings(&text, &json);
        (text, json)
    }

    /// What is found is the same in text and in JSON.
    fn findings(&self, text: &Answer, json: &Answer) {
        let mut said = text.messages.clone();
        if text.question.contains(" check") {
            said.push_str(&text.text);
        }
        // Of many that are alike the text shows some and counts the others.
        let counts_others = said.contains(" like these in ");
        let is_told = |finding: &Value| {
            let message = finding["message"].as_str().unwrap_or("\0");
            finding["level"] == "info" || counts_others || said.contains(message)
        };
        let findings = json.list("findings");
        for finding in findings {
            self.holds(
                "a finding in JSON is one in text",
                is_told(finding),
                text,
                finding,
            );
        }
        let heads = said
            .lines()
            .filter(|line| line.starts_with("error: ") || line.starts_with("warning: "));
        for head in heads {
            let is_known = |finding: &Value| {
                head.contains(
                    finding["message"]
                        .as_str()
                        .unwrap_or("\0")
                        .lines()
                        .next()
                        .unwrap_or(""),
                )
            };
            self.holds(
                "a finding in text is one in JSON",
                findings.iter().any(is_known),
                json,
                &head,
            );
        }
    }

    /// Two answers that have to be the same.
    pub(super) fn agree(&self, law: &'static str, first: Said, second: Said) {
        self.compared.set(self.compared.get() + 1);
        if first.answer != second.answer {
            self.contradict(law, first, second);
        }
    }

    /// The same of answers that are not the program's: questions in words, and values.
    pub(super) fn compare(
        &self,
        law: &'static str,
        first: (String, Value),
        second: (String, Value),
    ) {
        let said = |(question, answer): (String, Value)| Said {
            question,
            answer: format!("{answer:#}"),
        };
        self.agree(law, said(first), said(second));
    }

    /// An answer that has to fit what was said.
    pub(super) fn holds(
        &self,
        law: &'static str,
        holds: bool,
        answer: &Answer,
        said: &(impl Serialize + ?Sized),
    ) {
        self.compared.set(self.compared.get() + 1);
        if !holds {
            self.contradict(law, answer.whole(), answer.says(said));
        }
    }

    fn contradict(&self, law: &'static str, first: Said, second: Said) {
        let mut found = self.found.borrow_mut();
        if found.iter().all(|known| known.law != law) {
            found.push(Contradiction { law, first, second });
        }
    }
}

impl Answer {
    /// This part of the answer.
    pub(super) fn says(&self, part: &(impl Serialize + ?Sized)) -> Said {
        Said {
            question: self.question.clone(),
            answer: serde_json::to_string_pretty(part).unwrap(),
        }
    }

    /// All of it.
    pub(super) fn whole(&self) -> Said {
        Said {
            question: self.question.clone(),
            answer: format!("status {:?}\n{}{}", self.status, self.text, self.messages),
        }
    }

    /// The members of an array of the document.
    pub(super) fn list(&self, name: &str) -> &[Value] {
        self.json[name].as_array().map_or(&[], Vec::as_slice)
    }

    fn levels(&self) -> impl Iterator<Item = &str> {
        self.list("findings")
            .iter()
            .filter_map(|finding| finding["level"].as_str())
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} — not here:", self.law)?;
        for Said { question, answer } in [&self.first, &self.second] {
            writeln!(f, "$ {question}\n{}", answer.trim_end())?;
        }
        Ok(())
    }
}
