//! Values on their way into a statement.
//!
//! Each knows its SQL type even when it is null, which Postgres insists on. How a type lies in each database is sqlx's business:
//! a `Uuid` becomes `uuid` on Postgres and 16 bytes on SQLite.

use sqlx::query::Query;
use sqlx::{Database, Encode, Type};
use uuid::Uuid;

use super::statement::Statement;
use crate::domain::clock::Timestamp;
use crate::domain::id::{ApiKeyId, DeliveryId, EventId, JobId, NodeId, ProducerId, SubscriptionId};
use crate::domain::tenant::TenantName;

/// A value for one placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// An identifier.
    Uuid(Option<Uuid>),
    /// Text.
    Text(Option<String>),
    /// A number, or a moment in microseconds.
    Int(Option<i64>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
    /// A truth value.
    Bool(bool),
}

/// The values for `$1`, `$2`, … in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::sql::value::Value::from($value)),*] };
}
pub(super) use values;

/// A statement with its values, ready for `DB`.
pub(super) fn bind<DB>(statement: Statement, values: Vec<Value>) -> Query<'static, DB, DB::Arguments>
where
    DB: Database,
    DB::Arguments: sqlx::IntoArguments<DB>,
    bool: Type<DB> + for<'q> Encode<'q, DB>,
    Option<Uuid>: Type<DB> + for<'q> Encode<'q, DB>,
    Option<String>: Type<DB> + for<'q> Encode<'q, DB>,
    Option<i64>: Type<DB> + for<'q> Encode<'q, DB>,
    Option<Vec<u8>>: Type<DB> + for<'q> Encode<'q, DB>,
{
    values.into_iter().fold(sqlx::query(statement.text()), |query, value| match value {
        Value::Uuid(uuid) => query.bind(uuid),
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Bool(truth) => query.bind(truth),
    })
}

macro_rules! conversions {
    ($($from:ty, $pattern:pat => $value:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($pattern: $from) -> Self {
                $value
            }
        }
    )*};
}

conversions! {
    Uuid, uuid => Self::Uuid(Some(uuid));
    Option<Uuid>, uuid => Self::Uuid(uuid);
    String, text => Self::Text(Some(text));
    &str, text => Self::Text(Some(text.to_owned()));
    Option<String>, text => Self::Text(text);
    Option<&str>, text => Self::Text(text.map(str::to_owned));
    &TenantName, name => Self::Text(Some(name.as_str().to_owned()));
    i64, number => Self::Int(Some(number));
    Option<i64>, number => Self::Int(number);
    u32, number => Self::Int(Some(number.into()));
    Timestamp, moment => Self::Int(Some(moment.as_micros()));
    Option<Timestamp>, moment => Self::Int(moment.map(Timestamp::as_micros));
    Vec<u8>, bytes => Self::Bytes(Some(bytes));
    &[u8], bytes => Self::Bytes(Some(bytes.to_vec()));
    bool, truth => Self::Bool(truth);
}

macro_rules! identifiers {
    ($($id:ty),*) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::Uuid(Some(id.as_uuid()))
            }
        }

        impl From<Option<$id>> for Value {
            fn from(id: Option<$id>) -> Self {
                Self::Uuid(id.map(<$id>::as_uuid))
            }
        }
    )*};
}

identifiers!(ApiKeyId, DeliveryId, EventId, JobId, NodeId, ProducerId, SubscriptionId);
