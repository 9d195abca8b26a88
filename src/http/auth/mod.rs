//! Who a caller is and what it may do: API keys and JSON Web Tokens (DESIGN 5).
//!
//! [`Caller`] is the extractor that handlers take; there is no other way to a tenant. Failures are 401 with what failed, never
//! with what would have been right.

pub mod api_key;
mod authenticator;
mod bearer;
mod caller;
pub mod jwt;

pub use authenticator::{Authenticator, Identity};
pub use caller::{Caller, TENANT_HEADER};
