//! CloudEvents over real sockets, in and out: every format and mode against every other, the sizes an intermediary must take, and
//! senders that do not keep to the letter.

mod protobuf;

use serde_json::{Value, json};

use crate::support::server::TestServer;
use crate::support::sink::Sink;

/// A subscription to every event of `source`, delivered to a path of the sink.
async fn subscribe(server: &TestServer, sink: &Sink, path: &str, config: Value) {
    let body = json!({ "sink": sink.url(path), "protocol": "HTTP", "config": config });
    server.client.post("/v1/subscriptions", &body).await.expect(201);
}
