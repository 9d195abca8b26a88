//! An event while it is read: attributes come in one by one, each is checked, and at the end the required ones must be there.

use super::Limits;
use super::faults::{Faults, Origin};
use crate::domain::clock::Timestamp;
use crate::domain::event::attributes::Attributes;
use crate::domain::event::{Kind, rules};

/// Attributes read so far.
pub(super) struct Draft {
    origin: Origin,
    max_attributes: usize,
    latest_delivery: Timestamp,
    /// The attributes; those at fault too, so that they are not called missing.
    pub attributes: Attributes,
}

impl Draft {
    /// None yet. `bytes` is a guess at how long all of them are together.
    pub(super) fn new(origin: Origin, limits: Limits, bytes: usize) -> Self {
        Self {
            origin,
            max_attributes: limits.max_attributes,
            latest_delivery: limits.latest_delivery,
            attributes: Attributes::with_room(bytes),
        }
    }

    /// Whether there may be `count` attributes; notes it if not.
    pub(super) fn has_room(&self, count: usize, name: &str, faults: &mut Faults) -> bool {
        let has_room = count <= self.max_attributes;
        if !has_room {
            faults
                .add_too_large(self.origin.place(name), format!("an event may have at most {} attributes", self.max_attributes));
        }
        has_room
    }

    /// Whether `name` is one for an attribute; notes it if not.
    pub(super) fn check_name(&self, name: &str, faults: &mut Faults) -> bool {
        let is_name = rules::is_name(name);
        if !is_name {
            faults
                .add(self.origin.place(name), "is no attribute name: only lower-case letters `a` to `z` and digits may be used");
        }
        is_name
    }

    /// Adds an attribute whose name was checked.
    pub(super) fn add(&mut self, name: &str, value: &str, kind: Kind, faults: &mut Faults) {
        if self.attributes.get(name).is_some() {
            faults.add(self.origin.place(name), "is given more than once");
            return;
        }
        if kind != Kind::String && rules::is_core(name) {
            faults.add(self.origin.place(name), "must be a string");
        } else if let Some(detail) = rules::fault(name, value) {
            faults.add(self.origin.place(name), detail);
        } else if name == "deliverafter" && Timestamp::parse(value).is_some_and(|moment| moment > self.latest_delivery) {
            let latest = self.latest_delivery;
            faults.add(self.origin.place(name), format!("must not lie after {latest} (`ingest.max_delay_ms`)"));
        }
        self.attributes.push(name, value, kind);
    }

    /// Notes every required attribute that is not there.
    pub(super) fn check_required(&self, faults: &mut Faults) {
        for name in rules::REQUIRED {
            if self.attributes.get(name).is_none() {
                faults.add(self.origin.place(name), "is required");
            }
        }
    }
}
