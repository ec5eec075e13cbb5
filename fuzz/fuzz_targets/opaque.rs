//! The format `opaque` on any text.
#![no_main]

overlay_fuzz::format_target!("opaque");
