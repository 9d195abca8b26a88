//! The port: everything the rest of Waypost may ask of its database.
//!
//! Each method is one atomic transition or one consistent look. What is promised stands before the signature, and the
//! conformance suite in `tests/it/store/` holds both databases to it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{
    AcceptBatch, Claim, DeadLetterFilter, DeadLetterGroup, Deletion, DeliveryDetail, DeliveryFilter, Directory, DueJob, DueLane,
    EventFilter, EventRow, ForwardReport, GroupBy, HealthChange, Holdings, Identity, JobChange, JobClaim, JobFilter, JobStep,
    Lease, Leased, LeasedForward, Mark, NewsBox, OldEvent, Past, Portion, Recorded, Report, Revision, RoutingHistory, Settled,
    SinkPause, Standing, StatsBucket, StatsPoint, StatsRow, StatsWidth, Stepped, StoreError, StoredEvent, Turned,
};
use crate::domain::breaker::Health;
use crate::domain::clock::Timestamp;
use crate::domain::credential::{ApiKey, KeyHash, Reach, Session};
use crate::domain::crew::Crew;
use crate::domain::delivery::Delivery;
use crate::domain::event::Accepted;
use crate::domain::id::{ApiKeyId, DeliveryId, EventId, JobId, NodeId, ProducerId, SubscriptionId};
use crate::domain::job::Job;
use crate::domain::page::{Page, PageRequest};
use crate::domain::producer::Producer;
use crate::domain::retention::Retention;
use crate::domain::shard::ShardNumber;
use crate::domain::subscription::{DisabledReason, Subscription};
use crate::domain::tenant::{Tenant, TenantName};

type Result<T> = std::result::Result<T, StoreError>;

