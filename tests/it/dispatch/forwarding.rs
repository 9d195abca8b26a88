//! Dead letters that go on to a dead-letter sink.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use waypost::domain::clock::{Clock, SystemClock};
use waypost::domain::delivery::{DeadReason, DeliveryState};
use waypost::domain::event::{Accepted, read};
use waypost::domain::id::DeliveryId;
use waypost::domain::retry::{RetrySchedule, Waits};
use waypost::domain::secret::Secret;
use waypost::domain::signature::{SigningKey, verify};
use waypost::domain::subscription::{ContentMode, Credential, Spec};
use waypost::store::{Forward, ForwardState};

use super::fixture::{Node, Options, SECRET, new_event};
use crate::support::database::{TestStore, both_databases};
use crate::support::sink::{Received, Reply, Sink};

fn told(url: &str) -> impl FnOnce(&mut Spec) {
    let url = url.to_owned();
    |spec| spec.config.dead_letter_sink = Some(url)
}

fn header<'a>(request: &'a Received, name: &str) -> &'a str {
    request.header(name).unwrap_or_else(|| panic!("{name} is not there"))
}

async fn ended(node: &Node, id: DeliveryId) -> Forward {
    let is_ended = |forward: &Option<Forward>| forward.as_ref().is_some_and(|forward| forward.state != ForwardState::Pending);
    node.wait_until(id, |detail| is_ended(&detail.forward)).await.forward.unwrap()
}

both_databases!(a_dead_letter_is_sent_on_with_what_it_died_of, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::start(|_, _| Reply::Answer(503, Vec::new(), vec![b'a'; 5000].into())).await;
    let letters = Sink::answering(204).await;
    let (failed, address) = (sink.url("/hooks"), letters.url("/dead?a=b"));
    let subscription = node
        .subscribe(&failed, |spec| {
            spec.config.dead_letter_sink = Some(address);
            spec.protocolsettings.headers.insert("x-own".into(), "for the sink alone".into());
            spec.sinkcredential = Some(Credential::Plain { identifier: "user".into(), secret: Secret::new("word") });
        })
        .await;
    let id = node.post(&subscription).await;
    let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
    assert_eq!(detail.delivery.reason, Some(DeadReason::Exhausted));
    let forward = ended(&node, id).await;
    assert_eq!((forward.state, forward.attempt_count, forward.last_status), (ForwardState::Delivered, 1, Some(204)));

    let (original, request) = (sink.received().remove(0), letters.wait_for(1).await.remove(0));
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/dead?a=b"));
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    assert!(body.contains(r#""data":{"total":1.50}"#), "{body}");
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&event["knativeerrordest"], &event["knativeerrorcode"]), (&failed.into(), &503.into()));
    let data = event["knativeerrordata"].as_str().unwrap();
    assert_eq!((data.len(), STANDARD.decode(data).unwrap()), (1024, vec![b'a'; 768]));
    let before: Value = serde_json::from_slice(&original.body).unwrap();
    assert!(before.as_object().unwrap().iter().all(|(name, value)| event[name] == *value));
    assert_eq!(event.as_object().unwrap().len(), before.as_object().unwrap().len() + 3);

    assert_eq!(header(&request, "webhook-id"), header(&original, "webhook-id"));
    assert_eq!(header(&request, "waypost-delivery-id"), id.to_string());
    let key = SigningKey::parse(SECRET).unwrap();
    let (id, time, signatures) = ("webhook-id", "webhook-timestamp", "webhook-signature");
    let [id, time, signatures] = [id, time, signatures].map(|name| header(&request, name));
    assert_eq!(verify(&[key], id, time, signatures, &request.body, SystemClock.now()), Ok(()));
    assert!(original.header("authorization").is_some() && original.header("x-own").is_some());
    assert!(request.header("authorization").is_none() && request.header("x-own").is_none());
    // The stored event knows nothing of it.
    let stored = node.store.event(&subscription.tenant, detail.delivery.event_id).await.unwrap();
    assert_eq!(stored.accepted.event.body(), &original.body);
    node.stopped().await;
});

