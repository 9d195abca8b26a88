//! Jobs as JSON shows them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::clock::Timestamp;
use crate::domain::id::{JobId, SubscriptionId};
use crate::domain::job::{self, JobFailure, JobKind, JobState, Only, Progress};
use crate::jobs;

/// Long work that somebody started.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Job {
    /// Its identifier; deliveries that it opened name it.
    id: JobId,
    /// What kind of work it does.
    kind: JobKind,
    /// Where it stands.
    state: JobState,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failure: Option<JobFailure>,
    /// The subscription that gets the events.
    subscription_id: SubscriptionId,
    /// What it was asked for.
    parameters: Parameters,
    /// What it has done.
    progress: Progress,
    /// How many of the deliveries it opened nobody had tried yet when it last looked. It waits while there are too many.
    unattempted: u64,
    /// When it was created.
    created_at: Timestamp,
    /// When it last did something or was changed.
    updated_at: Timestamp,
    /// When it was completed, failed or was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    finished_at: Option<Timestamp>,
}

/// What a replay was asked for, with its defaults.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayParameters)]
pub(super) struct Parameters {
    /// Events accepted at or after this moment.
    after: Timestamp,
    /// Events accepted before this moment.
    before: Timestamp,
    /// Only events of one of these types; empty means all.
    types: Vec<String>,
    /// Which of the events that match.
    only: Only,
    /// How many deliveries it opens in a second.
    rate_per_second: f64,
}

impl From<job::Replay> for Parameters {
    fn from(replay: job::Replay) -> Self {
        let job::Replay { subscription_id: _, after, before, types, only, rate_per_second } = replay;
        Self { after, before, types, only, rate_per_second }
    }
}

impl From<job::Job> for Job {
    fn from(job: job::Job) -> Self {
        Self {
            id: job.id,
            kind: JobKind::Replay,
            state: job.state,
            failure: job.failure,
            subscription_id: job.replay.subscription_id,
            parameters: job.replay.into(),
            progress: job.progress,
            unattempted: job.unattempted,
            created_at: job.created_at,
            updated_at: job.updated_at,
            finished_at: job.finished_at,
        }
    }
}

/// What a replay would do, as far as it was looked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayDryRun)]
pub(super) struct Forecast {
    /// Always `true`: nothing was changed.
    dry_run: bool,
    /// Whether everything between `after` and `before` was looked at. If not, ask again with `after` at `progress.position_at`.
    is_complete: bool,
    /// What it was asked for.
    parameters: Parameters,
    /// What it would have done by then.
    progress: Progress,
}

impl Forecast {
    /// The answer to a dry run.
    pub(super) fn new(replay: job::Replay, run: jobs::DryRun) -> Self {
        Self { dry_run: true, is_complete: run.is_complete, parameters: replay.into(), progress: run.progress }
    }
}
