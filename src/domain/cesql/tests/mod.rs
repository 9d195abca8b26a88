//! Expressions and what they give, for events of their own.

mod differential;
mod limits;
mod parse;
mod values;
mod warnings;

use std::collections::BTreeMap;

use super::*;

/// The attributes of an event, by name.
#[derive(Debug, Clone, Default)]
struct Sample(BTreeMap<&'static str, (String, Kind)>);

impl Attributes for Sample {
    fn attribute(&self, name: &str) -> Option<(&str, Kind)> {
        self.0.get(name).map(|(value, kind)| (value.as_str(), *kind))
    }
}

/// An event with all types of attributes. `ghost` is not among them.
fn sample() -> Sample {
    let strings = [
        ("specversion", "1.0"),
        ("id", "1"),
        ("source", "/orders/eu"),
        ("type", "com.example.created"),
        ("subject", "Grün"),
        ("sequence", "5"),
        ("word", "yes"),
    ];
    let mut attributes: BTreeMap<_, _> =
        strings.into_iter().map(|(name, value)| (name, (value.to_owned(), Kind::String))).collect();
    attributes.insert("number", ("-7".to_owned(), Kind::Integer));
    attributes.insert("flag", ("true".to_owned(), Kind::Boolean));
    Sample(attributes)
}

/// What an expression gives for [`sample`], written as `value` or `value!errors`.
fn give(text: &str) -> String {
    let (expression, event) = (Expression::parse(text).unwrap(), sample());
    let Outcome { value, errors } = expression.evaluate(&event);
    let value = match value {
        Value::String(text) => format!("'{text}'"),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
    };
    errors.iter().fold(value, |given, kind| format!("{given}!{}", kind.name()))
}
