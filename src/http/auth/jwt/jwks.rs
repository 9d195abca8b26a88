//! Keys that an issuer publishes at a URL (JWKS, RFC 7517), kept and renewed.
//!
//! At most one fetch is under way, and none begins within [`MIN_GAP`] of the one before, whatever tokens ask for. A key that is
//! not known makes the set be fetched again, which is how a rotation is noticed. If that fails the old keys go on for a day.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::keys::{self, VerifyingKey};
use crate::domain::clock::{Clock, Timestamp};

/// The shortest time between the beginnings of two fetches.
const MIN_GAP: Duration = Duration::from_secs(5);

/// How long keys are used while no newer ones can be had.
const MAX_AGE: Duration = Duration::from_hours(24);

/// Limit of one fetch.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of a published set.
const MAX_BYTES: usize = 256 * 1024;

/// When callers should try again while the keys can't be had.
pub(super) const RETRY_AFTER: Duration = MIN_GAP;

/// There are no keys and they can't be fetched right now.
#[derive(Debug)]
pub(super) struct Unreachable;

/// The keys published at one URL.
pub(super) struct Published {
    source: Arc<Source>,
    refresh_after: Duration,
    /// Fetches go on when the request that began them is gone; they end with the authenticator.
    fetches: Mutex<JoinSet<()>>,
}

struct Source {
    url: reqwest::Url,
    client: reqwest::Client,
    allowed: Vec<Algorithm>,
    clock: Arc<dyn Clock>,
    state: watch::Sender<State>,
}

#[derive(Clone, Default)]
struct State {
    keys: Arc<[VerifyingKey]>,
    fetched_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
    is_fetching: bool,
}

impl Published {
    /// The keys at `url`, of the algorithms `allowed`. Nothing is fetched yet.
    pub(super) fn new(url: &str, refresh_ms: u64, allowed: Vec<Algorithm>, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let url = reqwest::Url::parse(url).map_err(|error| format!("`jwks_url` is no URL: {error}"))?;
        match url.scheme() {
            "https" => {}
            "http" => tracing::warn!(%url, "a jwks_url with plain http: whoever is on the way can make themselves anybody"),
            _ => return Err("`jwks_url` must be an https URL".into()),
        }
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Waypost/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("no HTTP client for `jwks_url`: {error}"))?;
        let source = Arc::new(Source { url, client, allowed, clock, state: watch::Sender::default() });
        Ok(Self { source, refresh_after: Duration::from_millis(refresh_ms), fetches: Mutex::default() })
    }

    /// The keys that may have signed a token with this algorithm and `kid`.
    pub(super) async fn keys_for(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<VerifyingKey>, Unreachable> {
        let state = self.source.state.borrow().clone();
        let known = state.matching(algorithm, id, now);
        let is_fresh = state.fetched_at.is_some_and(|at| now.since(at) < self.refresh_after);
        if is_fresh && !known.is_empty() {
            return Ok(known);
        }
        self.fetch(now);
        if !known.is_empty() {
            // Old but good: this token need not wait for the renewal.
            return Ok(known);
        }
        let mut updates = self.source.state.subscribe();
        let state = updates.wait_for(|state| !state.is_fetching).await.map_err(|_| Unreachable)?;
        if state.is_usable(now) { Ok(state.matching(algorithm, id, now)) } else { Err(Unreachable) }
    }

    /// Begins a fetch, unless one is under way or the last one began only just now.
    fn fetch(&self, now: Timestamp) {
        let begins = self.source.state.send_if_modified(|state| {
            let is_allowed = !state.is_fetching && state.tried_at.is_none_or(|at| now.since(at) >= MIN_GAP);
            if is_allowed {
                (state.is_fetching, state.tried_at) = (true, Some(now));
            }
            is_allowed
        });
        if begins {
            let mut fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
            while fetches.try_join_next().is_some() {}
            fetches.spawn(self.source.clone().fetch());
        }
    }
}

impl State {
    fn is_usable(&self, now: Timestamp) -> bool {
        self.fetched_at.is_some_and(|at| now.since(at) < MAX_AGE)
    }

    fn matching(&self, algorithm: Algorithm, id: Option<&str>, now: Timestamp) -> Vec<VerifyingKey> {
        let keys = self.keys.iter().filter(|key| key.fits(algorithm, id));
        if self.is_usable(now) { keys.cloned().collect() } else { Vec::new() }
    }
}

impl Source {
    async fn fetch(self: Arc<Self>) {
        // Says that the fetch is over even if it panics: waiting requests must not hang.
        let ended = Ended(&self.state);
        match self.published().await {
            Ok(keys) => {
                let fetched_at = Some(self.clock.now());
                tracing::debug!(url = %self.url, key_count = keys.len(), "fetched an issuer's keys");
                self.state.send_modify(|state| (state.keys, state.fetched_at) = (keys.into(), fetched_at));
            }
            Err(error) => tracing::warn!(url = %self.url, error, "can't fetch an issuer's keys"),
        }
        drop(ended);
    }

    async fn published(&self) -> Result<Vec<VerifyingKey>, String> {
        let response = self.client.get(self.url.clone()).send().await.map_err(|error| error.without_url().to_string())?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("the answer is {}", response.status()));
        }
        let body = read(response).await?;
        keys::published(&body, &self.allowed).map_err(|error| format!("the answer is no key set: {error}"))
    }
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(format!("the answer is longer than {MAX_BYTES} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

struct Ended<'a>(&'a watch::Sender<State>);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|state| state.is_fetching = false);
    }
}
