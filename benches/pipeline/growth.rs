//! Whether something grows over a long run: the medians of its first and its last quarter are compared.

use serde::Serialize;

use super::statistics::median;

/// What is looked at once a minute.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Sample {
    /// Seconds since the beginning.
    pub(crate) at_s: u64,
    /// Memory of the server, resident.
    pub(crate) rss_mib: f64,
    pub(crate) descriptors: f64,
    /// End to end, of the events since the sample before.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Deliveries of those events that had not come two seconds later.
    pub(crate) missing: usize,
    pub(crate) database_mib: f64,
    /// The write-ahead log on the disk.
    pub(crate) log_mib: f64,
}

/// What is not to grow.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    pub(crate) what: &'static str,
    pub(crate) first: f64,
    pub(crate) last: f64,
    pub(crate) grows: bool,
}

/// What may change without anything growing: a factor and something on top, for what is small.
struct Allowance {
    factor: f64,
    more: f64,
}

/// Judges every series. Nothing is said of fewer than eight samples: the first two, of which the first holds the start, would be all
/// there is to compare with.
pub(crate) fn judge(samples: &[Sample]) -> Vec<Verdict> {
    let quarter = samples.len() / 4;
    if quarter < 2 {
        return Vec::new();
    }
    let judge = |what, value: fn(&Sample) -> f64, allowed: Allowance| {
        let of = |samples: &[Sample]| median(samples.iter().map(value).collect());
        let (first, last) = (of(&samples[1..=quarter]), of(&samples[samples.len() - quarter..]));
        Verdict { what, first, last, grows: last > first * allowed.factor + allowed.more }
    };
    vec![
        judge("memory, MiB", |sample| sample.rss_mib, Allowance { factor: 1.1, more: 8.0 }),
        judge("file descriptors", |sample| sample.descriptors, Allowance { factor: 1.1, more: 8.0 }),
        judge("p50, ms", |sample| sample.p50_ms, Allowance { factor: 1.5, more: 1.0 }),
        judge("p99, ms", |sample| sample.p99_ms, Allowance { factor: 2.0, more: 5.0 }),
        judge("write-ahead log, MiB", |sample| sample.log_mib, Allowance { factor: 1.5, more: 128.0 }),
    ]
}
