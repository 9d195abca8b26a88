//! What the stages of an event's path that only reckon cost by themselves: time, and allocations.
//!
//! `cargo bench --bench stages`. The event is that of the benchmark `pipeline`, structured, 1 KiB. What the network and the database cost
//! is measured there. Never part of the tests: it asserts nothing but that the event is one and that it matches.

use std::sync::Arc;

use bytes::Bytes;
use divan::{AllocProfiler, Bencher, black_box};
use serde_json::json;
use waypost::domain::clock::Timestamp;
use waypost::domain::entropy::SeededEntropy;
use waypost::domain::event::{Event, read};
use waypost::domain::id::SubscriptionId;
use waypost::domain::secret::Secret;
use waypost::domain::signature::{self, SigningKey};
use waypost::domain::subscription::{Spec, Status, Subscription};
use waypost::domain::tenant::TenantName;
use waypost::routing::Index;
use waypost::store::Directory;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// The event as it is posted.
fn posted() -> Bytes {
    let attributes = r#""specversion":"1.0","id":"bench-0000000007","sentat":"01795000000000000","source":"/bench""#;
    let start =
        format!(r#"{{{attributes},"type":"com.example.bench.000","datacontenttype":"application/json","data":{{"padding":""#);
    Bytes::from(format!("{start}{}\"}}}}", "x".repeat(1024 - start.len() - 3)))
}

fn parsed(body: Bytes) -> Event {
    read::structured(body, read::Limits::default()).expect("it is an event")
}

/// Reading it: required attributes, legal names and values, where each and `data` lie.
#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    let body = posted();
    bencher.bench(|| parsed(black_box(body.clone())));
}

/// Matching it with a tenant's subscriptions, one of which asks for its type.
#[divan::bench]
fn route(bencher: Bencher<'_, '_>) {
    let (index, event, tenant) = (Index::compile(&directory()), parsed(posted()), TenantName::default());
    bencher.bench(|| {
        let mut found = 0_usize;
        index.matches(black_box(&tenant), black_box(&event), |_, _| found += 1);
        assert_eq!(found, 1);
    });
}

/// Signing it for one sink with one secret.
#[divan::bench]
fn sign(bencher: Bencher<'_, '_>) {
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    let (keys, body) = ([SigningKey::parse(secret.expose()).expect("it is a secret")], posted());
    bencher.bench(|| signature::sign(black_box(&keys), "evt_01kp0000000000000000000000", 1_795_000_000, black_box(&body)));
}

fn directory() -> Directory {
    let entropy = SeededEntropy::new(7);
    let mut directory = Directory { version: 1, ..Directory::default() };
    for number in 0..10 {
        let id = SubscriptionId::new(Timestamp::default(), &entropy);
        let spec = json!({"sink": "https://sink.example/", "types": [format!("com.example.bench.{number:03}")]});
        let spec: Spec = serde_json::from_value(spec).expect("a spec");
        directory.subscriptions.insert(id, Arc::new(subscription(id, spec)));
    }
    directory
}

fn subscription(id: SubscriptionId, spec: Spec) -> Subscription {
    Subscription {
        id,
        tenant: TenantName::default(),
        status: Status::Active,
        disabled_reason: None,
        spec,
        secrets: Vec::new(),
        handshake: None,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    }
}
