//! Jobs: kept, changed by people, claimed by nodes and stepped forward.
//!
//! A job is leased by its own row: the claim moves `due_at` to the end of the lease, so that a job whose node died is simply due
//! again, and raises `lease_token`, which every later write of that step has to find. What a step opens is in [`super::opening`].

use uuid::Uuid;

use super::engine::{Engine, Transaction};
use super::leases::{pack, unpack};
use super::opening;
use super::row::Row;
use super::statement::statements;
use super::value::{Value, values};
use crate::domain::clock::Timestamp;
use crate::domain::id::{DeliveryId, JobId};
use crate::domain::job::{Job, JobFailure, JobKind, JobState, Progress, Reason};
use crate::domain::page::{Page, PageRequest};
use crate::domain::tenant::TenantName;
use crate::store::{ClaimedJob, Conflict, DueJob, JobChange, JobClaim, JobEnd, JobFilter, JobStep, Stepped, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

macro_rules! columns {
    () => {
        "id, tenant, state, failure, parameters, progress, unattempted, opens_at, lease_token, created_at, updated_at, finished_at"
    };
}

statements! {
    // The tenant's row is locked first, so that of several callers at once each counts what the others created.
    LOCK_TENANT = "UPDATE tenants SET name = name WHERE name = $1";
    COUNT_OPEN = "SELECT COUNT(*) AS jobs FROM jobs WHERE tenant = $1 AND state IN ('running', 'paused')";
    CREATE = "INSERT INTO jobs (id, tenant, kind, subscription_id, state, parameters, progress, unattempted, opens_at, due_at,
                lease_token, created_at, updated_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 0, $9, $9)";
    FIND = "SELECT ", columns!(), " FROM jobs WHERE tenant = $1 AND id = $2";
    LIST = "SELECT ", columns!(), " FROM jobs
            WHERE tenant = $1 AND id < $2 AND (state = $3 OR $3 IS NULL) AND (subscription_id = $4 OR $4 IS NULL)
            ORDER BY id DESC LIMIT $5";
    CHANGE = "UPDATE jobs SET state = $3, due_at = $4, updated_at = $4, finished_at = $5, lease_owner = NULL,
                lease_token = lease_token + 1
              WHERE tenant = $1 AND id = $2 AND state IN ('running', 'paused') AND state <> $3 RETURNING ", columns!();
    // A handful in place of one: others may be faster.
    DUE = "SELECT id, due_at, lease_token FROM jobs WHERE state = 'running' ORDER BY due_at, id LIMIT 8";
    CLAIM = "UPDATE jobs SET lease_owner = $3, lease_token = lease_token + 1, due_at = $4
             WHERE id = $1 AND lease_token = $2 AND state = 'running' RETURNING ", columns!();
    STEP = "UPDATE jobs SET state = $3, failure = $4, progress = $5, unattempted = $6, opens_at = $7, due_at = $8, updated_at = $9,
              finished_at = $10, lease_owner = NULL
            WHERE id = $1 AND lease_token = $2 AND state = 'running'";
    COUNT_RUNNING = "SELECT COUNT(*) AS jobs FROM jobs WHERE state = 'running'";
    PRUNE = "WITH chosen AS MATERIALIZED (SELECT id FROM jobs WHERE finished_at < $1 ORDER BY id LIMIT $2)
             DELETE FROM jobs WHERE id IN (SELECT id FROM chosen)";
}

/// Stores a new job.
pub(super) async fn create(engine: &Engine, job: &Job, max_open: u32) -> Result<()> {
    let mut transaction = engine.begin().await?;
    transaction.execute(LOCK_TENANT, values![&job.tenant]).await?;
    let open = transaction.fetch_optional(COUNT_OPEN, values![&job.tenant]).await?;
    if open.map_or(Ok(0), |row| row.int("jobs"))? >= i64::from(max_open) {
        return Err(Conflict::Full.into());
    }
    let values = values![
        job.id,
        &job.tenant,
        JobKind::Replay.as_str(),
        job.replay.subscription_id,
        job.state.as_str(),
        json(&job.replay)?,
        json(&job.progress)?,
        Vec::new(),
        job.created_at,
    ];
    transaction.execute(CREATE, values).await?;
    transaction.commit().await
}

/// One job.
pub(super) async fn find(engine: &Engine, tenant: &TenantName, id: JobId) -> Result<Job> {
    read(&engine.fetch_optional(FIND, values![tenant, id]).await?.ok_or(StoreError::NotFound)?)
}

/// A tenant's jobs that match, newest first.
pub(super) async fn list(engine: &Engine, tenant: &TenantName, filter: &JobFilter, page: PageRequest) -> Result<Page<Job>> {
    let before = page.before.unwrap_or(Uuid::max());
    let values = values![tenant, before, filter.state.map(JobState::as_str), filter.subscription_id, page.limit + 1];
    let jobs = engine.fetch_all(LIST, values).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::cut(jobs, page.limit, |job| job.id.as_uuid()))
}

