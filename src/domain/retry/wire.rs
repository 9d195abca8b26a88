//! A retry policy in JSON: one flat object, so that a fault is reported at its own member.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::{MAX_RETRY_AFTER_MS, RetryBackoff, RetryPolicy, RetrySchedule, Rule, Waits};

/// When a failed delivery is tried again, and how often at most. `policy` names a whole policy; every other member changes a part
/// of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetryPolicy)]
pub(super) struct Members {
    /// Which answers are worth another attempt, and the waits if no other member names them.
    #[serde(default, skip_serializing_if = "is_standard")]
    policy: Rule,
    /// Milliseconds before each attempt, the first included; 1 to 100 entries. Stands without the members of a back-off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    schedule_ms: Option<Vec<u64>>,
    /// Back-off: milliseconds before the second attempt; the first is made at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    initial_interval_ms: Option<u64>,
    /// Back-off: each further wait is the one before times this; 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    multiplier: Option<f64>,
    /// Back-off: no wait is longer than this, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_interval_ms: Option<u64>,
    /// Each wait is varied by up to this fraction of itself, up or down; 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    jitter: Option<f64>,
    /// Back-off: attempts in all, the first included; 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_attempts: Option<u32>,
    /// Statuses that end the delivery at once, beside those that the policy ends; 300 to 599. Absent: 415 alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_items = 100)]
    permanent_statuses: Option<Vec<u16>>,
    /// `Retry-After` is heeded up to this many milliseconds; 0 ignores it. Absent: 24 hours, which is the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 86_400_000)]
    max_retry_after_ms: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_standard(rule: &Rule) -> bool {
    *rule == Rule::Standard
}

impl Members {
    const fn is_backoff(&self) -> bool {
        self.initial_interval_ms.is_some()
            || self.multiplier.is_some()
            || self.max_interval_ms.is_some()
            || self.max_attempts.is_some()
    }

    fn waits(&mut self) -> Result<Waits, &'static str> {
        match (self.schedule_ms.take(), self.is_backoff()) {
            (Some(_), true) => Err("`schedule_ms` stands without the members of a back-off"),
            (Some(schedule_ms), false) => {
                let jitter = self.jitter.unwrap_or(RetrySchedule::DEFAULT_JITTER);
                Ok(Waits::Schedule(RetrySchedule { schedule_ms, jitter }))
            }
            (None, true) => {
                let default = self.policy.backoff();
                Ok(Waits::Exponential(RetryBackoff {
                    initial_interval_ms: self.initial_interval_ms.unwrap_or(default.initial_interval_ms),
                    multiplier: self.multiplier.unwrap_or(default.multiplier),
                    max_interval_ms: self.max_interval_ms.unwrap_or(default.max_interval_ms),
                    jitter: self.jitter.unwrap_or(default.jitter),
                    max_attempts: self.max_attempts.unwrap_or(default.max_attempts),
                }))
            }
            (None, false) => Ok(varied(self.policy.waits(), self.jitter)),
        }
    }
}

fn varied(mut waits: Waits, jitter: Option<f64>) -> Waits {
    let held = match &mut waits {
        Waits::Schedule(schedule) => &mut schedule.jitter,
        Waits::Exponential(backoff) => &mut backoff.jitter,
    };
    *held = jitter.unwrap_or(*held);
    waits
}

impl TryFrom<Members> for RetryPolicy {
    type Error = &'static str;

    fn try_from(mut members: Members) -> Result<Self, Self::Error> {
        let waits = members.waits()?;
        let named = Self::from(members.policy);
        Ok(Self {
            waits,
            permanent_statuses: members.permanent_statuses.unwrap_or(named.permanent_statuses),
            max_retry_after_ms: members.max_retry_after_ms.unwrap_or(named.max_retry_after_ms),
            ..named
        })
    }
}

impl From<RetryPolicy> for Members {
    fn from(policy: RetryPolicy) -> Self {
        let is_named = policy.permanent_statuses == RetryPolicy::from(policy.rule).permanent_statuses;
        let mut members = Self {
            policy: policy.rule,
            schedule_ms: None,
            initial_interval_ms: None,
            multiplier: None,
            max_interval_ms: None,
            jitter: None,
            max_attempts: None,
            permanent_statuses: (!is_named).then_some(policy.permanent_statuses),
            max_retry_after_ms: Some(policy.max_retry_after_ms).filter(|&cap| cap != MAX_RETRY_AFTER_MS),
        };
        match policy.waits {
            Waits::Schedule(schedule) => {
                members.schedule_ms = Some(schedule.schedule_ms);
                members.jitter = Some(schedule.jitter);
            }
            Waits::Exponential(backoff) => {
                members.initial_interval_ms = Some(backoff.initial_interval_ms);
                members.multiplier = Some(backoff.multiplier);
                members.max_interval_ms = Some(backoff.max_interval_ms);
                members.jitter = Some(backoff.jitter);
                members.max_attempts = Some(backoff.max_attempts);
            }
        }
        members
    }
}

impl PartialSchema for RetryPolicy {
    fn schema() -> RefOr<Schema> {
        Members::schema()
    }
}

impl ToSchema for RetryPolicy {
    fn name() -> Cow<'static, str> {
        Members::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Members::schemas(schemas);
    }
}
