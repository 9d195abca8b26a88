//! Signatures: every algorithm with its own key, none with another's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::json;

use super::*;
use crate::domain::credential::{Reach, Scope};
use crate::domain::secret::Secret;
use crate::http::problem::Code;

const ALL: [Algorithm; 12] = [
    Algorithm::HS256,
    Algorithm::HS384,
    Algorithm::HS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

#[tokio::test]
async fn token_of_every_algorithm_verifies_with_its_configured_key() {
    for algorithm in ALL {
        let signer = Signer::new(algorithm);
        let identity = verify(issuer_with(&signer), &signer.token(&claims())).await.unwrap();
        assert_eq!(identity.name, "orders-service", "{algorithm:?}");
        assert_eq!(identity.reach, Reach::Tenant("acme".parse().unwrap()));
        assert_eq!(identity.scopes, [Scope::EventsWrite, Scope::EventsRead]);
    }
}

#[tokio::test]
async fn token_signed_with_another_key_is_refused_in_every_algorithm() {
    for algorithm in ALL {
        let mut key = Signer::new(algorithm).configured(None);
        if let Some(secret) = &key.secret {
            key.secret = Some(Secret::new(secret.expose().to_uppercase()));
        }
        let token = Signer::new(algorithm).token(&claims());
        let said = refusal(config::Jwt { keys: vec![key], ..issuer() }, &token).await;
        assert_eq!(said, "The token's signature does not verify.", "{algorithm:?}");
    }
}

#[tokio::test]
async fn public_key_is_never_taken_as_an_hmac_secret() {
    let signer = Signer::new(Algorithm::RS256);
    let header = jsonwebtoken::Header::new(Algorithm::HS256);
    let secret = jsonwebtoken::EncodingKey::from_secret(signer.shared_text().as_bytes());
    let token = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
    let said = refusal(issuer_with(&signer), &token).await;
    assert_eq!(said, "Its issuer has no key for the token's `kid` and `alg`.");
}

#[tokio::test]
async fn key_is_bound_to_its_one_algorithm_within_the_family() {
    let signer = Signer::new(Algorithm::PS256);
    let key = config::JwtKey { algorithm: "RS256".into(), ..signer.configured(None) };
    let said = refusal(config::Jwt { keys: vec![key], ..issuer() }, &signer.token(&claims())).await;
    assert_eq!(said, "Its issuer has no key for the token's `kid` and `alg`.");
}

#[tokio::test]
async fn unsigned_token_is_refused() {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signer = Signer::new(Algorithm::HS256);
    for algorithm in ["none", "None", "HS1", ""] {
        let header = part(&json!({"alg": algorithm, "typ": "JWT"}));
        let said = refusal(issuer_with(&signer), &format!("{header}.{}.", part(&claims()))).await;
        assert!(said.contains("algorithm that is not supported"), "{algorithm:?}: {said}");
    }
}

#[tokio::test]
async fn token_whose_claims_were_changed_is_refused() {
    let signer = Signer::new(Algorithm::ES256);
    let token = signer.token(&claims());
    let mut changed = claims();
    changed["tenant"] = "other".into();
    let parts: Vec<_> = token.split('.').collect();
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(changed.to_string()), parts[2]);
    assert_eq!(refusal(issuer_with(&signer), &forged).await, "The token's signature does not verify.");
}

#[tokio::test]
async fn token_that_demands_an_extension_is_refused() {
    let signer = Signer::new(Algorithm::HS256);
    let mut header = jsonwebtoken::Header::new(Algorithm::HS256);
    header.crit = Some(vec!["b64".into()]);
    let key = jsonwebtoken::EncodingKey::from_secret(signer.shared_text().as_bytes());
    let token = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
    assert!(refusal(issuer_with(&signer), &token).await.contains("`crit`"));
}

#[tokio::test]
async fn kid_chooses_among_the_keys_of_an_issuer() {
    let (old, new) = (Signer::new(Algorithm::ES256), Signer::new(Algorithm::ES256));
    let config = config::Jwt { keys: vec![old.configured(Some("old")), new.configured(Some("new"))], ..issuer() };
    verify(config.clone(), &new.token_named(Some("new"), &claims())).await.unwrap();
    verify(config.clone(), &old.token(&claims())).await.unwrap();
    let said = refusal(config.clone(), &new.token_named(Some("old"), &claims())).await;
    assert_eq!(said, "The token's signature does not verify.");
    let said = refusal(config, &new.token_named(Some("third"), &claims())).await;
    assert_eq!(said, "Its issuer has no key for the token's `kid` and `alg`.");
}

#[tokio::test]
async fn text_that_is_no_token_is_refused_without_being_shown() {
    let signer = Signer::new(Algorithm::HS256);
    let long = format!("a.{}.c", "b".repeat(20_000));
    for token in ["secret-text", "secret.text", "a.b.c.secret", "secret.b.c", &long] {
        let problem = verify(issuer_with(&signer), token).await.unwrap_err();
        assert_eq!(problem.code(), Code::Unauthenticated, "{token}");
        assert!(!problem.detail().contains("secret"), "{}", problem.detail());
    }
}

#[test]
fn issuer_that_could_not_verify_safely_is_refused_at_start() {
    let signer = Signer::new(Algorithm::HS256);
    let key = || signer.configured(None);
    let short = config::JwtKey { secret: Some(Secret::new("short")), ..key() };
    let cases = [
        (issuer(), "`jwks_url` or `keys`"),
        (config::Jwt { keys: vec![short], ..issuer() }, "at least 32 bytes"),
        (config::Jwt { keys: vec![config::JwtKey { algorithm: "none".into(), ..key() }], ..issuer() }, "`algorithm`"),
        (config::Jwt { keys: vec![config::JwtKey { algorithm: "RS256".into(), ..key() }], ..issuer() }, "`public_key`"),
        (config::Jwt { jwks_url: Some("file:///etc/passwd".into()), ..issuer() }, "`jwks_url`"),
        (
            config::Jwt { jwks_url: Some("https://a.example".into()), algorithms: vec!["HS256".into()], ..issuer() },
            "`algorithms` names \"HS256\"",
        ),
    ];
    let clock: Arc<dyn Clock> = clock();
    for (config, said) in cases {
        let error = Issuers::new(&[config], &clock).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
