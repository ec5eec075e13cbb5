//! The format `json` on any text.
#![no_main]

overlay_fuzz::format_target!("json");
