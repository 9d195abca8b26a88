//! Who a caller is and what it may do: API keys, JSON Web Tokens (DESIGN 5), and sessions of the dashboard.
//!
//! [`Caller`] is the extractor that handlers take; there is no other way to a tenant. Failures are 401 with what failed, never
//! with what would have been right.

pub mod api_key;
mod authenticator;
mod bearer;
mod caller;
pub mod jwt;
pub mod session;
mod sign_in;

pub use authenticator::{Authenticator, Identity};
pub use caller::{Caller, TENANT_HEADER};
pub use sign_in::SignInTokens;
