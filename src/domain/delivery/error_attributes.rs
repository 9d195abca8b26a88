//! Why a delivery died, as the attributes that Knative's dead-letter sinks know (SPECS 3.4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{DeadReason, Outcome};
use crate::domain::event::Kind;

/// Characters of `knativeerrordata`, and the bytes that fill them.
const MAX_DATA: usize = 1024;
const MAX_DATA_BYTES: usize = MAX_DATA / 4 * 3;

/// The code where there was no response that says one.
const NO_RESPONSE: u16 = 500;

/// What the original event is sent to a dead-letter sink with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAttributes {
    /// `knativeerrordest`: the sink that failed.
    pub destination: String,
    /// `knativeerrorcode`: the status of the last response, 500 if there was none.
    pub code: u16,
    /// `knativeerrordata`: base64 of the response's body, cut to 1024 characters, or of a sentence; absent if that body was empty.
    pub data: Option<String>,
}

impl ErrorAttributes {
    /// Why the delivery to `sink` died for `reason`, after the last attempt came out as `outcome`, if one was made.
    #[must_use]
    pub fn new(sink: &str, outcome: Option<&Outcome>, reason: DeadReason) -> Self {
        let answered = outcome.and_then(|outcome| outcome.status.filter(|status| *status >= 300).map(|status| (status, outcome)));
        let (code, data) = match answered {
            Some((status, outcome)) => (status, encoded(&outcome.response_body)),
            None => (NO_RESPONSE, encoded(sentence(outcome, reason).as_bytes())),
        };
        Self { destination: sink.to_owned(), code, data }
    }

    /// The attributes, to be added to the event.
    #[must_use]
    pub fn attributes(&self) -> Vec<(&'static str, String, Kind)> {
        let mut attributes = vec![
            ("knativeerrordest", self.destination.clone(), Kind::String),
            ("knativeerrorcode", self.code.to_string(), Kind::Integer),
        ];
        attributes.extend(self.data.clone().map(|data| ("knativeerrordata", data, Kind::String)));
        attributes
    }
}

fn encoded(bytes: &[u8]) -> Option<String> {
    let kept = &bytes[..bytes.len().min(MAX_DATA_BYTES)];
    (!kept.is_empty()).then(|| STANDARD.encode(kept))
}

fn sentence(outcome: Option<&Outcome>, reason: DeadReason) -> String {
    let why = outcome.and_then(|outcome| outcome.error.as_deref()).unwrap_or(match reason {
        DeadReason::Exhausted | DeadReason::Permanent => "no response",
        DeadReason::Gone => "the sink is gone",
        DeadReason::Disabled => "the subscription was disabled",
        DeadReason::Expired => "the event expired",
    });
    format!("dispatch error: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_of(attributes: &ErrorAttributes) -> Vec<u8> {
        STANDARD.decode(attributes.data.as_ref().unwrap()).unwrap()
    }

    #[test]
    fn a_response_tells_its_status_and_the_beginning_of_its_body() {
        let outcome = Outcome { status: Some(503), response_body: vec![b'a'; 5000].into(), ..Outcome::default() };
        let attributes = ErrorAttributes::new("https://sink.example/", Some(&outcome), DeadReason::Exhausted);
        assert_eq!((attributes.code, attributes.data.as_ref().unwrap().len()), (503, 1024));
        assert_eq!(data_of(&attributes), [b'a'; 768]);
        let empty = Outcome { response_body: "".into(), ..outcome };
        assert_eq!(ErrorAttributes::new("s", Some(&empty), DeadReason::Exhausted).attributes().len(), 2);
    }

    #[test]
    fn without_a_response_the_code_is_500_and_the_data_a_sentence() {
        let refused = Outcome { error: Some("connection refused".into()), ..Outcome::default() };
        let cut_off = Outcome { status: Some(200), ..refused.clone() };
        for outcome in [&refused, &cut_off] {
            let attributes = ErrorAttributes::new("s", Some(outcome), DeadReason::Exhausted);
            assert_eq!((attributes.code, data_of(&attributes)), (500, b"dispatch error: connection refused".to_vec()));
        }
        let expired = ErrorAttributes::new("s", None, DeadReason::Expired);
        assert_eq!((expired.code, data_of(&expired)), (500, b"dispatch error: the event expired".to_vec()));
    }
}
