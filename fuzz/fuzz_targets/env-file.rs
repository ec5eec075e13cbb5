//! The format `env-file` on any text.
#![no_main]

overlay_fuzz::format_target!("env-file");
