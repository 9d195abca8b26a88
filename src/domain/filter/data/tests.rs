use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value as Tree;

use super::*;
use crate::domain::event::Event;
use crate::domain::event::read::{HeaderDecoding, Limits, binary, structured};
use crate::domain::filter::Filter;

fn parse(text: &str) -> Result<Expression, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// An event in JSON format with this data.
fn event(data: &str) -> Event {
    let text = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{data}}}"#);
    structured(Bytes::from(text), Limits::NONE).unwrap()
}

/// An event in binary mode with this body.
fn binary_event(content_type: Option<&str>, body: &[u8]) -> Event {
    let mut headers = http::HeaderMap::new();
    for (name, value) in [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")] {
        headers.insert(name, value.parse().unwrap());
    }
    if let Some(content_type) = content_type {
        headers.insert("content-type", content_type.parse().unwrap());
    }
    binary(&headers, Bytes::copy_from_slice(body), HeaderDecoding::Strict, Limits::NONE).unwrap()
}

fn ask(expression: &str, data: &str) -> Answer {
    let expression = parse(expression).unwrap();
    let event = event(data);
    let alone = expression.ask(&Facts::new(&event));
    // However it is looked at, it says the same.
    let other = parse(r#"{"": {"exists": true}, "/a/*": 1, "/zz": {"exists": false}}"#).unwrap();
    let plan = Plan::new(expression.clauses().iter().chain(other.clauses()).map(|clause| &clause.pointer));
    assert_eq!(expression.ask(&Facts::planned(&event, &plan)), alone);
    alone
}

const ORDER: &str = r#"{"order": {"total": 100.50, "currency": "EUR", "paid": true, "note": null, "ip": "10.1.2.3"},
    "items": [{"sku": "A-1", "n": 1}, {"sku": "B-2", "n": 20}], "tags": ["new", "eu", 7], "a/b": {"m~n": "x"},
    "matrix": [[1, 2], [3, 4]], "big": 12345678901234567890123, "empty": [], "*": {"x": 1}}"#;

