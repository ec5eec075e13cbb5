//! The format `sysctl` on any text.
#![no_main]

overlay_fuzz::format_target!("sysctl");
