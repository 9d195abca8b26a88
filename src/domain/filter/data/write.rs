//! Expressions to JSON, always in the long form: a condition that was written as a value alone comes back as `eq`.

use serde::ser::{Error, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::{Bound, Clause, Condition, Decimal, Expression, Scalar, Wanted};

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.clauses.iter().map(|Clause { pointer, wanted }| (pointer.as_str(), wanted)))
    }
}

impl Serialize for Wanted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Nothing => map.serialize_entry("exists", &false)?,
            Self::Value(conditions) => {
                for condition in conditions {
                    map.serialize_key(condition.name())?;
                    match condition {
                        Condition::Eq(value) | Condition::Ne(value) | Condition::Contains(value) => map.serialize_value(value)?,
                        Condition::In(values) => map.serialize_value(values)?,
                        Condition::Gt(bound) | Condition::Gte(bound) | Condition::Lt(bound) | Condition::Lte(bound) => {
                            map.serialize_value(bound)?;
                        }
                        Condition::Prefix(text) | Condition::Suffix(text) => map.serialize_value(text)?,
                        Condition::Exists => map.serialize_value(&true)?,
                        Condition::Like(like) => map.serialize_value(&like.text)?,
                        Condition::Cidr(networks) => map.serialize_value(networks)?,
                    }
                }
            }
        }
        map.end()
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl Serialize for Decimal {
    /// As it was written, digit by digit; only `serde_json` can do that, and only into a text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}
