//! Issuers and the way of a token through them.

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, dangerous, decode, decode_header};
use serde::Deserialize;

use super::claims::{self, Claims};
use super::jwks::Published;
use super::keys::{ASYMMETRIC, VerifyingKey};
use crate::config;
use crate::domain::clock::{Clock, Timestamp};
use crate::http::auth::{Identity, bearer};
use crate::http::problem::{Problem, Result};

/// Bytes of a token that is looked at at all.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// An issuer that can't be used as configured.
#[derive(Debug, thiserror::Error)]
#[error("auth.jwt (issuer `{issuer}`): {detail}")]
pub struct InvalidIssuer {
    /// Which issuer.
    pub issuer: String,
    /// What is wrong, naming the setting.
    pub detail: String,
}

/// The issuers of this installation.
pub(in crate::http::auth) struct Issuers(HashMap<String, Issuer>);

struct Issuer {
    config: config::Jwt,
    keys: Vec<VerifyingKey>,
    published: Option<Published>,
}

impl Issuers {
    /// The issuers configured. Nothing is fetched until a token asks for it.
    pub(in crate::http::auth) fn new(
        configs: &[config::Jwt],
        clock: &Arc<dyn Clock>,
    ) -> std::result::Result<Self, InvalidIssuer> {
        let mut issuers = HashMap::new();
        for config in configs {
            let invalid = |detail: String| InvalidIssuer { issuer: config.issuer.clone(), detail };
            let issuer = Issuer::new(config, clock).map_err(invalid)?;
            if issuers.insert(config.issuer.clone(), issuer).is_some() {
                return Err(invalid("is configured twice".into()));
            }
        }
        Ok(Self(issuers))
    }

    /// Who the holder of a token is: its issuer is known, its signature verifies, its claims will do.
    pub(in crate::http::auth) async fn verify(&self, token: &str, now: Timestamp) -> Result<Identity> {
        if token.len() > MAX_TOKEN_BYTES || token.split('.').count() != 3 {
            return Err(bearer::refused("The token is neither an API key (`wp_…`) nor a JSON Web Token."));
        }
        let header = decode_header(token)
            .map_err(|_| bearer::refused("The token's header can't be read, or names an algorithm that is not supported."))?;
        // RFC 7515 section 4.1.11: extensions that must be understood; none is.
        if header.crit.is_some() {
            return Err(bearer::refused("The token's header demands an extension (`crit`) that is not supported."));
        }
        let issuer = self.issuer_of(token).ok_or_else(|| bearer::refused("The token's issuer (`iss`) is not known here."))?;
        let claims = issuer.verify(token, &header, now).await?;
        claims::judge(&claims, &issuer.config, now).map_err(bearer::refused)
    }

    fn issuer_of(&self, token: &str) -> Option<&Issuer> {
        #[derive(Deserialize)]
        struct Said {
            iss: String,
        }
        // Only to choose whose keys have to verify it: nothing else is taken from a token that is not verified.
        let said: Said = dangerous::insecure_decode_claims(token).ok()?;
        self.0.get(&said.iss)
    }
}

impl Issuer {
    fn new(config: &config::Jwt, clock: &Arc<dyn Clock>) -> std::result::Result<Self, String> {
        let keys = config.keys.iter().map(VerifyingKey::configured).collect::<std::result::Result<Vec<_>, _>>()?;
        let published = match &config.jwks_url {
            None if keys.is_empty() => return Err("needs `jwks_url` or `keys`".into()),
            None => None,
            Some(url) => Some(Published::new(url, config.jwks_refresh_ms, algorithms(config)?, clock.clone())?),
        };
        Ok(Self { config: config.clone(), keys, published })
    }

    /// The claims of a token that one of this issuer's keys signed.
    async fn verify(&self, token: &str, header: &Header, now: Timestamp) -> Result<Claims> {
        let id = header.kid.as_deref();
        let mut has_key = false;
        for key in self.keys.iter().filter(|key| key.fits(header.alg, id)) {
            has_key = true;
            if let Some(claims) = verified(token, header.alg, &key.key) {
                return Ok(claims);
            }
        }
        if let Some(published) = &self.published {
            for key in published.keys_for(header.alg, id, now).await.map_err(|_| self.unreachable())? {
                has_key = true;
                if let Some(claims) = verified(token, header.alg, &key.key) {
                    return Ok(claims);
                }
            }
        }
        Err(bearer::refused(if has_key {
            "The token's signature does not verify."
        } else {
            "Its issuer has no key for the token's `kid` and `alg`."
        }))
    }

    fn unreachable(&self) -> Problem {
        use crate::http::problem::Code;
        let detail = format!("The keys of the issuer `{}` can't be fetched right now.", self.config.issuer);
        Problem::new(Code::Unavailable, detail).retry_after(super::jwks::RETRY_AFTER)
    }
}

/// The algorithms allowed of published keys.
fn algorithms(config: &config::Jwt) -> std::result::Result<Vec<Algorithm>, String> {
    if config.algorithms.is_empty() {
        return Ok(ASYMMETRIC.to_vec());
    }
    let known = |name: &String| name.parse().ok().filter(|algorithm| ASYMMETRIC.contains(algorithm));
    let named = config.algorithms.iter().map(|name| {
        known(name).ok_or_else(|| {
            format!("`algorithms` names {name:?}; of published keys only RS, PS and ES 256 to 512 and EdDSA can be used")
        })
    });
    named.collect()
}

/// The claims of a token, if its signature verifies.
fn verified(token: &str, algorithm: Algorithm, key: &DecodingKey) -> Option<Claims> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    decode(token, key, &validation).ok().map(|token| token.claims)
}
