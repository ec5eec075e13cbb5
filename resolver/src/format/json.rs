//! JSON (RFC 8259), in the reading of the crate `serde_json`.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::nested::{Fault, Leaves, Lines, MAX_DEPTH, emit, utf8};
use super::{Format, Item, Node, path};

/// JSON whose outermost value is an object. Comments and trailing commas are errors, and a file with
/// an error in it is no JSON file.
///
/// Of a key that is repeated every assignment is handed over; most consumers take the last.
#[derive(Debug)]
pub(super) struct Json;

impl Format for Json {
    fn read<'t>(&self, text: &'t [u8], sink: &mut dyn FnMut(Item<'t>)) {
        emit(text, leaves(text), sink);
    }

    fn is_lossless(&self) -> bool {
        false
    }

    fn is_nested(&self) -> bool {
        true
    }
}

fn leaves(text: &[u8]) -> Result<Leaves, Fault> {
    let text = utf8(text)?;
    if let Some(at) = exceeds_depth(text, MAX_DEPTH) {
        return Err(Fault::too_deep(at));
    }
    // Looks at the syntax of the whole text, without recursion.
    let top: &RawValue = serde_json::from_str(text).map_err(|error| {
        // A reading that builds values has better words for the same error.
        let told = serde_json::from_str::<serde_json::Value>(text).err();
        syntax(text, 0, &told.unwrap_or(error))
    })?;
    let mut reader = Reader {
        text,
        leaves: Leaves::default(),
    };
    if !top.get().starts_with('{') {
        return Err(Fault::new(
            reader.span(top).start,
            "expected an object (`{…}`) around everything",
        ));
    }
    let members = reader.parse::<Members<'_>>(top)?;
    reader.object(&Rc::from(""), members)?;
    Ok(reader.leaves)
}

/// The byte at which a JSON text goes deeper than `limit` levels, if it does.
fn exceeds_depth(text: &str, limit: usize) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' if depth == limit => return Some(at),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// What the parser says of `text`, which stands at `offset`: the place apart from the words.
fn syntax(text: &str, offset: usize, error: &serde_json::Error) -> Fault {
    let (line, column) = (error.line(), error.column());
    let place = format!(" at line {line} column {column}");
    let message = error.to_string();
    // What is wrong with a value as a whole has no line: then the value is the place.
    let start = Lines::of(text.as_bytes()).start(line).unwrap_or_default();
    Fault::new(
        offset + start + column.saturating_sub(1),
        message.strip_suffix(&place).unwrap_or(&message),
    )
}

struct Reader<'t> {
    text: &'t str,
    leaves: Leaves,
}

impl<'t> Reader<'t> {
    /// Where `part` stands in the text.
    fn span(&self, part: &RawValue) -> Range<usize> {
        let part = part.get();
        let start = part.as_ptr().addr() - self.text.as_ptr().addr();
        start..start + part.len()
    }

    /// Reads one value of which the syntax is known to be right.
    fn parse<T: Deserialize<'t>>(&self, part: &'t RawValue) -> Result<T, Fault> {
        serde_json::from_str(part.get())
            .map_err(|error| syntax(part.get(), self.span(part).start, &error))
    }

    /// Collects the leaves of the object at `section`.
    fn object(&mut self, section: &Rc<str>, members: Members<'t>) -> Result<(), Fault> {
        for (name, value) in members.0 {
            let key: String = self.parse(name)?;
            if value.get().starts_with('{') {
                let inner: Members<'_> = self.parse(value)?;
                if !inner.0.is_empty() {
                    self.object(&path::join(section, &key).into(), inner)?;
                    continue;
                }
            }
            let node = self.node(value)?;
            let (name, value) = (self.span(name), self.span(value));
            self.leaves.push(section, &key, &name, value, node);
        }
        Ok(())
    }

    /// The value `part`.
    fn node(&self, part: &'t RawValue) -> Result<Node, Fault> {
        Ok(match part.get().as_bytes().first() {
            Some(b'n') => Node::Null,
            Some(b't') => Node::Boolean(true),
            Some(b'f') => Node::Boolean(false),
            Some(b'"') => Node::String(self.parse(part)?),
            Some(b'[') => {
                let elements: Vec<&RawValue> = self.parse(part)?;
                let nodes = elements.into_iter().map(|element| self.node(element));
                Node::Array(nodes.collect::<Result<_, _>>()?)
            }
            Some(b'{') => {
                let members = self.parse::<Members<'_>>(part)?.0.into_iter();
                let entries =
                    members.map(|(name, value)| Ok((self.parse(name)?, self.node(value)?)));
                Node::Table(entries.collect::<Result<_, _>>()?)
            }
            _ => self.number(part)?,
        })
    }

    fn number(&self, part: &RawValue) -> Result<Node, Fault> {
        if let Ok(integer) = part.get().parse() {
            return Ok(Node::Integer(integer));
        }
        match part.get().parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Node::Float(float)),
            _ => Err(Fault::new(
                self.span(part).start,
                "the number is out of range",
            )),
        }
    }
}

/// The members of an object, in order, as they stand in the text.
struct Members<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests;
