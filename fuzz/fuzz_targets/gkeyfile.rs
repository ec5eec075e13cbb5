//! The format `gkeyfile` on any text.
#![no_main]

overlay_fuzz::format_target!("gkeyfile");
