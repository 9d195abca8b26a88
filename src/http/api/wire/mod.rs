//! What every resource shares on the wire: reading queries, bodies and identifiers, and writing lists.
//!
//! A request that is not as expected becomes a problem here that names the parameter or the place in the body; handlers only
//! see domain types.

pub(crate) mod answers;
mod body;
mod cursor;
mod headers;
mod id;
mod lately;
mod list;
mod pointer;
mod query;

pub(crate) use body::{Body, BodyWithEvent, decode};
pub(crate) use cursor::{Cursor, Limit, Listed};
pub(crate) use headers::{Header, Text, headers};
pub(crate) use id::Id;
pub(crate) use lately::{lately, within};
pub(crate) use list::List;
pub(crate) use query::Query;

use crate::domain::page::PageRequest;

/// The part of a list that the parameters `limit` and `cursor` ask for.
pub(crate) fn page<Item>(limit: Limit, cursor: Option<Cursor<Item>>) -> PageRequest {
    PageRequest { limit: limit.get(), before: cursor.map(Cursor::uuid) }
}
