//! `explain`: why an entry is what it is, and where the values of a configuration path come from.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::path::Path;

use overlay_adapters::report::{EntryReport, KeyReport, Report};
use overlay_adapters::{Adapters, EntryPath, System};
use overlay_resolver::document::Gap;
use overlay_resolver::escape::escape;
use overlay_resolver::format::path;
use overlay_resolver::root::Root;
use overlay_resolver::{Configuration, Document, Key, Resolver};

use super::cleanup;
use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::reading::Reading;
use crate::resolved::{Resolved, configuration};
use crate::select::Selection;
use crate::text::Text;
use crate::told::Told;
use crate::writing::Writing;
use crate::{code, json, render};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'q> {
    /// An entry or a path.
    pub(super) subject: &'q str,
    /// Only this key.
    pub(super) key: Option<&'q str>,
    pub(super) reading: &'q Reading,
}

pub(super) fn run(
    cli: &Cli,
    system: &System,
    root: &Root,
    question: Question<'_>,
    writing: &Writing,
) -> Result<Output, Failure> {
    let Question {
        subject,
        key,
        reading,
    } = question;
    let path = Path::new(subject);
    let selection = Selection::new(&[subject.to_owned()]);
    let adapters = Adapters::open(root);
    let resolver = adapters.resolver();
    if *reading != Reading::default() {
        let asked = reading.apply(resolver.clone())?;
        // An entry is known in the tree that is there, and in the one that would be.
        let trees = [&resolver, &asked];
        let entries = trees.into_iter().flat_map(|one| adapters.entries_in(one));
        let has_key = |entry: &EntryPath| {
            let document = asked.configuration_at(entry.path.clone()).document();
            key.is_some_and(|key| !document.keys_named(key).is_empty())
        };
        let entry = selection.only_path(entries, has_key)?;
        let path = entry.as_deref().unwrap_or(path);
        return Ok(keys(cli, key, Asked::new(&asked, path, reading)?));
    }
    // If its definition cannot be used, that is what is to be said.
    let cleanup = adapters.cleanup().map_or("cleanup", |(name, _)| name);
    let is_there = adapters.cleanup().is_some() || !adapters.findings().is_empty();
    if key.is_none() && is_there && cleanup == subject {
        return cleanup::status(cli, system);
    }
    if !selection.may_match(&adapters) {
        return Ok(keys(cli, key, Asked::new(&resolver, path, reading)?));
    }
    let report = adapters.plan(&writing.request(system)?);
    let Err(no_entry) = selection.must_match(report.entries.iter(), &report.left) else {
        return entries(cli, key, &selection, report);
    };
    match Asked::new(&resolver, path, reading) {
        Ok(asked) if !asked.resolved.is_absent() => Ok(keys(cli, key, asked)),
        _ if selection.is_pattern() => Err(no_entry),
        Ok(mut asked) => {
            asked.resolved.findings.push(no_entry.finding());
            Ok(keys(cli, key, asked))
        }
        Err(failure) => Err(failure),
    }
}

/// A configuration path, and what it comes to.
struct Asked {
    configuration: Configuration,
    resolved: ManuallyDrop<Resolved>,
}

impl Asked {
    fn new(resolver: &Resolver, path: &Path, reading: &Reading) -> Result<Self, Failure> {
        let configuration = configuration(&resolver.clone().with_history(), path)?;
        Ok(Self {
            resolved: Resolved::of_existing(&configuration, reading),
            configuration,
        })
    }
}

/// The keys of a configuration path.
fn keys(cli: &Cli, key: Option<&str>, asked: Asked) -> Output {
    let Asked {
        configuration,
        mut resolved,
    } = asked;
    if let Some(key) = key
        && resolved.explained(Some(key)).is_empty()
        && !resolved.is_absent()
    {
        let message = nobody_assigns(key, &resolved);
        let finding = code::NOT_FOUND.error(configuration.path(), message);
        resolved.findings.push(finding);
    }
    let (configuration, resolved) = (&configuration, &*resolved);
    let explained = resolved.explained(key);
    Output::of_files(
        cli.json,
        resolved,
        || {
            json::files(configuration, resolved)
                .with_explained(&explained)
                .print()
        },
        || match (explained.is_empty(), resolved.is_empty()) {
            (true, false) => Text::new(),
            _ => render::explain(configuration, &explained),
        },
    )
}

/// That no file assigns a key, as far as that is known, and what to ask instead.
fn nobody_assigns(key: &str, resolved: &Resolved) -> String {
    let gaps: Vec<_> = resolved.documents.iter().flat_map(Document::gaps).collect();
    let told = match gaps.as_slice() {
        [] => format!("no file assigns `{key}`"),
        gaps => format!(
            "no line that can be read assigns `{key}`; not read: {}",
            enumerated(gaps)
        ),
    };
    match similar(key, resolved).as_slice() {
        [] => format!("{told}; `overlayctl explain` without a key shows those that are assigned"),
        known => format!("{told}; did you mean {}?", known.join(", ")),
    }
}

