//! The vault: secrets are encrypted with a random data key (AES-256-GCM), which the operator's key wraps if there is one.
//!
//! Each sealed blob is bound to the row it belongs to, so that one row's secrets can't be passed off as another's. The data key
//! never changes; giving or changing where the operator's key is kept only wraps it anew. No key and no secret is ever logged.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::engine::Engine;
use super::open::{OpenError, setting};
use super::statement::statements;
use super::value::values;
use crate::config::Encryption;
use crate::domain::entropy::Entropy;
use crate::domain::secret::Secret;
use crate::store::StoreError;

/// Bytes of both keys.
const KEY_BYTES: usize = 32;

/// What the wrapped data key is bound to.
const WRAPPING: &[u8] = b"waypost data key";

statements! {
    READ = "SELECT data_key, is_wrapped FROM vault WHERE id = 1";
    // Two nodes that open an empty database at once both come here; the first one's key stays, and both read it.
    CREATE = "INSERT INTO vault (id, data_key, is_wrapped) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING";
    WRAP = "UPDATE vault SET data_key = $1, is_wrapped = $2 WHERE id = 1 AND NOT is_wrapped";
}

/// The unlocked vault.
pub(super) struct Vault {
    // The nonces are the library's own, not `Entropy`'s: a repeated nonce would break the cipher, and a test's generator repeats.
    key: RandomizedNonceKey,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Vault")
    }
}

/// What a sealed blob belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// A subscription.
    Subscription(Uuid),
    /// A producer.
    Producer(Uuid),
}

impl Owner {
    fn binding(self) -> Vec<u8> {
        let (kind, id) = match self {
            Self::Subscription(id) => ("subscription", id),
            Self::Producer(id) => ("producer", id),
        };
        [kind.as_bytes(), id.as_bytes()].concat()
    }
}

impl Vault {
    /// Reads the data key, making it if there is none and wrapping it if it is not wrapped yet and a key is configured.
    pub(super) async fn unlock(engine: &Engine, encryption: &Encryption, entropy: &dyn Entropy) -> Result<Self, OpenError> {
        let operator = operator_key(encryption)?;
        let mut stored = read(engine).await?;
        if stored.is_none() {
            let mut fresh = Zeroizing::new(vec![0; KEY_BYTES]);
            entropy.fill(&mut fresh);
            engine.execute(CREATE, values![as_kept(&fresh, operator.as_ref())?, operator.is_some()]).await?;
            stored = read(engine).await?;
        }
        let (mut kept, mut is_wrapped) = stored.ok_or_else(|| StoreError::corrupt("the vault is empty"))?;
        if let (false, Some(key)) = (is_wrapped, &operator) {
            engine.execute(WRAP, values![seal(key, WRAPPING, kept.to_vec())?, true]).await?;
            (kept, is_wrapped) = read(engine).await?.ok_or_else(|| StoreError::corrupt("the vault is empty"))?;
        }
        let data_key = match (is_wrapped, &operator) {
            (true, Some(key)) => open(key, WRAPPING, &kept).ok_or(OpenError::Key {
                detail: "it is not the key that this database's secrets are wrapped by; set encryption.key to that one",
            })?,
            (true, None) => {
                return Err(OpenError::Key {
                    detail: "this database's secrets are wrapped by a key and none is set; set encryption.key or encryption.key_file",
                });
            }
            (false, _) => {
                tracing::warn!("secrets are encrypted by a key that lies beside them; set encryption.key to wrap it");
                kept
            }
        };
        Ok(Self { key: cipher(&data_key).ok_or_else(|| StoreError::corrupt("the data key has a wrong length"))? })
    }

    /// Encrypts a structure for a row.
    pub(super) fn seal(&self, owner: Owner, secrets: &impl Serialize) -> Result<Vec<u8>, StoreError> {
        seal(&self.key, &owner.binding(), serde_json::to_vec(secrets).map_err(StoreError::corrupt)?)
    }

