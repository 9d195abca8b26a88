//! A draft's filters over events of the past.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::subscribe;
use crate::support::client::Client;
use crate::support::database::Kind;
use crate::support::server::{TestServer, on_both_databases};

/// Posts events numbered from 0, oldest first: every third is an order, every second has a subject.
async fn post_events(client: &Client, count: usize) -> Vec<String> {
    let event = |number: usize| {
        let event_type = if number.is_multiple_of(3) { "order" } else { "other" };
        let mut event = json!({ "specversion": "1.0", "id": number.to_string(), "source": "/s", "type": event_type,
            "data": { "number": number } });
        if number.is_multiple_of(2) {
            event["subject"] = json!(format!("eu-{number}"));
        }
        event
    };
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(client.post_event(&event(number)).await.expect(202)["id"].as_str().unwrap().to_owned());
    }
    ids
}

async fn preview(client: &Client, body: Value) -> Value {
    client.post("/v1/subscriptions/preview", &body).await.expect(200)
}

fn counts(preview: &Value) -> [u64; 4] {
    ["looked_at", "matched", "not_matched", "faulted"].map(|member| preview[member].as_u64().unwrap())
}

fn ids(samples: &Value) -> Vec<&str> {
    samples.as_array().unwrap().iter().map(|sample| sample["id"].as_str().unwrap()).collect()
}

