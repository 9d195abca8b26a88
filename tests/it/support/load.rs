//! Producers that behave as the documents ask: each posts one event after another and repeats it until it is accepted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A number of producers at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    producers: JoinSet<()>,
    stop: CancellationToken,
}

struct Shared {
    base: Mutex<String>,
    key: String,
    event_type: String,
    next: AtomicUsize,
    accepted: Mutex<BTreeMap<String, String>>,
    refused: AtomicUsize,
}

impl Load {
    /// Starts `connections` producers of events of one type.
    pub(crate) fn start(base: &str, key: &str, event_type: &str, connections: usize) -> Self {
        let shared = Arc::new(Shared {
            base: Mutex::new(base.to_owned()),
            key: key.to_owned(),
            event_type: event_type.to_owned(),
            next: AtomicUsize::new(0),
            accepted: Mutex::default(),
            refused: AtomicUsize::new(0),
        });
        let stop = CancellationToken::new();
        let mut producers = JoinSet::new();
        for _ in 0..connections {
            producers.spawn(Arc::clone(&shared).produce(stop.clone()));
        }
        Self { shared, producers, stop }
    }

    /// Sends the producers to another address, where the node is now.
    pub(crate) fn redirect(&self, base: &str) {
        base.clone_into(&mut self.shared.base.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// How many events were accepted so far.
    pub(crate) fn accepted_count(&self) -> usize {
        self.shared.accepted.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many times a producer was refused or got no answer.
    pub(crate) fn refused_count(&self) -> usize {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// Waits until `more` further events were accepted.
    pub(crate) async fn accept_more(&self, more: usize) {
        let target = self.accepted_count() + more;
        while self.accepted_count() < target {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Stops the producers, each after the event it is at, and gives what was accepted: event `id` to `evt_…`.
    pub(crate) async fn finish(mut self) -> BTreeMap<String, String> {
        self.stop.cancel();
        while let Some(ended) = self.producers.join_next().await {
            ended.expect("a producer does not panic");
        }
        std::mem::take(&mut *self.shared.accepted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shared {
    async fn produce(self: Arc<Self>, stop: CancellationToken) {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a client");
        while !stop.is_cancelled() {
            let id = self.next.fetch_add(1, Ordering::Relaxed).to_string();
            let event = json!({ "specversion": "1.0", "id": id, "source": format!("/load/{}", self.event_type), "type": self.event_type, "data": { "n": id } });
            while let Err(pause) = self.post(&http, &id, &event).await {
                self.refused.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Posts an event once; if it was not accepted, says how long to wait.
    async fn post(&self, http: &reqwest::Client, id: &str, event: &Value) -> Result<(), Duration> {
        const SHORT: Duration = Duration::from_millis(20);
        let url = format!("{}/v1/events", self.base.lock().unwrap_or_else(PoisonError::into_inner));
        let request = http.post(url).bearer_auth(&self.key).header("content-type", "application/cloudevents+json");
        let response = request.body(event.to_string()).send().await.map_err(|_| SHORT)?;
        match response.status().as_u16() {
            202 => {
                let answer: Value = response.json().await.map_err(|_| SHORT)?;
                let accepted = answer["id"].as_str().expect("an accepted event has an identifier").to_owned();
                self.accepted.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), accepted);
                Ok(())
            }
            429 | 503 => {
                assert!(response.headers().contains_key("retry-after"), "{} without Retry-After", response.status());
                Err(SHORT)
            }
            status => panic!("{status}: {}", response.text().await.unwrap_or_default()),
        }
    }
}
