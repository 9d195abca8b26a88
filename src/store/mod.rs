//! What Waypost remembers, as a list of promised transitions.
//!
//! [`Store`] is the port; [`sql`] is its one implementation, for SQLite and Postgres. No transaction, connection or row crosses
//! it, and none stays open across an HTTP call. [`Directory`] is the snapshot of all subscriptions that routing and dispatch share.

mod accept;
mod depth;
mod directory;
mod error;
mod forward;
mod holdings;
mod identity;
mod jobs;
mod measured;
mod news;
mod outbox;
mod port;
mod query;
mod retention;
mod revision;
mod sink;
pub mod sql;
mod stats;

pub use accept::{AcceptBatch, Accepting, NewDelivery, Placement, Settled, Submission, SubmissionResult};
pub use depth::{Mark, Portion};
pub use directory::{Directory, SharedDirectory};
pub use error::{Conflict, StoreError};
pub use forward::{Forward, ForwardReport, ForwardState, ForwardThen, LeasedForward};
pub use holdings::{Following, Holdings, Pool};
pub use identity::Identity;
pub use jobs::{ClaimedJob, DueJob, JobChange, JobClaim, JobEnd, JobFilter, JobStep, Opening, Past, Standing, Stepped};
pub use measured::Measured;
pub use news::{News, NewsBox};
pub use outbox::{Claim, DueLane, Lease, Leased, Recorded, Report, Resolution, SinkPause};
pub use port::Store;
pub use query::{DeadLetterFilter, DeadLetterGroup, DeliveryDetail, DeliveryFilter, EventFilter, EventRow, GroupBy, StoredEvent};
pub use retention::{Deleted, Deletion, OldEvent, Turned};
pub use revision::{Revision, RoutingHistory};
pub use sink::HealthChange;
pub use stats::{Flush, StatsBucket, StatsBuffer, StatsPoint, StatsRow, StatsWidth};
