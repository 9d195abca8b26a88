//! The system under test: Waypost on a fresh database with its subscriptions, or the ceiling.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::api::{self, KEY, TENANT};
use crate::ceiling::CONNECTIONS;
use crate::counters::Counters;
use crate::database::{Database, psql};
use crate::process::{Server, cpu_us, kib, role, written_bytes};
use crate::scenario::{Aside, Backlog, Scenario, Store};
use crate::statistics::real_size;
use crate::{Result, message};

/// The tenant that backlogs belong to.
pub(crate) const CROWD: &str = "crowd";

/// The tenant of the events that are only kept.
pub(crate) const ATTIC: &str = "attic";

/// Open requests of a subscription whose sink answers late. At 200 a second for a second each, two of three nodes carry them with their
/// parts of this: what a dead node had is nobody's until its lease ends.
const LATE_CONNECTIONS: usize = 400;

/// A running system. What it was started in goes when this is dropped.
pub(crate) struct System {
    /// Those that run; the ceiling is one.
    servers: Vec<Server>,
    /// CPU time of those that were killed, in microseconds.
    killed_cpu_us: i64,
    pub(crate) database: Option<Database>,
    /// Subscriptions of the crowd, paused.
    paused: Vec<String>,
    folder: PathBuf,
}

impl System {
    /// Starts what `scenario` asks for, subscribed to by the sink.
    pub(crate) fn start(scenario: &Scenario, sink: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let database = match scenario.store {
            Store::None => {
                let server = Server::start(&mut role("ceiling", &[sink, &scenario.fan_out.to_string()])?)?;
                return Ok(Self { servers: vec![server], killed_cpu_us: 0, database: None, paused: Vec::new(), folder });
            }
            Store::Sqlite => Database::sqlite(&folder),
            Store::Postgres => Database::postgres()?,
        };
        let servers = (0..scenario.nodes).map(|_| waypost(&folder, &database.url(), scenario)).collect::<Result<_>>()?;
        let mut system = Self { servers, killed_cpu_us: 0, database: Some(database), paused: Vec::new(), folder };
        system.subscribe(scenario, sink)?;
        if let Some(backlog) = &scenario.backlog {
            system.prepare(backlog, sink)?;
        }
        Ok(system)
    }

    fn subscribe(&self, scenario: &Scenario, sink: &str) -> Result<()> {
        let post = |body| api::post(self.address(), TENANT, "/v1/subscriptions", &body);
        for topic in 0..scenario.topics {
            for copy in 0..scenario.fan_out {
                let is_late = scenario.late_ms > 0 && copy + 1 == scenario.fan_out;
                let (manner, concurrency) = if is_late {
                    (format!("/after/{}", scenario.late_ms), LATE_CONNECTIONS)
                } else {
                    (String::new(), CONNECTIONS)
                };
                let sink = format!("http://{sink}/{copy}{manner}");
                let types = [message::topic(topic)];
                post(json!({"sink": sink, "types": types, "config": {"max_concurrency": concurrency}}))?;
            }
        }
        for aside in scenario.aside {
            let manner = match aside {
                Aside::Late(delay_ms) => format!("after/{delay_ms}"),
                Aside::Fails => "fails".to_owned(),
            };
            post(json!({"sink": format!("http://{sink}/aside/{manner}")}))?;
        }
        Ok(())
    }

    /// Makes the crowd with its subscriptions, paused.
    fn prepare(&mut self, backlog: &Backlog, sink: &str) -> Result<()> {
        let address = self.address().to_owned();
        let address = address.as_str();
        for tenant in [CROWD, ATTIC] {
            api::post(address, TENANT, "/v1/tenants", &json!({"name": tenant}))?;
        }
        for _ in 0..backlog.subscriptions {
            let body = json!({"sink": format!("http://{sink}/aside/after/{}", backlog.answer_ms)});
            let subscription = api::post(address, CROWD, "/v1/subscriptions", &body)?;
            let id = subscription["id"].as_str().ok_or("a subscription without an identifier")?.to_owned();
            api::post(address, CROWD, &format!("/v1/subscriptions/{id}/pause"), &Value::Null)?;
            self.paused.push(id);
        }
        Ok(())
    }

