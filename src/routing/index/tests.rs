use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::clock::Timestamp;
use crate::domain::entropy::SeededEntropy;
use crate::domain::event::read;
use crate::domain::filter::Facts;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{Spec, Status, Subscription};

fn event(event_type: &str, source: &str) -> Event {
    let event = json!({ "specversion": "1.0", "id": "1", "type": event_type, "source": source, "subject": "eu-7" });
    read::structured(Bytes::from(event.to_string()), read::Limits::NONE).unwrap()
}

/// A directory of one tenant, and the names the subscriptions are known by in the test.
#[derive(Default)]
struct Fixture {
    directory: Directory,
    names: Map<SubscriptionId, String>,
}

impl Fixture {
    fn with(mut self, name: &str, status: Status, spec: Value) -> Self {
        let mut spec: Spec = serde_json::from_value({
            let mut spec = spec;
            spec["sink"] = json!("https://sink.example/");
            spec
        })
        .unwrap();
        spec.description = Some(name.to_owned());
        let id = SubscriptionId::new(Timestamp::default(), &SeededEntropy::new(self.names.len() as u64));
        let subscription = Subscription {
            id,
            tenant: TenantName::default(),
            status,
            disabled_reason: None,
            spec,
            secrets: Vec::new(),
            handshake: None,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        };
        self.names.insert(id, name.to_owned());
        self.directory.subscriptions.insert(id, Arc::new(subscription));
        self
    }

    fn matched(&self, tenant: &TenantName, event: &Event) -> Vec<&str> {
        let index = Index::compile(&self.directory);
        let mut names = Vec::new();
        index.matches(tenant, event, |route, answer| {
            assert_eq!(answer, Answer::Yes);
            names.push(self.names[&route.subscription_id].as_str());
        });
        names.sort_unstable();
        names
    }
}

#[test]
fn type_source_and_filters_narrow_and_nothing_matches_twice() {
    let fixture = Fixture::default()
        .with("all", Status::Active, json!({}))
        .with("type", Status::Active, json!({ "types": ["a", "a", "b"] }))
        .with("source", Status::Active, json!({ "source": "/x" }))
        .with("both", Status::Active, json!({ "types": ["a"], "source": "/x" }))
        .with("exact", Status::Active, json!({ "filters": [{ "exact": { "type": "a", "source": "/x" } }] }))
        .with("exact and types", Status::Active, json!({ "types": ["b"], "filters": [{ "exact": { "type": "a" } }] }))
        .with("two sources", Status::Active, json!({ "source": "/y", "filters": [{ "exact": { "source": "/x" } }] }))
        .with("prefix", Status::Active, json!({ "filters": [{ "prefix": { "subject": "eu-" } }] }))
        .with("negated", Status::Active, json!({ "filters": [{ "not": { "prefix": { "subject": "eu-" } } }] }));
    let tenant = TenantName::default();
    assert_eq!(fixture.matched(&tenant, &event("a", "/x")), ["all", "both", "exact", "prefix", "source", "type"]);
    assert_eq!(fixture.matched(&tenant, &event("b", "/z")), ["all", "prefix", "type"]);
    assert_eq!(fixture.matched(&tenant, &event("c", "/y")), ["all", "prefix"]);
}

#[test]
fn only_subscriptions_that_collect_get_deliveries() {
    let fixture = Fixture::default()
        .with("active", Status::Active, json!({}))
        .with("paused", Status::Paused, json!({}))
        .with("disabled", Status::Disabled, json!({}))
        .with("unverified", Status::Unverified, json!({}));
    assert_eq!(fixture.matched(&TenantName::default(), &event("a", "/")), ["active", "paused"]);
}

#[test]
fn another_tenants_subscriptions_are_out_of_reach() {
    let fixture = Fixture::default().with("theirs", Status::Active, json!({}));
    assert!(fixture.matched(&"other".parse().unwrap(), &event("a", "/")).is_empty());
}

#[test]
fn event_that_meets_several_keys_of_a_subscription_matches_it_once() {
    let prefixes =
        json!([{ "any": [{ "prefix": { "subject": "e" } }, { "prefix": { "subject": "eu" } }, { "exact": { "type": "a" } }] }]);
    let fixture = Fixture::default().with("any", Status::Active, json!({ "filters": prefixes }));
    assert_eq!(fixture.matched(&TenantName::default(), &event("a", "/")), ["any"]);
}

#[test]
fn subscription_is_asked_only_for_events_that_meet_its_rarest_clause() {
    let fixture = (0..100).fold(Fixture::default(), |fixture, number| {
        let filter = match number % 3 {
            0 => json!({ "exact": { "customer": format!("c{number}") } }),
            1 => json!({ "any": [{ "prefix": { "customer": format!("c{number}-") } }, { "suffix": { "customer": format!("-{number}") } }] }),
            _ => json!({ "all": [{ "not": { "exact": { "subject": "x" } } }, { "prefix": { "customer": format!("d{number}") } }] }),
        };
        fixture.with(&number.to_string(), Status::Active, json!({ "types": ["a"], "filters": [filter] }))
    });
    let index = Index::compile(&fixture.directory);
    let tenant = &index.tenants[&TenantName::default()];
    assert_eq!((tenant.candidate_count(&event("a", "/")), tenant.candidate_count(&event("b", "/"))), (0, 0));
    let customer = json!({ "specversion": "1.0", "id": "1", "type": "a", "source": "/", "customer": "c3" });
    let customer = read::structured(Bytes::from(customer.to_string()), read::Limits::NONE).unwrap();
    assert_eq!(tenant.candidate_count(&customer), 1);
    assert_eq!(fixture.matched(&TenantName::default(), &customer), ["3"]);
}

