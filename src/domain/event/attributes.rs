//! The attributes of one event: names, canonical values and kinds in the order received.
//!
//! All of them lie in one text of their own. Spans into the received bytes would save that copy of some 200 bytes, but without
//! `unsafe` every look at one would check its UTF-8 again, and routing looks at them once per subscription.

use super::Kind;
use super::span::Span;

/// The attributes of one event.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes {
    text: String,
    entries: Vec<Entry>,
    id: Span,
    source: Span,
    event_type: Span,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    name: Span,
    value: Span,
    kind: Kind,
}

impl Attributes {
    /// None yet, with room for what most events have.
    pub(super) fn with_room(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes.min(320)), entries: Vec::with_capacity(10), ..Self::default() }
    }

    /// Adds one after the others. Its name is not checked against theirs.
    pub(super) fn push(&mut self, name: &str, value: &str, kind: Kind) {
        let name_start = self.text.len();
        self.text.push_str(name);
        let value_start = self.text.len();
        self.text.push_str(value);
        let value_span = Span::new(value_start, self.text.len());
        match name {
            "id" => self.id = value_span,
            "source" => self.source = value_span,
            "type" => self.event_type = value_span,
            _ => {}
        }
        self.entries.push(Entry { name: Span::new(name_start, value_start), value: value_span, kind });
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value of the one with that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.get_typed(name).map(|(value, _)| value)
    }

    /// The value and kind of the one with that name.
    pub(super) fn get_typed(&self, name: &str) -> Option<(&str, Kind)> {
        // As bytes: a stretch of text would be checked to begin and end between characters.
        let text = self.text.as_bytes();
        let entry = self.entries.iter().find(|entry| &text[entry.name.range()] == name.as_bytes())?;
        Some((entry.value.of(&self.text), entry.kind))
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str, Kind)> {
        self.entries.iter().map(|entry| (entry.name.of(&self.text), entry.value.of(&self.text), entry.kind))
    }

    /// `id`, empty if there is none.
    pub(super) fn id(&self) -> &str {
        self.id.of(&self.text)
    }

    /// `source`, empty if there is none.
    pub(super) fn source(&self) -> &str {
        self.source.of(&self.text)
    }

    /// `type`, empty if there is none.
    pub(super) fn event_type(&self) -> &str {
        self.event_type.of(&self.text)
    }
}
