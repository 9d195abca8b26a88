//! One bad sink harms no other (promise 7).

use std::time::{Duration, Instant};

use waypost::domain::delivery::DeliveryState;
use waypost::domain::event::Accepted;
use waypost::domain::tenant::TenantName;

use super::fixture::{Node, Options, new_event};
use crate::support::database::{TestStore, both_databases};
use crate::support::sink::{Reply, Sink};

both_databases!(sinks_that_hang_cost_healthy_ones_nothing, async |store: TestStore| {
    let mut options = Options { grace: Duration::from_millis(100), ..Options::default() };
    options.dispatch.max_concurrency = 8;
    options.dispatch.max_in_memory = 64;
    let node = Node::start_with(&store, options).await;
    let (hanging, healthy) = (Sink::start(|_, _| Reply::Hang).await, Sink::answering(200).await);
    for _ in 0..3 {
        let bad = node.subscribe(&hanging.url("/"), |spec| spec.config.timeout_ms = 60_000).await;
        node.wait_for_room(&bad).await;
        for _ in 0..40 {
            node.post(&bad).await;
        }
    }
    hanging.wait_for(6).await;
    let good = node.subscribe(&healthy.url("/"), |_| {}).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..30 {
        let posted_at = Instant::now();
        let id = node.post(&good).await;
        node.wait_for(id, DeliveryState::Delivered).await;
        slowest = slowest.max(posted_at.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    node.stopped().await;
});

both_databases!(many_hanging_sinks_of_one_tenant_cost_another_nothing, async |store: TestStore| {
    let mut options = Options { grace: Duration::from_millis(100), ..Options::default() };
    options.dispatch.max_concurrency = 18;
    options.dispatch.max_in_memory = 90;
    let node = Node::start_with(&store, options).await;
    let (hanging, healthy) = (Sink::start(|_, _| Reply::Hang).await, Sink::answering(200).await);
    for number in 0..40 {
        let bad = node.subscribe(&hanging.url("/"), |spec| spec.config.timeout_ms = 60_000).await;
        if number == 0 {
            node.wait_for_room(&bad).await;
        }
        for _ in 0..5 {
            node.post(&bad).await;
        }
    }
    // All that one tenant gets: eight parts of nine.
    hanging.wait_for(16).await;
    let tenant: TenantName = "healthy".parse().unwrap();
    let good = node.subscribe_as(&tenant, &healthy.url("/"), |_| {}).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..30 {
        let (posted_at, before) = (Instant::now(), healthy.received().len());
        node.post_event(&good, Accepted { tenant: tenant.clone(), ..new_event() }).await;
        healthy.wait_for(before + 1).await;
        slowest = slowest.max(posted_at.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!((16..=17).contains(&hanging.received().len()), "{}", hanging.received().len());
    node.stopped().await;
});
