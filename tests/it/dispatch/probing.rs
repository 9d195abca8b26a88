//! Requests that belong to no delivery: tests and handshakes, which work on a node that does not dispatch too.

use waypost::domain::delivery::ErrorClass;
use waypost::domain::secret::Secret;
use waypost::domain::subscription::{Credential, RateLimit};

use super::fixture::{Node, new_event};
use crate::support::database::{Kind, TestStore};
use crate::support::sink::{Reply, Sink};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_shows_the_whole_exchange_and_no_credential() {
    let store = TestStore::create(Kind::Sqlite).await;
    let node = Node::start(&store).await;
    let sink = Sink::start(|_, _| Reply::Answer(503, vec![("retry-after", "9".into())], "later".into())).await;
    let mut subscription = node.subscribe(&sink.url("/hooks"), |_| {}).await;
    subscription.spec.sinkcredential = Some(Credential::Plain { identifier: "me".into(), secret: Secret::new("secret") });
    node.wait_for_room(&subscription).await;
    let event = new_event();
    let exchange = node.handle.test(&subscription, &event).await;
    assert_eq!((exchange.method.as_str(), exchange.url), ("POST", sink.url("/hooks")));
    assert_eq!(&exchange.request_body, event.event.body());
    assert_eq!((exchange.outcome.status, exchange.outcome.error_class), (Some(503), Some(ErrorClass::Server)));
    assert_eq!(exchange.outcome.response_body, "later");
    assert!(exchange.request_headers.contains(&("authorization".into(), "***".into())));
    assert!(exchange.request_headers.iter().any(|(name, _)| name == "webhook-signature"));
    assert!(sink.received()[0].header("authorization").unwrap().starts_with("Basic "));
    assert!(node.handle.reserve(subscription.id, 0), "a test pauses nothing");
    node.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_handshake_is_decided_by_its_header_alone() {
    let store = TestStore::create(Kind::Sqlite).await;
    let node = Node::start(&store).await;
    let cases = [
        (405, Some("*"), Some("120"), true, Some(120)),
        // The rate that is missing is the one that was asked for.
        (204, Some("localhost"), None, true, Some(150)),
        (200, Some("LocalHost"), Some("*"), true, None),
        (200, Some("localhost.evil.example"), None, false, None),
        (200, None, None, false, None),
    ];
    for (status, origin, rate, is_allowed, allowed_rate) in cases {
        let headers: Vec<(&'static str, String)> = origin
            .map(|origin| ("WebHook-Allowed-Origin", origin.to_owned()))
            .into_iter()
            .chain(rate.map(|rate| ("WebHook-Allowed-Rate", rate.to_owned())))
            .collect();
        let sink = Sink::start(move |_, _| Reply::Answer(status, headers.clone(), "".into())).await;
        let limit = RateLimit { per_second: 2.5, burst: 1 };
        let subscription = node.subscribe(&sink.url("/hooks?shop=1"), |spec| spec.config.rate_limit = Some(limit)).await;
        let answer = node.handle.ask(&subscription).await.unwrap();
        assert_eq!((answer.is_allowed, answer.allowed_rate), (is_allowed, allowed_rate), "{origin:?}");
        let request = &sink.received()[0];
        assert_eq!((request.method.as_str(), request.path.as_str()), ("OPTIONS", "/hooks?shop=1"));
        assert_eq!(request.header("webhook-request-origin"), Some("localhost"));
        assert_eq!(request.header("webhook-request-rate"), Some("150"));
    }
    node.stopped().await;
}
