//! `[encryption]`: how secrets are kept.

use serde::{Deserialize, Serialize};

use crate::domain::secret::Secret;

/// Settings of the vault; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// The wrapping key: 32 bytes in base64.
    pub key: Option<Secret>,
    /// A file that holds it.
    pub key_file: Option<String>,
}
