//! Standard Webhooks 1.0.0: signing what is sent and verifying what producers post (SPECS part 2). [`message`] signs as RFC 9421
//! says.
//!
//! The signed content is `{webhook-id}.{webhook-timestamp}.{body}`; it is fed to the HMAC in pieces, never copied together.

mod key;
pub mod message;
#[cfg(test)]
mod tests;

use subtle::Choice;

pub use self::key::{InvalidSecret, SigningKey, generate_key_pair, generate_secret, is_key_pair};
use super::clock::Timestamp;

/// How far a message's timestamp may be from now, either way.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Signatures of one message that are looked at; a rotation has two.
const MAX_SIGNATURES: usize = 16;

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

/// What is signed.
struct Message<'a> {
    id: &'a str,
    timestamp: &'a str,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    fn parts(&self) -> [&'a [u8]; 5] {
        [self.id.as_bytes(), b".", self.timestamp.as_bytes(), b".", self.body]
    }

    /// All of it in one piece, which Ed25519 wants.
    fn joined(&self) -> Vec<u8> {
        self.parts().concat()
    }
}

/// The value of `webhook-signature`: one signature per key, newest first; `v1` for symmetric keys, `v1a` for Ed25519.
#[must_use]
pub fn sign(keys: &[SigningKey], id: &str, timestamp: i64, body: &[u8]) -> String {
    const LONGEST: usize = "v1a,".len() + 88 + " ".len();
    let timestamp = timestamp.to_string();
    let message = Message { id, timestamp: &timestamp, body };
    let mut out = String::with_capacity(keys.len() * LONGEST);
    for key in keys {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(key.version());
        key.sign_into(&message, &mut out);
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
    let message = Message { id, timestamp, body };
    let is_match = keys.iter().fold(Choice::from(0), |found, key| {
        let of_its_version = |signature: &'_ str| signature.starts_with(key.version());
        let given = signatures.split(' ').take(MAX_SIGNATURES).filter(|signature| of_its_version(signature));
        found | key.verifies(&message, given.map(|signature| &signature[key.version().len()..]))
    });
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
