//! Databases that are not what the settings say: a node does not start, and says what to do.

use waypost::config::Shard;

use super::{Databases, Node, on_two_databases};
use crate::support::database::Kind;
use crate::support::process;

/// What a node says that does not start.
async fn refusal(config: waypost::config::Config) -> String {
    match Node::start(config).await {
        Ok(_) => panic!("it started"),
        Err(error) => format!("{error:#}"),
    }
}

on_two_databases!(shards_that_are_missing_swapped_or_anothers_are_refused, async |databases: Databases| {
    let kind = if databases.0[0].path().is_some() { Kind::Sqlite } else { Kind::Postgres };
    let spare = Databases::create(kind, 1).await;
    let with = |shards: &[&str]| {
        let mut config = databases.config();
        config.database.shards = shards.iter().map(|url| Shard::at(*url)).collect();
        config
    };
    let (home, first, second) = (databases.0[0].url(), databases.0[1].url(), spare.0[0].url());
    // Begun with two shards, tenants on the second.
    let node = Node::start(with(&[first, second])).await.unwrap();
    node.tenant("acme", 2).await;
    node.stop().await;

    let said = refusal(with(&[second, first])).await;
    assert!(said.contains("entry 1") && said.contains("put it back to place 2"), "{said}");
    let said = refusal(with(&[first])).await;
    assert!(said.contains("1 tenants are pinned to shard 2") && said.contains("add the missing ones again"), "{said}");
    let mut elsewhere = with(&[]);
    elsewhere.database.url = first.to_owned();
    let said = refusal(elsewhere).await;
    assert!(said.contains("database.url names shard 1 of an installation, not its home"), "{said}");
    if kind == Kind::Postgres {
        let said = refusal(with(&[first, home])).await;
        assert!(said.contains("names the database of database.url"), "{said}");
    }

    // Another installation's.
    let mut strange = spare.config();
    strange.database.url = spare.0[1].url().to_owned();
    strange.database.shards.clear();
    Node::start(strange).await.unwrap().stop().await;
    let said = refusal(with(&[spare.0[1].url(), second])).await;
    assert!(said.contains("another installation (its home)"), "{said}");

    // None of this changed anything; a shard without tenants may go.
    Node::start(with(&[first, second])).await.unwrap().stop().await;
    let node = Node::start(with(&[first, second])).await.unwrap();
    node.client.delete("/v1/tenants/acme").await.expect(204);
    node.stop().await;
    Node::start(with(&[first])).await.unwrap().stop().await;
});

on_two_databases!(schemas_are_brought_up_to_date_and_checked_of_all, async |databases: Databases| {
    let (home, first) = (databases.0[0].url(), databases.0[1].url());
    let given = ["--database-url", home, "--database-shard", first];
    // Of home alone: the shard is noticed.
    assert_eq!(process::run(&["migrate", given[0], given[1]], &[]).0, 0);
    let mut config = databases.config();
    config.database.migrate = false;
    let said = refusal(config.clone()).await;
    assert!(said.contains("shard 1") && said.contains("run `waypost migrate`"), "{said}");
    let (code, output, errors) = process::run(&["migrate", given[0], given[1], given[2], given[3]], &[]);
    assert_eq!(code, 0, "{output}{errors}");
    Node::start(config).await.unwrap().stop().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_shards_are_bad_configuration_and_show_no_password() {
    super::run(Kind::Sqlite, async |databases: Databases| {
        let url = databases.0[0].url();
        for wrong in ["postgres://me:hunter2@127.0.0.1:port/x", "mysql://me:hunter2@x/y", "sqlite://"] {
            let (code, output, errors) =
                process::run(&["serve", "--listen", "127.0.0.1:0", "--database-url", url, "--database-shard", wrong], &[]);
            assert_eq!(code, 64, "{output}{errors}");
            assert!(errors.contains("shard 1") && errors.contains("database.shards") && !errors.contains("hunter2"), "{errors}");
        }
        let shown = process::run(&["config", "print"], &[("WAYPOST_DATABASE__SHARDS", "postgres://me:hunter2@x/y")]);
        assert!(shown.0 == 0 && !shown.1.contains("hunter2"), "{}", shown.1);
    })
    .await;
}
