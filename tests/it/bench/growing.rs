//! Whether something grows over a long run.

use super::growth::{Sample, judge};

/// An hour in which `change` is done to each minute.
fn hour(change: impl Fn(f64, &mut Sample)) -> Vec<Sample> {
    let minutes = (1_u8..=60).map(|minute| {
        let (p50_ms, p99_ms) = (1.0, 4.0);
        let at_s = u64::from(minute) * 60;
        let mut sample =
            Sample { at_s, rss_mib: 50.0, descriptors: 60.0, p50_ms, p99_ms, missing: 0, database_mib: 0.0, log_mib: 32.0 };
        change(minute.into(), &mut sample);
        sample
    });
    minutes.collect()
}

/// What is said to grow.
fn growing(samples: &[Sample]) -> Vec<&'static str> {
    judge(samples).into_iter().filter(|verdict| verdict.grows).map(|verdict| verdict.what).collect()
}

#[test]
fn what_stays_as_it_was_is_steady() {
    assert_eq!(judge(&hour(|_, _| {})).len(), 5);
    assert!(growing(&hour(|_, _| {})).is_empty());
}

#[test]
fn a_leak_is_seen() {
    assert_eq!(growing(&hour(|minute, sample| sample.rss_mib += minute)), ["memory, MiB"]);
    assert_eq!(growing(&hour(|minute, sample| sample.descriptors += minute)), ["file descriptors"]);
    assert_eq!(growing(&hour(|minute, sample| sample.log_mib += minute * 16.0)), ["write-ahead log, MiB"]);
}

#[test]
fn a_latency_that_creeps_up_is_seen() {
    assert_eq!(growing(&hour(|minute, sample| sample.p99_ms += minute)), ["p99, ms"]);
}

#[test]
fn one_bad_minute_and_the_start_are_no_growth() {
    let samples = hour(|minute, sample| {
        if !(2.0..=59.0).contains(&minute) {
            (sample.rss_mib, sample.p50_ms, sample.p99_ms) = (300.0, 50.0, 500.0);
        }
    });
    assert!(growing(&samples).is_empty());
}

#[test]
fn of_a_few_samples_nothing_is_said() {
    assert!(judge(&hour(|_, _| {})[..7]).is_empty());
    assert!(!judge(&hour(|_, _| {})[..8]).is_empty());
}
