//! The documents of `cleanup`: a report on tasks, and how the deployment stands that they are for.

use overlay_adapters::System;
use overlay_adapters::cleanup::Standing;
use overlay_resolver::escape::escape_path;
use serde::Serialize;

use super::{Document, Json, of_adapters, to_text};
use crate::told::Told;

#[derive(Serialize)]
pub(super) struct View {
    deployment: Option<String>,
    first_boot_of_deployment: Option<bool>,
    marker: String,
    marker_state: &'static str,
    failed_checks: Vec<String>,
}

/// A report on tasks, and how things stand now, if that can be told.
pub(crate) fn cleanup(
    told: &Told,
    system: &System,
    standing: Option<&Standing>,
    failed_checks: &[String],
) -> Json {
    let cleanup = standing.map(|standing| View {
        deployment: standing.deployment.as_ref().map(ToString::to_string),
        first_boot_of_deployment: standing.is_first_boot,
        marker: escape_path(&standing.marker).to_string(),
        marker_state: standing.state.code(),
        failed_checks: failed_checks.to_vec(),
    });
    to_text(&Document {
        left: Some(super::left(told, system)),
        cleanup,
        ..of_adapters(told, false)
    })
}
