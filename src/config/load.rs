//! The layers of configuration, read and laid over each other.

use std::collections::BTreeMap;

use super::{Config, DEFAULTS};

/// A configuration that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("can't read {path}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A layer is not what it should be.
    #[error("{layer}: {detail}")]
    Invalid {
        /// Which layer: a file's name, `environment` or `flags`.
        layer: String,
        /// What is wrong with it, naming the setting.
        detail: String,
    },
}

/// Where the layers come from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The text of `waypost.toml` with its path, if there is one.
    pub file: Option<(String, String)>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// Flags as dotted settings, such as `server.listen`.
    pub flags: Vec<(String, String)>,
}

/// Lays the layers over each other.
///
/// # Errors
/// The first layer that is not what it should be, with the setting at fault.
pub fn load(_source: &Source) -> Result<Config, ConfigError> {
    toml::from_str(DEFAULTS).map_err(|error| ConfigError::Invalid { layer: "default.toml".into(), detail: error.to_string() })
}
