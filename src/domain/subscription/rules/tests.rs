use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::domain::event::Event;
use crate::domain::event::read::{Limits, structured};

fn event() -> Event {
    let text = r#"{"specversion":"1.0","id":"1","source":"/orders","type":"a","subject":"eu-1"}"#;
    structured(Bytes::from_static(text.as_bytes()), Limits::default()).unwrap()
}

fn pointers(rules: serde_json::Value) -> (Answer, Vec<String>) {
    let rules: Rules = serde_json::from_value(rules).unwrap();
    let event = event();
    let explanation = rules.explain(&Facts::new(&event));
    assert_eq!(explanation.answer, rules.ask(&Facts::new(&event)));
    (explanation.answer, explanation.clauses.into_iter().map(|clause| clause.pointer).collect())
}

#[test]
fn every_member_that_says_no_is_named_by_its_pointer() {
    let holds = json!({ "exact": { "id": "1" } });
    let fails = json!({ "not": { "prefix": { "subject": "eu-" } } });
    for (rules, answer, expected) in [
        (json!({}), Answer::Yes, &[][..]),
        (json!({ "types": ["b", "a"], "source": "/orders", "filters": [holds] }), Answer::Yes, &[]),
        (json!({ "types": ["b"] }), Answer::No, &["/types"]),
        (json!({ "source": "/order" }), Answer::No, &["/source"]),
        (json!({ "filters": [holds, fails] }), Answer::No, &["/filters/1/not/prefix/subject"]),
        (
            json!({ "types": ["b"], "source": "/", "filters": [fails, holds, fails] }),
            Answer::No,
            &["/types", "/source", "/filters/0/not/prefix/subject", "/filters/2/not/prefix/subject"],
        ),
    ] {
        assert_eq!(pointers(rules.clone()), (answer, expected.iter().map(ToString::to_string).collect()), "{rules}");
    }
}

#[test]
fn explanations_are_bounded() {
    let fails = json!({ "exact": { "id": "2" } });
    assert_eq!(pointers(json!({ "filters": vec![fails; 200] })).1.len(), MAX_CLAUSES);
}
