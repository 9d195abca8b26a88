//! Links that sign in once, for development: whoever starts the server is its administrator.

use std::sync::{Mutex, PoisonError};

use super::session;
use crate::domain::credential::KeyHash;
use crate::domain::entropy::Entropy;
use crate::domain::secret::Secret;

/// Tokens that were given out and not used. They live in memory, as long as the process does.
#[derive(Debug, Default)]
pub struct SignInTokens(Mutex<Vec<KeyHash>>);

impl SignInTokens {
    /// A new token.
    pub fn issue(&self, entropy: &dyn Entropy) -> Secret {
        let (token, hash) = session::generate(entropy);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(hash);
        token
    }

    /// Whether `token` was given out; it is used up now.
    pub fn redeem(&self, token: &str) -> bool {
        let Some(hash) = session::hash(token) else { return false };
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let position = tokens.iter().position(|known| *known == hash);
        position.map(|position| tokens.swap_remove(position)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entropy::SeededEntropy;

    #[test]
    fn a_token_works_once() {
        let tokens = SignInTokens::default();
        let token = tokens.issue(&SeededEntropy::new(1));
        assert!(!tokens.redeem("another"));
        assert!(tokens.redeem(token.expose()));
        assert!(!tokens.redeem(token.expose()));
    }
}