/// Pauses, resumes or cancels a job.
pub(super) async fn change(engine: &Engine, tenant: &TenantName, id: JobId, change: JobChange, now: Timestamp) -> Result<Job> {
    let state = change.leads_to();
    let finished_at = state.is_finished().then_some(now);
    let mut transaction = engine.begin().await?;
    let values = values![tenant, id, state.as_str(), now, finished_at];
    if let Some(row) = transaction.fetch_optional(CHANGE, values).await? {
        transaction.commit().await?;
        return read(&row);
    }
    let found = read(&transaction.fetch_optional(FIND, values![tenant, id]).await?.ok_or(StoreError::NotFound)?)?;
    if found.state == state { Ok(found) } else { Err(Conflict::State(found.state.as_str()).into()) }
}

/// Leases the job that has been due for longest.
pub(super) async fn claim(engine: &Engine, claim: &JobClaim) -> Result<DueJob> {
    // Looked for with a reader: most of the time nothing is due, and nobody has to wait for that.
    for row in engine.fetch_all(DUE, values![]).await? {
        let due_at = row.time("due_at")?;
        if due_at > claim.now {
            return Ok(DueJob::None(Some(due_at)));
        }
        let mut transaction = engine.begin().await?;
        let values = values![row.uuid("id")?, row.int("lease_token")?, claim.node, claim.until];
        if let Some(claimed) = transaction.fetch_optional(CLAIM, values).await? {
            transaction.commit().await?;
            return read_claimed(&claimed).map(|claimed| DueJob::Claimed(Box::new(claimed)));
        }
    }
    Ok(DueJob::None(None))
}

/// Records a step with what it opens.
pub(super) async fn step(engine: &Engine, step: &JobStep) -> Result<Stepped> {
    let mut transaction = engine.begin().await?;
    let opened = opening::open(&mut transaction, step).await?;
    let mut progress = step.progress;
    progress.created += opened.created.len() as u64;
    progress.reopened += opened.reopened.len() as u64;
    for _ in 0..opened.gone {
        progress.skip(Reason::Expired);
    }
    for _ in opened.count() + opened.gone..step.opens.len() {
        // Somebody else was faster: it is on its way already.
        progress.skip(Reason::Open);
    }
    if !is_recorded(&mut transaction, step, &progress, opened.ids()).await? {
        return Ok(Stepped::LeaseLost);
    }
    transaction.commit().await?;
    Ok(Stepped::Done { created: opened.created.len() as u64, reopened: opened.reopened.len() as u64 })
}

/// The fence: of the transaction's writes the last one, so that a step that lost its lease leaves nothing behind.
async fn is_recorded(
    transaction: &mut Transaction,
    step: &JobStep,
    progress: &Progress,
    opened: impl Iterator<Item = Uuid>,
) -> Result<bool> {
    let unattempted = pack(step.unattempted.iter().map(|id| id.as_uuid()).chain(opened));
    let values = values![
        step.id,
        step.token,
        step.end.map_or(JobState::Running, JobEnd::state).as_str(),
        step.end.and_then(JobEnd::failure).map(JobFailure::as_str),
        json(progress)?,
        unattempted,
        step.opens_at,
        step.due_at,
        step.now,
        step.end.map(|_| step.now),
    ];
    Ok(transaction.execute(STEP, values).await? > 0)
}

/// How many jobs are running.
pub(super) async fn count_running(engine: &Engine) -> Result<u64> {
    engine.fetch_one(COUNT_RUNNING, values![]).await?.narrow("jobs")
}

/// Deletes jobs that finished long ago.
pub(super) async fn prune(engine: &Engine, finished_before: Timestamp, limit: u32) -> Result<u64> {
    engine.execute(PRUNE, values![finished_before, limit]).await
}

fn json(value: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_string(value).map(Value::from).map_err(StoreError::corrupt)
}

fn unattempted(row: &Row) -> Result<Vec<Uuid>> {
    Ok(unpack(&row.get::<Vec<u8>>("unattempted")?))
}

fn read_claimed(row: &Row) -> Result<ClaimedJob> {
    Ok(ClaimedJob {
        job: read(row)?,
        token: row.int("lease_token")?,
        unattempted: unattempted(row)?.into_iter().map(DeliveryId::from_uuid).collect(),
        opens_at: row.time("opens_at")?,
    })
}

fn read(row: &Row) -> Result<Job> {
    Ok(Job {
        id: JobId::from_uuid(row.uuid("id")?),
        tenant: row.tenant("tenant")?,
        state: row.word("state", JobState::parse)?,
        failure: row.optional_word("failure", JobFailure::parse)?,
        replay: row.json("parameters")?,
        progress: row.json("progress")?,
        unattempted: unattempted(row)?.len() as u64,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        finished_at: row.optional_time("finished_at")?,
    })
}
