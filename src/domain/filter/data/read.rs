//! Expressions from JSON, within bounds, with errors that say what to write instead.
//!
//! What stands at a pointer is taken as raw text: read by way of a floating-point number, a number would lose digits.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::number::Number;
use super::{Bound, Clause, Condition, Decimal, Expression, Like, MAX_EXPONENT_DIGITS, Pointer, Scalar, Wanted};
use crate::domain::like;

/// Pointers of one expression, at most.
pub const MAX_POINTERS: usize = 32;

/// Values in the list of `in`, and networks in that of `cidr`, at most.
pub const MAX_LIST: usize = 100;

/// Bytes of a string or a number that values are compared with, at most.
pub const MAX_TEXT_BYTES: usize = 1024;

const NAMES: &str = "`eq`, `ne`, `in`, `gt`, `gte`, `lt`, `lte`, `prefix`, `suffix`, `contains`, `exists`, `like` and `cidr`";

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClausesVisitor)
    }
}

struct ClausesVisitor;

impl<'de> Visitor<'de> for ClausesVisitor {
    type Value = Expression;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of JSON Pointers and conditions")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Expression, A::Error> {
        let mut clauses: Vec<Clause> = Vec::new();
        while let Some(text) = map.next_key::<String>()? {
            let pointer = Pointer::parse(&text).map_err(Error::custom)?;
            if clauses.iter().any(|clause| clause.pointer == pointer) {
                return Err(Error::custom(format!("the JSON Pointer `{text}` is given more than once")));
            }
            if clauses.len() == MAX_POINTERS {
                return Err(Error::custom(format!("has more than {MAX_POINTERS} JSON Pointers")));
            }
            clauses.push(Clause { pointer, wanted: map.next_value()? });
        }
        if clauses.is_empty() {
            return Err(Error::custom("must have at least one JSON Pointer"));
        }
        Ok(Expression::new(clauses.into()))
    }
}

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if !raw.get().starts_with('{') {
            let value = scalar(&raw).map_err(|detail| Error::custom(format!("{detail}, or an object of conditions")))?;
            return Ok(Self::Value([Condition::Eq(value)].into()));
        }
        let Conditions(members) = serde_json::from_str(raw.get()).map_err(Error::custom)?;
        wanted(&members).map_err(Error::custom)
    }
}

/// The members of an object of conditions, none twice.
struct Conditions(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConditionsVisitor)
    }
}

struct ConditionsVisitor;

impl<'de> Visitor<'de> for ConditionsVisitor {
    type Value = Conditions;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of conditions")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Conditions, A::Error> {
        let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
        while let Some(member) = map.next_entry::<String, Box<RawValue>>()? {
            if members.iter().any(|(name, _)| *name == member.0) {
                return Err(Error::custom(format!("the condition `{}` is given more than once", member.0)));
            }
            members.push(member);
        }
        Ok(Conditions(members))
    }
}

/// What the conditions of one pointer say together.
fn wanted(members: &[(String, Box<RawValue>)]) -> Result<Wanted, String> {
    let read = |(name, operand): &(String, Box<RawValue>)| {
        condition(name, operand).map_err(|detail| if detail.is_empty() { unknown(name) } else { format!("`{name}` {detail}") })
    };
    let conditions = members.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if conditions.is_empty() {
        return Err(format!("must have at least one condition of {NAMES}"));
    }
    if conditions.iter().all(Option::is_some) {
        return Ok(Wanted::Value(conditions.into_iter().flatten().collect()));
    }
    if conditions.len() > 1 {
        return Err(
            "`exists` with `false` can't be together with other conditions: where nothing is, none of them holds".to_owned()
        );
    }
    Ok(Wanted::Nothing)
}

fn unknown(name: &str) -> String {
    format!("unknown condition `{name}`, expected one of {NAMES}")
}

