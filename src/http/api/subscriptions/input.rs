//! What an owner writes, read into a [`Spec`] that may be stored.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::view;
use crate::config::Config;
use crate::domain::subscription::{Credential, Spec, Subscription, validate};
use crate::http::api::wire::decode;
use crate::http::problem::{Problem, Result};

/// The members of a body, each as it was written: in a tree of values, numbers would lose digits.
pub(in crate::http::api) type Members = BTreeMap<String, Box<RawValue>>;

/// Objects inside each other that a patch is merged into; no member of a subscription lies so deep, and what does is refused.
const MAX_MERGE_DEPTH: usize = 16;

/// Members that an answer has and its owner does not write, each with how it is changed instead.
const READ_ONLY: [(&str, &str); 4] = [
    ("id", "is made by the server and never changes"),
    ("status", "is changed by `/pause`, `/resume` and `/verify`"),
    ("disabled_reason", "is set by the server; `/resume` enables the subscription again"),
    ("secret", "is made by the server; `/secrets/rotate` makes another"),
];

/// Members that an answer has and that mean nothing in a body, so that what was read may be written back.
const IGNORED: [&str; 5] = ["warnings", "handshake", "health", "created_at", "updated_at"];

/// The sink of a draft that has none: a name that leads nowhere (RFC 2606).
const NO_SINK: &str = "https://sink.invalid/";

/// The spec of a subscription to be created. An `id` is ignored (SPECS SU-1).
///
/// # Errors
/// 400 with a pointer for each fault.
pub(super) fn created(mut members: Members, config: &Config) -> Result<Spec> {
    members.remove("id");
    refuse_read_only(&mut members, &Members::new())?;
    valid(&members, config)
}

/// The spec of a subscription that is only tried: as [`created`], but nothing is delivered, so it needs no sink.
///
/// # Errors
/// 400 with a pointer for each fault.
pub(in crate::http::api) fn draft(mut members: Members, config: &Config) -> Result<Spec> {
    if !members.contains_key("sink") {
        members.insert("sink".into(), to_raw_value(NO_SINK).map_err(|error| Problem::internal(&error))?);
    }
    created(members, config)
}

/// The spec that replaces a stored one. Read-only members may be present unchanged.
///
/// # Errors
/// 400 with a pointer for each fault.
pub(super) fn replaced(mut members: Members, stored: &Subscription, config: &Config) -> Result<Spec> {
    refuse_read_only(&mut members, &shown(stored)?)?;
    keep_credential(&mut members, stored)?;
    valid(&members, config)
}

/// The stored spec with a JSON merge patch applied (RFC 7396).
///
/// # Errors
/// 400 with a pointer for each fault.
pub(super) fn patched(mut patch: Members, stored: &Subscription, config: &Config) -> Result<Spec> {
    spell_dead_letter_sink(&mut patch);
    refuse_read_only(&mut patch, &shown(stored)?)?;
    let mut members = members_of(&stored.spec)?;
    merge(&mut members, patch, 0);
    valid(&members, config)
}

/// A value as a body would have it.
fn members_of<T: Serialize>(value: &T) -> Result<Members> {
    let text = serde_json::to_string(value).map_err(|error| Problem::internal(&error))?;
    serde_json::from_str(&text).map_err(|error| Problem::internal(&error))
}

/// Knative's spelling becomes ours, so that it patches the member there is.
fn spell_dead_letter_sink(patch: &mut Members) {
    let Some(mut config) = patch.get("config").and_then(|config| object(config)) else { return };
    if !config.contains_key("dead_letter_sink")
        && let Some(sink) = config.remove("deadLetterSink")
    {
        config.insert("dead_letter_sink".to_owned(), sink);
        if let Ok(config) = to_raw_value(&config) {
            patch.insert("config".to_owned(), config);
        }
    }
}

fn refusal() -> Problem {
    Problem::invalid_request("The subscription is not valid; nothing was changed.")
}

/// What a reader of the subscription sees.
fn shown(stored: &Subscription) -> Result<Members> {
    members_of(&view::Subscription::from(stored.clone()))
}

/// Whether two texts are the same value.
fn is_same(left: &RawValue, right: &RawValue) -> bool {
    let read = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok();
    read(left).is_some_and(|value| Some(value) == read(right))
}

