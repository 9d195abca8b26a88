//! Why an exchange failed, in the field's words. Texts name host and port, never a path, a query or a header's value.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use crate::dispatch::egress::Refusal;
use crate::domain::delivery::ErrorClass;

/// Why no connection was made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectFailure {
    /// The name could not be resolved.
    #[error("the name could not be resolved")]
    Resolve(#[source] io::Error),
    /// The name has no address.
    #[error("the name has no address")]
    NoAddress,
    /// The guard does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No address took the connection; the last one's reason.
    #[error("{0} did not take the connection")]
    Unreachable(SocketAddr, #[source] io::Error),
    /// The time limit for connections passed.
    #[error("no connection was made within {0} ms")]
    TimedOut(u128),
}

impl ConnectFailure {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Resolve(_) | Self::NoAddress => ErrorClass::Dns,
            Self::Refused(_) => ErrorClass::Blocked,
            Self::Unreachable(..) => ErrorClass::Connect,
            Self::TimedOut(_) => ErrorClass::Timeout,
        }
    }
}

/// The class of an error of the client, and its text.
pub(super) fn of_client(error: &hyper_util::client::legacy::Error, authority: &str) -> (ErrorClass, String) {
    let class = match find::<ConnectFailure>(error) {
        Some(failure) => failure.class(),
        // Beyond our own connector a connection is only wrapped in TLS.
        None if error.is_connect() => ErrorClass::Tls,
        None => ErrorClass::Protocol,
    };
    (class, describe(error, authority))
}

/// The text of any error: its chain of causes, each said once.
pub(super) fn describe(error: &(dyn Error + 'static), authority: &str) -> String {
    let mut text = authority.to_owned();
    for cause in chain(error) {
        let said = cause.to_string();
        if !text.contains(&said) && said != "client error (Connect)" {
            text.push_str(": ");
            text.push_str(&said);
        }
    }
    text
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

/// An error and its causes. `io::Error` hides what it wraps from `source`, so it is looked into.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&current| cause(current))
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
