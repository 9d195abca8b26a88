//! The literals of an `IN` list, prepared: each type a left operand may have finds its own form of them, sorted.

use super::error::{ErrorKind, Errors};
use super::value::Value;

/// Constants, as each of the types they can be cast to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Constants {
    strings: Box<[Box<str>]>,
    /// `None` if one of them is no integer, which is a cast error whatever the others are.
    integers: Option<Box<[i32]>>,
    /// `None` if one of them is no truth.
    booleans: Option<Box<[bool]>>,
}

impl Constants {
    pub(super) fn new(values: Vec<Value<'_>>) -> Self {
        let integers = values.iter().map(Value::to_integer).collect();
        let booleans = values.iter().map(Value::to_boolean).collect();
        let strings = values.into_iter().map(|value| value.into_text().into());
        Self {
            strings: sorted(strings.collect()),
            integers: Option::map(integers, sorted),
            booleans: Option::map(booleans, sorted),
        }
    }

    /// All of them as strings.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.strings.iter().map(AsRef::as_ref)
    }

    /// Whether one of them, cast to the type of `wanted`, is `wanted`.
    ///
    /// # Errors
    /// That one of them can't be cast to that type.
    pub(super) fn contains(&self, wanted: &Value<'_>) -> Result<bool, Errors> {
        let found = match wanted {
            Value::String(text) => Some(self.strings.binary_search_by(|held| (**held).cmp(text)).is_ok()),
            Value::Integer(number) => self.integers.as_ref().map(|held| held.binary_search(number).is_ok()),
            Value::Boolean(truth) => self.booleans.as_ref().map(|held| held.contains(truth)),
        };
        found.ok_or(Errors::of(ErrorKind::Cast))
    }
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Box<[T]> {
    values.sort_unstable();
    values.dedup();
    values.into()
}
