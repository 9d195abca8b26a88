//! Signing in to the dashboard, and what a session may do.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use waypost::domain::clock::{Clock, ManualClock, SystemClock};

use super::{event, subscribe, to};
use crate::support::client::{Answer, Client};
use crate::support::database::Kind;
use crate::support::server::{KEY, TestServer, on_both_databases};

/// The cookie's `name=value`.
fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

/// Somebody who signed in with `key`.
async fn signed_in(client: &Client, key: &str) -> Client {
    let answer = client.anonymous().post("/v1/session", &json!({ "api_key": key })).await;
    let cookie = cookie(&answer);
    answer.expect(201);
    client.anonymous().with("cookie", &cookie)
}

on_both_databases!(a_session_is_as_good_as_its_key_until_it_is_ended, async |server| {
    let answer = server.client.anonymous().post("/v1/session", &json!({ "api_key": KEY })).await;
    let set = answer.header("set-cookie").unwrap().to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && set.contains("Path=/"), "{set}");
    let session = server.client.anonymous().with("cookie", &cookie(&answer));
    let body = answer.expect(201);
    assert_eq!((&body["name"], &body["tenant"], &body["scopes"]), (&json!("bootstrap"), &json!(null), &json!(["admin"])));
    assert_eq!(session.get("/v1/session").await.expect(200), body);
    subscribe(&session, &to("https://sink.example/")).await;
    session.post_event(&event("1")).await.expect(202);

    let ended = session.delete("/v1/session").await;
    assert!(ended.header("set-cookie").unwrap().starts_with("waypost_session=;"));
    ended.expect(204);
    assert_eq!(session.get("/v1/session").await.problem(401).0, "unauthenticated");
    session.delete("/v1/session").await.expect(204);
});

on_both_databases!(a_session_ends_with_its_key_and_allows_no_more_than_it, async |server| {
    let client = &server.client;
    let made = client.post("/v1/api-keys", &json!({ "name": "reader", "scopes": ["events:read"] })).await.expect(201);
    let reader = signed_in(client, made["key"].as_str().unwrap()).await;
    assert_eq!(reader.get("/v1/session").await.expect(200)["tenant"], "default");
    reader.get("/v1/events").await.expect(200);
    assert_eq!(reader.get("/v1/subscriptions").await.problem(403).0, "forbidden");
    assert_eq!(reader.in_tenant("other").get("/v1/events").await.problem(403).1, "Waypost-Tenant");
    client.delete(&format!("/v1/api-keys/{}", made["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(reader.get("/v1/events").await.problem(401).0, "unauthenticated");
});

on_both_databases!(what_another_site_has_a_browser_do_is_refused, async |server| {
    let session = signed_in(&server.client, KEY).await;
    let body = json!({ "name": "acme" });
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")] {
        assert_eq!(session.with(name, value).post("/v1/tenants", &body).await.problem(403).1, "Origin", "{name}: {value}");
        session.with(name, value).get("/v1/tenants").await.expect(200);
    }
    session.with("sec-fetch-site", "same-origin").post("/v1/tenants", &body).await.expect(201);
    // A credential in a header is never sent unasked.
    server.client.with("sec-fetch-site", "cross-site").post("/v1/tenants", &json!({ "name": "other" })).await.expect(201);
});

on_both_databases!(nobody_signs_in_without_a_valid_key_or_link, async |server| {
    let anonymous = server.client.anonymous();
    for (body, status) in [
        (json!({ "api_key": "wp_00000000000000000000000" }), 401),
        (json!({ "api_key": "no key" }), 401),
        (json!({ "sign_in_token": "guessed" }), 401),
        (json!({}), 400),
        (json!({ "api_key": KEY, "sign_in_token": "both" }), 400),
        (json!({ "key": KEY }), 400),
    ] {
        let answer = anonymous.post("/v1/session", &body).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (status, None), "{body}");
    }
    assert_eq!(anonymous.with("cookie", "waypost_session=made-up").get("/v1/events").await.problem(401).0, "unauthenticated");
    assert_eq!(anonymous.get("/v1/session").await.problem(401).1, "Authorization");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_by_itself() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let server = TestServer::start_at(Kind::Sqlite, clock.clone(), |_| {}).await;
    let session = signed_in(&server.client, KEY).await;
    session.get("/v1/session").await.expect(200);
    clock.advance(Duration::from_hours(13));
    assert_eq!(session.get("/v1/session").await.problem(401).0, "unauthenticated");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_of_development_mode_signs_in_once() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.dev = true).await;
    let url = server.sign_in_url().unwrap();
    let body = json!({ "sign_in_token": url.split_once("/#/sign-in?token=").unwrap().1 });
    let anonymous = server.client.anonymous();
    let answer = anonymous.post("/v1/session", &body).await;
    let session = anonymous.with("cookie", &cookie(&answer));
    assert_eq!(answer.expect(201)["is_dev"], true);
    session.get("/v1/events").await.expect(200);
    assert_eq!(anonymous.post("/v1/session", &body).await.problem(401).0, "unauthenticated");
    server.stop().await;
}