/// The first of them, and how many more there are.
fn enumerated(gaps: &[Gap<'_>]) -> String {
    const MOST: usize = 5;
    let first = gaps.iter().take(MOST).map(ToString::to_string);
    let first = first.collect::<Vec<_>>().join(", ");
    match gaps.len().checked_sub(MOST) {
        None | Some(0) => first,
        Some(more) => format!("{first} and {more} more"),
    }
}

/// The keys whose names come nearest to one that nobody assigns.
fn similar(name: &str, resolved: &Resolved) -> Vec<String> {
    let name = name.to_lowercase().replace('"', "");
    let name = name.rsplit(['.', ']']).next().unwrap_or_default().trim();
    let keys = resolved.documents.iter().flat_map(Document::keys);
    let mut known: Vec<_> = keys
        .map(|key| (distance(&last_part(key), name), full_key(key)))
        .collect();
    known.retain(|(distance, _)| *distance <= 1 + name.chars().count() / 4);
    known.sort();
    known.dedup();
    known.into_iter().take(3).map(|(_, name)| name).collect()
}

/// The name of a key; of a dotted one of tables, what is behind the last dot.
fn last_part(key: Key<'_>) -> String {
    let name = escape(key.name()).to_string();
    match path::split(&name) {
        Some(parts) => parts
            .last()
            .and_then(|part| part.rsplit('.').next())
            .map_or(name, str::to_owned),
        None => name,
    }
}

fn distance(known: &str, name: &str) -> usize {
    let known = known.to_lowercase();
    if !name.is_empty() && known.starts_with(name) {
        return 0;
    }
    strsim::osa_distance(&known, name)
}

/// `SECTION.KEY`, as it can be asked for.
fn full_key(key: Key<'_>) -> String {
    match key.section() {
        section if section.is_empty() => escape(key.name()).to_string(),
        section => format!("{}.{}", escape(section), escape(key.name())),
    }
}

/// The entries of adapters that are meant.
fn entries(
    cli: &Cli,
    key: Option<&str>,
    selection: &Selection,
    mut report: Report,
) -> Result<Output, Failure> {
    selection.narrow(&mut report);
    if let Some(key) = key {
        only(&mut report.entries, key)?;
    }
    let exit = Exit::of_report(&report, false);
    let told = Told::from(report);
    if cli.json {
        return Ok(Output {
            exit,
            ..Output::new(json::explanation(&told))
        });
    }
    let sources: Vec<_> = told
        .report
        .entries
        .iter()
        .filter_map(|entry| entry.layered.as_ref())
        .collect();
    Ok(Output {
        messages: render::diagnostics(&told.findings, &sources),
        exit,
        ..Output::new(render::explanation(&told.report))
    })
}

/// The keys of an entry, as the target calls them, that are called so there or in the vendor's file.
pub(super) fn keys_of(entry: &EntryReport, key: &str) -> Result<BTreeSet<String>, Failure> {
    let is_called = called(entry, key);
    let meant = entry.keys.iter().filter(|report| is_called(report));
    let keys: BTreeSet<_> = meant.map(|report| report.key.clone()).collect();
    if keys.is_empty() {
        return Err(no_such_key(entry, key));
    }
    Ok(keys)
}

/// Whether a key has this name, in the target or in the layers' files, where it is called as of a path.
fn called<'e>(entry: &'e EntryReport, key: &'e str) -> impl Fn(&KeyReport) -> bool + use<'e> {
    let named = entry.layered.iter().flat_map(|file| file.keys_named(key));
    let named: Vec<_> = named.map(|key| (key.section(), key.name())).collect();
    move |report| {
        let is_source = |(section, name): &(Cow<'_, str>, Cow<'_, str>)| {
            let spellings = [
                name.to_string(),
                format!("{section}.{name}"),
                format!("[{section}] {name}"),
            ];
            // What no file assigns has a name, too.
            spellings.iter().any(|name| name.eq_ignore_ascii_case(key))
                || named.contains(&(section.as_bytes().into(), name.as_bytes().into()))
        };
        report.key.eq_ignore_ascii_case(key) || report.source.as_ref().is_some_and(is_source)
    }
}

fn no_such_key(entry: &EntryReport, key: &str) -> Failure {
    let known = entry.keys.iter().map(|report| report.key.clone());
    let assigned = entry.layered.iter().flat_map(Document::keys);
    let is_without = entry.keys.is_empty();
    let assigned = assigned.map(full_key).filter(|_| is_without);
    Failure::NoSuchKey {
        entry: entry.full_name(),
        key: key.into(),
        known: known.chain(assigned).collect(),
        state: is_without.then(|| render::state(entry)),
    }
}

/// What the files of an entry say of a key that has no part in the target, as where the entry is masked, deleted or
/// broken.
fn of_files(entry: &EntryReport, key: &str) -> Vec<KeyReport> {
    let named = entry.layered.iter().flat_map(|file| {
        let named = file.keys_named(key);
        // The target may write a key otherwise than the vendor's file: `url` and `Url`.
        let alike = |known: &Key<'_>| known.name().eq_ignore_ascii_case(key.as_bytes());
        if named.is_empty() {
            file.keys().filter(alike).collect()
        } else {
            named
        }
    });
    let named = named.map(|key| {
        (
            escape(key.section()).to_string(),
            escape(key.name()).to_string(),
        )
    });
    let keys = named.map(|(section, name)| KeyReport {
        key: name.clone(),
        source: Some((section.into(), name.into())),
        ..KeyReport::default()
    });
    keys.collect()
}

/// Leaves of every entry only the key of this name, and of the entries those that have it.
fn only(entries: &mut Vec<EntryReport>, key: &str) -> Result<(), Failure> {
    let failure = entries.first().map(|entry| no_such_key(entry, key));
    for entry in entries.iter_mut() {
        if entry.keys.is_empty() {
            entry.keys = of_files(entry, key);
            continue;
        }
        let is_called: Vec<_> = entry.keys.iter().map(called(entry, key)).collect();
        let mut is_called = is_called.into_iter();
        entry.keys.retain(|_| is_called.next() == Some(true));
    }
    entries.retain(|entry| !entry.keys.is_empty());
    match (entries.is_empty(), failure) {
        (true, Some(failure)) => Err(failure),
        _ => Ok(()),
    }
}
