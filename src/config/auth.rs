//! `[auth]`: who may do what.

use serde::{Deserialize, Serialize};

use crate::domain::secret::Secret;

/// Settings of authentication; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The first administrator's API key.
    pub bootstrap_key: Option<Secret>,
    /// A file that holds it.
    pub bootstrap_key_file: Option<String>,
    /// How long an API key's look-up is remembered.
    pub api_key_cache_ms: u64,
    /// How long somebody stays signed in to the dashboard.
    pub session_ms: u64,
    /// Issuers of JSON Web Tokens.
    pub jwt: Vec<Jwt>,
}

/// An issuer of JSON Web Tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// The value `iss` must have.
    pub issuer: String,
    /// The value `aud` must have or contain.
    pub audience: String,
    /// Where its public keys are published.
    pub jwks_url: Option<String>,
    /// How long the published keys are used before they are fetched again.
    #[serde(default = "default_jwks_refresh_ms")]
    pub jwks_refresh_ms: u64,
    /// Keys known beforehand.
    #[serde(default)]
    pub keys: Vec<JwtKey>,
    /// The algorithms its published keys may be used with; none named means every asymmetric one. Keys known beforehand name
    /// their own.
    #[serde(default)]
    pub algorithms: Vec<String>,
    /// The claim that names the tenant; a token without it, from an issuer that may speak for all, reaches all tenants.
    #[serde(default = "default_tenant_claim")]
    pub tenant_claim: String,
    /// The claim that lists the scopes, space-separated or as an array.
    #[serde(default = "default_scope_claim")]
    pub scope_claim: String,
    /// Whether tokens without the tenant claim reach all tenants; otherwise they are refused.
    #[serde(default)]
    pub all_tenants: bool,
    /// How far clocks may differ.
    #[serde(default = "default_leeway_seconds")]
    pub leeway_seconds: u64,
}

/// A key known beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtKey {
    /// The `kid` it answers to; none means any.
    pub id: Option<String>,
    /// The one algorithm it is for.
    pub algorithm: String,
    /// The secret of an HMAC algorithm.
    pub secret: Option<Secret>,
    /// A file that holds it.
    pub secret_file: Option<String>,
    /// The public key of an asymmetric algorithm, in PEM.
    pub public_key: Option<String>,
    /// A file that holds it.
    pub public_key_file: Option<String>,
}

const fn default_jwks_refresh_ms() -> u64 {
    300_000
}

fn default_tenant_claim() -> String {
    "tenant".into()
}

fn default_scope_claim() -> String {
    "scope".into()
}

const fn default_leeway_seconds() -> u64 {
    30
}
