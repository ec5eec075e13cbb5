//! A merged configuration as a provider for the crate `figment`: what
//! [`Document::deserialize`] reads where no type is known.
//!
//! figment asks before it knows the types. So text stays a string, and several values of a key of which
//! nothing says what they come to are a list; `Figment::extract_lossy` reads numbers and booleans out of
//! strings. A document with an error is an error for figment, too.
//!
//! figment knows one source for each provider, so *its* errors name all files that were read, but
//! no line. [`DeserializeError`](crate::typed::DeserializeError) has both.

#![allow(clippy::result_large_err)] // The error is figment's own, as its trait wants it.

#[cfg(test)]
mod tests;

use figment::value::{Dict, Map};
use figment::{Error, Metadata, Profile, Provider};

use crate::document::Document;
use crate::escape::escape_path;

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
        match self.deserialize() {
            Ok(dict) => Ok(Profile::Default.collect(dict)),
            Err(error) => Err(error.to_string().into()),
        }
    }
}
