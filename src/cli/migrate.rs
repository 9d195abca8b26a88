//! `waypost migrate`: the schema, for those who bring it up to date apart from starting nodes.

use crate::config::Config;
use crate::store::sql;

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    crate::telemetry::start(&config.log)?;
    let version = sql::migrate(&config.database).await?;
    super::print(format_args!("the schema is up to date: version {version}"));
    Ok(())
}
