//! Values and their casts (CESQL 3.1 and 3.7; SPECS SQ-6, SQ-7).

use std::borrow::Cow;

use super::error::{ErrorKind, Errors};

/// A value of one of the three types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text, borrowed from the event or the expression where it is a part of one.
    String(Cow<'a, str>),
    /// An integer of 32 bits.
    Integer(i32),
    /// A truth.
    Boolean(bool),
}

/// The types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    String,
    Integer,
    Boolean,
}

impl Type {
    /// What stands for a value that could not be had.
    pub(super) const fn zero(self) -> Value<'static> {
        match self {
            Self::String => Value::String(Cow::Borrowed("")),
            Self::Integer => Value::Integer(0),
            Self::Boolean => Value::Boolean(false),
        }
    }
}

impl<'a> Value<'a> {
    pub(super) const fn kind(&self) -> Type {
        match self {
            Self::String(_) => Type::String,
            Self::Integer(_) => Type::Integer,
            Self::Boolean(_) => Type::Boolean,
        }
    }

    /// Cast to Integer: a string must be a number of 32 bits in digits, with or without a sign.
    pub(super) fn to_integer(&self) -> Option<i32> {
        match self {
            Self::String(text) => text.parse().ok(),
            Self::Integer(number) => Some(*number),
            Self::Boolean(truth) => Some(i32::from(*truth)),
        }
    }

    /// Cast to Boolean: a string must be `true` or `false` in any case.
    pub(super) fn to_boolean(&self) -> Option<bool> {
        match self {
            Self::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Self::String(_) => None,
            Self::Integer(number) => Some(*number != 0),
            Self::Boolean(truth) => Some(*truth),
        }
    }

    /// Cast to String, which always can be.
    pub(super) fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::String(text) => text,
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Boolean(truth) => Cow::Borrowed(if truth { "true" } else { "false" }),
        }
    }

    /// The same, with what it borrowed copied.
    pub(super) fn into_owned(self) -> Value<'static> {
        match self {
            Self::String(text) => Value::String(Cow::Owned(text.into_owned())),
            Self::Integer(number) => Value::Integer(number),
            Self::Boolean(truth) => Value::Boolean(truth),
        }
    }
}

/// What an evaluation gives: a value in any case, and the errors on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// The value; where an operand brought an error, the zero value of the operator's type.
    pub value: Value<'a>,
    /// The errors.
    pub errors: Errors,
}

impl<'a> Outcome<'a> {
    /// A value without an error.
    pub(super) const fn fine(value: Value<'a>) -> Self {
        Self { value, errors: Errors::NONE }
    }

    /// A truth without an error.
    pub(super) const fn truth(truth: bool) -> Self {
        Self::fine(Value::Boolean(truth))
    }

    /// The zero value of a type, and the errors why.
    pub(super) const fn zero(kind: Type, errors: Errors) -> Self {
        Self { value: kind.zero(), errors }
    }

    /// The zero value of a type, and the error why.
    pub(super) const fn failed(kind: Type, error: ErrorKind) -> Self {
        Self::zero(kind, Errors::of(error))
    }
}