/// Takes read-only members away that are as they are shown, and what changes by itself in any case; refuses others.
fn refuse_read_only(members: &mut Members, shown: &Members) -> Result<()> {
    for name in IGNORED {
        members.remove(name);
    }
    let is_as_shown = |name: &str, value: &RawValue| shown.get(name).is_some_and(|shown| is_same(shown, value));
    let wrong = READ_ONLY.into_iter().filter(|(name, _)| members.remove(*name).is_some_and(|value| !is_as_shown(name, &value)));
    let problem = wrong.fold(None, |problem: Option<Problem>, (name, sentence)| {
        Some(problem.unwrap_or_else(refusal).at_pointer(format!("/{name}"), sentence))
    });
    problem.map_or(Ok(()), Err)
}

/// A credential that only names its type, as it is shown, means the stored one of that type.
fn keep_credential(members: &mut Members, stored: &Subscription) -> Result<()> {
    let Some(credential) = &stored.spec.sinkcredential else { return Ok(()) };
    let name = view::credential_type(credential);
    let as_shown = to_raw_value(&serde_json::json!({ "credentialtype": name })).map_err(|error| Problem::internal(&error))?;
    if members.get("sinkcredential").is_some_and(|given| is_same(given, &as_shown)) {
        let kept = to_raw_value::<Credential>(credential).map_err(|error| Problem::internal(&error))?;
        members.insert("sinkcredential".into(), kept);
    }
    Ok(())
}

/// Applies a JSON merge patch (RFC 7396 section 2) to members that lie `depth` objects deep.
fn merge(target: &mut Members, patch: Members, depth: usize) {
    for (name, value) in patch {
        if value.get() == "null" {
            target.remove(&name);
        } else if depth < MAX_MERGE_DEPTH
            && let Some(below) = object(&value)
        {
            let mut merged = target.get(&name).and_then(|value| object(value)).unwrap_or_default();
            merge(&mut merged, below, depth + 1);
            // Members are text already: this only puts brackets around them.
            target.insert(name, to_raw_value(&merged).unwrap_or(value));
        } else {
            target.insert(name, value);
        }
    }
}

/// The members of a value, if it is an object.
fn object(value: &RawValue) -> Option<Members> {
    serde_json::from_str(value.get()).ok()
}

/// Reads and validates.
fn valid(members: &Members, config: &Config) -> Result<Spec> {
    let text = serde_json::to_vec(members).map_err(|error| Problem::internal(&error))?;
    let spec: Spec = decode(&text)?;
    let mut faults = validate::spec(&spec).err().unwrap_or_default();
    let sinks = [("/sink", Some(&spec.sink)), ("/config/dead_letter_sink", spec.config.dead_letter_sink.as_ref())];
    for (pointer, sink) in sinks {
        if sink.is_some_and(|sink| is_plain_http(sink)) && !(config.dev || config.egress.allow_http) {
            let detail = "must be `https`: this server does not send over plain http (`egress.allow_http`)";
            faults.push((pointer.into(), detail.into()));
        }
    }
    if faults.is_empty() {
        return Ok(spec);
    }
    Err(faults.into_iter().fold(refusal(), |problem, (pointer, detail)| problem.at_pointer(pointer, detail)))
}

fn is_plain_http(sink: &str) -> bool {
    sink.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("http"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merge_patch_follows_the_examples_of_rfc_7396() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({"a": [1, 2]}), json!({"a": {"b": 1, "c": null}}), json!({"a": {"b": 1}})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (target, patch, expected) in cases {
            let mut merged = members_of(&target).unwrap();
            merge(&mut merged, members_of(&patch).unwrap(), 0);
            assert_eq!(serde_json::to_value(merged).unwrap(), expected);
        }
    }

    #[test]
    fn patches_of_any_depth_are_merged_in_bounded_time() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(50_000), "}".repeat(50_000));
        let mut merged = Members::new();
        merge(&mut merged, serde_json::from_str(&deep).unwrap(), 0);
        assert_eq!(serde_json::to_string(&merged).unwrap(), deep);
    }

    #[test]
    fn merge_keeps_numbers_as_they_are_written() {
        let text = |members: &Members| serde_json::to_string(members).unwrap();
        let members = |text: &str| serde_json::from_str::<Members>(text).unwrap();
        let mut merged = members(r#"{"a":{"b":12345678901234567890124,"c":1e999}}"#);
        merge(&mut merged, members(r#"{"a":{"d":0.10000000000000000000000001,"c":null}}"#), 0);
        assert_eq!(text(&merged), r#"{"a":{"b":12345678901234567890124,"d":0.10000000000000000000000001}}"#);
    }
}
