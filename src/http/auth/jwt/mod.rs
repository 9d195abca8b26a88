//! JSON Web Tokens of configured issuers (RFC 7519, RFC 8725).
//!
//! A key is bound to its algorithms, so a token can't choose how it is verified; `none` does not exist here. A token's claims
//! are looked at only after its signature, except `iss`, which says whose keys to take. [`keys`] makes keys of configuration and
//! of published sets, [`jwks`] fetches the sets, [`claims`] judges what a verified token says.

mod claims;
mod issuer;
mod jwks;
mod keys;

pub use issuer::InvalidIssuer;
pub(super) use issuer::Issuers;

#[cfg(test)]
mod tests;
