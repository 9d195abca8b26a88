//! Whether deliveries keep the order in which their events were accepted, and by what.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::domain::event::Event;
use crate::domain::id::SubscriptionId;

/// The order of a subscription's deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ordering {
    /// None: what is due goes.
    #[default]
    None,
    /// Events with the same value of an attribute go one after the other.
    By(OrderedBy),
}

/// Events with the same value of an attribute, a *key*, are delivered one at a time, in the order in which they were accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderedBy {
    /// The attribute whose value is the key, such as `partitionkey` or `subject`. Events without it keep no order.
    #[schema(min_length = 1, max_length = 64, example = "partitionkey")]
    pub by: String,
    /// What becomes of a key whose delivery died.
    #[serde(default)]
    #[schema(required = false)]
    pub on_failure: OnFailure,
}

/// What becomes of a key whose delivery died.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderingOnFailure)]
pub enum OnFailure {
    /// It waits until somebody redelivers the dead letter, with success, or purges it.
    #[default]
    Block,
    /// It goes on without the dead letter.
    Skip,
}

/// What a line of ordered deliveries is known by: a digest of subscription, attribute and value.
pub type OrderKey = [u8; 16];

impl Ordering {
    /// The line an event's delivery to `subscription` belongs in; `None` if it keeps no order.
    #[must_use]
    pub fn key(&self, subscription: SubscriptionId, event: &Event) -> Option<OrderKey> {
        let Self::By(OrderedBy { by, .. }) = self else { return None };
        let value = event.attribute(by)?;
        let mut context = Context::new(&SHA256);
        context.update(subscription.as_uuid().as_bytes());
        // With its length before it, so that no two pairs read the same.
        context.update(&(by.len() as u64).to_le_bytes());
        context.update(by.as_bytes());
        context.update(value.as_bytes());
        let mut key = OrderKey::default();
        key.copy_from_slice(&context.finish().as_ref()[..16]);
        Some(key)
    }

    /// Whether a key whose delivery died waits for somebody.
    #[must_use]
    pub fn blocks(&self) -> bool {
        matches!(self, Self::By(OrderedBy { on_failure: OnFailure::Block, .. }))
    }
}

impl Serialize for Ordering {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => Word::None.serialize(serializer),
            Self::By(ordered) => ordered.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Ordering {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrObject;

        impl<'de> Visitor<'de> for WordOrObject {
            type Value = Ordering;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`none` or an object such as `{\"by\": \"partitionkey\"}`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Ordering, E> {
                Word::deserialize(StrDeserializer::new(text)).map(|Word::None| Ordering::None)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Ordering, A::Error> {
                OrderedBy::deserialize(MapAccessDeserializer::new(map)).map(Ordering::By)
            }
        }

        deserializer.deserialize_any(WordOrObject)
    }
}

/// No order: what is due goes.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Unordered)]
enum Word {
    /// No order.
    None,
}

/// The order of a subscription's deliveries: none, or by the value of an attribute.
#[derive(ToSchema)]
#[schema(as = SubscriptionOrdering)]
#[serde(untagged)]
#[expect(dead_code, reason = "the document alone is made of it")]
enum Shape {
    /// No order.
    None(Word),
    /// In order by key.
    By(OrderedBy),
}

impl PartialSchema for Ordering {
    fn schema() -> RefOr<Schema> {
        Shape::schema()
    }
}

impl ToSchema for Ordering {
    fn name() -> Cow<'static, str> {
        Shape::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Shape::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::domain::event::read;

    fn by(attribute: &str) -> Ordering {
        Ordering::By(OrderedBy { by: attribute.into(), on_failure: OnFailure::Block })
    }

    fn event(members: &Value) -> Event {
        let mut event = json!({ "specversion": "1.0", "id": "1", "source": "/s", "type": "t" });
        event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        read::structured(Bytes::from(event.to_string()), read::Limits::NONE).unwrap()
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        for text in [r#""none""#, r#"{"by":"subject","on_failure":"skip"}"#, r#"{"by":"key","on_failure":"block"}"#] {
            let read: Ordering = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        assert_eq!(serde_json::from_str::<Ordering>(r#"{"by":"a"}"#).unwrap(), by("a"));
        for text in [r#""all""#, "true", "null", "{}", r#"{"by":"a","then":1}"#, r#"{"by":"a","on_failure":"stop"}"#] {
            assert!(serde_json::from_str::<Ordering>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_of_one_subscription_attribute_and_value() {
        let (one, two) = (SubscriptionId::from_uuid(Uuid::from_u128(1)), SubscriptionId::from_uuid(Uuid::from_u128(2)));
        let both = event(&json!({ "subject": "a", "partitionkey": "a" }));
        let key = by("subject").key(one, &both);
        assert!(key.is_some());
        assert_eq!(by("subject").key(one, &event(&json!({ "subject": "a" }))), key);
        assert_ne!(by("subject").key(two, &both), key);
        assert_ne!(by("partitionkey").key(one, &both), key);
        assert_ne!(by("subject").key(one, &event(&json!({ "subject": "b" }))), key);
        assert_eq!(by("subject").key(one, &event(&json!({}))), None);
        assert_eq!(Ordering::None.key(one, &both), None);
    }
}
