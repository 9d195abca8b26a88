//! Claims: which must be there, and what they mean.

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::*;
use crate::domain::credential::{Reach, Scope};

/// The claims with one of them changed, or left out if it is `null`.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.into(), value);
    }
    claims
}

#[tokio::test]
async fn refusal_names_the_claim_that_does_not_do() {
    let signer = Signer::new(Algorithm::HS256);
    let now = clock().now().as_seconds();
    for (name, value, said) in [
        ("iss", json!("https://other.example"), "(`iss`) is not known"),
        ("iss", Value::Null, "(`iss`) is not known"),
        ("aud", json!("somebody-else"), "not meant for `waypost` (`aud`)"),
        ("aud", json!(["a", "b"]), "not meant for `waypost` (`aud`)"),
        ("aud", Value::Null, "not meant for `waypost` (`aud`)"),
        ("exp", Value::Null, "no expiry (`exp`)"),
        ("exp", json!(now - 30), "expired (`exp`)"),
        ("exp", json!("tomorrow"), "`exp` is no number"),
        ("nbf", json!(now + 31), "not valid yet (`nbf`)"),
        ("nbf", json!([]), "`nbf` is no number"),
        ("tenant", Value::Null, "names no tenant (`tenant`)"),
        ("tenant", json!("No Tenant"), "`tenant` is no tenant's name"),
        ("tenant", json!(["acme"]), "`tenant` is no tenant's name"),
        ("scope", json!(7), "`scope` is neither"),
    ] {
        let token = signer.token(&with(name, value.clone()));
        let detail = refusal(issuer_with(&signer), &token).await;
        assert!(detail.contains(said), "{name} = {value}: {detail}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_the_leeway() {
    let signer = Signer::new(Algorithm::HS256);
    let now = clock().now().as_seconds();
    for (name, value) in [("exp", json!(now - 29)), ("nbf", json!(now + 30)), ("exp", json!(f64::from(3_999_999_999_u32) + 0.5))]
    {
        verify(issuer_with(&signer), &signer.token(&with(name, value))).await.unwrap();
    }
}

#[tokio::test]
async fn audience_may_be_one_of_several() {
    let signer = Signer::new(Algorithm::HS256);
    verify(issuer_with(&signer), &signer.token(&with("aud", json!(["other", "waypost"])))).await.unwrap();
}

#[tokio::test]
async fn scopes_may_be_a_text_or_an_array_and_unknown_ones_are_passed_over() {
    let signer = Signer::new(Algorithm::HS256);
    for (value, scopes) in [
        (json!("admin"), &[Scope::Admin][..]),
        (json!(["events:read", "profile", 3]), &[Scope::EventsRead]),
        (json!("EVENTS:READ events:readx"), &[]),
        (Value::Null, &[]),
    ] {
        let identity = verify(issuer_with(&signer), &signer.token(&with("scope", value))).await.unwrap();
        assert_eq!(identity.scopes, scopes);
    }
}

#[tokio::test]
async fn token_without_tenant_reaches_all_only_if_its_issuer_may_speak_for_all() {
    let signer = Signer::new(Algorithm::HS256);
    let config = config::Jwt { all_tenants: true, ..issuer_with(&signer) };
    let identity = verify(config.clone(), &signer.token(&with("tenant", Value::Null))).await.unwrap();
    assert_eq!(identity.reach, Reach::All);
    let identity = verify(config, &signer.token(&claims())).await.unwrap();
    assert_eq!(identity.reach, Reach::Tenant("acme".parse().unwrap()));
}

#[tokio::test]
async fn claims_of_tenant_and_scope_can_be_named_otherwise() {
    let signer = Signer::new(Algorithm::HS256);
    let config = config::Jwt { tenant_claim: "https://a.example/org".into(), scope_claim: "scp".into(), ..issuer_with(&signer) };
    let mut claims = with("https://a.example/org", json!("globex"));
    claims["scp"] = json!(["deliveries:read"]);
    let identity = verify(config, &signer.token(&claims)).await.unwrap();
    assert_eq!(identity.reach, Reach::Tenant("globex".parse().unwrap()));
    assert_eq!(identity.scopes, [Scope::DeliveriesRead]);
}
