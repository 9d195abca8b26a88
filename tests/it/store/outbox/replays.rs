//! Signed messages: each is accepted once.

use std::time::Duration;

use waypost::domain::clock::Timestamp;
use waypost::domain::id::ProducerId;
use waypost::store::{Settled, Submission};

use super::fixture::{ROUTING_VERSION, accept, accept_batch, accepting, batch, living_node, submission};
use crate::support::database::{TestStore, both_databases};

fn signed(store: &TestStore, name: &str, producer: ProducerId, digest: u8, until: Timestamp) -> Submission {
    Submission { replay: Some((producer, [digest; 16], until)), events: vec![accepting(store, name, Vec::new())] }
}

fn soon(store: &TestStore) -> Timestamp {
    store.now().plus(Duration::from_mins(5))
}

both_databases!(a_signed_message_is_accepted_once, async |store: TestStore| {
    let (node, producer) = (living_node(&store).await, ProducerId::new(store.now(), &store.entropy));
    let other = ProducerId::new(store.now(), &store.entropy);
    let until = soon(&store);
    accept_batch(&store, &batch(&store, node, vec![signed(&store, "a", producer, 1, until)])).await;

    let again = vec![
        signed(&store, "b", producer, 1, until),
        signed(&store, "c", producer, 2, until),
        signed(&store, "d", other, 1, until),
        signed(&store, "e", producer, 2, until),
    ];
    let results = accept_batch(&store, &batch(&store, node, again)).await;

    assert_eq!(results, [None, Some(vec![None]), Some(vec![None]), None]);
    let refused = ["b", "e"].map(|name| accepting(&store, name, Vec::new()));
    assert_eq!(accept(&store, node, refused.into()).await, [None, None], "nothing of a refused message was written");
});

both_databases!(the_key_of_a_refused_message_is_free_for_the_next, async |store: TestStore| {
    let (node, producer) = (living_node(&store).await, ProducerId::new(store.now(), &store.entropy));
    let until = soon(&store);
    accept_batch(&store, &batch(&store, node, vec![signed(&store, "a", producer, 1, until)])).await;

    let submissions = vec![signed(&store, "same", producer, 1, until), submission(vec![accepting(&store, "same", Vec::new())])];
    let results = accept_batch(&store, &batch(&store, node, submissions)).await;

    assert_eq!(results, [None, Some(vec![None])]);
});

both_databases!(a_digest_that_ended_may_come_again, async |store: TestStore| {
    let (node, producer) = (living_node(&store).await, ProducerId::new(store.now(), &store.entropy));
    let until = soon(&store);
    accept_batch(&store, &batch(&store, node, vec![signed(&store, "a", producer, 1, until)])).await;
    store.clock.advance(Duration::from_secs(301));

    let later = soon(&store);
    let results = accept_batch(&store, &batch(&store, node, vec![signed(&store, "b", producer, 1, later)])).await;

    assert_eq!(results, [Some(vec![None])]);
});

both_databases!(a_stale_batch_keeps_no_digest, async |store: TestStore| {
    let (node, producer) = (living_node(&store).await, ProducerId::new(store.now(), &store.entropy));
    let until = soon(&store);
    let mut stale = batch(&store, node, vec![signed(&store, "a", producer, 1, until)]);
    stale.routing_version = ROUTING_VERSION + 1;
    assert_eq!(store.accept(&stale).await.unwrap(), Settled::Stale { routing_version: ROUTING_VERSION });

    stale.routing_version = ROUTING_VERSION;
    assert_eq!(accept_batch(&store, &stale).await, [Some(vec![None])]);
});
