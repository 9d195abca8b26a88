//! What the measurements were made on.

use serde::Serialize;

/// The machine, as far as it says so itself.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: usize,
    pub(crate) kernel: String,
    pub(crate) measured_at: String,
}

impl Machine {
    /// This one, now.
    pub(crate) fn this() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or("");
            line.split_once(':').map_or("", |(_, value)| value).trim().to_owned()
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let memory_kib: usize = memory.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0);
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: (memory_kib + 524_288) / 1_048_576,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            measured_at: waypost::domain::clock::Timestamp::from_micros(crate::message::now()).to_string(),
        }
    }
}
