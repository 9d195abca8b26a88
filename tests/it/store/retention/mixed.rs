//! Deleting some events among others that were accepted in the same moment, of several tenants, open and ended.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use waypost::domain::clock::Clock;
use waypost::domain::delivery::DeadReason;
use waypost::domain::event::{Accepted, read};
use waypost::domain::id::{DeliveryId, EventId, NodeId, SubscriptionId};
use waypost::domain::tenant::TenantName;
use waypost::store::{AcceptBatch, Accepting, Deleted, Lease, NewDelivery, Placement, Report, Resolution, Settled, Submission};

use super::super::sample::{subscribed, tenant};
use super::{counts, delete, exists};
use crate::support::database::{TestStore, both_databases};

const EVENTS: usize = 120;

/// An event, and what becomes of its deliveries; nothing for one that is left in flight.
struct Made {
    tenant: TenantName,
    id: EventId,
    ends: Vec<Option<Resolution>>,
}

impl Made {
    fn is_open(&self) -> bool {
        self.ends.contains(&None)
    }
}

/// What is posted as the event of that number: one in three belongs to another tenant, fan-outs differ, one in seven stays open.
fn made(store: &TestStore, number: usize, tenants: &[TenantName; 2]) -> Made {
    let end = |place: usize| match number * 5 + place {
        n if n % 7 == 0 => None,
        n if n % 4 == 0 => Some(Resolution::Dead(DeadReason::Exhausted)),
        _ => Some(Resolution::Delivered),
    };
    let tenant = tenants[usize::from(number % 3 == 1)].clone();
    // All of one moment: their identifiers are in no order.
    Made { tenant, id: EventId::new(store.clock.now(), &store.entropy), ends: (0..number % 4).map(end).collect() }
}

async fn accept(store: &TestStore, made: &[Made], subscriptions: &[SubscriptionId]) {
    let now = store.clock.now();
    let accepting = |event: &Made| {
        let body = format!(r#"{{"specversion":"1.0","id":"{}","source":"/mixed","type":"t"}}"#, event.id);
        let accepted = Accepted {
            id: event.id,
            tenant: event.tenant.clone(),
            accepted_at: now,
            traceparent: None,
            event: read::structured(body.into(), read::Limits::NONE).unwrap(),
        };
        let new = |&subscription_id: &SubscriptionId| {
            let id = DeliveryId::of(event.id, subscription_id);
            NewDelivery { id, subscription_id, placement: Placement::HandedOver }
        };
        let deliveries = subscriptions[..event.ends.len()].iter().map(new).collect();
        Accepting { key: accepted.event.key_digest(&accepted.tenant), accepted: Arc::new(accepted), deliveries }
    };
    let batch = AcceptBatch {
        node: NodeId::new(now, &store.entropy),
        routing_version: store.routing_version().await.unwrap(),
        now,
        keys_since: now.minus(Duration::from_mins(1)),
        submissions: vec![Submission { replay: None, events: made.iter().map(accepting).collect() }],
    };
    assert!(matches!(store.accept(&batch).await.unwrap(), Settled::Committed(_)));
    let report = |event: &Made, place: usize, then: Resolution| Report {
        lease: Lease { delivery_id: DeliveryId::of(event.id, subscriptions[place]), token: 1 },
        tenant: event.tenant.clone(),
        attempt: None,
        then,
        forward: None,
    };
    let ended = |event| move |(place, then): (usize, &Option<Resolution>)| then.map(|then| report(event, place, then));
    let reports: Vec<_> = made.iter().flat_map(|event| event.ends.iter().enumerate().filter_map(ended(event))).collect();
    store.record(&reports, &[], store.now()).await.unwrap();
}

both_databases!(among_others_exactly_the_ones_meant_go_if_they_have_ended, async |store: TestStore| {
    let tenants = [TenantName::default(), tenant(&store, "other").await];
    let mut subscriptions = Vec::new();
    for _ in 0..3 {
        subscriptions.push(subscribed(&store, &tenants[0]).await);
    }
    let made: Vec<Made> = (0..EVENTS).map(|number| made(&store, number, &tenants)).collect();
    accept(&store, &made, &subscriptions).await;

    let mine = made.iter().filter(|event| event.tenant == tenants[0]);
    let mut meant: Vec<&Made> = mine.enumerate().filter(|(place, _)| place % 5 != 3).map(|(_, event)| event).collect();
    meant.sort_by_key(|event| event.id);
    let (mut deleted, mut kept) = (Deleted::default(), BTreeSet::new());
    for some in meant.chunks(25) {
        let deletion = delete(&store, &tenants[0], &some.iter().map(|event| event.id).collect::<Vec<_>>()).await;
        deleted += deletion.deleted;
        kept.extend(deletion.kept);
    }

    let open: BTreeSet<EventId> = meant.iter().filter(|event| event.is_open()).map(|event| event.id).collect();
    assert_eq!(kept, open);
    let gone: BTreeSet<EventId> = meant.iter().map(|event| event.id).filter(|id| !open.contains(id)).collect();
    assert!(!open.is_empty() && !gone.is_empty());
    let count = |is_meant: &dyn Fn(&Made) -> bool, is_counted: &dyn Fn(&Option<Resolution>) -> bool| {
        made.iter().filter(|event| is_meant(event)).flat_map(|event| &event.ends).filter(|then| is_counted(then)).count()
    };
    let is_dead = |then: &Option<Resolution>| matches!(then, Some(Resolution::Dead(_)));
    let goes = |event: &Made| gone.contains(&event.id);
    let stays = |event: &Made| !gone.contains(&event.id);
    let (deliveries, letters) = (count(&goes, &|_| true), count(&goes, &is_dead));
    assert_eq!(
        (deleted.events, deleted.deliveries, deleted.dead_letters),
        (gone.len() as u64, deliveries as u64, letters as u64)
    );
    let left = counts(&store).await.map(|count| usize::try_from(count).unwrap());
    assert_eq!(left[..2], [EVENTS - gone.len(), count(&stays, &|_| true)]);
    assert_eq!(left[3], count(&stays, &is_dead));
    for event in &made {
        assert_eq!(exists(&store, &event.tenant, event.id).await, stays(event));
    }
    assert_eq!(store.database.count("deliveries WHERE event_id NOT IN (SELECT id FROM events)").await, 0);
});
