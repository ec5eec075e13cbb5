//! The format `systemd-flat` on any text.
#![no_main]

overlay_fuzz::format_target!("systemd-flat");
