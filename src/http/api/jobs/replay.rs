//! Starting a replay, or asking what it would do.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{Forecast, Job};
use crate::config;
use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::id::{JobId, SubscriptionId};
use crate::domain::job::{self, JobFailure, JobState, Only, Progress, Replay};
use crate::http::api::wire::answers::BodyProblems;
use crate::http::api::wire::{Body, Id};
use crate::http::problem::{Code, Problem, Result};
use crate::http::{AppState, Caller, Shard};
use crate::jobs;
use crate::store::{Conflict, StoreError};

/// Types that one replay may name.
const MAX_TYPES: usize = 100;
/// The slowest replay: one delivery in a minute.
const MIN_RATE: f64 = 1.0 / 60.0;
/// When to try again if the tenant has too many jobs.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// What is to be replayed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplayRequest)]
pub(super) struct Request {
    /// Events accepted at or after this moment.
    after: Timestamp,
    /// Events accepted before this moment; now, if it is absent or later than now. `jobs.max_range_ms` (90 days) after `after` at most.
    before: Option<Timestamp>,
    /// Only events of one of these types, at most 100; absent or empty means all that the subscription asks for.
    #[serde(default)]
    #[schema(max_items = 100)]
    types: Vec<String>,
    /// Which of the events that match the subscription now.
    #[serde(default)]
    #[schema(required = false)]
    only: Only,
    /// How many deliveries are opened in a second: `jobs.default_rate_per_second` (50) if absent, `jobs.max_rate_per_second` (1000)
    /// at most.
    #[schema(exclusive_minimum = 0.0)]
    rate_per_second: Option<f64>,
    /// Only count what would be done. Nothing is stored, and no more than `jobs.max_dry_run_events` (20,000) are looked at.
    #[serde(default)]
    #[schema(required = false)]
    dry_run: bool,
}

/// Delivers events of the past to a subscription, as a job.
///
/// Those count that match the subscription as it is while the job runs. What is pending or in flight is left alone. Every request
/// keeps its `webhook-id` and carries `waypost-replay` with the job's identifier.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/replay", tag = "jobs", params(("id" = SubscriptionId, Path)), request_body = Request,
    security(("bearer" = ["deliveries:write"])),
    responses(
        (status = 200, description = "What it would do (`dry_run`)", body = Forecast),
        (status = 202, description = "The job, running", body = Job, headers(("Location" = String))),
        (status = 429, description = "`too_many_requests`: the tenant has as many jobs as `jobs.max_open_per_tenant` allows",
            body = crate::http::problem::Document, content_type = "application/problem+json"),
        BodyProblems
    )
)]
pub(super) async fn replay_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
    Body(request): Body<Request>,
) -> Result<Response> {
    caller.require(Scope::DeliveriesWrite)?;
    let Shard { store, jobs: worker, .. } = app.shard(&caller)?;
    let subscription = store.subscription(&caller.tenant, id).await?;
    let now = app.clock.now();
    let dry_run = request.dry_run;
    let replay = read(request, id, now, &app.config.jobs)?;
    if let Some(failure) = JobFailure::of(subscription.status) {
        return Err(refused(failure));
    }
    if dry_run {
        let run = jobs::dry_run(&**store, &subscription, &replay, app.config.jobs.max_dry_run_events).await?;
        return Ok(Json(Forecast::new(replay, run)).into_response());
    }
    let job = job::Job {
        id: JobId::new(now, &*app.entropy),
        tenant: caller.tenant,
        state: JobState::Running,
        failure: None,
        replay,
        progress: Progress::default(),
        unattempted: 0,
        created_at: now,
        updated_at: now,
        finished_at: None,
    };
    let max_open = app.config.jobs.max_open_per_tenant;
    store.create_job(&job, max_open).await.map_err(|error| full(error, max_open))?;
    worker.due();
    let location: [(HeaderName, String); 1] = [(header::LOCATION, format!("/v1/jobs/{}", job.id))];
    Ok((StatusCode::ACCEPTED, location, Json(Job::from(job))).into_response())
}

/// What is asked for as it is kept, with its defaults.
fn read(request: Request, subscription_id: SubscriptionId, now: Timestamp, config: &config::Jobs) -> Result<Replay> {
    let Request { after, before, types, only, rate_per_second, dry_run: _ } = request;
    let mut faults = Vec::new();
    let mut refuse = |pointer: &str, detail: String| faults.push((pointer.to_owned(), detail));
    // What is accepted from now on is routed as it comes.
    let before = before.map_or(now, |before| before.min(now));
    let max_range = Duration::from_millis(config.max_range_ms);
    if after >= before {
        refuse("/after", "must lie before `before`, and in the past".to_owned());
    } else if before.since(after) > max_range {
        refuse("/after", format!("must lie at most {} ms (`jobs.max_range_ms`) before `before`", config.max_range_ms));
    }
    if types.len() > MAX_TYPES {
        refuse("/types", format!("must name at most {MAX_TYPES} types"));
    }
    if let Some(position) = types.iter().position(String::is_empty) {
        refuse(&format!("/types/{position}"), "must not be empty".to_owned());
    }
    let max_rate = f64::from(config.max_rate_per_second);
    let rate_per_second = rate_per_second.unwrap_or_else(|| f64::from(config.default_rate_per_second).min(max_rate));
    if !(MIN_RATE..=max_rate).contains(&rate_per_second) {
        refuse("/rate_per_second", format!("must be at least one a minute and at most {max_rate} (`jobs.max_rate_per_second`)"));
    }
    if faults.is_empty() {
        return Ok(Replay { subscription_id, after, before, types, only, rate_per_second });
    }
    let refusal = Problem::invalid_request("The replay is not as it may be; nothing was changed.");
    Err(faults.into_iter().fold(refusal, |problem, (pointer, detail)| problem.at_pointer(pointer, detail)))
}

fn refused(failure: JobFailure) -> Problem {
    let detail = match failure {
        JobFailure::SubscriptionUnverified => {
            "The sink has not agreed to deliveries yet, so nothing can be replayed to it: `/verify` asks it."
        }
        JobFailure::SubscriptionDisabled | JobFailure::SubscriptionDeleted => {
            "The subscription is disabled, so nothing can be replayed to it: `/resume` it first."
        }
    };
    Problem::new(Code::Conflict, detail)
}

fn full(error: StoreError, max_open: u32) -> Problem {
    match error {
        StoreError::Conflict(Conflict::Full) => {
            let detail = format!(
                "{max_open} jobs of this tenant run or are paused already, as many as `jobs.max_open_per_tenant` allows."
            );
            Problem::new(Code::TooManyRequests, detail).retry_after(RETRY_AFTER)
        }
        error => error.into(),
    }
}
