//! TOML, in the reading of the crate `toml`.

use std::ops::Range;
use std::rc::Rc;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::nested::{Fault, Leaves, MAX_DEPTH, emit, utf8};
use super::{Format, Item, Node, path};
use crate::escape::one_line;

mod depth;

/// TOML: a file with one error in it is no TOML file.
///
/// Every leaf is an assignment, from its own name on: `b = 1` is what `a.b = 1` assigns in the table
/// `a`. A list of tables (`[[a]]`) is one leaf, although its parts may lie apart; it stands where its
/// first header does. An empty table stands at its header, too.
#[derive(Debug)]
pub(super) struct Toml;

impl Format for Toml {
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
    if let Some(at) = depth::exceeds(text, MAX_DEPTH) {
        return Err(Fault::too_deep(at));
    }
    let document = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(text.len(), |span| span.start);
        Fault::new(at, one_line(error.message()))
    })?;
    let mut reader = Reader {
        text,
        leaves: Leaves::default(),
    };
    reader.table(&Rc::from(""), document.get_ref())?;
    Ok(reader.leaves)
}

struct Reader<'t> {
    text: &'t str,
    leaves: Leaves,
}

impl Reader<'_> {
    /// Collects the leaves of `table`, which stands at `section`.
    fn table(&mut self, section: &Rc<str>, table: &DeTable<'_>) -> Result<(), Fault> {
        for (key, value) in table {
            match value.get_ref() {
                DeValue::Table(inner) if !inner.is_empty() => {
                    self.table(&path::join(section, key.get_ref()).into(), inner)?;
                }
                _ => {
                    let node = node(self.text, value)?;
                    self.leaves
                        .push(section, key.get_ref(), &key.span(), value.span(), node);
                }
            }
        }
        Ok(())
    }
}

fn node(text: &str, value: &Spanned<DeValue<'_>>) -> Result<Node, Fault> {
    let out_of_range = || Fault::new(value.span().start, "the number is out of range");
    Ok(match value.get_ref() {
        DeValue::String(string) => Node::String(string.clone().into_owned()),
        DeValue::Integer(number) => Node::Integer(
            i128::from_str_radix(number.as_str(), number.radix()).map_err(|_| out_of_range())?,
        ),
        DeValue::Float(number) => {
            let float: f64 = number.as_str().parse().map_err(|_| out_of_range())?;
            if float.is_infinite() && !number.as_str().contains("inf") {
                return Err(out_of_range());
            }
            Node::Float(float)
        }
        DeValue::Boolean(boolean) => Node::Boolean(*boolean),
        DeValue::Datetime(datetime) => Node::Datetime(
            slice(text, value.span()).map_or_else(|| datetime.to_string(), str::to_owned),
        ),
        DeValue::Array(elements) => Node::Array(
            elements
                .iter()
                .map(|element| node(text, element))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => {
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by_key(|(key, _)| key.span().start);
            let entries = entries.into_iter();
            Node::Table(
                entries
                    .map(|(key, value)| Ok((key.get_ref().to_string(), node(text, value)?)))
                    .collect::<Result<_, _>>()?,
            )
        }
    })
}

fn slice(text: &str, span: Range<usize>) -> Option<&str> {
    text.get(span).filter(|slice| !slice.is_empty())
}

#[cfg(test)]
mod tests;
