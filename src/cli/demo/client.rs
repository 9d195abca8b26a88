//! A producer and an administrator of the demonstration, speaking the public API.

use std::time::Duration;

use anyhow::{Context, bail};
use cloudevents::{AttributesReader, Event, EventBuilder, EventBuilderV10};
use serde_json::{Value, json};

use crate::domain::entropy::{Entropy, SystemEntropy};

/// How long to wait before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Speaks to the demonstration's server.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// An event of this type with JSON data and a random identifier.
pub(super) fn event(event_type: &str, source: &str, data: Value) -> anyhow::Result<Event> {
    let mut id = [0; 8];
    SystemEntropy::new().fill(&mut id);
    let id = u64::from_le_bytes(id).to_string();
    EventBuilderV10::new().id(id).ty(event_type).source(source).data("application/json", data).build().context("not an event")
}

impl Client {
    pub(super) fn new(base: &str, key: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).no_proxy().build().context("no HTTP client")?;
        Ok(Self { http, base: base.to_owned(), key: key.to_owned() })
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.answer(self.http.get(format!("{}{path}", self.base))).await
    }

    /// Posts a document; `null` is no body.
    pub(super) async fn post(&self, path: &str, document: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}{path}", self.base));
        self.answer(if document.is_null() { request } else { request.json(document) }).await
    }

    /// Posts an event in binary mode and gives its identifier here.
    pub(super) async fn post_binary(&self, event: &Event) -> anyhow::Result<String> {
        let document = serde_json::to_value(event)?;
        let request = self
            .http
            .post(format!("{}/v1/events", self.base))
            .header("ce-specversion", "1.0")
            .header("ce-id", event.id())
            .header("ce-type", event.ty())
            .header("ce-source", event.source().as_str())
            .header("content-type", "application/json")
            .body(document["data"].to_string());
        identifier(&self.answer(request).await?)
    }

    /// Posts an event in structured mode and gives its identifier here.
    pub(super) async fn post_structured(&self, event: &Event) -> anyhow::Result<String> {
        identifier(&self.post_cloudevents("application/cloudevents+json", serde_json::to_vec(event)?).await?)
    }

    /// Posts events in batched mode and gives the identifier of the first.
    pub(super) async fn post_batch(&self, events: &[Event]) -> anyhow::Result<String> {
        let answer = self.post_cloudevents("application/cloudevents-batch+json", serde_json::to_vec(&json!(events))?).await?;
        identifier(&answer["data"][0])
    }

    /// Waits until the only delivery of an event is in `state`.
    pub(super) async fn wait_for(&self, event_id: &str, state: &str, patience: Duration) -> anyhow::Result<()> {
        let path = format!("/v1/deliveries?event_id={event_id}");
        let look = async {
            while self.get(&path).await?["data"][0]["state"] != state {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(())
        };
        tokio::time::timeout(patience, look).await.with_context(|| format!("{event_id} was not {state} in time"))?
    }

    async fn post_cloudevents(&self, content_type: &str, body: Vec<u8>) -> anyhow::Result<Value> {
        self.answer(self.http.post(format!("{}/v1/events", self.base)).header("content-type", content_type).body(body)).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let response = request.bearer_auth(&self.key).send().await.context("the server does not answer")?;
        let (status, url) = (response.status(), response.url().clone());
        let body: Value = response.json().await.with_context(|| format!("{url} did not answer with JSON"))?;
        if !status.is_success() {
            bail!("{url} answered {status}: {body}");
        }
        Ok(body)
    }
}

fn identifier(accepted: &Value) -> anyhow::Result<String> {
    Ok(accepted["id"].as_str().with_context(|| format!("no identifier in {accepted}"))?.to_owned())
}
