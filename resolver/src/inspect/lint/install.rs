//! What `systemctl enable` does not read.

use std::path::Path;

use super::{Subject, about};
use crate::document::State;
use crate::finding::{Finding, Level, code};
use crate::rules::{DropIns, unit};
use crate::scan::Role;

/// `[Install]` in a drop-in for all units of a prefix or of a type.
///
/// `systemctl enable` takes the section from the unit and from the drop-ins that are named after it or its
/// template, since 236, and looks at no others (systemd: install.c `unit_file_search()`; systemd#1774);
/// systemd itself ignores the section.
pub(super) fn install_not_read(subject: &Subject<'_>) -> Vec<Finding> {
    if subject.rules.drop_ins != DropIns::Unit {
        return Vec::new();
    }
    let name = subject.document.entry().name.to_string_lossy();
    let own = [
        Some(format!("{name}.d")),
        unit::template(&name).map(|template| format!("{template}.d")),
    ];
    let mut findings = Vec::new();
    for (drop_in, assignments) in subject.fragments().iter().zip(&subject.files) {
        let directory = drop_in.path.parent().and_then(Path::file_name);
        let directory = directory.map(|name| name.to_string_lossy().into_owned());
        if drop_in.role != Role::DropIn || own.contains(&directory) {
            continue;
        }
        let mut read = assignments
            .iter()
            .filter(|a| !matches!(a.state(), State::Shadowed | State::Masked | State::Invalid));
        if let Some(first) = read.find(|a| a.section() == "Install") {
            let message = format!(
                "[Install] has no effect here: `systemctl enable` reads it in the unit and in {name}.d alone"
            );
            findings.push(about(
                code::INSTALL_NOT_READ,
                Level::Warning,
                first,
                message,
            ));
        }
    }
    findings
}
