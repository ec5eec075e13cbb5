//! Text about what is left for another run.

use overlay_adapters::System;
use overlay_adapters::WhyLeft;
use overlay_adapters::report::Report;
use overlay_resolver::escape::escape_path;

use super::style::NOTABLE;
use crate::text::Text;

/// What another run has to do, and why.
pub(crate) fn left(report: &Report, system: &System) -> Text {
    let mut text = Text::new();
    for left in &report.left {
        write!(
            text,
            "{NOTABLE}left for the boot{NOTABLE:#}: {}, which writes {}: {}",
            left.adapter,
            escape_path(&left.target),
            why_left(left.why(system))
        );
        if left.is_for_the_asking(system) {
            write!(text, " (`--scope {}` writes it now)", left.scope);
        }
        text.end_line();
    }
    text
}

/// Why a scope is left for the boot.
pub(crate) const fn why_left(why: WhyLeft) -> &'static str {
    match why {
        WhyLeft::Staged => {
            "this deployment is staged: ostree merges its /etc anew when the system shuts down, and would overwrite it"
        }
        WhyLeft::NoVar => {
            "the /var that deployments share is not there, or leads out of the sysroot; what is written into the deployment's own would be lost"
        }
        WhyLeft::Shared => "it is shared with the running system",
        WhyLeft::Image => "what an image has there reaches no system that is updated",
        WhyLeft::Running => "it is the running system's",
        WhyLeft::NotAsked => "it was not asked for",
        WhyLeft::OtherRoot => {
            "what it runs are programs of the running system, and this is another root"
        }
    }
}
