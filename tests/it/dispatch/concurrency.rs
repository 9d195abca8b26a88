//! How many requests a subscription allows at once, over all nodes together.

use std::time::Duration;

use waypost::domain::delivery::DeliveryState;
use waypost::domain::subscription::Subscription;

use super::fixture::{Node, wait_until};
use crate::support::database::{TestStore, both_databases};
use crate::support::sink::{Received, Reply, Sink};

/// Requests at once, over all nodes.
const ALLOWED: u32 = 4;
/// How long each takes, and how much of that the sink's own clock may hide.
const TOOK: Duration = Duration::from_millis(100);
const SLACK: Duration = Duration::from_millis(10);

/// The most requests that were certainly open together.
fn peak(requests: &[Received]) -> usize {
    let mut began: Vec<_> = requests.iter().map(|request| request.at).collect();
    began.sort_unstable();
    let open_at =
        |&now: &std::time::Instant| began.iter().filter(|&&at| at <= now && now < at + TOOK.saturating_sub(SLACK)).count();
    began.iter().map(open_at).max().unwrap_or_default()
}

async fn start(store: &TestStore, count: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(Node::start(store).await);
    }
    know_each_other(&nodes).await;
    nodes
}

/// Waits until each node knows how many there are.
async fn know_each_other(nodes: &[Node]) {
    for node in nodes {
        node.handle.beat_soon();
        wait_until("all nodes are known", || node.handle.load().nodes as usize == nodes.len()).await;
    }
}

/// Posts as many to each node, and waits until all arrived.
async fn post(nodes: &[Node], subscription: &Subscription, each: usize) {
    let mut posted = Vec::new();
    for _ in 0..each {
        for node in nodes {
            posted.push(node.post(subscription).await);
        }
    }
    for id in posted {
        nodes[0].wait_for(id, DeliveryState::Delivered).await;
    }
}

async fn holds_over(store: &TestStore, count: usize) {
    let nodes = start(store, count).await;
    let sink = Sink::start(|_, _| Reply::Later(TOOK, 200)).await;
    let subscription = nodes[0].subscribe(&sink.url("/"), |spec| spec.config.max_concurrency = ALLOWED).await;
    for node in &nodes {
        node.refresh().await;
    }
    post(&nodes, &subscription, 24 / count).await;
    let peak = peak(&sink.received());
    assert_eq!(peak, ALLOWED as usize, "as many as are allowed and no more");
    for node in nodes {
        node.stopped().await;
    }
}

both_databases!(as_many_requests_as_allowed_on_one_node, async |store: TestStore| holds_over(&store, 1).await);

both_databases!(as_many_requests_as_allowed_over_two_nodes, async |store: TestStore| holds_over(&store, 2).await);

both_databases!(as_many_requests_as_allowed_over_three_nodes, async |store: TestStore| holds_over(&store, 3).await);

both_databases!(a_single_request_is_one_nodes_and_passes_on_when_that_goes, async |store: TestStore| {
    let mut nodes = start(&store, 3).await;
    let sink = Sink::start(|_, _| Reply::Later(TOOK, 200)).await;
    let subscription = nodes[0].subscribe(&sink.url("/"), |spec| spec.config.max_concurrency = 1).await;
    for node in &nodes {
        node.refresh().await;
    }
    post(&nodes, &subscription, 2).await;
    assert_eq!(peak(&sink.received()), 1);
    while nodes.len() > 1 {
        // Whichever node it is that sends: one after the other goes.
        nodes.remove(0).stopped().await;
        know_each_other(&nodes).await;
        post(&nodes, &subscription, 3).await;
    }
    assert_eq!(peak(&sink.received()), 1);
    for node in nodes {
        node.stopped().await;
    }
});
