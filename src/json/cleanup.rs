//! The documents of `cleanup`: a report on tasks, and how the deployment stands that they are for.

use overlay_adapters::System;
use overlay_adapters::cleanup::{Standing, TaskProgress};
use overlay_adapters::report::RunDecision;
use overlay_resolver::escape::{escape, escape_path};
use serde::Serialize;

use super::{Document, Json, of_adapters, to_text};
use crate::told::Told;

#[derive(Serialize)]
pub(super) struct View {
    deployment: Option<String>,
    state: &'static str,
    first_boot_of_deployment: Option<bool>,
    marker: String,
    marker_state: &'static str,
    noted: bool,
    failed_checks: Vec<String>,
    tasks: Vec<Task>,
}

#[derive(Serialize)]
struct Task {
    name: String,
    required: bool,
    state: &'static str,
    tries: u32,
    limit: u32,
    interrupted: bool,
    failure: Option<String>,
}

impl Task {
    fn of(task: &TaskProgress) -> Self {
        let (state, failure) = match &task.decision {
            Ok(decision @ (RunDecision::Failed { why, .. } | RunDecision::GivenUp { why, .. })) => {
                (decision.code(), why.clone())
            }
            Ok(decision) => (decision.code(), None),
            Err(finding) => ("unclear", Some(finding.to_string())),
        };
        let interrupted = matches!(
            task.decision,
            Ok(RunDecision::Due {
                is_interrupted: true,
                ..
            })
        );
        Self {
            interrupted,
            name: escape(task.name.as_bytes()).to_string(),
            required: task.is_required,
            state,
            tries: task.tries,
            limit: task.limit,
            failure,
        }
    }
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
        state: standing.overall().code(),
        first_boot_of_deployment: standing.is_first_boot,
        marker: escape_path(&standing.marker).to_string(),
        marker_state: standing.state.code(),
        noted: standing.is_noted,
        failed_checks: failed_checks.to_vec(),
        tasks: standing.progress.tasks.iter().map(Task::of).collect(),
    });
    to_text(&Document {
        left: Some(super::left(told, system)),
        cleanup,
        ..of_adapters(told, false)
    })
}
