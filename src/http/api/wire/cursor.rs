//! Where in a list a page begins, and how long it is.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::domain::id::{ApiKeyId, DeliveryId, EventId, JobId, ProducerId, SubscriptionId};
use crate::domain::page::PageRequest;

/// Something that is listed, and the three letters that tell its cursors from those of other lists.
pub(crate) trait Listed {
    /// The letters.
    const KIND: &'static str;
}

macro_rules! listed {
    ($($id:ident)*) => {$(
        impl Listed for $id {
            const KIND: &'static str = $id::PREFIX;
        }
    )*};
}

listed! { ApiKeyId DeliveryId EventId JobId ProducerId SubscriptionId }

/// The place after one row of a list of `Item`s: opaque to callers, and refused by other lists.
pub(crate) struct Cursor<Item> {
    uuid: Uuid,
    item: PhantomData<fn() -> Item>,
}

impl<Item> Cursor<Item> {
    /// The place after the row whose key is `uuid`.
    pub(crate) const fn new(uuid: Uuid) -> Self {
        Self { uuid, item: PhantomData }
    }

    /// The row's key.
    pub(crate) const fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl<Item: Listed> Cursor<Item> {
    fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let uuid = bytes.strip_prefix(Item::KIND.as_bytes())?;
        Uuid::from_slice(uuid).ok().map(Self::new)
    }
}

impl<Item: Listed> fmt::Display for Cursor<Item> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [Item::KIND.as_bytes(), self.uuid.as_bytes()].concat();
        formatter.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl<Item> fmt::Debug for Cursor<Item> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cursor({})", self.uuid)
    }
}

impl<Item: Listed> Serialize for Cursor<Item> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, Item: Listed> Deserialize<'de> for Cursor<Item> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a cursor of this list: pass on the `next` of a page as it is"))
    }
}

/// How many rows a page may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit(u32);

impl Limit {
    /// The number of rows, 1 to 250.
    pub(crate) const fn get(self) -> u32 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(PageRequest::DEFAULT_LIMIT)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = u32::deserialize(deserializer)?;
        if (1..=PageRequest::MAX_LIMIT).contains(&limit) {
            return Ok(Self(limit));
        }
        Err(D::Error::custom(format_args!("must be between 1 and {}", PageRequest::MAX_LIMIT)))
    }
}
