//! Events as people search and read them.

use std::time::Duration;

use waypost::domain::id::EventId;
use waypost::domain::page::PageRequest;
use waypost::domain::tenant::TenantName;
use waypost::store::{EventFilter, EventRow};

use super::sample::{ORDER, handed_over, is_not_found, subscribed, tenant};
use crate::support::database::{TestStore, both_databases};

fn body(id: usize, event_type: &str, subject: Option<&str>) -> String {
    let subject = subject.map_or_else(String::new, |subject| format!(r#","subject":"{subject}""#));
    format!(r#"{{"specversion":"1.0","id":"{id}","source":"/s{}","type":"{event_type}"{subject},"data":{id}}}"#, id % 2)
}

async fn found(store: &TestStore, tenant: &TenantName, filter: &EventFilter) -> Vec<EventRow> {
    store.events(tenant, filter, PageRequest::default()).await.unwrap().rows
}

fn ids(rows: &[EventRow]) -> Vec<EventId> {
    rows.iter().map(|row| row.id).collect()
}

both_databases!(an_event_is_read_byte_for_byte_with_its_deliveries, async |store: TestStore| {
    let default = TenantName::default();
    let subscriptions = [subscribed(&store, &default).await, subscribed(&store, &default).await];
    let (id, leases) = handed_over(&store, &default, ORDER, &subscriptions).await;
    let stored = store.event(&default, id).await.unwrap();
    assert_eq!(stored.accepted.event.body().as_ref(), ORDER.as_bytes());
    assert_eq!((stored.accepted.event.source(), stored.accepted.event.event_type()), ("/orders", "com.example.order"));
    assert_eq!(stored.accepted.traceparent.as_deref(), Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    let mut expected: Vec<_> = leases.iter().map(|lease| lease.delivery_id).collect();
    expected.sort();
    assert_eq!(stored.deliveries.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), expected);
});

both_databases!(another_tenants_event_does_not_exist, async |store: TestStore| {
    let other = tenant(&store, "other").await;
    let (id, _) = handed_over(&store, &TenantName::default(), ORDER, &[]).await;
    assert!(is_not_found(&store.event(&other, id).await));
    assert!(found(&store, &other, &EventFilter::default()).await.is_empty());
    assert_eq!(found(&store, &TenantName::default(), &EventFilter::default()).await.len(), 1);
});

both_databases!(events_are_searched_by_type_source_and_subject, async |store: TestStore| {
    let default = TenantName::default();
    let mut all = Vec::new();
    for (number, (event_type, subject)) in [("a", Some("x")), ("a", None), ("b", Some("x")), ("a", Some("y"))].iter().enumerate()
    {
        all.push(handed_over(&store, &default, &body(number, event_type, *subject), &[]).await.0);
    }
    let some = |text: &str| Some(text.to_owned());
    let cases = [
        (EventFilter::default(), vec![all[3], all[2], all[1], all[0]]),
        (EventFilter { event_type: some("a"), ..EventFilter::default() }, vec![all[3], all[1], all[0]]),
        (EventFilter { source: some("/s0"), ..EventFilter::default() }, vec![all[2], all[0]]),
        (EventFilter { subject: some("x"), ..EventFilter::default() }, vec![all[2], all[0]]),
        (EventFilter { event_type: some("a"), subject: some("x"), ..EventFilter::default() }, vec![all[0]]),
        (EventFilter { event_type: some("A"), ..EventFilter::default() }, vec![]),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(&found(&store, &default, &filter).await), expected, "{filter:?}");
    }
    let row = &found(&store, &default, &EventFilter { subject: some("y"), ..EventFilter::default() }).await[0];
    assert_eq!((row.event_id.as_str(), row.source.as_str(), row.event_type.as_str()), ("3", "/s1", "a"));
});

both_databases!(events_are_searched_by_time_to_the_microsecond, async |store: TestStore| {
    let default = TenantName::default();
    let mut times = Vec::new();
    for number in 0..3 {
        let (id, _) = handed_over(&store, &default, &body(number, "a", None), &[]).await;
        times.push(store.event(&default, id).await.unwrap().accepted.accepted_at);
        store.clock.advance(Duration::from_mins(5));
    }
    let count =
        async |after, before| found(&store, &default, &EventFilter { after, before, ..EventFilter::default() }).await.len();
    assert_eq!(count(Some(times[0]), None).await, 3);
    assert_eq!(count(Some(times[0].plus(Duration::from_micros(1))), None).await, 2);
    assert_eq!(count(None, Some(times[2])).await, 2);
    assert_eq!(count(None, Some(times[2].plus(Duration::from_micros(1)))).await, 3);
    assert_eq!(count(Some(times[1]), Some(times[2])).await, 1);
    assert_eq!(count(Some(times[2]), Some(times[1])).await, 0);
});

both_databases!(pages_of_a_search_hold_only_what_matches, async |store: TestStore| {
    let default = TenantName::default();
    for number in 0..10 {
        handed_over(&store, &default, &body(number, "a", None), &[]).await;
    }
    let filter = EventFilter { source: Some("/s1".to_owned()), ..EventFilter::default() };
    let first = store.events(&default, &filter, PageRequest { limit: 3, before: None }).await.unwrap();
    let second = store.events(&default, &filter, PageRequest { limit: 3, before: first.next }).await.unwrap();
    let seen: Vec<_> = first.rows.iter().chain(&second.rows).map(|row| row.event_id.as_str()).collect();
    assert_eq!((seen, second.next), (vec!["9", "7", "5", "3", "1"], None));
});
