//! The whole application in this process, on a database of its own.

use std::sync::Arc;
use std::time::Duration;

use waypost::app::App;
use waypost::config::Config;
use waypost::domain::clock::{Clock, SystemClock};
use waypost::domain::entropy::SystemEntropy;
use waypost::domain::secret::Secret;

use super::client::Client;
use super::database::{Database, Kind};

/// The administrator's key of every server started here.
pub(crate) const KEY: &str = "wp_integration_tests_key_000";

/// How long a test may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running node. Call [`TestServer::stop`], so that what it holds is given back before its database goes.
pub(crate) struct TestServer {
    app: App,
    /// The administrator, in the tenant `default`.
    pub client: Client,
    database: Database,
}

impl TestServer {
    /// Starts a node that may deliver to this machine.
    pub(crate) async fn start(kind: Kind) -> Self {
        Self::start_with(kind, |_| {}).await
    }

    /// Starts a node with further settings.
    pub(crate) async fn start_with(kind: Kind, adjust: impl FnOnce(&mut Config)) -> Self {
        Self::start_at(kind, Arc::new(SystemClock), adjust).await
    }

    /// Starts a node on a clock of the test's.
    pub(crate) async fn start_at(kind: Kind, clock: Arc<dyn Clock>, adjust: impl FnOnce(&mut Config)) -> Self {
        let database = Database::create(kind).await;
        let mut config = Config { database: database.settings(), ..Config::builtin() };
        config.server.listen = "127.0.0.1:0".into();
        config.auth.bootstrap_key = Some(Secret::new(KEY));
        config.egress.allow = vec!["127.0.0.0/8".parse().unwrap()];
        adjust(&mut config);
        let app = App::start_with(config, clock, Arc::new(SystemEntropy::new())).await.unwrap();
        let client = Client::new(format!("http://{}", app.address()), KEY);
        Self { app, client, database }
    }

    /// `http://ADDR:PORT`.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.app.address())
    }

    /// The link that signs in once, in development mode.
    pub(crate) fn sign_in_url(&self) -> Option<String> {
        self.app.sign_in_url()
    }

    /// Stops it in good order.
    pub(crate) async fn stop(self) {
        self.app.stop().await;
        drop(self.database);
    }
}

/// Runs a test against a node on a database of `kind`, for at most a minute.
pub(crate) async fn run(kind: Kind, test: impl AsyncFnOnce(&TestServer)) {
    let server = TestServer::start(kind).await;
    tokio::time::timeout(PATIENCE, test(&server)).await.expect("the test ends within a minute");
    server.stop().await;
}

/// Declares a test that is run against a node on each database: `on_both_databases!(name, async |server| { … });`
macro_rules! on_both_databases {
    ($name:ident, $test:expr) => {
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "not every test uses all that its file does")]
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::support::server::run($crate::support::database::Kind::Sqlite, $test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::support::server::run($crate::support::database::Kind::Postgres, $test).await;
            }
        }
    };
}
pub(crate) use on_both_databases;
