//! The subscriptions and events that are measured: always the same.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use waypost::domain::clock::Timestamp;
use waypost::domain::entropy::SeededEntropy;
use waypost::domain::event::{Event, read};
use waypost::domain::filter::{Answer, Facts};
use waypost::domain::id::SubscriptionId;
use waypost::domain::subscription::{Spec, Status, Subscription};
use waypost::domain::tenant::TenantName;
use waypost::store::Directory;

/// The type that two hundred subscriptions ask for.
pub(crate) const POPULAR: &str = "com.shop.popular";

/// A directory of `size` subscriptions.
pub(crate) fn directory(size: usize) -> Directory {
    let entropy = SeededEntropy::new(7);
    let mut directory = Directory { version: 1, ..Directory::default() };
    for number in 0..size {
        let mut spec = spec(number, size);
        spec["sink"] = json!(format!("https://sink-{number}.example/hooks"));
        let id = SubscriptionId::new(Timestamp::default(), &entropy);
        directory.subscriptions.insert(id, Arc::new(subscription(id, serde_json::from_value(spec).expect("a spec"))));
    }
    directory
}

/// What subscription `number` asks for. There are as many areas as there are hundreds of subscriptions.
fn spec(number: usize, size: usize) -> Value {
    let areas = (size / 100).max(1);
    let area = number / 20 % areas;
    let own = format!("com.shop.area{area}.thing{}", number % 20);
    match number % 20 {
        // A twentieth.
        0 => json!({ "types": [format!("com.shop.area{area}.order0")],
            "filters": [{ "data": { "/order/total": { "gte": number % 500 }, "/items/*/sku": { "prefix": "A-" } } }] }),
        // A tenth.
        1 => json!({ "filters": [{ "sql": format!("type = '{own}' AND subject LIKE 'customer-{area}/%'") }] }),
        2 => {
            json!({ "filters": [{ "sql": format!("source = '/shop/eu/{area}' AND type LIKE 'com.shop.area{area}.%' AND EXISTS subject") }] })
        }
        // A quarter.
        3 => {
            json!({ "filters": [{ "prefix": { "type": format!("com.shop.area{area}.") } }, { "not": { "exact": { "subject": "x" } } }] })
        }
        4..=6 => json!({ "filters": [{ "prefix": { "subject": format!("customer-{number}/") } }] }),
        7 => {
            json!({ "source": format!("/shop/eu/{area}"), "filters": [{ "prefix": { "type": "com.shop." } }, { "suffix": { "subject": format!("-{}", number % 50) } }] })
        }
        // A tenth.
        8 | 9 => json!({ "types": [own], "filters": [{ "exact": { "customer": format!("c-{number}") } }] }),
        // Half: of two hundred of them, the popular type.
        10 if number < 4_000 => json!({ "types": [POPULAR, own] }),
        _ => json!({ "types": [own, format!("com.shop.area{area}.other{}", number % 7)] }),
    }
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

/// An event with 1 KiB of data.
pub(crate) fn event(event_type: &str, source: &str, subject: &str) -> Event {
    let item =
        |number: usize| json!({ "sku": format!("{}-{number}", ["A", "B", "C"][number % 3]), "quantity": number, "price": 9.5 });
    let items: Vec<_> = (0..16).map(item).collect();
    let data =
        json!({ "customer": { "name": "Ada", "country": "DE" }, "order": { "id": "o-9", "total": 400.50 }, "items": items });
    let event = json!({ "specversion": "1.0", "id": "4711", "type": event_type, "source": source, "subject": subject,
        "time": "2026-11-21T12:00:00Z", "customer": "c-3", "data": data });
    read::structured(Bytes::from(event.to_string()), read::Limits::NONE).expect("an event")
}

/// One event of each kind.
pub(crate) fn samples() -> [Event; 4] {
    [
        event("com.shop.area3.thing7", "/shop/eu/3", "customer-3/order-9"),
        event(POPULAR, "/shop/eu/3", "customer-3/order-9"),
        event("com.shop.area0.order0", "/shop/eu/0", "customer-0/order-9"),
        event("org.other.thing", "/elsewhere", "nobody"),
    ]
}

/// How many match, found without an index.
pub(crate) fn ask_every_one(directory: &Directory, event: &Event) -> usize {
    let facts = Facts::new(event);
    let matches = |spec: &Spec| {
        (spec.types.is_empty() || spec.types.iter().any(|wanted| wanted == event.event_type()))
            && spec.source.as_deref().is_none_or(|source| source == event.source())
            && Answer::all(spec.filters.iter().map(|filter| filter.ask(&facts))) != Answer::No
    };
    directory.subscriptions.values().filter(|subscription| matches(&subscription.spec)).count()
}
