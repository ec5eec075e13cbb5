//! The example of CONTRIBUTING.md: the services of a daemon, `exampled`, brought to its one ini file.
//!
//! A service is a section of the file, and those whose names begin with its name and a `/`. The daemon rewrites
//! the file when its owner configures it, and keeps what it does not know.

mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use overlay_resolver::finding::code::Row;
use overlay_resolver::finding::{Code, Finding, Level};
use overlay_resolver::root::Root;
use overlay_resolver::rules::Rules;
use overlay_resolver::tree::Tree;
use overlay_resolver::{BString, Document};
use serde::Deserialize;

use self::store::Services;
use crate::code;
use crate::keyed::draft::{Draft, replacement};
use crate::keyed::entry::{Entry, HISTORY_KEYS, OVERLAY, Setting};
use crate::keyed::key::KeyName;
use crate::keyed::observed::Observed;
use crate::keyed::store::Store as _;
use crate::keyed::target::Target;
use crate::keyed::{self, intent};
use crate::observer::Observer;
use crate::obstacles::Obstacles;
use crate::paths::{BelowLayers, InRoot, LayersAt};
use crate::plan::Plan;
use crate::planner::Planner;
use crate::reader::Reader;
use crate::report::{Matter, Own, Request};
use crate::route::{Route, SourcePath};
use crate::source::{Source, keyfile_entries};

/// What the vendor's files end with.
const SUFFIX: &str = ".conf";

/// What an adapter of exampled reads and writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definition {
    #[serde(rename = "kind")]
    _kind: Option<String>,
    layers: LayersAt,
    services: BelowLayers,
    target: InRoot,
}

/// The adapter.
#[derive(Debug)]
pub(crate) struct Exampled {
    name: String,
    rules: Rules,
    services: PathBuf,
    target: PathBuf,
}

impl Exampled {
    /// The adapter of this name, as its definition has it.
    pub(crate) fn new(name: &str, definition: Definition) -> Self {
        Self {
            name: name.into(),
            rules: keyfile_entries(definition.layers.0, SUFFIX),
            services: definition.services.0,
            target: definition.target.0,
        }
    }
}

/// What the layers want of a service. With an error among the findings, there is none.
fn read(document: &Document) -> (Option<Entry>, Vec<Finding>) {
    let mut reader = Reader::new(document);
    let mut entry = Entry::default();
    reader.integer("service", "port");
    for key in document.keys().filter(|key| key.section() != OVERLAY) {
        let (section, name) = (key.section().to_string(), key.name().to_string());
        let Some(assignment) = key.last() else {
            continue;
        };
        let of_service = match &*section {
            "service" => "",
            other => other,
        };
        entry.settings.push(Setting {
            key: KeyName::new(of_service, &*name).to_static(),
            value: assignment.value().to_owned(),
            source: (section.into(), name.into()),
        });
    }
    reader.warn_of_others(OVERLAY, &HISTORY_KEYS);
    entry.read_history(&mut reader);
    (reader.is_usable().then_some(entry), reader.findings)
}

impl Target for Exampled {
    type Store = Services;
    type Wanted = Entry;

    const NOUN: &'static str = "service";

    fn adapter(&self) -> &str {
        &self.name
    }

    fn place(&self, _store: &Services, _name: &str) -> PathBuf {
        self.target.clone()
    }

    fn memory(&self, _name: &str) -> PathBuf {
        self.target.clone()
    }

    fn intent(&self) -> PathBuf {
        self.target.with_file_name(intent::FILE_NAME)
    }
}

/// What no other adapter has to tell.
const SHARED_PORT: Code = Code::new(&Row {
    name: "shared-port",
    summary: "two services with one port, of which exampled starts the first",
});

/// Tells of services that exampled does not start.
fn tell_shared_ports(draft: &mut Draft<'_, Exampled>) {
    let mut first = BTreeMap::new();
    for name in draft.store.names() {
        let Some(port) = draft.store.get(name, "port") else {
            continue;
        };
        if let Some(other) = first.get(port) {
            let own = Own {
                code: SHARED_PORT,
                level: Level::Warning,
                name: name.into(),
                sentence: "has the port {}, as {} has, so exampled does not start it",
                values: vec![port.into(), BString::from(*other)],
            };
            let place = draft.target.place(&draft.store, name);
            draft.remarks.push(Matter::Own(own).at(place, None));
        } else {
            first.insert(port, name);
        }
    }
}

/// What there is now.
struct Found {
    text: Option<Vec<u8>>,
    store: Services,
    observed: Observed,
}

impl Exampled {
    /// Reads everything that the plan needs.
    fn observe(&self, root: &Root, source: &Source<Entry>) -> Result<Found, Finding> {
        let eyes = Observer::new(root);
        let text = eyes.read(&self.target);
        let text = text.map_err(|error| code::UNREADABLE.error(&self.target, error.to_string()))?;
        let mut observed = Observed::default();
        observed.look_into(&eyes, &self.lock(), self)?;
        observed.look_for_stamps(&eyes, source);
        Ok(Found {
            store: Services::parse(text.as_deref().unwrap_or_default(), &self.target)?,
            text,
            observed,
        })
    }

    /// What is to be written: the file, whole. Pure.
    fn decide(&self, source: Source<Entry>, found: &Found, request: &Request) -> Plan {
        let mut draft = Draft::new(self, found.store.clone(), &found.observed, request);
        let entries = keyed::plan(&mut draft, &source);
        tell_shared_ports(&mut draft);
        // What not everybody may read is brought to nobody else.
        let is_private = !found.observed.private.is_empty();
        draft
            .private
            .extend(is_private.then(|| self.target.clone()));
        let text = draft.store.to_bytes();
        let too_large = draft.too_large(&self.target, text.len());
        let is_changed = draft.store != draft.before;
        let step = replacement(self.target.clone(), found.text.as_deref(), text);
        let steps = step.filter(|_| is_changed).into_iter().collect();
        let batch = draft.batch(steps, None);
        let layers = vec![source.into_documents(&self.name, Self::NOUN, true)];
        keyed::finish(draft, batch, entries, too_large, layers)
    }
}

impl Route for Exampled {
    fn sources(&self) -> Vec<SourcePath> {
        vec![SourcePath {
            path: self.services.clone(),
            adapter: self.name.clone(),
            rules: self.rules.clone(),
            whole: true,
        }]
    }

    fn target(&self) -> PathBuf {
        self.target.clone()
    }

    fn lock(&self) -> PathBuf {
        let directory = self.target.parent();
        directory.unwrap_or(Path::new("/")).into()
    }
}

impl Planner for Exampled {
    fn plan(&self, root: &Root, request: &Request, obstacles: &Obstacles) -> Plan {
        let tree = Tree::from(root.clone());
        let source = Source::read(&tree, &self.rules, &self.services, read);
        match self.observe(root, &source) {
            Ok(mut found) => {
                found.observed.beware(obstacles);
                self.decide(source, &found, request)
            }
            Err(finding) => {
                let source = source.into_documents(&self.name, Self::NOUN, true);
                Plan::impossible(finding, vec![source])
            }
        }
    }
}
