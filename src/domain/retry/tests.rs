use proptest::prelude::*;

use super::*;

fn read(text: &str) -> RetryPolicy {
    serde_json::from_str(text).unwrap()
}

#[test]
fn default_is_the_standard_webhooks_schedule() {
    let policy = RetryPolicy::default();
    let waits: Vec<u64> = (0..10).map(|made| policy.wait(made, 0.5).unwrap().as_secs()).collect();
    assert_eq!(waits, [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
    assert_eq!(waits.iter().sum::<u64>(), 75 * 3600 + 35 * 60 + 5);
    assert_eq!(policy.wait(10, 0.5), None);
    for same in [r#"{"policy":"standard"}"#, "{}"] {
        assert_eq!(read(same), policy, "{same}");
    }
}

#[test]
fn backoff_grows_by_its_multiplier_up_to_its_cap() {
    let backoff = RetryBackoff { jitter: 0.0, max_interval_ms: 60_000, ..RetryBackoff::default() };
    let policy = RetryPolicy::from(Waits::Exponential(backoff));
    let waits: Vec<u64> = (0..5).map(|made| policy.wait(made, 0.9).unwrap().as_secs()).collect();
    assert_eq!(waits, [0, 5, 15, 45, 60]);
}

#[test]
fn knative_waits_doubled_from_a_fifth_of_a_second_under_full_jitter() {
    let policy = read(r#"{"policy":"knative"}"#);
    let waits = |fraction| (1..5).map(|made| policy.wait(made, fraction).unwrap().as_millis()).collect::<Vec<_>>();
    assert_eq!(waits(0.5), [200, 400, 800, 1600]);
    assert_eq!(waits(0.0), [0; 4]);
    assert_eq!((policy.max_attempts(), policy.wait(11, 0.5)), (11, None));
    let changed = read(r#"{"policy":"knative","max_attempts":3,"jitter":0}"#);
    assert_eq!((changed.max_attempts(), changed.wait(1, 0.9)), (3, Some(Duration::from_millis(200))));
    assert_eq!(read(r#"{"policy":"knative","schedule_ms":[0,7]}"#).wait(1, 0.5), Some(Duration::from_millis(7)));
}

/// SPECS 3.2, the whole table.
#[test]
fn knative_retries_what_its_table_says() {
    let policy = RetryPolicy::from(Rule::Knative);
    let ended: Vec<u16> = (300..600).filter(|&status| policy.is_permanent(status)).collect();
    let expected: Vec<u16> = (300..500).filter(|status| ![404, 408, 409, 429].contains(status)).collect();
    assert_eq!(ended, expected);
}

/// Trap T-7: a refusal at a webhook receiver is mostly a mistake that heals; 415 is not (WS-7).
#[test]
fn standard_retries_all_but_the_statuses_named() {
    let ended = |policy: &RetryPolicy| (300..600).filter(|&status| policy.is_permanent(status)).collect::<Vec<_>>();
    assert_eq!(ended(&RetryPolicy::default()), [415]);
    assert_eq!(ended(&read(r#"{"permanent_statuses":[422,400]}"#)), [400, 422]);
    assert_eq!(ended(&read(r#"{"permanent_statuses":[]}"#)), [0; 0]);
}

#[test]
fn every_form_is_read_and_comes_back_as_it_went() {
    for text in [
        r#"{"schedule_ms":[0,10],"jitter":0.2}"#,
        r#"{"initial_interval_ms":5000,"multiplier":3.0,"max_interval_ms":86400000,"jitter":0.2,"max_attempts":3}"#,
        r#"{"policy":"knative","schedule_ms":[0],"jitter":0.0,"permanent_statuses":[503],"max_retry_after_ms":0}"#,
        r#"{"schedule_ms":[0],"jitter":0.0,"permanent_statuses":[]}"#,
    ] {
        assert_eq!(serde_json::to_string(&read(text)).unwrap(), text);
    }
    assert_eq!(read(r#"{"schedule_ms":[0,10]}"#).max_attempts(), 2);
    assert_eq!(
        read(r#"{"max_attempts":3}"#).waits,
        Waits::Exponential(RetryBackoff { max_attempts: 3, ..RetryBackoff::default() })
    );
    for wrong in [r#"{"schedule_ms":[0],"max_attempts":3}"#, r#"{"policy":"linear"}"#, r#"{"jitters":1}"#] {
        assert!(serde_json::from_str::<RetryPolicy>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn members_out_of_bounds_are_named() {
    let cases = [
        (r#"{"multiplier":0.5}"#, "multiplier"),
        (r#"{"initial_interval_ms":0}"#, "initial_interval_ms"),
        (r#"{"max_interval_ms":1}"#, "max_interval_ms"),
        (r#"{"jitter":1.5}"#, "jitter"),
        (r#"{"max_attempts":0}"#, "max_attempts"),
        (r#"{"permanent_statuses":[400,299]}"#, "permanent_statuses/1"),
        (r#"{"permanent_statuses":[600]}"#, "permanent_statuses/0"),
        (r#"{"max_retry_after_ms":86400001}"#, "max_retry_after_ms"),
    ];
    for (text, member) in cases {
        assert_eq!(read(text).validate().unwrap_err().0, member);
    }
    let nan = RetryBackoff { jitter: f64::NAN, ..RetryBackoff::default() };
    assert_eq!(RetryPolicy::from(Waits::Exponential(nan)).validate().unwrap_err().0, "jitter");
    let many = RetryPolicy { permanent_statuses: vec![400; 101], ..RetryPolicy::default() };
    assert_eq!(many.validate().unwrap_err().0, "permanent_statuses");
    for rule in [Rule::Standard, Rule::Knative] {
        assert_eq!(RetryPolicy::from(rule).validate(), Ok(()));
    }
}

proptest! {
    #[test]
    fn jitter_stays_within_its_fraction(made in 1_u32..9, fraction in 0.0_f64..1.0, jitter in 0.0_f64..=1.0) {
        let backoff = RetryBackoff { jitter, ..RetryBackoff::default() };
        let base = backoff.base_ms(made);
        let wait = RetryPolicy::from(Waits::Exponential(backoff)).wait(made, fraction).unwrap().as_secs_f64() * 1000.0;
        prop_assert!(wait >= base * (1.0 - jitter) - 0.01 && wait <= base * (1.0 + jitter) + 0.01);
    }
}
