//! Requests that may hold events.

#![no_main]
// The functions of the other targets.
#![allow(dead_code)]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::event(input));