#[test]
fn every_condition_holds_for_what_it_says() {
    for (expression, expected) in [
        (r#"{"/order/total": 100.5}"#, true),
        (r#"{"/order/total": {"eq": 1.005e2}}"#, true),
        (r#"{"/order/total": "100.50"}"#, false),
        (r#"{"/order/currency": "EUR"}"#, true),
        (r#"{"/order/currency": "eur"}"#, false),
        (r#"{"/order/paid": true}"#, true),
        (r#"{"/order/paid": "true"}"#, false),
        (r#"{"/order/note": null}"#, true),
        (r#"{"/order": {"eq": null}}"#, false),
        (r#"{"/order/currency": {"ne": "USD"}}"#, true),
        (r#"{"/order/currency": {"ne": "EUR"}}"#, false),
        (r#"{"/order/total": {"ne": "100.5"}}"#, true),
        (r#"{"/order": {"ne": 1}}"#, true),
        (r#"{"/order/currency": {"in": ["USD", "EUR"]}}"#, true),
        (r#"{"/order/total": {"in": [1, 100.5]}}"#, true),
        (r#"{"/order/total": {"in": ["100.5", null]}}"#, false),
        (r#"{"/order/total": {"gt": 100.4999999999999999999999999}}"#, true),
        (r#"{"/order/total": {"gt": 100.5}}"#, false),
        (r#"{"/order/total": {"gte": 100.5}}"#, true),
        (r#"{"/order/total": {"lt": 100.5}}"#, false),
        (r#"{"/order/total": {"lte": 100.5}}"#, true),
        (r#"{"/order/total": {"gt": "1"}}"#, false),
        (r#"{"/order/currency": {"gt": "EUQ", "lt": "EUS"}}"#, true),
        (r#"{"/order/currency": {"gt": 1}}"#, false),
        (r#"{"/big": 12345678901234567890123}"#, true),
        (r#"{"/big": {"lt": 12345678901234567890124, "gt": 12345678901234567890122}}"#, true),
        (r#"{"/big": 12345678901234567890124}"#, false),
        (r#"{"/order/currency": {"prefix": "EU"}}"#, true),
        (r#"{"/order/currency": {"suffix": "UR"}}"#, true),
        (r#"{"/order/currency": {"suffix": "EU"}}"#, false),
        (r#"{"/order/total": {"prefix": "1"}}"#, false),
        (r#"{"/order/currency": {"contains": "U"}}"#, true),
        (r#"{"/tags": {"contains": "eu"}}"#, true),
        (r#"{"/tags": {"contains": "e"}}"#, false),
        (r#"{"/tags": {"contains": 7.0}}"#, true),
        (r#"{"/empty": {"contains": 7}}"#, false),
        (r#"{"/order": {"contains": "total"}}"#, false),
        (r#"{"/order/currency": {"like": "_U%"}}"#, true),
        (r#"{"/order/currency": {"like": "U%"}}"#, false),
        (r#"{"/order/ip": {"cidr": "10.0.0.0/8"}}"#, true),
        (r#"{"/order/ip": {"cidr": ["192.168.0.0/16", "10.1.2.3"]}}"#, true),
        (r#"{"/order/ip": {"cidr": "2001:db8::/32"}}"#, false),
        (r#"{"/order/currency": {"cidr": "0.0.0.0/0"}}"#, false),
        (r#"{"/order/total": {"exists": true}}"#, true),
        (r#"{"/order/note": {"exists": true}}"#, true),
        (r#"{"/order/nothing": {"exists": true}}"#, false),
        (r#"{"/a~1b/m~0n": "x"}"#, true),
        (r#"{"/items/1/sku": "B-2"}"#, true),
        (r#"{"/matrix/1/0": 3}"#, true),
        (r#"{"": {"exists": true}}"#, true),
    ] {
        assert_eq!(ask(expression, ORDER), expected.into(), "{expression}");
    }
}

#[test]
fn value_that_is_not_there_matches_nothing_but_exists_false() {
    for pointer in
        ["/order/nothing", "/nothing/at/all", "/items/2", "/items/-", "/items/01", "/order/total/x", "/empty/*", "/tags/*/x"]
    {
        let holds = |conditions: &str| ask(&format!(r#"{{"{pointer}": {conditions}}}"#), ORDER);
        for conditions in [r#"{"eq": 1}"#, r#"{"ne": 1}"#, "null", r#"{"lt": 1}"#, r#"{"exists": true}"#, r#"{"like": "%"}"#] {
            assert_eq!(holds(conditions), Answer::No, "{pointer} {conditions}");
        }
        assert_eq!(holds(r#"{"exists": false}"#), Answer::Yes, "{pointer}");
    }
    assert_eq!(ask(r#"{"/order/note": {"exists": false}}"#, ORDER), Answer::No);
}

#[test]
fn star_asks_for_one_element_of_which_all_conditions_hold() {
    for (expression, expected) in [
        (r#"{"/items/*/sku": {"prefix": "B-"}}"#, true),
        (r#"{"/items/*/sku": {"prefix": "C-"}}"#, false),
        (r#"{"/items/*/n": {"gt": 1, "lt": 10}}"#, false),
        (r#"{"/items/*/n": {"gt": 10, "lt": 30}}"#, true),
        // Each pointer may have an element of its own.
        (r#"{"/items/*/sku": "A-1", "/items/*/n": 20}"#, true),
        (r#"{"/items/*/sku": {"ne": "A-1"}}"#, true),
        (r#"{"/tags/*": {"ne": "new"}}"#, true),
        (r#"{"/items/*/colour": {"exists": false}}"#, true),
        (r#"{"/items/*/sku": {"exists": false}}"#, false),
        (r#"{"/matrix/*/*": 4}"#, true),
        (r#"{"/matrix/*/0": 4}"#, false),
        (r#"{"/matrix/1/*": {"gte": 4}}"#, true),
        // Of an object it is the member of that name, as in any JSON Pointer.
        (r#"{"/*/x": 1}"#, true),
        (r#"{"/order/*": {"exists": true}}"#, false),
    ] {
        assert_eq!(ask(expression, ORDER), expected.into(), "{expression}");
    }
}

#[test]
fn several_pointers_must_all_hold() {
    assert_eq!(ask(r#"{"/order/total": {"gte": 100}, "/order/currency": "EUR"}"#, ORDER), Answer::Yes);
    assert_eq!(ask(r#"{"/order/total": {"gte": 100}, "/order/currency": "USD"}"#, ORDER), Answer::No);
}

#[test]
fn of_a_member_that_is_given_twice_the_last_one_is_there() {
    for (data, expected) in
        [(r#"{"a": 1, "a": 2}"#, "2"), (r#"{"a": 1, "b": 1, "\u0061": 2}"#, "2"), (r#"{"a": {"b": 1}, "a": {"b": 2}}"#, "2")]
    {
        let expression = if data.contains(r#""b": 2"#) { "/a/b" } else { "/a" };
        assert_eq!(ask(&format!(r#"{{"{expression}": {expected}}}"#), data), Answer::Yes, "{data}");
        assert_eq!(ask(&format!(r#"{{"{expression}": 1}}"#), data), Answer::No, "{data}");
    }
    // What was below the first one is gone with it, and its place in other objects is another.
    assert_eq!(ask(r#"{"/a/b": {"exists": false}}"#, r#"{"a": {"b": 1}, "a": 2}"#), Answer::Yes);
    assert_eq!(ask(r#"{"/*/a": 1}"#, r#"[{"a": 1}, {"a": 2, "a": 3}]"#), Answer::Yes);
    assert_eq!(ask(r#"{"/*/a": 2}"#, r#"[{"a": 1}, {"a": 2, "a": 3}]"#), Answer::No);
}

#[test]
fn data_that_is_no_json_has_no_values_and_json_that_can_not_be_read_is_a_fault() {
    let ask = |event: &Event, expression: &str| parse(expression).unwrap().ask(&Facts::new(event));
    let (there, absent) = (r#"{"/a": {"exists": true}}"#, r#"{"/a": {"exists": false}}"#);
    for event in [
        binary_event(Some("text/plain"), br#"{"a": 1}"#),
        binary_event(None, br#"{"a": 1}"#),
        structured(Bytes::from_static(br#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#), Limits::NONE).unwrap(),
        structured(
            Bytes::from_static(br#"{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"a/b","data":"{}"}"#),
            Limits::NONE,
        )
        .unwrap(),
    ] {
        assert_eq!((ask(&event, there), ask(&event, absent)), (Answer::No, Answer::Yes), "{event:?}");
    }
    for content_type in ["application/json", "application/vnd.shop+json; charset=utf-8"] {
        let event = binary_event(Some(content_type), br#"{"a": 1}"#);
        assert_eq!((ask(&event, there), ask(&event, absent)), (Answer::Yes, Answer::No));
    }
    let deep = [b"[".repeat(129), b"]".repeat(129)].concat();
    for body in [&br#"{"a": 1"#[..], b"{\"a\": 1} x", b"{\"a\": \xff}", b"nonsense", &deep] {
        let event = binary_event(Some("application/json"), body);
        assert_eq!((ask(&event, there), ask(&event, absent)), (Answer::Fault, Answer::Fault), "{event:?}");
        let filter: Filter = serde_json::from_str(&format!(r#"{{"not": {{"data": {there}}}}}"#)).unwrap();
        assert_eq!(filter.ask(&Facts::new(&event)), Answer::Fault);
    }
    let base64 = br#"{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"application/json","data_base64":"eyJhIjoxfQ=="}"#;
    assert_eq!(ask(&structured(Bytes::from_static(base64), Limits::NONE).unwrap(), there), Answer::Yes);
}

#[test]
fn value_that_can_not_be_compared_is_a_fault() {
    for (data, expression, expected) in [
        (r#"{"a": 1e999999999999999999}"#, r#"{"/a": {"gt": 1}}"#, Answer::Fault),
        (r#"{"a": 1e999999999999999999}"#, r#"{"/a": {"exists": true}}"#, Answer::Yes),
        (r#"{"a": [1e999999999999999999, 2]}"#, r#"{"/a/*": 2}"#, Answer::Yes),
        (r#"{"a": [1e999999999999999999, 2]}"#, r#"{"/a/*": 3}"#, Answer::Fault),
        (r#"{"a": [1e999999999999999999, 2]}"#, r#"{"/a": {"contains": 3}}"#, Answer::Fault),
        (r#"{"a": "\ud800"}"#, r#"{"/a": "x"}"#, Answer::Fault),
        (r#"{"a": "\ud800", "\ud800": 1}"#, r#"{"/a": {"exists": true}}"#, Answer::Yes),
    ] {
        assert_eq!(ask(expression, data), expected, "{expression} {data}");
    }
}

#[test]
fn too_many_values_are_a_fault_whoever_else_asks() {
    let many = format!("{{\"a\": [{}1], \"b\": 1}}", "1,".repeat(MAX_VALUES));
    assert_eq!(ask(r#"{"/a/*": 1}"#, &many), Answer::Fault);
    // The plan of everybody has `/a/*` too, which is too much for it; this expression does not ask for that.
    assert_eq!(ask(r#"{"/b": 1}"#, &many), Answer::Yes);
    assert_eq!(ask(r#"{"/a": {"contains": 1}}"#, &many), Answer::Yes);
}

#[test]
fn what_is_no_expression_is_refused_with_a_reason() {
    let long = "x".repeat(MAX_TEXT_BYTES + 1);
    let list = |length: usize| vec!["1"; length].join(",");
    let pointers = |count: usize| (0..count).map(|n| format!(r#""/{n}": 1"#)).collect::<Vec<_>>().join(",");
    for (text, reason) in [
        ("{}", "at least one JSON Pointer"),
        ("[]", "an object of JSON Pointers"),
        (r#"{"a": 1}"#, "must begin with `/`"),
        (r#"{"/a~": 1}"#, "`~` must be followed by"),
        (r#"{"/a": 1, "/a": 2}"#, "more than once"),
        (r#"{"/a": {}}"#, "at least one condition"),
        (r#"{"/a": [1]}"#, "a string, a number, `true`, `false` or `null`, or an object of conditions"),
        (r#"{"/a": {"equals": 1}}"#, "unknown condition `equals`, expected one of `eq`"),
        (r#"{"/a": {"gt": 1, "gt": 2}}"#, "`gt` is given more than once"),
        (r#"{"/a": {"eq": [1]}}"#, "`eq` must be a string, a number"),
        (r#"{"/a": {"gt": true}}"#, "`gt` must be a number or a string"),
        (r#"{"/a": {"gt": {}}}"#, "`gt` must be a number or a string"),
        (r#"{"/a": {"in": 1}}"#, "`in` must be an array"),
        (r#"{"/a": {"in": []}}"#, "`in` must have at least one value"),
        (r#"{"/a": {"prefix": 1}}"#, "`prefix` must be a string"),
        (r#"{"/a": {"suffix": ""}}"#, "`suffix` must not be empty"),
        (r#"{"/a": {"contains": ""}}"#, "`contains` must not be empty"),
        (r#"{"/a": {"exists": 1}}"#, "`exists` must be `true` or `false`"),
        (r#"{"/a": {"exists": false, "eq": 1}}"#, "can't be together"),
        (r#"{"/a": {"cidr": "10.0.0.0/33"}}"#, "`10.0.0.0/33` is neither"),
        (r#"{"/a": {"cidr": []}}"#, "at least one value"),
        (r#"{"/a": {"eq": 1e999999999999999999}}"#, "exponent of at most 17 digits"),
        (&format!(r#"{{"/a": "{long}"}}"#), "at most 1024 bytes"),
        (&format!(r#"{{"/a": {{"in": [{}]}}}}"#, list(MAX_LIST + 1)), "at most 100 values"),
        (&format!("{{{}}}", pointers(MAX_POINTERS + 1)), "more than 32 JSON Pointers"),
        (&format!(r#"{{"{}": 1}}"#, "/a".repeat(MAX_TOKENS + 1)), "more than 16 tokens"),
        (&format!(r#"{{"/a": {{"like": "%{}%"}}}}"#, "_a".repeat(33)), "between two `%`"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(reason), "{text}: {error}");
    }
    parse(&format!(r#"{{"/a": {{"in": [{}]}}}}"#, list(MAX_LIST))).unwrap();
    parse(&format!("{{{}}}", pointers(MAX_POINTERS))).unwrap();
}

#[test]
fn expressions_come_back_digit_by_digit_in_the_long_form() {
    let text = r#"{"/a":{"eq":12345678901234567890124.500},"/b":{"in":["x",1e3,null,false]},"/c":{"exists":false},"/d":{"gte":1,"lt":2.0},"/e":{"cidr":["10.0.0.0/8","::1/128"]},"/f":{"like":"a_%","contains":1,"exists":true}}"#;
    let expression = parse(text).unwrap();
    assert_eq!(serde_json::to_string(&expression).unwrap(), text);
    let short = parse(r#"{"/a":12345678901234567890124.500,"/e":{"cidr":"::1"}}"#).unwrap();
    let long = r#"{"/a":{"eq":12345678901234567890124.500},"/e":{"cidr":["::1/128"]}}"#;
    assert_eq!(serde_json::to_string(&short).unwrap(), long);
    assert_eq!(parse(long).unwrap(), short);
}

/// JSON texts with members that come twice, in both spellings of a name, and white space.
fn any_json() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", r"\u0061", "0", "1", "*", ""]);
    let leaf = prop::sample::select(vec!["1", "-2.5", "\"a\"", "null", "true", r#""\n\u00e9""#, "[]", "{}", "1e2"]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 60, 6, move |inner| {
        let member = (name.clone(), inner.clone()).prop_map(|(name, value)| format!("\"{name}\" : {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|elements| format!("[ {} ]", elements.join(" ,"))),
            prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(",\n"))),
        ]
    })
}

fn any_pointer() -> impl Strategy<Value = Pointer> {
    let token = prop::sample::select(vec!["a", "b", "0", "1", "2", "*", "", "01"]);
    prop::collection::vec(token, 0..5).prop_map(|tokens| {
        let text: String = tokens.iter().flat_map(|token| ["/", token]).collect();
        Pointer::parse(&text).unwrap()
    })
}

/// The same by walking a tree.
fn walk<'t>(tree: &'t Tree, tokens: &[&str], found: &mut Vec<&'t Tree>) {
    let Some((token, rest)) = tokens.split_first() else { return found.push(tree) };
    match tree {
        Tree::Object(members) => members.get(*token).into_iter().for_each(|below| walk(below, rest, found)),
        Tree::Array(elements) if *token == "*" => elements.iter().for_each(|below| walk(below, rest, found)),
        Tree::Array(elements) if *token == "0" || !token.starts_with('0') => {
            token.parse::<usize>().ok().and_then(|at| elements.get(at)).into_iter().for_each(|below| walk(below, rest, found));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn look_up_finds_what_a_walk_through_the_tree_finds(text in any_json(), pointers in prop::collection::vec(any_pointer(), 1..8)) {
        let tree: Tree = serde_json::from_str(&text).unwrap();
        let plan = Plan::new(&pointers);
        let found = Found::in_text(&text, &plan).unwrap();
        for pointer in &pointers {
            let mut expected = Vec::new();
            walk(&tree, &pointer.tokens().collect::<Vec<_>>(), &mut expected);
            let mut expected: Vec<_> = expected.into_iter().map(Tree::to_string).collect();
            let values = found.values(plan.slot(pointer).unwrap(), &text);
            let mut values: Vec<_> =
                values.map(|value| serde_json::from_str::<Tree>(value.as_json()).unwrap().to_string()).collect();
            expected.sort_unstable();
            values.sort_unstable();
            prop_assert_eq!(values, expected, "{:?} in {}", pointer, text);
        }
    }

    #[test]
    fn what_is_no_json_is_refused_as_the_tree_refuses_it(text in "[\\[\\]{}\",:0-9a-e\\\\u. \\-+]{0,24}", pointers in prop::collection::vec(any_pointer(), 1..4)) {
        let is_json = serde_json::from_str::<Box<serde_json::value::RawValue>>(&text).is_ok();
        prop_assert_eq!(Found::in_text(&text, &Plan::new(&pointers)).is_ok(), is_json, "{}", text);
    }

    #[test]
    fn bytes_of_any_kind_never_panic(body: Vec<u8>, pointers in prop::collection::vec(any_pointer(), 1..4)) {
        let clauses: Vec<_> = pointers.into_iter().map(|pointer| Clause { pointer, wanted: Wanted::Nothing }).collect();
        let event = binary_event(Some("application/json"), &body);
        let _ = Expression::new(clauses.into()).ask(&Facts::new(&event));
    }

    #[test]
    fn texts_of_any_kind_are_an_expression_or_refused(text in "\\PC{0,80}") {
        let _ = parse(&text);
    }
}
