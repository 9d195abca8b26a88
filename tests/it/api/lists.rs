//! Lists: bounded pages, newest first, stable while rows are added.

use serde_json::{Value, json};

use super::{post, subscribe, to};
use crate::support::client::Client;
use crate::support::server::on_both_databases;

const LISTS: [&str; 6] = ["/v1/subscriptions", "/v1/events", "/v1/deliveries", "/v1/producers", "/v1/api-keys", "/v1/tenants"];

/// Adds one row to a list.
async fn add(client: &Client, list: &str, number: usize) {
    let name = format!("row-{number}");
    match list {
        "/v1/subscriptions" => drop(subscribe(client, &to("https://sink.example/")).await),
        "/v1/events" | "/v1/deliveries" => drop(post(client, &name).await),
        "/v1/api-keys" => drop(client.post(list, &json!({ "name": name, "scopes": ["events:read"] })).await.expect(201)),
        _ => drop(client.post(list, &json!({ "name": name })).await.expect(201)),
    }
}

fn keys(page: &Value) -> Vec<String> {
    let rows = page["data"].as_array().unwrap();
    rows.iter().map(|row| row.get("id").unwrap_or(&row["name"]).as_str().unwrap().to_owned()).collect()
}

on_both_databases!(pages_are_stable_while_rows_are_added, async |server| {
    let client = &server.client;
    let subscription = subscribe(client, &to("http://127.0.0.1:9/")).await;
    client.post_empty(&format!("/v1/subscriptions/{subscription}/pause")).await.expect(200);
    for list in LISTS {
        for number in 0..5 {
            add(client, list, number).await;
        }
        let expected = keys(&client.get(&format!("{list}?limit=250")).await.expect(200));
        let (mut walked, mut path, mut number) = (Vec::new(), format!("{list}?limit=2"), 5);
        loop {
            let page = client.get(&path).await.expect(200);
            assert!(keys(&page).len() <= 2);
            walked.extend(keys(&page));
            add(client, list, number).await;
            number += 1;
            match page["next"].as_str() {
                Some(next) => path = format!("{list}?limit=2&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(walked, expected, "{list}");
        assert!(walked.len() >= 5, "{list}");
    }
});

on_both_databases!(limits_and_cursors_are_checked, async |server| {
    let client = &server.client;
    for number in 0..2 {
        add(client, "/v1/tenants", number).await;
        add(client, "/v1/subscriptions", number).await;
    }
    let foreign = client.get("/v1/tenants?limit=1").await.expect(200)["next"].as_str().unwrap().to_owned();
    for list in LISTS.iter().chain(&["/v1/dead-letters"]) {
        for (query, parameter) in [("limit=0", "limit"), ("limit=251", "limit"), ("cursor=%00", "cursor"), ("page=2", "page")] {
            let problem = client.get(&format!("{list}?{query}")).await.problem(400);
            assert_eq!(problem, ("invalid_request".to_owned(), parameter.to_owned()), "{list}?{query}");
        }
        if *list != "/v1/tenants" {
            assert_eq!(client.get(&format!("{list}?cursor={foreign}")).await.problem(400).1, "cursor", "{list}");
        }
    }
});

on_both_databases!(events_are_found_by_what_they_say, async |server| {
    let client = &server.client;
    for (id, kind, subject) in [("1", "a", "x"), ("2", "b", "x"), ("3", "b", "y")] {
        let event = json!({ "specversion": "1.0", "id": id, "source": "/s", "type": kind, "subject": subject });
        client.post_event(&event).await.expect(202);
    }
    let found = async |query: &str| -> Vec<String> {
        let page = client.get(&format!("/v1/events?{query}")).await.expect(200);
        page["data"].as_array().unwrap().iter().map(|row| row["event_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("type=b").await, ["3", "2"]);
    assert_eq!(found("subject=x").await, ["2", "1"]);
    assert_eq!(found("type=b&subject=x").await, ["2"]);
    assert_eq!(found("source=%2Fother").await, [""; 0]);
    assert_eq!(found("after=2000-01-01T00:00:00Z").await, ["3", "2", "1"]);
    assert_eq!(found("before=2000-01-01T00:00:00Z").await, [""; 0]);
});
