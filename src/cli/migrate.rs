//! `waypost migrate`: the schema, for those who bring it up to date apart from starting nodes.

use anyhow::Context;

use crate::config::Config;
use crate::store::sql;

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    crate::telemetry::start(&config.log)?;
    let mut version = 0;
    for number in config.database.shard_numbers() {
        let options = config.database.of_shard(number).context("a shard without settings")?;
        version = sql::migrate(&options).await.map_err(|error| error.of(number))?;
    }
    super::print(format_args!("the schema is up to date: version {version}"));
    Ok(())
}
