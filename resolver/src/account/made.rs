//! How an account is made: of what the scan knows of a file, and of what the ledger has of its assignments.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{Above, Account, Early};
use crate::document::{Assignment, Document, Place, Refusal, State as Fate};
use crate::finding::Finding;
use crate::rules::BrokenFile;
use crate::scan::{FileId, Fragment, Role, State, Status};

impl Document {
    /// What became of the file at `path`; none if it is no file of this document.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let document = Resolver::new(Tree::default())
    ///     .with("/usr/lib/myapp.d/10.conf", "port = 80\n")
    ///     .with("/etc/myapp.d/10.conf", "")
    ///     .resolve("myapp.d")?;
    /// let account = document.account("/usr/lib/myapp.d/10.conf".as_ref()).unwrap();
    /// assert_eq!(account.word(), "masked");
    /// assert_eq!(account.to_string(), "/etc/myapp.d/10.conf masks it");
    /// # Ok::<(), overlay_resolver::PathError>(())
    /// ```
    pub fn account(&self, path: &Path) -> Option<Account<'_>> {
        let mut files = self.entry().files();
        let (number, file) = files.find(|(_, file)| file.path == path)?;
        Some(Accounts::of(self).file(number, file))
    }

    /// What became of each of its files.
    pub fn accounts(&self) -> impl Iterator<Item = (&Fragment, Account<'_>)> {
        let accounts = Accounts::of(self);
        let files = self.entry().files();
        files.map(move |(number, file)| (file, accounts.file(number, file)))
    }
}

/// What the accounts of all files of a document are made of.
struct Accounts<'d> {
    document: &'d Document,
    /// What each file hides.
    hidden: HashMap<FileId, Vec<&'d Fragment>>,
    /// The first problem of each file that has any.
    problems: HashMap<&'d Path, &'d Finding>,
}

impl<'d> Accounts<'d> {
    fn of(document: &'d Document) -> Self {
        let mut hidden = HashMap::<_, Vec<_>>::new();
        for file in &document.entry().fragments {
            if let State::Shadowed(by) | State::Masked(by) = file.state {
                hidden.entry(by).or_default().push(file);
            }
        }
        let mut problems = HashMap::new();
        for problem in document.problems() {
            problems.entry(problem.path.as_path()).or_insert(problem);
        }
        Self {
            document,
            hidden,
            problems,
        }
    }

    fn file(&self, number: FileId, file: &'d Fragment) -> Account<'d> {
        let document = self.document;
        let other = |number: FileId| &document.entry()[number];
        match &file.state {
            State::Effective => self.counting(number, file),
            State::Shadowed(by) => Account::shadowed(file, other(*by)),
            State::Masked(by) => Account::Masked(other(*by)),
            State::Duplicate(of) => Account::Duplicate(other(*of)),
            State::Mask(mask) => Account::Mask {
                mask: *mask,
                hides: self.hidden_by(number),
            },
            State::Unusable(why) => Account::Unusable {
                why,
                costs: match document.ended() {
                    _ if file.fatal => BrokenFile::Fatal,
                    Some((_, last)) if last == number => BrokenFile::EndsLoading,
                    _ => BrokenFile::Alone,
                },
            },
            State::PassedOver(why) => Account::PassedOver(why),
            State::Ignored(why) => Account::Ignored(why),
            State::Unseen => unreachable!("what nobody looked at is hidden"),
        }
    }

    /// The files that this one hides.
    fn hidden_by(&self, number: FileId) -> Vec<&'d Fragment> {
        self.hidden.get(&number).cloned().unwrap_or_default()
    }

    fn counting(&self, number: FileId, file: &'d Fragment) -> Account<'d> {
        let document = self.document;
        if let Some(place) = document.not_loaded_by().filter(|by| by.path != file.path) {
            return Account::NotLoaded(place);
        }
        if document.entry().status == Status::Headless {
            return Account::Headless(document.entry().name.as_ref());
        }
        if let Some((problem, last)) = document.ended()
            && last < number
        {
            return Account::NotReached(Place::of(problem));
        }
        let hides = self.hidden_by(number);
        let (wins, loses): (Vec<_>, Vec<_>) = document
            .assignments_of(number)
            .partition(|a| a.state() == Fate::Applied && a.unknown().is_none());
        let is_read = |a: &Assignment<'_>| a.state() != Fate::Invalid;
        let is_known = loses.iter().any(|a| is_read(a) && a.unknown().is_none());
        match self.problem_of(number, file, &loses) {
            Some((problem, costs @ BrokenFile::Fatal)) => Account::Invalid {
                problem,
                costs,
                hides,
            },
            _ if !wins.is_empty() => Account::Effective { wins, loses, hides },
            _ if is_known => self.superseded(number, file, loses, hides),
            Some((problem, _)) if document.is_guessed(problem) => {
                Account::NotUnderstood { problem, hides }
            }
            Some((problem, costs)) => Account::Invalid {
                problem,
                costs,
                hides,
            },
            None if !loses.is_empty() => Account::Unknown {
                ignored: loses,
                hides,
            },
            None => Account::Blank(hides),
        }
    }

    fn superseded(
        &self,
        number: FileId,
        file: &Fragment,
        loses: Vec<Assignment<'d>>,
        hides: Vec<&'d Fragment>,
    ) -> Account<'d> {
        let known = loses.iter().filter(|a| a.unknown().is_none());
        let winners: Vec<_> = known.filter_map(Assignment::final_winner).collect();
        let mut seen = HashSet::new();
        let new = winners.iter().filter(|winner| seen.insert(winner.file()));
        let by: Vec<_> = new.map(Assignment::fragment).collect();
        let is_early = winners.iter().all(|winner| winner.file() > number);
        let by_name =
            !self.document.entry().by_layer || by.iter().all(|winner| winner.layer == file.layer);
        let early = match file.role {
            Role::Main => Early::Main,
            Role::DropIn if by_name => Early::Name,
            Role::DropIn => Early::Layer,
        };
        Account::Superseded {
            loses,
            by,
            early: is_early.then_some(early),
            hides,
        }
    }

    /// The problem of a file that counts most, and what it costs beyond the file.
    fn problem_of(
        &self,
        number: FileId,
        file: &Fragment,
        loses: &[Assignment<'d>],
    ) -> Option<(&'d Finding, BrokenFile)> {
        let document = self.document;
        if let Some(Refusal::Problem(problem)) = document.refusal() {
            return Some((problem, BrokenFile::Fatal));
        }
        if let Some((problem, last)) = document.ended()
            && last == number
        {
            return Some((problem, BrokenFile::EndsLoading));
        }
        let is_own = |problem: &&Finding| problem.path == file.path;
        let spoils = loses.iter().filter_map(Assignment::spoiled_by).find(is_own);
        let problem = spoils.or_else(|| self.problems.get(&*file.path).copied())?;
        Some((problem, BrokenFile::Alone))
    }
}

impl<'d> Account<'d> {
    fn shadowed(file: &Fragment, by: &'d Fragment) -> Self {
        let directory = |file: &Fragment| {
            file.path
                .parent()
                .and_then(Path::file_name)
                .map(ToOwned::to_owned)
        };
        let is_same = by.role == Role::Main || directory(file) == directory(by);
        let above = if by.layer != file.layer && is_same {
            Above::Layer
        } else {
            Above::Directory
        };
        Self::Shadowed { by, above }
    }
}
