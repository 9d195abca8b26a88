//! What the results are held against.

use super::catalog::ALL as SCENARIOS;
use super::goals::{Figure, judge, table};
use super::targets::ALL;

/// Every number of every scenario is `value`, but for those of `sqlite-64`.
fn figures(value: f64, sqlite: f64) -> impl Fn(Figure, &str) -> Option<f64> {
    move |_, scenario| Some(if scenario == "sqlite-64" { sqlite } else { value })
}

#[test]
fn a_ratio_is_held_against_its_bound_from_either_side() {
    let verdict = |sqlite| judge(ALL, figures(100.0, sqlite)).remove(0);
    assert_eq!(verdict(85.0).measured, "0.85 ×");
    assert!(verdict(85.0).is_met);
    assert!(!verdict(84.9).is_met);
}

#[test]
fn a_time_is_held_against_its_bound() {
    let met = |value| judge(ALL, figures(value, value)).into_iter().filter(|one| one.goal == "≤ 2 ms").all(|one| one.is_met);
    assert!(met(2.0));
    assert!(!met(2.01));
}

#[test]
fn what_was_not_measured_is_not_judged() {
    assert!(judge(ALL, |_, _| None).is_empty());
    let only = |_, scenario: &str| (scenario == "sqlite-hang").then_some(3.0);
    let judged = judge(ALL, only);
    assert_eq!(judged.len(), 1, "{judged:?}");
    assert!(table(&judged).contains("healthy p99 | ≤ 20 ms | 3.00 ms | met |"));
}

#[test]
fn a_missed_goal_stands_out() {
    let judged = judge(ALL, |_, scenario| (scenario == "sqlite-hang").then_some(30.0));
    assert!(table(&judged).contains("| **not met** |"));
}

#[test]
fn every_goal_is_judged_by_some_run() {
    for goal in ALL {
        let judged = judge(&[*goal], |_, scenario| SCENARIOS.iter().any(|one| one.name == scenario).then_some(1.0));
        assert!(!judged.is_empty(), "nothing measures {goal:?}");
    }
}

#[test]
fn a_goal_of_both_databases_is_judged_for_each() {
    let judged = judge(ALL, |_, scenario| scenario.ends_with("-200s").then_some(1.0));
    let what: Vec<_> = judged.iter().map(|one| one.what.as_str()).collect();
    let p50 = ["SQLite, 200 events/s, end-to-end p50", "Postgres, 200 events/s, end-to-end p50"];
    assert_eq!(what[..2], p50);
    assert_eq!(what.len(), 4);
}
