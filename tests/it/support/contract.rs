//! The API document as a judge: every answer that a test sees must be one that `openapi/openapi.json` describes.
//!
//! It is stricter than the document: a member that is not described is a fault, although JSON Schema would let it pass.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The document.
const DOCUMENT: &str = include_str!("../../../openapi/openapi.json");

/// The judge.
pub(crate) struct Contract {
    document: Value,
    /// The document's schemas, closed to what they do not describe.
    schemas: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// An answer to be judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed<'a> {
    pub method: &'a str,
    /// The path of the request, without its query.
    pub path: &'a str,
    pub status: u16,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

impl Contract {
    /// The one of all tests.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Contract> = OnceLock::new();
        SHARED.get_or_init(|| Self::new(serde_json::from_str(DOCUMENT).unwrap()))
    }

    /// A judge by `document`.
    pub(crate) fn new(document: Value) -> Self {
        let schemas = closed(document["components"]["schemas"].clone());
        Self { document, schemas, validators: Mutex::default() }
    }

    /// The document itself.
    pub(crate) fn document(&self) -> &Value {
        &self.document
    }

    /// Every operation: method in capitals, path template and description.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (String, &str, &Value)> {
        self.document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| (method.to_ascii_uppercase(), path.as_str(), operation))
        })
    }

    /// Says what the document does not foresee of an answer.
    pub(crate) fn check(&self, observed: Observed<'_>) -> Result<(), String> {
        let judged = match self.operation(observed.method, observed.path) {
            Known(operation) => self.check_response(operation, observed),
            OtherMethod => self.check_problem(observed, 405),
            OtherPath => self.check_problem(observed, 404),
        };
        judged.map_err(|fault| {
            let Observed { method, path, status, body, .. } = observed;
            format!("{method} {path} → {status} breaks the contract: {fault}\n{}", String::from_utf8_lossy(body))
        })
    }

    fn operation(&self, method: &str, path: &str) -> Found<'_> {
        let paths = self.document["paths"].as_object().unwrap();
        // A literal path wins over a template.
        let item = paths.get(path).or_else(|| paths.iter().find(|(template, _)| fits(template, path)).map(|(_, item)| item));
        let Some(item) = item else { return OtherPath };
        // Whatever answers GET answers HEAD, with no body.
        let method = if method == "HEAD" { "get".to_owned() } else { method.to_ascii_lowercase() };
        item.get(method).map_or(OtherMethod, Known)
    }

    fn check_response(&self, operation: &Value, observed: Observed<'_>) -> Result<(), String> {
        let responses = &operation["responses"];
        let response = responses.get(observed.status.to_string()).or_else(|| responses.get("default"));
        let response = response.ok_or("this status is not described")?;
        let described = response.get("content").and_then(Value::as_object).filter(|content| !content.is_empty());
        let media_type = observed.content_type.map(|text| text.split(';').next().unwrap_or_default().trim());
        match (described, media_type) {
            _ if observed.method == "HEAD" => Ok(()),
            (None, None) if observed.body.is_empty() => Ok(()),
            (None, _) => Err("a body is not described".into()),
            (Some(_), None) => Err("there is no content type".into()),
            (Some(content), Some(media_type)) => {
                let schema = content.get(media_type).ok_or_else(|| format!("`{media_type}` is not described"))?;
                if media_type.ends_with("json") { self.check_schema(&schema["schema"], observed.body) } else { Ok(()) }
            }
        }
    }

    fn check_problem(&self, observed: Observed<'_>, status: u16) -> Result<(), String> {
        if observed.method == "HEAD" {
            return Ok(());
        }
        // Who is asked is found out before what is asked for, so 401 may come first.
        if observed.status != status || observed.content_type != Some("application/problem+json") {
            return Err(format!("the document has no such operation, so a {status} problem was expected"));
        }
        self.check_schema(&json!({ "$ref": "#/components/schemas/Problem" }), observed.body)
    }

    fn check_schema(&self, schema: &Value, body: &[u8]) -> Result<(), String> {
        let body: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
        let validator = self.validator(schema);
        let faults: Vec<String> =
            validator.iter_errors(&body).map(|fault| format!("at `{}`: {fault}", fault.instance_path())).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let made = validators.entry(schema.to_string()).or_insert_with(|| {
            let whole = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "allOf": [schema],
                "components": { "schemas": self.schemas },
            });
            Arc::new(jsonschema::options().should_validate_formats(true).build(&whole).expect("the document's schemas are valid"))
        });
        Arc::clone(made)
    }
}

enum Found<'a> {
    Known(&'a Value),
    OtherMethod,
    OtherPath,
}
use Found::{Known, OtherMethod, OtherPath};

fn fits(template: &str, path: &str) -> bool {
    let (mut templates, mut parts) = (template.split('/'), path.split('/'));
    loop {
        match (templates.next(), parts.next()) {
            (None, None) => return true,
            (Some(template), Some(part)) if template == part || (template.starts_with('{') && !part.is_empty()) => {}
            _ => return false,
        }
    }
}

/// Closes every object to members it does not describe; those that are composed are closed where they are composed.
fn closed(schemas: Value) -> Value {
    let mut parts = BTreeSet::new();
    composed(&schemas, &mut parts);
    let Value::Object(schemas) = schemas else { panic!("schemas are an object") };
    let close = |(name, mut schema): (String, Value)| {
        let Some(members) = schema.as_object_mut() else { return (name, schema) };
        if members.contains_key("allOf") {
            members.insert("unevaluatedProperties".into(), json!(false));
        } else if members.contains_key("properties") && !parts.contains(&name) {
            members.entry("additionalProperties").or_insert(json!(false));
        }
        (name, schema)
    };
    Value::Object(schemas.into_iter().map(close).collect::<Map<_, _>>())
}

/// The names of the schemas that are parts of others.
fn composed(value: &Value, names: &mut BTreeSet<String>) {
    if let Some(parts) = value.get("allOf").and_then(Value::as_array) {
        let references = parts.iter().filter_map(|part| part["$ref"].as_str());
        names.extend(references.filter_map(|reference| reference.rsplit('/').next()).map(str::to_owned));
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| composed(member, names)),
        Value::Array(items) => items.iter().for_each(|item| composed(item, names)),
        _ => {}
    }
}

#[test]
fn undocumented_answers_are_faults() {
    let contract = Contract::shared();
    let at = |method, path, status, content_type, body: &'static str| {
        contract.check(Observed { method, path, status, content_type: Some(content_type), body: body.as_bytes() })
    };
    let json = "application/json";
    assert_eq!(at("GET", "/v1/subscriptions", 200, json, r#"{"data":[],"next":null}"#), Ok(()));
    for (method, path, status, content_type, body) in [
        ("GET", "/v1/subscriptions", 200, json, r#"{"data":[]}"#),
        ("GET", "/v1/subscriptions", 200, json, r#"{"data":[],"next":null,"total":3}"#),
        ("GET", "/v1/subscriptions", 200, "text/html", r#"{"data":[],"next":null}"#),
        ("GET", "/v1/subscriptions", 418, json, r#"{"data":[],"next":null}"#),
        ("GET", "/v1/unheard-of", 200, json, "{}"),
        ("PATCH", "/v1/subscriptions", 200, json, "{}"),
        ("GET", "/v1/deliveries/x", 404, "application/problem+json", r#"{"title":"?"}"#),
    ] {
        assert!(at(method, path, status, content_type, body).is_err(), "{method} {path} {status} {content_type} {body}");
    }
}
