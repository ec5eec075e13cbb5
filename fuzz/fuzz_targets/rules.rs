//! Rule sets and schemas of one's own.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| overlay_fuzz::rules(text));
