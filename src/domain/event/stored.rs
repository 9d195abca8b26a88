//! Events to and from the form they are stored in: the received bytes, and for binary mode the attributes beside them.

use super::read::{self, Invalid, Limits};
use super::{Event, StoredForm, Wire};

impl Event {
    /// What is stored of it.
    #[must_use]
    pub fn to_stored(&self) -> StoredForm {
        let attributes = match self.wire {
            Wire::Structured | Wire::Protobuf => None,
            Wire::Binary => Some(self.pairs()),
        };
        StoredForm { wire: self.wire, attributes, body: self.body.clone() }
    }

    /// The event of which `stored` is what was stored.
    ///
    /// # Errors
    /// If the parts are not those of an event: the database was tampered with.
    pub fn from_stored(stored: StoredForm) -> Result<Self, Invalid> {
        match (stored.wire, stored.attributes) {
            (Wire::Structured, _) => read::structured(stored.body, Limits::NONE),
            (Wire::Protobuf, _) => read::protobuf(stored.body, Limits::NONE),
            (Wire::Binary, Some(attributes)) => {
                let pairs: Vec<(String, String)> = serde_json::from_str(&attributes)
                    .map_err(|error| Invalid::whole(format!("stored attributes can't be read: {error}")))?;
                read::from_parts(&pairs, stored.body)
            }
            (Wire::Binary, None) => Err(Invalid::whole("an event in binary mode was stored without its attributes".to_owned())),
        }
    }

    /// What is stored of it once its data expired: its attributes, as if it had come in binary mode and without data.
    #[must_use]
    pub fn without_data(&self) -> StoredForm {
        StoredForm { wire: Wire::Binary, attributes: Some(self.pairs()), body: bytes::Bytes::new() }
    }

    /// The attributes as a JSON array of names and values.
    fn pairs(&self) -> String {
        let pairs: Vec<(&str, &str)> = self.attributes().map(|(name, value, _)| (name, value)).collect();
        serde_json::to_string(&pairs).expect("pairs of strings are always JSON")
    }
}
