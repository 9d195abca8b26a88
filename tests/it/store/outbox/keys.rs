//! Event keys: the same key, one event.

use std::time::Duration;

use tokio::task::JoinSet;
use waypost::store::{Settled, Store};

use super::fixture::{WINDOW, accept, accept_batch, accepting, batch, claim, lane, living_node, queued, submission};
use crate::support::database::{TestStore, both_databases};

both_databases!(a_key_twice_in_a_submission_is_one_event, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let events: Vec<_> = (0..2).map(|_| accepting(&store, "same", vec![queued(&store, lane, store.now())])).collect();
    let first = events[0].accepted.id;

    assert_eq!(accept(&store, node, events).await, [None, Some(first)]);

    assert_eq!(claim(&store, node, &[(lane, 10)]).await.len(), 1, "the duplicate is not delivered");
});

both_databases!(a_key_twice_in_a_batch_is_one_event, async |store: TestStore| {
    let node = living_node(&store).await;
    let events: Vec<_> = ["x", "same", "y", "same"].map(|name| accepting(&store, name, Vec::new())).into();
    let first = events[1].accepted.id;
    let submissions = events.into_iter().map(|event| submission(vec![event])).collect();

    let results = accept_batch(&store, &batch(&store, node, submissions)).await;

    assert_eq!(results, [Some(vec![None]), Some(vec![None]), Some(vec![None]), Some(vec![Some(first)])]);
});

both_databases!(a_key_accepted_before_answers_with_the_first_event, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let first = accepting(&store, "same", vec![queued(&store, lane, store.now())]);
    let first_id = first.accepted.id;
    accept(&store, node, vec![first]).await;
    let again = ["new", "same", "same"].map(|name| accepting(&store, name, vec![queued(&store, lane, store.now())]));

    assert_eq!(accept(&store, node, again.into()).await, [None, Some(first_id), Some(first_id)]);

    assert_eq!(claim(&store, node, &[(lane, 10)]).await.len(), 2);
});

both_databases!(a_key_that_left_the_window_is_a_new_event, async |store: TestStore| {
    let node = living_node(&store).await;
    accept(&store, node, vec![accepting(&store, "same", Vec::new())]).await;
    store.clock.advance(WINDOW + Duration::from_secs(1));
    let second = accepting(&store, "same", Vec::new());
    let second_id = second.accepted.id;

    assert_eq!(accept(&store, node, vec![second]).await, [None]);

    assert_eq!(accept(&store, node, vec![accepting(&store, "same", Vec::new())]).await, [Some(second_id)]);
});

both_databases!(of_fifty_callers_with_one_key_exactly_one_is_new, async |store: TestStore| {
    let node = living_node(&store).await;
    let mut callers = JoinSet::new();
    for number in 0..50 {
        // Other keys around it, in another order for every caller, so that a deadlock would show.
        let mut names = ["same".to_owned(), format!("p-{}", number % 7), format!("q-{}", number % 5)];
        names.rotate_left(number % 3);
        let events = names.map(|name| accepting(&store, &name, Vec::new())).into();
        let batch = batch(&store, node, vec![submission(events)]);
        let (shared, same) = (store.shared(), (3 - number % 3) % 3);
        callers.spawn(async move {
            let id = batch.submissions[0].events[same].accepted.id;
            let Settled::Committed(results) = shared.accept(&batch).await.unwrap() else { panic!("the batch was refused") };
            (id, results[0].as_ref().unwrap()[same])
        });
    }

    let answers = callers.join_all().await;

    let new: Vec<_> = answers.iter().filter(|(_, first)| first.is_none()).collect();
    assert_eq!(new.len(), 1);
    assert!(answers.iter().all(|(_, first)| first.is_none_or(|first| first == new[0].0)));
});
