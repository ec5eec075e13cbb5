//! The format `libeconf` on any text.
#![no_main]

overlay_fuzz::format_target!("libeconf");
