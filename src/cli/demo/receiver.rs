//! A subscriber's endpoint that checks every signature and fails when told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::timeline::Timeline;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::signature::{self, SigningKey};

/// One request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) path: String,
    /// `webhook-id`.
    pub(super) event_id: String,
    /// `waypost-attempt`.
    pub(super) attempt: u32,
    pub(super) is_verified: bool,
    /// What was answered.
    pub(super) status: u16,
}

/// The endpoint; it is gone when dropped.
pub(super) struct Receiver {
    base: String,
    desk: Arc<Desk>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    _server: JoinSet<std::io::Result<()>>,
}

struct Desk {
    keys: Mutex<HashMap<String, SigningKey>>,
    failures: Mutex<HashMap<String, usize>>,
    arrived: mpsc::UnboundedSender<Arrival>,
    timeline: Timeline,
}

impl Receiver {
    pub(super) async fn start(timeline: Timeline) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for the receiver")?;
        let base = format!("http://{}", listener.local_addr()?);
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk { keys: Mutex::default(), failures: Mutex::default(), arrived, timeline });
        let routes = Router::new().route("/{*path}", post(receive)).with_state(Arc::clone(&desk));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { base, desk, arrivals, _server: server })
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Knows the secret of the subscription whose sink is at `path`.
    pub(super) fn trust(&self, path: &str, secret: &str) {
        if let Ok(key) = SigningKey::parse(secret) {
            self.desk.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), key);
        }
    }

    /// Answers 500 to the next `count` requests at `path`.
    pub(super) fn fail_next(&self, path: &str, count: usize) {
        self.desk.failures.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), count);
    }

    pub(super) async fn next(&mut self, patience: Duration) -> anyhow::Result<Arrival> {
        let arrival = tokio::time::timeout(patience, self.arrivals.recv()).await.context("nothing arrived in time")?;
        arrival.context("the receiver is gone")
    }
}

async fn receive(State(desk): State<Arc<Desk>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let path = uri.path().to_owned();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (event_id, attempt) = (text("webhook-id").to_owned(), text("waypost-attempt").parse().unwrap_or_default());
    let is_verified = desk.keys.lock().unwrap_or_else(PoisonError::into_inner).get(&path).is_some_and(|key| {
        let (timestamp, signatures) = (text("webhook-timestamp"), text("webhook-signature"));
        signature::verify(std::slice::from_ref(key), &event_id, timestamp, signatures, &body, SystemClock.now()).is_ok()
    });
    let status = if desk.must_fail(&path) { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    let seal = if is_verified { "signature valid" } else { "SIGNATURE INVALID" };
    desk.timeline.say(&format!("arrived   {path:<7} {event_id} attempt {attempt}, {seal}, answered {}", status.as_u16()));
    let _ = desk.arrived.send(Arrival { path, event_id, attempt, is_verified, status: status.as_u16() });
    status
}

impl Desk {
    fn must_fail(&self, path: &str) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let left = failures.entry(path.to_owned()).or_default();
        let must_fail = *left > 0;
        *left = left.saturating_sub(1);
        must_fail
    }
}
