//! The format `systemd` on any text.
#![no_main]

overlay_fuzz::format_target!("systemd");
