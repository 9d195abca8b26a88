//! Why an event did or did not arrive: of stored events by the routing of their time, of others by the routing now.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{event, eventually, post, subscribe, to};
use crate::support::client::Client;
use crate::support::server::on_both_databases;
use crate::support::sink::Sink;

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9/";

/// Creates a subscription with these members too.
async fn with(client: &Client, members: Value) -> String {
    let mut body = to(NOWHERE);
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    subscribe(client, &body).await
}

async fn explain(client: &Client, event: &str) -> Value {
    client.get(&format!("/v1/events/{event}/explain")).await.expect(200)
}

/// What is said of one subscription.
fn of<'a>(explanation: &'a Value, subscription: &str) -> &'a Value {
    let found = explanation["data"].as_array().unwrap().iter().find(|row| row["subscription_id"] == subscription);
    found.unwrap_or_else(|| panic!("{subscription} is not in {explanation:#}"))
}

async fn one(client: &Client, event: &str, subscription: &str) -> Value {
    let path = format!("/v1/events/{event}/explain?subscription_id={subscription}");
    let mut explanation = client.get(&path).await.expect(200);
    assert_eq!((&explanation["next"], &explanation["summary"]), (&Value::Null, &Value::Null));
    explanation["data"][0].take()
}

fn pointers(finding: &Value) -> Vec<&str> {
    finding["clauses"].as_array().unwrap().iter().map(|clause| clause["pointer"].as_str().unwrap()).collect()
}

on_both_databases!(each_subscription_says_what_became_of_the_event_and_which_clause_failed, async |server| {
    let client = &server.client;
    let all = with(client, json!({})).await;
    let paused = with(client, json!({ "types": ["com.example.test"] })).await;
    client.post_empty(&format!("/v1/subscriptions/{paused}/pause")).await.expect(200);
    let types = with(client, json!({ "types": ["com.example.Test", "b"], "source": "/test" })).await;
    let filters =
        json!([{ "exact": { "id": "1" } }, { "any": [{ "prefix": { "subject": "eu-" } }, { "suffix": { "type": "x" } }] }]);
    let filtered = with(client, json!({ "filters": filters })).await;
    let event = post(client, "1").await;

    let found = explain(client, &event).await;
    assert_eq!(found["event_id"], event);
    let summary = json!({ "looked_at": 4, "is_complete": true, "matched": 1, "paused": 1, "expired": 0, "not_matched": 2,
        "fault": 0, "disabled": 0, "unverified": 0 });
    assert_eq!((&found["summary"], &found["next"]), (&summary, &Value::Null));
    let order: Vec<_> = found["data"].as_array().unwrap().iter().map(|row| row["subscription_id"].as_str().unwrap()).collect();
    assert_eq!(order, [&filtered, &types, &paused, &all]);

    assert_eq!(of(&found, &all)["outcome"], "matched");
    assert_eq!(of(&found, &all)["delivery"]["event_id"], event);
    let waiting = of(&found, &paused);
    assert_eq!((&waiting["outcome"], &waiting["status"]), (&json!("paused"), &json!("paused")));
    assert_eq!(waiting["delivery"]["state"], "pending");
    assert!(waiting["detail"].as_str().unwrap().contains("was paused"));

    let by_type = of(&found, &types);
    assert_eq!((&by_type["outcome"], pointers(by_type)), (&json!("not_matched"), vec!["/types", "/source"]));
    let clause = json!({ "pointer": "/types", "seen": [{ "name": "type", "value": "com.example.test" }],
        "wanted": "is one of `com.example.Test`, `b`",
        "detail": "`type` is `com.example.test`; wanted was one that is one of `com.example.Test`, `b` (upper and lower case differ)" });
    assert_eq!(by_type["clauses"][0], clause);
    assert_eq!(by_type["delivery"], Value::Null);
    let by_filter = of(&found, &filtered);
    assert_eq!(pointers(by_filter), ["/filters/1/any/0/prefix/subject", "/filters/1/any/1/suffix/type"]);
    assert_eq!(by_filter["clauses"][0]["seen"], json!([{ "name": "subject", "value": null }]));
});

