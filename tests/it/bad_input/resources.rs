//! Malformed subscriptions, lists and administration.

use super::case::{Case, Parameter, Pointer, Whole, case};

fn subscription(name: &'static str, body: &str, pointer: &'static str) -> Case {
    case(name, "POST", "/v1/subscriptions").json(body).expects(400, "invalid_request", Pointer(pointer))
}

/// A right subscription with one more member.
fn with(name: &'static str, member: &str, pointer: &'static str) -> Case {
    subscription(name, &format!(r#"{{"sink":"https://s.example/",{member}}}"#), pointer)
}

pub(super) fn cases() -> Vec<Case> {
    [sink_cases(), member_cases(), filter_cases(), list_cases(), administration_cases()].concat()
}

fn sink_cases() -> Vec<Case> {
    vec![
        case("a subscription that is not JSON", "POST", "/v1/subscriptions").json("{").expects(400, "invalid_request", Whole),
        case("a subscription without a content type", "POST", "/v1/subscriptions")
            .body(r#"{"sink":"https://s.example/"}"#)
            .expects(415, "unsupported_media_type", Whole),
        case("a subscription without a sink", "POST", "/v1/subscriptions").json("{}").expects(400, "invalid_request", Whole),
        subscription("a sink that is no URL", r#"{"sink":"shop"}"#, "/sink"),
        subscription("a sink of another scheme", r#"{"sink":"ftp://s.example/"}"#, "/sink"),
        subscription("a sink with a password", r#"{"sink":"https://me:pass@s.example/"}"#, "/sink"),
        subscription("a sink as a number", r#"{"sink":7}"#, "/sink"),
        subscription("a sink with a fragment", r#"{"sink":"https://s.example/#x"}"#, "/sink"),
        subscription("a sink over 2048 characters", &format!(r#"{{"sink":"https://s.example/{}"}}"#, "x".repeat(2048)), "/sink"),
    ]
}

fn member_cases() -> Vec<Case> {
    vec![
        with("another protocol", r#""protocol":"AMQP""#, "/protocol"),
        with("a protocol in small letters", r#""protocol":"http""#, "/protocol"),
        with("an empty type", r#""types":[""]"#, "/types/0"),
        with(
            "a header that Waypost sets",
            r#""protocolsettings":{"headers":{"webhook-id":"x"}}"#,
            "/protocolsettings/headers/webhook-id",
        ),
        with("a header's value on two lines", r#""protocolsettings":{"headers":{"x":"a\r\nb"}}"#, "/protocolsettings/headers/x"),
        with("a method that carries no body", r#""protocolsettings":{"method":"GET"}"#, "/protocolsettings/method"),
        with("a time limit of nothing", r#""config":{"timeout_ms":0}"#, "/config/timeout_ms"),
        with("no concurrency", r#""config":{"max_concurrency":0}"#, "/config/max_concurrency"),
        with("an unknown content mode", r#""config":{"content_mode":"xml"}"#, "/config/content_mode"),
        with("a schedule without attempts", r#""config":{"retry":{"schedule_ms":[]}}"#, "/config/retry/schedule_ms"),
        with(
            "a dead-letter sink with credentials",
            r#""config":{"dead_letter_sink":"https://a:b@c.example/"}"#,
            "/config/dead_letter_sink",
        ),
        with("a dead-letter sink that is no URL", r#""config":{"deadLetterSink":"dead"}"#, "/config/dead_letter_sink"),
        with("a signature without v1", r#""config":{"signature":{"schemes":["v1a"]}}"#, "/config/signature/schemes"),
        with("an unknown scheme", r#""config":{"signature":{"schemes":["v1","v2"]}}"#, "/config/signature/schemes/1"),
        with("an unknown algorithm", r#""config":{"signature":{"http_message":"rsa"}}"#, "/config/signature/http_message"),
        with("an unknown spelling", r#""config":{"header_encoding":"latin1"}"#, "/config/header_encoding"),
        with("an unknown retry policy", r#""config":{"retry":{"policy":"linear"}}"#, "/config/retry/policy"),
        with(
            "a success that is permanent",
            r#""config":{"retry":{"permanent_statuses":[400,200]}}"#,
            "/config/retry/permanent_statuses/1",
        ),
        with(
            "a month of leaving alone",
            r#""config":{"retry":{"max_retry_after_ms":2592000000}}"#,
            "/config/retry/max_retry_after_ms",
        ),
        with("a breaker of ten days", r#""config":{"breaker":{"open_ms":864000000}}"#, "/config/breaker/open_ms"),
        with("a breaker that no probe closes", r#""config":{"breaker":{"probes":0}}"#, "/config/breaker/probes"),
        with("more than all failed", r#""config":{"breaker":{"failure_percent":101}}"#, "/config/breaker/failure_percent"),
        with("an unknown member of the breaker", r#""config":{"breaker":{"off":true}}"#, "/config/breaker/off"),
        with("a rate of nothing", r#""config":{"rate_limit":{"per_second":0,"burst":1}}"#, "/config/rate_limit/per_second"),
    ]
}

fn filter_cases() -> Vec<Case> {
    let filters = |name, filters: &str, pointer| with(name, &format!(r#""filters":{filters}"#), pointer);
    vec![
        filters("filters that are no list", r#"{"exact":{"type":"a"}}"#, "/filters"),
        filters("an unknown dialect", r#"[{"regex":{"type":"a"}}]"#, "/filters/0"),
        filters("two dialects at once", r#"[{"exact":{"type":"a"},"prefix":{"type":"a"}}]"#, "/filters/0"),
        filters("an empty dialect", r#"[{"exact":{}}]"#, "/filters/0/exact"),
        filters("an empty value", r#"[{"prefix":{"type":""}}]"#, "/filters/0/prefix"),
        filters("an expression with a mistake", r#"[{"sql":"type = "}]"#, "/filters/0/sql"),
        filters("an expression that is no text", r#"[{"cesql":1}]"#, "/filters/0/cesql"),
        filters("a place in data that is no pointer", r#"[{"data":{"total":1}}]"#, "/filters/0/data"),
        filters("a condition that is none", r#"[{"not":{"data":{"/a/b":{"is":1}}}}]"#, "/filters/0/not/data/~1a~1b"),
        filters("a bound that is none", r#"[{"data":{"/a":1}},{"data":{"/total":{"gte":null}}}]"#, "/filters/1/data/~1total"),
        filters("nothing to combine", r#"[{"all":[]}]"#, "/filters/0/all"),
    ]
}

fn list_cases() -> Vec<Case> {
    let list = |name, path: &str, parameter| case(name, "GET", path).expects(400, "invalid_request", Parameter(parameter));
    vec![
        list("a page of nothing", "/v1/events?limit=0", "limit"),
        list("a page without end", "/v1/deliveries?limit=251", "limit"),
        list("a limit that is no number", "/v1/subscriptions?limit=ten", "limit"),
        list("a cursor that is none", "/v1/events?cursor=!!!", "cursor"),
        list("a cursor of half an identifier", "/v1/deliveries?cursor=AAAA", "cursor"),
        list("an unknown state", "/v1/deliveries?state=lost", "state"),
        list("an identifier of another kind", "/v1/deliveries?subscription_id=evt_01h455vb4pex5vsknk084sn02q", "subscription_id"),
        list("a time that is no time", "/v1/events?after=yesterday", "after"),
        list("an unknown parameter", "/v1/events?typo=1", "typo"),
        list("an unknown reason", "/v1/dead-letters?reason=bored", "reason"),
        list("an unknown group", "/v1/dead-letters?group_by=colour", "group_by"),
        list("an unknown window", "/v1/stats?window=1y", "window"),
        case("an event that does not exist", "GET", "/v1/events/evt_01h455vb4pex5vsknk084sn02q").expects(404, "not_found", Whole),
        case("an identifier that is none", "GET", "/v1/deliveries/dlv_nothing").expects(404, "not_found", Whole),
    ]
}

fn administration_cases() -> Vec<Case> {
    let post = |name, path: &str, body: &str, pointer| {
        case(name, "POST", path).json(body).expects(400, "invalid_request", Pointer(pointer))
    };
    vec![
        post("a tenant with a capital", "/v1/tenants", r#"{"name":"Acme"}"#, "/name"),
        post("an unknown scope", "/v1/api-keys", r#"{"name":"k","scopes":["root"]}"#, "/scopes/0"),
        post("a producer with half a secret", "/v1/producers", r#"{"name":"p","secrets":["whsec_AA"]}"#, "/secrets/0"),
        post("a producer of an unknown kind", "/v1/producers", r#"{"name":"p","kind":"telepathy"}"#, "/kind"),
        case("a tenant twice", "POST", "/v1/tenants").json(r#"{"name":"default"}"#).expects(409, "conflict", Whole),
        case("deleting what is not there", "DELETE", "/v1/api-keys/key_01h455vb4pex5vsknk084sn02q").expects(
            404,
            "not_found",
            Whole,
        ),
        case("purging everything by accident", "DELETE", "/v1/dead-letters").expects(400, "invalid_request", Whole),
    ]
}