on_both_databases!(a_draft_is_tried_on_past_events_and_says_why_some_do_not_match, async |server| {
    let client = &server.client;
    let posted = post_events(client, 12).await;
    let draft = json!({ "types": ["order"], "filters": [{ "prefix": { "subject": "eu-" } }] });
    let found = preview(client, json!({ "subscription": draft })).await;
    assert_eq!(counts(&found), [12, 2, 10, 0]);
    assert_eq!((&found["is_complete"], &found["next"]), (&json!(true), &Value::Null));
    assert_eq!(ids(&found["samples"]["matched"]), [&posted[6], &posted[0]]);
    let shown = &found["samples"]["matched"][0];
    assert_eq!((&shown["type"], &shown["subject"], &shown["clauses"]), (&json!("order"), &json!("eu-6"), &json!([])));
    let missed = found["samples"]["not_matched"].as_array().unwrap();
    assert_eq!(missed.len(), 10);
    let of = |number: usize| missed.iter().find(|sample| sample["id"] == posted[number].as_str()).unwrap();
    let pointers = |sample: &Value| -> Vec<String> {
        sample["clauses"].as_array().unwrap().iter().map(|clause| clause["pointer"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(pointers(of(9)), ["/filters/0/prefix/subject"]);
    assert_eq!(pointers(of(10)), ["/types"]);
    assert_eq!(pointers(of(11)), ["/types", "/filters/0/prefix/subject"]);

    // Nothing was made of it.
    assert_eq!(client.get("/v1/subscriptions").await.expect(200)["data"], json!([]));
    assert_eq!(client.get("/v1/deliveries").await.expect(200)["data"], json!([]));
});

on_both_databases!(a_preview_says_what_the_subscription_then_does, async |server| {
    let client = &server.client;
    let draft = json!({ "filters": [{ "any": [{ "exact": { "type": "order" } }, { "suffix": { "subject": "4" } }] }] });
    let mut body = draft.clone();
    body["sink"] = json!("http://127.0.0.1:9/");
    let subscription = subscribe(client, &body).await;
    client.post_empty(&format!("/v1/subscriptions/{subscription}/pause")).await.expect(200);
    post_events(client, 9).await;
    let found = preview(client, json!({ "subscription": draft })).await;
    let delivered = client.get(&format!("/v1/deliveries?subscription_id={subscription}")).await.expect(200);
    let of_events: BTreeSet<_> =
        delivered["data"].as_array().unwrap().iter().map(|row| row["event_id"].as_str().unwrap()).collect();
    assert_eq!(ids(&found["samples"]["matched"]).into_iter().collect::<BTreeSet<_>>(), of_events);
    assert_eq!(counts(&found), [9, 4, 5, 0]);
});

on_both_databases!(a_range_is_looked_at_newest_first_and_gone_on_with_by_its_cursor, async |server| {
    let client = &server.client;
    let posted = post_events(client, 7).await;
    let draft = json!({ "types": ["order"] });
    let (mut cursor, mut seen, mut answers) = (Value::Null, [0; 4], 0);
    let mut newest_first = Vec::new();
    loop {
        let mut body = json!({ "subscription": {}, "last": 3 });
        if !cursor.is_null() {
            body["cursor"] = cursor;
        }
        let found = preview(client, body).await;
        assert_eq!(found["is_complete"], true);
        newest_first.extend(ids(&found["samples"]["matched"]).into_iter().map(str::to_owned));
        seen.iter_mut().zip(counts(&found)).for_each(|(sum, count)| *sum += count);
        answers += 1;
        cursor = found["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    newest_first.reverse();
    assert_eq!((seen, answers, newest_first), ([7, 7, 0, 0], 3, posted.clone()));

    let accepted_at = client.get(&format!("/v1/events/{}", posted[3])).await.expect(200)["accepted_at"].clone();
    let since = preview(client, json!({ "subscription": draft, "after": accepted_at })).await;
    let until = preview(client, json!({ "subscription": draft, "before": accepted_at })).await;
    assert_eq!((counts(&since), counts(&until)), ([4, 2, 2, 0], [3, 1, 2, 0]));
    assert_eq!(since["oldest_accepted_at"], accepted_at);
    let few = preview(client, json!({ "subscription": draft, "limit_samples": 1 })).await;
    assert_eq!((ids(&few["samples"]["matched"]).len(), ids(&few["samples"]["not_matched"]).len()), (1, 1));
});

on_both_databases!(a_preview_keeps_to_its_tenant, async |server| {
    server.client.post("/v1/tenants", &json!({ "name": "alpha" })).await.expect(201);
    post_events(&server.client, 2).await;
    let found = preview(&server.client.in_tenant("alpha"), json!({ "subscription": {} })).await;
    assert_eq!((counts(&found), &found["is_complete"]), ([0; 4], &json!(true)));
});

on_both_databases!(bad_previews_are_refused_by_their_place, async |server| {
    for (body, pointer) in [
        (json!({}), "/subscription"),
        (json!({ "subscription": {}, "last": 0 }), "/last"),
        (json!({ "subscription": {}, "last": 10_001 }), "/last"),
        (json!({ "subscription": {}, "limit_samples": 51 }), "/limit_samples"),
        (json!({ "subscription": {}, "after": "yesterday" }), "/after"),
        (json!({ "subscription": {}, "cursor": "x" }), "/cursor"),
        (json!({ "subscription": { "types": [""] } }), "/subscription/types/0"),
        (json!({ "subscription": { "filters": [{ "exact": {} }] } }), "/subscription/filters/0/exact"),
        (json!({ "subscription": {}, "first": 1 }), "/first"),
    ] {
        let answer = server.client.post("/v1/subscriptions/preview", &body).await.problem(400);
        assert_eq!(answer, ("invalid_request".to_owned(), pointer.to_owned()), "{body}");
    }
});

/// With no time at all, an answer is what fits into memory at once, and the answers together are the whole.
#[tokio::test]
async fn a_preview_that_runs_out_of_time_answers_what_it_has_and_goes_on() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.explain.time_limit_ms = 0).await;
    let client = &server.client;
    let filler = "x".repeat(300_000);
    for number in 0..40 {
        let event = json!({ "specversion": "1.0", "id": number.to_string(), "source": "/s", "type": "t", "data": filler });
        client.post_event(&event).await.expect(202);
    }
    let draft = json!({ "filters": [{ "not": { "exact": { "id": "7" } } }] });
    let (mut cursor, mut sum, mut parts) = (Value::Null, [0; 4], 0);
    for _ in 0..40 {
        let mut body = json!({ "subscription": draft });
        if !cursor.is_null() {
            body["cursor"] = cursor.clone();
        }
        let found = preview(client, body).await;
        sum.iter_mut().zip(counts(&found)).for_each(|(sum, count)| *sum += count);
        parts += 1;
        assert_eq!(found["is_complete"] == false, found["next"].is_string());
        cursor = found["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!((sum, parts), ([40, 39, 1, 0], 4), "thirteen events of 300 kB fit into 4 MiB");
    server.stop().await;
}
