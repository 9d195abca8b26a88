//! Promise 10: every malformed request gets a problem that says what, where and how to mend it, and changes nothing.

mod case;
mod credentials;
mod events;
mod resources;

use serde_json::{Value, json};
use waypost::app::App;
use waypost::config::{Source, load};
use waypost::domain::clock::{Clock, SystemClock};

use crate::support::database::{Database, Kind};
use credentials::World;

const KEY: &str = "wp_integration_tests_key_000";

async fn every_case_is_answered_as_the_table_says(kind: Kind) {
    let database = Database::create(kind).await;
    let flags = [("server.listen", "127.0.0.1:0"), ("database.url", database.url()), ("auth.bootstrap_key", KEY)];
    let flags = flags.into_iter().map(|(setting, value)| (setting.to_owned(), value.to_owned())).collect();
    let config = load(&Source { flags, ..Source::default() }).expect("the configuration is valid");
    let app = App::start(config).await.expect("the node starts");
    let base = format!("http://{}", app.address());
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");

    let world = world(&http, &base).await;
    let cases = [events::cases(), resources::cases(), credentials::cases(&world)].concat();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        if let Err(failure) = case.run(&http, &base, KEY).await {
            failures.push(format!("{}: {failure}", case.name));
        }
    }
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
    for path in ["/v1/events", "/v1/subscriptions", "/v1/deliveries"] {
        let listed: Value = http.get(format!("{base}{path}")).bearer_auth(KEY).send().await.unwrap().json().await.unwrap();
        assert_eq!(listed["data"], json!([]), "{path} was changed by a request that was refused");
    }
    app.stop().await;
}

/// Makes what the table's requests refer to.
async fn world(http: &reqwest::Client, base: &str) -> World {
    let post_as = async |tenant: &str, path: &str, body: Value| -> Value {
        let request = http.post(format!("{base}{path}")).bearer_auth(KEY).header("waypost-tenant", tenant).json(&body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 201, "{path}");
        answer.json().await.expect("JSON")
    };
    let post = async |path: &str, body: Value| post_as("default", path, body).await;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    post("/v1/tenants", json!({ "name": "acme" })).await;
    let writer = post("/v1/api-keys", json!({ "name": "writer", "scopes": ["events:write"] })).await;
    let bound = post_as("acme", "/v1/api-keys", json!({ "name": "bound", "scopes": ["admin"] })).await;
    let producer = post("/v1/producers", json!({ "name": "shop", "kind": "standard_webhooks" })).await;
    World {
        producer: text(&producer["id"]),
        events_writer: text(&writer["key"]),
        tenant_bound: text(&bound["key"]),
        now: SystemClock.now().as_seconds(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_is_answered_as_the_table_says_on_sqlite() {
    every_case_is_answered_as_the_table_says(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_is_answered_as_the_table_says_on_postgres() {
    every_case_is_answered_as_the_table_says(Kind::Postgres).await;
}
