//! Limits that all nodes keep together.

use std::time::{Duration, Instant};

use waypost::domain::clock::{Clock, SystemClock};
use waypost::domain::subscription::RateLimit;
use waypost::store::Placement;

use super::fixture::{Node, new_event};
use crate::support::database::{TestStore, both_databases};
use crate::support::sink::Sink;

const LIMIT: RateLimit = RateLimit { per_second: 50.0, burst: 5 };
/// What may go beyond rate and burst: slots that are used late, and the sink's own clock.
const ERROR: Duration = Duration::from_millis(300);

/// Posts as many as go in about two seconds, on all of `count` nodes, and holds what arrives to the limit.
async fn rate_holds_over(store: &TestStore, count: usize) {
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(Node::start(store).await);
    }
    let sink = Sink::answering(200).await;
    let subscription = nodes[0].subscribe(&sink.url("/"), |spec| spec.config.rate_limit = Some(LIMIT)).await;
    for node in &nodes {
        node.refresh().await;
        node.wait_for_room(&subscription).await;
    }
    let began = Instant::now();
    for number in 0..100 {
        let node = &nodes[number % count];
        if number % 5 == 0 {
            node.accept(&subscription, new_event(), Placement::Queued(SystemClock.now())).await;
        } else {
            node.post(&subscription).await;
        }
    }
    let requests = sink.wait_for(100).await;
    let took = began.elapsed();
    for (first, earlier) in requests.iter().enumerate() {
        for (last, later) in requests.iter().enumerate().skip(first + 1) {
            let beyond_burst = (last - first + 1).saturating_sub(LIMIT.burst as usize);
            #[expect(clippy::cast_precision_loss, reason = "a hundred at most")]
            let least = Duration::from_secs_f64(beyond_burst as f64 / LIMIT.per_second).saturating_sub(ERROR);
            assert!(later.at - earlier.at >= least, "{first} to {last} came within {:?}", later.at - earlier.at);
        }
    }
    assert!(took < Duration::from_secs(5), "the limit is used: {took:?}");
    for node in nodes {
        node.stopped().await;
    }
}

both_databases!(a_rate_holds_on_one_node, async |store: TestStore| rate_holds_over(&store, 1).await);

both_databases!(a_rate_holds_over_two_nodes, async |store: TestStore| rate_holds_over(&store, 2).await);

both_databases!(a_rate_holds_over_three_nodes, async |store: TestStore| rate_holds_over(&store, 3).await);
