//! A schema from its TOML file (`resolver/schemas/README.md`).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{Bytes, Group, KeyKind, Merge, OnEmpty, Schema, Split, builtin};
use crate::escape::escape;
use crate::finding::{Finding, Source};

/// The kinds that every file knows.
const KINDS: [(&str, KeyKind); 7] = {
    use Merge::{Append, Last, Map, Set};
    use OnEmpty::{Ignored, Reset, Value};
    const fn kind(merge: Merge, split: Split, empty: OnEmpty) -> KeyKind {
        KeyKind {
            merge,
            split,
            empty,
        }
    }
    [
        ("scalar", kind(Last, Split::None, Reset)),
        ("strict", kind(Last, Split::None, Ignored)),
        ("append", kind(Append, Split::None, Reset)),
        ("words", kind(Append, Split::Words, Reset)),
        ("replace", kind(Last, Split::Words, Reset)),
        ("map", kind(Map, Split::Words, Reset)),
        ("set", kind(Set, Split::Commas, Value)),
    ]
};

/// How deep a built-in schema may extend others; a schema in a file adds one to it.
const MAX_EXTENDS: usize = 4;

type Name = Spanned<String>;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unknown {
    Ignored,
}

/// A schema as a file says it, or the table `schema` of a rule set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SchemaFile {
    unknown: Option<Unknown>,
    #[serde(default)]
    extends: Vec<Name>,
    #[serde(default)]
    repeated: Vec<Name>,
    #[serde(default)]
    kind: BTreeMap<Name, KeyKind>,
    #[serde(default)]
    section: BTreeMap<Name, BTreeMap<Name, Vec<Name>>>,
    #[serde(default)]
    alias: BTreeMap<Name, BTreeMap<Name, Name>>,
    #[serde(default)]
    together: BTreeMap<Name, Vec<Vec<Name>>>,
    #[serde(default)]
    sets: BTreeMap<Name, BTreeMap<Name, Vec<Name>>>,
}

impl Schema {
    /// The schema in the TOML `text` of the file at `path`, which is for messages.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Rules, Schema, Tree};
    ///
    /// let schema = Schema::from_toml("mine.toml".as_ref(), b"[section.Server]\nappend = ['Allow']\n")?;
    /// let document = Resolver::new(Tree::default())
    ///     .rules(Rules::builder().schema(schema).build()?)
    ///     .with("/usr/lib/myapp.d/10.conf", "[Server]\nAllow = a\n")
    ///     .with("/etc/myapp.d/50.conf", "[Server]\nAllow = b\n")
    ///     .resolve("myapp.d")?;
    /// assert_eq!(document.key("Server", "Allow").unwrap().applied().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first thing that is wrong with it, and where.
    pub fn from_toml(path: &Path, text: &[u8]) -> Result<Self, Finding> {
        Reader::new(Source { path, text }).parse(MAX_EXTENDS)
    }

    /// The same of one that was read as a part of the text.
    pub(crate) fn of_file(file: &SchemaFile, source: Source<'_>) -> Result<Self, Finding> {
        Reader::new(source).schema(file, MAX_EXTENDS)
    }
}

/// The file that is read, for the places of what is wrong with it.
#[derive(Clone, Copy)]
struct Reader<'t> {
    source: Source<'t>,
}

impl<'t> Reader<'t> {
    const fn new(source: Source<'t>) -> Self {
        Self { source }
    }

    fn parse(self, extends: usize) -> Result<Schema, Finding> {
        let file = toml::from_slice(self.source.text);
        let file = file.map_err(|error| self.source.toml_error(&error))?;
        self.schema(&file, extends)
    }

    fn schema(self, file: &SchemaFile, extends: usize) -> Result<Schema, Finding> {
        let mut schema = Schema {
            ignores_unknown: file.unknown.is_some(),
            ..Schema::default()
        };
        let kinds = self.kinds(file)?;
        for (name, keys) in &file.section {
            let keys = self.keys(keys, &kinds)?;
            let group = Group {
                keys,
                ..Group::default()
            };
            self.add(&mut schema, name, group)?;
        }
        for name in &file.repeated {
            let group = Group {
                repeated: true,
                ..Group::default()
            };
            self.add(&mut schema, name, group)?;
        }
        self.keys_once(&schema, file)?;
        for name in &file.extends {
            schema.extend(self.extended(name, extends)?);
        }
        self.relations(&mut schema, file)?;
        Ok(schema)
    }

    /// The built-in kinds and those of the file.
    fn kinds(self, file: &SchemaFile) -> Result<BTreeMap<&str, KeyKind>, Finding> {
        let mut kinds = BTreeMap::from(KINDS);
        for (name, &kind) in &file.kind {
            if kinds.insert(name.get_ref(), kind).is_some() {
                return Err(self.at(name, "is a built-in kind; choose another name"));
            }
        }
        Ok(kinds)
    }

    /// The keys of one section's table.
    fn keys(
        self,
        table: &BTreeMap<Name, Vec<Name>>,
        kinds: &BTreeMap<&str, KeyKind>,
    ) -> Result<HashMap<Bytes, KeyKind>, Finding> {
        let mut keys = HashMap::new();
        for (name, listed) in table {
            let Some(&kind) = kinds.get(name.get_ref().as_str()) else {
                let known: Vec<&str> = kinds.keys().copied().collect();
                let known = known.join(", ");
                return Err(self.at(name, &format!("is no kind; expected one of {known}")));
            };
            for key in listed {
                if keys.insert(bytes(key), kind).is_some() {
                    return Err(self.at(key, "is listed twice in this section"));
                }
            }
        }
        Ok(keys)
    }