on_both_databases!(an_explanation_is_of_the_routing_at_the_time_of_accept, async |server| {
    let client = &server.client;
    let changed = with(client, json!({ "types": ["other"] })).await;
    let paused = with(client, json!({})).await;
    let deleted = with(client, json!({ "source": "/other" })).await;
    let before = post(client, "1").await;
    let first = explain(client, &before).await;

    client.patch(&format!("/v1/subscriptions/{changed}"), &json!({ "types": [] })).await.expect(200);
    client.post_empty(&format!("/v1/subscriptions/{paused}/pause")).await.expect(200);
    client.delete(&format!("/v1/subscriptions/{deleted}")).await.expect(200);
    let late = with(client, json!({})).await;
    let after = post(client, "2").await;

    // What was said of the first event is still said, and what happened since is noted beside it.
    let again = explain(client, &before).await;
    assert_eq!(again["summary"], first["summary"]);
    for (id, outcome) in [(&changed, "not_matched"), (&paused, "matched"), (&deleted, "not_matched")] {
        let (then, now) = (of(&first, id), of(&again, id));
        assert_eq!(then["outcome"], outcome);
        for member in ["outcome", "clauses", "status", "in_force_since"] {
            assert_eq!(now[member], then[member], "{member} of {outcome}");
        }
        assert!(then["in_force_until"].is_null() && now["in_force_until"].is_string(), "{now:#}");
    }
    assert!(of(&again, &deleted)["deleted_at"].is_string());
    assert!(of(&again, &changed)["deleted_at"].is_null());
    assert_eq!(one(client, &before, &late).await["outcome"], "created_after");
    assert_eq!(one(client, &before, &deleted).await, *of(&again, &deleted));

    // The second was routed by what is now.
    let second = explain(client, &after).await;
    assert_eq!(of(&second, &changed)["outcome"], "matched");
    assert_eq!(of(&second, &paused)["outcome"], "paused");
    assert_eq!(of(&second, &late)["outcome"], "matched");
    assert_eq!(second["data"].as_array().unwrap().len(), 3);
    let gone = one(client, &after, &deleted).await;
    assert_eq!((&gone["outcome"], &gone["clauses"]), (&json!("deleted"), &json!([])));
    assert!(gone["detail"].as_str().unwrap().contains("deleted before"));
});

on_both_databases!(a_subscription_that_its_sink_disabled_says_so, async |server| {
    let client = &server.client;
    let sink = Sink::answering(410).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let first = post(client, "1").await;
    eventually(client, &format!("/v1/subscriptions/{subscription}"), |found| found["status"] == "disabled").await;
    let second = post(client, "2").await;
    let path = format!("/v1/events/{first}/explain");
    let then = eventually(client, &path, |found| found["data"][0]["delivery"]["state"] == "dead_lettered").await;
    assert_eq!(then["data"][0]["outcome"], "matched");
    let now = one(client, &second, &subscription).await;
    assert_eq!((&now["outcome"], &now["disabled_reason"]), (&json!("disabled"), &json!("gone")));
    assert!(now["detail"].as_str().unwrap().contains("410 Gone"), "{now:#}");
    assert_eq!(client.post_empty(&format!("/v1/subscriptions/{subscription}/resume")).await.expect(200)["status"], "active");
    assert_eq!(one(client, &second, &subscription).await["outcome"], "disabled");
});

on_both_databases!(an_expired_delivery_a_sink_that_was_not_asked_and_a_filter_that_fails_say_so, async |server| {
    let client = &server.client;
    let all = with(client, json!({})).await;
    let unverified = with(client, json!({ "config": { "handshake": "required" } })).await;
    let faulty = with(client, json!({ "filters": [{ "sql": "missing = 'x'" }] })).await;
    let mut late = event("late");
    late["expirytime"] = json!("2020-01-01T00:00:00Z");
    let posted = client.post_event(&late).await.expect(202);
    assert_eq!(posted["deliveries"], 1);
    let path = format!("/v1/events/{}/explain", posted["id"].as_str().unwrap());
    let found = eventually(client, &path, |found| of(found, &all)["outcome"] == "expired").await;
    assert_eq!(
        (of(&found, &all)["delivery"]["state"].as_str(), of(&found, &unverified)["outcome"].as_str()),
        (Some("dead_lettered"), Some("unverified"))
    );
    assert_eq!((of(&found, &faulty)["outcome"].as_str(), pointers(of(&found, &faulty))), (Some("fault"), vec!["/filters/0/sql"]));
    let summary = &found["summary"];
    assert_eq!((&summary["expired"], &summary["unverified"], &summary["fault"]), (&json!(1), &json!(1), &json!(1)));
});

