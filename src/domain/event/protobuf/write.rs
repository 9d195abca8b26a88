//! Events laid out in Protobuf that came otherwise.

use super::time::timestamp_of_text;
use super::wire::{put_bytes, put_number};
use super::{event, pair, value};
use crate::domain::event::{Data, Kind};

/// An event in the Protobuf format, from its parts. JSON and text become `text_data`, bytes `binary_data`; `time` becomes a
/// `Timestamp` where that says the same moment, `dataschema` a URI, and every other attribute what it was read as.
pub(in crate::domain::event) fn write<'a>(
    attributes: impl Iterator<Item = (&'a str, &'a str, Kind)>,
    data: &Data<'_>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + length(data));
    let mut has_content_type = false;
    for (name, text, kind) in attributes {
        has_content_type |= name == "datacontenttype";
        match name {
            "id" => put_bytes(event::ID, text.as_bytes(), &mut out),
            "source" => put_bytes(event::SOURCE, text.as_bytes(), &mut out),
            "specversion" => put_bytes(event::SPEC_VERSION, text.as_bytes(), &mut out),
            "type" => put_bytes(event::TYPE, text.as_bytes(), &mut out),
            _ => put_attribute(name, &attribute_value(name, text, kind), &mut out),
        }
    }
    // A reader of this format does not take data for JSON that does not say so (SPECS CE-17).
    if !has_content_type && matches!(data, Data::Json(_)) {
        put_attribute("datacontenttype", &attribute_value("datacontenttype", "application/json", Kind::String), &mut out);
    }
    match data {
        Data::None => {}
        Data::Json(text) => put_bytes(event::TEXT_DATA, text.as_bytes(), &mut out),
        Data::Text(text) => put_bytes(event::TEXT_DATA, text.as_bytes(), &mut out),
        Data::Bytes(bytes) => put_bytes(event::BINARY_DATA, bytes, &mut out),
    }
    out
}

fn put_attribute(name: &str, value: &[u8], out: &mut Vec<u8>) {
    let mut entry = Vec::with_capacity(name.len() + value.len() + 6);
    put_bytes(pair::FIRST, name.as_bytes(), &mut entry);
    put_bytes(pair::SECOND, value, &mut entry);
    put_bytes(event::ATTRIBUTES, &entry, out);
}

fn attribute_value(name: &str, text: &str, kind: Kind) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 6);
    match (kind, name) {
        (Kind::Boolean, _) => put_number(value::BOOLEAN, u64::from(text == "true"), &mut out),
        // Read as an integer of 32 bits; negative ones have all of their upper bits set.
        (Kind::Integer, _) => {
            put_number(value::INTEGER, i64::from(text.parse::<i32>().unwrap_or_default()).cast_unsigned(), &mut out);
        }
        (Kind::String, "dataschema") => put_bytes(value::URI, text.as_bytes(), &mut out),
        (Kind::String, "time") => match timestamp_of_text(text) {
            Some((seconds, nanos)) => put_bytes(value::TIMESTAMP, &timestamp(seconds, nanos), &mut out),
            None => put_bytes(value::STRING, text.as_bytes(), &mut out),
        },
        (Kind::String, _) => put_bytes(value::STRING, text.as_bytes(), &mut out),
    }
    out
}

/// A `Timestamp`; fields that are zero are left out, as proto3 has it.
fn timestamp(seconds: i64, nanos: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    if seconds != 0 {
        put_number(pair::FIRST, seconds.cast_unsigned(), &mut out);
    }
    if nanos != 0 {
        put_number(pair::SECOND, nanos.into(), &mut out);
    }
    out
}

fn length(data: &Data<'_>) -> usize {
    match data {
        Data::None => 0,
        Data::Json(text) => text.len(),
        Data::Text(text) => text.len(),
        Data::Bytes(bytes) => bytes.len(),
    }
}
