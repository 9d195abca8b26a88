//! The front of group commit: a bounded queue of requests that wait for their commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::config;
use crate::domain::clock::Timestamp;
use crate::domain::event::Event;
use crate::domain::id::{EventId, ProducerId};
use crate::domain::tenant::TenantName;
use crate::metrics;

/// One request's events, parsed and authorised.
#[derive(Debug)]
pub struct Request {
    /// Whose they are.
    pub tenant: TenantName,
    /// The events; a batch is atomic.
    pub events: Vec<Event>,
    /// The `traceparent` header of the request, if valid.
    pub traceparent: Option<String>,
    /// The signed message they came as: its producer, a digest of its identifier and timestamp, and until when it verifies.
    pub replay: Option<(ProducerId, [u8; 16], Timestamp)>,
}

/// What was made of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The event's identifier; the first one's if it is a duplicate.
    pub id: EventId,
    /// Whether its key was accepted before.
    pub is_duplicate: bool,
    /// How many deliveries it got now.
    pub delivery_count: usize,
}

/// Why a request was not accepted. Nothing of it was, unless it is [`AcceptError::Unavailable`], which leaves that unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// Too much waits for its commit.
    #[error("too many events wait to be committed")]
    Full {
        /// When to try again.
        retry_after: Duration,
    },
    /// The signed message was accepted before.
    #[error("this signed message was accepted before")]
    Replayed,
    /// The database is not available, or this node is stopping.
    #[error("events can't be stored right now")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
}

impl AcceptError {
    pub(super) const UNAVAILABLE: Self = Self::Unavailable { retry_after: Duration::from_secs(2) };
    const FULL: Self = Self::Full { retry_after: Duration::from_secs(1) };
}

/// A request in the queue.
pub(super) struct Waiting {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Result<Vec<Receipt>, AcceptError>>,
    /// Dropped when the request is answered: the room it takes in the queue.
    _room: Room,
}

/// The accepting side of a node. Cheap to clone; it works as long as its [`super::Writer`] runs.
#[derive(Debug, Clone)]
pub struct Acceptor {
    queue: mpsc::UnboundedSender<Waiting>,
    load: Arc<Load>,
    metrics: Arc<metrics::Accept>,
}

/// How much waits, and how much may.
#[derive(Debug)]
struct Load {
    requests: AtomicUsize,
    bytes: AtomicUsize,
    max_requests: usize,
    max_bytes: usize,
}

/// Room taken in the queue, given back when dropped.
struct Room {
    load: Arc<Load>,
    bytes: usize,
}

impl Acceptor {
    pub(super) fn new(config: &config::Accept, metrics: Arc<metrics::Accept>) -> (Self, mpsc::UnboundedReceiver<Waiting>) {
        // The queue itself is unbounded because `Load` bounds it, by bytes as well as by number.
        let (queue, waiting) = mpsc::unbounded_channel();
        let load = Load {
            requests: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            max_requests: config.max_queued_requests,
            max_bytes: config.max_queued_bytes,
        };
        (Self { queue, load: Arc::new(load), metrics }, waiting)
    }

    /// Accepts a request: answers after its events and all their deliveries are committed.
    ///
    /// # Errors
    /// Why it was not accepted.
    pub async fn accept(&self, request: Request) -> Result<Vec<Receipt>, AcceptError> {
        if request.events.is_empty() {
            return Ok(Vec::new());
        }
        let began = Instant::now();
        let bytes = request.events.iter().map(|event| event.body().len()).sum();
        let room = Room::take(&self.load, bytes).ok_or(AcceptError::FULL)?;
        let (answer, answered) = oneshot::channel();
        self.queue.send(Waiting { request, answer, _room: room }).map_err(|_| AcceptError::UNAVAILABLE)?;
        let answer = answered.await.unwrap_or(Err(AcceptError::UNAVAILABLE));
        if answer.is_ok() {
            self.metrics.took(began.elapsed());
        }
        answer
    }

    /// How many requests wait for their commit, and the bytes of their events.
    pub fn waiting(&self) -> (usize, usize) {
        (self.load.requests.load(Ordering::Relaxed), self.load.bytes.load(Ordering::Relaxed))
    }
}

impl Room {
    fn take(load: &Arc<Load>, bytes: usize) -> Option<Self> {
        let requests = load.requests.fetch_add(1, Ordering::Relaxed);
        let queued = load.bytes.fetch_add(bytes, Ordering::Relaxed);
        let room = Self { load: Arc::clone(load), bytes };
        // An empty queue takes any one request, or a body over the bound could never be accepted.
        let has_room = requests < load.max_requests && (queued == 0 || queued + bytes <= load.max_bytes);
        has_room.then_some(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.load.requests.fetch_sub(1, Ordering::Relaxed);
        self.load.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
