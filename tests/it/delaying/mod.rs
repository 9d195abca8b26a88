//! Delayed delivery from end to end: never early, and late by less than a second.

mod nodes;
mod waiting;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waypost::domain::clock::{Clock, SystemClock, Timestamp};

use crate::support::sink::Received;

/// How late a delivery may be: the second that is promised, and what a busy machine adds.
const LATE: Duration = Duration::from_millis(1400);

/// A moment so many milliseconds from now.
fn in_ms(milliseconds: u64) -> Timestamp {
    SystemClock.now().plus(Duration::from_millis(milliseconds))
}

/// An event, held back until a moment if one is given.
fn event(id: &str, deliver_after: Option<Timestamp>) -> Value {
    let mut event = json!({ "specversion": "1.0", "id": id, "source": "/delaying", "type": "later", "data": { "id": id } });
    if let Some(moment) = deliver_after {
        event["deliverafter"] = json!(moment.to_string());
    }
    event
}

/// When a request came, by the system's clock.
fn arrived_at(request: &Received) -> Timestamp {
    let now = (Instant::now(), SystemClock.now());
    now.1.minus(now.0.duration_since(request.at))
}

/// The `id` of the event in a structured request.
fn id_of(request: &Received) -> String {
    let event: Value = serde_json::from_slice(&request.body).expect("the request holds an event");
    event["id"].as_str().expect("an event has an identifier").to_owned()
}

/// Checks that a request came when it was due, or less than a second later.
#[track_caller]
fn assert_on_time(request: &Received, due_at: Timestamp) {
    let arrived = arrived_at(request);
    let id = id_of(request);
    // A millisecond for the two clocks that are read one after the other.
    assert!(arrived.plus(Duration::from_millis(1)) >= due_at, "{id} came {:?} early", due_at.since(arrived));
    assert!(arrived.since(due_at) < LATE, "{id} came {:?} late", arrived.since(due_at));
}
