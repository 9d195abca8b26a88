//! One kept HTTP/1.1 connection, as bare as hyper has it.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Result;

/// A connection that is made again when the other side closed it.
pub(crate) struct Connection {
    address: String,
    sender: Option<SendRequest<Full<Bytes>>>,
    driver: JoinSet<()>,
}

impl Connection {
    /// A connection to `address`, made with the first request.
    pub(crate) fn to(address: &str) -> Self {
        Self { address: address.to_owned(), sender: None, driver: JoinSet::new() }
    }

    /// Sends a request, reads the whole answer and gives back its status and body.
    pub(crate) async fn send(&mut self, request: http::Request<Full<Bytes>>) -> Result<(u16, Bytes)> {
        let sender = self.sender().await?;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, body))
    }

    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>> {
        if self.sender.as_ref().is_none_or(SendRequest::is_closed) {
            let stream = TcpStream::connect(&self.address).await?;
            stream.set_nodelay(true)?;
            let (sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            self.driver.spawn(async move {
                // The request that fails says why.
                let _ = driver.await;
            });
            self.sender = Some(sender);
        }
        self.sender.as_mut().ok_or_else(|| "no connection".into())
    }
}
