//! The system under test: Waypost on a fresh database, or the ceiling.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ceiling::CONNECTIONS;
use crate::process::{Server, request, role};
use crate::scenario::{Scenario, Store};
use crate::{Result, message};

/// The administrator's key of every server of the benchmark.
pub(crate) const KEY: &str = "wp_benchmark_key_0123456789abcdef";

/// A running system.
pub(crate) struct System {
    pub(crate) server: Server,
    /// The process of the database server, if there is one.
    pub(crate) postmaster: Option<u32>,
    database: Option<String>,
    folder: PathBuf,
}

impl System {
    /// Starts what `scenario` asks for, subscribed to by the sink.
    pub(crate) fn start(scenario: &Scenario, sink: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let mut system = match scenario.store {
            Store::None => {
                let fan_out = scenario.fan_out.to_string();
                let server = Server::start(&mut role("ceiling", &[sink, &fan_out])?)?;
                return Ok(Self { server, postmaster: None, database: None, folder });
            }
            Store::Sqlite => {
                let url = format!("sqlite://{}", folder.join("waypost.db").display());
                Self { server: waypost(&folder, &url)?, postmaster: None, database: None, folder }
            }
            Store::Postgres => {
                let base = postgres_url().ok_or("WAYPOST_TEST_POSTGRES names no Postgres")?;
                let name = format!("bench_{}", message::now());
                psql(&base, &format!("CREATE DATABASE {name}"))?;
                let url = format!("{}/{name}", base.rsplit_once('/').map_or("", |(before, _)| before));
                let postmaster = postmaster(&base)?;
                Self { server: waypost(&folder, &url)?, postmaster: Some(postmaster), database: Some(name), folder }
            }
        };
        for subscription in 0..scenario.fan_out {
            system.subscribe(&format!("http://{sink}/{subscription}"))?;
        }
        Ok(system)
    }

    fn subscribe(&mut self, sink: &str) -> Result<()> {
        let body = format!(r#"{{"sink":"{sink}","types":["{}"],"config":{{"max_concurrency":{CONNECTIONS}}}}}"#, message::TYPE);
        match request("POST", &self.server.address, "/v1/subscriptions", KEY, &body)? {
            (201, _) => Ok(()),
            (status, body) => Err(format!("subscribing was answered {status}: {body}").into()),
        }
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if let (Some(name), Some(base)) = (&self.database, postgres_url()) {
            // The cluster is thrown away at the end; a database that stays until then only takes room.
            let _ = psql(&base, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The program itself, with nothing set but what the benchmark needs.
fn waypost(folder: &Path, database_url: &str) -> Result<Server> {
    let settings = format!("[egress]\nallow = [\"127.0.0.0/8\"]\n[auth]\nbootstrap_key = \"{KEY}\"\n[log]\nfilter = \"warn\"\n");
    std::fs::write(folder.join("waypost.toml"), settings)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_waypost"));
    command.current_dir(folder).args(["serve", "--listen", "127.0.0.1:0", "--database-url", database_url]);
    Server::start(&mut command)
}

/// The Postgres to use, if there is one.
#[expect(clippy::disallowed_methods, reason = "a benchmark is told by its caller where the database is, as the tests are")]
pub(crate) fn postgres_url() -> Option<String> {
    std::env::var("WAYPOST_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

fn psql(url: &str, statement: &str) -> Result<String> {
    let output = Command::new("psql").args([url, "--quiet", "--tuples-only", "--no-align", "-c", statement]).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?.trim().to_owned());
    }
    Err(format!("{statement}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn postmaster(url: &str) -> Result<u32> {
    let file = psql(url, "SELECT pg_read_file('postmaster.pid')")?;
    Ok(file.lines().next().unwrap_or("").parse()?)
}
