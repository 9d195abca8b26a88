//! Filters from JSON, with errors that say what to write instead.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use super::Filter;
use crate::domain::cesql::{Expression, ParseError};
use crate::domain::event::rules::is_name;

const DIALECTS: &[&str] = &["exact", "prefix", "suffix", "sql", "data", "all", "any", "not"];
const EXPECTING: &str =
    "a filter: an object with exactly one of `exact`, `prefix`, `suffix`, `sql`, `data`, `all`, `any` and `not`";

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FilterVisitor)
    }
}

struct FilterVisitor;

impl<'de> Visitor<'de> for FilterVisitor {
    type Value = Filter;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(EXPECTING)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Filter, A::Error> {
        let Some(dialect) = map.next_key::<String>()? else { return Err(Error::custom(format!("empty; expected {EXPECTING}"))) };
        let filter = match dialect.as_str() {
            "exact" => Filter::Exact(map.next_value::<Wanted>()?.0),
            "prefix" => Filter::Prefix(map.next_value::<Wanted>()?.0),
            "suffix" => Filter::Suffix(map.next_value::<Wanted>()?.0),
            "all" => Filter::All(map.next_value::<Expressions>()?.0),
            "any" => Filter::Any(map.next_value::<Expressions>()?.0),
            "not" => Filter::Not(map.next_value()?),
            // Knative's name; what is shown and stored is `sql` (SPECS SU-12).
            "sql" | "cesql" => Filter::Sql(map.next_value::<Sql>()?.0),
            "data" => Filter::Data(map.next_value()?),
            unknown => return Err(Error::unknown_field(unknown, DIALECTS)),
        };
        match map.next_key::<String>()? {
            None => Ok(filter),
            Some(second) => {
                let detail =
                    format!("has both `{dialect}` and `{second}`; a filter has one dialect, `all` joins several filters");
                Err(Error::custom(detail))
            }
        }
    }
}

/// The attributes of `exact`, `prefix` or `suffix`: at least one, none twice, all with a value.
struct Wanted(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WantedVisitor).map(Self)
    }
}

struct WantedVisitor;

impl<'de> Visitor<'de> for WantedVisitor {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of attribute names and strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut wanted = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if !is_name(&name) {
                let expected = &"the name of an attribute: lower-case letters and digits, and not `data`";
                return Err(Error::invalid_value(Unexpected::Str(&name), expected));
            }
            if wanted.contains_key(&name) {
                return Err(Error::custom(format!("the attribute `{name}` is given more than once")));
            }
            let value: String = map.next_value()?;
            if value.is_empty() {
                return Err(Error::custom(format!("the value for the attribute `{name}` must not be empty")));
            }
            wanted.insert(name, value);
        }
        if wanted.is_empty() {
            return Err(Error::custom("must name at least one attribute"));
        }
        Ok(wanted)
    }
}

/// The expression of `sql`.
struct Sql(Box<Expression>);

impl<'de> Deserialize<'de> for Sql {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SqlVisitor).map(Self)
    }
}

struct SqlVisitor;

impl Visitor<'_> for SqlVisitor {
    type Value = Box<Expression>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string with a CESQL expression")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let refused = |error: &ParseError| Error::custom(format!("is no CESQL expression to filter by: {error}"));
        let expression = Expression::parse(text).map_err(|error| refused(&error))?;
        // As a filter it could only ever fail.
        expression.unknown_function().map_or(Ok(()), |error| Err(refused(error)))?;
        Ok(Box::new(expression))
    }
}

/// The filters of `all` or `any`: at least one.
struct Expressions(Vec<Filter>);

impl<'de> Deserialize<'de> for Expressions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ExpressionsVisitor).map(Self)
    }
}

struct ExpressionsVisitor;

impl<'de> Visitor<'de> for ExpressionsVisitor {
    type Value = Vec<Filter>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of filters")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut expressions = Vec::new();
        while let Some(expression) = sequence.next_element()? {
            expressions.push(expression);
        }
        if expressions.is_empty() {
            return Err(Error::custom("must hold at least one filter"));
        }
        Ok(expressions)
    }
}
