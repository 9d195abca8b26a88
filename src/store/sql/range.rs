//! Ranges of identifiers: how a list's page and its time bounds reach the index.
//!
//! Identifiers are `UUIDv7`, so a time bound narrows the identifiers that need to be looked at. An identifier is made a moment
//! before the time its row carries, at most a request's length; so the range is wider than the bound by a minute and the row's
//! own time decides.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::clock::Timestamp;
use crate::domain::id::{DeliveryId, EventId};
use crate::domain::page::PageRequest;

/// How far an identifier may lie from the time its row carries.
const SLACK: Duration = Duration::from_mins(1);

/// What a list looks at: rows with `low <= id < high` and `after <= time < before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// The first identifier inside.
    pub(super) low: Uuid,
    /// The first identifier beyond.
    pub(super) high: Uuid,
    /// The first moment inside.
    pub(super) after: Timestamp,
    /// The first moment beyond.
    pub(super) before: Timestamp,
}

impl Range {
    /// The range between two moments, either of which may be open.
    pub(super) fn between(after: Option<Timestamp>, before: Option<Timestamp>) -> Self {
        Self {
            low: after.map_or(Uuid::nil(), |moment| EventId::first_at(moment.minus(SLACK)).as_uuid()),
            high: before.map_or(Uuid::max(), |moment| EventId::first_at(moment.plus(SLACK)).as_uuid()),
            after: after.unwrap_or(Timestamp::from_micros(i64::MIN)),
            before: before.unwrap_or(Timestamp::from_micros(i64::MAX)),
        }
    }

    /// The deliveries of events accepted between two moments, either of which may be open. Their identifiers hold that moment, to
    /// the microsecond; their rows hold when they were created, which for a replay is later.
    pub(super) fn of_deliveries(after: Option<Timestamp>, before: Option<Timestamp>) -> Self {
        Self {
            low: after.map_or(Uuid::nil(), |moment| DeliveryId::first_at(moment).as_uuid()),
            high: before.map_or(Uuid::max(), |moment| DeliveryId::first_at(moment).as_uuid()),
            ..Self::between(None, None)
        }
    }

    /// The part of it that holds the deliveries of an event.
    pub(super) fn of_event(self, event: Option<EventId>) -> Self {
        let Some((first, last)) = event.map(DeliveryId::range_of) else { return self };
        let beyond = Uuid::from_u128(last.as_uuid().as_u128().saturating_add(1));
        Self { low: self.low.max(first.as_uuid()), high: self.high.min(beyond), ..self }
    }

    /// The part of it whose identifiers were made at or after a moment.
    pub(super) fn made_since(self, moment: Option<Timestamp>) -> Self {
        Self { low: moment.map_or(self.low, |moment| EventId::first_at(moment).as_uuid().max(self.low)), ..self }
    }

    /// The part of it that a page begins at.
    pub(super) fn page(self, page: PageRequest) -> Self {
        Self { high: page.before.map_or(self.high, |before| before.min(self.high)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entropy::SeededEntropy;
    use crate::domain::id::uuid_v7;

    const NOON: Timestamp = Timestamp::from_micros(1_763_726_400_000_000);

    #[test]
    fn rows_whose_identifier_was_made_up_to_a_minute_before_their_time_are_inside() {
        let range = Range::between(Some(NOON), Some(NOON.plus(Duration::from_secs(1))));
        let made_at = |moment| uuid_v7(moment, &SeededEntropy::new(1));
        for moment in [NOON.minus(Duration::from_secs(59)), NOON, NOON.plus(Duration::from_secs(1))] {
            assert!((range.low..range.high).contains(&made_at(moment)));
        }
        assert!(!(range.low..range.high).contains(&made_at(NOON.minus(Duration::from_secs(61)))));
        assert!(!(range.low..range.high).contains(&made_at(NOON.plus(Duration::from_secs(62)))));
    }

    #[test]
    fn a_page_only_narrows() {
        let range = Range::between(None, Some(NOON));
        let beyond = PageRequest { before: Some(Uuid::max()), ..PageRequest::default() };
        assert_eq!(range.page(beyond), range);
        let within = PageRequest { before: Some(Uuid::from_u128(9)), ..PageRequest::default() };
        assert_eq!(range.page(within).high, Uuid::from_u128(9));
    }

    #[test]
    fn deliveries_are_inside_to_the_microsecond() {
        let range = Range::of_deliveries(Some(NOON), Some(NOON.plus(Duration::from_micros(1))));
        let made_at = |moment| uuid_v7(moment, &SeededEntropy::new(1));
        let inside = [-1, 0, 1]
            .map(|micros| (range.low..range.high).contains(&made_at(Timestamp::from_micros(NOON.as_micros() + micros))));
        assert_eq!(inside, [false, true, false]);
    }

    #[test]
    fn open_bounds_hold_everything() {
        let range = Range::between(None, None);
        assert!(range.low <= uuid_v7(NOON, &SeededEntropy::new(1)) && uuid_v7(NOON, &SeededEntropy::new(1)) < range.high);
        assert!(range.after < NOON && NOON < range.before);
    }
}
