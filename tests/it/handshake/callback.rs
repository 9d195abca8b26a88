//! A sink that agrees later, by the address it was told.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use waypost::domain::handshake::Policy;

use super::{Answer, Asked, ORIGIN, on_both_databases, post, see, settings, subscribe};
use crate::support::client::Client;
use crate::support::sink::Received;

const OUTSIDE: &str = "https://hooks.example.com/waypost";

fn offering(config: &mut waypost::config::Config) {
    settings(config, Policy::Required);
    config.server.public_url = format!("{OUTSIDE}/");
    config.handshake.request_rate = 120;
}

/// The path that a sink was told to call.
fn told(question: &Received) -> String {
    let callback = question.header("webhook-request-callback").expect("a callback is offered");
    callback.strip_prefix(OUTSIDE).expect("it is below the public address").to_owned()
}

/// What is answered to whoever knows no secret.
async fn stranger(client: &Client, path: &str) -> Value {
    client.post_empty(path).await.expect(404)
}

// WA-6
on_both_databases!(a_sink_agrees_later_by_the_address_it_was_told_and_only_once, offering, async |server| {
    let (client, sink) = (&server.client, Asked::start(Answer::Silent(200)).await);
    let (path, created) = subscribe(client, &sink.sink.url("/"), json!({})).await;
    let told = told(&sink.asked(1).await);
    assert!(told.contains(created["id"].as_str().unwrap()), "the identifier of what is asked for is in it");
    let seen = see(client, &path, |body| body["handshake"]["last_answer"] == "withheld").await;
    assert_eq!((&seen["status"], &seen["handshake"]["state"]), (&json!("unverified"), &json!("pending")));
    assert!(seen["handshake"]["callback_expires_at"].is_string());
    assert!(!seen.to_string().contains(told.rsplit('/').next().unwrap()), "the secret is the sink's alone");

    // Wrong in any way: one and the same answer.
    let anonymous = client.anonymous();
    let (mut wrong, mut long) = (told.clone(), told.clone());
    wrong.pop();
    long.push_str(&"x".repeat(100));
    let nobody = told.replace(created["id"].as_str().unwrap(), "sub_01h455vb4pex5vsknk084sn02q");
    let nonsense = told.replace(created["id"].as_str().unwrap(), "x");
    let refused = stranger(&anonymous, &wrong).await;
    for path in [&long, &nobody, &nonsense] {
        assert_eq!(stranger(&anonymous, path).await, refused);
    }
    // A browser, or whatever looks at links before people do, is only shown the question.
    let page = anonymous.send(Method::GET, &told, &[("accept", "text/html,*/*")], "").await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, Some("no-store")));
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(text.contains(ORIGIN) && text.contains("<form method=\"post\">") && !text.contains("http://"), "{text}");
    let head = anonymous.send(Method::HEAD, &told, &[], "").await;
    assert_eq!((head.status.as_u16(), head.header("allow")), (405, Some("GET, POST")));
    let another = anonymous.send(Method::POST, &told, &[("webhook-allowed-origin", "other.example")], "").await;
    assert_eq!(another.problem(400).1, "WebHook-Allowed-Origin");
    assert_eq!(client.get(&path).await.expect(200)["status"], "unverified");

    let headers = [("webhook-allowed-origin", ORIGIN), ("webhook-allowed-rate", "90")];
    let agreed = anonymous.send(Method::POST, &told, &headers, "").await.expect(200);
    assert_eq!(agreed, json!({ "origin": ORIGIN, "allowed_rate": 90 }));
    let verified = client.get(&path).await.expect(200);
    assert_eq!((&verified["status"], &verified["handshake"]["allowed_rate"]), (&json!("active"), &json!(90)));
    assert_eq!(stranger(&anonymous, &told).await, refused, "it works once");
    let again = anonymous.send(Method::GET, &told, &[("accept", "text/html")], "").await;
    assert_eq!(again.expect(404), refused);
    assert_eq!(post(client, "1").await, 1);
    assert_eq!(sink.delivered(1).await[0].header("webhook-request-origin"), Some(ORIGIN));
});

// WA-4, WA-6
on_both_databases!(a_program_agrees_by_get_and_a_person_by_the_button, offering, async |server| {
    let (client, anonymous) = (&server.client, server.client.anonymous());
    for headers in [&[][..], &[("accept", "text/html")]] {
        let sink = Asked::start(Answer::Silent(202)).await;
        let (path, _) = subscribe(client, &sink.sink.url("/"), json!({})).await;
        let told = told(&sink.asked(1).await);
        let method = if headers.is_empty() { Method::GET } else { Method::POST };
        let answer = anonymous.send(method, &told, headers, "").await;
        assert_eq!(answer.status, 200);
        let seen = client.get(&path).await.expect(200);
        assert_eq!((&seen["status"], &seen["handshake"]["state"]), (&json!("active"), &json!("allowed")));
        assert_eq!(seen["handshake"]["allowed_rate"], 120, "the rate that was asked for");
    }
});

// WA-6
on_both_databases!(
    an_address_that_expired_is_worth_nothing_and_the_sink_is_told_another,
    |config| {
        offering(config);
        config.handshake.callback_lifetime_ms = 400;
        config.handshake.revalidate_ms = 400;
    },
    async |server| {
        let (client, sink) = (&server.client, Asked::start(Answer::Silent(200)).await);
        let (path, _) = subscribe(client, &sink.sink.url("/"), json!({})).await;
        let first = told(&sink.asked(1).await);
        let second = told(&sink.asked(2).await);
        assert_ne!(first, second);
        assert_eq!(client.anonymous().post_empty(&first).await.problem(404).0, "not_found");
        sink.will(Answer::Silent(503));
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(client.anonymous().post_empty(&second).await.problem(404).0, "not_found");
        assert_eq!(client.get(&path).await.expect(200)["status"], "unverified");
    }
);

// Whoever registers a stranger's address must not learn what is told to the stranger.
on_both_databases!(the_address_is_shown_to_the_sink_and_to_nobody_else, offering, async |server| {
    let (client, sink) = (&server.client, Asked::start(Answer::Silent(200)).await);
    let (path, _) = subscribe(client, &sink.sink.url("/"), json!({})).await;
    sink.asked(1).await;
    let verified = client.post_empty(&format!("{path}/verify")).await.expect(200);
    let secret = told(sink.questions().last().unwrap()).rsplit('/').next().unwrap().to_owned();
    assert!(!verified.to_string().contains(&secret));
    let shown = verified["exchange"]["request"]["headers"].as_array().unwrap();
    assert!(shown.contains(&json!({ "name": "webhook-request-callback", "value": "***" })), "{shown:?}");
    for path in [&path, "/v1/subscriptions"] {
        assert!(!client.get(path).await.expect(200).to_string().contains(&secret));
    }
});
