//! Who may post, and in which tenant.

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use waypost::config::{Jwt, JwtKey};
use waypost::domain::clock::{Clock, SystemClock};
use waypost::domain::secret::Secret;

use super::event;
use crate::support::client::Client;
use crate::support::database::Kind;
use crate::support::server::{TestServer, on_both_databases};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Makes an API key and gives a client that uses it.
async fn with_key(client: &Client, body: &Value) -> Client {
    let created = client.post("/v1/api-keys", body).await.expect(201);
    client.with_key(created["key"].as_str().unwrap())
}

on_both_databases!(request_without_a_valid_credential_is_challenged, async |server| {
    let anonymous = server.client.anonymous();
    for client in [&anonymous, &anonymous.with("authorization", "Basic dTpw"), &anonymous.with_key("wp_nobody_made_this_key_0")] {
        let answer = client.post_event(&event("1")).await;
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
        assert_eq!(answer.problem(401).0, "unauthenticated");
    }
});

on_both_databases!(scope_that_is_missing_is_named, async |server| {
    let reader = with_key(&server.client, &json!({ "name": "reader", "scopes": ["events:read"] })).await;
    let answer = reader.post_event(&event("1")).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("`events:write`"));
    assert_eq!(answer.problem(403).0, "forbidden");
});

on_both_databases!(key_of_one_tenant_stays_in_it, async |server| {
    server.client.post("/v1/tenants", &json!({ "name": "acme" })).await.expect(201);
    let acme = server.client.in_tenant("acme");
    let key = with_key(&acme, &json!({ "name": "acme", "scopes": ["events:write", "events:read"] })).await;
    let key = key.in_tenant("acme");
    key.post_event(&event("1")).await.expect(202);
    assert_eq!(key.in_tenant("default").post_event(&event("1")).await.problem(403).0, "forbidden");
    assert_eq!(server.client.get("/v1/events").await.expect(200)["data"], json!([]));
    assert_eq!(acme.get("/v1/events").await.expect(200)["data"].as_array().unwrap().len(), 1);
});

on_both_databases!(tenant_that_does_not_exist_or_is_no_name_is_refused, async |server| {
    let answer = server.client.in_tenant("nobody").post_event(&event("1")).await;
    assert_eq!(answer.problem(404).0, "tenant_not_found");
    let answer = server.client.in_tenant("No Name").post_event(&event("1")).await;
    assert_eq!(answer.problem(400), ("invalid_request".into(), "Waypost-Tenant".into()));
});

on_both_databases!(key_that_was_revoked_or_has_expired_stops_working_at_once, async |server| {
    let body = json!({ "name": "short", "scopes": ["events:write"], "expires_at": "2020-01-01T00:00:00Z" });
    let created = server.client.post("/v1/api-keys", &body).await;
    if created.status == 201 {
        let expired = server.client.with_key(created.expect(201)["key"].as_str().unwrap());
        assert_eq!(expired.post_event(&event("1")).await.problem(401).0, "unauthenticated");
    }
    let created = server.client.post("/v1/api-keys", &json!({ "name": "gone", "scopes": ["events:write"] })).await.expect(201);
    let key = server.client.with_key(created["key"].as_str().unwrap());
    key.post_event(&event("1")).await.expect(202);
    server.client.delete(&format!("/v1/api-keys/{}", created["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(key.post_event(&event("2")).await.problem(401).0, "unauthenticated");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_of_a_configured_issuer_posts_in_its_tenant() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.auth.jwt = vec![issuer()]).await;
    server.client.post("/v1/tenants", &json!({ "name": "acme" })).await.expect(201);
    let token = |tenant: &str, lifetime: i64| {
        let exp = SystemClock.now().as_seconds() + lifetime;
        let claims = json!({
            "iss": "https://login.example", "aud": "waypost", "sub": "orders", "exp": exp,
            "tenant": tenant, "scope": "events:write",
        });
        encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
    };
    server.client.with_key(&token("acme", 60)).post_event(&event("1")).await.expect(202);
    let events = server.client.in_tenant("acme").get("/v1/events").await.expect(200);
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
    let answer = server.client.with_key(&token("acme", -60)).post_event(&event("2")).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("`exp`"));
    assert_eq!(answer.problem(401).0, "unauthenticated");
    assert_eq!(server.client.with_key(&token("nobody", 60)).post_event(&event("3")).await.problem(404).0, "tenant_not_found");
    server.stop().await;
}

fn issuer() -> Jwt {
    let key = JwtKey {
        id: None,
        algorithm: "HS256".into(),
        secret: Some(Secret::new(SECRET)),
        secret_file: None,
        public_key: None,
        public_key_file: None,
    };
    Jwt {
        issuer: "https://login.example".into(),
        audience: "waypost".into(),
        jwks_url: None,
        jwks_refresh_ms: 60_000,
        keys: vec![key],
        algorithms: Vec::new(),
        tenant_claim: "tenant".into(),
        scope_claim: "scope".into(),
        all_tenants: false,
        leeway_seconds: 0,
    }
}
