//! Sinks that fail, each in its way.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use waypost::domain::delivery::{DeadReason, DeliveryState, ErrorClass};
use waypost::domain::subscription::{DisabledReason, Status};
use waypost::store::DeliveryDetail;

use super::fixture::{Node, Options};
use crate::support::database::{TestStore, both_databases};
use crate::support::sink::{Reply, Sink};

/// What became of one delivery to a sink with this script, and how often the sink was called.
async fn outcome_at(
    store: &TestStore,
    reply: Reply,
    change: impl FnOnce(&mut waypost::domain::subscription::Spec),
) -> (DeliveryDetail, usize) {
    let node = Node::start(store).await;
    let sink = Sink::start(move |_, _| reply.clone()).await;
    let subscription = node.subscribe(&sink.url("/"), change).await;
    let id = node.post(&subscription).await;
    let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
    node.stopped().await;
    (detail, sink.received().len())
}

fn classes(detail: &DeliveryDetail) -> Vec<Option<ErrorClass>> {
    detail.attempts.iter().map(|attempt| attempt.outcome.error_class).collect()
}

both_databases!(retries_carry_the_same_body_and_end_in_the_dead_letters, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(500).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    let id = node.post(&subscription).await;
    let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
    assert_eq!(detail.delivery.reason, Some(DeadReason::Exhausted));
    assert_eq!(classes(&detail), [Some(ErrorClass::Server); 3]);
    let requests = sink.received();
    let header = |name: &str| requests.iter().map(|request| request.header(name).unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(header("waypost-attempt"), ["1", "2", "3"]);
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    assert!(header("webhook-id").iter().all(|held| *held == requests[0].header("webhook-id").unwrap()));
    for (pair, wait_ms) in detail.attempts.windows(2).zip([50, 100]) {
        assert!(pair[1].started_at.since(pair[0].started_at) >= Duration::from_millis(wait_ms));
    }
    let counts = node.counts(&subscription).await;
    assert_eq!((counts.attempts, counts.failed, counts.dead_lettered), (3, 3, 1));
    node.stopped().await;
});

both_databases!(a_sink_that_recovers_gets_it, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::start(|number, _| Reply::status(if number < 2 { 502 } else { 200 })).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    let id = node.post(&subscription).await;
    let detail = node.wait_for(id, DeliveryState::Delivered).await;
    assert_eq!(detail.delivery.attempt_count, 3);
    node.stopped().await;
});

both_databases!(the_time_limit_covers_a_dripping_body, async |store: TestStore| {
    let drip = Reply::Drip(Duration::from_millis(20));
    let (detail, _) = outcome_at(&store, drip, |spec| spec.config.timeout_ms = 200).await;
    assert_eq!(classes(&detail), [Some(ErrorClass::Timeout); 3]);
    let outcome = &detail.attempts[0].outcome;
    assert_eq!(outcome.status, Some(200));
    assert!(outcome.duration >= Duration::from_millis(200) && outcome.duration < Duration::from_secs(2));
});

both_databases!(broken_exchanges_are_told_apart, async |store: TestStore| {
    for (reply, class) in [
        (Reply::Reset, ErrorClass::Protocol),
        (Reply::Garbage, ErrorClass::Protocol),
        (Reply::CutOff, ErrorClass::Protocol),
        (Reply::status(404), ErrorClass::Client),
    ] {
        let (detail, _) = outcome_at(&store, reply.clone(), |_| {}).await;
        assert_eq!(classes(&detail), [Some(class); 3], "{reply:?}");
    }
});

both_databases!(a_redirect_is_not_followed, async |store: TestStore| {
    let elsewhere = Sink::answering(200).await;
    let reply = Reply::Answer(307, vec![("location", elsewhere.url("/"))], "".into());
    let (detail, calls) = outcome_at(&store, reply, |_| {}).await;
    assert_eq!(classes(&detail), [Some(ErrorClass::Redirect); 3]);
    assert_eq!((calls, elsewhere.received().len()), (3, 0));
});

both_databases!(unreachable_unresolvable_and_plaintext_sinks_are_told_apart, async |store: TestStore| {
    let node = Node::start(&store).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain_address = plain.local_addr().unwrap();
    let mut answering = tokio::task::JoinSet::new();
    answering.spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 This is no TLS\r\n\r\n").await;
        }
    });
    for (url, class) in [
        (format!("http://{closed}/x?token=secret"), ErrorClass::Connect),
        ("http://no-such-host.invalid/x?token=secret".to_owned(), ErrorClass::Dns),
        (format!("https://{plain_address}/x?token=secret"), ErrorClass::Tls),
    ] {
        let subscription = node.subscribe(&url, |_| {}).await;
        let id = node.post(&subscription).await;
        let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
        let error = detail.attempts[0].outcome.error.clone().unwrap();
        assert_eq!(classes(&detail), [Some(class); 3], "{error}");
        assert!(!error.contains("secret") && error.contains(':'), "{error}");
    }
    node.stopped().await;
});

both_databases!(inner_addresses_are_blocked_without_a_connection, async |store: TestStore| {
    let node = Node::start_with(&store, Options { dev: false, ..Options::default() }).await;
    let sink = Sink::answering(200).await;
    let port = sink.authority().rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let subscription = node.subscribe(&format!("http://{host}:{port}/"), |_| {}).await;
        let id = node.post(&subscription).await;
        let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
        assert_eq!(classes(&detail), [Some(ErrorClass::Blocked); 3], "{host}");
        assert!(detail.attempts[0].outcome.error.as_ref().unwrap().contains("egress.allow"));
    }
    assert!(sink.received().is_empty());
    node.stopped().await;
});

both_databases!(a_long_answer_is_kept_to_its_first_16_kib, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::start(|_, _| Reply::Answer(200, Vec::new(), vec![b'a'; 2_000_000].into())).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    let id = node.post(&subscription).await;
    let detail = node.wait_for(id, DeliveryState::Delivered).await;
    let outcome = &detail.attempts[0].outcome;
    assert_eq!(outcome.response_body, vec![b'a'; 16 * 1024]);
    assert!(outcome.is_body_truncated);
    node.stopped().await;
});

both_databases!(an_answer_of_410_disables_the_subscription, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(410).await;
    let subscription = node.subscribe(&sink.url("/"), |spec| spec.config.max_concurrency = 1).await;
    node.wait_for_room(&subscription).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(node.post(&subscription).await);
    }
    let gone = node.wait_for(ids[0], DeliveryState::DeadLettered).await;
    assert_eq!(gone.delivery.reason, Some(DeadReason::Gone));
    let looking = async {
        loop {
            let found = node.store.subscription(&subscription.tenant, subscription.id).await.unwrap();
            if found.status == Status::Disabled {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), looking).await.unwrap();
    assert_eq!(found.disabled_reason, Some(DisabledReason::Gone));
    node.refresh().await;
    for id in &ids[1..] {
        let detail = node.wait_for(*id, DeliveryState::DeadLettered).await;
        assert_eq!((detail.delivery.reason, detail.attempts.len()), (Some(DeadReason::Disabled), 0));
    }
    assert_eq!(sink.received().len(), 1);
    node.stopped().await;
});
