//! `[database]`: where everything is kept.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::secret::Secret;
use crate::domain::shard::ShardNumber;

/// Settings of the database; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: String,
    /// A file that holds the URL.
    pub url_file: Option<String>,
    /// What stands between nodes and the server.
    pub pooler: Pooler,
    /// A URL of the server itself, where `url` is a pooler's.
    pub direct_url: Option<Secret>,
    /// A file that holds it.
    pub direct_url_file: Option<String>,
    /// A URL of a streaming replica that lists may be read from.
    pub replica_url: Option<Secret>,
    /// A file that holds it.
    pub replica_url_file: Option<String>,
    /// Further databases that tenants are pinned to. Everything else set here holds for each of them too.
    pub shards: Vec<Shard>,
    /// How far the replica may be behind.
    pub max_replica_lag_ms: u64,
    /// Bring the schema up to date at start.
    pub migrate: bool,
    /// The stretch of time that one partition holds, on Postgres; 0 makes none.
    pub partition_ms: u64,
    /// Connections of this node.
    pub max_connections: u32,
    /// Limit for getting a connection.
    pub acquire_timeout_ms: u64,
    /// Nodes on one Postgres tell each other what is due.
    pub notify: bool,
}

impl Database {
    /// The settings of one of the databases: these, for home; those of an entry of `shards` in their place, for another one.
    #[must_use]
    pub fn of_shard(&self, number: ShardNumber) -> Option<Self> {
        let Some(index) = number.index().checked_sub(1) else { return Some(self.clone()) };
        let Shard { url, url_file, direct_url, direct_url_file, replica_url, replica_url_file } = self.shards.get(index)?.clone();
        let url = url.map(|url| url.expose().to_owned()).unwrap_or_default();
        Some(Self {
            url,
            url_file,
            direct_url,
            direct_url_file,
            replica_url,
            replica_url_file,
            shards: Vec::new(),
            ..self.clone()
        })
    }

    /// The numbers of all databases, home first.
    pub fn shard_numbers(&self) -> impl Iterator<Item = ShardNumber> + use<> {
        (0..=self.shards.len()).filter_map(|index| ShardNumber::new(u16::try_from(index).ok()?))
    }
}

/// A further database: its URL as text, or a table with what else is its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shard {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: Option<Secret>,
    /// A file that holds the URL.
    pub url_file: Option<String>,
    /// As `database.direct_url`.
    pub direct_url: Option<Secret>,
    /// A file that holds it.
    pub direct_url_file: Option<String>,
    /// As `database.replica_url`.
    pub replica_url: Option<Secret>,
    /// A file that holds it.
    pub replica_url_file: Option<String>,
}

/// A shard that is written as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShardTable {
    url: Option<Secret>,
    url_file: Option<String>,
    direct_url: Option<Secret>,
    direct_url_file: Option<String>,
    replica_url: Option<Secret>,
    replica_url_file: Option<String>,
}

impl From<ShardTable> for Shard {
    fn from(table: ShardTable) -> Self {
        let ShardTable { url, url_file, direct_url, direct_url_file, replica_url, replica_url_file } = table;
        Self { url, url_file, direct_url, direct_url_file, replica_url, replica_url_file }
    }
}

impl Shard {
    /// The database at a URL.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: Some(Secret::new(url)),
            url_file: None,
            direct_url: None,
            direct_url_file: None,
            replica_url: None,
            replica_url_file: None,
        }
    }
}

/// Reads either form. An untagged enum would say of a mistyped member only that nothing fits.
impl<'de> Deserialize<'de> for Shard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = Shard;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a URL, or a table with `url` or `url_file`")
            }

            fn visit_str<E: serde::de::Error>(self, url: &str) -> Result<Shard, E> {
                Ok(Shard::at(url))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Shard, A::Error> {
                ShardTable::deserialize(MapAccessDeserializer::new(members)).map(Shard::from)
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

/// What stands between nodes and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooler {
    /// Nothing, or what keeps a connection for as long as the node does.
    None,
    /// What gives a connection to somebody else after each transaction, such as `PgBouncer` with `pool_mode = transaction`.
    Transaction,
}