    /// Decrypts a structure of a row.
    pub(super) fn open<T: DeserializeOwned>(&self, owner: Owner, sealed: &[u8]) -> Result<T, StoreError> {
        let clear = open(&self.key, &owner.binding(), sealed)
            .ok_or_else(|| StoreError::corrupt("a sealed secret does not belong to its row or this database"))?;
        serde_json::from_slice(&clear).map_err(StoreError::corrupt)
    }
}

type Kept = (Zeroizing<Vec<u8>>, bool);

async fn read(engine: &Engine) -> Result<Option<Kept>, StoreError> {
    let row = engine.fetch_optional(READ, values![]).await?;
    row.map(|row| Ok((Zeroizing::new(row.get("data_key")?), row.get("is_wrapped")?))).transpose()
}

fn as_kept(data_key: &[u8], operator: Option<&RandomizedNonceKey>) -> Result<Vec<u8>, StoreError> {
    operator.map_or_else(|| Ok(data_key.to_vec()), |key| seal(key, WRAPPING, data_key.to_vec()))
}

fn operator_key(encryption: &Encryption) -> Result<Option<RandomizedNonceKey>, OpenError> {
    let configured = encryption.key.as_ref().map(Secret::expose);
    let Some(text) = setting("encryption.key_file", configured, encryption.key_file.as_deref())? else { return Ok(None) };
    let text = Zeroizing::new(text);
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(text.trim()).unwrap_or_default());
    let wrong = OpenError::Key { detail: "it must be the base64 of exactly 32 bytes, as `openssl rand -base64 32` prints" };
    cipher(&bytes).ok_or(wrong).map(Some)
}

fn cipher(bytes: &[u8]) -> Option<RandomizedNonceKey> {
    (bytes.len() == KEY_BYTES).then(|| RandomizedNonceKey::new(&AES_256_GCM, bytes).ok()).flatten()
}

/// The nonce, then the ciphertext with its tag.
fn seal(key: &RandomizedNonceKey, binding: &[u8], mut clear: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let nonce = key
        .seal_in_place_append_tag(Aad::from(binding), &mut clear)
        .map_err(|_| StoreError::corrupt("the cipher refused to encrypt"))?;
    Ok([nonce.as_ref().as_slice(), &clear].concat())
}

fn open(key: &RandomizedNonceKey, binding: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut buffer = Zeroizing::new(rest.to_vec());
    let length = key.open_in_place(nonce, Aad::from(binding), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault { key: cipher(&[byte; KEY_BYTES]).unwrap() }
    }

    #[test]
    fn sealed_secrets_open_for_their_own_row_only() {
        let (row, other) = (Owner::Subscription(Uuid::from_u128(1)), Owner::Subscription(Uuid::from_u128(2)));
        let sealed = vault(7).seal(row, &"whsec_secret").unwrap();
        assert_eq!(vault(7).open::<String>(row, &sealed).unwrap(), "whsec_secret");
        assert!(vault(7).open::<String>(other, &sealed).is_err());
        assert!(vault(7).open::<String>(Owner::Producer(Uuid::from_u128(1)), &sealed).is_err());
        assert!(vault(8).open::<String>(row, &sealed).is_err());
    }

    #[test]
    fn a_blob_that_was_cut_or_touched_does_not_open() {
        let row = Owner::Producer(Uuid::from_u128(1));
        let sealed = vault(7).seal(row, &"whsec_secret").unwrap();
        for cut in 0..sealed.len() {
            assert!(vault(7).open::<String>(row, &sealed[..cut]).is_err());
        }
        for position in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[position] ^= 1;
            assert!(vault(7).open::<String>(row, &touched).is_err());
        }
    }

    #[test]
    fn equal_secrets_are_sealed_differently_each_time() {
        let row = Owner::Producer(Uuid::from_u128(1));
        assert_ne!(vault(7).seal(row, &"same").unwrap(), vault(7).seal(row, &"same").unwrap());
    }
}
