//! Keys of which the schema says what cannot be.

use super::{Document, Key};
use crate::escape::escape;
use crate::finding::{Finding, code};
use crate::rules::Rules;
use crate::schema::NOT_TEXT;

impl Document {
    /// What the schema says of keys whose values have types, as if they were text to be taken apart. Such a
    /// key is read as if it said nothing.
    pub(super) fn unfit_kinds(&self, rules: &Rules) -> Vec<Finding> {
        if !self.is_nested() || rules.schema.is_empty() {
            return Vec::new();
        }
        let schema = &rules.schema;
        let is_unfit = |key: &Key<'_>| {
            let kind = schema.kind_in_item(key.section(), key.name());
            kind.is_some_and(|kind| kind.is_of_text() || schema.is_repeated(key.section()))
        };
        let last = self.keys().filter(is_unfit).filter_map(|key| key.last());
        last.map(|last| {
            let message = format!("{}: {NOT_TEXT}", escape(last.key()));
            let finding = code::UNFIT_KEY.error(&last.fragment().path, message);
            finding.at(last.line()).spanning(last.span())
        })
        .collect()
    }
}