both_databases!(a_dead_letter_sink_that_fails_is_tried_again_and_given_up_by_the_same_policy, async |store: TestStore| {
    let node = Node::start(&store).await;
    let (sink, letters) = (Sink::answering(500).await, Sink::answering(502).await);
    let subscription = node.subscribe(&sink.url("/"), told(&letters.url("/"))).await;
    let id = node.post(&subscription).await;
    let forward = ended(&node, id).await;
    assert_eq!((forward.state, forward.attempt_count, forward.last_status), (ForwardState::Failed, 3, Some(502)));
    assert!(forward.last_error.is_some() && forward.finished_at.is_some());
    let requests = letters.received();
    let attempts: Vec<_> = requests.iter().map(|request| header(request, "waypost-attempt")).collect();
    assert_eq!(attempts, ["1", "2", "3"]);
    assert!(requests[2].at - requests[1].at >= Duration::from_millis(90));
    // Whatever becomes of telling, the dead letter is where it was.
    let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
    assert_eq!((detail.delivery.reason, detail.attempts.len()), (Some(DeadReason::Exhausted), 3));
    node.stopped().await;
});

both_databases!(a_forward_outlives_the_node_that_began_it, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(415).await;
    let letters = Sink::start(|number, _| Reply::status(if number == 0 { 500 } else { 200 })).await;
    let subscription = node.subscribe(&sink.url("/"), told(&letters.url("/"))).await;
    let id = node.post(&subscription).await;
    node.wait_until(id, |detail| detail.forward.as_ref().is_some_and(|forward| forward.attempt_count == 1)).await;
    node.stopped().await;
    let other = Node::start(&store).await;
    let forward = ended(&other, id).await;
    assert_eq!((forward.state, forward.attempt_count, letters.received().len()), (ForwardState::Delivered, 2, 2));
    other.stopped().await;
});

both_databases!(two_nodes_send_each_dead_letter_once, async |store: TestStore| {
    const LETTERS: usize = 12;
    let (node, other) = (Node::start(&store).await, Node::start(&store).await);
    let (sink, letters) = (Sink::answering(415).await, Sink::answering(204).await);
    let subscription = node.subscribe(&sink.url("/"), told(&letters.url("/"))).await;
    other.refresh().await;
    let mut ids = Vec::new();
    for _ in 0..LETTERS {
        ids.push(node.post(&subscription).await);
    }
    for id in ids {
        assert_eq!(ended(&node, id).await.state, ForwardState::Delivered);
    }
    assert_eq!(letters.received().len(), LETTERS);
    node.stopped().await;
    other.stopped().await;
});

