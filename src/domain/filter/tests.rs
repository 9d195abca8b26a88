use bytes::Bytes;
use proptest::prelude::*;
use utoipa::PartialSchema;

use super::*;
use crate::domain::event::Event;
use crate::domain::event::read::{Limits, structured};

fn event() -> Event {
    let text = r#"{"specversion":"1.0","id":"1","source":"/orders/eu","type":"com.example.created","n":-7,"b":true,
        "time":"2018-04-05T17:31:00.0+02:00","datacontenttype":"application/json","data":{"type":"x"}}"#;
    structured(Bytes::from_static(text.as_bytes()), Limits::default()).unwrap()
}

fn parse(text: &str) -> Result<Filter, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn matches(filter: &Filter, event: &Event) -> bool {
    filter.ask(&Facts::new(event)) == Answer::Yes
}

#[test]
fn every_dialect_matches_what_it_says() {
    let event = event();
    for (text, expected) in [
        (r#"{"exact":{"type":"com.example.created"}}"#, true),
        (r#"{"exact":{"type":"com.example.Created"}}"#, false),
        (r#"{"exact":{"type":"com.example"}}"#, false),
        (r#"{"exact":{"type":"com.example.created","source":"/orders/eu"}}"#, true),
        (r#"{"exact":{"type":"com.example.created","source":"/x"}}"#, false),
        (r#"{"prefix":{"source":"/orders/"}}"#, true),
        (r#"{"prefix":{"source":"orders"}}"#, false),
        (r#"{"suffix":{"source":"/eu"}}"#, true),
        (r#"{"suffix":{"source":"/us"}}"#, false),
        (r#"{"sql":"type LIKE 'com.%' AND n < 0 AND b"}"#, true),
        (r#"{"sql":"subject = 'a' OR true"}"#, false),
        (r#"{"sql":"LENGTH(type)"}"#, false),
        (r#"{"cesql":"EXISTS time"}"#, true),
        (r#"{"all":[{"exact":{"id":"1"}},{"prefix":{"type":"com."}}]}"#, true),
        (r#"{"all":[{"exact":{"id":"1"}},{"prefix":{"type":"org."}}]}"#, false),
        (r#"{"any":[{"exact":{"id":"2"}},{"prefix":{"type":"com."}}]}"#, true),
        (r#"{"any":[{"exact":{"id":"2"}}]}"#, false),
        (r#"{"not":{"exact":{"id":"2"}}}"#, true),
        (r#"{"not":{"exact":{"id":"1"}}}"#, false),
    ] {
        assert_eq!(matches(&parse(text).unwrap(), &event), expected, "{text}");
    }
}

#[test]
fn attribute_that_is_not_there_matches_nothing() {
    for dialect in ["exact", "prefix", "suffix"] {
        let text = format!(r#"{{"{dialect}":{{"subject":"a"}}}}"#);
        assert!(!matches(&parse(&text).unwrap(), &event()), "{text}");
        assert!(matches(&parse(&format!(r#"{{"not":{text}}}"#)).unwrap(), &event()), "not {text}");
    }
}

/// An expression that fails is no answer, so its negation is none either (SPECS SQ-14).
#[test]
fn expression_with_an_error_is_a_fault_and_so_is_its_negation() {
    for (text, answer) in [
        (r#"{"sql":"subject = 'a'"}"#, Answer::Fault),
        (r#"{"not":{"sql":"subject = 'a'"}}"#, Answer::Fault),
        (r#"{"not":{"sql":"id = 'a'"}}"#, Answer::Yes),
        (r#"{"any":[{"sql":"subject = 'a'"},{"exact":{"id":"1"}}]}"#, Answer::Yes),
        (r#"{"all":[{"sql":"subject = 'a'"},{"exact":{"id":"2"}}]}"#, Answer::No),
    ] {
        assert_eq!(parse(text).unwrap().ask(&Facts::new(&event())), answer, "{text}");
    }
}

/// SPECS SU-12.
#[test]
fn the_other_name_of_sql_is_read_and_not_written() {
    let filter = parse(r#"{"cesql":" id='1' "}"#).unwrap();
    assert_eq!(serde_json::to_string(&filter).unwrap(), r#"{"sql":" id='1' "}"#);
    assert!(schema().is_valid(&serde_json::json!({"cesql": "id = '1'"})));
}

#[test]
fn warnings_name_the_filter() {
    let filters: Vec<Filter> = serde_json::from_str(
        r#"[{"exact":{"id":"1"}},{"all":[{"sql":"b"},{"not":{"any":[{"sql":"b AND b OR b"}]}}]},{"sql":"1"}]"#,
    )
    .unwrap();
    let found = warnings(&filters);
    let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/1/all/1/not/any/0/sql", "/2/sql"]);
    assert!(found[0].1.starts_with("character 9: `AND`, `OR` and `XOR` are mixed"), "{found:?}");
    assert!(found[1].1.starts_with("this gives a number"), "{found:?}");
}

#[test]
fn attributes_of_other_types_are_compared_as_their_canonical_string() {
    for text in [
        r#"{"exact":{"n":"-7"}}"#,
        r#"{"exact":{"b":"true"}}"#,
        r#"{"exact":{"time":"2018-04-05T17:31:00.0+02:00"}}"#,
        r#"{"exact":{"datacontenttype":"application/json","specversion":"1.0"}}"#,
    ] {
        assert!(matches(&parse(text).unwrap(), &event()), "{text}");
    }
}

#[test]
fn what_is_no_filter_is_refused_with_a_reason() {
    for (text, reason) in [
        ("{}", "empty; expected a filter"),
        ("[]", "expected a filter"),
        ("\"exact\"", "expected a filter"),
        (r#"{"exact":{"type":"a"},"prefix":{"type":"a"}}"#, "both `exact` and `prefix`"),
        (r#"{"exact":{"type":"a"},"exact":{"type":"a"}}"#, "both `exact` and `exact`"),
        (r#"{"like":{"type":"a"}}"#, "unknown field `like`, expected one of `exact`, `prefix`, `suffix`"),
        (r#"{"Exact":{"type":"a"}}"#, "unknown field `Exact`"),
        (r#"{"sql":"type = "}"#, "no CESQL expression to filter by: character 8: expected a value"),
        (r#"{"cesql":"type = 'ä' 'b'"}"#, "character 12: expected an operator or the end"),
        (r#"{"sql":"SIZE(type) = 1"}"#, "character 1: there is no function `SIZE`"),
        (r#"{"sql":"1 = LENGTH()"}"#, "character 5: `LENGTH` is called with 0 arguments and takes 1"),
        (r#"{"sql":["type"]}"#, "expected a string with a CESQL expression"),
        (r#"{"exact":{}}"#, "at least one attribute"),
        (r#"{"exact":{"type":""}}"#, "`type` must not be empty"),
        (r#"{"exact":{"":"a"}}"#, "name of an attribute"),
        (r#"{"exact":{"data":"a"}}"#, "name of an attribute"),
        (r#"{"exact":{"My.Ext":"a"}}"#, "name of an attribute"),
        (r#"{"exact":{"type":"a","type":"b"}}"#, "`type` is given more than once"),
        (r#"{"exact":{"n":7}}"#, "expected a string"),
        (r#"{"prefix":[]}"#, "expected an object of attribute names"),
        (r#"{"all":[]}"#, "at least one filter"),
        (r#"{"any":{}}"#, "expected an array of filters"),
        (r#"{"all":[{}]}"#, "empty; expected a filter"),
        (r#"{"not":[]}"#, "expected a filter"),
        (r#"{"data":{"total":1}}"#, "the JSON Pointer `total` must begin with `/`"),
        (r#"{"all":[{"data":{"/a":{"is":1}}}]}"#, "unknown condition `is`"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn depth_and_number_of_expressions_are_bounded() {
    let exact = |names: usize| Filter::Exact((0..names).map(|name| (name.to_string(), "a".to_owned())).collect());
    let nested = |depth: usize| (1..depth).fold(exact(1), |inner, _| Filter::Not(Box::new(inner)));
    assert_eq!(check(&[nested(MAX_DEPTH)]), Ok(()));
    assert_eq!(check(&[exact(1), nested(MAX_DEPTH + 1)]).unwrap_err().0, "/1");
    assert_eq!(check(&[exact(128), exact(128)]), Ok(()));
    assert_eq!(check(&[exact(128), exact(128), exact(1)]).unwrap_err().0, "/2");
    assert_eq!(check(&[Filter::All(vec![exact(1); MAX_NODES])]).unwrap_err().0, "/0");
    let chain = |attributes: usize| Filter::Sql(Box::new(Expression::parse(&vec!["b"; attributes].join(" OR ")).unwrap()));
    assert_eq!(check(&[chain(64), chain(64), exact(2)]), Ok(()));
    assert_eq!(check(&[chain(64), chain(64), exact(3)]).unwrap_err().0, "/2");
}

/// Expressions that match, do not match, and fail.
fn sql() -> impl Strategy<Value = Filter> {
    prop::sample::select(vec!["b", "NOT b", "subject = 'ä\\''", "n IN (-7, 1/0)", "LENGTH(id)"])
        .prop_map(|text| Filter::Sql(Box::new(Expression::parse(text).unwrap())))
}

/// Any filter that can be read.
pub(super) fn any_filter() -> impl Strategy<Value = Filter> {
    let wanted = || prop::collection::btree_map("[a-z0-9]{1,8}x", "[^\\p{C}]{1,8}", 1..4);
    let data = prop::sample::select(vec![
        r#"{"/a":{"eq":1.50},"/b":{"exists":false}}"#,
        r#"{"":{"exists":true},"/a/*/c":{"in":["x",1,null,true],"ne":false}}"#,
        r#"{"/a~1b":{"gt":1e3,"gte":-1,"lt":"x","lte":""}}"#,
        r#"{"/a":{"prefix":"a","suffix":"b","contains":"c","like":"_%"},"/b":{"cidr":["10.0.0.0/8","2001:db8::/32"],"contains":7}}"#,
    ]);
    let data = data.prop_map(|text| Filter::Data(serde_json::from_str(text).unwrap()));
    let leaf = prop_oneof![
        wanted().prop_map(Filter::Exact),
        wanted().prop_map(Filter::Prefix),
        wanted().prop_map(Filter::Suffix),
        sql(),
        data,
    ];
    leaf.prop_recursive(5, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Filter::All),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Filter::Any),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// The schema as a validator reads it, with the place that its references to itself point to.
fn schema() -> jsonschema::Validator {
    let schema = serde_json::to_value(Filter::schema()).unwrap();
    let document = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/components/schemas/Filter",
        "components": {"schemas": {"Filter": schema}},
    });
    jsonschema::validator_for(&document).unwrap()
}

#[test]
fn schema_refuses_what_is_no_filter() {
    let schema = schema();
    for text in [
        "{}",
        r#"{"exact":{}}"#,
        r#"{"exact":{"type":""}}"#,
        r#"{"exact":{"A":"a"}}"#,
        r#"{"all":[]}"#,
        r#"{"not":{}}"#,
        r#"{"sql":""}"#,
        r#"{"sql":{"x":"x"}}"#,
        r#"{"sql":"x","cesql":"x"}"#,
        r#"{"exact":{"type":"a"},"prefix":{"type":"a"}}"#,
        r#"{"data":{}}"#,
        r#"{"data":{"a":1}}"#,
        r#"{"data":{"/a~2":1}}"#,
        r#"{"data":{"/a":[1]}}"#,
        r#"{"data":{"/a":{}}}"#,
        r#"{"data":{"/a":{"equals":1}}}"#,
        r#"{"data":{"/a":{"gt":true}}}"#,
        r#"{"data":{"/a":{"prefix":""}}}"#,
        r#"{"data":{"/a":{"in":[]}}}"#,
    ] {
        assert!(!schema.is_valid(&serde_json::from_str(text).unwrap()), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn filters_come_back_and_fit_their_schema(filter in any_filter()) {
        let text = serde_json::to_string(&filter).unwrap();
        prop_assert!(schema().is_valid(&serde_json::from_str(&text).unwrap()), "{}", text);
        prop_assert_eq!(parse(&text).unwrap(), filter);
    }

    #[test]
    fn not_turns_every_answer_round(filter in any_filter()) {
        let event = event();
        let facts = Facts::new(&event);
        let answer = filter.ask(&facts);
        prop_assert_eq!(Filter::Not(Box::new(filter)).ask(&facts), !answer);
    }
}
