//! A job: an entry that is run. It is done once for each *occasion* (a deployment, a version), and tried so often and no
//! more. What became of it is its *mark*, which is durable before anything is run: a job that takes the machine down
//! has been counted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bstr::{BString, ByteSlice as _};
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;
use overlay_resolver::root::{FRAGMENT_LIMIT, Root};

use crate::code;
use crate::commit::Batch;
use crate::editor::Editor;
use crate::report::RunDecision;
use crate::runner::put;

/// The file of a job's mark in a directory.
pub(crate) fn mark_file(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.run"))
}

/// Something to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// What it is reported under.
    pub(crate) adapter: String,
    /// The name of its entry.
    pub(crate) name: String,
    /// The program that is run, with its arguments.
    pub(crate) command: Vec<String>,
    /// How long that may take.
    pub(crate) patience: Duration,
    /// Whether all is done only once this is.
    pub(crate) is_required: bool,
    /// What it is to be done for, once.
    pub(crate) occasion: String,
    /// How often it is tried for that.
    pub(crate) tries: u32,
    /// The file of its mark.
    pub(crate) place: PathBuf,
    /// What became of it so far.
    pub(crate) mark: Option<Mark>,
    /// Which boot this is; empty where nobody says it.
    pub(crate) boot: String,
    /// The file that says what it runs.
    pub(crate) origin: PathBuf,
    /// The line in that, counted from 1.
    pub(crate) line: Option<usize>,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    /// For which occasion.
    pub(crate) occasion: String,
    /// How often it was begun.
    pub(crate) tries: u32,
    /// In which boot that was the last time; empty where nobody said it.
    pub(crate) begun: String,
    /// How the last time ended.
    pub(crate) end: End,
}

/// How a job ended that was begun.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Nobody was there to see it: it runs now, or it or another took the machine down.
    Unseen,
    /// It was done.
    Done,
    /// It failed, and why.
    Failed(String),
    /// It was ended by others, for the so manieth time in a row: by whoever shut the system down.
    Interrupted(u32),
}

/// How often in a row it counts as no try that a job was interrupted: one that shuts the system down itself is to come to an
/// end, too.
pub(crate) const INTERRUPTIONS: u32 = 10;

impl Mark {
    /// The same with an end.
    pub(crate) fn ended(&self, end: End) -> Self {
        Self {
            end,
            ..self.clone()
        }
    }

    /// Why it failed, as far as that was seen.
    pub(crate) fn why(&self) -> Option<&str> {
        match &self.end {
            End::Failed(why) => Some(why),
            End::Unseen | End::Done | End::Interrupted(_) => None,
        }
    }
}

/// Whether a job is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// Now; with this mark before that.
    Now(Mark),
    /// Not again: it is done.
    Done,
    /// Not again: it was tried often enough, as its mark says.
    GivenUp(Mark),
}

impl Job {
    /// Whether it is to be run. Pure.
    pub(crate) fn due(&self) -> Due {
        match self.known() {
            Some(mark) if mark.end == End::Done => Due::Done,
            Some(mark) if mark.tries >= self.tries => Due::GivenUp(mark.clone()),
            known => Due::Now(self.begun(known.map_or(0, |mark| mark.tries) + 1)),
        }
    }

    /// What there is to say of it as long as it is not run. Pure.
    pub(crate) fn decision(&self) -> RunDecision {
        match self.due() {
            Due::Done => RunDecision::Done,
            Due::GivenUp(mark) if self.may_run_now() => self.to_be_run(Some(&mark)),
            Due::GivenUp(mark) => self.failed(mark.tries, mark.why().map(Into::into)),
            Due::Now(_) => match self.known() {
                Some(mark) if matches!(mark.end, End::Failed(_)) => {
                    self.failed(mark.tries, mark.why().map(Into::into))
                }
                known => self.to_be_run(known),
            },
        }
    }

    /// That it is to be run, of which this is known that is neither done nor failed.
    pub(crate) fn to_be_run(&self, known: Option<&Mark>) -> RunDecision {
        RunDecision::Due {
            origin: self.origin.clone(),
            begun: known.map_or(0, |mark| mark.tries),
            of: self.tries,
            is_interrupted: known.is_some_and(|mark| matches!(mark.end, End::Interrupted(_))),
        }
    }

