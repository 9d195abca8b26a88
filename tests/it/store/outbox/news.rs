//! What nodes tell each other: on Postgres all that somebody else could act on, on SQLite nothing at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use waypost::config::{Database as Settings, Encryption};
use waypost::domain::clock::Timestamp;
use waypost::domain::entropy::SystemEntropy;
use waypost::domain::id::NodeId;
use waypost::domain::tenant::TenantName;
use waypost::store::sql::SqlStore;
use waypost::store::{News, NewsBox, Resolution, Store};

use super::fixture::{accept, accepting, claim, handed_over, lane, living_node, queued, record, untried};
use crate::store::sample::subscribed;
use crate::support::database::{Kind, TestStore, both_databases, run};

/// How long something that comes may take.
const SOON: Duration = Duration::from_secs(10);

/// Another node's store.
async fn open(settings: &Settings) -> SqlStore {
    SqlStore::open(settings, &Encryption { key: None, key_file: None }, Arc::new(SystemEntropy::new())).await.unwrap()
}

/// Two nodes on one database: the test acts on `store`, and the other one hears of it.
struct Hearing {
    inbox: Arc<NewsBox>,
    other: NodeId,
    carrying: JoinSet<()>,
}

impl Hearing {
    async fn start(store: &TestStore, node: NodeId) -> Self {
        let settings = store.database.settings();
        let neighbour = open(&settings).await;
        let here = store.shared();
        let (inbox, other) = (Arc::new(NewsBox::default()), NodeId::new(store.now(), &store.entropy));
        let mut carrying = JoinSet::new();
        let heard = Arc::clone(&inbox);
        carrying.spawn(async move { neighbour.hear_news(other, &heard).await.unwrap() });
        carrying.spawn(async move {
            loop {
                here.spread_news(node).await.unwrap();
            }
        });
        let hearing = Self { inbox, other, carrying };
        assert_eq!(hearing.next().await, News::of_everything(), "who begins to listen may have missed anything");
        hearing
    }

    async fn next(&self) -> News {
        timeout(SOON, self.inbox.take()).await.expect("news comes")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_told_of_what_waits_for_anybody_and_not_of_what_was_handed_over() {
    let test = async |store: TestStore| {
        let (node, first, second) = (living_node(&store).await, lane(&store), lane(&store));
        let hearing = Hearing::start(&store, node).await;
        let due = store.now();
        let mine = accepting(&store, "mine", vec![handed_over(&store, first)]);
        accept(&store, node, vec![mine]).await;
        let both = vec![handed_over(&store, first), queued(&store, second, due)];
        accept(&store, node, vec![accepting(&store, "both", both)]).await;
        assert_eq!(hearing.next().await, News { lanes: [(second, due)].into(), ..News::default() });
    };
    run(Kind::Postgres, test).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_told_of_changes_of_what_was_opened_again_and_of_a_node_that_leaves() {
    let test = async |store: TestStore| {
        let (node, tenant) = (living_node(&store).await, TenantName::default());
        let hearing = Hearing::start(&store, node).await;
        let id = subscribed(&store, &tenant).await;
        assert_eq!(hearing.next().await, News { routing: true, ..News::default() });

        let mut changed = store.subscription(&tenant, id).await.unwrap();
        let read_at = changed.updated_at;
        changed.updated_at = store.now();
        store.update_subscription(&changed, read_at).await.unwrap();
        let told = News { routing: true, lanes: [(id, changed.updated_at)].into(), ..News::default() };
        assert_eq!(hearing.next().await, told, "a subscription that is resumed has deliveries that flow");

        let version = store.routing_version().await.unwrap();
        let event = accepting(&store, "dies", vec![queued(&store, id, store.now())]);
        let delivery = event.deliveries[0].id;
        let batch = super::fixture::batch(&store, node, vec![super::fixture::submission(vec![event])]);
        store.accept(&waypost::store::AcceptBatch { routing_version: version, ..batch }).await.unwrap();
        assert_eq!(hearing.next().await.lanes.len(), 1);
        let leased = claim(&store, node, &[(id, 1)]).await.remove(0);
        record(&store, untried(leased.lease, Resolution::Cancelled)).await;
        let now = store.now();
        store.redeliver(&tenant, delivery, now).await.unwrap();
        assert_eq!(hearing.next().await, News { lanes: [(id, now)].into(), ..News::default() });

        store.retire_node(node).await.unwrap();
        assert_eq!(hearing.next().await, News { anywhere: true, crew: true, ..News::default() });
    };
    run(Kind::Postgres, test).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_learns_that_its_connection_was_ended() {
    let test = async |store: TestStore| {
        let mut hearing = Hearing::start(&store, living_node(&store).await).await;
        let other = hearing.other;
        assert_eq!(store.database.count("pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'").await, 1);
        hearing.carrying.shutdown().await;
        let inbox = NewsBox::default();
        let ending = async {
            inbox.take().await;
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
            store.database.run(end).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            lost = timeout(SOON, store.hear_news(other, &inbox)) => assert!(lost.expect("the loss is noticed").is_err()),
            () = ending => {}
        }
    };
    run(Kind::Postgres, test).await;
}

both_databases!(nobody_is_told_where_telling_is_off, async |store: TestStore| {
    let settings = Settings { notify: false, ..store.database.settings() };
    let quiet = match store.database.path() {
        // One file serves one node: there is nobody to tell whatever the setting says.
        Some(_) => store.shared(),
        None => Arc::new(open(&settings).await),
    };
    let (node, inbox) = (living_node(&store).await, NewsBox::default());
    inbox.add(|news| news.waits(lane(&store), Timestamp::default()));
    quiet.redrive(&TenantName::default(), &waypost::store::DeadLetterFilter::default(), store.now(), 1).await.unwrap();
    subscribed(&store, &TenantName::default()).await;
    tokio::select! {
        biased;
        told = quiet.spread_news(node) => panic!("something was told: {told:?}"),
        heard = quiet.hear_news(node, &inbox) => panic!("something was heard: {heard:?}"),
        () = tokio::task::yield_now() => {}
    }
    assert_eq!(inbox.take().await.lanes.len(), 1, "nothing came beside what lay there");
});
