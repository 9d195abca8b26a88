//! Tenants.

use uuid::Uuid;

use super::engine::Engine;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::tenant::TenantName;
use crate::store::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

/// The identifier of the tenant `default`: a `UUIDv7` of the first millisecond of 1970, the same in every database.
const DEFAULT_ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000);

statements! {
    CREATE = "INSERT INTO tenants (id, name, description, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
}

/// Makes the tenant `default` if it is not there.
pub(super) async fn ensure_default(engine: &Engine) -> Result<()> {
    let values = values![DEFAULT_ID, &TenantName::default(), None::<String>, SystemClock.now()];
    engine.execute(CREATE, values).await.map(|_| ())
}
