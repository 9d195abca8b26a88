//! Many keys from several connections, single events and batches, to a sink that fails and hesitates at random.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::{Book, event, fickle, named, to};
use crate::support::client::Client;
use crate::support::server::on_both_databases;
use crate::support::sink::Sink;

const CONNECTIONS: usize = 4;
const KEYS: usize = 6;
const ROUNDS: usize = 12;

/// Posts the events of some keys, each key's in order: a batch with three of every key, then one of each by itself, and so on.
async fn post(client: Client, connection: usize) {
    let keys: Vec<String> = (0..KEYS).map(|key| format!("key-{connection}-{key}")).collect();
    let mut number = 0;
    while number < ROUNDS {
        let events: Vec<_> =
            (number..number + 3).flat_map(|number| keys.iter().map(move |key| event(Some(key), number))).collect();
        let headers = [("content-type", "application/cloudevents-batch+json")];
        client.send(Method::POST, "/v1/events", &headers, json!(events).to_string()).await.expect(202);
        for key in &keys {
            client.post_event(&event(Some(key), number + 3)).await.expect(202);
        }
        number += 4;
    }
}

on_both_databases!(every_key_keeps_its_order_under_load, async |server| {
    let (sink, book) = fickle().await;
    server.client.post("/v1/subscriptions", &to(&sink, "block", 60)).await.expect(201);
    // Beside it one that is not ordered, of the same events.
    let free = Sink::answering(204).await;
    server.client.post("/v1/subscriptions", &json!({ "sink": free.url("/") })).await.expect(201);
    let mut posting = JoinSet::new();
    for connection in 0..CONNECTIONS {
        posting.spawn(post(server.client.clone(), connection));
    }
    posting.join_all().await;
    let count = CONNECTIONS * KEYS * ROUNDS;
    book.wait_for(count).await;
    book.assert_in_order();
    let arrived: BTreeSet<_> = free.wait_for(count).await.iter().map(named).collect();
    assert_eq!(arrived.len(), count);
});

#[test]
fn the_book_knows_order_from_disorder() {
    let book = Book::default();
    for (number, succeeds) in [(0, false), (0, true), (0, true), (1, true), (2, false), (2, true)] {
        book.note("a", number, succeeds);
    }
    book.note("b", 0, true);
    book.assert_in_order();
    assert_eq!(book.arrived(), 4);
    for (key, number) in [("a", 4), ("c", 1), ("d", 0), ("d", 1)] {
        book.note(key, number, false);
    }
    assert_eq!(book.wrong.lock().unwrap().len(), 3, "a gap, a wrong beginning, and one that did not wait for success");
}
