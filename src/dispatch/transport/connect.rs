//! Connections to sinks: resolves a host, asks the guard about every address, and connects to one that it allows.
//!
//! It must never connect to anything but a checked address: the name is resolved exactly once per connection.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tower_service::Service;

use super::failure::ConnectFailure;
use crate::dispatch::egress::Guard;

/// How long one address may take before the next is tried beside it (RFC 8305 section 5).
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses tried of those a name has.
const MAX_ADDRESSES: usize = 8;

/// The guarded connector.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    guard: Arc<Guard>,
    limit: Duration,
}

impl Connector {
    /// A connector under `guard`, with a time limit for name and connection together.
    pub(super) fn new(guard: Arc<Guard>, limit: Duration) -> Self {
        Self { guard, limit }
    }

    async fn connect(self, uri: Uri) -> Result<TokioIo<TcpStream>, ConnectFailure> {
        self.guard.check_scheme(uri.scheme_str().unwrap_or_default())?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let host = uri.host().unwrap_or_default();
        let connecting = async {
            let addresses = self.addresses(host, port).await?;
            race(addresses).await
        };
        let stream = timeout(self.limit, connecting).await.map_err(|_| ConnectFailure::TimedOut(self.limit.as_millis()))??;
        // Requests are written in one piece and wait for an answer: Nagle could only delay them.
        let _ = stream.set_nodelay(true);
        Ok(TokioIo::new(stream))
    }

    /// The allowed addresses of a host, in the order to try them.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectFailure> {
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let found: Vec<SocketAddr> = match literal {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => tokio::net::lookup_host((host, port)).await.map_err(ConnectFailure::Resolve)?.collect(),
        };
        let mut refusal = ConnectFailure::NoAddress;
        let mut allowed = Vec::with_capacity(found.len());
        for address in found {
            match self.guard.check_address(address.ip()) {
                Ok(()) => allowed.push(address),
                Err(refused) => refusal = refused.into(),
            }
        }
        if allowed.is_empty() { Err(refusal) } else { Ok(interleaved(&allowed)) }
    }
}

/// Families in turn, so that a broken one costs one head start (RFC 8305 section 4).
fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_first_family = |address: &&SocketAddr| address.is_ipv6() == addresses[0].is_ipv6();
    let (first, second): (Vec<&SocketAddr>, Vec<&SocketAddr>) = addresses.iter().partition(is_first_family);
    let mut ordered = Vec::with_capacity(addresses.len());
    for position in 0..first.len().max(second.len()) {
        ordered.extend(first.get(position).into_iter().chain(second.get(position)).map(|address| **address));
    }
    ordered.truncate(MAX_ADDRESSES);
    ordered
}

/// Connects to the first address that takes the connection; each next one starts a little later or when one fails.
async fn race(addresses: Vec<SocketAddr>) -> Result<TcpStream, ConnectFailure> {
    let mut waiting = addresses.into_iter();
    let mut trying = FuturesUnordered::new();
    let mut failure = ConnectFailure::NoAddress;
    loop {
        match waiting.next() {
            Some(address) => trying.push(async move { (address, TcpStream::connect(address).await) }),
            None if trying.is_empty() => return Err(failure),
            None => {}
        }
        let has_next = waiting.len() > 0;
        tokio::select! {
            Some((address, connected)) = trying.next() => match connected {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = ConnectFailure::Unreachable(address, error),
            },
            () = sleep(HEAD_START), if has_next => {}
        }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(uri).await.map_err(io::Error::other) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Egress;

    fn connector(is_dev: bool) -> Connector {
        let egress = Egress { allow: Vec::new(), allow_http: true };
        Connector::new(Arc::new(Guard::new(&egress, is_dev)), Duration::from_secs(5))
    }

    #[test]
    fn address_families_take_turns() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let given = [address("[2606::1]:1"), address("[2606::2]:1"), address("1.1.1.1:1")];
        assert_eq!(interleaved(&given), [given[0], given[2], given[1]]);
    }

    #[tokio::test]
    async fn names_and_literals_of_inner_addresses_are_refused() {
        for host in ["localhost", "127.0.0.1", "[::1]", "[::ffff:7f00:1]", "169.254.169.254"] {
            let refused = connector(false).addresses(host, 80).await;
            assert!(matches!(refused, Err(ConnectFailure::Refused(_))), "{host}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn a_refused_address_falls_back_to_the_next() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = {
            let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            gone.local_addr().unwrap()
        };
        let open = listener.local_addr().unwrap();
        assert_eq!(race(vec![closed, open]).await.unwrap().peer_addr().unwrap(), open);
        assert!(matches!(race(vec![closed]).await, Err(ConnectFailure::Unreachable(..))));
    }
}
