//! Retry policies, permanent answers and events that expire.

use std::time::Duration;

use waypost::domain::clock::{Clock, SystemClock, Timestamp};
use waypost::domain::delivery::{DeadReason, DeliveryState, VerdictKind};
use waypost::domain::event::{Accepted, read};
use waypost::domain::retry::{RetryPolicy, RetrySchedule, Rule, Waits};
use waypost::domain::subscription::Status;

use super::fixture::{Node, new_event};
use crate::support::database::{TestStore, both_databases};
use crate::support::sink::{Reply, Sink};

/// An event that expires at `end`.
fn expiring(end: &str) -> Accepted {
    let event = new_event();
    let text = format!(
        r#"{{"specversion":"1.0","id":"{}","source":"/orders","type":"t","expirytime":"{end}","data":{{"total":1.50}}}}"#,
        event.id
    );
    Accepted { event: read::structured(text.into(), read::Limits::NONE).unwrap(), ..event }
}

fn schedule(schedule_ms: &[u64]) -> Waits {
    Waits::Schedule(RetrySchedule { schedule_ms: schedule_ms.to_vec(), jitter: 0.0 })
}

both_databases!(a_permanent_answer_is_a_dead_letter_at_once, async |store: TestStore| {
    let node = Node::start(&store).await;
    let knative = RetryPolicy { waits: schedule(&[0, 0]), ..Rule::Knative.into() };
    let named = RetryPolicy { permanent_statuses: vec![413, 503], ..schedule(&[0, 0]).into() };
    let cases = [
        (schedule(&[0, 0]).into(), 415, 1),
        (schedule(&[0, 0]).into(), 403, 2),
        (knative.clone(), 403, 1),
        (knative.clone(), 301, 1),
        (knative, 404, 2),
        (named.clone(), 503, 1),
        (named, 415, 2),
    ];
    for (policy, status, attempts) in cases {
        let sink = Sink::answering(status).await;
        let subscription = node.subscribe(&sink.url("/"), |spec| spec.config.retry = policy.clone()).await;
        let id = node.post(&subscription).await;
        let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
        let reason = if attempts == 1 { DeadReason::Permanent } else { DeadReason::Exhausted };
        assert_eq!((detail.delivery.reason, detail.attempts.len()), (Some(reason), attempts), "{status} {policy:?}");
        assert_eq!(detail.attempts.last().unwrap().verdict, VerdictKind::Dead);
        assert_eq!(sink.received().len(), attempts);
    }
    node.stopped().await;
});

both_databases!(an_expired_event_is_not_sent, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(200).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    let id = node.post_event(&subscription, expiring("2020-01-01T00:00:00+02:00")).await;
    let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
    assert_eq!((detail.delivery.reason, detail.attempts.len()), (Some(DeadReason::Expired), 0));
    assert_eq!(node.counts(&subscription).await.dead_lettered, 1);

    // What is no moment is no end, and what lies ahead is sent as it is.
    for end in ["soon", "2999-01-01T00:00:00Z"] {
        let id = node.post_event(&subscription, expiring(end)).await;
        node.wait_for(id, DeliveryState::Delivered).await;
    }
    let bodies: Vec<_> = sink.received().into_iter().map(|request| String::from_utf8(request.body.to_vec()).unwrap()).collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains(r#""expirytime":"soon""#) && bodies[1].contains(r#""expirytime":"2999-01-01T00:00:00Z""#));
    node.stopped().await;
});

both_databases!(an_event_that_expires_before_its_next_attempt_is_dead_after_this_one, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(500).await;
    let subscription = node.subscribe(&sink.url("/"), |spec| spec.config.retry = schedule(&[0, 600_000]).into()).await;
    let end = SystemClock.now().plus(Duration::from_mins(5));
    let id = node.post_event(&subscription, expiring(&end.to_string())).await;
    let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
    assert_eq!((detail.delivery.reason, detail.attempts.len()), (Some(DeadReason::Expired), 1));
    node.stopped().await;
});

both_databases!(an_event_that_expired_while_it_waited_is_dead_when_its_turn_comes, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(200).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    node.set_status(&subscription, Status::Paused).await;
    let end = SystemClock.now().plus(Duration::from_millis(200));
    let id = node.post_event(&subscription, expiring(&end.to_string())).await;
    let is_over = |now: Timestamp| end < now;
    while !is_over(SystemClock.now()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    node.set_status(&subscription, Status::Active).await;
    node.handle.queued(subscription.id, SystemClock.now());
    let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
    assert_eq!((detail.delivery.reason, detail.attempts.len()), (Some(DeadReason::Expired), 0));
    assert!(sink.received().is_empty());
    node.stopped().await;
});

both_databases!(retry_after_is_heeded_up_to_its_cap, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::start(|number, _| match number {
        0 => Reply::Answer(429, vec![("retry-after", "3600".into())], "".into()),
        _ => Reply::status(200),
    })
    .await;
    let subscription = node.subscribe(&sink.url("/"), |spec| spec.config.retry.max_retry_after_ms = 0).await;
    let id = node.post(&subscription).await;
    let detail = node.wait_for(id, DeliveryState::Delivered).await;
    assert_eq!(detail.attempts.len(), 2);
    node.stopped().await;
});
