//! The specifications' own test data, read in place and compared case by case.
//!
//! A case that Waypost answers differently on purpose stands in a `DEVIATIONS` list with its reason; a deviation that no longer
//! deviates fails too, so that the lists stay true.

mod cesql;
mod events;
mod headers;
mod map;
mod messages;
mod pairs;
mod signatures;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

/// Where the conformance data is; `None` if it is not there, which only a developer's machine may say.
#[expect(clippy::disallowed_methods, reason = "the place of the test data is the test's own configuration")]
fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/conformance"));
    let folder = std::env::var_os("WAYPOST_CONFORMANCE").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "the conformance data must be at {}", folder.display());
        eprintln!("skipped: no conformance data at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The conformance file of that name, if the data is there.
fn load(name: &str) -> Option<Value> {
    let text = std::fs::read_to_string(folder()?.join(name)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// Compares what differed with what is known to differ.
fn assert_only(differed: &[String], deviations: &[(&str, &str)]) {
    let differed: BTreeSet<&str> = differed.iter().map(String::as_str).collect();
    let known: BTreeSet<&str> = deviations.iter().map(|(case, _reason)| *case).collect();
    assert_eq!(differed, known, "left: cases that differ; right: the deviations listed");
}

/// The elements of an array member, of which there must be some.
fn cases<'a>(document: &'a Value, member: &str) -> &'a [Value] {
    let cases = document[member].as_array().unwrap();
    assert!(!cases.is_empty(), "no cases in {member}");
    cases
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
