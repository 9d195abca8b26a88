//! The layers of configuration, read and laid over each other.
//!
//! Each layer is checked as soon as it is laid on, so that an error names the layer and the setting at fault. Files that hold
//! secrets are read last; behind [`load`] only the values are left.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{Config, DEFAULTS, bounds, handshake, secrets};

/// Variables that begin with `WAYPOST_` and are no settings: they choose the file, or belong to Waypost's own tests.
const NOT_SETTINGS: [&str; 3] = ["CONFIG", "CONFORMANCE", "TEST_POSTGRES"];

/// A configuration that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("can't read {path}, which {setting} names")]
    Read {
        /// The file.
        path: String,
        /// The setting that names it.
        setting: String,
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
    /// The path and the text of `waypost.toml`, if there is one.
    pub file: Option<(String, String)>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// Flags as dotted settings, such as `server.listen`, with their values.
    pub flags: Vec<(String, String)>,
}

/// Lays the layers over each other.
///
/// # Errors
/// The first layer that is not what it should be, with the setting at fault.
pub fn load(source: &Source) -> Result<Config, ConfigError> {
    let mut merged: Table = parse("default.toml", DEFAULTS)?;
    let mut config = check("default.toml", &merged)?;
    if let Some((path, text)) = &source.file {
        lay(&mut merged, parse(path, text)?);
        config = check(path, &merged)?;
    }
    let settings = source.environment.iter().filter_map(|(name, value)| Some((setting_of(name)?, value)));
    for (setting, value) in settings {
        set(&mut merged, &setting, value);
        config = check(&format!("environment variable {}", variable_of(&setting)), &merged)?;
    }
    for (setting, value) in &source.flags {
        set(&mut merged, setting, value);
        config = check(&format!("flag for {setting}"), &merged)?;
    }
    if let Some(discord) = bounds::discord(&merged) {
        return Err(invalid("configuration", discord));
    }
    secrets::resolve(&mut config)?;
    handshake::check(&config)?;
    Ok(config)
}

fn parse(layer: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| invalid(layer, error.to_string()))
}

fn check(layer: &str, merged: &Table) -> Result<Config, ConfigError> {
    let config = serde_path_to_error::deserialize(merged.clone()).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { format!("{path}: ") };
        invalid(layer, format!("{place}{}", error.inner().to_string().trim()))
    })?;
    bounds::fault(merged).map_or(Ok(config), |fault| Err(invalid(layer, fault)))
}

pub(super) fn invalid(layer: impl Into<String>, detail: impl Into<String>) -> ConfigError {
    ConfigError::Invalid { layer: layer.into(), detail: detail.into() }
}

/// Lays `over` over `under`: tables are merged, everything else is replaced.
fn lay(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// Sets one dotted setting from text, read as what stands there already: a number, a list (`[…]` or separated by commas), a
/// flag; text where nothing stands.
fn set(table: &mut Table, setting: &str, text: &str) {
    let Some((section, rest)) = setting.split_once('.') else {
        let value = read_as(table.get(setting), text);
        table.insert(setting.to_owned(), value);
        return;
    };
    let entry = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(inner) = entry {
        set(inner, rest, text);
    }
}

fn read_as(present: Option<&Value>, text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    match present {
        Some(Value::Array(_)) => parsed.filter(Value::is_array).unwrap_or_else(|| {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }),
        Some(Value::Integer(_) | Value::Float(_) | Value::Boolean(_)) => parsed.unwrap_or_else(|| Value::String(text.to_owned())),
        _ => Value::String(text.to_owned()),
    }
}

/// The setting an environment variable stands for, if it is one of ours.
fn setting_of(variable: &str) -> Option<String> {
    let name = variable.strip_prefix("WAYPOST_")?;
    match name {
        "BOOTSTRAP_KEY" => Some("auth.bootstrap_key".to_owned()),
        _ if NOT_SETTINGS.contains(&name) => None,
        _ => Some(name.to_ascii_lowercase().replace("__", ".")),
    }
}

fn variable_of(setting: &str) -> String {
    format!("WAYPOST_{}", setting.to_ascii_uppercase().replace('.', "__"))
}

#[cfg(test)]
mod tests;
