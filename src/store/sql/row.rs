//! Rows on their way out of a statement, read by column name into domain types.
//!
//! What can't be read is [`StoreError::Corrupt`]: somebody else wrote it.

use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};
use uuid::Uuid;

use super::failure::store_error;
use crate::domain::clock::Timestamp;
use crate::domain::shard::ShardNumber;
use crate::domain::tenant::TenantName;
use crate::store::StoreError;

/// A row of either database.
pub(super) enum Row {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of Postgres.
    Postgres(PgRow),
}

type Result<T> = std::result::Result<T, StoreError>;

impl Row {
    /// The value of a column, as what both databases can make of it.
    pub(super) fn get<T>(&self, column: &str) -> Result<T>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(store_error)
    }

    /// An identifier.
    pub(super) fn uuid(&self, column: &str) -> Result<Uuid> {
        self.get(column)
    }

    /// Text.
    pub(super) fn text(&self, column: &str) -> Result<String> {
        self.get(column)
    }

    /// A number.
    pub(super) fn int(&self, column: &str) -> Result<i64> {
        self.get(column)
    }

    /// A number that fits a narrower type, such as a counter.
    pub(super) fn narrow<T: TryFrom<i64>>(&self, column: &str) -> Result<T> {
        T::try_from(self.int(column)?).map_err(|_| unreadable(column))
    }

    /// A number that fits a narrower type, or null.
    pub(super) fn optional_narrow<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>> {
        let number: Option<i64> = self.get(column)?;
        number.map(|number| T::try_from(number).map_err(|_| unreadable(column))).transpose()
    }

    /// A moment.
    pub(super) fn time(&self, column: &str) -> Result<Timestamp> {
        self.int(column).map(Timestamp::from_micros)
    }

    /// A moment, or null.
    pub(super) fn optional_time(&self, column: &str) -> Result<Option<Timestamp>> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp::from_micros))
    }

    /// A shard's number.
    pub(super) fn shard(&self, column: &str) -> Result<ShardNumber> {
        ShardNumber::new(self.narrow(column)?).ok_or_else(|| unreadable(column))
    }

    /// A tenant's name.
    pub(super) fn tenant(&self, column: &str) -> Result<TenantName> {
        self.text(column)?.parse().map_err(|_| unreadable(column))
    }

    /// One word of a closed list, read by `parse`.
    pub(super) fn word<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
        parse(&self.text(column)?).ok_or_else(|| unreadable(column))
    }

    /// One word of a closed list, or null.
    pub(super) fn optional_word<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let word: Option<String> = self.get(column)?;
        word.map(|word| parse(&word).ok_or_else(|| unreadable(column))).transpose()
    }

    /// A structure kept as JSON text.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_str(&self.text(column)?).map_err(StoreError::corrupt)
    }
}

/// The error of a column that holds what no version of this program wrote.
pub(super) fn unreadable(column: &str) -> StoreError {
    StoreError::corrupt(format!("column {column} holds a value this version can't read"))
}
