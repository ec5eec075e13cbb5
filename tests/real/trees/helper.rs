//! A program that answers for one root after another, as `helper.h` describes.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::ours::Pairs;
use crate::peers::{Found, read};

/// A helper that runs.
#[derive(Debug)]
pub(crate) struct Helper {
    /// What it called itself when it started.
    pub(crate) name: String,
    pipes: RefCell<Pipes>,
    child: Child,
}

#[derive(Debug)]
struct Pipes {
    /// None when it is to end.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Helper {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Found<Self> {
        let mut child = command
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let questions = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        let mut name = String::new();
        let read = answers.read_line(&mut name);
        if read.map_err(|error| error.to_string())? == 0 {
            return Err(format!("{command:?} does not answer"));
        }
        Ok(Self {
            name: name.trim().to_owned(),
            pipes: RefCell::new(Pipes { questions, answers }),
            child,
        })
    }

    /// The lines of its answer for `root`.
    pub(crate) fn ask(&self, root: &Path) -> Vec<String> {
        let mut pipes = self.pipes.borrow_mut();
        let question = format!("{}\n", root.display());
        let questions = pipes.questions.as_mut().unwrap();
        questions.write_all(question.as_bytes()).unwrap();
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(
                pipes.answers.read_line(&mut line).unwrap(),
                0,
                "{} is gone",
                self.name
            );
            match line.trim_end() {
                "done" => return lines,
                line => lines.push(line.to_owned()),
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.pipes.get_mut().questions = None;
        let _ = self.child.wait();
    }
}

/// The pairs among the lines of an answer.
pub(crate) fn pairs(lines: &[String]) -> Pairs {
    let pair = |line: &String| {
        let mut words = line.strip_prefix("pair ")?.split(' ').map(unhex);
        Some(((words.next()?, words.next()?), words.next()?))
    };
    lines.iter().filter_map(pair).collect()
}

fn unhex(word: &str) -> String {
    let digits = word.strip_prefix('x').unwrap();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = digits.as_bytes().chunks(2).map(byte).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Builds `source` of this directory into `program`, with these flags.
pub(crate) fn build(source: &str, program: &Path, flags: &str) -> Found<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/trees");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-Wall", "-Wextra", "-Werror", "-o"])
        .arg(program)
        .arg(directory.join(source));
    read(compiler.args(flags.split_whitespace())).map(drop)
}
