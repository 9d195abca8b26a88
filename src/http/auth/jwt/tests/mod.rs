//! Tokens of every algorithm, with keys made at run time; what is refused; and keys that rotate.

mod claims;
mod keys;
mod rotation;
mod signer;

use std::sync::Arc;

use serde_json::{Value, json};

use self::signer::Signer;
use super::Issuers;
use crate::config;
use crate::domain::clock::{Clock, ManualClock, Timestamp};
use crate::http::auth::Identity;
use crate::http::problem::Problem;

const ISSUER: &str = "https://login.example";
const AUDIENCE: &str = "waypost";

/// A clock that shows the time the tokens of these tests are made at.
fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::parse("2026-11-21T08:00:00Z").unwrap()))
}

/// Claims that will do, for an hour.
fn claims() -> Value {
    let now = clock().now().as_seconds();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "orders-service", "exp": now + 3600,
        "tenant": "acme", "scope": "events:write openid events:read",
    })
}

/// The issuer of these tests, with nothing but its names.
fn issuer() -> config::Jwt {
    config::Jwt {
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
        jwks_url: None,
        jwks_refresh_ms: 60_000,
        keys: Vec::new(),
        algorithms: Vec::new(),
        tenant_claim: "tenant".into(),
        scope_claim: "scope".into(),
        all_tenants: false,
        leeway_seconds: 30,
    }
}

fn issuers(config: config::Jwt, clock: &Arc<ManualClock>) -> Issuers {
    let clock: Arc<dyn Clock> = clock.clone();
    Issuers::new(&[config], &clock).unwrap()
}

/// The issuer with the signer's key configured.
fn issuer_with(signer: &Signer) -> config::Jwt {
    config::Jwt { keys: vec![signer.configured(None)], ..issuer() }
}

async fn verify(config: config::Jwt, token: &str) -> Result<Identity, Problem> {
    let clock = clock();
    issuers(config, &clock).verify(token, clock.now()).await
}

/// Why a token is refused.
async fn refusal(config: config::Jwt, token: &str) -> String {
    verify(config, token).await.expect_err("the token is refused").detail().to_owned()
}
