//! The format `lines` on any text.
#![no_main]

overlay_fuzz::format_target!("lines");
