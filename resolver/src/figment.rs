//! A merged configuration as a provider for the crate `figment`.
//!
//! figment knows one source for each provider, so its own errors name all files that were read, but
//! no line. [`DeserializeError`](crate::typed::DeserializeError) has both.
//!
//! figment has no types at the time it asks: text stays a string, and repeated assignments become a
//! list. `Figment::extract_lossy` reads numbers and booleans out of strings.

#![allow(clippy::result_large_err)] // The error is figment's own, as its trait wants it.

#[cfg(test)]
mod tests;

use std::path::Path;

use bstr::{BStr, ByteSlice as _};
use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};

use crate::document::Document;
use crate::escape::escape_path;
use crate::format;
use crate::typed::{Entry, Leaf, Table, since_reset};

impl Provider for Document {
    fn metadata(&self) -> Metadata {
        let files: Vec<_> = self.entry().effective().map(|file| &file.path).collect();
        match &*files {
            [file] => Metadata::from("configuration file", &***file),
            files => {
                let names: Vec<String> =
                    files.iter().map(|file| escape_path(file).into()).collect();
                Metadata::from("configuration files", names.join(", "))
            }
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(dict(self.tree().root())?))
    }
}

fn dict(table: &Table<'_>) -> Result<Dict, Error> {
    let entries = table.entries().iter();
    entries
        .map(|(name, entry)| {
            let name = name.as_bstr();
            let value = match entry {
                Entry::Table(table) => dict(table)?.into(),
                Entry::Key(leaves) => match &**leaves {
                    [leaf] => value(name, leaf)?,
                    leaves => list(name, leaves)?,
                },
            };
            Ok((name.to_string(), value))
        })
        .collect()
}

fn list(name: &BStr, leaves: &[Leaf<'_>]) -> Result<Value, Error> {
    match leaves.last() {
        Some(last) if last.value.text().is_none() => value(name, last),
        _ => Ok(since_reset(leaves)
            .iter()
            .map(|leaf| value(name, leaf))
            .collect::<Result<Vec<_>, _>>()?
            .into()),
    }
}

fn value(name: &BStr, leaf: &Leaf<'_>) -> Result<Value, Error> {
    match &leaf.value {
        format::Value::Typed(node) => Value::serialize(node),
        format::Value::Text(text) => match str::from_utf8(text) {
            Ok(text) => Ok(Value::from(text)),
            Err(_) => Err(not_utf8(name, &leaf.origin.path, leaf.origin.line)),
        },
    }
}

fn not_utf8(name: &BStr, path: &Path, line: usize) -> Error {
    Error::from(format!(
        "{}:{line}: {name}: expected UTF-8, found other bytes",
        escape_path(path)
    ))
}