fn any_filter() -> impl Strategy<Value = Value> {
    let value = prop::sample::select(vec!["a", "ab", "abc", "b", "ba", "1.0"]);
    let attribute = prop::sample::select(vec!["type", "source", "subject", "ext", "specversion"]);
    let dialect = prop::sample::select(vec!["exact", "prefix", "suffix"]);
    let wanted = prop::collection::hash_map(attribute, value, 1..3);
    let clause = (dialect, wanted).prop_map(|(dialect, wanted)| json!({ dialect: wanted }));
    let data = prop::sample::select(vec![
        json!({ "/a": 1 }),
        json!({ "/a": { "exists": false } }),
        json!({ "/b/*": { "gt": 1 }, "/a": { "ne": 2 } }),
        json!({ "/b": { "contains": 2 } }),
    ]);
    let sql = prop::sample::select(vec![
        "type = 'a' AND ext = 'a'",
        "ext = 'a' AND type = 'a'",
        "type LIKE 'ab%' AND (subject = 'a' OR source IN ('a', 'ba'))",
        "source IN ('a', 'ab') AND EXISTS ext AND type = 'abc'",
        "subject = 'ab'",
        "NOT EXISTS subject AND ext > 1",
    ]);
    let sql = sql.prop_map(|sql| json!({ "sql": sql }));
    let leaf = prop_oneof![6 => clause, 2 => data.prop_map(|data| json!({ "data": data })), 2 => sql];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|filters| json!({ "all": filters })),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|filters| json!({ "any": filters })),
            inner.prop_map(|filter| json!({ "not": filter })),
        ]
    })
}

fn any_spec() -> impl Strategy<Value = Value> {
    let types = prop::collection::vec(prop::sample::select(vec!["a", "ab", "b"]), 0..3);
    let source = prop::option::of(prop::sample::select(vec!["a", "ba"]));
    (types, source, prop::collection::vec(any_filter(), 0..3)).prop_map(|(types, source, filters)| {
        let mut spec = json!({ "types": types, "filters": filters });
        if let Some(source) = source {
            spec["source"] = json!(source);
        }
        spec
    })
}

/// Events of every kind of data, JSON that can't be read among them.
fn any_event() -> impl Strategy<Value = Event> {
    let value = || prop::sample::select(vec!["a", "ab", "abc", "ba"]);
    let data = prop::sample::select(vec![None, Some(r#"{"a":1,"b":[1,2]}"#), Some(r#"{"a":2,"b":[]}"#), Some("{\"a\":")]);
    (value(), value(), prop::option::of(value()), prop::option::of(value()), data).prop_map(
        |(event_type, source, subject, ext, data)| {
            let mut headers = http::HeaderMap::new();
            let required = [("ce-specversion", "1.0"), ("ce-id", "1"), ("content-type", "application/json")];
            let own = [("ce-type", Some(event_type)), ("ce-source", Some(source)), ("ce-subject", subject), ("ce-ext", ext)];
            for (name, value) in required.into_iter().chain(own.into_iter().filter_map(|(name, value)| Some((name, value?)))) {
                headers.insert(name, value.parse().unwrap());
            }
            let body = Bytes::from_static(data.unwrap_or_default().as_bytes());
            read::binary(&headers, body, read::HeaderDecoding::Strict, read::Limits::NONE).unwrap()
        },
    )
}

/// What the subscription says of the event, asked by the letter.
fn ask(spec: &Spec, event: &Event) -> Answer {
    let is_asked_for = spec.types.is_empty() || spec.types.iter().any(|wanted| wanted == event.event_type());
    let is_from = spec.source.as_deref().is_none_or(|source| source == event.source());
    let filters = spec.filters.iter().map(|filter| filter.ask(&Facts::new(event)));
    Answer::all([is_asked_for.into(), is_from.into()].into_iter().chain(filters))
}

proptest! {
    #[test]
    fn index_says_the_same_as_asking_every_subscription(
        specs in prop::collection::vec(any_spec(), 0..24),
        events in prop::collection::vec(any_event(), 1..12),
    ) {
        let fixture = specs.into_iter().enumerate().fold(Fixture::default(), |fixture, (number, spec)| {
            fixture.with(&number.to_string(), Status::Active, spec)
        });
        let index = Index::compile(&fixture.directory);
        for event in &events {
            let mut found = Vec::new();
            index.matches(&TenantName::default(), event, |route, answer| found.push((route.subscription_id, answer)));
            let subscriptions = fixture.directory.subscriptions.values();
            let answers = subscriptions.map(|subscription| (subscription.id, ask(&subscription.spec, event)));
            let mut expected: Vec<_> = answers.filter(|(_, answer)| *answer != Answer::No).collect();
            found.sort_unstable_by_key(|(id, _)| *id);
            expected.sort_unstable_by_key(|(id, _)| *id);
            prop_assert_eq!(found, expected);
        }
    }
}
