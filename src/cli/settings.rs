//! The flags every command shares, and the configuration they lead to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::config::{Config, ConfigError, Source, load};

/// The configuration file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "waypost.toml";

/// Flags that every command understands.
#[derive(Debug, Clone, Args)]
pub(super) struct Settings {
    /// The configuration file [default: waypost.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "WAYPOST_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port to listen on; port 0 picks one [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Where everything is kept: SQLite's path or the address of Postgres
    #[arg(long, global = true, value_name = "sqlite://PATH|postgres://…")]
    database_url: Option<String>,
    /// A further database that tenants are pinned to, in the order of their numbers; may be given several times
    #[arg(long = "database-shard", global = true, value_name = "sqlite://PATH|postgres://…")]
    database_shards: Vec<String>,
    /// What this node does [default: all]
    #[arg(long, global = true)]
    role: Option<RoleName>,
    /// Development mode: loopback sinks, a built-in inbox, a known key. Never in production
    #[arg(long, global = true)]
    dev: bool,
    /// Do not bring the schema up to date at start: `waypost migrate` does it
    #[arg(long, global = true)]
    no_migrate: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    All,
    Api,
    Dispatcher,
}

impl Settings {
    /// Reads the configuration's layers.
    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        load(&Source { file: self.file()?, environment: environment(), flags: self.flags() })
    }

    fn file(&self) -> Result<Option<(String, String)>, ConfigError> {
        let path = self.config.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some((path.display().to_string(), text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.config.is_none() => Ok(None),
            Err(source) => Err(ConfigError::Read { path: path.display().to_string(), setting: "--config".into(), source }),
        }
    }

    fn flags(&self) -> Vec<(String, String)> {
        let role = self.role.map(|role| match role {
            RoleName::All => "all",
            RoleName::Api => "api",
            RoleName::Dispatcher => "dispatcher",
        });
        let given = [
            ("server.listen", self.listen.clone()),
            ("database.url", self.database_url.clone()),
            ("database.shards", (!self.database_shards.is_empty()).then(|| list(&self.database_shards))),
            ("role", role.map(str::to_owned)),
            ("dev", self.dev.then(|| "true".to_owned())),
            ("database.migrate", self.no_migrate.then(|| "false".to_owned())),
        ];
        given.into_iter().filter_map(|(setting, value)| Some((setting.to_owned(), value?))).collect()
    }
}

/// A list as it is written in a file, so that no item is cut at a comma.
fn list(items: &[String]) -> String {
    toml::Value::from(items.to_vec()).to_string()
}

/// The environment as text; what is not Unicode is no setting of ours.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}
