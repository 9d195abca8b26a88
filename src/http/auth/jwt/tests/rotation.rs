//! Published keys, fetched from a real server that changes them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use jsonwebtoken::Algorithm;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::Config;
use crate::http::meter::Meter;
use crate::http::problem::Code;
use crate::http::server::Server;
use crate::metrics::{Metrics, Options};

const REFRESH: Duration = Duration::from_mins(1);
const GAP: Duration = Duration::from_secs(5);

/// A server that publishes keys.
struct Publisher {
    url: String,
    answer: Arc<Mutex<(StatusCode, String)>>,
    fetches: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

impl Publisher {
    async fn start() -> Self {
        let answer = Arc::new(Mutex::new((StatusCode::NOT_FOUND, String::new())));
        let fetches = Arc::new(AtomicUsize::new(0));
        let (said, counted) = (answer.clone(), fetches.clone());
        let handler = move || async move {
            counted.fetch_add(1, Ordering::SeqCst);
            said.lock().unwrap().clone()
        };
        let mut config = Config::builtin().server;
        config.listen = "127.0.0.1:0".into();
        let server = Server::bind(&config).await.unwrap();
        let url = format!("http://{}/jwks", server.local_address().unwrap());
        let mut serving = JoinSet::new();
        let meter = Arc::new(Meter::new(&Metrics::new(&Options::default())));
        serving.spawn(server.run(Router::new().route("/jwks", get(handler)), meter, CancellationToken::new()));
        Self { url, answer, fetches, _serving: serving }
    }

    fn publish(&self, keys: &[(&str, &Signer)]) {
        let keys: Vec<_> = keys.iter().map(|(id, signer)| serde_json::to_value(signer.published(id)).unwrap()).collect();
        self.say(StatusCode::OK, &json!({"keys": keys}).to_string());
    }

    fn say(&self, status: StatusCode, body: &str) {
        *self.answer.lock().unwrap() = (status, body.into());
    }

