//! Keys made at run time, and tokens signed with them.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
    KeyPair as _,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;

use crate::config;
use crate::domain::secret::Secret;

/// A private key with what its verifiers are told.
pub(super) struct Signer {
    pub(super) algorithm: Algorithm,
    key: EncodingKey,
    /// The public key in PEM, or the secret.
    shared: String,
}

impl Signer {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let (key, shared) = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => shared(),
            Algorithm::ES256 => elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDSA => edwards(),
            _ => rsa(),
        };
        Self { algorithm, key, shared }
    }

    /// The token with these claims.
    pub(super) fn token(&self, claims: &Value) -> String {
        self.token_named(None, claims)
    }

    /// The token with these claims and a `kid`.
    pub(super) fn token_named(&self, id: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: id.map(Into::into), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.key).unwrap()
    }

    /// The key as it is configured.
    pub(super) fn configured(&self, id: Option<&str>) -> config::JwtKey {
        let is_shared = matches!(self.algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512);
        config::JwtKey {
            id: id.map(Into::into),
            algorithm: format!("{:?}", self.algorithm),
            secret: is_shared.then(|| Secret::new(self.shared.clone())),
            secret_file: None,
            public_key: (!is_shared).then(|| self.shared.clone()),
            public_key_file: None,
        }
    }

    /// The key as it is published.
    pub(super) fn published(&self, id: &str) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(id.into());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk
    }

    /// What its verifiers are told, as text.
    pub(super) fn shared_text(&self) -> &str {
        &self.shared
    }
}

fn shared() -> (EncodingKey, String) {
    let secret = "0123456789abcdef".repeat(4);
    (EncodingKey::from_secret(secret.as_bytes()), secret)
}

fn rsa() -> (EncodingKey, String) {
    let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private = pem("PRIVATE KEY", pair.as_der().unwrap().as_ref());
    let public = pem("PUBLIC KEY", pair.public_key().as_der().unwrap().as_ref());
    (EncodingKey::from_rsa_pem(private.as_bytes()).unwrap(), public)
}

fn elliptic(algorithm: &'static EcdsaSigningAlgorithm) -> (EncodingKey, String) {
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref()).unwrap();
    let public = pem("PUBLIC KEY", pair.public_key().as_der().unwrap().as_ref());
    (EncodingKey::from_ec_der(document.as_ref()), public)
}

fn edwards() -> (EncodingKey, String) {
    let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let public = pem("PUBLIC KEY", pair.public_key().as_der().unwrap().as_ref());
    (EncodingKey::from_ed_der(document.as_ref()), public)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
