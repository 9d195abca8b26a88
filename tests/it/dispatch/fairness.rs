//! One bad sink harms no other (promise 7).

use std::time::{Duration, Instant};

use waypost::domain::delivery::DeliveryState;

use super::fixture::{Node, Options};
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
