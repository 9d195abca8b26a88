//! `waypost config`: what is configured, and whether it can be used.

use anyhow::Context;
use clap::Subcommand;
use url::Url;

use super::settings::Settings;
use crate::config::Config;
use crate::domain::secret::Secret;

#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum Command {
    /// Print the configuration in effect, secrets masked.
    Print,
    /// Say whether the configuration can be used.
    Check,
}

pub(super) fn run(command: Command, settings: &Settings) -> anyhow::Result<()> {
    let config = settings.load()?;
    match command {
        Command::Print => {
            let text = toml::to_string_pretty(&masked(config)).context("the configuration can't be written")?;
            super::print(text.trim_end());
        }
        Command::Check => super::print("the configuration is valid"),
    }
    Ok(())
}

/// The configuration with every secret replaced by stars.
fn masked(mut config: Config) -> Config {
    let mask = |secret: &mut Option<Secret>| *secret = secret.take().map(|_| Secret::new("***"));
    mask(&mut config.auth.bootstrap_key);
    mask(&mut config.encryption.key);
    mask(&mut config.database.direct_url);
    mask(&mut config.database.replica_url);
    for shard in &mut config.database.shards {
        mask(&mut shard.url);
        mask(&mut shard.direct_url);
        mask(&mut shard.replica_url);
    }
    config.auth.jwt.iter_mut().flat_map(|issuer| &mut issuer.keys).for_each(|key| mask(&mut key.secret));
    if let Ok(mut url) = Url::parse(&config.database.url)
        && url.password().is_some()
    {
        let _ = url.set_password(Some("***"));
        config.database.url = url.into();
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Shard;

    #[test]
    fn printed_configuration_shows_no_secret() {
        let mut config = Config::builtin();
        config.auth.bootstrap_key = Some(Secret::new("wp_hidden"));
        config.encryption.key = Some(Secret::new("hidden"));
        config.database.direct_url = Some(Secret::new("postgres://me:hidden@host/db"));
        config.database.replica_url = config.database.direct_url.clone();
        config.database.shards = vec![Shard::at("postgres://me:hidden@host/db")];
        config.database.url = "postgres://me:hidden@host/db".into();
        let text = toml::to_string_pretty(&masked(config)).unwrap();
        assert!(!text.contains("hidden"), "{text}");
        assert!(text.contains("postgres://me:***@host/db"));
    }
}
