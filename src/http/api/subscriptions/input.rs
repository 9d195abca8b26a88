//! What an owner writes, read into a [`Spec`] that may be stored.

use serde_json::{Map, Value};

use super::view;
use crate::config::Config;
use crate::domain::subscription::{Credential, Spec, Subscription, validate};
use crate::http::api::wire::decode;
use crate::http::problem::{Problem, Result};

/// Members that an answer has and its owner does not write, each with how it is changed instead.
const READ_ONLY: [(&str, &str); 4] = [
    ("id", "is made by the server and never changes"),
    ("status", "is changed by `/pause`, `/resume` and `/verify`"),
    ("disabled_reason", "is set by the server; `/resume` enables the subscription again"),
    ("secret", "is made by the server; `/secrets/rotate` makes another"),
];

/// Members that an answer has and that mean nothing in a body, so that what was read may be written back.
const IGNORED: [&str; 3] = ["warnings", "created_at", "updated_at"];

/// The spec of a subscription to be created. An `id` is ignored (SPECS SU-1).
///
/// # Errors
/// 400 with a pointer for each fault.
pub(super) fn created(body: Value, config: &Config) -> Result<Spec> {
    let mut members = object(body)?;
    members.remove("id");
    refuse_read_only(&mut members, &Map::new())?;
    valid(members, config)
}

/// The spec that replaces a stored one. Read-only members may be present unchanged.
///
/// # Errors
/// 400 with a pointer for each fault.
pub(super) fn replaced(body: Value, stored: &Subscription, config: &Config) -> Result<Spec> {
    let mut members = object(body)?;
    refuse_read_only(&mut members, &shown(stored)?)?;
    keep_credential(&mut members, stored)?;
    valid(members, config)
}

/// The stored spec with a JSON merge patch applied (RFC 7396).
///
/// # Errors
/// 400 with a pointer for each fault.
pub(super) fn patched(patch: Value, stored: &Subscription, config: &Config) -> Result<Spec> {
    let mut patch = object(patch)?;
    refuse_read_only(&mut patch, &shown(stored)?)?;
    let mut members = serde_json::to_value(&stored.spec).map_err(|error| Problem::internal(&error))?;
    merge(&mut members, Value::Object(patch));
    valid(object(members)?, config)
}

fn object(value: Value) -> Result<Map<String, Value>> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(refusal().at_pointer("", "expected a JSON object")),
    }
}

fn refusal() -> Problem {
    Problem::invalid_request("The subscription is not valid; nothing was changed.")
}

/// What a reader of the subscription sees.
fn shown(stored: &Subscription) -> Result<Map<String, Value>> {
    let view = view::Subscription::from(stored.clone());
    object(serde_json::to_value(view).map_err(|error| Problem::internal(&error))?)
}

/// Takes read-only members away that are as they are shown, and warnings and times in any case; refuses others.
fn refuse_read_only(members: &mut Map<String, Value>, shown: &Map<String, Value>) -> Result<()> {
    for name in IGNORED {
        members.remove(name);
    }
    let wrong =
        READ_ONLY.into_iter().filter(|(name, _)| members.remove(*name).is_some_and(|value| shown.get(*name) != Some(&value)));
    let problem = wrong.fold(None, |problem: Option<Problem>, (name, sentence)| {
        Some(problem.unwrap_or_else(refusal).at_pointer(format!("/{name}"), sentence))
    });
    problem.map_or(Ok(()), Err)
}

/// A credential that only names its type, as it is shown, means the stored one of that type.
fn keep_credential(members: &mut Map<String, Value>, stored: &Subscription) -> Result<()> {
    let Some(credential) = &stored.spec.sinkcredential else { return Ok(()) };
    let name = view::credential_type(credential);
    let is_as_shown = members.get("sinkcredential").is_some_and(|given| *given == serde_json::json!({ "credentialtype": name }));
    if is_as_shown {
        let kept = serde_json::to_value::<&Credential>(credential).map_err(|error| Problem::internal(&error))?;
        members.insert("sinkcredential".into(), kept);
    }
    Ok(())
}

/// Applies a JSON merge patch (RFC 7396 section 2).
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(members) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// Reads and validates.
fn valid(members: Map<String, Value>, config: &Config) -> Result<Spec> {
    let spec: Spec = decode(Value::Object(members))?;
    let mut faults = validate::spec(&spec).err().unwrap_or_default();
    if is_plain_http(&spec.sink) && !(config.dev || config.egress.allow_http) {
        faults.push(("/sink".into(), "must be `https`: this server does not send over plain http (`egress.allow_http`)".into()));
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
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (mut target, patch, expected) in cases {
            merge(&mut target, patch);
            assert_eq!(target, expected);
        }
    }
}
