//! What goes into and comes out of a job's steps.

use crate::domain::clock::Timestamp;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::{DeliveryId, EventId, JobId, NodeId, SubscriptionId};
use crate::domain::job::{Job, JobFailure, JobState, Progress};
use crate::domain::tenant::TenantName;

/// Which jobs are searched for. Every member narrows the search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// In this state.
    pub state: Option<JobState>,
    /// For this subscription.
    pub subscription_id: Option<SubscriptionId>,
}

/// A request for a job that is due.
#[derive(Debug, Clone, Copy)]
pub struct JobClaim {
    /// Who asks.
    pub node: NodeId,
    /// The time: only a job due by now is given.
    pub now: Timestamp,
    /// When the lease ends, if its step was not recorded until then.
    pub until: Timestamp,
}

/// What there is to do.
#[derive(Debug, Clone)]
pub enum DueJob {
    /// This one.
    Claimed(Box<ClaimedJob>),
    /// Nothing now: the next job is due then, if there is one.
    None(Option<Timestamp>),
}

/// A job whose next step this node makes.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    /// The job.
    pub job: Job,
    /// The value the row must still hold when the step is recorded.
    pub token: i64,
    /// The deliveries that it opened and that nobody had tried at its last step.
    pub unattempted: Vec<DeliveryId>,
    /// Before this moment its rate lets it open nothing.
    pub opens_at: Timestamp,
}

/// Past events to be looked at, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Accepted at or after this moment.
    pub after: Timestamp,
    /// Accepted before this moment.
    pub before: Timestamp,
    /// Those after this one.
    pub position: Option<EventId>,
}

/// A step that was made: what it opens is written and the job goes on behind it, in one transaction.
#[derive(Debug, Clone)]
pub struct JobStep {
    /// The job.
    pub id: JobId,
    /// The token it was claimed under.
    pub token: i64,
    /// Whose it is.
    pub tenant: TenantName,
    /// The subscription whose deliveries are opened.
    pub subscription_id: SubscriptionId,
    /// What is opened, each for another event.
    pub opens: Vec<Opening>,
    /// What the job has done by then, without `opens`.
    pub progress: Progress,
    /// Deliveries of earlier steps that nobody has tried yet.
    pub unattempted: Vec<DeliveryId>,
    /// Before this moment nothing more is opened.
    pub opens_at: Timestamp,
    /// When the next step is due.
    pub due_at: Timestamp,
    /// How the job ended, if it did.
    pub end: Option<JobEnd>,
    /// The time.
    pub now: Timestamp,
}

/// How a job ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// Everything was looked at.
    Completed,
    /// It can't go on.
    Failed(JobFailure),
}

impl JobEnd {
    /// The state it leaves the job in.
    #[must_use]
    pub const fn state(self) -> JobState {
        match self {
            Self::Completed => JobState::Completed,
            Self::Failed(_) => JobState::Failed,
        }
    }

    /// Why the job failed, if it did.
    #[must_use]
    pub const fn failure(self) -> Option<JobFailure> {
        match self {
            Self::Completed => None,
            Self::Failed(failure) => Some(failure),
        }
    }
}

/// A delivery that a step opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// A new one of this event.
    Create(EventId),
    /// One that was delivered, is dead or cancelled.
    Reopen(DeliveryId),
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// It is recorded. Others may have opened some of it at the same moment: those are not counted.
    Done {
        /// Deliveries created.
        created: u64,
        /// Deliveries opened again.
        reopened: u64,
    },
    /// The job was paused, cancelled or taken over meanwhile: nothing was written.
    LeaseLost,
}

/// What a person does to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobChange {
    /// Holds it.
    Pause,
    /// Lets it go on.
    Resume,
    /// Ends it.
    Cancel,
}

impl JobChange {
    /// The state it leads to.
    #[must_use]
    pub const fn leads_to(self) -> JobState {
        match self {
            Self::Pause => JobState::Paused,
            Self::Resume => JobState::Running,
            Self::Cancel => JobState::Cancelled,
        }
    }
}

/// The delivery of an event to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The event.
    pub event_id: EventId,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Its state.
    pub state: DeliveryState,
}
