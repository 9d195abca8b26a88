//! Verifying keys: each bound to the algorithms it may be used with.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use crate::config;

/// Every algorithm with a public key.
pub(super) const ASYMMETRIC: [Algorithm; 9] = [
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

/// Keys of one published set that are looked at; issuers have a handful.
const MAX_PUBLISHED: usize = 64;

/// A key that tokens are verified with.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    pub(super) key: DecodingKey,
}

impl VerifyingKey {
    /// Whether a token with this algorithm and `kid` may have been signed with it.
    pub(super) fn fits(&self, algorithm: Algorithm, id: Option<&str>) -> bool {
        let is_named = match (&self.id, id) {
            (Some(own), Some(asked)) => own == asked,
            _ => true,
        };
        is_named && self.algorithms.contains(&algorithm)
    }

    /// The key that is configured; its files are read by the configuration.
    pub(super) fn configured(config: &config::JwtKey) -> Result<Self, String> {
        let algorithm: Algorithm =
            config.algorithm.parse().map_err(|_| format!("`algorithm` {:?} is not known", config.algorithm))?;
        let key = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => shared(config, algorithm)?,
            _ => public(config, algorithm)?,
        };
        Ok(Self { id: config.id.clone(), algorithms: vec![algorithm], key })
    }

    /// The published key, if it verifies signatures by one of the algorithms allowed.
    fn published(jwk: &Jwk, allowed: &[Algorithm]) -> Option<Self> {
        let is_for_signatures = !matches!(&jwk.common.public_key_use, Some(usage) if *usage != PublicKeyUse::Signature)
            && jwk.common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let named = jwk.common.key_algorithm.map(Algorithm::try_from);
        let algorithms: Vec<_> = of_kind(&jwk.algorithm)
            .iter()
            .copied()
            .filter(|algorithm| allowed.contains(algorithm))
            .filter(|algorithm| named.as_ref().is_none_or(|named| named.as_ref().is_ok_and(|named| named == algorithm)))
            .collect();
        if !is_for_signatures || algorithms.is_empty() {
            return None;
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        Some(Self { id: jwk.common.key_id.clone(), algorithms, key })
    }
}

/// The usable keys of a published set (RFC 7517 section 5). Keys of kinds that are not known are passed over, as the
/// specification asks.
pub(super) fn published(set: &[u8], allowed: &[Algorithm]) -> Result<Vec<VerifyingKey>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<serde_json::Value>,
    }
    let set: Set = serde_json::from_slice(set)?;
    let keys = set.keys.into_iter().take(MAX_PUBLISHED).filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    Ok(keys.filter_map(|key| VerifyingKey::published(&key, allowed)).collect())
}

/// The algorithms that a key of this kind can be used with. A shared secret is never taken from a published set.
const fn of_kind(parameters: &AlgorithmParameters) -> &'static [Algorithm] {
    match parameters {
        AlgorithmParameters::RSA(_) => ASYMMETRIC.split_at(6).0,
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[Algorithm::ES256],
            EllipticCurve::P384 => &[Algorithm::ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if matches!(key.curve, EllipticCurve::Ed25519) => &[Algorithm::EdDSA],
        _ => &[],
    }
}

/// A shared secret at least as long as the hash (RFC 7518 section 3.2).
fn shared(config: &config::JwtKey, algorithm: Algorithm) -> Result<DecodingKey, String> {
    let length = match algorithm {
        Algorithm::HS256 => 32,
        Algorithm::HS384 => 48,
        _ => 64,
    };
    let secret = config.secret.as_ref().ok_or("an HMAC algorithm needs `secret` or `secret_file`")?.expose();
    if secret.len() < length {
        return Err(format!("the secret of {algorithm:?} must have at least {length} bytes"));
    }
    Ok(DecodingKey::from_secret(secret.as_bytes()))
}

fn public(config: &config::JwtKey, algorithm: Algorithm) -> Result<DecodingKey, String> {
    let pem = config.public_key.as_ref().ok_or("an asymmetric algorithm needs `public_key` or `public_key_file`")?;
    let read = match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => DecodingKey::from_ec_pem,
        Algorithm::EdDSA => DecodingKey::from_ed_pem,
        _ => DecodingKey::from_rsa_pem,
    };
    read(pem.as_bytes()).map_err(|error| format!("`public_key` is no PEM of a public key for {algorithm:?}: {error}"))
}