on_both_databases!(explanations_keep_to_their_tenant, async |server| {
    for tenant in ["alpha", "beta"] {
        server.client.post("/v1/tenants", &json!({ "name": tenant })).await.expect(201);
    }
    let (alpha, beta) = (server.client.in_tenant("alpha"), server.client.in_tenant("beta"));
    let (own, foreign) = (with(&alpha, json!({})).await, with(&beta, json!({})).await);
    let event_id = post(&alpha, "1").await;
    assert_eq!(explain(&alpha, &event_id).await["summary"]["looked_at"], 1);
    assert_eq!(one(&alpha, &event_id, &own).await["outcome"], "matched");
    let path = format!("/v1/events/{event_id}/explain");
    assert_eq!(beta.get(&path).await.problem(404).0, "not_found");
    assert_eq!(alpha.get(&format!("{path}?subscription_id={foreign}")).await.problem(404).0, "not_found");
    let now = beta.post("/v1/explain", &json!({ "event": event("1") })).await.expect(200);
    assert_eq!((&now["summary"]["looked_at"], &now["data"][0]["subscription_id"]), (&json!(1), &json!(foreign)));
});

on_both_databases!(thousands_of_subscriptions_are_explained_in_pages, async |server| {
    const COUNT: usize = 3000;
    let client = &server.client;
    let mut creating = JoinSet::new();
    for worker in 0..10 {
        let client = client.clone();
        creating.spawn(async move {
            for number in (worker..COUNT).step_by(10) {
                let types = if number % 3 == 0 { json!(["com.example.test"]) } else { json!([format!("type.{number}")]) };
                let id = with(&client, json!({ "types": types })).await;
                if number % 1000 == 0 {
                    client.post_empty(&format!("/v1/subscriptions/{id}/pause")).await.expect(200);
                }
            }
        });
    }
    creating.join_all().await;
    let event = post(client, "1").await;

    let first = explain(client, &event).await;
    let summary = &first["summary"];
    assert_eq!((&summary["looked_at"], &summary["is_complete"]), (&json!(COUNT), &json!(true)));
    assert_eq!((&summary["matched"], &summary["paused"], &summary["not_matched"]), (&json!(999), &json!(1), &json!(2000)));
    assert_eq!(first["data"].as_array().unwrap().len(), 50);

    // Every page of one outcome, and every subscription once.
    for (query, expected) in [("", COUNT), ("&outcome=matched", 999), ("&outcome=paused", 1)] {
        let (mut seen, mut cursor, mut pages) = (BTreeSet::new(), String::new(), 0);
        loop {
            let path = format!("/v1/events/{event}/explain?limit=250{query}{cursor}");
            let page = client.get(&path).await.expect(200);
            assert_eq!(page["summary"].is_object(), pages == 0, "the summary is on the first page");
            for row in page["data"].as_array().unwrap() {
                assert!(seen.insert(row["subscription_id"].as_str().unwrap().to_owned()), "seen twice");
                assert_eq!(row["outcome"] == "not_matched", row["delivery"].is_null());
            }
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!((seen.len(), pages), (expected, expected.div_ceil(250)), "{query}");
    }
});

on_both_databases!(what_is_explained_is_what_was_routed, async |server| {
    let client = &server.client;
    let pieces = [
        json!({}),
        json!({ "types": ["com.example.test"] }),
        json!({ "types": ["x"], "filters": [{ "exact": { "type": "com.example.test" } }] }),
        json!({ "filters": [{ "exact": { "type": "com.example.test", "source": "/tests" } }] }),
        json!({ "source": "/tests", "filters": [{ "exact": { "source": "/elsewhere" } }] }),
        json!({ "filters": [{ "not": { "prefix": { "subject": "a" } } }] }),
        json!({ "filters": [{ "all": [{ "suffix": { "id": "1" } }, { "any": [{ "exact": { "type": "y" } }] }] }] }),
    ];
    for piece in &pieces {
        with(client, piece.clone()).await;
    }
    let event = post(client, "1").await;
    let deliveries = client.get(&format!("/v1/deliveries?event_id={event}")).await.expect(200);
    let delivered_to: BTreeSet<_> =
        deliveries["data"].as_array().unwrap().iter().map(|row| row["subscription_id"].as_str().unwrap()).collect();
    let found = explain(client, &event).await;
    let matched: BTreeSet<_> = found["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["outcome"] == "matched")
        .map(|row| row["subscription_id"].as_str().unwrap())
        .collect();
    assert_eq!((&matched, matched.len()), (&delivered_to, 4));
});

on_both_databases!(any_event_is_explained_against_the_routing_now_and_nothing_is_stored, async |server| {
    let client = &server.client;
    let all = with(client, json!({})).await;
    let paused = with(client, json!({})).await;
    client.post_empty(&format!("/v1/subscriptions/{paused}/pause")).await.expect(200);
    let other = with(client, json!({ "types": ["other"] })).await;
    let found = client.post("/v1/explain", &json!({ "event": event("1") })).await.expect(200);
    for (id, outcome) in [(&all, "matched"), (&paused, "paused"), (&other, "not_matched")] {
        assert_eq!(of(&found, id)["outcome"], outcome);
        assert_eq!(of(&found, id)["delivery"], Value::Null);
    }
    assert_eq!((&found["event_id"], &found["summary"]["looked_at"]), (&Value::Null, &json!(3)));
    let page = client.post("/v1/explain?limit=1&outcome=not_matched", &json!({ "event": event("1") })).await.expect(200);
    assert_eq!((&page["data"][0]["subscription_id"], &page["next"]), (&json!(other), &Value::Null));
    assert_eq!(client.get("/v1/events").await.expect(200)["data"], json!([]));
    assert_eq!(client.get("/v1/deliveries").await.expect(200)["data"], json!([]));
});

on_both_databases!(a_draft_is_tried_alone_and_needs_no_sink, async |server| {
    let client = &server.client;
    with(client, json!({})).await;
    let tried = async |draft: Value| {
        let body = json!({ "event": event("1"), "subscription": draft });
        let mut found = client.post("/v1/explain", &body).await.expect(200);
        assert_eq!(found["data"].as_array().unwrap().len(), 1);
        found["data"][0].take()
    };
    let matched = tried(json!({ "sink": "https://sink.example/", "types": ["com.example.test"] })).await;
    assert_eq!((&matched["outcome"], &matched["subscription_id"]), (&json!("matched"), &Value::Null));
    let refused = tried(json!({ "filters": [{ "exact": { "id": "1" } }, { "not": { "exact": { "source": "/tests" } } }] })).await;
    assert_eq!((&refused["outcome"], pointers(&refused)), (&json!("not_matched"), vec!["/filters/1/not/exact/source"]));
    assert_eq!(client.get("/v1/subscriptions").await.expect(200)["data"].as_array().unwrap().len(), 1);
});

on_both_databases!(bad_events_and_drafts_are_refused_by_their_place_in_the_body, async |server| {
    let client = &server.client;
    let without_id = json!({ "specversion": "1.0", "source": "/s", "type": "t" });
    let fine = event("1");
    for (body, pointer) in [
        (json!({}), "/event"),
        (json!({ "event": fine, "draft": {} }), "/draft"),
        (json!({ "event": without_id }), "/event/id"),
        (json!({ "event": [fine] }), "/event"),
        (json!({ "event": { "specversion": "1.0", "id": "1", "source": "/s", "type": "t", "Bad": "x" } }), "/event/Bad"),
        (json!({ "event": fine, "subscription": [] }), "/subscription"),
        (json!({ "event": fine, "subscription": { "type": "t" } }), "/subscription/type"),
        (json!({ "event": fine, "subscription": { "types": [""] } }), "/subscription/types/0"),
        (json!({ "event": fine, "subscription": { "filters": [{}] } }), "/subscription/filters/0"),
        (json!({ "event": fine, "subscription": { "sink": "ftp://x/" } }), "/subscription/sink"),
        (json!([fine]), ""),
    ] {
        let answer = client.post("/v1/explain", &body).await.problem(400);
        assert_eq!(answer, ("invalid_request".to_owned(), pointer.to_owned()), "{body}");
    }
    let headers = [("content-type", "application/json")];
    for text in ["", "{", "{\"event\":{\"specversion\":\"1.0\"}", "{\"event\":1} x"] {
        let answer = client.send(reqwest::Method::POST, "/v1/explain", &headers, text).await;
        assert_eq!(answer.problem(400).0, "invalid_request", "{text}");
    }
    let event_id = post(client, "1").await;
    for query in ["outcome=perhaps", "subscription_id=x", "limit=0", "cursor=x", "subscription=1"] {
        let (code, parameter) = client.get(&format!("/v1/events/{event_id}/explain?{query}")).await.problem(400);
        assert_eq!((code.as_str(), parameter.as_str()), ("invalid_request", query.split('=').next().unwrap()));
    }
});