/// One condition; `None` for `exists` with `false`. An error without a text says that there is none of this name.
fn condition(name: &str, operand: &RawValue) -> Result<Option<Condition>, String> {
    Ok(Some(match name {
        "eq" => Condition::Eq(scalar(operand)?),
        "ne" => Condition::Ne(scalar(operand)?),
        "in" => Condition::In(list(operand)?.iter().map(|value| scalar(value)).collect::<Result<_, _>>()?),
        "gt" => Condition::Gt(bound(operand)?),
        "gte" => Condition::Gte(bound(operand)?),
        "lt" => Condition::Lt(bound(operand)?),
        "lte" => Condition::Lte(bound(operand)?),
        "prefix" => Condition::Prefix(text(operand)?),
        "suffix" => Condition::Suffix(text(operand)?),
        "contains" => Condition::Contains(contained(operand)?),
        "exists" => match operand.get() {
            "true" => Condition::Exists,
            "false" => return Ok(None),
            _ => return Err("must be `true` or `false`".to_owned()),
        },
        "like" => Condition::Like(pattern(operand)?),
        "cidr" => Condition::Cidr(networks(operand)?),
        _ => return Err(String::new()),
    }))
}

fn scalar(operand: &RawValue) -> Result<Scalar, String> {
    let raw = operand.get();
    Ok(match raw.as_bytes().first() {
        Some(b'n') => Scalar::Null,
        Some(b't') => Scalar::Boolean(true),
        Some(b'f') => Scalar::Boolean(false),
        Some(b'"') => Scalar::Text(bounded(operand)?),
        Some(b'{' | b'[') | None => return Err("must be a string, a number, `true`, `false` or `null`".to_owned()),
        Some(_) => Scalar::Number(number(raw)?),
    })
}

fn bound(operand: &RawValue) -> Result<Bound, String> {
    match scalar(operand) {
        Ok(Scalar::Number(number)) => Ok(Bound::Number(number)),
        Ok(Scalar::Text(text)) => Ok(Bound::Text(text)),
        Err(detail) if !operand.get().starts_with(['{', '[']) => Err(detail),
        _ => Err("must be a number or a string".to_owned()),
    }
}

fn number(raw: &str) -> Result<Decimal, String> {
    if raw.len() > MAX_TEXT_BYTES {
        return Err(format!("must have at most {MAX_TEXT_BYTES} characters"));
    }
    match Number::new(raw) {
        Some(_) => Ok(Decimal(raw.into())),
        None => Err(format!("must have an exponent of at most {MAX_EXPONENT_DIGITS} digits")),
    }
}

/// A string that is not empty: one that is would hold for every string.
fn text(operand: &RawValue) -> Result<Box<str>, String> {
    let text = bounded(operand)?;
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text) }
}

fn contained(operand: &RawValue) -> Result<Scalar, String> {
    match scalar(operand)? {
        Scalar::Text(text) if text.is_empty() => Err("must not be empty".to_owned()),
        value => Ok(value),
    }
}

fn bounded(operand: &RawValue) -> Result<Box<str>, String> {
    let text: Box<str> = serde_json::from_str(operand.get()).map_err(|_| "must be a string".to_owned())?;
    if text.len() > MAX_TEXT_BYTES { Err(format!("must have at most {MAX_TEXT_BYTES} bytes")) } else { Ok(text) }
}

fn pattern(operand: &RawValue) -> Result<Like, String> {
    let text = bounded(operand)?;
    let detail = || format!("may have at most {} characters between two `%` if one of them is `_`", like::MAX_WILD);
    Ok(Like { pattern: like::Pattern::new(&text).ok_or_else(detail)?, text })
}

fn networks(operand: &RawValue) -> Result<Vec<IpNet>, String> {
    if operand.get().starts_with('"') {
        return Ok(vec![network(operand)?]);
    }
    list(operand)?.iter().map(|value| network(value)).collect()
}

fn network(operand: &RawValue) -> Result<IpNet, String> {
    let text = bounded(operand)?;
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| format!("must be networks as `10.0.0.0/8` or `2001:db8::/32`, or addresses; `{text}` is neither"))
}

fn list(operand: &RawValue) -> Result<Vec<&RawValue>, String> {
    let values: Vec<&RawValue> = serde_json::from_str(operand.get()).map_err(|_| "must be an array".to_owned())?;
    match values.len() {
        0 => Err("must have at least one value".to_owned()),
        1..=MAX_LIST => Ok(values),
        _ => Err(format!("must have at most {MAX_LIST} values")),
    }
}
