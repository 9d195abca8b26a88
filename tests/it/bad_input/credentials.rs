//! Missing, false and insufficient credentials, and producers whose signature does not hold.

use super::case::{Case, Header, Whole, case};

const EVENT: &str = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#;
const STRUCTURED: &str = "application/cloudevents+json";
/// `{"alg":"none"}` and an empty set of claims.
const UNSIGNED_TOKEN: &str = "eyJhbGciOiJub25lIn0.e30.";
/// `{"alg":"HS256"}`, an empty set of claims and a signature by nobody.
const UNKNOWN_TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.e30.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What the table needs to know of the server it runs against.
pub(super) struct World {
    pub(super) producer: String,
    pub(super) events_writer: String,
    pub(super) tenant_bound: String,
    pub(super) now: i64,
}

pub(super) fn cases(world: &World) -> Vec<Case> {
    [token_cases(), scope_cases(world), producer_cases(world)].concat()
}

fn token_cases() -> Vec<Case> {
    let with = |name, credential: &str| {
        case(name, "GET", "/v1/events").anonymous().header("authorization", credential).expects(401, "unauthenticated", Whole)
    };
    vec![
        case("no credential", "GET", "/v1/events").anonymous().expects(401, "unauthenticated", Whole),
        case("an event without a credential", "POST", "/v1/events")
            .anonymous()
            .header("content-type", STRUCTURED)
            .body(EVENT)
            .expects(401, "unauthenticated", Whole),
        with("a password", "Basic YWRtaW46YWRtaW4="),
        with("a key nobody made", "Bearer wp_0000000000000000000000000000"),
        with("an empty token", "Bearer "),
        with("a token that is none", "Bearer hello"),
        with("a token without a signature", &format!("Bearer {UNSIGNED_TOKEN}")),
        with("a token of an unknown issuer", &format!("Bearer {UNKNOWN_TOKEN}")),
        case("a tenant that does not exist", "GET", "/v1/events").header("waypost-tenant", "nobody").expects(
            404,
            "tenant_not_found",
            Whole,
        ),
        case("a tenant's name that is none", "GET", "/v1/events").header("waypost-tenant", "No Body").expects(
            400,
            "invalid_request",
            Header("waypost-tenant"),
        ),
    ]
}

fn scope_cases(world: &World) -> Vec<Case> {
    let as_writer = |name, method, path: &str| {
        let credential = format!("Bearer {}", world.events_writer);
        case(name, method, path).anonymous().header("authorization", credential).expects(403, "forbidden", Whole)
    };
    vec![
        as_writer("reading events with a key to write them", "GET", "/v1/events"),
        as_writer("listing subscriptions with a key to write events", "GET", "/v1/subscriptions"),
        as_writer("making keys with a key to write events", "GET", "/v1/api-keys"),
        as_writer("redriving with a key to write events", "POST", "/v1/dead-letters/redrive"),
        case("another tenant's things", "GET", "/v1/events")
            .anonymous()
            .header("authorization", format!("Bearer {}", world.tenant_bound))
            .header("waypost-tenant", "default")
            .expects(403, "forbidden", Whole),
    ]
}

fn producer_cases(world: &World) -> Vec<Case> {
    let path = format!("/v1/producers/{}/events", world.producer);
    let signed = |name, skip: &str, timestamp: i64| {
        let headers = [
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", "v1,AAAA".to_owned()),
        ];
        let request = case(name, "POST", path.clone()).anonymous().header("content-type", STRUCTURED).body(EVENT);
        headers.iter().filter(|(name, _)| *name != skip).fold(request, |request, (name, value)| request.header(name, value))
    };
    let invalid = |case: Case, header| case.expects(401, "signature_invalid", Header(header));
    let now = world.now;
    vec![
        invalid(signed("a message without webhook-id", "webhook-id", now), "webhook-id"),
        invalid(signed("a message without webhook-timestamp", "webhook-timestamp", now), "webhook-timestamp"),
        invalid(signed("a message without webhook-signature", "webhook-signature", now), "webhook-signature"),
        signed("a message signed by nobody", "", now).expects(401, "signature_invalid", Whole),
        signed("a message of six minutes ago", "", now - 360).expects(401, "signature_invalid", Whole),
        signed("a message of the day after", "", now + 86_400).expects(401, "signature_invalid", Whole),
        signed("a message whose time is no number", "webhook-timestamp", now).header("webhook-timestamp", "noon").expects(
            401,
            "signature_invalid",
            Whole,
        ),
        case("a producer that does not exist", "POST", "/v1/producers/prd_01h455vb4pex5vsknk084sn02q/events")
            .anonymous()
            .header("content-type", STRUCTURED)
            .body(EVENT)
            .expects(404, "not_found", Whole),
    ]
}
