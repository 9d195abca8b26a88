//! Which database of which installation this is.

use super::engine::Engine;
use super::statement::statements;
use super::value::values;
use crate::store::{Identity, StoreError};

statements! {
    CLAIM = "INSERT INTO identity (id, installation, shard) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING";
    READ = "SELECT installation, shard FROM identity WHERE id = 1";
}

/// What the database is known as; what is wanted if that was never said.
pub(super) async fn identify(engine: &Engine, wanted: Identity) -> Result<Identity, StoreError> {
    if let Some(known) = read(engine).await? {
        return Ok(known);
    }
    engine.execute(CLAIM, values![wanted.installation, i64::from(wanted.shard.get())]).await?;
    read(engine).await?.ok_or_else(|| StoreError::corrupt("the database does not know what it is"))
}

async fn read(engine: &Engine) -> Result<Option<Identity>, StoreError> {
    let row = engine.fetch_optional(READ, values![]).await?;
    row.map(|row| Ok(Identity { installation: row.uuid("installation")?, shard: row.shard("shard")? })).transpose()
}
