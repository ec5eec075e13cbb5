//! The format `environment` on any text.
#![no_main]

overlay_fuzz::format_target!("environment");
