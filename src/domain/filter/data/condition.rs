//! What may be asked of one value.
//!
//! Types are never converted: the string `"1"` is not the number `1`, and neither is before or after the other.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;

use super::number::Number;
use super::value::{Read, Value};
use crate::domain::filter::Answer;
use crate::domain::like;

/// A condition on a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It is this value.
    Eq(Scalar),
    /// It is any other value.
    Ne(Scalar),
    /// It is one of these.
    In(Vec<Scalar>),
    /// It is of the same type as this and comes after it.
    Gt(Bound),
    /// It is of the same type as this and does not come before it.
    Gte(Bound),
    /// It is of the same type as this and comes before it.
    Lt(Bound),
    /// It is of the same type as this and does not come after it.
    Lte(Bound),
    /// It is a string that begins with this.
    Prefix(Box<str>),
    /// It is a string that ends with this.
    Suffix(Box<str>),
    /// It is a string with this string in it, or an array with this element.
    Contains(Scalar),
    /// It is there: `true` holds for every value.
    Exists,
    /// It is a string of which all is as this pattern says.
    Like(Like),
    /// It is a string that is an address in one of these networks.
    Cidr(Vec<IpNet>),
}

/// A value that values are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as it was written.
    Number(Decimal),
    /// A string.
    Text(Box<str>),
}

/// A value that others come before or after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// A number.
    Number(Decimal),
    /// A string; strings are ordered by their characters' code points.
    Text(Box<str>),
}

/// A number as it was written; it was read once and can be again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal(pub(super) Box<str>);

/// A pattern and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Like {
    pub(super) text: Box<str>,
    pub(super) pattern: like::Pattern,
}

impl Condition {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Eq(_) => "eq",
            Self::Ne(_) => "ne",
            Self::In(_) => "in",
            Self::Gt(_) => "gt",
            Self::Gte(_) => "gte",
            Self::Lt(_) => "lt",
            Self::Lte(_) => "lte",
            Self::Prefix(_) => "prefix",
            Self::Suffix(_) => "suffix",
            Self::Contains(_) => "contains",
            Self::Exists => "exists",
            Self::Like(_) => "like",
            Self::Cidr(_) => "cidr",
        }
    }

    /// Whether it holds for `value`, which says `read`. What can't be read as it is written (a number past comparing, a string
    /// with half of a character) is a fault for every condition but `exists`.
    pub(super) fn ask(&self, value: Value<'_>, read: &Read<'_>) -> Answer {
        match (self, read) {
            (Self::Exists, _) => Answer::Yes,
            (_, Read::Number(None) | Read::Text(Err(_))) => Answer::Fault,
            (Self::Contains(element), Read::Array) => Answer::any(value.elements().map(|value| match value.read() {
                Read::Number(None) | Read::Text(Err(_)) => Answer::Fault,
                read => element.is(&read).into(),
            })),
            _ => self.holds(read).into(),
        }
    }

    /// Whether it holds for a value that could be read.
    fn holds(&self, read: &Read<'_>) -> bool {
        let is_text = |holds: &dyn Fn(&str) -> bool| matches!(read, Read::Text(Ok(text)) if holds(text));
        match self {
            Self::Eq(wanted) => wanted.is(read),
            Self::Ne(wanted) => !wanted.is(read),
            Self::In(wanted) => wanted.iter().any(|wanted| wanted.is(read)),
            Self::Gt(bound) => bound.compare(read).is_some_and(Ordering::is_gt),
            Self::Gte(bound) => bound.compare(read).is_some_and(Ordering::is_ge),
            Self::Lt(bound) => bound.compare(read).is_some_and(Ordering::is_lt),
            Self::Lte(bound) => bound.compare(read).is_some_and(Ordering::is_le),
            Self::Prefix(wanted) => is_text(&|text| text.starts_with(&**wanted)),
            Self::Suffix(wanted) => is_text(&|text| text.ends_with(&**wanted)),
            Self::Contains(Scalar::Text(wanted)) => is_text(&|text| text.contains(&**wanted)),
            Self::Contains(_) => false,
            Self::Exists => true,
            Self::Like(like) => is_text(&|text| like.pattern.matches(text)),
            Self::Cidr(networks) => is_text(&|text| text.parse().is_ok_and(|address| is_in(networks, address))),
        }
    }
}

/// An IPv6 address that stands for one of IPv4 (`::ffff:…`) is in the networks of either.
fn is_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address) || network.contains(&address.to_canonical()))
}

impl Scalar {
    fn is(&self, read: &Read<'_>) -> bool {
        match (self, read) {
            (Self::Null, Read::Null) => true,
            (Self::Boolean(wanted), Read::Boolean(value)) => wanted == value,
            (Self::Number(wanted), Read::Number(Some(value))) => wanted.compare(value) == Some(Ordering::Equal),
            (Self::Text(wanted), Read::Text(Ok(value))) => **wanted == **value,
            _ => false,
        }
    }
}

impl Bound {
    /// How `read` compares with it, if they are of the same type.
    fn compare(&self, read: &Read<'_>) -> Option<Ordering> {
        match (self, read) {
            (Self::Number(bound), Read::Number(Some(value))) => bound.compare(value),
            (Self::Text(bound), Read::Text(Ok(value))) => Some(Cow::as_ref(value).cmp(bound)),
            _ => None,
        }
    }
}

impl Decimal {
    /// How `value` compares with it.
    fn compare(&self, value: &Number<'_>) -> Option<Ordering> {
        Some(value.cmp(&Number::new(&self.0)?))
    }
}
