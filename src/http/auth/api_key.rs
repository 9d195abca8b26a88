//! API keys: how they are made, checked and hashed.

use std::sync::Arc;

use crate::domain::clock::{Clock, Timestamp};
use crate::domain::credential::{self, ApiKey, KeyHash, Reach, Scope};
use crate::domain::entropy::Entropy;
use crate::domain::id::ApiKeyId;
use crate::domain::secret::Secret;
use crate::store::{Conflict, Store, StoreError};

/// What every API key begins with.
pub const PREFIX: &str = "wp_";

/// The administrator's key in development mode, written in the README. It is never stored, so that it stops working with
/// the mode.
pub const DEVELOPMENT: &str = "wp_development_key_not_for_production";

/// Random characters of a new key: 40 of 32 are 200 bits.
const RANDOM_CHARACTERS: usize = 40;

/// The fewest characters after the prefix of a key that somebody chose.
const MIN_CHOSEN_CHARACTERS: usize = 20;

/// The most characters of any key, so that nothing longer is ever hashed.
pub(super) const MAX_CHARACTERS: usize = 256;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A text that is no API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an API key: expected `wp_` and 20 to 253 letters, digits, `_` or `-`")]
pub struct InvalidKey;

/// A new key in its text form, of 200 random bits.
#[must_use]
pub fn generate(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0; RANDOM_CHARACTERS];
    entropy.fill(&mut bytes);
    let text: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    Secret::new(format!("{PREFIX}{text}"))
}

/// Checks a key that somebody chose: the prefix and at least 20 more characters.
///
/// # Errors
/// If it is none.
pub fn validate(text: &str) -> Result<(), InvalidKey> {
    let rest = text.strip_prefix(PREFIX).ok_or(InvalidKey)?;
    let is_long_enough = rest.len() >= MIN_CHOSEN_CHARACTERS && text.len() <= MAX_CHARACTERS;
    let is_plain = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_long_enough && is_plain { Ok(()) } else { Err(InvalidKey) }
}

/// What is stored and looked up instead of the key.
#[must_use]
pub fn hash(text: &str) -> KeyHash {
    credential::hash(text)
}

/// The last four characters, to tell keys apart in a list.
#[must_use]
pub fn hint(text: &str) -> String {
    text.get(text.len().saturating_sub(4)..).unwrap_or_default().to_owned()
}

/// An administrator's key, and the row that is stored of it.
fn administrator(name: &str, text: &str, now: Timestamp, entropy: &dyn Entropy) -> ApiKey {
    ApiKey {
        id: ApiKeyId::new(now, entropy),
        name: name.into(),
        reach: Reach::All,
        scopes: vec![Scope::Admin],
        hint: hint(text),
        created_at: now,
        expires_at: None,
    }
}

/// Makes sure that there is an administrator's key. A configured one is stored, at this start or a later one; without one, and
/// without any key in the database, a new one is made and given back to be printed, once.
///
/// # Errors
/// If the configured key is none, or the database does not answer.
pub async fn ensure_bootstrap(
    store: &dyn Store,
    configured: Option<&Secret>,
    clock: &Arc<dyn Clock>,
    entropy: &dyn Entropy,
) -> Result<Option<Secret>, BootstrapError> {
    if let Some(key) = configured {
        validate(key.expose()).map_err(|_| BootstrapError::Invalid)?;
        store_key(store, "bootstrap", key, clock.now(), entropy).await?;
        return Ok(None);
    }
    if store.has_api_keys().await? {
        return Ok(None);
    }
    let key = generate(entropy);
    store_key(store, "first start", &key, clock.now(), entropy).await?;
    Ok(Some(key))
}

/// Why there is no administrator's key.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The configured key is none.
    #[error("`auth.bootstrap_key` (WAYPOST_BOOTSTRAP_KEY) must be `wp_` and at least 20 letters, digits, `_` or `-`")]
    Invalid,
    /// The database did not take it.
    #[error("the first API key can't be stored")]
    Store(#[from] StoreError),
}

async fn store_key(store: &dyn Store, name: &str, key: &Secret, now: Timestamp, entropy: &dyn Entropy) -> Result<(), StoreError> {
    let row = administrator(name, key.expose(), now, entropy);
    match store.create_api_key(&row, &hash(key.expose())).await {
        // Stored by an earlier start, or by another node at this very moment.
        Err(StoreError::Conflict(Conflict::Exists)) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entropy::SystemEntropy;

    #[test]
    fn generated_keys_are_valid_and_differ() {
        let (first, second) = (generate(&SystemEntropy::new()), generate(&SystemEntropy::new()));
        assert_ne!(first, second);
        assert_eq!(first.expose().len(), PREFIX.len() + RANDOM_CHARACTERS);
        validate(first.expose()).unwrap();
    }

    #[test]
    fn chosen_key_needs_the_prefix_and_twenty_plain_characters() {
        validate("wp_01234567890123456789").unwrap();
        validate("wp_development_key_not_for_production").unwrap();
        for text in ["", "wp_", "wp_0123456789012345678", "01234567890123456789012", "wp_0123456789012345678 9"] {
            assert!(validate(text).is_err(), "{text:?}");
        }
        assert!(validate(&format!("wp_{}", "a".repeat(300))).is_err());
    }

    #[test]
    fn hint_is_the_end_of_the_key() {
        assert_eq!(hint("wp_01234567890123456abc"), "6abc");
    }
}
