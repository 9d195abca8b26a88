//! The producer: posts numbered events over kept connections, in a closed loop or at a fixed rate, and times the answers.
//!
//! `producer ORDER` takes an [`Order`] as JSON and prints a [`Report`] as one line of it. In a closed loop each connection posts its
//! next request when the one before was answered. At a fixed rate, latency counts from the moment a request was due, so that a
//! server that stalls can't hide it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use http::Request;
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::adapter::{Adapter, Call};
use crate::api::TENANT;
use crate::connection::Connection;
use crate::statistics::{Percentiles, real, real_size};
use crate::{Result, message};

/// What it is to post.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Whose API it posts to. Only Waypost's knows batches and tenants.
    pub(crate) adapter: Adapter,
    /// The credential.
    pub(crate) key: String,
    /// Servers; the nth connection goes to the nth of them, and to the next when that one is gone.
    pub(crate) addresses: Vec<String>,
    pub(crate) tenant: String,
    pub(crate) connections: usize,
    /// The number of the first event.
    pub(crate) first: usize,
    /// Events, a multiple of `batch`.
    pub(crate) count: usize,
    /// Events in one request.
    pub(crate) batch: usize,
    /// Requests a second; 0 is a closed loop.
    pub(crate) rate: u32,
    /// Types of events, in turn; 0 posts small events that no sink counts.
    pub(crate) topics: usize,
}

/// What it measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) accepted: usize,
    /// Answers of 429 and 503; the request was made again.
    pub(crate) refused: usize,
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    /// Of requests.
    pub(crate) latency: Percentiles,
}

impl Report {
    /// Events accepted a second.
    pub(crate) fn per_s(&self) -> f64 {
        real_size(self.accepted) * 1e6 / real(self.last_at - self.first_at)
    }
}

/// What all connections share.
struct Posting {
    order: Order,
    authorization: String,
    begun: Instant,
    /// Requests made or under way, of each server: it gets every nth.
    next: Vec<AtomicUsize>,
    refused: AtomicUsize,
}

/// The role.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [order] = arguments else { return Err("usage: producer ORDER".into()) };
    let order: Order = serde_json::from_str(order)?;
    let report = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(post_all(order))?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

async fn post_all(order: Order) -> Result<Report> {
    let (first_at, batch, connections, nodes) = (message::now(), order.batch, order.connections, order.addresses.len());
    let posting = Arc::new(Posting {
        authorization: format!("Bearer {}", order.key),
        order,
        begun: Instant::now(),
        next: (0..nodes).map(|_| AtomicUsize::new(0)).collect(),
        refused: AtomicUsize::new(0),
    });
    let mut connected = JoinSet::new();
    for connection in 0..connections {
        connected.spawn(post(Arc::clone(&posting), connection % nodes));
    }
    let mut latencies = Vec::new();
    while let Some(done) = connected.join_next().await {
        latencies.extend(done??);
    }
    Ok(Report {
        accepted: latencies.len() * batch,
        refused: posting.refused.load(Ordering::Relaxed),
        first_at,
        last_at: message::now(),
        latency: Percentiles::of(latencies),
    })
}

/// Makes the requests of one server over one connection until all are made.
async fn post(posting: Arc<Posting>, node: usize) -> Result<Vec<u32>> {
    let order = &posting.order;
    let mut line = Line { node, connection: Connection::to(&order.addresses[node]) };
    let mut latencies = Vec::new();
    loop {
        let index = posting.next[node].fetch_add(1, Ordering::Relaxed) * posting.next.len() + node;
        if index * order.batch >= order.count {
            return Ok(latencies);
        }
        let due = match order.rate {
            0 => Instant::now(),
            rate => posting.begun + Duration::from_secs(1).mul_f64(real_size(index) / f64::from(rate)),
        };
        tokio::time::sleep_until(due.into()).await;
        line.post_until_accepted(&posting, order.first + index * order.batch).await?;
        latencies.push(u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

/// A connection and the server it goes to.
struct Line {
    node: usize,
    connection: Connection,
}

impl Line {
    async fn post_until_accepted(&mut self, posting: &Posting, number: usize) -> Result<()> {
        let (body, addresses) = (posting.order.body(number), &posting.order.addresses);
        let mut lost = 0;
        loop {
            match self.connection.send(posting.request(&addresses[self.node], number, body.clone())?).await {
                Ok((202, _)) => return Ok(()),
                Ok((429 | 503, _)) => {
                    posting.refused.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Ok((status, body)) => return Err(format!("answered {status}: {}", String::from_utf8_lossy(&body)).into()),
                // The event is posted again elsewhere, under the same key: whether it was accepted before makes no difference.
                Err(_) if lost + 1 < addresses.len() => {
                    lost += 1;
                    self.node = (self.node + 1) % addresses.len();
                    self.connection = Connection::to(&addresses[self.node]);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Posting {
    fn request(&self, address: &str, number: usize, body: Bytes) -> Result<Request<Full<Bytes>>> {
        if self.order.adapter != Adapter::Waypost {
            let Call { method, path, content_type, body } = self.order.adapter.post(number, &message::topic(0), &body);
            let request = Request::builder().method(method).uri(path).header("host", address);
            let request = request.header("authorization", &self.authorization).header("content-type", content_type);
            return Ok(request.body(Full::new(body.into()))?);
        }
        let Order { tenant, batch, .. } = &self.order;
        let mut request = Request::post("/v1/events").header("host", address).header("authorization", &self.authorization);
        if tenant != TENANT {
            request = request.header("waypost-tenant", tenant);
        }
        let content_type = if *batch == 1 { "application/cloudevents+json" } else { "application/cloudevents-batch+json" };
        Ok(request.header("content-type", content_type).body(Full::new(body))?)
    }
}

impl Order {
    /// The body with the event of that number, or with the batch that begins with it.
    fn body(&self, number: usize) -> Bytes {
        if self.batch == 1 {
            return Bytes::from(self.event(number));
        }
        let mut body = BytesMut::with_capacity(self.batch * (message::SIZE + 1));
        for number in number..number + self.batch {
            body.put_u8(if body.is_empty() { b'[' } else { b',' });
            body.put_slice(&self.event(number));
        }
        body.put_u8(b']');
        body.freeze()
    }

    fn event(&self, number: usize) -> Vec<u8> {
        if self.topics == 0 { message::small(number) } else { message::event(number, message::now(), self.topics) }
    }
}
