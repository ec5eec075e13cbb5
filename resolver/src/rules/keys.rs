//! What a rule set says of the keys: the name of a built-in schema, or a schema written out in the
//! table `schema`, so that one file says all.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::builder::listed;
use crate::escape::escape;
use crate::finding::{Finding, Source};
use crate::schema::{self, Schema, SchemaFile};

/// The field `schema`.
#[derive(Debug, Clone)]
pub(super) enum Keys {
    /// A built-in schema.
    Named(String),
    /// One written out, in the form of a schema's file.
    Written(Box<SchemaFile>),
}

/// The schema that the field means.
pub(super) fn schema(keys: &Spanned<Keys>, source: Source<'_>) -> Result<Schema, Finding> {
    match keys.get_ref() {
        Keys::Written(file) => Schema::of_file(file, source),
        Keys::Named(name) => Schema::named(name).ok_or_else(|| {
            let name = Spanned::new(keys.span(), name.clone());
            unknown(source, "schema", &name, schema::names())
        }),
    }
}

/// There is nothing of this name.
pub(super) fn unknown(
    source: Source<'_>,
    what: &str,
    name: &Spanned<String>,
    known: impl Iterator<Item = &'static str>,
) -> Finding {
    let (name, place) = (escape(name.get_ref().as_bytes()), name.span());
    let known = listed(known);
    source.error(
        place,
        format!("no {what} is named `{name}`; there are {known}"),
    )
}

impl<'de> Deserialize<'de> for Keys {
    // Not an untagged enum: that would forget where things stand.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a schema, or a table")
            }

            fn visit_str<E>(self, name: &str) -> Result<Keys, E> {
                Ok(Keys::Named(name.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Keys, A::Error> {
                let file = SchemaFile::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Keys::Written(file.into()))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::rules::Rules;
    use crate::tree::Tree;
    use crate::{Document, Resolver};

    fn rules(text: &str) -> Result<Rules, String> {
        let rules = Rules::from_toml(Path::new("r.toml"), text.as_bytes());
        rules.map_err(|error| error.to_string())
    }

    fn items(document: &Document, key: &str) -> Vec<String> {
        let key = document.key("S", key).unwrap();
        let items = key.items().into_iter();
        items
            .map(|item| String::from_utf8_lossy(&item).into_owned())
            .collect()
    }

    #[test]
    fn a_schema_can_stand_in_the_rules() {
        let rules = rules(
            "extends = 'systemd'\n\
             [schema.section.S]\nwords = ['List']\ncomma = ['Names']\n\
             [schema.kind.comma]\nmerge = 'append'\nsplit = 'commas'\nempty = 'reset'\n",
        );
        let tree = Tree::default()
            .with("/usr/lib/x.d/1.conf".as_ref(), "[S]\nList=a b\nNames=a,b\n")
            .with("/etc/x.d/2.conf".as_ref(), "[S]\nList=c\nNames=\nNames=c\n");
        let document = Resolver::new(tree)
            .rules(rules.unwrap())
            .resolve("x.d")
            .unwrap();
        assert_eq!(items(&document, "List"), ["a", "b", "c"]);
        assert_eq!(items(&document, "Names"), ["c"]);
    }

    #[test]
    fn it_replaces_that_of_the_set_that_is_extended_and_may_take_over_others() {
        let knows = |text, section: &str, key: &str| {
            let rules = rules(text).unwrap();
            rules
                .schema
                .kind(section.as_bytes(), key.as_bytes())
                .is_some()
        };
        let own = "extends = 'systemd-unit'\n[schema.section.S]\nscalar = ['A']\n";
        assert!(knows(own, "S", "A") && !knows(own, "Unit", "After"));
        let more = "[schema]\nextends = ['systemd/unit']\n[schema.section.S]\nscalar = ['A']\n";
        assert!(knows(more, "S", "A") && knows(more, "Unit", "After"));
        assert!(knows("schema = 'systemd/unit'", "Unit", "After"));
        assert!(knows("extends = 'systemd-unit'", "Unit", "After"));
    }

    #[test]
    fn errors_say_where() {
        for (text, expected) in [
            (
                "\nschema = 'x'",
                "r.toml:2: no schema is named `x`; there are Netw",
            ),
            (
                "\nschema = 1",
                "r.toml:2: invalid type: integer `1`, expected the name of a schema",
            ),
            (
                "format = 'systemd'\n[schema]\nsections = 1\n",
                "r.toml:3: unknown field `sections`",
            ),
            (
                "[schema.section.S]\nscalar = ['A']\nlist = ['B']\n",
                "r.toml:3: list is no kind; expected one of append, ",
            ),
            (
                "[schema]\nextends = [\n'mine']\n",
                "r.toml:3: mine is no built-in schema",
            ),
            (
                "[schema.kind.k]\nmerge = 'last'\nsplit = 'x'\nempty = 'reset'\n",
                "r.toml:3: unknown variant `x`",
            ),
            (
                "[schema.section.S]\nscalar = ['A']\n[schema.alias.S]\nB = 'A'\n",
                "r.toml:4: B is no key of [S]; list it there",
            ),
        ] {
            let error = rules(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
