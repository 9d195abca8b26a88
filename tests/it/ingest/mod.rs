//! Receiving events over a real socket: content modes, credentials, signed producers, and limits on whoever is slow or large.

mod credentials;
mod handshake;
mod limits;
mod linger;
mod modes;
mod producers;
mod stop;
mod wire;

use serde_json::{Value, json};

/// The content type of one event in JSON format.
const STRUCTURED: (&str, &str) = ("content-type", "application/cloudevents+json");
/// The content type of a batch in JSON format.
const BATCHED: (&str, &str) = ("content-type", "application/cloudevents-batch+json");

/// An event whose `id` is `id`.
fn event(id: &str) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "/tests", "type": "com.example.test", "data": { "number": 1 } })
}
