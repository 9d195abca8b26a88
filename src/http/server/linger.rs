//! Reading on when an answer comes before the end of a long body.
//!
//! A connection that is closed while its peer still sends is reset, and a peer whose sending fails may never look at the answer that
//! lies ready for it (RFC 9112 section 9.6). So what is left of a body that nobody wanted is read and thrown away for a moment, beside
//! the answer. Short bodies pay nothing: they have left the peer before it looks.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{Request, Version, header};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// Bodies up to this size fit into the buffers on the way.
const SHORT: u64 = 64 * 1024;

/// How long the peer may be silent before nobody listens any more.
const SILENCE: Duration = Duration::from_millis(500);

/// How long anybody listens at all: the most that a peer can hold its connection with a refused body.
const LIMIT: Duration = Duration::from_secs(2);

/// The request for the router. Its body lingers if it may be long; one that the peer holds back until it is asked for
/// (`Expect: 100-continue`) was never sent.
pub(super) fn request(request: Request<Incoming>) -> Request<Body> {
    let is_short = request.body().size_hint().upper().is_some_and(|bytes| bytes <= SHORT);
    // A stream of HTTP/2 ends by itself, whatever becomes of the others.
    if is_short || request.version() == Version::HTTP_2 || request.headers().contains_key(header::EXPECT) {
        return request.map(Body::new);
    }
    request.map(|body| Body::new(Lingering(Some(body))))
}

/// A body that is read to its end, if somebody is there to run that.
struct Lingering(Option<Incoming>);

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.0 = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(LIMIT, discard(body)));
        }
    }
}

/// Reads until the end, an error or silence.
async fn discard(mut body: Incoming) {
    while let Ok(Some(Ok(_))) = tokio::time::timeout(SILENCE, body.frame()).await {}
}
