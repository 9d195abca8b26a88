//! The pace of a replay, by the numbers.

use std::time::Duration;

use super::step::Pace;
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::job::{Only, Replay};

fn pace(rate_per_second: f64, max: u32) -> Pace {
    let moment = Timestamp::default();
    let subscription_id = SubscriptionId::first_at(moment);
    let replay = Replay { subscription_id, after: moment, before: moment, types: Vec::new(), only: Only::All, rate_per_second };
    Pace::new(&replay, max)
}

#[test]
fn a_step_opens_what_is_due_in_half_a_second_and_at_least_one() {
    assert_eq!(pace(50.0, 500).room(0), 25);
    assert_eq!(pace(3.0, 500).room(0), 2);
    assert_eq!(pace(0.1, 500).room(0), 1);
    assert_eq!(pace(1000.0, 500).room(0), 500);
}

#[test]
fn two_seconds_of_its_rate_may_wait_for_their_first_attempt() {
    assert_eq!(pace(50.0, 500).room(80), 20);
    assert_eq!(pace(50.0, 500).room(100), 0);
    assert_eq!(pace(50.0, 500).room(10_000), 0);
    assert_eq!(pace(0.1, 500).room(1), 0, "at least one may");
    assert_eq!(pace(1000.0, 500).room(400), 100, "whatever the rate, not more than the bound");
    assert_eq!(pace(5.0, 0).room(0), 1, "a bound of nothing would stop it for ever");
}

#[test]
fn what_was_opened_takes_its_time() {
    assert_eq!(pace(50.0, 500).time_for(25), Duration::from_millis(500));
    assert_eq!(pace(0.1, 500).time_for(1), Duration::from_secs(10));
    assert_eq!(pace(50.0, 500).time_for(0), Duration::ZERO);
}
