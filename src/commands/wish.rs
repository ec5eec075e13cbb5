//! `restore`, `adopt`, `revert` and `release`: what the owner asks of single entries, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use overlay_adapters::report::{Decision, EntryReport, Idle, Report, Request, Wish};
use overlay_adapters::{Adapters, System};
use overlay_resolver::finding::Finding;

use super::explain;
use super::report::show;
use crate::cli::{Cli, Meant};
use crate::code;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::{self, How};
use crate::select::Selection;
use crate::told::Told;
use crate::writing::Writing;

/// The same for every entry that is meant.
pub(super) fn each(
    cli: &Cli,
    system: &System,
    meant: &Meant,
    wish: &Wish,
) -> Result<Output, Failure> {
    let asked = Asked {
        cli,
        system,
        request: meant.writing.request(system)?,
        dry_run: meant.dry_run,
    };
    asked.carry_out(&meant.entries, |_| Ok(wish.clone()))
}

/// One entry, or one key of it.
pub(super) fn revert(
    cli: &Cli,
    system: &System,
    entry: &str,
    key: Option<&str>,
    dry_run: bool,
    writing: &Writing,
) -> Result<Output, Failure> {
    let asked = Asked {
        cli,
        system,
        request: writing.request(system)?,
        dry_run,
    };
    asked.carry_out(&[entry.to_owned()], |entry| {
        // One without keys is masked, deleted or broken, which says more than that it has not this one.
        let key = key.filter(|_| !entry.keys.is_empty());
        let keys = key.map(|key| explain::keys_of(entry, key)).transpose()?;
        Ok(Wish::Revert(keys.unwrap_or_default()))
    })
}

struct Asked<'r> {
    cli: &'r Cli,
    system: &'r System,
    request: Request,
    dry_run: bool,
}

impl Asked<'_> {
    fn carry_out(
        self,
        patterns: &[String],
        wish: impl Fn(&EntryReport) -> Result<Wish, Failure>,
    ) -> Result<Output, Failure> {
        let adapters = Adapters::open(self.system.root());
        let plan = adapters.plan(&self.request);
        let selection = Selection::new(patterns);
        // A name is that of a whole object; what is only for one is called by its full name.
        let known = || plan.entries.iter();
        let whole = || known().filter(|entry| entry.whole);
        let may_be_meant = |entry: &&EntryReport| entry.whole || selection.has_in_full(entry);
        selection.must_match(known().filter(may_be_meant), &plan.left)?;
        selection.must_be_plain(whole())?;
        let meant = known().filter(may_be_meant);
        let meant = meant.filter(|entry| selection.matches(entry));
        let mut wishes = BTreeMap::new();
        let (mut idle, mut told) = (BTreeMap::new(), Vec::new());
        for entry in meant {
            let wish = wish(entry)?;
            match wish.idle(entry) {
                Some(why) => {
                    told.push(nothing_to_do(entry, &why));
                    told.extend(why_broken(entry));
                    idle.insert(entry.full_name(), why);
                }
                None => drop(wishes.insert(entry.full_name(), wish)),
            }
        }
        let request = Request {
            wishes,
            ..self.request
        };
        let mut report = match (request.wishes.is_empty(), self.dry_run) {
            (true, _) => Report::default(),
            (false, true) => adapters.plan(&request),
            (false, false) => adapters.sync(&request),
        };
        let done = report.entries.iter().map(EntryReport::full_name);
        let meant: BTreeSet<_> = done.chain(idle.keys().cloned()).collect();
        let others = plan.entries.iter();
        let others = files_of(others.filter(|entry| !meant.contains(&entry.full_name())));
        report
            .findings
            .retain(|finding| !others.contains(&finding.path));
        report
            .remarks
            .retain(|remark| !others.contains(&remark.path));
        report.left = plan.left;
        report.findings.extend(told);
        let entries = plan.entries.into_iter();
        report
            .entries
            .extend(entries.filter(|entry| idle.contains_key(&entry.full_name())));
        report.entries.sort_by_key(EntryReport::full_name);
        Ok(show(
            self.cli,
            self.system,
            &Told::new(report, idle),
            self.dry_run,
            How::Again,
        ))
    }
}

/// What stands in the way of an entry that cannot be read well enough.
fn why_broken(entry: &EntryReport) -> Option<Finding> {
    match &entry.decision {
        Decision::Broken { finding } => Some((**finding).clone()),
        _ => None,
    }
}

/// The files of entries: what is found in those of others is no news of those that are meant.
fn files_of<'e>(entries: impl Iterator<Item = &'e EntryReport>) -> BTreeSet<PathBuf> {
    let documents = entries.filter_map(|entry| entry.layered.as_ref());
    let files = documents.flat_map(|document| &document.entry().fragments);
    files.map(|file| file.path.clone()).collect()
}

/// That nothing is done for an entry: no news where things are as they were wished.
fn nothing_to_do(entry: &EntryReport, why: &Idle) -> Finding {
    let document = entry.layered.as_ref();
    let mut files = document
        .into_iter()
        .flat_map(|document| &document.entry().fragments);
    let path = files
        .next()
        .map_or_else(|| PathBuf::from("/"), |file| file.path.clone());
    let message = render::idle(entry, why);
    if why.is_so() {
        code::NOTHING_TO_DO.warning(path, message)
    } else {
        code::NOTHING_TO_DO.error(path, message)
    }
}
