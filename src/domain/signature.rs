//! Standard Webhooks 1.0.0: signing what is sent and verifying what producers post (SPECS part 2).
//!
//! The signed content is `{webhook-id}.{webhook-timestamp}.{body}`; it is fed to the HMAC in pieces, never copied together.

use super::clock::Timestamp;
use super::entropy::Entropy;
use super::secret::Secret;

/// How far a message's timestamp may be from now, either way.
pub const TOLERANCE_SECONDS: i64 = 300;

/// A text that is no secret of Standard Webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signing secret: expected `whsec_` and the base64 of 24 to 64 bytes")]
pub struct InvalidSecret;

/// A symmetric key, ready to sign with.
#[derive(Debug, Clone)]
pub struct SigningKey(aws_lc_rs::hmac::Key);

/// Why a message does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
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
pub fn generate_secret(_entropy: &dyn Entropy) -> Secret {
    todo!()
}

impl SigningKey {
    /// The key that `text` holds (`whsec_` and base64; the prefix may be absent).
    ///
    /// # Errors
    /// If it holds none.
    pub fn parse(_text: &str) -> Result<Self, InvalidSecret> {
        todo!()
    }
}

/// The value of `webhook-signature`: one `v1` signature per key, newest first.
#[must_use]
pub fn sign(_keys: &[SigningKey], _id: &str, _timestamp: i64, _body: &[u8]) -> String {
    todo!()
}

/// Checks a message against several keys, in constant time per signature.
///
/// # Errors
/// Why it does not verify.
pub fn verify(
    _keys: &[SigningKey],
    _id: &str,
    _timestamp: &str,
    _signatures: &str,
    _body: &[u8],
    _now: Timestamp,
) -> Result<(), VerifyError> {
    todo!()
}
