//! The accept loop: sockets in, requests to the router, bounded in number, headers and time.
//!
//! `axum::serve` is not used: it sets no timer, so hyper's limit for slow headers would do nothing. [`connection`] drives one
//! connection, [`door`] is what every request passes on its way to the router, [`linger`] what
//! becomes of a body that nobody reads.

mod connection;
mod door;
mod linger;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::connection::Connections;
use self::door::Door;
use crate::config;
use crate::http::meter::Meter;

/// The pause after a failed accept. What fails is mostly a lack of file descriptors, and trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// A bound server that does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    config: config::Server,
}

impl Server {
    /// Takes the address that is configured.
    ///
    /// # Errors
    /// If it can't be had.
    pub async fn bind(config: &config::Server) -> io::Result<Self> {
        let listener = TcpListener::bind(&config.listen).await?;
        Ok(Self { listener, config: config.clone() })
    }

    /// The address it listens on, with the port that was picked if port 0 was asked for.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is cancelled: then it accepts no more connections, finishes the requests that are open within the
    /// grace period and closes what is left.
    pub async fn run(self, router: Router, meter: Arc<Meter>, stop: CancellationToken) {
        let grace_period = Duration::from_millis(self.config.grace_period_ms);
        let mut open = JoinSet::new();
        self.accept_until(&stop, router, meter, &mut open).await;
        let drained = tokio::time::timeout(grace_period, async { while open.join_next().await.is_some() {} });
        if drained.await.is_err() {
            tracing::warn!(connection_count = open.len(), "closing connections whose requests outlasted the grace period");
            open.shutdown().await;
        }
    }

    /// The accept loop. The listener is dropped when it ends, so that later connections are refused.
    async fn accept_until(self, stop: &CancellationToken, router: Router, meter: Arc<Meter>, open: &mut JoinSet<()>) {
        let door = Door::new(router, meter, &self.config);
        let connections = Arc::new(Connections::new(&self.config, door, stop.clone()));
        let permits = Arc::new(Semaphore::new(self.config.max_connections));
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(_) = open.join_next(), if !open.is_empty() => {}
                (stream, permit) = self.accept(&permits) => {
                    let connections = connections.clone();
                    open.spawn(async move {
                        connections.serve(stream).await;
                        drop(permit);
                    });
                }
            }
        }
    }

    /// The next connection and the room it takes. While there is no room, connections wait in the system's backlog.
    async fn accept(&self, permits: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
        let permit = permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return (stream, permit),
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "can't accept connections");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Whether the error is only about the connection that was to be accepted.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
