//! `/metrics`: what this node counts, as Prometheus reads it. Asks neither the database nor anybody else, so that it answers when
//! nothing else does.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::problem::{Document, Problem, Result};
use super::state::AppState;
use crate::domain::credential::Scope;
use crate::metrics::{self, Connections, Counted, Pile};
use crate::store::{Holdings, Pool};

/// Where it is.
pub const PATH: &str = "/metrics";

/// The routes of this part.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_metrics))
}

/// Reads what this node counts
///
/// In the text format of Prometheus. `docs/metrics.md` lists the metrics. With the setting `metrics.require_key` it needs a
/// credential with the scope `admin` that reaches all tenants; without, it is open like the health checks.
#[utoipa::path(
    get,
    path = PATH,
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "The metrics", body = String, content_type = "text/plain"),
        (status = "default", description = "The setting asks for a credential", body = Document, content_type = "application/problem+json"),
    ),
)]
async fn get_metrics(State(state): State<AppState>, request: Request) -> Result<impl IntoResponse> {
    if state.config.metrics.require_key {
        let caller = Caller::from_request_parts(&mut request.into_parts().0, &state).await?;
        caller.require(Scope::Admin)?;
        caller.require_all_tenants()?;
    }
    look(&state);
    let text = state.metrics.text().map_err(|error| Problem::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text))
}

/// Brings up to date what is not counted but looked at.
fn look(state: &AppState) {
    let metrics = &state.metrics;
    let home = state.home();
    let (requests, bytes) = home.acceptor.waiting();
    metrics.accept.waits(requests, bytes);
    metrics.deliver.holds(home.dispatch.load());
    let Holdings { pools, lease_count, oldest_lease_at } = home.store.holdings();
    let in_flight = Counted { count: lease_count as u64, oldest_at: oldest_lease_at, is_estimated: false };
    metrics.depth.counted(Pile::InFlight, in_flight, state.clock.now());
    metrics.depth.show(state.clock.now());
    for Pool { name, used, idle, max } in pools {
        metrics.database.pool(Connections { pool: name, used, idle, max });
    }
    metrics.node.runtime();
    metrics.process.look();
}
