//! `/v1/stats`: what happened lately, in numbers.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::Query;
use super::wire::answers::Problems;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::credential::Scope;
use crate::http::problem::Result;
use crate::http::{AppState, Caller};
use crate::store::{StatsRow, Store};

/// Waiting deliveries are counted up to here: beyond it the exact number would cost a scan and tell nobody anything.
const WAITING_CAP: u32 = 10_000;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(get_stats))
}

/// Which time is looked at.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChooseStats {
    /// How far back.
    #[serde(default)]
    #[param(required = false)]
    window: StatsWindow,
}

/// How far back counters look.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
enum StatsWindow {
    /// One hour.
    #[serde(rename = "1h")]
    Hour,
    /// One day.
    #[default]
    #[serde(rename = "24h")]
    Day,
    /// One week.
    #[serde(rename = "7d")]
    Week,
}

impl StatsWindow {
    const fn duration(self) -> Duration {
        const HOUR: u64 = 3600;
        Duration::from_secs(match self {
            Self::Hour => HOUR,
            Self::Day => 24 * HOUR,
            Self::Week => 7 * 24 * HOUR,
        })
    }
}

/// A tenant's counters. They are gathered by the minute and may lag by some seconds.
#[derive(Debug, Serialize, ToSchema)]
struct Stats {
    /// How far back they look.
    window: StatsWindow,
    /// Since when they count.
    since_at: Timestamp,
    /// Events accepted, duplicates not counted.
    accepted_count: u64,
    /// Events that were duplicates.
    duplicate_count: u64,
    /// Attempts made.
    attempt_count: u64,
    /// Attempts that failed.
    failed_count: u64,
    /// Deliveries delivered.
    delivered_count: u64,
    /// Deliveries that died.
    dead_lettered_count: u64,
    /// Deliveries that wait right now.
    waiting: Waiting,
}

/// Deliveries that wait right now.
#[derive(Debug, Serialize, ToSchema)]
struct Waiting {
    /// How many there are, counted up to 10000.
    count: u64,
    /// Whether there are more than were counted.
    is_capped: bool,
    /// Since when the oldest of them waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    oldest_waiting_at: Option<Timestamp>,
}

/// Reads the tenant's counters.
#[utoipa::path(
    get, path = "/v1/stats", tag = "stats", params(ChooseStats), security(("bearer" = ["deliveries:read"])),
    responses((status = 200, description = "The counters", body = Stats), Problems)
)]
async fn get_stats(
    State(store): State<Arc<dyn Store>>,
    State(clock): State<Arc<dyn Clock>>,
    caller: Caller,
    Query(ChooseStats { window }): Query<ChooseStats>,
) -> Result<Json<Stats>> {
    caller.require(Scope::DeliveriesRead)?;
    let since_at = clock.now().minus(window.duration());
    let counts = store.stats(&caller.tenant, since_at).await?;
    let (count, oldest_waiting_at) = store.waiting(&caller.tenant, WAITING_CAP).await?;
    let waiting = Waiting { count, is_capped: count >= u64::from(WAITING_CAP), oldest_waiting_at };
    Ok(Json(Stats::new(window, since_at, counts, waiting)))
}

impl Stats {
    fn new(window: StatsWindow, since_at: Timestamp, counts: StatsRow, waiting: Waiting) -> Self {
        Self {
            window,
            since_at,
            accepted_count: counts.accepted,
            duplicate_count: counts.duplicates,
            attempt_count: counts.attempts,
            failed_count: counts.failed,
            delivered_count: counts.delivered,
            dead_lettered_count: counts.dead_lettered,
            waiting,
        }
    }
}
