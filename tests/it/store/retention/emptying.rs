//! Data that goes while its event stays.

use std::sync::Arc;
use std::time::Duration;

use waypost::domain::delivery::{DeadReason, DeliveryState};
use waypost::domain::id::EventId;
use waypost::domain::page::PageRequest;
use waypost::domain::tenant::TenantName;
use waypost::store::{Conflict, DeadLetterFilter, Deletion, EventFilter, Past, Resolution, StoreError};

use super::super::sample::{ORDER, dead, ended, handed_over, subscribed, tenant};
use super::sweeping::{round, says, sweeper};
use super::{event, exists};
use crate::support::database::{TestStore, both_databases};

const DAY: Duration = Duration::from_hours(24);

async fn expire(store: &TestStore, tenant: &TenantName, ids: &[EventId]) -> Deletion {
    store.expire_data(tenant, ids, store.now()).await.unwrap()
}

fn is_expired<T: std::fmt::Debug>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict(Conflict::DataExpired)))
}

both_databases!(attributes_and_history_stay_and_nothing_can_be_sent_again, async |store: TestStore| {
    let default = TenantName::default();
    let [one, other] = [subscribed(&store, &default).await, subscribed(&store, &default).await];
    let (id, leases) = handed_over(&store, &default, ORDER, &[one, other]).await;
    ended(&store, &default, leases[0], Resolution::Delivered).await;
    ended(&store, &default, leases[1], Resolution::Dead(DeadReason::Exhausted)).await;
    let fresh = dead(&store, &default, one, DeadReason::Gone).await;
    let before = store.event(&default, id).await.unwrap();
    assert!(before.data_expired_at.is_none());

    let at = store.now();
    let expired = store.expire_data(&default, &[id], at).await.unwrap();
    assert_eq!((expired.deleted.emptied, expired.deleted.events, expired.kept.len()), (1, 0, 0));

    let after = store.event(&default, id).await.unwrap();
    assert_eq!(after.data_expired_at, Some(at));
    let attributes = |event: &waypost::domain::event::Event| {
        event.attributes().map(|(name, value, _)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(attributes(&after.accepted.event), attributes(&before.accepted.event));
    assert!(after.accepted.event.body().is_empty());
    assert_eq!(after.deliveries, before.deliveries);
    let line = store.events(&default, &EventFilter::default(), PageRequest { limit: 10, before: None }).await.unwrap();
    assert_eq!(line.rows.iter().filter(|row| row.data_expired_at == Some(at)).count(), 1);

    // One by one, named, by filter and by a replay: nothing is opened.
    for lease in &leases {
        assert!(is_expired(&store.redeliver(&default, lease.delivery_id, store.now()).await));
    }
    let ids: Vec<_> = leases.iter().map(|lease| lease.delivery_id).chain([fresh]).collect();
    let all = DeadLetterFilter::default();
    assert_eq!(store.count_redrivable(&default, &all).await.unwrap(), 1);
    assert_eq!(store.redrive(&default, &all, store.now(), 10).await.unwrap(), 1, "the one whose data is there");
    assert_eq!(store.redeliver_many(&default, &ids, store.now()).await.unwrap(), []);
    let past = Past { after: before.accepted.accepted_at.minus(DAY), before: store.now().plus(DAY), position: None };
    let found = store.past_events(&default, &past, 10).await.unwrap();
    assert!(!found.is_empty() && found.iter().all(|row| row.id != id));
    assert_eq!(store.delivery(&default, leases[1].delivery_id).await.unwrap().delivery.state, DeliveryState::DeadLettered);

    assert_eq!(expire(&store, &default, &[id]).await, Deletion::default(), "once is enough");
    assert_eq!(
        store.delete_events(&default, &[id], Some(store.now())).await.unwrap().deleted.events,
        1,
        "it goes like any other"
    );
});

both_databases!(data_stays_until_all_deliveries_have_ended, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let (id, leases) = handed_over(&store, &default, ORDER, &[to]).await;
    let nowhere = event(&store, &default, "a").await;
    let first = expire(&store, &default, &[id, nowhere]).await;
    assert_eq!((first.deleted.emptied, first.kept), (1, vec![id]));
    assert!(!store.event(&default, id).await.unwrap().accepted.event.body().is_empty());
    ended(&store, &default, leases[0], Resolution::Delivered).await;
    let second = expire(&store, &default, &[id, nowhere]).await;
    assert_eq!((second.deleted.emptied, second.kept), (1, Vec::new()));
    let stranger = tenant(&store, "stranger").await;
    let own = event(&store, &default, "a").await;
    assert_eq!(expire(&store, &stranger, &[own]).await, Deletion::default(), "another tenant's");
});

both_databases!(data_goes_when_its_tenant_and_type_say, async |store: TestStore| {
    let acme = tenant(&store, "acme").await;
    let mut sweeper = sweeper(&store, |config| config.data_ms = 0);
    let (plain, kept) = (event(&store, &acme, "a").await, event(&store, &acme, "audit.x").await);
    says(&store, &acme, r#"{"data_ms": 86400000, "types": [{"type": "audit.*", "data_ms": 0}]}"#).await;
    assert_eq!(round(&mut sweeper).await.deleted.emptied, 0);
    store.clock.advance(2 * DAY);
    assert_eq!(round(&mut sweeper).await.deleted.emptied, 1);
    let expired = async |id| store.event(&acme, id).await.unwrap().data_expired_at.is_some();
    assert_eq!((expired(plain).await, expired(kept).await), (true, false));
    says(&store, &acme, r#"{"data_ms": 3600000}"#).await;
    assert_eq!(round(&mut sweeper).await.deleted.emptied, 1, "a limit holds for events that were there before it");
    assert!(expired(kept).await);
    store.clock.advance(40 * DAY);
    round(&mut sweeper).await;
    assert!(!exists(&store, &acme, plain).await && !exists(&store, &acme, kept).await, "the events go in their own time");
});

both_databases!(data_that_goes_while_it_is_opened_again_is_refused_or_stays, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let store = Arc::new(store);
    for _ in 0..20 {
        let (id, leases) = handed_over(&store, &default, ORDER, &[to]).await;
        ended(&store, &default, leases[0], Resolution::Delivered).await;
        let delivery = leases[0].delivery_id;
        let (expired, opened) =
            tokio::join!(async { store.expire_data(&TenantName::default(), &[id], store.now()).await.unwrap() }, async {
                store.redeliver(&TenantName::default(), delivery, store.now()).await
            });
        let is_whole = !store.event(&default, id).await.unwrap().accepted.event.body().is_empty();
        assert_eq!(opened.is_ok(), is_whole, "{expired:?} {opened:?}");
        assert_eq!(expired.deleted.emptied, u64::from(!is_whole));
    }
});

both_databases!(data_goes_however_much_there_is_of_it, async |store: TestStore| {
    let default = TenantName::default();
    let mut ids = Vec::new();
    for size in [0, 5, 3, 0, 9, 1] {
        let data = "x".repeat(size * 1024 * 1024);
        let body = format!(r#"{{"specversion":"1.0","id":"{}","source":"/s","type":"t{size}","data":"{data}"}}"#, store.now());
        ids.push(handed_over(&store, &default, &body, &[]).await.0);
    }
    let expired = expire(&store, &default, &ids).await;
    assert_eq!((expired.deleted.emptied, expired.kept), (6, vec![]));
    for (id, size) in ids.into_iter().zip([0, 5, 3, 0, 9, 1]) {
        let event = store.event(&default, id).await.unwrap();
        assert!(event.data_expired_at.is_some());
        assert_eq!(event.accepted.event.event_type(), format!("t{size}"));
    }
});
