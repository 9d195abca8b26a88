//! `/v1/jobs` and `/v1/subscriptions/{id}/replay`: delivering the past, watching how far it is, holding and ending it.

mod replay;
mod view;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::answers::{ChangeProblems, Problems};
use super::wire::{Cursor, Id, Limit, List, Query, page};
use crate::domain::credential::Scope;
use crate::domain::id::{JobId, SubscriptionId};
use crate::domain::job::JobState;
use crate::http::problem::Result;
use crate::http::{AppState, Caller};
use crate::store::{JobChange, JobFilter};
use view::Job;

/// A page of them, under a name for the document.
type JobList = List<Job>;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list_jobs))
        .routes(routes!(get_job))
        .routes(routes!(pause_job))
        .routes(routes!(resume_job))
        .routes(routes!(cancel_job))
        .routes(routes!(replay::replay_subscription))
}

/// What is searched for. Every parameter narrows the search.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchJobs {
    /// In this state.
    state: Option<JobState>,
    /// For this subscription.
    subscription_id: Option<SubscriptionId>,
    /// How many rows the page may have.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250, default = 50)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<JobId>>,
}

/// Lists jobs, newest first. Those that finished long ago are gone (`jobs.keep_ms`).
#[utoipa::path(
    get, path = "/v1/jobs", tag = "jobs", params(SearchJobs), security(("bearer" = ["deliveries:read"])),
    responses((status = 200, description = "A page of jobs", body = JobList), Problems)
)]
async fn list_jobs(State(app): State<AppState>, caller: Caller, Query(search): Query<SearchJobs>) -> Result<Json<List<Job>>> {
    caller.require(Scope::DeliveriesRead)?;
    let store = &app.shard(&caller)?.store;
    let SearchJobs { state, subscription_id, limit, cursor } = search;
    let rows = store.jobs(&caller.tenant, &JobFilter { state, subscription_id }, page(limit, cursor)).await?;
    Ok(Json(List::page::<JobId, _>(rows, Job::from)))
}

/// Reads one job with its progress.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", tag = "jobs", params(("id" = JobId, Path)), security(("bearer" = ["deliveries:read"])),
    responses((status = 200, description = "The job as it is now", body = Job), Problems)
)]
async fn get_job(State(app): State<AppState>, caller: Caller, Id(id): Id<JobId>) -> Result<Json<Job>> {
    caller.require(Scope::DeliveriesRead)?;
    let store = &app.shard(&caller)?.store;
    Ok(Json(store.job(&caller.tenant, id).await?.into()))
}

/// Holds a job until it is resumed. Deliveries that it opened go on.
///
/// Nothing happens to one that is paused already.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/pause", tag = "jobs", params(("id" = JobId, Path)), security(("bearer" = ["deliveries:write"])),
    responses((status = 200, description = "The job, paused", body = Job), ChangeProblems)
)]
async fn pause_job(State(app): State<AppState>, caller: Caller, Id(id): Id<JobId>) -> Result<Json<Job>> {
    change(&app, &caller, id, JobChange::Pause).await
}

/// Lets a paused job go on from where it stood, at its rate.
///
/// Nothing happens to one that is running.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/resume", tag = "jobs", params(("id" = JobId, Path)), security(("bearer" = ["deliveries:write"])),
    responses((status = 200, description = "The job, running", body = Job), ChangeProblems)
)]
async fn resume_job(State(app): State<AppState>, caller: Caller, Id(id): Id<JobId>) -> Result<Json<Job>> {
    change(&app, &caller, id, JobChange::Resume).await
}

/// Ends a job. Deliveries that it opened go on: cancel them where that is not wanted.
///
/// Nothing happens to one that is cancelled already.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/cancel", tag = "jobs", params(("id" = JobId, Path)), security(("bearer" = ["deliveries:write"])),
    responses((status = 200, description = "The job, cancelled", body = Job), ChangeProblems)
)]
async fn cancel_job(State(app): State<AppState>, caller: Caller, Id(id): Id<JobId>) -> Result<Json<Job>> {
    change(&app, &caller, id, JobChange::Cancel).await
}

async fn change(app: &AppState, caller: &Caller, id: JobId, change: JobChange) -> Result<Json<Job>> {
    caller.require(Scope::DeliveriesWrite)?;
    let shard = app.shard(caller)?;
    let job = shard.store.change_job(&caller.tenant, id, change, app.clock.now()).await?;
    if change == JobChange::Resume {
        shard.jobs.due();
    }
    Ok(Json(job.into()))
}