    /// Its mark once a try was interrupted, which is none then; none if it was too often.
    pub(crate) fn interrupted(&self, begun: &Mark) -> Option<Mark> {
        let before = match self.known() {
            Some(&Mark {
                end: End::Interrupted(times),
                ..
            }) => times,
            _ => 0,
        };
        (before < INTERRUPTIONS).then(|| Mark {
            tries: begun.tries.saturating_sub(1),
            end: End::Interrupted(before + 1),
            ..begun.clone()
        })
    }

    /// What becomes of it once it failed so often.
    pub(crate) fn failed(&self, tries: u32, why: Option<String>) -> RunDecision {
        if tries < self.tries {
            let of = self.tries;
            RunDecision::Failed { tries, of, why }
        } else {
            RunDecision::GivenUp { tries, why }
        }
    }

    /// Whether it was begun in this boot, and nobody saw an end: who does not hold the lock cannot tell whether it runs.
    pub(crate) fn may_run_now(&self) -> bool {
        let known = self.known();
        known.is_some_and(|mark| {
            mark.end == End::Unseen && !self.boot.is_empty() && mark.begun == self.boot
        })
    }

    /// What is known of it: of what it is for now.
    pub(crate) fn known(&self) -> Option<&Mark> {
        let known = self.mark.as_ref();
        known.filter(|mark| mark.occasion == self.occasion)
    }

    /// Its mark when it is begun for the first time, whatever became of it before.
    pub(crate) fn anew(&self) -> Mark {
        self.begun(1)
    }

    fn begun(&self, tries: u32) -> Mark {
        Mark {
            occasion: self.occasion.clone(),
            tries,
            begun: self.boot.clone(),
            end: End::Unseen,
        }
    }

    /// What writes down what became of it.
    pub(crate) fn marked(&self, root: &Root, before: Option<&Mark>, after: &Mark) -> Batch {
        let before = before.map(Mark::to_bytes);
        vec![put(root, &self.place, before, after.to_bytes())].into()
    }

    /// That running it failed, told where that is defined. It is tried again, or that it is not is told, too.
    pub(crate) fn failure(&self, why: &str) -> Finding {
        let message = format!("{}: {why}", self.name);
        let finding = code::RUN_FAILED.warning(&self.origin, message);
        self.line.into_iter().fold(finding, Finding::at)
    }
}

const SECTION: &str = "Run";
const OCCASION: &str = "Occasion";
const TRIES: &str = "Tries";
const BEGUN: &str = "Begun";
const DONE: &str = "Done";
const FAILURE: &str = "Failure";
const INTERRUPTED: &str = "Interrupted";

impl Mark {
    /// The one in this file, if it is there.
    pub(crate) fn read(root: &Root, path: &Path) -> Result<Option<Self>, Finding> {
        let text = root.read(path, FRAGMENT_LIMIT);
        let text = text.map_err(|error| code::UNREADABLE.error(path, error.to_string()))?;
        text.map(|text| Self::parse(&text, path)).transpose()
    }

    /// Reads the file, which errors call `path`.
    pub(crate) fn parse(text: &[u8], path: &Path) -> Result<Self, Finding> {
        let file = Editor::parse(text)
            .map_err(|(line, problem)| code::MALFORMED.error(path, problem).at(line))?;
        let get = |key| file.get(SECTION, key);
        let occasion = get(OCCASION).and_then(|raw| value::decode_string(raw).ok());
        let tries = get(TRIES).and_then(|raw| raw.to_str().ok()?.parse().ok());
        // Earlier releases do not say it.
        let begun = get(BEGUN).and_then(|raw| value::decode_string(raw).ok());
        let is_done = get(DONE).and_then(|raw| value::decode_boolean(raw).ok());
        let failure = get(FAILURE).and_then(|raw| value::decode_string(raw).ok());
        let interrupted = get(INTERRUPTED).and_then(|raw| raw.to_str().ok()?.parse().ok());
        let mark = occasion.zip(tries).zip(is_done);
        let mark = mark.map(|((occasion, tries), is_done)| Self {
            occasion,
            tries,
            begun: begun.unwrap_or_default(),
            end: match (is_done, failure, interrupted) {
                (true, ..) => End::Done,
                (false, Some(why), _) => End::Failed(why),
                (false, None, Some(times)) => End::Interrupted(times),
                (false, None, None) => End::Unseen,
            },
        });
        mark.ok_or_else(|| {
            let message = "is not what a run leaves, a group [Run] with Occasion=, Tries= and Done=: remove it, and what it is about is run again";
            code::MALFORMED.error(path, message)
        })
    }

