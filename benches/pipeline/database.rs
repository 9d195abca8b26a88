//! A fresh database for one run, deleted with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{cpu_us, family, kib};
use crate::statistics::real;
use crate::{Result, message};

/// The database of a run.
pub(crate) enum Database {
    /// A file, which goes with its folder.
    Sqlite(PathBuf),
    /// A database of the cluster that is there for the whole run.
    Postgres { base: String, name: String, postmaster: u32 },
}

impl Database {
    /// A file in `folder`.
    pub(crate) fn sqlite(folder: &Path) -> Self {
        Self::Sqlite(folder.join("waypost.db"))
    }

    /// One of the cluster that the environment names.
    pub(crate) fn postgres() -> Result<Self> {
        let base = postgres_url().ok_or("WAYPOST_TEST_POSTGRES names no Postgres")?;
        let name = format!("bench_{}", message::now());
        psql(&base, &format!("CREATE DATABASE {name}"))?;
        let file = psql(&base, "SELECT pg_read_file('postmaster.pid')")?;
        Ok(Self::Postgres { base, name, postmaster: file.lines().next().unwrap_or("").parse()? })
    }

    /// What the server is told.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite://{}", file.display()),
            Self::Postgres { base, name, .. } => format!("{}/{name}", base.rsplit_once('/').map_or("", |(before, _)| before)),
        }
    }

    /// CPU time that the processes of the database server have used, in microseconds.
    pub(crate) fn cpu_us(&self) -> i64 {
        // A process that ended between the two looks is in its parent's sum.
        self.processes().into_iter().filter_map(|process| cpu_us(process).ok()).sum()
    }

    /// What those processes hold, shared pages counted once (`Pss`), in KiB.
    pub(crate) fn memory_kib(&self) -> usize {
        self.processes().into_iter().map(|process| kib(process, "smaps_rollup", "Pss")).sum()
    }

    /// MiB that it takes on the disk, its log included where that is a file of its own.
    pub(crate) fn mib(&self) -> Result<f64> {
        let bytes = match self {
            Self::Sqlite(file) => {
                let size = |ending: &str| std::fs::metadata(format!("{}{ending}", file.display())).map_or(0, |file| file.len());
                size("") + size("-wal")
            }
            Self::Postgres { base, name, .. } => psql(base, &format!("SELECT pg_database_size('{name}')"))?.parse()?,
        };
        Ok(real(i64::try_from(bytes)?) / 1_048_576.0)
    }

    /// MiB that its write-ahead log takes on the disk; on Postgres, that of the whole cluster.
    pub(crate) fn log_mib(&self) -> Result<f64> {
        let bytes = match self {
            Self::Sqlite(file) => std::fs::metadata(format!("{}-wal", file.display())).map_or(0, |file| file.len()),
            Self::Postgres { base, .. } => psql(base, "SELECT sum(size) FROM pg_ls_waldir()")?.parse()?,
        };
        Ok(real(i64::try_from(bytes)?) / 1_048_576.0)
    }

    fn processes(&self) -> Vec<u32> {
        match self {
            Self::Sqlite(_) => Vec::new(),
            Self::Postgres { postmaster, .. } => family(*postmaster),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { base, name, .. } = self {
            // The cluster is thrown away at the end; a database that stays until then only takes room.
            let _ = psql(base, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

/// The Postgres to use, if there is one.
#[expect(clippy::disallowed_methods, reason = "a benchmark is told by its caller where the database is, as the tests are")]
pub(crate) fn postgres_url() -> Option<String> {
    std::env::var("WAYPOST_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// What a statement answers, as text.
pub(crate) fn psql(url: &str, statement: &str) -> Result<String> {
    let output = Command::new("psql").args([url, "--quiet", "--tuples-only", "--no-align", "-c", statement]).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?.trim().to_owned());
    }
    Err(format!("{statement}: {}", String::from_utf8_lossy(&output.stderr)).into())
}
