//! Content modes, told apart by the `Content-Type` header alone.

use crate::domain::event::Format;
use crate::domain::event::media_type::MediaType;

/// The content mode of a request, by its `Content-Type` alone (SPECS HR-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `application/cloudevents` and the suffix of a format.
    Structured(Format),
    /// `application/cloudevents-batch` and the suffix of a format.
    Batched(Format),
    /// Anything that is no CloudEvents media type.
    Binary,
    /// A CloudEvents media type in a format or charset that is not understood: 415.
    Unsupported,
}

/// The content mode that a `Content-Type` announces. The batch's prefix is tried first, since the other one is part of it.
#[must_use]
pub fn mode(content_type: Option<&str>) -> Mode {
    let Some(text) = content_type.map(str::trim) else { return Mode::Binary };
    let (mode, rest) = if let Some(rest) = strip_prefix(text, "application/cloudevents-batch") {
        (Mode::Batched as fn(Format) -> Mode, rest)
    } else if let Some(rest) = strip_prefix(text, "application/cloudevents") {
        (Mode::Structured as fn(Format) -> Mode, rest)
    } else {
        return Mode::Binary;
    };
    let suffix = rest.split(';').next().unwrap_or_default().trim_end();
    let is_utf8 = MediaType::parse(text)
        .is_some_and(|media_type| media_type.charset().is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8")));
    let format = [Format::Json, Format::Protobuf].into_iter().find(|format| suffix.eq_ignore_ascii_case(format.suffix()));
    format.filter(|_| is_utf8).map_or(Mode::Unsupported, mode)
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::Format::{Json, Protobuf};
    use super::*;

    #[test]
    fn mode_follows_the_media_type_in_any_case() {
        let cases = [
            (None, Mode::Binary),
            (Some(""), Mode::Binary),
            (Some("application/json"), Mode::Binary),
            (Some("text/plain; x=application/cloudevents"), Mode::Binary),
            (Some("application/cloudevents+json"), Mode::Structured(Json)),
            (Some("Application/CloudEvents+JSON; Charset=\"UTF-8\""), Mode::Structured(Json)),
            (Some("application/cloudevents+json ; charset=utf-8"), Mode::Structured(Json)),
            (Some("application/cloudevents-batch+json"), Mode::Batched(Json)),
            (Some("APPLICATION/CLOUDEVENTS-BATCH+JSON;charset=utf-8"), Mode::Batched(Json)),
            (Some("application/cloudevents"), Mode::Unsupported),
            (Some("application/cloudevents-batch"), Mode::Unsupported),
            (Some("application/cloudevents+avro"), Mode::Unsupported),
            (Some("application/cloudevents-batch+avro"), Mode::Unsupported),
            (Some("application/cloudevents+protobuf"), Mode::Structured(Protobuf)),
            (Some("Application/CloudEvents-Batch+Protobuf; x=y"), Mode::Batched(Protobuf)),
            (Some("application/cloudevents+protobuf; charset=latin1"), Mode::Unsupported),
            (Some("application/cloudevents+protobuf3"), Mode::Unsupported),
            (Some("application/cloudevents+json; charset=utf-16"), Mode::Unsupported),
            (Some("application/cloudevents+jsonl"), Mode::Unsupported),
            (Some("application/cloudevents+json; charset"), Mode::Unsupported),
        ];
        for (content_type, expected) in cases {
            assert_eq!(mode(content_type), expected, "{content_type:?}");
        }
    }
}
