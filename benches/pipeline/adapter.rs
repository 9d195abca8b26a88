//! What a webhook server's API asks of a producer: how a sink is registered, an event posted and looked at again. Waypost's own, and as
//! their documentation says, that of others, so that one producer drives them all. Only builds requests; never sends one.
//!
//! Every API here takes its credential as `Authorization: Bearer`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The tenant, application or the like that everything belongs to.
const OWNER: &str = "bench";

/// Whose API it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Adapter {
    /// Waypost's.
    Waypost,
    /// Svix' (<https://api.svix.com/docs>): messages of an application go to its endpoints.
    Svix,
    /// Outpost's as self-hosted (<https://hookdeck.com/docs/outpost/api>): events of a tenant go to its destinations.
    Outpost,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Call {
    fn json(method: &'static str, path: impl Into<String>, body: &Value) -> Self {
        Self { method, path: path.into(), content_type: "application/json", body: body.to_string().into_bytes() }
    }
}

impl Adapter {
    /// All of them, by the names that the command line knows.
    pub(crate) const ALL: [(&'static str, Self); 3] =
        [("waypost", Self::Waypost), ("svix", Self::Svix), ("outpost", Self::Outpost)];

    /// What registers a sink, in this order. Each may be answered with any status of success.
    pub(crate) fn set_up(self, sink: &str) -> Vec<Call> {
        match self {
            Self::Waypost => {
                vec![Call::json("POST", "/v1/subscriptions", &json!({"sink": sink, "config": {"max_concurrency": 32}}))]
            }
            Self::Svix => vec![
                Call::json("POST", "/api/v1/app?get_if_exists=true", &json!({"name": OWNER, "uid": OWNER})),
                Call::json("POST", format!("/api/v1/app/{OWNER}/endpoint"), &json!({"url": sink, "description": OWNER})),
            ],
            Self::Outpost => vec![
                Call::json("PUT", format!("/api/v1/tenants/{OWNER}"), &json!({})),
                Call::json(
                    "POST",
                    format!("/api/v1/tenants/{OWNER}/destinations"),
                    &json!({"type": "webhook", "topics": "*", "config": {"url": sink}}),
                ),
            ],
        }
    }

    /// What posts an event: a structured CloudEvent of that number and type. It is answered 202. A server that knows nothing of
    /// CloudEvents gets it whole as its payload, as it stands.
    pub(crate) fn post(self, number: usize, event_type: &str, event: &[u8]) -> Call {
        let (path, before) = match self {
            Self::Waypost => {
                let content_type = "application/cloudevents+json";
                return Call { method: "POST", path: "/v1/events".to_owned(), content_type, body: event.to_vec() };
            }
            Self::Svix => (
                format!("/api/v1/app/{OWNER}/msg?with_content=false"),
                format!(r#"{{"eventType":"{event_type}","eventId":"bench-{number:010}","payload":"#),
            ),
            Self::Outpost => (
                "/api/v1/publish".to_owned(),
                format!(
                    r#"{{"id":"bench-{number:010}","tenant_id":"{OWNER}","topic":"{event_type}","eligible_for_retry":true,"data":"#
                ),
            ),
        };
        let body = [before.as_bytes(), event, b"}"].concat();
        Call { method: "POST", path, content_type: "application/json", body }
    }

    /// Where an event can be looked at, from the answer to posting it.
    pub(crate) fn look_at(self, answer: &Value) -> Option<String> {
        let id = answer["id"].as_str()?;
        Some(match self {
            Self::Waypost => format!("/v1/events/{id}"),
            Self::Svix => format!("/api/v1/app/{OWNER}/msg/{id}"),
            Self::Outpost => format!("/api/v1/events/{id}"),
        })
    }
}
