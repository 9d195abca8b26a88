//! `/dev/inbox/{name}`: a receiver for trying things out. POST records and verifies, GET lists what arrived, newest first.
//!
//! It is bounded whatever arrives: names, records of a name and bytes of a record. What it verifies with are the secrets of the
//! subscriptions that deliver to it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::clock::Timestamp;
use crate::domain::signature::{self, SigningKey};
use crate::http::body;
use crate::http::problem::Result;
use crate::http::state::AppState;

/// Inboxes kept; the one that has been quiet longest makes room for a new one.
const MAX_NAMES: usize = 32;

/// Records kept of an inbox.
const MAX_RECORDS: usize = 50;

/// Bytes of a body that are kept.
const MAX_KEPT_BYTES: usize = 16 * 1024;

/// What arrived, by inbox.
#[derive(Debug, Default)]
pub struct Inboxes(Mutex<BTreeMap<String, VecDeque<Arc<Received>>>>);

/// One request that arrived.
#[derive(Debug, Serialize)]
pub struct Received {
    /// When it arrived.
    pub received_at: Timestamp,
    /// Whether its signature verified with a secret of a subscription that delivers here.
    pub verified: bool,
    /// Why it did not verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body, if that is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Box<RawValue>>,
    /// Its body as text, if it is not JSON or too long to be kept whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// What arrived at an inbox.
#[derive(Debug, Serialize)]
struct Listing {
    data: Vec<Arc<Received>>,
}

/// The routes of the inbox.
pub fn routes() -> Router<AppState> {
    Router::new().route("/dev/inbox/{name}", get(list).post(receive))
}

/// Laid out for the person who looks at it.
async fn list(State(state): State<AppState>, Path(name): Path<String>) -> impl IntoResponse {
    let listing = Listing { data: state.inboxes.list(&name) };
    // Texts and values that were JSON before: serialising can't fail.
    ([(header::CONTENT_TYPE, "application/json")], serde_json::to_string_pretty(&listing).unwrap_or_default())
}

async fn receive(State(state): State<AppState>, Path(name): Path<String>, request: Request) -> Result<StatusCode> {
    let (parts, body) = request.into_parts();
    let body = body::read(body, &state.config).await?;
    let now = state.clock.now();
    let error = verify(&secrets(&state, &name, now), &parts.headers, &body, now).err();
    state.inboxes.record(name, Received::new(now, error, &parts.headers, &body));
    Ok(StatusCode::NO_CONTENT)
}

/// The keys of the subscriptions whose sink is this inbox.
fn secrets(state: &AppState, name: &str, now: Timestamp) -> Vec<SigningKey> {
    let end = format!("/dev/inbox/{name}");
    let mut keys = Vec::new();
    for shard in state.shards.all() {
        let directory = shard.directory.load();
        let subscriptions = directory.subscriptions.values().filter(|subscription| subscription.spec.sink.ends_with(&end));
        let secrets = subscriptions.flat_map(|subscription| subscription.active_secrets(now));
        keys.extend(secrets.filter_map(|secret| SigningKey::parse(secret.expose()).ok()));
    }
    keys
}

fn verify(keys: &[SigningKey], headers: &HeaderMap, body: &Bytes, now: Timestamp) -> std::result::Result<(), String> {
    if keys.is_empty() {
        return Err("no subscription delivers to this inbox".into());
    }
    let header = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).ok_or_else(|| format!("the header `{name}` is missing"))
    };
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    signature::verify(keys, id, timestamp, header("webhook-signature")?, body, now).map_err(|error| error.to_string())
}

impl Inboxes {
    fn list(&self, name: &str) -> Vec<Arc<Received>> {
        let inboxes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inboxes.get(name).map(|records| records.iter().cloned().collect()).unwrap_or_default()
    }

    fn record(&self, name: String, received: Received) {
        let mut inboxes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inboxes.len() >= MAX_NAMES && !inboxes.contains_key(&name) {
            let quietest = inboxes.iter().min_by_key(|(_, records)| records.front().map(|newest| newest.received_at));
            if let Some(name) = quietest.map(|(name, _)| name.clone()) {
                inboxes.remove(&name);
            }
        }
        let records = inboxes.entry(name).or_default();
        records.push_front(Arc::new(received));
        records.truncate(MAX_RECORDS);
    }
}

impl Received {
    fn new(received_at: Timestamp, error: Option<String>, headers: &HeaderMap, body: &Bytes) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let kept = &body[..body.len().min(MAX_KEPT_BYTES)];
        let event = if kept.len() == body.len() { serde_json::from_slice(kept).ok() } else { None };
        Self {
            received_at,
            verified: error.is_none(),
            error,
            headers: headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
            body: event.is_none().then(|| text(kept)),
            event,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(at: i64) -> Received {
        Received::new(Timestamp::from_micros(at), None, &HeaderMap::new(), &Bytes::from_static(b"{}"))
    }

    #[test]
    fn newest_comes_first_and_the_oldest_make_room() {
        let inboxes = Inboxes::default();
        for at in 0..60 {
            inboxes.record("hello".into(), received(at));
        }
        let times: Vec<_> = inboxes.list("hello").iter().map(|record| record.received_at.as_micros()).collect();
        assert_eq!(times, (10..60).rev().collect::<Vec<_>>());
    }

    #[test]
    fn quietest_inbox_makes_room_for_a_new_one() {
        let inboxes = Inboxes::default();
        for at in 0..i64::try_from(MAX_NAMES).unwrap() {
            inboxes.record(format!("inbox-{at}"), received(at));
        }
        inboxes.record("inbox-0".into(), received(1000));
        inboxes.record("new".into(), received(1001));
        assert_eq!(inboxes.list("inbox-1").len(), 0);
        assert_eq!(inboxes.list("inbox-0").len(), 2);
    }

    #[test]
    fn long_body_is_kept_in_part_and_as_text() {
        let body = Bytes::from(vec![b'1'; MAX_KEPT_BYTES + 1]);
        let record = Received::new(Timestamp::default(), None, &HeaderMap::new(), &body);
        assert!(record.event.is_none());
        assert_eq!(record.body.unwrap().len(), MAX_KEPT_BYTES);
    }
}
