//! Pruning: what no promise needs any more goes, in portions.

use std::time::Duration;

use waypost::domain::id::ProducerId;
use waypost::store::Submission;

use super::fixture::{accept, accept_batch, accepting, batch, living_node};
use crate::support::database::{TestStore, both_databases};

both_databases!(old_keys_and_ended_digests_go_and_young_ones_stay, async |store: TestStore| {
    let (node, producer) = (living_node(&store).await, ProducerId::new(store.now(), &store.entropy));
    accept(&store, node, ["a", "b", "c"].map(|name| accepting(&store, name, Vec::new())).into()).await;
    let until = store.now();
    let signed = Submission { replay: Some((producer, [1; 16], until)), events: Vec::new() };
    accept_batch(&store, &batch(&store, node, vec![signed])).await;
    store.clock.advance(Duration::from_secs(10));
    let keys_before = store.now();
    let young = accepting(&store, "young", Vec::new());
    let young_id = young.accepted.id;
    accept(&store, node, vec![young]).await;

    let now = store.now();
    let mut portions = Vec::new();
    for _ in 0..3 {
        portions.push(store.prune(now, keys_before, 2).await.unwrap());
    }

    assert_eq!(portions, [2, 2, 0], "three keys and a digest, two at a time");
    let again = ["a", "young"].map(|name| accepting(&store, name, Vec::new()));
    assert_eq!(accept(&store, node, again.into()).await, [None, Some(young_id)]);
});