/// Waypost's memory. Cheap to share; every method may be called from many tasks at once.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // ── The outbox: the path of an event ──────────────────────────────────────────────────────────────────────────────

    /// Accepts a batch: events, event keys and deliveries are committed in one durable transaction, or nothing is.
    ///
    /// If the routing version differs from the batch's, nothing is written and [`Settled::Stale`] says so. An event whose key
    /// was accepted since `keys_since` is not written again; the first event's identifier is given instead, within the batch
    /// too. Uniqueness is an index: of two callers that post one key at once, on any nodes, exactly one is told that it is new.
    /// A submission whose `replay` digest was accepted before is left out whole. [`StoreError::Unavailable`] may leave unknown
    /// whether the batch was committed; posting the same keys again is safe.
    async fn accept(&self, batch: &AcceptBatch) -> Result<Settled>;

    /// Leases due deliveries of the lanes named: earliest first within a lane, never more than the lane asked for. They become
    /// `in_flight`, owned by the node, under a token that no earlier holder knows. Two callers never get the same delivery.
    async fn claim(&self, claim: &Claim) -> Result<Vec<Leased>>;

    /// The subscriptions that have pending deliveries, and when the earliest of each is due. At most `limit`, those after
    /// `after` in identifier order: call again with the last one to see the rest.
    async fn due_lanes(&self, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<DueLane>>;

    /// Records what came of leased deliveries: each attempt with its delivery's new state, all in one transaction, one answer
    /// per report in order. A report whose token is no longer the row's changes nothing and is answered
    /// [`Recorded::LeaseLost`]. A death with a `forward` is due to be sent on from then. `pauses` are kept with the lanes, the later moment winning.
    async fn record(&self, reports: &[Report], pauses: &[SinkPause], now: Timestamp) -> Result<Vec<Recorded>>;

    /// Gives leased deliveries back untried: `pending`, due at `now`, no attempt counted. Says how many; leases already lost are passed
    /// over.
    async fn release(&self, leases: &[Lease], now: Timestamp) -> Result<u64>;

    /// Says that a node is alive until `expires_at`, and which of the nodes alive at `now` it is.
    async fn heartbeat(&self, node: NodeId, now: Timestamp, expires_at: Timestamp) -> Result<Crew>;

    /// Forgets a node that stops in good order; what it still holds is reclaimable at once.
    async fn retire_node(&self, node: NodeId) -> Result<()>;

    /// Makes up to `limit` deliveries `pending` whose owner is not alive at `now`, and says how many they were. Their tokens
    /// grow, so that a late report of the old owner is refused. Also forgets nodes that are not alive. After an accept or claim
    /// whose answer got lost, what it leased and nobody was told of is taken back too, within seconds.
    async fn reclaim(&self, now: Timestamp, limit: u32) -> Result<u64>;

    /// Deletes up to `limit` event keys accepted before `keys_before` and replay digests that ended before `now`; says how many
    /// rows went. Fewer than `limit` means that the rest may wait: some of the keys were looked at, the next call looks at others.
    async fn prune(&self, now: Timestamp, keys_before: Timestamp, limit: u32) -> Result<u64>;

    // ── News between nodes ────────────────────────────────────────────────────────────────────────────────────────────
    // The transitions above and below note by themselves what other nodes would find only by looking. These two carry it.

    /// Waits until this node did something that others should know of, and tells them. To be called again and again: what
    /// comes between two calls is told together. News that could not be told is lost, and found by looking. Where nobody is to
    /// be told it never returns.
    async fn spread_news(&self, node: NodeId) -> Result<()>;

    /// Puts what other nodes tell into `inbox`, first [`super::News::of_everything`], until the connection is lost. Never what `node`
    /// told itself. Where nobody tells anything it never returns.
    async fn hear_news(&self, node: NodeId, inbox: &NewsBox) -> Result<()>;

    // ── Forwards: dead letters on their way to a dead-letter sink; written by `record` ─────────────────────────────────

    /// The subscriptions that have pending forwards, and when the earliest of each is due. At most `limit`, those after `after` in
    /// identifier order: call again with the last one to see the rest.
    async fn due_forwards(&self, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<(SubscriptionId, Timestamp)>>;

    /// Leases up to `limit` forwards of a subscription that are due at `now`, earliest first, until `until`: then they are due
    /// again, unless what came of them was recorded. Two callers never get the same one before that.
    async fn claim_forwards(
        &self,
        id: SubscriptionId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<LeasedForward>>;

    /// Records what came of a leased forward. One that was leased again, purged, or replaced by a later death is answered
    /// [`Recorded::LeaseLost`], and nothing is written.
    async fn record_forward(&self, report: &ForwardReport, now: Timestamp) -> Result<Recorded>;

    // ── Sinks in trouble: those that are well are not kept ─────────────────────────────────────────────────────────────

    /// Sinks in trouble. At most `limit`, those after `after` in identifier order: call again with the last one to see the rest.
    async fn sinks_in_trouble(&self, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<(SubscriptionId, Health)>>;

    /// The health of the sinks of these subscriptions, of those that are in trouble, in no order.
    async fn sink_health(&self, ids: &[SubscriptionId]) -> Result<Vec<(SubscriptionId, Health)>>;

    /// Writes what became of sinks, all in one transaction, and says of each change whether it was written: not if somebody
    /// changed the sink's health since it was read. Of two callers at once exactly one is told that it was.
    async fn put_sink_health(&self, changes: &[HealthChange]) -> Result<Vec<bool>>;

    // ── Rate limits ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Reserves so much of each subscription's bucket, as the time it takes to fill again, and says when each would have been full
    /// without that, in order: `now`, or later if others reserved before. Of two callers at once, on any nodes, the second one's part
    /// follows the first one's.
    async fn reserve_slots(&self, wanted: &[(SubscriptionId, Duration)], now: Timestamp) -> Result<Vec<Timestamp>>;

    // ── Subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────────
    // Every change raises the routing version in the same transaction.

    /// The routing version now.
    async fn routing_version(&self) -> Result<i64>;

    /// Every subscription that is not deleted, and the routing version they are the state of: one consistent look.
    async fn load_directory(&self) -> Result<Directory>;

    /// Stores a new subscription.
    async fn create_subscription(&self, subscription: &Subscription) -> Result<()>;

    /// One subscription of a tenant. [`StoreError::NotFound`] if it is deleted or another tenant's.
    async fn subscription(&self, tenant: &TenantName, id: SubscriptionId) -> Result<Subscription>;

    /// A tenant's subscriptions, newest first.
    async fn subscriptions(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Subscription>>;

    /// Replaces a subscription by what it is now: spec, status and secrets. `read_at` is the `updated_at` the change was
    /// computed from: if somebody changed it since, nothing is written and the answer is [`super::Conflict::State`].
    async fn update_subscription(&self, subscription: &Subscription, read_at: Timestamp) -> Result<()>;

    /// Deletes a subscription. Its deliveries stay for the record; those still pending are cancelled by the dispatcher.
    async fn delete_subscription(&self, tenant: &TenantName, id: SubscriptionId, now: Timestamp) -> Result<()>;

    /// Disables a subscription on its sink's wish. Nothing happens if it is deleted or disabled already.
    async fn disable_subscription(&self, id: SubscriptionId, reason: DisabledReason, now: Timestamp) -> Result<()>;

    /// A tenant's subscriptions as they were at a routing version, newest first; those not yet created or deleted by then are
    /// absent. Of each subscription the newest [`Revision::MAX_KEPT`] revisions are kept: older ones are absent too.
    async fn routing_at(&self, tenant: &TenantName, version: i64, page: PageRequest) -> Result<Page<Revision>>;

    /// All that is kept of one subscription's life, of a deleted one too. Only changes that routing sees make a revision.
    /// [`StoreError::NotFound`] if the tenant never had it.
    async fn routing_history(&self, tenant: &TenantName, id: SubscriptionId) -> Result<RoutingHistory>;

    // ── Handshakes with sinks ─────────────────────────────────────────────────────────────────────────────────────────
    // A handshake begins and ends with its subscription: creating and updating one write it too. One that is stored already is
    // replaced only by one that began later, so that an owner's change never undoes what was heard of the sink meanwhile.

    /// One subscription, whoever's it is: for who comes with a secret instead of a tenant. [`StoreError::NotFound`] if it is deleted.
    async fn any_subscription(&self, id: SubscriptionId) -> Result<Subscription>;

    /// Up to `limit` subscriptions whose sink is to be asked by `now`, the longest overdue first; none that is disabled or deleted.
    async fn due_handshakes(&self, now: Timestamp, limit: u32) -> Result<Vec<Subscription>>;

    /// Writes what became of a handshake, and the status if that follows from it: `after` was computed from `before`, which was
    /// read. If the handshake was written since, or the status is to change and the subscription was, nothing is written and the
    /// answer is [`super::Conflict::State`]: of two callers that ask at once exactly one does. The routing version grows only if
    /// there is a difference that routing or dispatch sees.
    async fn put_handshake(&self, before: &Subscription, after: &Subscription, now: Timestamp) -> Result<()>;

    // ── Events and deliveries, as people see them ─────────────────────────────────────────────────────────────────────

    /// A tenant's events that match, newest first.
    async fn events(&self, tenant: &TenantName, filter: &EventFilter, page: PageRequest) -> Result<Page<EventRow>>;

    /// One event with its deliveries.
    async fn event(&self, tenant: &TenantName, id: EventId) -> Result<StoredEvent>;

    /// A tenant's deliveries that match, newest first.
    async fn deliveries(&self, tenant: &TenantName, filter: &DeliveryFilter, page: PageRequest) -> Result<Page<Delivery>>;

    /// One delivery with its attempts.
    async fn delivery(&self, tenant: &TenantName, id: DeliveryId) -> Result<DeliveryDetail>;

    /// Opens a finished delivery again: `pending`, due at `now`, with a fresh attempt budget and its whole history.
    /// [`super::Conflict::State`] if it is not finished, and [`super::Conflict::InUse`] if its subscription is gone or disabled.
    async fn redeliver(&self, tenant: &TenantName, id: DeliveryId, now: Timestamp) -> Result<Delivery>;

    /// Cancels a delivery that is not finished; an attempt under way can't be recorded any more. [`super::Conflict::State`] if
    /// it is finished.
    async fn cancel(&self, tenant: &TenantName, id: DeliveryId, now: Timestamp) -> Result<Delivery>;

    /// Does [`Store::redeliver`] for those of the deliveries named that it would not refuse, all in one transaction, and gives
    /// the subscription of each that was opened.
    async fn redeliver_many(&self, tenant: &TenantName, ids: &[DeliveryId], now: Timestamp) -> Result<Vec<SubscriptionId>>;

    /// Does [`Store::cancel`] for those of the deliveries named that it would not refuse, all in one transaction, and says how
    /// many were cancelled.
    async fn cancel_many(&self, tenant: &TenantName, ids: &[DeliveryId], now: Timestamp) -> Result<u64>;

    // ── Dead letters ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// A tenant's dead letters that match, newest first.
    async fn dead_letters(&self, tenant: &TenantName, filter: &DeadLetterFilter, page: PageRequest) -> Result<Page<Delivery>>;

    /// A tenant's dead letters that match, counted; the largest group first, at most 1000 groups.
    async fn dead_letter_groups(
        &self,
        tenant: &TenantName,
        filter: &DeadLetterFilter,
        by: GroupBy,
    ) -> Result<Vec<DeadLetterGroup>>;

    /// Opens up to `limit` matching dead letters again, oldest first, as [`Store::redeliver`] does; those whose subscription is
    /// gone or disabled are passed over. Says how many were opened.
    async fn redrive(&self, tenant: &TenantName, filter: &DeadLetterFilter, now: Timestamp, limit: u32) -> Result<u64>;

    /// How many dead letters [`Store::redrive`] would open if it had no limit.
    async fn count_redrivable(&self, tenant: &TenantName, filter: &DeadLetterFilter) -> Result<u64>;

    /// Deletes up to `limit` matching dead letters with their attempts, oldest first, and says how many went.
    async fn purge(&self, tenant: &TenantName, filter: &DeadLetterFilter, limit: u32) -> Result<u64>;

    // ── Jobs ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    // A job's steps are made by whichever node claims it; its token fences all others, and whoever changes it by hand.

    /// Stores a new job, unless `max_open` of its tenant's are running or paused already ([`super::Conflict::Full`]). Of several
    /// callers at once, on any nodes, no more than that get theirs.
    async fn create_job(&self, job: &Job, max_open: u32) -> Result<()>;

    /// One job of a tenant.
    async fn job(&self, tenant: &TenantName, id: JobId) -> Result<Job>;

    /// A tenant's jobs that match, newest first.
    async fn jobs(&self, tenant: &TenantName, filter: &JobFilter, page: PageRequest) -> Result<Page<Job>>;

    /// Pauses, resumes or cancels a job, and gives it as it is now. Nothing happens if it is in that state already;
    /// [`super::Conflict::State`] if it is finished. A step under way is not recorded any more.
    async fn change_job(&self, tenant: &TenantName, id: JobId, change: JobChange, now: Timestamp) -> Result<Job>;

    /// Leases the running job that has been due for longest, or says when the next one is. Two callers never get the same job
    /// before its lease has ended.
    async fn claim_job(&self, claim: &JobClaim) -> Result<DueJob>;

    /// Records a step, all of it in one transaction: deliveries are created or opened again, `pending` and due at `now`, named
    /// after the job; those that somebody else opened meanwhile are left alone. The job's progress grows by what was opened, and
    /// its lease ends. [`Stepped::LeaseLost`], and nothing is written, if the job is not running or the token not its own any more.
    async fn step_job(&self, step: &JobStep) -> Result<Stepped>;

    /// How many jobs of all tenants are running.
    async fn count_running_jobs(&self) -> Result<u64>;

    /// Deletes up to `limit` jobs that finished before `finished_before`, and says how many went.
    async fn prune_jobs(&self, finished_before: Timestamp, limit: u32) -> Result<u64>;

    /// A tenant's events of the past whose data is there, oldest first, at most `limit`; it is not read with them.
    async fn past_events(&self, tenant: &TenantName, past: &Past, limit: u32) -> Result<Vec<EventRow>>;

    /// Those of the events named that are the tenant's, whole, in no order.
    async fn events_named(&self, tenant: &TenantName, ids: &[EventId]) -> Result<Vec<Accepted>>;

    /// The deliveries of these events to a subscription of the tenant, of those that have one, in no order.
    async fn standings(&self, tenant: &TenantName, id: SubscriptionId, events: &[EventId]) -> Result<Vec<Standing>>;

    /// Those of the deliveries named that wait for the first attempt since they were opened, or have it under way.
    async fn unattempted(&self, ids: &[DeliveryId]) -> Result<Vec<DeliveryId>>;

    // ── Retention ─────────────────────────────────────────────────────────────────────────────────────────────────────
    // Whose limits hold for an event is the caller's to know; the store knows what has not ended.

    /// Whether `node` is the one that deletes what is too old: nobody else is before `until`, unless the node says so again. It spares
    /// nodes doing the same twice; nothing depends on it.
    async fn lead_retention(&self, node: NodeId, now: Timestamp, until: Timestamp) -> Result<bool>;

    /// What tenants say about how long their events are kept, of those that say something.
    async fn retentions(&self) -> Result<Vec<(TenantName, Retention)>>;

    /// Tenants that have events, whether they still exist or not. At most `limit`, those after `after` by name.
    async fn tenants_with_events(&self, after: Option<&TenantName>, limit: u32) -> Result<Vec<TenantName>>;

    /// A tenant's events with an identifier above `after` that was made before `made_before`, oldest first, at most `limit`.
    async fn old_events(
        &self,
        tenant: &TenantName,
        after: Option<EventId>,
        made_before: Timestamp,
        limit: u32,
    ) -> Result<Vec<OldEvent>>;

    /// Deletes those of a tenant's events of which nothing is left to do, with their deliveries, attempts, dead letters and forwards, all
    /// in one transaction. One stays that has a delivery which is pending, in flight or holds up others in its line, or a dead letter
    /// still to be sent on. Event keys stay: one accepted since `keys_since` is remembered without its event;
    /// `None` says that all of them were accepted before what is remembered.
    async fn delete_events(&self, tenant: &TenantName, ids: &[EventId], keys_since: Option<Timestamp>) -> Result<Deletion>;

    /// Empties those of a tenant's events of which nothing is left to do, by the same measure as [`Store::delete_events`] and in one
    /// transaction: their attributes stay, their data goes, and their deliveries can't be opened again. One that is empty already
    /// is passed over.
    async fn expire_data(&self, tenant: &TenantName, ids: &[EventId], now: Timestamp) -> Result<Deletion>;

    /// Makes room for what comes, where events lie in partitions, and drops those in which all was made before `drop_before` and has
    /// ended, with the deliveries, attempts, dead letters and forwards that belong to them. One that can't be dropped now stays whole.
    /// Several callers at once do it once. Where there are no partitions it does nothing.
    async fn turn_partitions(&self, now: Timestamp, drop_before: Option<Timestamp>) -> Result<Turned>;

    // ── Administration ────────────────────────────────────────────────────────────────────────────────────────────────

    /// Says which database of which installation this is: what was said first stays. Of two callers at once both get the same.
    async fn identify(&self, wanted: Identity) -> Result<Identity>;

    /// How many tenants are pinned to each shard, of those that have any.
    async fn tenants_by_shard(&self) -> Result<Vec<(ShardNumber, u64)>>;

    /// Whether anything in this database keeps a tenant from being deleted, whether it is pinned here or not.
    async fn is_tenant_in_use(&self, name: &TenantName) -> Result<bool>;

    /// Creates a tenant, pinned to its shard for ever. [`super::Conflict::Exists`] if there is one of that name,
    /// [`super::Conflict::Pinned`] if there was one on another shard.
    async fn create_tenant(&self, tenant: &Tenant) -> Result<()>;

    /// One tenant.
    async fn tenant(&self, name: &TenantName) -> Result<Tenant>;

    /// All tenants, newest first.
    async fn tenants(&self, page: PageRequest) -> Result<Page<Tenant>>;

    /// Replaces a tenant's description and retention.
    async fn update_tenant(&self, tenant: &Tenant) -> Result<()>;

    /// Deletes a tenant that has no subscriptions, producers or API keys; [`super::Conflict::InUse`] if it has.
    async fn delete_tenant(&self, name: &TenantName) -> Result<()>;

    /// Stores an API key by its hash. [`super::Conflict::Exists`] if that very key is stored already.
    async fn create_api_key(&self, key: &ApiKey, hash: &KeyHash) -> Result<()>;

    /// The API key with that hash, expired or not; `None` if there is none.
    async fn api_key_by_hash(&self, hash: &KeyHash) -> Result<Option<ApiKey>>;

    /// Whether there is any API key at all.
    async fn has_api_keys(&self) -> Result<bool>;

    /// The API keys within a reach, newest first: [`Reach::All`] sees every key.
    async fn api_keys(&self, reach: &Reach, page: PageRequest) -> Result<Page<ApiKey>>;

    /// Revokes an API key within a reach.
    async fn delete_api_key(&self, reach: &Reach, id: ApiKeyId) -> Result<()>;

    /// Stores a producer.
    async fn create_producer(&self, producer: &Producer) -> Result<()>;

    /// One producer, whoever's it is: its own verification decides.
    async fn producer(&self, id: ProducerId) -> Result<Producer>;

    /// A tenant's producers, newest first.
    async fn producers(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Producer>>;

    /// Replaces a producer's name and secrets.
    async fn update_producer(&self, producer: &Producer) -> Result<()>;

    /// Deletes a producer.
    async fn delete_producer(&self, tenant: &TenantName, id: ProducerId) -> Result<()>;

    /// Stores a session under the hash of its token. Without a key it is the development key's, which is never stored.
    async fn create_session(
        &self,
        token: &KeyHash,
        api_key: Option<ApiKeyId>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()>;

    /// The session of that token, ended or not; `None` if there is none, or its API key was revoked.
    async fn session(&self, token: &KeyHash) -> Result<Option<Session>>;

    /// Deletes a session, if it is there.
    async fn delete_session(&self, token: &KeyHash) -> Result<()>;

    /// Sets a node's roll-ups of these stretches: what it wrote of them before is replaced.
    async fn put_stats(&self, node: NodeId, buckets: &[StatsBucket]) -> Result<()>;

    /// A series since `since`, summed over all nodes, oldest stretch first; stretches in which nothing happened are left out.
    async fn stats(
        &self,
        tenant: &TenantName,
        subscription_id: Option<SubscriptionId>,
        width: StatsWidth,
        since: Timestamp,
    ) -> Result<Vec<StatsPoint>>;

    /// A tenant's subscriptions with deliveries since `since`, summed, those with the most failed attempts first.
    async fn worst_subscriptions(
        &self,
        tenant: &TenantName,
        width: StatsWidth,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<(SubscriptionId, StatsRow)>>;

    /// How many deliveries of a tenant, or of one of its subscriptions, are pending (counted up to `cap`), and when the oldest of
    /// those counted was made, to the millisecond.
    async fn waiting(
        &self,
        tenant: &TenantName,
        subscription_id: Option<SubscriptionId>,
        cap: u32,
    ) -> Result<(u64, Option<Timestamp>)>;

    /// Deletes, in many small transactions, sessions that ended, roll-ups that are older than their width is kept, and revisions of
    /// subscriptions that ended, an hour ago or longer, before the oldest event of any tenant was routed.
    async fn tidy(&self, now: Timestamp) -> Result<()>;

    /// Counts up to `limit` deliveries of all tenants that wait or are dead, from `mark` on: how many there are, when the oldest was
    /// created, and where to go on if there may be more. Costs what is counted, not what there is, and reads no delivery. What
    /// changes between two portions may be counted twice or not at all.
    async fn count_portion(&self, mark: &Mark, limit: u32) -> Result<Portion>;

    /// Whether the database answers, and how quickly.
    async fn ping(&self) -> Result<Duration>;

    /// A replica of the same memory to read lists from that people look at, if there is one, and it is not further behind than
    /// `database.max_replica_lag_ms`. What was committed just now may be missing there; nothing may be decided by it.
    fn lately(&self) -> Option<Arc<dyn Store>>;

    /// Looks how far the replica is behind. To be called again and again; where there is none it never returns.
    async fn look_at_replica(&self);

    /// What this process holds of the database, without asking it: never waits.
    fn holdings(&self) -> Holdings;

    /// Finishes what is being written and closes every connection.
    async fn close(&self);
}
