//! The health of sinks, told and heard: what this node saw goes into the database, and what all saw comes from there.
//!
//! Written and read beside the path of a delivery, and only for sinks in trouble: what is decided is `domain::breaker`'s.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::shared::Shared;
use crate::domain::breaker::{Health, Policy, Seen, State};
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::DisabledReason;
use crate::metrics::SinkTurn;
use crate::store::{HealthChange, StoreError};

/// Sinks told of in one transaction.
const MAX_TOLD: usize = 200;
/// Sinks read at once.
const PAGE: u32 = 500;
/// How long news gather after some were told, so that a sink that fails quickly costs a few writes a second.
const PACE: Duration = Duration::from_millis(50);
/// How long a database that does not answer is left alone.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How long the last news may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// What a node that tries a sink may take beyond the sink's own time limit, before another one does.
const GRACE: Duration = Duration::from_secs(10);
/// How often somebody else may be faster before a person's wish is given up.
const TRIES: usize = 5;

/// Tells what was seen of sinks in trouble, until `stop`.
pub(super) async fn tell(shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = shared.unwell.notified() => {}
            () = stop.cancelled() => break,
        }
        let pause = match tell_news(&shared).await {
            Ok(()) => PACE,
            Err(failure) => {
                log(&failure);
                shared.unwell.notify_one();
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
    if let Ok(Err(failure)) = timeout(FAREWELL, tell_news(&shared)).await {
        log(&failure);
    }
}

/// Tells all that is to be told by now. What somebody else was faster with stays for the next time.
async fn tell_news(shared: &Shared) -> Result<(), StoreError> {
    loop {
        let news = shared.lanes().take_news(MAX_TOLD);
        if news.is_empty() {
            return Ok(());
        }
        match tell_some(shared, &news).await {
            Ok(untold) => {
                let is_contended = !untold.is_empty();
                shared.lanes().put_back_news(untold);
                if is_contended {
                    shared.unwell.notify_one();
                    return Ok(());
                }
            }
            Err(failure) => {
                shared.lanes().put_back_news(news);
                return Err(failure);
            }
        }
    }
}

async fn tell_some(shared: &Shared, news: &[(SubscriptionId, Seen)]) -> Result<Vec<(SubscriptionId, Seen)>, StoreError> {
    let ids: Vec<_> = news.iter().map(|(id, _)| *id).collect();
    let known: HashMap<_, _> = shared.store.sink_health(&ids).await?.into_iter().collect();
    let now = shared.clock.now();
    let directory = shared.directory.load();
    let mut told = Vec::with_capacity(news.len());
    let mut changes = Vec::with_capacity(news.len());
    for (id, seen) in news {
        let Some(subscription) = directory.subscriptions.get(id) else { continue };
        let policy = shared.terms.breaker_of(subscription);
        let before = known.get(id);
        let after = Health::follow(before, seen, &policy, now, shared.entropy.fraction());
        let hopeless = after.as_ref().filter(|after| after.is_hopeless(&policy));
        if let Some(hopeless) = hopeless {
            disable(shared, *id, hopeless, &policy).await?;
        }
        // Whoever enables it again begins anew.
        let kept = if hopeless.is_some() { None } else { after };
        changes.push(HealthChange { id: *id, read: before.map(|before| before.revision), after: kept });
        told.push((seen, before));
    }
    let written = shared.store.put_sink_health(&changes).await?;
    let mut untold = Vec::new();
    for (((seen, before), HealthChange { id, after, .. }), is_written) in told.into_iter().zip(changes).zip(written) {
        if is_written {
            note(shared, id, before, after.as_ref());
            shared.lanes().learn(id, after, now);
        } else {
            untold.push((id, seen.clone()));
        }
    }
    shared.ready.notify_one();
    shared.refill.notify_one();
    Ok(untold)
}

/// Logs and counts what became of the breaker.
fn note(shared: &Shared, subscription_id: SubscriptionId, before: Option<&Health>, after: Option<&Health>) {
    let Some(after) = after.filter(|after| before.is_none_or(|before| before.state != after.state)) else { return };
    match after.state {
        State::Open => {
            let (status, error) = (after.last.status, after.last.error.as_deref());
            let retry_at = after.until.unwrap_or_default();
            warn!(%subscription_id, status, error, trips = after.trips, %retry_at, "a sink fails: the breaker opens");
            shared.metrics.sinks.turned(SinkTurn::Opened);
        }
        State::Recovering => {
            info!(%subscription_id, trips = after.trips, "a sink answers again: the breaker closes");
            shared.metrics.sinks.turned(SinkTurn::Closed);
        }
        State::Failing | State::HalfOpen => {}
    }
}

/// Before that is written: if this node dies in between, the next failure does it again.
async fn disable(shared: &Shared, subscription_id: SubscriptionId, health: &Health, policy: &Policy) -> Result<(), StoreError> {
    shared.lanes().halt(subscription_id);
    shared.store.disable_subscription(subscription_id, DisabledReason::Failing, shared.clock.now()).await?;
    let failing_since = health.failing_since.unwrap_or(health.since);
    let limit_ms = u64::try_from(policy.disable_after.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
    warn!(%subscription_id, %failing_since, limit_ms, "nothing went well at a sink for too long: the subscription is disabled");
    shared.metrics.sinks.turned(SinkTurn::Disabled);
    Ok(())
}

/// Looks at all sinks in trouble, and forgets those whose trouble is over.
///
/// # Errors
/// The store's own.
pub(super) async fn look(shared: &Shared) -> Result<(), StoreError> {
    let look = shared.lanes().begin_look();
    let (mut found, mut after) = (HashMap::new(), None);
    loop {
        let page = shared.store.sinks_in_trouble(after, PAGE).await?;
        after = page.last().map(|(id, _)| *id);
        let is_last = page.len() < PAGE as usize;
        found.extend(page);
        if is_last {
            break;
        }
    }
    let now = shared.clock.now();
    let over: Vec<_> =
        found.iter().filter(|(_, health)| health.is_over(now)).map(|(id, health)| forgotten(*id, health)).collect();
    for some in over.chunks(MAX_TOLD) {
        let written = shared.store.put_sink_health(some).await?;
        for (change, _) in some.iter().zip(written).filter(|(_, is_written)| *is_written) {
            found.remove(&change.id);
        }
    }
    shared.metrics.sinks.counted(found.len(), found.values().filter(|health| health.state.is_shut()).count());
    shared.lanes().end_look(look, found, now);
    shared.ready.notify_one();
    Ok(())
}

/// Asks to be let to try these sinks; this node then gets to send them a few deliveries, unless another one is at it.
///
/// # Errors
/// The store's own.
pub(super) async fn try_out(shared: &Shared, ids: &[SubscriptionId]) -> Result<(), StoreError> {
    let known: HashMap<_, _> = shared.store.sink_health(ids).await?.into_iter().collect();
    let now = shared.clock.now();
    let mut changes = Vec::new();
    for &id in ids {
        match known.get(&id) {
            Some(health) => match health.tried(shared.node, now, now.plus(allowed(shared, id))) {
                Some(after) => changes.push(HealthChange { id, read: Some(health.revision), after: Some(after) }),
                None => shared.lanes().learn(id, Some(health.clone()), now),
            },
            None => shared.lanes().learn(id, None, now),
        }
    }
    let written = if changes.is_empty() { Vec::new() } else { shared.store.put_sink_health(&changes).await? };
    for (change, is_written) in changes.into_iter().zip(written) {
        if let (true, Some(health)) = (is_written, change.after) {
            info!(subscription_id = %change.id, trips = health.trips, "a sink in trouble is tried");
            shared.metrics.sinks.turned(SinkTurn::Tried);
            shared.lanes().permit(change.id, health, now);
        }
    }
    Ok(())
}

/// How long a node may take to try a sink.
fn allowed(shared: &Shared, id: SubscriptionId) -> Duration {
    let directory = shared.directory.load();
    let timeout_ms = directory.subscriptions.get(&id).map_or(0, |subscription| subscription.spec.config.timeout_ms);
    Duration::from_millis(timeout_ms) + GRACE
}

/// Forgets what is known of a sink, as after a person mended it.
///
/// # Errors
/// The store's own.
pub(super) async fn forget(shared: &Shared, id: SubscriptionId) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let Some((_, health)) = shared.store.sink_health(&[id]).await?.pop() else { break };
        if shared.store.put_sink_health(&[forgotten(id, &health)]).await?.contains(&true) {
            break;
        }
    }
    shared.lanes().learn(id, None, shared.clock.now());
    shared.ready.notify_one();
    shared.refill.notify_one();
    Ok(())
}

fn forgotten(id: SubscriptionId, health: &Health) -> HealthChange {
    HealthChange { id, read: Some(health.revision), after: None }
}

fn log(failure: &StoreError) {
    if matches!(failure, StoreError::Unavailable(_)) {
        warn!(error = failure as &dyn std::error::Error, "what is known of sinks waits for the database");
    } else {
        error!(error = failure as &dyn std::error::Error, "what is known of sinks could not be written");
    }
}