    /// Where the first server listens.
    pub(crate) fn address(&self) -> &str {
        &self.servers[0].address
    }

    /// Where all of them listen.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.address.clone()).collect()
    }

    /// Kills the last server, as a machine that loses its power would.
    pub(crate) fn kill_one(&mut self) -> Result<()> {
        let server = self.servers.pop().ok_or("no server is left")?;
        self.killed_cpu_us += cpu_us(server.id())?;
        Ok(())
    }

    /// CPU time of all servers, killed ones included, in microseconds.
    pub(crate) fn cpu_us(&self) -> Result<i64> {
        self.servers.iter().try_fold(self.killed_cpu_us, |sum, server| Ok(sum + cpu_us(server.id())?))
    }

    /// The most memory that one of them ever held (`VmHWM`), in KiB.
    pub(crate) fn peak_kib(&self) -> usize {
        self.servers.iter().map(|server| kib(server.id(), "status", "VmHWM")).max().unwrap_or(0)
    }

    /// What the first server holds in memory, in MiB.
    pub(crate) fn rss_mib(&self) -> f64 {
        real_size(kib(self.servers[0].id(), "status", "VmRSS")) / 1024.0
    }

    /// File descriptors that the first server has open.
    pub(crate) fn descriptors(&self) -> f64 {
        real_size(std::fs::read_dir(format!("/proc/{}/fd", self.servers[0].id())).map_or(0, Iterator::count))
    }

    /// What the servers counted; the ceiling counts nothing.
    pub(crate) fn counters(&self) -> Result<Vec<Counters>> {
        let counting = self.servers.iter().filter(|_| self.database.is_some());
        counting.map(|server| Counters::of(&server.address)).collect()
    }

    /// Bytes written for the database so far.
    pub(crate) fn written_bytes(&self) -> Result<i64> {
        match &self.database {
            None => Ok(0),
            Some(Database::Sqlite(_)) => self.servers.iter().try_fold(0, |sum, server| Ok(sum + written_bytes(server.id())?)),
            Some(Database::Postgres { base, .. }) => Ok(psql(base, "SELECT pg_current_wal_lsn() - '0/0'")?.parse()?),
        }
    }

    /// Lets the backlog flow.
    pub(crate) fn resume(&self) -> Result<()> {
        for id in &self.paused {
            api::post(self.address(), CROWD, &format!("/v1/subscriptions/{id}/resume"), &Value::Null)?;
        }
        Ok(())
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The program itself, with nothing set but what the benchmark needs.
fn waypost(folder: &Path, database_url: &str, scenario: &Scenario) -> Result<Server> {
    let settings = format!("[egress]\nallow = [\"127.0.0.0/8\"]\n[auth]\nbootstrap_key = \"{KEY}\"\n[log]\nfilter = \"error\"\n");
    std::fs::write(folder.join("waypost.toml"), settings)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_waypost"));
    command.current_dir(folder).args(["serve", "--listen", "127.0.0.1:0", "--database-url", database_url]);
    if scenario.keep_ms > 0 {
        // Looked for all the time, so that as much goes as comes.
        command.env("WAYPOST_RETENTION__KEEP_MS", scenario.keep_ms.to_string()).env("WAYPOST_RETENTION__INTERVAL_MS", "100");
        command
            .env("WAYPOST_RETENTION__BATCH_EVENTS", "200")
            .env("WAYPOST_DATABASE__PARTITION_MS", scenario.partition_ms.to_string());
        // As with days in place of a second, keys are forgotten before their events: one that outlives its event is written by itself.
        command.env("WAYPOST_ACCEPT__DEDUPLICATION_WINDOW_MS", "500");
    }
    Server::start(&mut command)
}
