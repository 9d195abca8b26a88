//! News between nodes: tells what this one did, and does what it hears from others as if it had been told of it here.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::dispatch;
use crate::domain::clock::Clock;
use crate::domain::id::NodeId;
use crate::jobs;
use crate::routing::Router;
use crate::store::{News, NewsBox, Store, StoreError};

/// The least time between two transactions that tell something: what comes meanwhile is told together.
const TELLING_PAUSE: Duration = Duration::from_millis(20);
/// The least time between two looks on what others said.
const HEARING_PAUSE: Duration = Duration::from_millis(5);
/// How long a database is left alone that does not answer.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What a node does about news.
pub(super) struct Parts {
    pub(super) store: Arc<dyn Store>,
    pub(super) node: NodeId,
    pub(super) router: Arc<Router>,
    /// On a node that delivers.
    pub(super) deliveries: Option<(dispatch::Handle, jobs::Handle)>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Tells, hears and acts until `stop`.
pub(super) async fn exchange(parts: Parts, stop: CancellationToken) {
    let inbox = NewsBox::default();
    tokio::select! {
        () = tell(&parts) => {}
        () = hear(&parts, &inbox) => {}
        () = act(&parts, &inbox) => {}
        () = stop.cancelled() => {}
    }
}

async fn tell(parts: &Parts) {
    loop {
        match parts.store.spread_news(parts.node).await {
            Ok(()) => sleep(TELLING_PAUSE).await,
            Err(failure) => rest("other nodes could not be told; they find what is due by themselves", &failure).await,
        }
    }
}

async fn hear(parts: &Parts, inbox: &NewsBox) {
    loop {
        if let Err(failure) = parts.store.hear_news(parts.node, inbox).await {
            rest("other nodes can't be heard; what is due is found by looking", &failure).await;
        }
    }
}

async fn rest(what: &str, failure: &StoreError) {
    tracing::warn!(error = failure as &dyn std::error::Error, "{what}");
    sleep(AFTER_FAILURE).await;
}

async fn act(parts: &Parts, inbox: &NewsBox) {
    loop {
        let news = inbox.take().await;
        let began = Instant::now();
        // First of all: whether a lane may be served depends on what its subscription is now.
        if news.routing
            && let Err(failure) = parts.router.poll().await
        {
            tracing::warn!(
                error = &failure as &dyn std::error::Error,
                "looking for changed subscriptions did not work; it is tried again"
            );
        }
        let refreshed = began.elapsed();
        if let Some((dispatch, jobs)) = &parts.deliveries {
            look(&news, dispatch, jobs, &*parts.clock);
        }
        // Where there are very many subscriptions, no more than half of the time goes into reading them.
        sleep(refreshed.max(HEARING_PAUSE)).await;
    }
}

fn look(news: &News, dispatch: &dispatch::Handle, jobs: &jobs::Handle, clock: &dyn Clock) {
    let now = clock.now();
    for (&id, &due_at) in &news.lanes {
        // Another node's clock may be a little ahead.
        dispatch.queued(id, due_at.max(now));
    }
    if news.anywhere {
        dispatch.sweep_soon();
    }
    if news.routing {
        dispatch.ask_soon();
    }
    if news.crew {
        dispatch.beat_soon();
    }
    if news.jobs {
        jobs.due();
    }
}
