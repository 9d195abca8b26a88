//! Opening a database: connect, bring the schema up to date or refuse, unlock the vault.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use super::engine::{Engine, PostgresEngine, SqliteEngine};
use super::lease_book::LeaseBook;
use super::location::Location;
use super::news::Herald;
use super::replica::Replica;
use super::vault::Vault;
use super::{SqlStore, failure, lanes, postgres, retention, schema, tenants};
use crate::config::{Database, Encryption};
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::entropy::Entropy;
use crate::domain::secret::Secret;
use crate::domain::shard::ShardNumber;
use crate::store::StoreError;

/// A database that can't be used. Each message names the setting or the command that helps.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none of a database.
    #[error("database.url is not usable: {detail}")]
    Url {
        /// What is wrong with it; never the URL itself, which may hold a password.
        detail: String,
    },
    /// The URL of another server, or of the way past a pooler, is none of a server.
    #[error("{name} is not usable: {detail}")]
    Server {
        /// The setting.
        name: &'static str,
        /// What is wrong with it; never the URL itself.
        detail: String,
    },
    /// A setting's file can't be read.
    #[error("can't read the file {path} named by {setting}")]
    SettingFile {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The path of the SQLite file, or of its lock, leads nowhere.
    #[error("database.url names a file that can't be opened: {}", path.display())]
    Path {
        /// The path at fault.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process serves the SQLite file.
    #[error(
        "another waypost uses {}: one SQLite file serves one node; stop the other, or set database.url to another file or to Postgres",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The database does not answer.
    #[error("can't reach the database that database.url names")]
    Unreachable(#[source] sqlx::Error),
    /// The schema is one of a later version.
    #[error(
        "the database has schema version {found}, this waypost knows versions up to {known}: run the waypost that made it, or a later one"
    )]
    Newer {
        /// A version found that is unknown here.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The schema is an earlier one, and `database.migrate` is off.
    #[error("the database's schema is not up to date: run `waypost migrate`, or set database.migrate = true")]
    Older,
    /// The schema is an earlier one, and there is no way to the server but through a pooler.
    #[error(
        "the database's schema is not up to date, and it is not changed through a pooler in transaction mode: set database.direct_url, \
         or run `waypost migrate` with database.url naming the server itself and database.pooler = \"none\""
    )]
    Pooled,
    /// A migration could not be applied.
    #[error("the schema could not be brought up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// The operator's key is none, or not the right one.
    #[error("encryption.key is not usable: {detail}")]
    Key {
        /// What is wrong, and what to do.
        detail: &'static str,
    },
    /// A database is another one than its place in the settings says.
    #[error("{detail}")]
    Misplaced {
        /// What it is, and what to do.
        detail: String,
    },
    /// One of the further databases can't be used.
    #[error("shard {number} can't be used; read what is said of database.url as of entry {number} of database.shards")]
    Shard {
        /// Which.
        number: ShardNumber,
        /// Why.
        #[source]
        source: Box<Self>,
    },
    /// The database failed while it was being prepared.
    #[error("the database could not be prepared")]
    Prepare(#[from] StoreError),
}

impl OpenError {
    /// The same, of the database of that number.
    #[must_use]
    pub fn of(self, number: ShardNumber) -> Self {
        if number == ShardNumber::HOME { self } else { Self::Shard { number, source: Box::new(self) } }
    }

    /// Whether the database may be there later without anybody changing a setting.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(error) => failure::may_pass(error),
            Self::Prepare(error) => matches!(error, StoreError::Unavailable(_)),
            Self::Shard { source, .. } => source.may_pass(),
            _ => false,
        }
    }

    /// Whether a setting is to be changed, not the world.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        if let Self::Shard { source, .. } = self {
            return source.is_configuration();
        }
        matches!(
            self,
            Self::Url { .. }
                | Self::Server { .. }
                | Self::SettingFile { .. }
                | Self::Path { .. }
                | Self::Key { .. }
                | Self::Misplaced { .. }
        )
    }
}

impl SqlStore {
    /// Opens a database to serve it: brings its schema up to date if `database.migrate` says so, makes the tenant `default` and
    /// the vault's key if they are missing. A SQLite file is locked for this process.
    pub async fn open(options: &Database, encryption: &Encryption, entropy: Arc<dyn Entropy>) -> Result<Self, OpenError> {
        Self::connect(options, encryption, entropy, true).await
    }

    /// Opens a database beside whoever serves it, for a command that runs for a moment. As [`SqlStore::open`], but a SQLite file
    /// is not locked, and the schema has to be up to date.
    pub async fn attach(options: &Database, encryption: &Encryption, entropy: Arc<dyn Entropy>) -> Result<Self, OpenError> {
        let options = Database { migrate: false, ..options.clone() };
        Self::connect(&options, encryption, entropy, false).await
    }

