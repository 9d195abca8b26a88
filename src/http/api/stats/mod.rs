//! `/v1/stats`: what happened lately, in numbers and as a series for charts.

mod view;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::answers::Problems;
use super::wire::{Query, lately};
use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::id::SubscriptionId;
use crate::http::problem::{Problem, Result};
use crate::http::{AppState, Caller};
use crate::store::StatsWidth;
use view::{Stats, SubscriptionStats, Waiting};

/// Waiting deliveries are counted up to here: beyond it the exact number would cost a scan and tell nobody anything.
const WAITING_CAP: u32 = 10_000;

/// Subscriptions listed if no number is asked for, and at most.
const DEFAULT_WORST: u32 = 10;
const MAX_WORST: u32 = 250;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(get_stats)).routes(routes!(list_subscription_stats))
}

/// Which time is looked at, and whose deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChooseStats {
    /// How far back.
    #[serde(default)]
    #[param(required = false)]
    window: StatsWindow,
    /// Only the deliveries to this subscription.
    subscription_id: Option<SubscriptionId>,
}

/// Which time is looked at, and how many subscriptions are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChooseWorst {
    /// How far back.
    #[serde(default)]
    #[param(required = false)]
    window: StatsWindow,
    /// At most so many.
    #[param(minimum = 1, maximum = 250, default = 10)]
    limit: Option<u32>,
}

/// How far back counters look.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
enum StatsWindow {
    /// One hour, minute by minute.
    #[serde(rename = "1h")]
    Hour,
    /// One day, by quarters of an hour.
    #[default]
    #[serde(rename = "24h")]
    Day,
    /// One week, by two hours.
    #[serde(rename = "7d")]
    Week,
}

impl StatsWindow {
    const fn width(self) -> StatsWidth {
        match self {
            Self::Hour => StatsWidth::Minute,
            Self::Day => StatsWidth::Quarter,
            Self::Week => StatsWidth::TwoHours,
        }
    }

    /// Stretches in the window, the one under way included.
    const fn point_count(self) -> u32 {
        match self {
            Self::Hour => 60,
            Self::Day => 96,
            Self::Week => 84,
        }
    }

    /// The beginning of its first stretch.
    fn since(self, now: Timestamp) -> Timestamp {
        self.width().begin(now).minus(self.width().duration() * (self.point_count() - 1))
    }
}

/// A tenant's subscriptions with what came of their deliveries.
#[derive(Debug, Serialize, ToSchema)]
struct SubscriptionStatsList {
    /// How far back they look.
    window: StatsWindow,
    /// Since when they count.
    since_at: Timestamp,
    /// The subscriptions, those with the most failed attempts first.
    data: Vec<SubscriptionStats>,
}

/// Reads the tenant's counters, or those of one of its subscriptions.
#[utoipa::path(
    get, path = "/v1/stats", tag = "stats", params(ChooseStats), security(("bearer" = ["deliveries:read"])),
    responses((status = 200, description = "The counters", body = Stats), Problems)
)]
async fn get_stats(
    State(app): State<AppState>,
    caller: Caller,
    Query(ChooseStats { window, subscription_id }): Query<ChooseStats>,
) -> Result<Json<Stats>> {
    caller.require(Scope::DeliveriesRead)?;
    let store = &app.shard(&caller)?.store;
    let since = window.since(app.clock.now());
    let points = lately!(store.stats(&caller.tenant, subscription_id, window.width(), since))?;
    let (count, oldest_waiting_at) = store.waiting(&caller.tenant, subscription_id, WAITING_CAP).await?;
    let waiting = Waiting { count, is_capped: count >= u64::from(WAITING_CAP), oldest_waiting_at };
    Ok(Json(Stats::new(window, since, points, waiting)))
}

/// Lists the subscriptions that fared worst, the one with the most failed attempts first.
#[utoipa::path(
    get, path = "/v1/stats/subscriptions", tag = "stats", params(ChooseWorst), security(("bearer" = ["deliveries:read"])),
    responses((status = 200, description = "The subscriptions", body = SubscriptionStatsList), Problems)
)]
async fn list_subscription_stats(
    State(app): State<AppState>,
    caller: Caller,
    Query(ChooseWorst { window, limit }): Query<ChooseWorst>,
) -> Result<Json<SubscriptionStatsList>> {
    caller.require(Scope::DeliveriesRead)?;
    let store = &app.shard(&caller)?.store;
    let limit = limit.unwrap_or(DEFAULT_WORST);
    if !(1..=MAX_WORST).contains(&limit) {
        return Err(Problem::invalid_request("There is no such page.").at_parameter("limit", "must be between 1 and 250"));
    }
    let since_at = window.since(app.clock.now());
    let worst = lately!(store.worst_subscriptions(&caller.tenant, window.width(), since_at, limit))?;
    let data = worst.into_iter().map(SubscriptionStats::from).collect();
    Ok(Json(SubscriptionStatsList { window, since_at, data }))
}
