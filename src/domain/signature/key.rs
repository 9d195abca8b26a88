//! Keys of Standard Webhooks, in the text forms they are handed over in (SPECS SW-4, SW-5).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::Message;
use crate::domain::entropy::Entropy;
use crate::domain::secret::Secret;

/// What begins the text of a symmetric secret, of a private key and of a public key.
const SECRET_PREFIX: &str = "whsec_";
const PRIVATE_PREFIX: &str = "whsk_";
const PUBLIC_PREFIX: &str = "whpk_";

/// Bytes in a new secret, and bounds of those that are taken.
const NEW_SECRET_BYTES: usize = 32;
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const SEED_BYTES: usize = 32;
/// Bytes of a digest that name a key.
const KEY_ID_BYTES: usize = 16;

/// A text that is no secret of Standard Webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signing secret: expected `whsec_` and the base64 of 24 to 64 bytes, or `whsk_` and that of an Ed25519 key")]
pub struct InvalidSecret;

/// A key, ready to sign with.
#[derive(Clone)]
pub struct SigningKey(Key);

#[derive(Clone)]
enum Key {
    /// The HMAC's state with the secret already in it; more than a kilobyte.
    Symmetric(Arc<hmac::Key>),
    Ed25519(Arc<Ed25519KeyPair>),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(***)")
    }
}

/// A new secret of 32 random bytes, in its text form.
#[must_use]
pub fn generate_secret(entropy: &dyn Entropy) -> Secret {
    let mut bytes = Zeroizing::new([0; NEW_SECRET_BYTES]);
    entropy.fill(&mut *bytes);
    let mut text = String::with_capacity(SECRET_PREFIX.len() + NEW_SECRET_BYTES.div_ceil(3) * 4);
    text.push_str(SECRET_PREFIX);
    STANDARD.encode_string(*bytes, &mut text);
    Secret::new(text)
}

/// A new Ed25519 key pair in its text form: the seed and its public key.
///
/// # Panics
/// Never: any 32 bytes are a seed.
#[must_use]
pub fn generate_key_pair(entropy: &dyn Entropy) -> Secret {
    let mut bytes = Zeroizing::new([0; 2 * SEED_BYTES]);
    entropy.fill(&mut bytes[..SEED_BYTES]);
    let pair = Ed25519KeyPair::from_seed_unchecked(&bytes[..SEED_BYTES]).expect("any 32 bytes are a seed");
    bytes[SEED_BYTES..].copy_from_slice(pair.public_key().as_ref());
    let mut text = String::with_capacity(PRIVATE_PREFIX.len() + (2 * SEED_BYTES).div_ceil(3) * 4);
    text.push_str(PRIVATE_PREFIX);
    STANDARD.encode_string(*bytes, &mut text);
    Secret::new(text)
}

/// Whether a secret's text form is that of an Ed25519 key pair.
#[must_use]
pub fn is_key_pair(secret: &Secret) -> bool {
    secret.expose().starts_with(PRIVATE_PREFIX)
}

impl SigningKey {
    /// The key that `text` holds: `whsec_` and base64 for `v1` (the prefix may be absent), or `whsk_` and the base64 of an
    /// Ed25519 seed, with or without the public key behind it, for `v1a`.
    ///
    /// # Errors
    /// If it holds none.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let decode = |encoded: &str| STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| InvalidSecret);
        if let Some(encoded) = text.strip_prefix(PRIVATE_PREFIX) {
            return key_pair(&decode(encoded)?).map(|pair| Self(Key::Ed25519(Arc::new(pair))));
        }
        let bytes = decode(text.strip_prefix(SECRET_PREFIX).unwrap_or(text))?;
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        Ok(Self(Key::Symmetric(Arc::new(hmac::Key::new(HMAC_SHA256, &bytes)))))
    }

    /// The public key that verifies `v1a` signatures, in its text form (`whpk_…`); `None` for a symmetric key.
    #[must_use]
    pub fn public_text(&self) -> Option<String> {
        match &self.0 {
            Key::Symmetric(_) => None,
            Key::Ed25519(pair) => Some(format!("{PUBLIC_PREFIX}{}", STANDARD.encode(pair.public_key()))),
        }
    }

    /// A name for the key that tells nothing of a secret: the first half of the SHA-256 of a public key, or what a shared secret
    /// makes of a fixed text; hexadecimal.
    #[must_use]
    pub fn id(&self) -> String {
        let digest = match &self.0 {
            Key::Symmetric(key) => hmac::sign(key, b"waypost key id").as_ref().to_vec(),
            Key::Ed25519(pair) => digest::digest(&SHA256, pair.public_key().as_ref()).as_ref().to_vec(),
        };
        digest.iter().take(KEY_ID_BYTES).fold(String::with_capacity(2 * KEY_ID_BYTES), |mut text, byte| {
            text.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
            text
        })
    }

    /// The base64 of the signature of a text in one piece, as RFC 9421 wants it.
    pub(super) fn sign_text(&self, text: &str) -> String {
        match &self.0 {
            Key::Symmetric(key) => STANDARD.encode(hmac::sign(key, text.as_bytes())),
            Key::Ed25519(pair) => STANDARD.encode(pair.sign(text.as_bytes())),
        }
    }

    /// What begins this key's signatures, the comma included.
    pub(super) const fn version(&self) -> &'static str {
        match self.0 {
            Key::Symmetric(_) => "v1,",
            Key::Ed25519(_) => "v1a,",
        }
    }

    /// Appends the base64 of the message's signature.
    pub(super) fn sign_into(&self, message: &Message<'_>, out: &mut String) {
        match &self.0 {
            Key::Symmetric(key) => STANDARD.encode_string(tag(key, message), out),
            Key::Ed25519(pair) => STANDARD.encode_string(pair.sign(&message.joined()), out),
        }
    }

    /// Whether any of the signatures, base64 without version, is this key's own for the message.
    pub(super) fn verifies<'a>(&self, message: &Message<'_>, signatures: impl Iterator<Item = &'a str>) -> Choice {
        match &self.0 {
            // The text forms are compared: what a stranger sent is never decoded.
            Key::Symmetric(key) => {
                let expected = STANDARD.encode(tag(key, message));
                signatures.fold(Choice::from(0), |found, given| found | given.as_bytes().ct_eq(expected.as_bytes()))
            }
            Key::Ed25519(pair) => {
                let key = UnparsedPublicKey::new(&ED25519, pair.public_key());
                let joined = message.joined();
                let is_own = |given: &str| STANDARD.decode(given).is_ok_and(|given| key.verify(&joined, &given).is_ok());
                signatures.fold(Choice::from(0), |found, given| found | Choice::from(u8::from(is_own(given))))
            }
        }
    }
}

fn key_pair(bytes: &[u8]) -> Result<Ed25519KeyPair, InvalidSecret> {
    let (seed, public) = bytes.split_at_checked(SEED_BYTES).ok_or(InvalidSecret)?;
    let pair = if public.is_empty() {
        Ed25519KeyPair::from_seed_unchecked(seed)
    } else {
        // Fails if the two halves do not belong together.
        Ed25519KeyPair::from_seed_and_public_key(seed, public)
    };
    pair.map_err(|_| InvalidSecret)
}

fn tag(key: &hmac::Key, message: &Message<'_>) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in message.parts() {
        context.update(part);
    }
    context.sign()
}