    async fn connect(
        options: &Database,
        encryption: &Encryption,
        entropy: Arc<dyn Entropy>,
        is_exclusive: bool,
    ) -> Result<Self, OpenError> {
        let engine = ready(options, is_exclusive, options.migrate).await?;
        let vault = Arc::new(Vault::unlock(&engine, encryption, entropy.as_ref()).await?);
        tenants::ensure_default(&engine).await?;
        if is_exclusive && matches!(engine, Engine::Sqlite(_)) {
            // The lock says that nobody else serves the file: whoever did is gone, and what it held is free at once.
            lanes::forget_nodes(&engine).await?;
            retention::forget_lead(&engine).await?;
        }
        let herald = Herald::new(&engine, options);
        let made = |engine, herald, replica| {
            let (vault, entropy) = (Arc::clone(&vault), Arc::clone(&entropy));
            Self { engine, vault, entropy, leases: LeaseBook::default(), herald, replica }
        };
        let replica = replica(options, &engine)?.map(|engine| {
            let max_lag = Duration::from_millis(options.max_replica_lag_ms);
            Replica::new(made(engine, Herald::silent(), None), max_lag)
        });
        Ok(made(engine, herald, replica))
    }
}

/// Brings a database's schema up to date, and does nothing if it is. A SQLite file must not be served meanwhile. Gives the
/// version the schema has now.
pub async fn migrate(options: &Database) -> Result<i64, OpenError> {
    ready(options, true, true).await?.close().await;
    Ok(schema::newest())
}

async fn ready(options: &Database, is_exclusive: bool, may_migrate: bool) -> Result<Engine, OpenError> {
    let url = setting("database.url_file", Some(&options.url), options.url_file.as_deref())?.unwrap_or_default();
    match Location::parse(url.trim())? {
        Location::Sqlite(path) => {
            let engine = SqliteEngine::open(&path, options, is_exclusive).await?;
            if schema::is_behind(&schema::applied_sqlite(&engine.writer).await?)? {
                allowed(may_migrate)?;
                schema::migrate_sqlite(&engine.writer).await?;
            }
            Ok(Engine::Sqlite(engine))
        }
        Location::Postgres(server) => {
            let (url, file) = (options.direct_url.as_ref(), options.direct_url_file.as_deref());
            let direct = self::server("database.direct_url", "database.direct_url_file", url, file)?;
            let engine = PostgresEngine::open(*server, direct, options).await.map_err(OpenError::Unreachable)?;
            if schema::is_behind(&schema::applied_postgres(&engine).await?)? {
                allowed(may_migrate)?;
                schema::migrate_postgres(engine.direct.as_ref().ok_or(OpenError::Pooled)?).await?;
            }
            if may_migrate {
                // Before the first event: where one lies in the default partition already, no other can be made for its time.
                postgres::prepare_partitions(&engine, SystemClock.now()).await?;
            }
            Ok(Engine::Postgres(engine))
        }
    }
}

/// The replica that lists may be read from. Whether it is there shows when it is looked at: a node starts without it.
fn replica(options: &Database, primary: &Engine) -> Result<Option<Engine>, OpenError> {
    let (url, file) = (options.replica_url.as_ref(), options.replica_url_file.as_deref());
    let server = server("database.replica_url", "database.replica_url_file", url, file)?;
    match primary {
        Engine::Postgres(_) => Ok(server.map(|server| Engine::Postgres(PostgresEngine::open_later(server, options)))),
        Engine::Sqlite(_) => Ok(None),
    }
}

/// A server that a setting beside `database.url` names.
fn server(
    name: &'static str,
    file_name: &'static str,
    url: Option<&Secret>,
    file: Option<&str>,
) -> Result<Option<PgConnectOptions>, OpenError> {
    let Some(url) = setting(file_name, url.map(Secret::expose), file)? else { return Ok(None) };
    match Location::parse(url.trim()) {
        Ok(Location::Postgres(server)) => Ok(Some(*server)),
        Ok(Location::Sqlite(_)) => Err(OpenError::Server { name, detail: "it must begin with postgres://".to_owned() }),
        Err(OpenError::Url { detail }) => Err(OpenError::Server { name, detail }),
        Err(other) => Err(other),
    }
}

fn allowed(may_migrate: bool) -> Result<(), OpenError> {
    if may_migrate { Ok(()) } else { Err(OpenError::Older) }
}

/// The text of a setting that may also lie in a file; the file wins. `name` is the file's setting.
pub(super) fn setting(name: &'static str, value: Option<&str>, file: Option<&str>) -> Result<Option<String>, OpenError> {
    match file {
        Some(path) => std::fs::read_to_string(path).map(Some).map_err(|source| OpenError::SettingFile {
            setting: name,
            path: path.to_owned(),
            source,
        }),
        None => Ok(value.map(str::to_owned)),
    }
}
