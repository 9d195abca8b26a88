//! `waypost migrate`: the schema, for those who bring it up to date apart from starting nodes.

use crate::config::Config;
use crate::store::sql::SqlStore;

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    crate::telemetry::start(&config.log)?;
    SqlStore::migrate(&config.database).await?;
    super::print("the schema is up to date");
    Ok(())
}
