//! Ordered delivery from end to end: each key one at a time and in the order of accepting, whatever fails, waits or dies meanwhile.

mod blocking;
mod load;
mod nodes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::sink::{Received, Reply, Sink};

/// An event that is the `number`th of a key; without a key it keeps no order.
fn event(key: Option<&str>, number: usize) -> Value {
    let id = format!("{}-{number}", key.unwrap_or("none"));
    let mut event = json!({ "specversion": "1.0", "id": id, "source": "/ordering", "type": "ordered", "data": { "n": number } });
    if let Some(key) = key {
        event["partitionkey"] = json!(key);
    }
    event
}

/// A subscription to `sink` that is ordered by `partitionkey` and tries again at once, `attempts` times in all.
fn to(sink: &Sink, on_failure: &str, attempts: usize) -> Value {
    let retry = json!({ "schedule_ms": vec![0; attempts], "jitter": 0.0 });
    let ordering = json!({ "by": "partitionkey", "on_failure": on_failure });
    json!({ "sink": sink.url("/"), "config": { "ordering": ordering, "retry": retry, "max_concurrency": 32 } })
}

/// Key and number of the event in a request.
fn named(request: &Received) -> (String, usize) {
    let event: Value = serde_json::from_slice(&request.body).expect("the request holds an event");
    let key = event["partitionkey"].as_str().unwrap_or("none").to_owned();
    (key, usize::try_from(event["data"]["n"].as_u64().expect("a number")).expect("a small one"))
}

/// A sink's own book of every key: it notes whatever came out of order, and fails and hesitates as it likes.
#[derive(Default)]
struct Book {
    pages: Mutex<HashMap<String, Page>>,
    wrong: Mutex<Vec<String>>,
}

/// How far a key is.
#[derive(Default)]
struct Page {
    /// The number that is expected next.
    next: usize,
    /// Whether the last request for it succeeded.
    is_done: bool,
}

impl Book {
    /// Notes a request that is answered with success or not.
    fn note(&self, key: &str, number: usize, succeeds: bool) {
        let mut pages = self.pages.lock().unwrap();
        let page = pages.entry(key.to_owned()).or_default();
        if page.is_done && number == page.next + 1 {
            (page.next, page.is_done) = (number, false);
        }
        // The one that is expected, or once more the one before, whose outcome was lost.
        if number != page.next {
            let next = page.next + usize::from(page.is_done);
            self.wrong.lock().unwrap().push(format!("{key}: {number} came where {next} was expected"));
        }
        page.is_done |= succeeds;
    }

    /// How many events have arrived of keys that kept their order.
    fn arrived(&self) -> usize {
        self.pages.lock().unwrap().values().map(|page| page.next + usize::from(page.is_done)).sum()
    }

    fn assert_in_order(&self) {
        let wrong = self.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "{} requests out of order, such as {:?}", wrong.len(), wrong.first());
    }

    /// Waits until so many events have arrived.
    async fn wait_for(&self, count: usize) {
        let waiting = async {
            while self.arrived() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(90), waiting).await;
        assert!(arrived.is_ok(), "only {} of {count} events arrived; {:?}", self.arrived(), self.wrong.lock().unwrap().first());
    }
}

/// A sink that keeps a book, fails every fourth request or so and takes up to some milliseconds for each.
async fn fickle() -> (Sink, Arc<Book>) {
    let book = Arc::new(Book::default());
    let kept = Arc::clone(&book);
    let sink = Sink::start(move |number, request| {
        // As good as random, and the same in every run for the same sequence of requests.
        let draw = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let succeeds = !draw.is_multiple_of(4);
        let (key, number) = named(request);
        kept.note(&key, number, succeeds);
        Reply::Later(Duration::from_millis(draw % 7), if succeeds { 204 } else { 500 })
    });
    (sink.await, book)
}
