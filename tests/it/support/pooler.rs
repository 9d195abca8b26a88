//! `PgBouncer` before the Postgres server of the tests, in transaction mode and with fewer connections than it has clients.
//!
//! Debian 12 has version 1.18, which knows nothing of prepared statements: whatever works behind it works behind later ones too.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use url::Url;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(20);
/// Ports tried: another program may take one between the choice and the start.
const TRIES: usize = 5;

/// A running `PgBouncer`; killed when dropped.
#[derive(Debug)]
pub(crate) struct Pooler {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl Pooler {
    /// Starts one before the server of a database, with so many connections to it. A pooler that can't be had is a failure.
    pub(crate) fn start(database_url: &str, connections: u32) -> Self {
        (0..TRIES)
            .find_map(|_| Self::try_start(database_url, connections))
            .expect("pgbouncer starts (scripts/install-test-tools.sh)")
    }

    /// The URL of the database, through it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn try_start(database_url: &str, connections: u32) -> Option<Self> {
        let mut url = Url::parse(database_url).expect("the database has a URL");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?.port();
        let server = format!("host={} port={}", url.host_str()?, url.port()?);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = {server} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 200\n",
            url.username()
        );
        fs::write(&settings, text).expect("the settings can be written");
        url.set_port(Some(port)).ok()?;
        let mut command = Command::new(program());
        if let Some(user) = unprivileged() {
            command.args(["-u", user]);
        }
        let child =
            command.args(["-q"]).arg(&settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let mut pooler = Self { child, url: url.into(), _folder: folder };
        let began = Instant::now();
        while began.elapsed() < PATIENCE && pooler.child.try_wait().ok()?.is_none() {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Some(pooler);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian puts it where only root's shell looks.
fn program() -> &'static str {
    let debian = "/usr/sbin/pgbouncer";
    if std::path::Path::new(debian).exists() { debian } else { "pgbouncer" }
}

/// Whom it runs as where this runs as root, which it refuses to.
fn unprivileged() -> Option<&'static str> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let is_known = |user: &&str| Command::new("id").args(["-u", user]).output().is_ok_and(|output| output.status.success());
    is_root.then(|| ["postgres", "nobody"].into_iter().find(is_known))?
}
