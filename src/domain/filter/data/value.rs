//! A value that a look-up found: where it lies in the text, read only as far as a condition asks.

use std::borrow::Cow;

use crate::domain::event::escape::{UnpairedSurrogate, unescape};
use crate::domain::event::json::{Scanner, ValueKind};

use super::number::Number;

/// The kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    Text { is_escaped: bool },
    Array,
    Object,
}

impl Kind {
    /// The kind of a value that the scanner took and that begins with `first`.
    pub(super) fn of(kind: ValueKind, first: Option<u8>) -> Self {
        match kind {
            ValueKind::Null => Self::Null,
            ValueKind::Boolean => Self::Boolean,
            ValueKind::Number => Self::Number,
            ValueKind::Text { is_escaped } => Self::Text { is_escaped },
            ValueKind::Compound if first == Some(b'[') => Self::Array,
            ValueKind::Compound => Self::Object,
        }
    }
}

/// A value and its text.
#[derive(Debug, Clone, Copy)]
pub struct Value<'t> {
    kind: Kind,
    raw: &'t str,
}

/// What a value is, read.
#[derive(Debug)]
pub(super) enum Read<'t> {
    Null,
    Boolean(bool),
    /// `None` if its exponent is past comparing.
    Number(Option<Number<'t>>),
    /// An error if it has half of a surrogate pair, so that it is no text.
    Text(Result<Cow<'t, str>, UnpairedSurrogate>),
    Array,
    Object,
}

impl<'t> Value<'t> {
    pub(super) const fn new(kind: Kind, raw: &'t str) -> Self {
        Self { kind, raw }
    }

    /// The value as it is written in the data.
    #[must_use]
    pub const fn as_json(&self) -> &'t str {
        self.raw
    }

    pub(super) fn read(&self) -> Read<'t> {
        match self.kind {
            Kind::Null => Read::Null,
            Kind::Boolean => Read::Boolean(self.raw == "true"),
            Kind::Number => Read::Number(Number::new(self.raw)),
            Kind::Text { is_escaped } => {
                let inside = &self.raw[1..self.raw.len() - 1];
                Read::Text(if is_escaped { unescape(inside).map(Cow::Owned) } else { Ok(Cow::Borrowed(inside)) })
            }
            Kind::Array => Read::Array,
            Kind::Object => Read::Object,
        }
    }

    /// The elements of an array; nothing for any other value. The look-up has checked the text.
    pub(super) fn elements(&self) -> impl Iterator<Item = Value<'t>> + use<'t> {
        let raw = self.raw;
        let mut scanner = Scanner::new(raw);
        scanner.at = 1;
        let mut goes_on = self.kind == Kind::Array && scanner.peek() != Some(b']');
        std::iter::from_fn(move || {
            if !goes_on {
                return None;
            }
            let first = scanner.peek();
            let value = scanner.value(1).ok()?;
            goes_on = scanner.goes_on(b']').unwrap_or(false);
            Some(Self::new(Kind::of(value.kind, first), &raw[value.start..value.end]))
        })
    }
}
