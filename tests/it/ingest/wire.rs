//! Requests written byte by byte, for what no client would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::server::{KEY, TestServer};

/// How long an answer, or the end of a connection, may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub(super) struct Wire(TcpStream);

impl Wire {
    /// Connects to a node.
    pub(super) async fn connect(server: &TestServer) -> Self {
        let base = server.base();
        Self(TcpStream::connect(base.trim_start_matches("http://")).await.unwrap())
    }

    /// Connects and sends the head of a `POST /v1/events` of the administrator, with these header lines.
    pub(super) async fn post(server: &TestServer, headers: &str) -> Self {
        let mut wire = Self::connect(server).await;
        wire.send(&format!("POST /v1/events HTTP/1.1\r\nhost: waypost\r\n{}{headers}\r\n", Self::administrator())).await;
        wire
    }

    /// The header line of the administrator's credential.
    pub(super) fn administrator() -> String {
        format!("authorization: Bearer {KEY}\r\n")
    }

    /// Sends some text. A connection that was closed meanwhile is no failure: the answer tells.
    pub(super) async fn send(&mut self, text: &str) {
        let _ = self.0.write_all(text.as_bytes()).await;
    }

    /// Sends some text, or says that the connection was closed.
    pub(super) async fn try_send(&mut self, text: &str) -> std::io::Result<()> {
        self.0.write_all(text.as_bytes()).await
    }

    /// What comes until the connection ends.
    pub(super) async fn rest(&mut self) -> String {
        let mut received = Vec::new();
        let reading = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut received));
        let _ = reading.await.expect("the connection ends in time");
        String::from_utf8(received).unwrap()
    }

    /// What comes until the text `end` does.
    pub(super) async fn until(&mut self, end: &str) -> String {
        let mut received = String::new();
        let reading = async {
            while !received.contains(end) {
                let mut buffer = [0; 4096];
                let count = self.0.read(&mut buffer).await.unwrap();
                assert!(count > 0, "the connection ended after {received:?}");
                received.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("the answer comes in time");
        received
    }
}
