//! The format `toml` on any text.
#![no_main]

overlay_fuzz::format_target!("toml");
