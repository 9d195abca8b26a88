use bytes::Bytes;
use proptest::prelude::*;

use super::super::tests::any_filter;
use super::*;
use crate::domain::event::Event;
use crate::domain::event::read::{Limits, structured};

fn event() -> Event {
    let text = r#"{"specversion":"1.0","id":"1","source":"/orders/eu","type":"com.example.created","n":-7,"data":{}}"#;
    structured(Bytes::from_static(text.as_bytes()), Limits::default()).unwrap()
}

fn explain(filter: &str) -> Explanation {
    let filter: Filter = serde_json::from_str(filter).unwrap();
    let event = event();
    let facts = Facts::new(&event);
    let explanation = filter.explain(&facts);
    assert_eq!(explanation.answer, filter.ask(&facts), "{filter:?}");
    explanation
}

/// The places and sentences of a filter's clauses.
fn clauses(filter: &str) -> Vec<(String, String)> {
    explain(filter).clauses.into_iter().map(|clause| (clause.pointer, clause.detail)).collect()
}

fn assert_one(filter: &str, pointer: &str, detail: &str) {
    assert_eq!(clauses(filter), [(pointer.to_owned(), detail.to_owned())], "{filter}");
}

#[test]
fn a_clause_that_fails_is_named_with_what_the_event_has_and_what_was_wanted() {
    for (filter, pointer, detail) in [
        (
            r#"{"exact":{"type":"com.example.deleted"}}"#,
            "/exact/type",
            "`type` is `com.example.created`; wanted was one that is `com.example.deleted`",
        ),
        (r#"{"prefix":{"source":"/us"}}"#, "/prefix/source", "`source` is `/orders/eu`; wanted was one that begins with `/us`"),
        (r#"{"suffix":{"n":"8"}}"#, "/suffix/n", "`n` is `-7`; wanted was one that ends with `8`"),
        (
            r#"{"exact":{"id":"1","subject":"eu-1"}}"#,
            "/exact/subject",
            "the event has no `subject`; wanted was one that is `eu-1`",
        ),
    ] {
        assert_one(filter, pointer, detail);
    }
    let clause = &explain(r#"{"exact":{"subject":"a"}}"#).clauses[0];
    assert_eq!(clause.seen, [Seen { name: "subject".to_owned(), value: None }]);
    assert_eq!(clause.wanted, "is `a`");
}

#[test]
fn near_misses_are_pointed_out() {
    let detail = |filter| clauses(filter).remove(0).1;
    assert!(detail(r#"{"exact":{"type":"com.example.Created"}}"#).ends_with("(upper and lower case differ)"));
    assert!(detail(r#"{"prefix":{"source":"/Orders/"}}"#).ends_with("(upper and lower case differ)"));
    assert!(detail(r#"{"exact":{"type":"com.example.created "}}"#).ends_with("(white space differs)"));
    assert!(detail(r#"{"exact":{"type":"com.example"}}"#).ends_with("`com.example`"));
}

#[test]
fn the_deepest_clause_that_decides_is_named() {
    let fails = r#"{"exact":{"id":"2"}}"#;
    let holds = r#"{"exact":{"id":"1"}}"#;
    let failing = "`id` is `1`; wanted was one that is `2`";
    assert_one(&format!(r#"{{"all":[{holds},{fails},{fails}]}}"#), "/all/1/exact/id", failing);
    assert_one(&format!(r#"{{"not":{holds}}}"#), "/not/exact/id", "`id` is `1`, and `not` rules out what is `1`");
    assert_one(&format!(r#"{{"not":{{"not":{fails}}}}}"#), "/not/not/exact/id", failing);
    assert_one(
        &format!(r#"{{"not":{{"any":[{fails},{{"all":[{holds}]}}]}}}}"#),
        "/not/any/1/all/0/exact/id",
        "`id` is `1`, and `not` rules out what is `1`",
    );
}

#[test]
fn of_any_that_fails_every_branch_is_named_and_of_one_that_matches_the_branch_that_does() {
    let both = clauses(r#"{"any":[{"exact":{"id":"2"}},{"prefix":{"type":"org."}}]}"#);
    assert_eq!(both.iter().map(|(pointer, _)| pointer.as_str()).collect::<Vec<_>>(), ["/any/0/exact/id", "/any/1/prefix/type"]);
    let one = clauses(r#"{"any":[{"exact":{"id":"2"}},{"exact":{"id":"1"}}]}"#);
    assert_eq!(one, [("/any/1/exact/id".to_owned(), "`id` is `1`, which is `1`".to_owned())]);
}

#[test]
fn an_expression_is_named_with_every_attribute_it_asks_for_and_its_errors() {
    for (expression, answer, detail) in [
        ("n > 0 AND EXISTS subject", Answer::No, "the expression is false; `n` is `-7`, the event has no `subject`"),
        ("n + 1", Answer::No, "the expression gives a number, and only true matches; `n` is `-7`"),
        ("source", Answer::No, "the expression gives a text, and only true matches; `source` is `/orders/eu`"),
        ("n < 0", Answer::Yes, "the expression is true; `n` is `-7`"),
        (
            "subject = 'a'",
            Answer::Fault,
            "the expression failed: the event does not have an attribute (`missing_attribute`); the event has no `subject`",
        ),
        (
            "1 / (n + 7) = 1",
            Answer::Fault,
            "the expression failed: a division by zero, or a number beyond 32 bits (`math`); `n` is `-7`",
        ),
    ] {
        let filter = serde_json::json!({ "sql": expression }).to_string();
        assert_one(&filter, "/sql", detail);
        assert_eq!(explain(&filter).answer, answer, "{expression}");
    }
    assert_one(r#"{"not":{"sql":"n < 0"}}"#, "/not/sql", "the expression is true, and `not` rules that out; `n` is `-7`");
    assert_eq!(explain(r#"{"sql":"n > 0"}"#).clauses[0].wanted, "makes `n > 0` true");
}

#[test]
fn a_pointer_into_data_is_named_with_what_is_there() {
    let text =
        r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a/b":{"total":99.5},"items":[{"n":1},{"n":2}]}}"#;
    let event = structured(Bytes::from_static(text.as_bytes()), Limits::default()).unwrap();
    for (filter, pointer, name, value) in [
        (r#"{"data":{"/a~1b/total":{"gte":100}}}"#, "/data/~1a~01b~1total", "data/a~1b/total", Some("99.5")),
        (r#"{"data":{"/nothing":{"exists":true}}}"#, "/data/~1nothing", "data/nothing", None),
        (r#"{"not":{"data":{"/items/*/n":{"eq":2}}}}"#, "/not/data/~1items~1*~1n", "data/items/*/n", Some("1")),
    ] {
        let parsed: Filter = serde_json::from_str(filter).unwrap();
        let explanation = parsed.explain(&Facts::new(&event));
        assert_eq!(explanation.answer, Answer::No, "{filter}");
        let clause = &explanation.clauses[0];
        assert_eq!((clause.pointer.as_str(), clause.seen[0].name.as_str()), (pointer, name), "{filter}");
        assert_eq!(clause.seen[0].value.as_deref(), value, "{filter}");
        let written: serde_json::Value = serde_json::from_str(filter).unwrap();
        assert!(written.pointer(&clause.pointer).is_some(), "{}", clause.pointer);
    }
}

#[test]
fn explanations_and_the_values_in_them_are_bounded() {
    let many = vec![r#"{"exact":{"id":"2"}}"#; 200].join(",");
    assert_eq!(clauses(&format!(r#"{{"any":[{many}]}}"#)).len(), MAX_CLAUSES);
    let long = format!(r#"{{"exact":{{"id":"{}"}}}}"#, "ä".repeat(5000));
    let clause = &explain(&long).clauses[0];
    assert_eq!(clause.wanted.chars().count(), "is ``".len() + MAX_SHOWN + 1);
}

#[test]
fn of_many_values_some_are_named_and_the_rest_counted() {
    let event = event();
    let wanted: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let clause = none_of(&Facts::new(&event), "type", &wanted, "/types");
    assert_eq!(clause.pointer, "/types");
    assert!(clause.wanted.ends_with("`8`, `9` and 90 more"), "{}", clause.wanted);
    assert!(none_of(&Facts::new(&event), "type", &["a", "COM.example.created"], "").detail.ends_with("differ)"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_explanation_agrees_with_the_answer_and_names_something(filter in any_filter()) {
        let event = event();
        let facts = Facts::new(&event);
        let Explanation { answer, clauses } = filter.explain(&facts);
        prop_assert_eq!(answer, filter.ask(&facts));
        prop_assert!((1..=MAX_CLAUSES).contains(&clauses.len()));
        let json = serde_json::to_value(&filter).unwrap();
        for clause in clauses {
            prop_assert!(json.pointer(&clause.pointer).is_some(), "{} is not in {}", clause.pointer, json);
        }
    }
}
