//! The port, transition by transition: each is handed to the module of its resource or to the hot path of the database in use.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{
    SqlStore, api_keys, bulk, dead_letters, deliveries, depth, events, forwards, identity, jobs, lanes, past, producers, rates,
    retention, revisions, sessions, sinks, stats, subscriptions, tenants,
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
use crate::store::{
    AcceptBatch, Claim, DeadLetterFilter, DeadLetterGroup, Deletion, DeliveryDetail, DeliveryFilter, Directory, DueJob, DueLane,
    EventFilter, EventRow, ForwardReport, GroupBy, HealthChange, Holdings, Identity, JobChange, JobClaim, JobFilter, JobStep,
    Lease, Leased, LeasedForward, Mark, News, NewsBox, OldEvent, Past, Portion, Recorded, Report, Revision, RoutingHistory,
    Settled, SinkPause, Standing, StatsBucket, StatsPoint, StatsRow, StatsWidth, Stepped, Store, StoreError, StoredEvent, Turned,
};

type Result<T> = std::result::Result<T, StoreError>;

#[async_trait]
impl Store for SqlStore {
    async fn accept(&self, batch: &AcceptBatch) -> Result<Settled> {
        self.accept_batch(batch).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Leased>> {
        self.claim_due(claim).await
    }

    async fn due_lanes(&self, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<DueLane>> {
        lanes::due(&self.engine, after, limit).await
    }

    async fn record(&self, reports: &[Report], pauses: &[SinkPause], now: Timestamp) -> Result<Vec<Recorded>> {
        self.record_reports(reports, pauses, now).await
    }

    async fn release(&self, leases: &[Lease], now: Timestamp) -> Result<u64> {
        self.release_leases(leases, now).await
    }

    async fn heartbeat(&self, node: NodeId, now: Timestamp, expires_at: Timestamp) -> Result<Crew> {
        let (crew, is_new) = lanes::heartbeat(&self.engine, node, now, expires_at).await?;
        if is_new {
            self.herald.tell(|news| news.crew = true);
        }
        Ok(crew)
    }

    async fn retire_node(&self, node: NodeId) -> Result<()> {
        lanes::retire_node(&self.engine, node).await?;
        // What it gave back waits for the others, and nobody will be here to tell them later.
        self.herald.spread_now(&self.engine, node, &News { anywhere: true, crew: true, ..News::default() }).await;
        Ok(())
    }

    async fn reclaim(&self, now: Timestamp, limit: u32) -> Result<u64> {
        self.reclaim_leases(now, limit).await
    }

    async fn prune(&self, now: Timestamp, keys_before: Timestamp, limit: u32) -> Result<u64> {
        self.prune_old(now, keys_before, limit).await
    }

    async fn spread_news(&self, node: NodeId) -> Result<()> {
        self.herald.spread(&self.engine, node).await
    }

    async fn hear_news(&self, node: NodeId, inbox: &NewsBox) -> Result<()> {
        self.herald.hear(node, inbox).await
    }

    async fn sinks_in_trouble(&self, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<(SubscriptionId, Health)>> {
        sinks::list(&self.engine, after, limit).await
    }

    async fn sink_health(&self, ids: &[SubscriptionId]) -> Result<Vec<(SubscriptionId, Health)>> {
        sinks::find(&self.engine, ids).await
    }

    async fn put_sink_health(&self, changes: &[HealthChange]) -> Result<Vec<bool>> {
        sinks::put(&self.engine, changes).await
    }

    async fn reserve_slots(&self, wanted: &[(SubscriptionId, Duration)], now: Timestamp) -> Result<Vec<Timestamp>> {
        rates::reserve(&self.engine, wanted, now).await
    }

    async fn due_forwards(&self, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<(SubscriptionId, Timestamp)>> {
        forwards::due(&self.engine, after, limit).await
    }

    async fn claim_forwards(
        &self,
        id: SubscriptionId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<LeasedForward>> {
        forwards::claim(&self.engine, id, now, until, limit).await
    }

    async fn record_forward(&self, report: &ForwardReport, now: Timestamp) -> Result<Recorded> {
        forwards::record(&self.engine, report, now).await
    }

    async fn routing_version(&self) -> Result<i64> {
        subscriptions::routing_version(&self.engine).await
    }

    async fn load_directory(&self) -> Result<Directory> {
        subscriptions::load(&self.engine, &self.vault).await
    }

    async fn create_subscription(&self, subscription: &Subscription) -> Result<()> {
        subscriptions::create(&self.engine, &self.vault, subscription).await?;
        self.herald.tell(|news| news.routing = true);
        Ok(())
    }

    async fn subscription(&self, tenant: &TenantName, id: SubscriptionId) -> Result<Subscription> {
        subscriptions::find(&self.engine, &self.vault, tenant, id).await
    }

    async fn subscriptions(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Subscription>> {
        subscriptions::list(&self.engine, &self.vault, tenant, page).await
    }

    async fn update_subscription(&self, subscription: &Subscription, read_at: Timestamp) -> Result<()> {
        subscriptions::update(&self.engine, &self.vault, subscription, read_at).await?;
        self.herald.tell_change(subscription.id, subscription.updated_at);
        Ok(())
    }

    async fn delete_subscription(&self, tenant: &TenantName, id: SubscriptionId, now: Timestamp) -> Result<()> {
        subscriptions::delete(&self.engine, tenant, id, now).await?;
        self.herald.tell_change(id, now);
        Ok(())
    }

    async fn disable_subscription(&self, id: SubscriptionId, reason: DisabledReason, now: Timestamp) -> Result<()> {
        subscriptions::disable(&self.engine, id, reason, now).await?;
        self.herald.tell_change(id, now);
        Ok(())
    }

    async fn routing_at(&self, tenant: &TenantName, version: i64, page: PageRequest) -> Result<Page<Revision>> {
        revisions::in_force(&self.engine, tenant, version, page).await
    }

    async fn routing_history(&self, tenant: &TenantName, id: SubscriptionId) -> Result<RoutingHistory> {
        revisions::of_subscription(&self.engine, tenant, id).await
    }

    async fn any_subscription(&self, id: SubscriptionId) -> Result<Subscription> {
        subscriptions::find_any(&self.engine, &self.vault, id).await
    }

    async fn due_handshakes(&self, now: Timestamp, limit: u32) -> Result<Vec<Subscription>> {
        subscriptions::due_handshakes(&self.engine, &self.vault, now, limit).await
    }

    async fn put_handshake(&self, before: &Subscription, after: &Subscription, now: Timestamp) -> Result<()> {
        subscriptions::put_handshake(&self.engine, before, after, now).await?;
        self.herald.tell_change(after.id, now);
        Ok(())
    }

    async fn events(&self, tenant: &TenantName, filter: &EventFilter, page: PageRequest) -> Result<Page<EventRow>> {
        events::list(&self.engine, tenant, filter, page).await
    }

    async fn event(&self, tenant: &TenantName, id: EventId) -> Result<StoredEvent> {
        events::find(&self.engine, tenant, id).await
    }

    async fn deliveries(&self, tenant: &TenantName, filter: &DeliveryFilter, page: PageRequest) -> Result<Page<Delivery>> {
        deliveries::list(&self.engine, tenant, filter, page).await
    }

    async fn delivery(&self, tenant: &TenantName, id: DeliveryId) -> Result<DeliveryDetail> {
        deliveries::find(&self.engine, tenant, id).await
    }

    async fn redeliver(&self, tenant: &TenantName, id: DeliveryId, now: Timestamp) -> Result<Delivery> {
        let delivery = deliveries::redeliver(&self.engine, tenant, id, now).await?;
        self.herald.tell(|news| news.waits(delivery.subscription_id, now));
        Ok(delivery)
    }

    async fn cancel(&self, tenant: &TenantName, id: DeliveryId, now: Timestamp) -> Result<Delivery> {
        deliveries::cancel(&self.engine, tenant, id, now).await
    }

    async fn redeliver_many(&self, tenant: &TenantName, ids: &[DeliveryId], now: Timestamp) -> Result<Vec<SubscriptionId>> {
        let opened = bulk::redeliver(&self.engine, tenant, ids, now).await?;
        self.herald.tell(|news| opened.iter().for_each(|id| news.waits(*id, now)));
        Ok(opened)
    }

    async fn cancel_many(&self, tenant: &TenantName, ids: &[DeliveryId], now: Timestamp) -> Result<u64> {
        bulk::cancel(&self.engine, tenant, ids, now).await
    }

    async fn dead_letters(&self, tenant: &TenantName, filter: &DeadLetterFilter, page: PageRequest) -> Result<Page<Delivery>> {
        dead_letters::list(&self.engine, tenant, filter, page).await
    }

    async fn dead_letter_groups(
        &self,
        tenant: &TenantName,
        filter: &DeadLetterFilter,
        by: GroupBy,
    ) -> Result<Vec<DeadLetterGroup>> {
        dead_letters::groups(&self.engine, tenant, filter, by).await
    }

    async fn redrive(&self, tenant: &TenantName, filter: &DeadLetterFilter, now: Timestamp, limit: u32) -> Result<u64> {
        let opened = dead_letters::redrive(&self.engine, tenant, filter, now, limit).await?;
        if opened > 0 {
            self.herald.tell(|news| match filter.subscription_id {
                Some(id) => news.waits(id, now),
                None => news.anywhere = true,
            });
        }
        Ok(opened)
    }

    async fn count_redrivable(&self, tenant: &TenantName, filter: &DeadLetterFilter) -> Result<u64> {
        dead_letters::count_redrivable(&self.engine, tenant, filter).await
    }

    async fn purge(&self, tenant: &TenantName, filter: &DeadLetterFilter, limit: u32) -> Result<u64> {
        dead_letters::purge(&self.engine, tenant, filter, limit).await
    }

    async fn create_job(&self, job: &Job, max_open: u32) -> Result<()> {
        jobs::create(&self.engine, job, max_open).await?;
        self.herald.tell(|news| news.jobs = true);
        Ok(())
    }

    async fn job(&self, tenant: &TenantName, id: JobId) -> Result<Job> {
        jobs::find(&self.engine, tenant, id).await
    }

    async fn jobs(&self, tenant: &TenantName, filter: &JobFilter, page: PageRequest) -> Result<Page<Job>> {
        jobs::list(&self.engine, tenant, filter, page).await
    }

    async fn change_job(&self, tenant: &TenantName, id: JobId, change: JobChange, now: Timestamp) -> Result<Job> {
        let job = jobs::change(&self.engine, tenant, id, change, now).await?;
        self.herald.tell(|news| news.jobs = true);
        Ok(job)
    }

    async fn claim_job(&self, claim: &JobClaim) -> Result<DueJob> {
        jobs::claim(&self.engine, claim).await
    }

    async fn step_job(&self, step: &JobStep) -> Result<Stepped> {
        let stepped = jobs::step(&self.engine, step).await?;
        if !step.opens.is_empty() && matches!(stepped, Stepped::Done { .. }) {
            self.herald.tell(|news| news.waits(step.subscription_id, step.now));
        }
        Ok(stepped)
    }

    async fn count_running_jobs(&self) -> Result<u64> {
        jobs::count_running(&self.engine).await
    }

    async fn prune_jobs(&self, finished_before: Timestamp, limit: u32) -> Result<u64> {
        jobs::prune(&self.engine, finished_before, limit).await
    }

    async fn past_events(&self, tenant: &TenantName, past: &Past, limit: u32) -> Result<Vec<EventRow>> {
        past::events(&self.engine, tenant, past, limit).await
    }

    async fn events_named(&self, tenant: &TenantName, ids: &[EventId]) -> Result<Vec<Accepted>> {
        past::named(&self.engine, tenant, ids).await
    }

    async fn standings(&self, tenant: &TenantName, id: SubscriptionId, events: &[EventId]) -> Result<Vec<Standing>> {
        past::standings(&self.engine, tenant, id, events).await
    }

    async fn unattempted(&self, ids: &[DeliveryId]) -> Result<Vec<DeliveryId>> {
        past::unattempted(&self.engine, ids).await
    }

    async fn lead_retention(&self, node: NodeId, now: Timestamp, until: Timestamp) -> Result<bool> {
        retention::lead(&self.engine, node, now, until).await
    }

    async fn retentions(&self) -> Result<Vec<(TenantName, Retention)>> {
        retention::said(&self.engine).await
    }

    async fn tenants_with_events(&self, after: Option<&TenantName>, limit: u32) -> Result<Vec<TenantName>> {
        retention::tenants(&self.engine, after, limit).await
    }

    async fn old_events(
        &self,
        tenant: &TenantName,
        after: Option<EventId>,
        made_before: Timestamp,
        limit: u32,
    ) -> Result<Vec<OldEvent>> {
        retention::old_events(&self.engine, tenant, after, made_before, limit).await
    }

    async fn delete_events(&self, tenant: &TenantName, ids: &[EventId], keys_since: Option<Timestamp>) -> Result<Deletion> {
        retention::delete_events(&self.engine, tenant, ids, keys_since).await
    }

    async fn expire_data(&self, tenant: &TenantName, ids: &[EventId], now: Timestamp) -> Result<Deletion> {
        retention::expire_data(&self.engine, tenant, ids, now).await
    }

    async fn turn_partitions(&self, now: Timestamp, drop_before: Option<Timestamp>) -> Result<Turned> {
        retention::turn_partitions(&self.engine, now, drop_before).await
    }

    async fn identify(&self, wanted: Identity) -> Result<Identity> {
        identity::identify(&self.engine, wanted).await
    }

    async fn tenants_by_shard(&self) -> Result<Vec<(ShardNumber, u64)>> {
        tenants::by_shard(&self.engine).await
    }

    async fn is_tenant_in_use(&self, name: &TenantName) -> Result<bool> {
        tenants::is_in_use(&self.engine, name).await
    }

    async fn create_tenant(&self, tenant: &Tenant) -> Result<()> {
        tenants::create(&self.engine, self.entropy.as_ref(), tenant).await
    }

    async fn tenant(&self, name: &TenantName) -> Result<Tenant> {
        tenants::find(&self.engine, name).await
    }

    async fn tenants(&self, page: PageRequest) -> Result<Page<Tenant>> {
        tenants::list(&self.engine, page).await
    }

    async fn update_tenant(&self, tenant: &Tenant) -> Result<()> {
        tenants::update(&self.engine, tenant).await
    }

    async fn delete_tenant(&self, name: &TenantName) -> Result<()> {
        tenants::delete(&self.engine, name).await
    }

    async fn create_api_key(&self, key: &ApiKey, hash: &KeyHash) -> Result<()> {
        api_keys::create(&self.engine, key, hash).await
    }

    async fn api_key_by_hash(&self, hash: &KeyHash) -> Result<Option<ApiKey>> {
        api_keys::find(&self.engine, hash).await
    }

    async fn has_api_keys(&self) -> Result<bool> {
        api_keys::any(&self.engine).await
    }

    async fn api_keys(&self, reach: &Reach, page: PageRequest) -> Result<Page<ApiKey>> {
        api_keys::list(&self.engine, reach, page).await
    }

    async fn delete_api_key(&self, reach: &Reach, id: ApiKeyId) -> Result<()> {
        api_keys::delete(&self.engine, reach, id).await
    }

    async fn create_producer(&self, producer: &Producer) -> Result<()> {
        producers::create(&self.engine, &self.vault, producer).await
    }

    async fn producer(&self, id: ProducerId) -> Result<Producer> {
        producers::find(&self.engine, &self.vault, id).await
    }

    async fn producers(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Producer>> {
        producers::list(&self.engine, &self.vault, tenant, page).await
    }

    async fn update_producer(&self, producer: &Producer) -> Result<()> {
        producers::update(&self.engine, &self.vault, producer).await
    }

    async fn delete_producer(&self, tenant: &TenantName, id: ProducerId) -> Result<()> {
        producers::delete(&self.engine, tenant, id).await
    }

    async fn create_session(
        &self,
        token: &KeyHash,
        api_key: Option<ApiKeyId>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()> {
        sessions::create(&self.engine, token, api_key, now, expires_at).await
    }

    async fn session(&self, token: &KeyHash) -> Result<Option<Session>> {
        sessions::find(&self.engine, token).await
    }

    async fn delete_session(&self, token: &KeyHash) -> Result<()> {
        sessions::delete(&self.engine, token).await
    }

    async fn put_stats(&self, node: NodeId, buckets: &[StatsBucket]) -> Result<()> {
        self.put_roll_ups(node, buckets).await
    }

    async fn stats(
        &self,
        tenant: &TenantName,
        subscription_id: Option<SubscriptionId>,
        width: StatsWidth,
        since: Timestamp,
    ) -> Result<Vec<StatsPoint>> {
        stats::series(&self.engine, tenant, subscription_id, width, since).await
    }

    async fn worst_subscriptions(
        &self,
        tenant: &TenantName,
        width: StatsWidth,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<(SubscriptionId, StatsRow)>> {
        stats::worst(&self.engine, tenant, width, since, limit).await
    }

    async fn waiting(
        &self,
        tenant: &TenantName,
        subscription_id: Option<SubscriptionId>,
        cap: u32,
    ) -> Result<(u64, Option<Timestamp>)> {
        stats::waiting(&self.engine, tenant, subscription_id, cap).await
    }

    async fn tidy(&self, now: Timestamp) -> Result<()> {
        sessions::delete_ended(&self.engine, now).await?;
        stats::delete_old(&self.engine, now).await?;
        revisions::delete_old(&self.engine, now).await
    }

    async fn count_portion(&self, mark: &Mark, limit: u32) -> Result<Portion> {
        depth::count(&self.engine, mark, limit).await
    }

    async fn ping(&self) -> Result<Duration> {
        let began = Instant::now();
        stats::ping(&self.engine).await.map(|()| began.elapsed())
    }

    fn lately(&self) -> Option<Arc<dyn Store>> {
        self.replica.as_ref()?.usable()
    }

    async fn look_at_replica(&self) {
        let (Some(replica), Some(primary)) = (&self.replica, self.postgres()) else { return std::future::pending().await };
        replica.look(primary).await;
    }

    fn holdings(&self) -> Holdings {
        let (pools, (lease_count, oldest)) = (self.engine.pools(), self.leases.held());
        let (hears, replica) = (self.herald.hears(), self.replica.as_ref().map(super::replica::Replica::following));
        Holdings { pools, lease_count, oldest_lease_at: oldest.and_then(DeliveryId::made_at), hears, replica }
    }

    async fn close(&self) {
        self.engine.close().await;
    }
}
