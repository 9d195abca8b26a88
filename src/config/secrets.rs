//! Settings whose value lies in a file of its own, so that it stays out of the environment and of `waypost.toml`.

use super::load::invalid;
use super::{Config, ConfigError};
use crate::domain::secret::Secret;

/// Further databases beside home. Each costs every node its connections.
const MAX_SHARDS: usize = 63;

/// Reads every `…_file` setting into the setting it stands for.
pub(super) fn resolve(config: &mut Config) -> Result<(), ConfigError> {
    if let Some(path) = config.database.url_file.take() {
        config.database.url = read("database.url_file", &path)?;
    }
    let Config { auth, encryption, database, .. } = config;
    resolve_one("database.direct_url", &mut database.direct_url, &mut database.direct_url_file)?;
    resolve_one("database.replica_url", &mut database.replica_url, &mut database.replica_url_file)?;
    for shard in &mut database.shards {
        resolve_one("database.shards.url", &mut shard.url, &mut shard.url_file)?;
        resolve_one("database.shards.direct_url", &mut shard.direct_url, &mut shard.direct_url_file)?;
        resolve_one("database.shards.replica_url", &mut shard.replica_url, &mut shard.replica_url_file)?;
    }
    if let Some(index) = database.shards.iter().position(|shard| shard.url.is_none()) {
        return Err(invalid("configuration", format!("database.shards: entry {} has neither url nor url_file", index + 1)));
    }
    if database.shards.len() > MAX_SHARDS {
        return Err(invalid("configuration", format!("database.shards: at most {MAX_SHARDS} are possible")));
    }
    resolve_one("auth.bootstrap_key", &mut auth.bootstrap_key, &mut auth.bootstrap_key_file)?;
    resolve_one("encryption.key", &mut encryption.key, &mut encryption.key_file)?;
    for key in auth.jwt.iter_mut().flat_map(|issuer| &mut issuer.keys) {
        resolve_one("auth.jwt.keys.secret", &mut key.secret, &mut key.secret_file)?;
        if let Some(path) = key.public_key_file.take() {
            key.public_key = Some(read("auth.jwt.keys.public_key_file", &path)?);
        }
    }
    Ok(())
}

fn resolve_one(setting: &str, value: &mut Option<Secret>, file: &mut Option<String>) -> Result<(), ConfigError> {
    let Some(path) = file.take() else { return Ok(()) };
    let file_setting = format!("{setting}_file");
    if value.is_some() {
        return Err(invalid(file_setting, format!("{setting} is set too; keep one of them")));
    }
    *value = Some(Secret::new(read(&file_setting, &path)?));
    Ok(())
}

fn read(setting: &str, path: &str) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        setting: setting.to_owned(),
        source,
    })?;
    Ok(text.trim_end().to_owned())
}
