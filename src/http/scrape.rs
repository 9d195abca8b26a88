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
use crate::domain::shard::ShardNumber;
use crate::metrics::{self, Connections, Counted, Load, Pile};
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
    let now = state.clock.now();
    let (mut requests, mut bytes, mut load) = (0, 0, None);
    let mut pools: Vec<Pool> = Vec::new();
    let mut in_flight = Counted::default();
    let (mut unheard, mut replicas) = (0, Vec::new());
    for shard in state.shards.all() {
        let waiting = shard.acceptor.waiting();
        (requests, bytes) = (requests + waiting.0, bytes + waiting.1);
        let own = shard.dispatch.load();
        load = Some(load.map_or(own, |sum: Load| sum.with(own)));
        let Holdings { pools: own, lease_count, oldest_lease_at, hears, replica } = shard.store.holdings();
        unheard += usize::from(hears == Some(false));
        replicas.extend(replica);
        in_flight.count += lease_count as u64;
        in_flight.oldest_at = [in_flight.oldest_at, oldest_lease_at].into_iter().flatten().min();
        for pool in own {
            add(&mut pools, pool);
        }
    }
    metrics.accept.waits(requests, bytes);
    if let Some(load) = load {
        metrics.deliver.holds(load);
    }
    metrics.depth.counted(ShardNumber::HOME, Pile::InFlight, in_flight, now);
    metrics.depth.show(now);
    for Pool { name, used, idle, max } in pools {
        metrics.database.pool(Connections { pool: name, used, idle, max });
    }
    let (shards, down) =
        state.shards.further_numbers().fold((0, 0), |(all, down), (_, is_up)| (all + 1, down + usize::from(!is_up)));
    metrics.database.shards(shards, down);
    metrics.database.unheard(unheard);
    let age = replicas.iter().map(|replica| replica.age).max().unwrap_or_default();
    metrics.database.replicas(age, replicas.iter().filter(|replica| !replica.is_used).count());
    metrics.node.runtime();
    metrics.process.look();
}

/// Pools of one name are shown as one: those of all databases.
fn add(pools: &mut Vec<Pool>, pool: Pool) {
    match pools.iter_mut().find(|sum| sum.name == pool.name) {
        Some(sum) => {
            *sum = Pool { used: sum.used + pool.used, idle: sum.idle + pool.idle, max: sum.max + pool.max, ..*sum };
        }
        None => pools.push(pool),
    }
}
