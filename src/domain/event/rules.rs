//! What the specification asks of attribute names and values (SPECS CE-1 to CE-9).

use super::media_type::MediaType;
use super::uri;

/// The attributes without which nothing is an event, in the order of the specification.
pub(super) const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];

/// The attributes the specification itself defines; their values are strings in JSON.
const CORE: [&str; 8] = ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema"];

/// Whether `name` may name an attribute. Its length and first character are not restricted (SPECS CE-3).
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "data" && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Whether `name` is an attribute the specification itself defines.
pub(super) fn is_core(name: &str) -> bool {
    CORE.contains(&name)
}

/// What is wrong with the value of an attribute, in a sentence that has the attribute as its subject. Of extensions only
/// `deliverafter` has rules: an event that is to wait and says wrongly for how long must not be delivered at once.
pub(super) fn fault(name: &str, value: &str) -> Option<&'static str> {
    // Without a way out of the loop it takes many bytes at a time.
    let is_printable_ascii = value.bytes().fold(true, |so_far, byte| so_far & matches!(byte, b' '..=b'~'));
    if !is_printable_ascii && !value.chars().all(is_allowed) {
        return Some("must not contain control characters or Unicode noncharacters");
    }
    match name {
        "specversion" if value != "1.0" => Some("must be `1.0`, the only version of CloudEvents that is accepted"),
        "id" | "type" | "subject" if value.is_empty() => Some("must not be empty"),
        "source" if value.is_empty() || !uri::is_reference(value) => Some("must be a URI-reference (RFC 3986) and not empty"),
        "dataschema" if !uri::is_absolute(value) => Some("must be a URI with a scheme (RFC 3986)"),
        "time" | "deliverafter" if !is_time(value) => Some("must be an RFC 3339 date-time such as `2026-11-21T04:34:00Z`"),
        "datacontenttype" if MediaType::parse(value).is_none() => {
            Some("must be a media type such as `application/json` (RFC 2046)")
        }
        _ => None,
    }
}

/// Whether a character may stand in an attribute (SPECS CE-8). Surrogates are no `char` at all.
fn is_allowed(character: char) -> bool {
    let code = u32::from(character);
    !character.is_control() && !(0xFDD0..=0xFDEF).contains(&code) && code & 0xFFFE != 0xFFFE
}

/// RFC 3339 by the letter of its grammar: chrono lets a space stand for the `T`.
fn is_time(text: &str) -> bool {
    matches!(text.as_bytes().get(10), Some(b'T' | b't')) && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_letters_and_digits() {
        for name in ["a", "1a", "comexampleextension1withalongname", "data1"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "data", "data_base64", "MyExt", "my.ext", "my-ext", "_x", "\u{e9}"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn forbidden_characters_are_found_in_any_attribute() {
        for value in ["a\nb", "\u{7f}", "\u{85}", "\u{fdd0}", "\u{fdef}", "\u{fffe}", "\u{1ffff}", "\u{10ffff}", "\0"] {
            assert!(fault("ext", value).is_some(), "{value:?}");
        }
        for value in ["", "Euro \u{20ac} \u{1f600}", "\u{a0}", "\u{fffd}", "\u{fdf0}"] {
            assert!(fault("ext", value).is_none(), "{value:?}");
        }
    }

    #[test]
    fn times_keep_to_the_grammar() {
        for value in [
            "2018-04-05T17:31:00Z",
            "2018-04-05t17:31:00.123456789012+02:00",
            "2016-12-31T23:59:60Z",
            "2018-04-05T17:31:00-00:00",
        ] {
            assert_eq!(fault("time", value), None, "{value}");
        }
        for value in
            ["", "2018-04-05 17:31:00Z", "2018-04-05T24:00:00Z", "2018-02-30T00:00:00Z", "2018-04-05T17:31:00+0100", "2018-04-05"]
        {
            assert!(fault("time", value).is_some(), "{value}");
            assert!(fault("deliverafter", value).is_some(), "{value}");
        }
    }

    #[test]
    fn only_one_version_is_accepted() {
        for value in ["", "0.9", "0.3", "1.0.2", "1", "1.1"] {
            assert!(fault("specversion", value).is_some(), "{value}");
        }
        assert_eq!(fault("specversion", "1.0"), None);
    }
}
