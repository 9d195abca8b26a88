//! How fast a sink gets its events: as it allows, retries included, or slowly while it does not agree.

use std::time::{Duration, Instant};

use serde_json::json;
use waypost::domain::handshake::Policy;

use super::{Answer, Asked, ORIGIN, on_both_databases, post, see, settings, subscribe, until};
use crate::support::sink::{Received, Reply};

/// Ten a second.
const RATE: &str = "600";
const INTERVAL: Duration = Duration::from_millis(100);

/// The time between the first and the last.
fn span(requests: &[Received]) -> Duration {
    let times: Vec<Instant> = requests.iter().map(|request| request.at).collect();
    times.last().unwrap().duration_since(times[0])
}

// WA-4
on_both_databases!(
    a_sink_gets_no_more_requests_than_it_allows_retries_included,
    |config| settings(config, Policy::Required),
    async |server| {
        let client = &server.client;
        // The first five fail, and are tried again.
        let fails_first = |number| Reply::status(if number < 5 { 500 } else { 204 });
        let sink = Asked::start_with(Answer::Allow(ORIGIN, Some(RATE)), fails_first).await;
        let limit = json!({ "rate_limit": { "per_second": 1000, "burst": 1000 } });
        let (path, _) = subscribe(client, &sink.sink.url("/"), limit).await;
        let seen = see(client, &path, |body| body["status"] == "active").await;
        let rates = (&seen["handshake"]["requested_rate"], &seen["handshake"]["allowed_rate"]);
        assert_eq!(rates, (&json!(60_000), &json!(600)), "its own limit is what is asked for");
        assert_eq!(sink.asked(1).await.header("webhook-request-rate"), Some("60000"));
        for number in 0..15 {
            assert_eq!(post(client, &number.to_string()).await, 1);
        }
        let requests = sink.delivered(20).await;
        assert!(span(&requests) >= INTERVAL.mul_f64(18.5), "20 requests in {:?}", span(&requests));
    }
);

// WA-4
on_both_databases!(
    a_rate_that_is_asked_for_and_not_answered_holds,
    |config| {
        settings(config, Policy::Required);
        config.handshake.request_rate = 600;
    },
    async |server| {
        let (client, sink) = (&server.client, Asked::start(Answer::Allow("*", None)).await);
        let (path, _) = subscribe(client, &sink.sink.url("/"), json!({})).await;
        let seen = see(client, &path, |body| body["status"] == "active").await;
        assert_eq!(seen["handshake"]["allowed_rate"], 600);
        assert_eq!(sink.asked(1).await.header("webhook-request-rate"), Some("600"));
        for number in 0..6 {
            post(client, &number.to_string()).await;
        }
        assert!(span(&sink.delivered(6).await) >= INTERVAL.mul_f64(4.5));
    }
);

// WA-1, WA-5
on_both_databases!(
    a_preferred_handshake_delivers_slowly_until_the_sink_agrees,
    |config| {
        settings(config, Policy::Preferred);
        config.handshake.unpermitted_rate = 600;
    },
    async |server| {
        let (client, sink) = (&server.client, Asked::start(Answer::Silent(404)).await);
        let (path, created) = subscribe(client, &sink.sink.url("/"), json!({})).await;
        assert_eq!(created["status"], "active");
        for number in 0..8 {
            assert_eq!(post(client, &number.to_string()).await, 1);
        }
        let slow = sink.delivered(8).await;
        assert!(span(&slow) >= INTERVAL.mul_f64(6.5), "8 requests in {:?}", span(&slow));
        assert!(slow.iter().all(|request| request.header("webhook-request-origin").is_none()));
        let refused = see(client, &path, |body| body["handshake"]["state"] == "refused").await;
        assert_eq!(refused["status"], "active");

        sink.will(Answer::Allow(ORIGIN, Some("*")));
        client.post_empty(&format!("{path}/verify")).await.expect(200);
        // Those that are sent from now on: the dispatcher learns of it within a second.
        until("deliveries carry our origin", async || {
            post(client, &sink.deliveries().len().to_string()).await;
            sink.deliveries().iter().any(|request| request.header("webhook-request-origin") == Some(ORIGIN))
        })
        .await;
        let before = sink.deliveries().len();
        for number in 0..40 {
            post(client, &format!("fast-{number}")).await;
        }
        let fast = sink.delivered(before + 40).await.split_off(before);
        assert!(span(&fast) < INTERVAL * 39, "40 requests in {:?}", span(&fast));
    }
);
