//! The test kit of CESQL 1.0.0: every expression with its value and error.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use waypost::domain::cesql::{Attributes, ErrorKind, Errors, Expression, Value};
use waypost::domain::event::Kind;

use super::{assert_only, text};

const DEVIATIONS: &[(&str, &str)] = &[(
    "Not operator: Invalid int cast",
    "`NOT 10` casts 10 to `true` (CESQL 3.7), so it is `false` without an error; the kit still has what an earlier draft said",
)];

/// Cases of the kit, so that none is lost by how it is read.
const CASES: usize = 275;

#[derive(Deserialize)]
struct Suite {
    name: String,
    tests: Vec<Case>,
}

/// One case. As a text, the expression is what stands in the file: `TRUE` would be read as a truth otherwise.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    name: String,
    expression: String,
    result: Option<Json>,
    error: Option<String>,
    event: Option<Map<String, Json>>,
    #[serde(default)]
    event_overrides: Map<String, Json>,
}

/// The attributes of a case, in their own types.
struct Sample(BTreeMap<String, (String, Kind)>);

impl Attributes for Sample {
    fn attribute(&self, name: &str) -> Option<(&str, Kind)> {
        self.0.get(name).map(|(value, kind)| (value.as_str(), *kind))
    }
}

/// The event of a case: its own, or one with all core attributes, changed as the case says.
fn event(case: &Case) -> Sample {
    let default = || {
        json!({"specversion": "1.0", "id": "1", "source": "/source", "type": "type", "time": "2026-11-21T04:34:00Z",
            "datacontenttype": "application/json", "dataschema": "https://example.com/schema", "subject": "the subject"})
    };
    let mut members = case.event.clone().unwrap_or_else(|| default().as_object().unwrap().clone());
    members.extend(case.event_overrides.clone());
    let attributes = members.into_iter().map(|(name, value)| match value {
        Json::Bool(truth) => (name, (truth.to_string(), Kind::Boolean)),
        Json::Number(number) => (name, (number.to_string(), Kind::Integer)),
        other => (name, (text(&other).to_owned(), Kind::String)),
    });
    Sample(attributes.collect())
}

fn error_kind(name: &str) -> ErrorKind {
    match name {
        "math" => ErrorKind::Math,
        "cast" => ErrorKind::Cast,
        "missingAttribute" => ErrorKind::MissingAttribute,
        "missingFunction" => ErrorKind::MissingFunction,
        "functionEvaluation" => ErrorKind::FunctionEvaluation,
        other => panic!("the kit has a kind of error that is not known here: {other}"),
    }
}

fn value(json: &Json) -> Value<'_> {
    match json {
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Number(number) => Value::Integer(number.as_i64().unwrap().try_into().unwrap()),
        other => Value::String(text(other).into()),
    }
}

/// What a case gives otherwise than the kit says.
fn difference(case: &Case) -> Option<String> {
    let expression = match (Expression::parse(&case.expression), case.error.as_deref()) {
        (Err(_), Some("parse")) => return None,
        (Ok(expression), wanted) if wanted != Some("parse") => expression,
        (parsed, wanted) => return Some(format!("parsed {parsed:?}, wanted {wanted:?}")),
    };
    let event = event(case);
    let outcome = expression.evaluate(&event);
    let errors = case.error.as_deref().map_or(Errors::NONE, |kind| Errors::of(error_kind(kind)));
    let is_right = outcome.errors == errors && case.result.as_ref().is_none_or(|result| outcome.value == value(result));
    let passes = outcome.errors.is_empty().then_some(outcome.value == Value::Boolean(true)).ok_or(());
    let is_consistent = expression.passes(&event).map_err(drop) == passes;
    (!is_right || !is_consistent).then(|| format!("{outcome:?}, as a filter {passes:?}"))
}

#[test]
fn test_kit_of_cesql_passes_but_for_one_case_that_contradicts_the_text() {
    let Some(folder) = super::folder() else { return };
    let mut files: Vec<_> = std::fs::read_dir(folder.join("cesql_tck")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let (mut differed, mut count) = (Vec::new(), 0);
    for file in files {
        let suite: Suite = serde_yaml_ng::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for case in &suite.tests {
            count += 1;
            if let Some(difference) = difference(case) {
                let name = format!("{}: {}", suite.name, case.name);
                eprintln!("{name}: {}: {difference}", case.expression);
                differed.push(name);
            }
        }
    }
    assert_eq!(count, CASES);
    assert_only(&differed, DEVIATIONS);
}
