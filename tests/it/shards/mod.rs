//! Tenants spread over two databases: each one's things are in its own and only there, and what befalls one database leaves the
//! tenants of the other alone.

mod apart;
mod away;
mod killed;
mod naming;
mod pinning;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waypost::app::App;
use waypost::config::{Config, Shard};
use waypost::domain::clock::SystemClock;
use waypost::domain::entropy::SystemEntropy;
use waypost::domain::secret::Secret;

use crate::support::client::Client;
use crate::support::database::{Database, Kind};
use crate::support::server::KEY;

/// How long a test may take, and how long it waits for something to come true.
const PATIENCE: Duration = Duration::from_mins(1);
const EVENTUALLY: Duration = Duration::from_secs(20);

/// Databases of one installation, home first.
struct Databases(Vec<Database>);

/// A node on them.
struct Node {
    app: App,
    client: Client,
}

impl Databases {
    /// Home and so many beside it.
    async fn create(kind: Kind, further: usize) -> Self {
        let mut databases = Vec::new();
        for _ in 0..=further {
            databases.push(Database::create(kind).await);
        }
        Self(databases)
    }

    fn config(&self) -> Config {
        let mut config = Config { database: self.0[0].settings(), ..Config::builtin() };
        config.database.max_connections = 4;
        config.database.acquire_timeout_ms = 2000;
        config.database.shards = self.0[1..].iter().map(|database| Shard::at(database.url())).collect();
        config.metrics.count_interval_ms = 200;
        config.server.listen = "127.0.0.1:0".into();
        config.auth.bootstrap_key = Some(Secret::new(KEY));
        config.egress.allow = vec!["127.0.0.0/8".parse().unwrap()];
        config
    }

    async fn start(&self) -> Node {
        Node::start(self.config()).await.unwrap()
    }

    /// How many rows a table has in each.
    async fn count(&self, table: &str) -> Vec<i64> {
        let mut counts = Vec::new();
        for database in &self.0 {
            counts.push(database.count(table).await);
        }
        counts
    }
}

impl Node {
    async fn start(config: Config) -> anyhow::Result<Self> {
        let app = App::start_with(config, Arc::new(SystemClock), Arc::new(SystemEntropy::new())).await?;
        let client = Client::new(format!("http://{}", app.address()), KEY);
        Ok(Self { app, client })
    }

    /// Makes a tenant on a shard and gives a client of it.
    async fn tenant(&self, name: &str, shard: u16) -> Client {
        let created = self.client.post("/v1/tenants", &json!({ "name": name, "shard": shard })).await.expect(201);
        assert_eq!(created["shard"], shard);
        self.client.in_tenant(name)
    }

    async fn stop(self) {
        self.app.stop().await;
    }
}

/// An event of type `t`.
fn event(id: &str) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "/shards", "type": "t", "data": { "id": id } })
}

/// Asks again until the answer is as wanted.
async fn until(client: &Client, path: &str, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let seen = client.get(path).await.expect(200);
        if is_wanted(&seen) {
            return seen;
        }
        assert!(began.elapsed() < EVENTUALLY, "{what}: {seen}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs a test on databases of `kind`.
async fn run(kind: Kind, test: impl AsyncFnOnce(Databases)) {
    let databases = Databases::create(kind, 1).await;
    tokio::time::timeout(PATIENCE, test(databases)).await.expect("the test ends within a minute");
}

/// Declares a test that is run on two databases of either kind.
macro_rules! on_two_databases {
    ($name:ident, $test:expr) => {
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "not every test uses all that its file does")]
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::shards::run($crate::support::database::Kind::Sqlite, $test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::shards::run($crate::support::database::Kind::Postgres, $test).await;
            }
        }
    };
}
use on_two_databases;
