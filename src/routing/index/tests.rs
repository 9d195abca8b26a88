use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::domain::clock::Timestamp;
use crate::domain::entropy::SeededEntropy;
use crate::domain::event::read;
use crate::domain::subscription::Spec;

fn event(event_type: &str, source: &str) -> Event {
    let event = json!({ "specversion": "1.0", "id": "1", "type": event_type, "source": source, "subject": "eu-7" });
    read::structured(Bytes::from(event.to_string()), read::Limits::NONE).unwrap()
}

/// A directory of one tenant, and the names the subscriptions are known by in the test.
#[derive(Default)]
struct Fixture {
    directory: Directory,
    names: HashMap<SubscriptionId, String>,
}

impl Fixture {
    fn with(mut self, name: &str, status: Status, spec: serde_json::Value) -> Self {
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
