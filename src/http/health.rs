//! Whether this node lives, and whether requests should be sent to it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Code, Document, Problem, Result};
use super::state::AppState;

/// Limit for the database to answer.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Where the process says that it lives.
pub const LIVE_PATH: &str = "/livez";

/// Where it says that it takes requests.
pub const READY_PATH: &str = "/readyz";

/// A good state of health.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    pub status: &'static str,
    /// The databases beside home, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub shards: Vec<ShardHealth>,
}

/// Whether a database beside home is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShardHealth {
    /// Its number: its place in `database.shards`.
    #[schema(minimum = 1)]
    pub shard: u16,
    /// Whether requests for its tenants are served; they are answered 503 if not.
    pub is_available: bool,
}

const OK: Json<Health> = Json(Health { status: "ok", shards: Vec::new() });

/// The routes of this part.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_livez)).routes(routes!(get_readyz))
}

/// Says that the process lives
///
/// Looks at nothing else: a restart would not mend a database.
#[utoipa::path(
    get,
    path = LIVE_PATH,
    tag = "health",
    security(()),
    responses((status = 200, description = "The process lives", body = Health)),
)]
async fn get_livez() -> Json<Health> {
    OK
}

/// Says whether requests should be sent to this node
///
/// It should get none while it stops or can't reach its database. A further database that is away (`database.shards`) leaves a node
/// ready: it concerns its own tenants alone, on all nodes alike.
#[utoipa::path(
    get,
    path = READY_PATH,
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "Requests can be sent here", body = Health),
        (status = 503, description = "Requests should go elsewhere", body = Document, content_type = "application/problem+json"),
    ),
)]
async fn get_readyz(State(state): State<AppState>) -> Result<Json<Health>> {
    if state.stopping.is_cancelled() {
        return Err(Problem::new(Code::Unavailable, "This node is stopping.").retry_after(PING_TIMEOUT));
    }
    let ping = tokio::time::timeout(PING_TIMEOUT, state.home().store.ping()).await;
    ping.map_err(|_| Problem::new(Code::Unavailable, "The database does not answer.").retry_after(PING_TIMEOUT))??;
    let shards = state.shards.further_numbers();
    let shards = shards.map(|(number, is_available)| ShardHealth { shard: number.get(), is_available }).collect();
    Ok(Json(Health { status: "ok", shards }))
}
