//! Identifiers: a prefix and the 26 base32 characters of a `UUIDv7` (the TypeID form).
//!
//! They sort by the time they were made, so every index they lead stays warm at its right edge.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use uuid::Uuid;

use super::clock::Timestamp;
use super::entropy::Entropy;
use super::shard::ShardNumber;

/// The lower-case Crockford alphabet of the TypeID specification.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A text that is not an identifier of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier: expected `{prefix}_` and 26 base32 characters")]
pub struct InvalidId {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

/// A `UUIDv7` (RFC 9562 section 5.7) whose 12 bits after the milliseconds hold the fraction of the millisecond, so that
/// identifiers made in one process sort by time to a quarter of a microsecond.
#[must_use]
pub fn uuid_v7(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let micros = now.as_micros().max(0).unsigned_abs();
    let (millis, fraction) = (micros / 1000, (micros % 1000) * 4096 / 1000);
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    entropy.fill(&mut bytes[8..]);
    let [high, low] = u16::try_from(fraction).unwrap_or(0xFFF).to_be_bytes();
    bytes[6] = 0x70 | high;
    bytes[7] = low;
    bytes[8] = 0x80 | (bytes[8] & 0x3F);
    Uuid::from_bytes(bytes)
}

fn encode(uuid: Uuid) -> [u8; 26] {
    let mut rest = uuid.as_u128();
    let mut text = [0; 26];
    for slot in text.iter_mut().rev() {
        *slot = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    text
}

fn decode(text: &str) -> Option<Uuid> {
    // 26 characters hold 130 bits: the first may only carry three of them.
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes()
        .try_fold(0_u128, |value, byte| {
            let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
            Some((value << 5) | digit as u128)
        })
        .map(Uuid::from_u128)
}

/// The least random bytes there are.
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

macro_rules! identifiers {
    ($($(#[doc = $doc:literal])* $name:ident = $prefix:literal;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the text form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new identifier made at `now`.
            #[must_use]
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }

            /// The smallest identifier made at `now`.
            #[must_use]
            pub fn first_at(now: Timestamp) -> Self {
                Self(uuid_v7(now, &Zeros))
            }

            /// The identifier stored as `uuid`.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The form the databases store.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            /// When it was made, to the millisecond; `None` for one that was not made here.
            #[must_use]
            pub fn made_at(self) -> Option<Timestamp> {
                let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
                let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
                Some(Timestamp::from_micros(micros + i64::from(nanos / 1000)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = encode(self.0);
                formatter.write_str(concat!($prefix, "_"))?;
                formatter.write_str(std::str::from_utf8(&text).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_")).and_then(decode).map(Self).ok_or(InvalidId { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some(concat!($(concat!($doc, "\n"),)*).trim()))
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .examples([concat!($prefix, "_01h455vb4pex5vsknk084sn02q")])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

identifiers! {
    /// An accepted event; also the `webhook-id` of everything sent for it.
    EventId = "evt";
    /// A subscription.
    SubscriptionId = "sub";
    /// A delivery: the duty to bring one event to one subscription.
    DeliveryId = "dlv";
    /// An attempt: one HTTP request made for a delivery.
    AttemptId = "att";
    /// A producer.
    ProducerId = "prd";
    /// A job: long work that a person started.
    JobId = "job";
    /// An API key (not its secret).
    ApiKeyId = "key";
    /// A running Waypost process, as the owner of leases.
    NodeId = "nod";
}

/// Identifiers by which a thing is asked for that is nobody's yet: they say in which database it is.
macro_rules! found_by_shard {
    ($($name:ident)*) => {$(
        impl $name {
            /// A new identifier made at `now`, of something that is kept in `shard`.
            #[must_use]
            pub fn on(shard: ShardNumber, now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(shard.written_in(uuid_v7(now, entropy)))
            }

            /// Where it is kept, if it was made by [`Self::on`]; else any number.
            #[must_use]
            pub const fn shard(self) -> ShardNumber {
                ShardNumber::read_in(self.0)
            }
        }
    )*};
}

found_by_shard! { SubscriptionId ProducerId }

/// The bits of a delivery's identifier that tell the deliveries of one event apart.
const DELIVERY_BITS: u128 = (1 << 52) - 1;

impl DeliveryId {
    /// The identifier of the delivery of an event to a subscription: there is one, so that a second one can't be stored. It begins
    /// like the event's (its moment and ten of its random bits), so that an event's deliveries stand together; the rest are random
    /// bits of both.
    #[must_use]
    pub const fn of(event: EventId, subscription: SubscriptionId) -> Self {
        let (event, subscription) = (event.0.as_u128(), subscription.0.as_u128());
        // The moment in the upper half is mixed in, for sources of randomness that repeat themselves.
        Self(Uuid::from_u128(event ^ (subscription ^ (subscription >> 64)) & DELIVERY_BITS))
    }

    /// The first and the last identifier that a delivery of this event may have. Few others have one in between.
    #[must_use]
    pub const fn range_of(event: EventId) -> (Self, Self) {
        let event = event.0.as_u128();
        (Self(Uuid::from_u128(event & !DELIVERY_BITS)), Self(Uuid::from_u128(event | DELIVERY_BITS)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::entropy::SeededEntropy;

    #[test]
    fn text_form_is_that_of_the_typeid_specification() {
        let uuid: Uuid = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        assert_eq!(EventId::from_uuid(uuid).to_string(), "evt_01h455vb4pex5vsknk084sn02q");
    }

    #[test]
    fn wrong_prefix_length_alphabet_and_overflow_are_refused() {
        for text in [
            "",
            "evt_",
            "dlv_01h455vb4pex5vsknk084sn02q",
            "evt_01h455vb4pex5vsknk084sn02",
            "evt_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "evt_01H455VB4PEX5VSKNK084SN02Q",
        ] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
    }

    #[test]
    fn deliveries_of_an_event_differ_by_subscription_and_stand_together() {
        let entropy = SeededEntropy::new(7);
        let now = Timestamp::from_micros(1_763_726_400_000_123);
        let events: Vec<_> = (0..40).map(|_| EventId::new(now, &entropy)).collect();
        let subscriptions: Vec<_> = (0..40).map(|_| SubscriptionId::new(now, &entropy)).collect();
        let mut known = std::collections::HashSet::new();
        for &event in &events {
            let (first, last) = DeliveryId::range_of(event);
            for &subscription in &subscriptions {
                let id = DeliveryId::of(event, subscription);
                assert!(known.insert(id) && (first..=last).contains(&id));
                assert_eq!((id.made_at(), id.as_uuid().get_version_num()), (event.made_at(), 7));
            }
        }
        let (first, last) = DeliveryId::range_of(events[0]);
        let inside = known.iter().filter(|id| (first..=last).contains(*id)).count();
        assert!((40..=80).contains(&inside), "of 40 events of one moment at most one other is likely to be close by: {inside}");
    }

    #[test]
    fn shard_is_read_as_it_was_written_and_leaves_the_rest_alone() {
        let entropy = SeededEntropy::new(7);
        let now = Timestamp::from_micros(1_763_726_400_000_123);
        for number in [0, 1, 2, 511, 1023] {
            let shard = ShardNumber::new(number).unwrap();
            let (id, other) = (SubscriptionId::on(shard, now, &entropy), SubscriptionId::on(shard, now, &entropy));
            assert_eq!((id.shard(), other.shard(), id.made_at()), (shard, shard, SubscriptionId::first_at(now).made_at()));
            assert_eq!((id.as_uuid().get_version_num(), id.as_uuid().get_variant()), (7, uuid::Variant::RFC4122));
            assert_ne!(id, other);
            let event = EventId::new(now, &entropy);
            assert_ne!(DeliveryId::of(event, id), DeliveryId::of(event, other));
        }
        assert_eq!(ShardNumber::new(1024), None);
    }

    #[test]
    fn deliveries_differ_where_only_the_moment_of_their_subscriptions_does() {
        let event = EventId::from_uuid(Uuid::from_u128(9 << 64));
        let of = |moment: u128| DeliveryId::of(event, SubscriptionId::from_uuid(Uuid::from_u128(moment << 64 | 5)));
        assert_ne!(of(1), of(2));
    }

    proptest! {
        #[test]
        fn text_round_trips(value: u128) {
            let id = DeliveryId::from_uuid(Uuid::from_u128(value));
            prop_assert_eq!(id.to_string().parse::<DeliveryId>().unwrap(), id);
        }

        #[test]
        fn later_identifiers_sort_later(micros in 0_i64..4_000_000_000_000_000, gap in 1_i64..1_000_000) {
            let entropy = SeededEntropy::new(7);
            let first = EventId::new(Timestamp::from_micros(micros), &entropy);
            let second = EventId::new(Timestamp::from_micros(micros + gap), &entropy);
            prop_assert!(first < second);
            prop_assert_eq!(first.as_uuid().get_version_num(), 7);
            prop_assert_eq!(first.made_at().unwrap().as_micros(), micros / 1000 * 1000);
        }
    }
}