    fn fetch_count(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn issuer(&self) -> config::Jwt {
        let jwks_refresh_ms = u64::try_from(REFRESH.as_millis()).unwrap();
        config::Jwt { jwks_url: Some(self.url.clone()), jwks_refresh_ms, ..issuer() }
    }
}

/// Waits for what a fetch in the background brings about.
async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it comes about in time");
}

#[tokio::test]
async fn keys_of_every_kind_are_fetched_once_and_kept() {
    let publisher = Publisher::start().await;
    let signers = [Algorithm::RS256, Algorithm::PS512, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA].map(Signer::new);
    let named: Vec<_> = ["a", "b", "c", "d", "e"].into_iter().zip(&signers).collect();
    publisher.publish(&named);
    let clock = clock();
    let issuers = issuers(publisher.issuer(), &clock);
    for (id, signer) in named {
        issuers.verify(&signer.token_named(Some(id), &claims()), clock.now()).await.unwrap();
        issuers.verify(&signer.token(&claims()), clock.now()).await.unwrap();
    }
    assert_eq!(publisher.fetch_count(), 1);
}

#[tokio::test]
async fn key_that_is_not_known_makes_the_set_be_fetched_again_but_not_at_once() {
    let publisher = Publisher::start().await;
    let (old, new) = (Signer::new(Algorithm::ES256), Signer::new(Algorithm::ES256));
    publisher.publish(&[("old", &old)]);
    let clock = clock();
    let issuers = issuers(publisher.issuer(), &clock);
    issuers.verify(&old.token_named(Some("old"), &claims()), clock.now()).await.unwrap();

    publisher.publish(&[("old", &old), ("new", &new)]);
    let token = new.token_named(Some("new"), &claims());
    for _ in 0..10 {
        issuers.verify(&token, clock.now()).await.unwrap_err();
    }
    assert_eq!(publisher.fetch_count(), 1);
    clock.advance(GAP);
    issuers.verify(&token, clock.now()).await.unwrap();
    assert_eq!(publisher.fetch_count(), 2);
}

#[tokio::test]
async fn key_that_was_withdrawn_stops_verifying_after_the_refresh() {
    let publisher = Publisher::start().await;
    let (old, new) = (Signer::new(Algorithm::ES256), Signer::new(Algorithm::ES256));
    publisher.publish(&[("old", &old)]);
    let clock = clock();
    let issuers = issuers(publisher.issuer(), &clock);
    let token = old.token_named(Some("old"), &claims());
    issuers.verify(&token, clock.now()).await.unwrap();

    publisher.publish(&[("new", &new)]);
    clock.advance(REFRESH);
    // The first request after that begins the fetch and goes on with what is known.
    issuers.verify(&token, clock.now()).await.unwrap();
    until(|| publisher.fetch_count() == 2).await;
    issuers.verify(&new.token_named(Some("new"), &claims()), clock.now()).await.unwrap();
    let problem = issuers.verify(&token, clock.now()).await.unwrap_err();
    assert_eq!(problem.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn simultaneous_tokens_share_one_fetch() {
    let publisher = Publisher::start().await;
    let signer = Signer::new(Algorithm::EdDSA);
    publisher.publish(&[("a", &signer)]);
    let clock = clock();
    let issuers = issuers(publisher.issuer(), &clock);
    let token = signer.token(&claims());
    let verified = futures_util::future::join_all((0..20).map(|_| issuers.verify(&token, clock.now()))).await;
    assert!(verified.iter().all(Result::is_ok));
    assert_eq!(publisher.fetch_count(), 1);
}

#[tokio::test]
async fn old_keys_go_on_for_a_day_when_newer_ones_cannot_be_had() {
    let publisher = Publisher::start().await;
    let signer = Signer::new(Algorithm::RS256);
    publisher.publish(&[("a", &signer)]);
    let clock = clock();
    let issuers = issuers(publisher.issuer(), &clock);
    let mut claims = claims();
    claims["exp"] = json!(clock.now().as_seconds() + 1_000_000);
    let token = signer.token(&claims);
    issuers.verify(&token, clock.now()).await.unwrap();

    publisher.say(StatusCode::INTERNAL_SERVER_ERROR, "");
    clock.advance(Duration::from_hours(23));
    issuers.verify(&token, clock.now()).await.unwrap();
    clock.advance(Duration::from_hours(1));
    assert_eq!(issuers.verify(&token, clock.now()).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn keys_that_were_never_had_are_no_fault_of_the_caller() {
    let publisher = Publisher::start().await;
    let signer = Signer::new(Algorithm::RS256);
    let token = signer.token(&claims());
    for (status, body) in [
        (StatusCode::NOT_FOUND, String::new()),
        (StatusCode::FOUND, String::new()),
        (StatusCode::OK, "no json".into()),
        (StatusCode::OK, format!("{{\"keys\":[]{}}}", " ".repeat(300_000))),
    ] {
        publisher.say(status, &body);
        let clock = clock();
        let problem = issuers(publisher.issuer(), &clock).verify(&token, clock.now()).await.unwrap_err();
        assert_eq!(problem.code(), Code::Unavailable, "{status}");
    }
}

#[tokio::test]
async fn published_secrets_encryption_keys_and_disallowed_algorithms_are_never_used() {
    let publisher = Publisher::start().await;
    let (shared, rsa, good) = (Signer::new(Algorithm::HS256), Signer::new(Algorithm::RS256), Signer::new(Algorithm::ES256));
    let mut for_encryption = serde_json::to_value(good.published("enc")).unwrap();
    for_encryption["use"] = "enc".into();
    let keys = json!([
        shared.published("shared"), rsa.published("rsa"), for_encryption, good.published("good"),
        {"kty": "quantum", "kid": "odd"}, 7,
    ]);
    publisher.say(StatusCode::OK, &json!({"keys": keys}).to_string());
    let clock = clock();
    let issuers = issuers(config::Jwt { algorithms: vec!["ES256".into()], ..publisher.issuer() }, &clock);
    issuers.verify(&good.token_named(Some("good"), &claims()), clock.now()).await.unwrap();
    for (id, signer) in [("shared", &shared), ("rsa", &rsa), ("enc", &good), ("odd", &good)] {
        let problem = issuers.verify(&signer.token_named(Some(id), &claims()), clock.now()).await.unwrap_err();
        assert_eq!(problem.detail(), "Its issuer has no key for the token's `kid` and `alg`.", "{id}");
    }
}
