//! The system under test: Waypost on a fresh database with its subscriptions, or the ceiling.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::api::{self, KEY, TENANT};
use crate::ceiling::CONNECTIONS;
use crate::database::Database;
use crate::process::{Server, role};
use crate::scenario::{Aside, Backlog, Scenario, Store};
use crate::{Result, message};

/// The tenant that backlogs belong to.
pub(crate) const CROWD: &str = "crowd";

/// The tenant of the events that are only kept.
pub(crate) const ATTIC: &str = "attic";

/// A running system. What it was started in goes when this is dropped.
pub(crate) struct System {
    pub(crate) server: Server,
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
                return Ok(Self { server, database: None, paused: Vec::new(), folder });
            }
            Store::Sqlite => Database::sqlite(&folder),
            Store::Postgres => Database::postgres()?,
        };
        let server = waypost(&folder, &database.url())?;
        let mut system = Self { server, database: Some(database), paused: Vec::new(), folder };
        system.subscribe(scenario, sink)?;
        if let Some(backlog) = &scenario.backlog {
            system.prepare(backlog, sink)?;
        }
        Ok(system)
    }

    fn subscribe(&self, scenario: &Scenario, sink: &str) -> Result<()> {
        let post = |body| api::post(&self.server.address, TENANT, "/v1/subscriptions", &body);
        for topic in 0..scenario.topics {
            for copy in 0..scenario.fan_out {
                let (sink, types) = (format!("http://{sink}/{copy}"), [message::topic(topic)]);
                post(json!({"sink": sink, "types": types, "config": {"max_concurrency": CONNECTIONS}}))?;
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
        let address = &self.server.address;
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

    /// Lets the backlog flow.
    pub(crate) fn resume(&self) -> Result<()> {
        for id in &self.paused {
            api::post(&self.server.address, CROWD, &format!("/v1/subscriptions/{id}/resume"), &Value::Null)?;
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
fn waypost(folder: &Path, database_url: &str) -> Result<Server> {
    let settings = format!("[egress]\nallow = [\"127.0.0.0/8\"]\n[auth]\nbootstrap_key = \"{KEY}\"\n[log]\nfilter = \"error\"\n");
    std::fs::write(folder.join("waypost.toml"), settings)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_waypost"));
    command.current_dir(folder).args(["serve", "--listen", "127.0.0.1:0", "--database-url", database_url]);
    Server::start(&mut command)
}