both_databases!(what_had_no_answer_is_told_in_a_sentence_in_every_mode, async |store: TestStore| {
    let node = Node::start(&store).await;
    let letters = Sink::answering(204).await;
    for mode in [ContentMode::Structured, ContentMode::Binary, ContentMode::Data] {
        let address = letters.url("/");
        let change = move |spec: &mut Spec| {
            spec.config.dead_letter_sink = Some(address);
            spec.config.content_mode = mode;
        };
        let subscription = node.subscribe("http://127.0.0.1:1/", change).await;
        let id = node.post(&subscription).await;
        assert_eq!(ended(&node, id).await.state, ForwardState::Delivered);
        let request = letters.received().pop().unwrap();
        let (code, data) = if mode == ContentMode::Binary {
            assert_eq!(request.body, r#"{"total":1.50}"#);
            assert_eq!(header(&request, "ce-knativeerrordest"), "http://127.0.0.1:1/");
            (header(&request, "ce-knativeerrorcode").to_owned(), header(&request, "ce-knativeerrordata").to_owned())
        } else {
            let event: Value = serde_json::from_slice(&request.body).unwrap();
            (event["knativeerrorcode"].to_string(), event["knativeerrordata"].as_str().unwrap().to_owned())
        };
        let sentence = String::from_utf8(STANDARD.decode(data).unwrap()).unwrap();
        assert!(code == "500" && sentence.starts_with("dispatch error: "), "{code} {sentence}");
    }
    node.stopped().await;
});

both_databases!(an_expired_event_is_told_too, async |store: TestStore| {
    let node = Node::start(&store).await;
    let (sink, letters) = (Sink::answering(200).await, Sink::answering(204).await);
    let subscription = node.subscribe(&sink.url("/"), told(&letters.url("/"))).await;
    let text = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","expirytime":"2020-01-01T00:00:00Z"}"#;
    let event = Accepted { event: read::structured(text.into(), read::Limits::NONE).unwrap(), ..new_event() };
    let id = node.post_event(&subscription, event).await;
    assert_eq!(ended(&node, id).await.state, ForwardState::Delivered);
    let request = letters.received().remove(0);
    let event: Value = serde_json::from_slice(&request.body).unwrap();
    let sentence = STANDARD.decode(event["knativeerrordata"].as_str().unwrap()).unwrap();
    assert_eq!(sentence, b"dispatch error: the event expired");
    assert!(sink.received().is_empty());
    node.stopped().await;
});

both_databases!(a_dead_letter_sink_inside_the_house_is_not_reached, async |store: TestStore| {
    let node = Node::start_with(&store, Options { dev: false, ..Options::default() }).await;
    let letters = Sink::answering(204).await;
    let subscription = node.subscribe("http://no-such-host.invalid/", told(&letters.url("/"))).await;
    let id = node.post(&subscription).await;
    let forward = ended(&node, id).await;
    assert_eq!(forward.state, ForwardState::Failed);
    assert!(forward.last_error.unwrap().contains("egress.allow"));
    assert!(letters.received().is_empty());
    node.stopped().await;
});

both_databases!(without_the_dead_letter_sink_by_then_the_forward_has_failed, async |store: TestStore| {
    let node = Node::start(&store).await;
    let (sink, letters) = (Sink::answering(415).await, Sink::answering(500).await);
    let address = letters.url("/");
    let change = |spec: &mut Spec| {
        spec.config.dead_letter_sink = Some(address);
        spec.config.retry = Waits::Schedule(RetrySchedule { schedule_ms: vec![0, 500, 600_000], jitter: 0.0 }).into();
    };
    let subscription = node.subscribe(&sink.url("/"), change).await;
    let id = node.post(&subscription).await;
    letters.wait_for(1).await;
    node.store.delete_subscription(&subscription.tenant, subscription.id, SystemClock.now()).await.unwrap();
    node.refresh().await;
    let forward = ended(&node, id).await;
    assert_eq!((forward.state, forward.attempt_count), (ForwardState::Failed, 1));
    assert!(forward.last_error.unwrap().contains("deleted"));
    assert_eq!(node.wait_for(id, DeliveryState::DeadLettered).await.delivery.reason, Some(DeadReason::Permanent));
    node.stopped().await;
});

both_databases!(a_dead_letter_sink_that_hangs_holds_up_no_other, async |store: TestStore| {
    let node = Node::start_with(&store, Options { grace: Duration::from_millis(100), ..Options::default() }).await;
    let sink = Sink::answering(415).await;
    let (hanging, healthy) = (Sink::start(|_, _| Reply::Hang).await, Sink::answering(204).await);
    let slow = node.subscribe(&sink.url("/a"), told(&hanging.url("/"))).await;
    let quick = node.subscribe(&sink.url("/b"), told(&healthy.url("/"))).await;
    for _ in 0..20 {
        node.post(&slow).await;
    }
    hanging.wait_for(8).await;
    let begun = std::time::Instant::now();
    let id = node.post(&quick).await;
    assert_eq!(ended(&node, id).await.state, ForwardState::Delivered);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(hanging.received().len(), 8);
    node.stopped().await;
});
