//! Outcomes in sentences.

use super::walk::Moment;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::filter::Clause;
use crate::domain::subscription::{DisabledReason, Outcome};

/// What happened, to somebody who waits for the event.
pub(super) fn happened(
    outcome: Outcome,
    moment: &Moment,
    clauses: &[Clause],
    reason: Option<DisabledReason>,
    delivery: Option<&Delivery>,
) -> String {
    let was_accepted = matches!(moment, Moment::Accepted { .. });
    match outcome {
        Outcome::Matched if was_accepted => match delivery {
            Some(Delivery { state: DeliveryState::Pending, next_attempt_at: Some(due_at), .. }) => {
                format!("The event matched; its delivery is `pending`, due at {due_at}.")
            }
            Some(delivery) if delivery.waits_in_line() => {
                "The event matched; its delivery is `pending` and waits behind an earlier one of its key.".to_owned()
            }
            Some(delivery) => format!("The event matched; its delivery is `{}`.", delivery.state.as_str()),
            None => "The event matched; its delivery is not kept any longer.".to_owned(),
        },
        Outcome::Matched => match moment {
            Moment::Now { not_before: Some(moment), .. } => {
                format!("The event would match and be delivered, not before {moment}.")
            }
            _ => "The event would match and be delivered.".to_owned(),
        },
        Outcome::Paused if was_accepted => match delivery {
            Some(delivery) => format!(
                "The event matched while the subscription was paused: its delivery waited. It is `{}` now.",
                delivery.state.as_str()
            ),
            None => "The event matched while the subscription was paused; its delivery is not kept any longer.".to_owned(),
        },
        Outcome::Paused => "The event would match, and its delivery would wait until the subscription is resumed.".to_owned(),
        Outcome::Expired => "The event matched, but its `expirytime` came before it was delivered.".to_owned(),
        Outcome::NotMatched => because("The event does not match", clauses),
        Outcome::Fault => because("It can't be told whether the event matches, so it does not", clauses),
        Outcome::Disabled => {
            let why = match reason {
                Some(DisabledReason::Gone) => ": its sink had answered 410 Gone",
                Some(DisabledReason::Failing) => ": its sink had failed for too long",
                None => "",
            };
            let verb = if was_accepted {
                "would have matched, but the subscription was"
            } else {
                "would match, but the subscription is"
            };
            format!("The event {verb} disabled{why}.")
        }
        Outcome::Unverified if was_accepted => {
            "The event would have matched, but the sink had not agreed to deliveries yet.".to_owned()
        }
        Outcome::Unverified => "The event would match, but the sink has not agreed to deliveries yet.".to_owned(),
        Outcome::CreatedAfter | Outcome::Deleted | Outcome::Unknown => String::new(),
    }
}

/// Why a subscription had no part in it: it was created or deleted at `moment`.
pub(super) fn had_no_part(outcome: Outcome, moment: Option<Timestamp>) -> String {
    match (outcome, moment) {
        (Outcome::CreatedAfter, Some(moment)) => {
            format!("The subscription was created after the event was accepted, at {moment}.")
        }
        (Outcome::Deleted, Some(moment)) => format!("The subscription was deleted before the event was accepted, at {moment}."),
        _ => "What the subscription was when the event was accepted is not kept any longer.".to_owned(),
    }
}

fn because(beginning: &str, clauses: &[Clause]) -> String {
    match clauses {
        [] => format!("{beginning}."),
        [only] => format!("{beginning}: {}.", only.detail),
        [first, rest @ ..] => format!("{beginning}: {} (and {} more).", first.detail, rest.len()),
    }
}
