//! Drop-ins that say themselves when they count (NetworkManager's `[.config] enable=`).

use super::{Document, Key};
use crate::escape::{escape, excerpt};
use crate::finding::{Finding, code};
use crate::rules::Rules;
use crate::scan::{self, Role};

impl Document {
    /// What is to be said of those: which run it is for is not known here.
    pub(crate) fn switches(&self, rules: &Rules) -> Vec<Finding> {
        if rules.switch_key.is_empty() {
            return Vec::new();
        }
        let keys = self.keys_named(rules.switch_key.as_bytes());
        let switches = keys.iter().flat_map(Key::history).filter(|assignment| {
            let fragment = assignment.fragment();
            fragment.role == Role::DropIn && fragment.state == scan::State::Effective
        });
        let told = switches.map(|assignment| {
            let message = format!(
                "says itself when it counts, by {}={}, which is not looked at: its values are taken to count",
                escape(assignment.key()),
                excerpt(assignment.value())
            );
            let finding = code::SWITCHED_FILE.warning(&assignment.fragment().path, message);
            finding.at(assignment.line()).spanning(assignment.span())
        });
        told.collect()
    }
}