    /// The whole file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut file = Editor::default();
        let more = match &self.end {
            End::Failed(why) => Some((FAILURE, value::encode_string(why))),
            End::Interrupted(times) => Some((INTERRUPTED, times.to_string().into())),
            End::Unseen | End::Done => None,
        };
        let pairs = [
            (OCCASION, value::encode_string(&self.occasion)),
            (TRIES, self.tries.to_string().into()),
            (BEGUN, value::encode_string(&self.begun)),
            (DONE, value::encode_boolean(self.end == End::Done)),
        ];
        for (key, value) in pairs.into_iter().chain(more) {
            file.set(SECTION, key, BString::from(value).as_bstr());
        }
        file.to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark() -> impl Strategy<Value = Mark> {
        let end = prop_oneof![
            Just(End::Unseen),
            Just(End::Done),
            "[^\0]{0,8}".prop_map(End::Failed),
            any::<u32>().prop_map(End::Interrupted),
        ];
        let text = || "[^\0]{0,8}";
        let parts = (text(), any::<u32>(), text(), end);
        parts.prop_map(|(occasion, tries, begun, end)| Mark {
            occasion,
            tries,
            begun,
            end,
        })
    }

    fn job(occasion: &str, tries: u32, mark: Option<Mark>) -> Job {
        Job {
            adapter: "tasks".into(),
            name: "x".into(),
            command: Vec::new(),
            patience: Duration::MAX,
            is_required: true,
            place: PathBuf::new(),
            occasion: occasion.into(),
            tries,
            mark,
            boot: "now".into(),
            origin: PathBuf::new(),
            line: None,
        }
    }

    #[test]
    fn what_may_run_is_not_given_up() {
        let begun = job("a", 1, None).anew();
        let decision = |mark| job("a", 1, Some(mark)).decision();
        assert!(matches!(
            decision(begun.clone()),
            RunDecision::Due { begun: 1, .. }
        ));
        let before = Mark {
            begun: "before".into(),
            ..begun.clone()
        };
        assert!(matches!(decision(before), RunDecision::GivenUp { .. }));
        assert!(matches!(
            decision(begun.ended(End::Done)),
            RunDecision::Done
        ));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(mark in mark()) {
            prop_assert_eq!(Mark::parse(&mark.to_bytes(), Path::new("/x")), Ok(mark));
        }

        /// Occasions come and go; each run of a job ends well or not, or not at all.
        #[test]
        fn tries_are_bounded_and_what_is_done_is_not_run_again(
            turns in prop::collection::vec((0..3u8, any::<bool>()), 1..40),
            limit in 1..4u32,
        ) {
            let mut known: Option<Mark> = None;
            let (mut begun, mut is_done) = (0, false);
            for (occasion, ends_well) in turns {
                let occasion = occasion.to_string();
                if known.as_ref().is_none_or(|mark| mark.occasion != occasion) {
                    (begun, is_done) = (0, false);
                }
                let job = job(&occasion, limit, known.clone());
                match job.due() {
                    Due::Now(mark) => {
                        prop_assert!(!is_done, "run again");
                        begun += 1;
                        prop_assert_eq!(mark.tries, begun);
                        prop_assert!(begun <= limit, "tried too often");
                        is_done = ends_well;
                        known = Some(mark.ended(if is_done { End::Done } else { End::Unseen }));
                    }
                    Due::Done => prop_assert!(is_done),
                    Due::GivenUp(_) => prop_assert!(!is_done && begun == limit),
                }
            }
        }
    }

    #[test]
    fn what_no_run_leaves_is_refused() {
        for text in ["", "junk\n", "[Run]\nOccasion=a\nTries=-1\nDone=true\n"] {
            assert!(
                Mark::parse(text.as_bytes(), Path::new("/x")).is_err(),
                "{text}"
            );
        }
    }
}
