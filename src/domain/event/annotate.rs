//! An event with attributes added: what a dead-letter sink gets. The event itself stays as it is.

use super::read::{self, Invalid, Limits};
use super::write::lay_out;
use super::{Event, Kind, Wire};

impl Event {
    /// The event with `added` attributes, which take the place of others of their names, and with the same data to the byte.
    ///
    /// # Errors
    /// If what is added makes no attribute.
    pub fn annotated(&self, added: &[(&str, &str, Kind)]) -> Result<Self, Invalid> {
        let kept = self.attributes().filter(|(name, ..)| added.iter().all(|(new, ..)| new != name));
        let attributes = kept.chain(added.iter().copied());
        match self.wire() {
            Wire::Structured => read::structured(lay_out(attributes, self.data()).into(), Limits::NONE),
            // JSON around the data might trim it.
            Wire::Binary | Wire::Protobuf => {
                let pairs: Vec<_> = attributes.map(|(name, value, _)| (name.to_owned(), value.to_owned())).collect();
                read::from_parts(&pairs, self.payload().unwrap_or_default())
            }
        }
    }
}
