//! The port, transition by transition: each is handed to the module of its resource or to the hot path of the database in use.

use std::time::Duration;

use async_trait::async_trait;

use super::engine::Engine;
use super::{SqlStore, lanes, postgres, sqlite};
use crate::domain::clock::Timestamp;
use crate::domain::credential::{ApiKey, KeyHash, Reach};
use crate::domain::delivery::Delivery;
use crate::domain::id::{ApiKeyId, DeliveryId, EventId, NodeId, ProducerId, SubscriptionId};
use crate::domain::page::{Page, PageRequest};
use crate::domain::producer::Producer;
use crate::domain::subscription::{DisabledReason, Subscription};
use crate::domain::tenant::{Tenant, TenantName};
use crate::store::{
    AcceptBatch, Claim, DeadLetterFilter, DeadLetterGroup, DeliveryDetail, DeliveryFilter, Directory, DueLane, EventFilter,
    EventRow, GroupBy, Lease, Leased, Recorded, Report, Settled, SinkPause, StatsBucket, StatsRow, Store, StoreError,
    StoredEvent,
};

type Result<T> = std::result::Result<T, StoreError>;

/// Hands a transition of the outbox to the database in use.
macro_rules! hot {
    ($store:ident, $transition:ident($($argument:expr),*)) => {
        match &$store.engine {
            Engine::Sqlite(engine) => sqlite::$transition(engine, $($argument),*).await,
            Engine::Postgres(engine) => postgres::$transition(engine, $($argument),*).await,
        }
    };
}

#[async_trait]
impl Store for SqlStore {
    async fn accept(&self, batch: &AcceptBatch) -> Result<Settled> {
        hot!(self, accept(batch))
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Leased>> {
        hot!(self, claim(claim))
    }

    async fn due_lanes(&self, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<DueLane>> {
        lanes::due(&self.engine, after, limit).await
    }

    async fn record(&self, reports: &[Report], pauses: &[SinkPause], now: Timestamp) -> Result<Vec<Recorded>> {
        hot!(self, record(reports, pauses, now))
    }

    async fn release(&self, leases: &[Lease], now: Timestamp) -> Result<()> {
        hot!(self, release(leases, now))
    }

    async fn heartbeat(&self, node: NodeId, now: Timestamp, expires_at: Timestamp) -> Result<()> {
        lanes::heartbeat(&self.engine, node, now, expires_at).await
    }

    async fn retire_node(&self, node: NodeId) -> Result<()> {
        lanes::retire_node(&self.engine, node).await
    }

    async fn reclaim(&self, now: Timestamp, limit: u32) -> Result<u64> {
        hot!(self, reclaim(now, limit))
    }

    async fn prune(&self, now: Timestamp, keys_before: Timestamp, limit: u32) -> Result<u64> {
        hot!(self, prune(now, keys_before, limit))
    }

    async fn routing_version(&self) -> Result<i64> {
        todo!()
    }

    async fn load_directory(&self) -> Result<Directory> {
        todo!()
    }

    async fn create_subscription(&self, subscription: &Subscription) -> Result<()> {
        todo!()
    }

    async fn subscription(&self, tenant: &TenantName, id: SubscriptionId) -> Result<Subscription> {
        todo!()
    }

    async fn subscriptions(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Subscription>> {
        todo!()
    }

    async fn update_subscription(&self, subscription: &Subscription, read_at: Timestamp) -> Result<()> {
        todo!()
    }

    async fn delete_subscription(&self, tenant: &TenantName, id: SubscriptionId, now: Timestamp) -> Result<()> {
        todo!()
    }

    async fn disable_subscription(&self, id: SubscriptionId, reason: DisabledReason, now: Timestamp) -> Result<()> {
        todo!()
    }

    async fn events(&self, tenant: &TenantName, filter: &EventFilter, page: PageRequest) -> Result<Page<EventRow>> {
        todo!()
    }

    async fn event(&self, tenant: &TenantName, id: EventId) -> Result<StoredEvent> {
        todo!()
    }

    async fn deliveries(&self, tenant: &TenantName, filter: &DeliveryFilter, page: PageRequest) -> Result<Page<Delivery>> {
        todo!()
    }

    async fn delivery(&self, tenant: &TenantName, id: DeliveryId) -> Result<DeliveryDetail> {
        todo!()
    }

    async fn redeliver(&self, tenant: &TenantName, id: DeliveryId, now: Timestamp) -> Result<Delivery> {
        todo!()
    }

    async fn cancel(&self, tenant: &TenantName, id: DeliveryId, now: Timestamp) -> Result<Delivery> {
        todo!()
    }

    async fn dead_letters(&self, tenant: &TenantName, filter: &DeadLetterFilter, page: PageRequest) -> Result<Page<Delivery>> {
        todo!()
    }

    async fn dead_letter_groups(
        &self,
        tenant: &TenantName,
        filter: &DeadLetterFilter,
        by: GroupBy,
    ) -> Result<Vec<DeadLetterGroup>> {
        todo!()
    }

    async fn redrive(&self, tenant: &TenantName, filter: &DeadLetterFilter, now: Timestamp, limit: u32) -> Result<u64> {
        todo!()
    }

    async fn count_redrivable(&self, tenant: &TenantName, filter: &DeadLetterFilter) -> Result<u64> {
        todo!()
    }

    async fn purge(&self, tenant: &TenantName, filter: &DeadLetterFilter, limit: u32) -> Result<u64> {
        todo!()
    }

    async fn create_tenant(&self, tenant: &Tenant) -> Result<()> {
        todo!()
    }

    async fn tenant(&self, name: &TenantName) -> Result<Tenant> {
        todo!()
    }

    async fn tenants(&self, page: PageRequest) -> Result<Page<Tenant>> {
        todo!()
    }

    async fn delete_tenant(&self, name: &TenantName) -> Result<()> {
        todo!()
    }

    async fn create_api_key(&self, key: &ApiKey, hash: &KeyHash) -> Result<()> {
        todo!()
    }

    async fn api_key_by_hash(&self, hash: &KeyHash) -> Result<Option<ApiKey>> {
        todo!()
    }

    async fn has_api_keys(&self) -> Result<bool> {
        todo!()
    }

    async fn api_keys(&self, reach: &Reach, page: PageRequest) -> Result<Page<ApiKey>> {
        todo!()
    }

    async fn delete_api_key(&self, reach: &Reach, id: ApiKeyId) -> Result<()> {
        todo!()
    }

    async fn create_producer(&self, producer: &Producer) -> Result<()> {
        todo!()
    }

    async fn producer(&self, id: ProducerId) -> Result<Producer> {
        todo!()
    }

    async fn producers(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Producer>> {
        todo!()
    }

    async fn update_producer(&self, producer: &Producer) -> Result<()> {
        todo!()
    }

    async fn delete_producer(&self, tenant: &TenantName, id: ProducerId) -> Result<()> {
        todo!()
    }

    async fn add_stats(&self, node: NodeId, buckets: &[StatsBucket]) -> Result<()> {
        todo!()
    }

    async fn stats(&self, tenant: &TenantName, since: Timestamp) -> Result<StatsRow> {
        todo!()
    }

    async fn waiting(&self, tenant: &TenantName, cap: u32) -> Result<(u64, Option<Timestamp>)> {
        todo!()
    }

    async fn ping(&self) -> Result<Duration> {
        todo!()
    }

    async fn close(&self) {
        self.engine.close().await;
    }
}
