//! Standard Webhooks 1.0.0: signing what is sent and verifying what producers post (SPECS part 2).
//!
//! The signed content is `{webhook-id}.{webhook-timestamp}.{body}`; it is fed to the HMAC in pieces, never copied together.

use std::fmt;

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key, Tag};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq};

use super::clock::Timestamp;
use super::entropy::Entropy;
use super::secret::Secret;

/// How far a message's timestamp may be from now, either way.
pub const TOLERANCE_SECONDS: i64 = 300;

/// What begins a secret's text.
const PREFIX: &str = "whsec_";
/// What begins a signature's text, its comma included.
const VERSION: &str = "v1,";
/// Bytes in a new secret; bounds of those that are taken (SPECS SW-4).
const NEW_SECRET_BYTES: usize = 32;
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A text that is no secret of Standard Webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signing secret: expected `whsec_` and the base64 of 24 to 64 bytes")]
pub struct InvalidSecret;

/// A symmetric key, ready to sign with: the HMAC's state with the key already in it.
#[derive(Clone)]
pub struct SigningKey(Key);

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(***)")
    }
}

/// Why a message does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// `webhook-id` is empty or holds a full stop, with which the signed content could be cut differently (SPECS SW-7).
    #[error("`webhook-id` must not be empty or contain a full stop")]
    BadId,
    /// `webhook-timestamp` is no integer.
    #[error("`webhook-timestamp` is not a number of seconds")]
    BadTimestamp,
    /// The timestamp is too old.
    #[error("the message is more than five minutes old")]
    TooOld,
    /// The timestamp is too far ahead.
    #[error("the message is dated more than five minutes ahead")]
    TooNew,
    /// No signature of a known version matches any key.
    #[error("no signature matches")]
    NoMatch,
}

/// A new secret of 32 random bytes, in its text form.
#[must_use]
pub fn generate_secret(entropy: &dyn Entropy) -> Secret {
    let mut bytes = zeroize::Zeroizing::new([0; NEW_SECRET_BYTES]);
    entropy.fill(&mut *bytes);
    let mut text = String::with_capacity(PREFIX.len() + NEW_SECRET_BYTES.div_ceil(3) * 4);
    text.push_str(PREFIX);
    STANDARD.encode_string(&*bytes, &mut text);
    Secret::new(text)
}

impl SigningKey {
    /// The key that `text` holds (`whsec_` and base64; the prefix may be absent).
    ///
    /// # Errors
    /// If it holds none.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        let bytes = zeroize::Zeroizing::new(STANDARD.decode(encoded).map_err(|_| InvalidSecret)?);
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        Ok(Self(Key::new(HMAC_SHA256, &bytes)))
    }

    fn tag(&self, id: &str, timestamp: &str, body: &[u8]) -> Tag {
        let mut context = Context::with_key(&self.0);
        context.update(id.as_bytes());
        context.update(b".");
        context.update(timestamp.as_bytes());
        context.update(b".");
        context.update(body);
        context.sign()
    }
}

/// The value of `webhook-signature`: one `v1` signature per key, newest first.
#[must_use]
pub fn sign(keys: &[SigningKey], id: &str, timestamp: i64, body: &[u8]) -> String {
    const SIGNATURE_LENGTH: usize = 44;
    let timestamp = timestamp.to_string();
    let mut out = String::with_capacity(keys.len() * (VERSION.len() + SIGNATURE_LENGTH + 1));
    for key in keys {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(VERSION);
        STANDARD.encode_string(key.tag(id, &timestamp, body), &mut out);
    }
    out
}

/// Checks a message against several keys, in constant time per signature.
///
/// # Errors
/// Why it does not verify.
pub fn verify(
    keys: &[SigningKey],
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), VerifyError> {
    if id.is_empty() || id.contains('.') {
        return Err(VerifyError::BadId);
    }
    check_time(timestamp, now)?;
    let mut is_match = Choice::from(0);
    for key in keys {
        // The text forms are compared: what a stranger sent is never decoded.
        let expected = STANDARD.encode(key.tag(id, timestamp, body));
        for given in signatures.split(' ').filter_map(|signature| signature.strip_prefix(VERSION)) {
            is_match |= given.as_bytes().ct_eq(expected.as_bytes());
        }
    }
    if bool::from(is_match) { Ok(()) } else { Err(VerifyError::NoMatch) }
}

fn check_time(text: &str, now: Timestamp) -> Result<(), VerifyError> {
    // Digits alone: the signed content has the text, and `+1` and `1` must not be two texts of one time.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VerifyError::BadTimestamp);
    }
    let seconds: i64 = text.parse().map_err(|_| VerifyError::BadTimestamp)?;
    let age = now.as_seconds().saturating_sub(seconds);
    if age > TOLERANCE_SECONDS {
        Err(VerifyError::TooOld)
    } else if age < -TOLERANCE_SECONDS {
        Err(VerifyError::TooNew)
    } else {
        Ok(())
    }
}
