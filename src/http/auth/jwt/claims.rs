//! What a token whose signature was verified says, and whether that will do.
//!
//! Own checks and not the library's: the time comes from the injected clock, and each refusal says which claim it was.

use serde_json::{Map, Value};

use crate::config;
use crate::domain::clock::Timestamp;
use crate::domain::credential::{Reach, Scope};
use crate::http::auth::Identity;

/// The claims of a token.
pub(super) type Claims = Map<String, Value>;

/// The identity of the holder of a token with these claims, or which claim does not do.
pub(super) fn judge(claims: &Claims, config: &config::Jwt, now: Timestamp) -> Result<Identity, String> {
    if claims.get("iss").and_then(Value::as_str) != Some(&config.issuer) {
        return Err("The token is of another issuer (`iss`).".into());
    }
    if !has_audience(claims, &config.audience) {
        return Err(format!("The token is not meant for `{}` (`aud`).", config.audience));
    }
    check_times(claims, config.leeway_seconds, now)?;
    Ok(Identity {
        name: claims.get("sub").and_then(Value::as_str).unwrap_or(&config.issuer).to_owned(),
        reach: reach(claims, config)?,
        scopes: scopes(claims, &config.scope_claim)?,
        expires_at: expires_at(claims),
    })
}

/// `exp`, which was checked before.
fn expires_at(claims: &Claims) -> Option<Timestamp> {
    claims.get("exp").and_then(Value::as_i64).map(|seconds| Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
}

/// `aud` is a text or an array of them (RFC 7519 section 4.1.3).
fn has_audience(claims: &Claims, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(many)) => many.iter().any(|one| one == audience),
        _ => false,
    }
}

fn check_times(claims: &Claims, leeway_seconds: u64, now: Timestamp) -> Result<(), String> {
    let leeway = i64::try_from(leeway_seconds).unwrap_or(i64::MAX);
    let expires = moment(claims, "exp")?.ok_or("The token has no expiry (`exp`).")?;
    if now.as_seconds() >= expires.saturating_add(leeway) {
        return Err("The token has expired (`exp`).".into());
    }
    match moment(claims, "nbf")? {
        Some(begins) if now.as_seconds() < begins.saturating_sub(leeway) => Err("The token is not valid yet (`nbf`).".into()),
        _ => Ok(()),
    }
}

/// A `NumericDate`: seconds, possibly with a fraction (RFC 7519 section 2).
fn moment(claims: &Claims, name: &str) -> Result<Option<i64>, String> {
    #[expect(clippy::cast_possible_truncation, reason = "a float beyond the range saturates, which is as far as time goes")]
    let seconds = |value: &Value| value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64));
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => seconds(value).map(Some).ok_or_else(|| format!("The token's `{name}` is no number of seconds.")),
    }
}

fn reach(claims: &Claims, config: &config::Jwt) -> Result<Reach, String> {
    let claim = &config.tenant_claim;
    match claims.get(claim) {
        None | Some(Value::Null) if config.all_tenants => Ok(Reach::All),
        None | Some(Value::Null) => Err(format!("The token names no tenant (`{claim}`).")),
        Some(value) => {
            let name = value.as_str().and_then(|text| text.parse().ok());
            name.map(Reach::Tenant).ok_or_else(|| format!("The token's `{claim}` is no tenant's name."))
        }
    }
}

/// The scopes known here of those the claim lists, space-separated (RFC 8693 section 4.2) or as an array. An issuer may list
/// others' scopes too.
fn scopes(claims: &Claims, claim: &str) -> Result<Vec<Scope>, String> {
    match claims.get(claim) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.split(' ').filter_map(Scope::parse).collect()),
        Some(Value::Array(names)) => Ok(names.iter().filter_map(Value::as_str).filter_map(Scope::parse).collect()),
        Some(_) => Err(format!("The token's `{claim}` is neither a text nor an array.")),
    }
}