    /// Adds what is said about the sections that `pattern` stands for.
    fn add(self, schema: &mut Schema, pattern: &Name, group: Group) -> Result<(), Finding> {
        let index = schema.groups.len();
        schema.groups.push(group);
        for section in pattern.get_ref().split('|') {
            if section.is_empty() && pattern.get_ref().contains('|') {
                return Err(self.at(pattern, "has an empty alternative; expected `A|B`"));
            }
            let (name, starred) = match section.strip_suffix('*') {
                Some(prefix) => (prefix, true),
                None => (section, false),
            };
            if name.contains('*') {
                return Err(self.at(pattern, "has a `*` that is not at the end"));
            }
            let name = Bytes::from(name.as_bytes());
            if starred {
                schema.prefixes.push((name, index));
            } else {
                schema.exact.entry(name).or_default().push(index);
            }
        }
        Ok(())
    }

    /// Refuses a key that two tables list for the same section: one of them would be ignored.
    fn keys_once(self, schema: &Schema, file: &SchemaFile) -> Result<(), Finding> {
        let mut twice: Option<(&Name, &str)> = None;
        for (pattern, table) in &file.section {
            for key in table.values().flatten() {
                let name = key.get_ref().as_bytes();
                let listed = |section: &&str| {
                    let groups = schema.groups(section.as_bytes());
                    groups.filter(|group| group.keys.contains_key(name)).count() > 1
                };
                let later = twice.is_none_or(|(other, _)| key.span().start > other.span().start);
                if later && let Some(section) = samples(pattern).find(listed) {
                    twice = Some((key, section));
                }
            }
        }
        match twice {
            None => Ok(()),
            Some((key, section)) => {
                let section = escape(section.as_bytes());
                Err(self.at(key, &format!("is listed twice for [{section}]")))
            }
        }
    }

    /// A schema that this one takes over.
    fn extended(self, name: &Name, extends: usize) -> Result<Schema, Finding> {
        let known = builtin::text(name.get_ref());
        let (Some(text), Some(extends)) = (known, extends.checked_sub(1)) else {
            return Err(self.at(name, "is no built-in schema"));
        };
        let source = Source {
            path: Path::new(name.get_ref()),
            text: text.as_bytes(),
        };
        Reader::new(source).parse(extends)
    }

    /// Adds older names and lists of several keys, all of which must be listed as keys, too.
    fn relations(self, schema: &mut Schema, file: &SchemaFile) -> Result<(), Finding> {
        for (pattern, names) in &file.alias {
            let names_of = || names.iter().flat_map(|(old, name)| [old, name]);
            self.keys_known(schema, pattern, names_of())?;
            for (old, name) in names {
                let kind = |section: &str, key: &Name| {
                    schema
                        .kind_in_item(section.as_bytes(), key.get_ref().as_bytes())
                        .copied()
                };
                if samples(pattern).any(|section| kind(section, old) != kind(section, name)) {
                    return Err(self.at(old, "is of another kind than the key that it names"));
                }
            }
            let aliases = names.iter().map(|(old, name)| (bytes(old), bytes(name)));
            let group = Group {
                aliases: aliases.collect(),
                ..Group::default()
            };
            self.add(schema, pattern, group)?;
        }
        for (pattern, names) in &file.sets {
            self.keys_known(
                schema,
                pattern,
                names.iter().flat_map(|(key, set)| set.iter().chain([key])),
            )?;
            let sets = names
                .iter()
                .map(|(key, set)| (bytes(key), set.iter().map(bytes).collect()));
            let group = Group {
                sets: sets.collect(),
                ..Group::default()
            };
            self.add(schema, pattern, group)?;
        }
        for (pattern, lists) in &file.together {
            self.keys_known(schema, pattern, lists.iter().flatten())?;
            let lists = lists.iter().map(|keys| keys.iter().map(bytes).collect());
            let group = Group {
                together: lists.collect(),
                ..Group::default()
            };
            self.add(schema, pattern, group)?;
        }
        Ok(())
    }

    fn keys_known<'n>(
        self,
        schema: &Schema,
        pattern: &Name,
        keys: impl Iterator<Item = &'n Name>,
    ) -> Result<(), Finding> {
        for key in keys {
            let missing = |section: &&str| {
                let kind = schema.kind_in_item(section.as_bytes(), key.get_ref().as_bytes());
                kind.is_none()
            };
            if let Some(section) = samples(pattern).find(missing) {
                let section = escape(section.as_bytes());
                return Err(self.at(key, &format!("is no key of [{section}]; list it there")));
            }
        }
        Ok(())
    }

    fn at(self, name: &Name, what: &str) -> Finding {
        let shown = escape(name.get_ref().as_bytes());
        self.source.error(name.span(), format!("{shown} {what}"))
    }
}

impl Schema {
    /// Takes over another schema; what is said here already comes first.
    fn extend(&mut self, other: Self) {
        let first = self.groups.len();
        self.ignores_unknown |= other.ignores_unknown;
        self.groups.extend(other.groups);
        for (section, groups) in other.exact {
            let groups = groups.into_iter().map(|group| first + group);
            self.exact.entry(section).or_default().extend(groups);
        }
        let prefixes = other.prefixes.into_iter();
        self.prefixes
            .extend(prefixes.map(|(prefix, group)| (prefix, first + group)));
    }
}

fn bytes(name: &Name) -> Bytes {
    name.get_ref().as_bytes().into()
}

/// A section for each alternative of a pattern.
fn samples(pattern: &Name) -> impl Iterator<Item = &str> {
    let sections = pattern.get_ref().split('|');
    sections.map(|section| section.strip_suffix('*').unwrap_or(section))
}
