//! Order across nodes, kills and restarts, with the real binary.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{event, fickle, to};
use crate::support::database::{Database, Kind};
use crate::support::process::{KEY, Process};

const KEYS: usize = 8;
const PER_KEY: usize = 25;

/// Settings with which a node that dies is missed soon.
const SHORT_LEASES: [(&str, &str); 3] =
    [("WAYPOST_DISPATCH__LEASE_MS", "1500"), ("WAYPOST_DISPATCH__HEARTBEAT_MS", "300"), ("WAYPOST_DISPATCH__SWEEP_MS", "200")];

/// Posts until the answer is 2xx, to whatever node is the right one then.
async fn post(
    http: &reqwest::Client,
    bases: &watch::Receiver<Vec<String>>,
    turn: usize,
    path: &str,
    content_type: &str,
    body: &Value,
) {
    for round in 0..600 {
        let base = {
            let bases = bases.borrow();
            bases[(turn + round) % bases.len()].clone()
        };
        let request = http.post(format!("{base}{path}")).bearer_auth(KEY).header("content-type", content_type);
        let answer = request.body(body.to_string()).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody accepts {body}");
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a client")
}

/// Posts the events of every key, each key's in order and one after the other, by turns to all nodes.
fn post_all(bases: &watch::Receiver<Vec<String>>) -> JoinSet<()> {
    let http = client();
    let mut posting = JoinSet::new();
    for key in 0..KEYS {
        let (http, bases) = (http.clone(), bases.clone());
        posting.spawn(async move {
            for number in 0..PER_KEY {
                let event = event(Some(&format!("key-{key}")), number);
                post(&http, &bases, key + number, "/v1/events", "application/cloudevents+json", &event).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    }
    posting
}

async fn subscribe(bases: &watch::Receiver<Vec<String>>, body: &Value) {
    post(&client(), bases, 0, "/v1/subscriptions", "application/json", body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_keep_the_order_of_every_key_and_one_of_them_may_die_with_keys_in_its_hands() {
    let database = Database::create(Kind::Postgres).await;
    let (sink, book) = fickle().await;
    let (victim, survivor) = (Process::start(database.url(), &SHORT_LEASES), Process::start(database.url(), &SHORT_LEASES));
    let (told, bases) = watch::channel(vec![victim.base().to_owned(), survivor.base().to_owned()]);
    subscribe(&bases, &to(&sink, "block", 60)).await;
    let posting = post_all(&bases);
    book.wait_for(KEYS * PER_KEY / 3).await;
    victim.kill();
    told.send(vec![survivor.base().to_owned()]).expect("somebody posts");
    posting.join_all().await;
    book.wait_for(KEYS * PER_KEY).await;
    book.assert_in_order();
    assert_eq!(survivor.stop(), 0);
}

/// A node is killed three times and started again, under load.
async fn outlive_kills(kind: Kind) {
    let database = Database::create(kind).await;
    let (sink, book) = fickle().await;
    let mut node = Process::start(database.url(), &SHORT_LEASES);
    let (told, bases) = watch::channel(vec![node.base().to_owned()]);
    subscribe(&bases, &to(&sink, "block", 60)).await;
    let posting = post_all(&bases);
    for part in 1..=3 {
        book.wait_for(KEYS * PER_KEY * part / 5).await;
        node.kill();
        node = Process::start(database.url(), &SHORT_LEASES);
        told.send(vec![node.base().to_owned()]).expect("somebody posts");
    }
    posting.join_all().await;
    book.wait_for(KEYS * PER_KEY).await;
    book.assert_in_order();
    assert_eq!(node.stop(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_outlives_kills_on_sqlite() {
    outlive_kills(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_outlives_kills_on_postgres() {
    outlive_kills(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_only_accepts_leaves_the_order_to_another() {
    let database = Database::create(Kind::Postgres).await;
    let (sink, book) = fickle().await;
    let api = Process::start(database.url(), &[("WAYPOST_ROLE", "api")]);
    let (_told, bases) = watch::channel(vec![api.base().to_owned()]);
    subscribe(&bases, &to(&sink, "skip", 60)).await;
    post_all(&bases).join_all().await;
    let dispatcher = Process::start(database.url(), &[("WAYPOST_ROLE", "dispatcher")]);
    book.wait_for(KEYS * PER_KEY).await;
    book.assert_in_order();
    assert_eq!((api.stop(), dispatcher.stop()), (0, 0));
}
