//! The scanner, against the library everybody uses.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use crate::domain::event::escape::unescape;
use crate::domain::event::json::{MAX_DEPTH, is_json};

fn reference(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[test]
fn grammar_is_kept_to_the_letter() {
    for text in
        ["0", "-0", "1.5e+10", "1E9", " [ ] ", "{}", r#"{"a":[1,"b",null,true,false]}"#, r#""\u00e9\/\b""#, "\"\u{7f}\u{e9}\""]
    {
        assert!(is_json(text), "{text}");
    }
    for text in [
        "",
        " ",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "-",
        "--1",
        "0x1",
        "NaN",
        "nul",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "[1 2]",
        "\"\t\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u12",
        "\"",
        "'a'",
        "1 2",
        "[}",
        "{\"a\":1]",
        "\u{feff}1",
    ] {
        assert!(!is_json(text), "{text}");
        assert!(!reference(text), "the reference differs: {text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(is_json(&nested(MAX_DEPTH)));
    assert!(!is_json(&nested(MAX_DEPTH + 1)));
    assert!(!is_json(&"[".repeat(1_000_000)));
    assert!(!is_json(&"{\"a\":".repeat(1_000_000)));
}

#[test]
fn surrogates_are_resolved_only_in_pairs() {
    assert_eq!(unescape(r"\ud83d\ude00\n\\").unwrap(), "\u{1f600}\n\\");
    for raw in [r"\ud83d", r"\ude00", r"\ud83dx", r"\ud83d\n", r"\ud83d\ud83d", r"\ude00\ud83d"] {
        assert!(unescape(raw).is_err(), "{raw}");
    }
}

/// Text that is nearly JSON: pieces that matter to the grammar, in any order.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just("\"a\"".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("null".to_owned()),
        Just(" \n".to_owned()),
        "-?[0-9.eE+]{0,6}",
        "\"[ -~\u{e9}]{0,20}\"",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn scanner_agrees_with_the_reference(text in nearly_json()) {
        prop_assert_eq!(is_json(&text), reference(&text), "{}", text);
    }

    #[test]
    fn scanner_agrees_on_any_text(text in any::<String>()) {
        prop_assert_eq!(is_json(&text), reference(&text));
    }
}

proptest! {
    #[test]
    fn whatever_is_written_as_json_is_read(value in any_json()) {
        prop_assert!(is_json(&value.to_string()));
        prop_assert!(is_json(&serde_json::to_string_pretty(&value).unwrap()));
    }

    #[test]
    fn strings_say_what_the_reference_says(text in any::<String>()) {
        let written = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(unescape(&written[1..written.len() - 1]).unwrap(), text);
    }
}
