//! The process, as Linux shows it under `/proc`, by the names that Prometheus' own client libraries use. Elsewhere they stay 0.
//!
//! Read here in a few lines: the `process` feature of the library brings `procfs` and four more crates for the same numbers.

use std::fs;

use prometheus::{Counter, IntGauge};

use super::catalog::Catalog;
use super::node::signed;

/// Clock ticks in a second, as user space is told of them on every architecture that Linux still runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// The handles of the process.
#[derive(Debug)]
pub struct Process {
    cpu_seconds: Counter,
    resident: IntGauge,
    virtual_memory: IntGauge,
    threads: IntGauge,
    open_files: IntGauge,
    max_files: IntGauge,
    started_at: IntGauge,
}

impl Process {
    pub(super) fn new(catalog: &mut Catalog) -> Self {
        Self {
            cpu_seconds: catalog.float_counter("process_cpu_seconds_total", "Processor time used, by user and system."),
            resident: catalog.gauge("process_resident_memory_bytes", "Memory in use."),
            virtual_memory: catalog.gauge("process_virtual_memory_bytes", "Address space in use."),
            threads: catalog.gauge("process_threads", "Threads of the system."),
            open_files: catalog.gauge("process_open_fds", "Open file descriptors; connections are among them."),
            max_files: catalog.gauge("process_max_fds", "How many there may be."),
            started_at: catalog.gauge("process_start_time_seconds", "When the process started, in seconds since 1970."),
        }
    }

    /// Looks at the process; what can't be read stays as it was.
    pub fn look(&self) {
        let read = |name: &str| fs::read_to_string(format!("/proc/{name}")).unwrap_or_default();
        let (stat, status) = (read("self/stat"), read("self/status"));
        if let Some(ticks) = cpu_ticks(&stat) {
            // Two scrapes at once may have read in the other order.
            self.cpu_seconds.inc_by((ticks / TICKS_PER_SECOND - self.cpu_seconds.get()).max(0.0));
        }
        let kibibytes = |name| number_after(&status, name).map(|number| number.saturating_mul(1024));
        set(&self.resident, kibibytes("VmRSS:"));
        set(&self.virtual_memory, kibibytes("VmSize:"));
        set(&self.threads, number_after(&status, "Threads:"));
        set(&self.open_files, fs::read_dir("/proc/self/fd").ok().map(|found| signed(found.count())));
        set(&self.max_files, number_after(&read("self/limits"), "Max open files"));
        if self.started_at.get() == 0 {
            set(&self.started_at, started_at(&stat, &read("stat")));
        }
    }
}

fn set(gauge: &IntGauge, value: Option<i64>) {
    if let Some(value) = value {
        gauge.set(value);
    }
}

/// The first number on the line that begins with `name`; what is not a number may be without a limit.
fn number_after(text: &str, name: &str) -> Option<i64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A field of `/proc/self/stat`, by its number in proc(5). The name in parentheses, field 2, may hold spaces itself.
fn field(stat: &str, number: usize) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(number - 3)?.parse().ok()
}

fn cpu_ticks(stat: &str) -> Option<f64> {
    Some(field(stat, 14)? + field(stat, 15)?)
}

#[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
fn started_at(stat: &str, system: &str) -> Option<i64> {
    Some(number_after(system, "btime")? + (field(stat, 22)? / TICKS_PER_SECOND) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "7 (way) post) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 9 0 12345 99 88 77";

    #[test]
    fn fields_are_found_behind_a_name_with_parentheses() {
        assert_eq!(cpu_ticks(STAT), Some(300.0));
        assert_eq!(started_at(STAT, "cpu 1 2 3\nbtime 1000\n"), Some(1123));
    }

    #[test]
    fn what_has_no_limit_or_is_missing_is_no_number() {
        let limits = "Max open files            unlimited            unlimited            files\nMax processes 5 5";
        assert_eq!(number_after(limits, "Max open files"), None);
        assert_eq!(number_after(limits, "Max processes"), Some(5));
        assert_eq!(number_after("", "VmRSS:"), None);
        assert_eq!(cpu_ticks(""), None);
    }
}
