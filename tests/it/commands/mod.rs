//! The command line, as a person or a container engine meets it: the real binary, its output and its exit codes.

mod roles;

use crate::support::database::{Database, Kind};
use crate::support::process::{KEY, Process, run};

/// The exit code for bad configuration or usage.
const EXIT_USAGE: i32 = 64;

async fn on_each_database(test: impl AsyncFn(Database)) {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        test(Database::create(kind).await).await;
    }
}

async fn status(base: &str, path: &str, key: &str) -> u16 {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    http.get(format!("{base}{path}")).bearer_auth(key).send().await.expect("the node answers").status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_left_alone_without_migrating_and_migrate_makes_it() {
    on_each_database(async |database| {
        let arguments = ["--no-migrate", "--listen", "127.0.0.1:0", "--database-url", database.url()];
        let (code, output, errors) = run(&arguments, &[]);
        assert_eq!((code, output.as_str()), (1, ""));
        assert!(errors.contains("run `waypost migrate`"), "{errors}");

        let (code, output, _) = run(&["migrate", "--database-url", database.url()], &[]);
        assert_eq!(code, 0);
        assert!(output.starts_with("the schema is up to date: version "), "{output}");
        let process = Process::start(database.url(), &[("WAYPOST_DATABASE__MIGRATE", "false")]);
        assert_eq!(status(process.base(), "/readyz", KEY).await, 200);
        assert_eq!(process.stop(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_made_beside_a_running_server_opens_what_its_scopes_say() {
    on_each_database(async |database| {
        let process = Process::start(database.url(), &[]);
        let arguments = ["api-key", "create", "--scope", "events:read", "--database-url", database.url()];
        let (code, output, errors) = run(&arguments, &[]);
        assert_eq!(code, 0, "{errors}");
        let key = output.trim();
        assert!(key.starts_with("wp_"), "{output}");
        assert_eq!(status(process.base(), "/v1/events", key).await, 200);
        assert_eq!(status(process.base(), "/v1/subscriptions", key).await, 403);

        let arguments = ["api-key", "create", "--scope", "everything", "--database-url", database.url()];
        let (code, _, errors) = run(&arguments, &[]);
        assert_eq!(code, EXIT_USAGE);
        assert!(errors.contains("no such scope; there are events:write"), "{errors}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthcheck_ends_well_only_while_a_server_is_ready() {
    let database = Database::create(Kind::Sqlite).await;
    let process = Process::start(database.url(), &[]);
    let base = process.base().to_owned();
    assert_eq!(run(&["healthcheck", "--url", &base], &[]).0, 0);
    assert_eq!(process.stop(), 0);
    let (code, _, errors) = run(&["healthcheck", "--url", &base], &[]);
    assert_eq!(code, 1);
    assert!(errors.contains("does not answer"), "{errors}");
}

#[test]
fn configuration_is_printed_without_secrets_and_checked_with_reasons() {
    let secret = ("WAYPOST_AUTH__BOOTSTRAP_KEY", "wp_a_key_that_nobody_may_see");
    let (code, output, _) = run(&["config", "print"], &[secret, ("WAYPOST_SERVER__MAX_REQUESTS", "7")]);
    assert_eq!(code, 0);
    assert!(output.contains("max_requests = 7") && !output.contains(secret.1), "{output}");
    assert_eq!(run(&["config", "check"], &[]).0, 0);

    let bad =
        [("WAYPOST_SERVER__MAX_REQUEST", "max_request"), ("WAYPOST_DISPATCH__LEASE_MS", "lease_ms"), ("WAYPOST_ROLE", "role")];
    for (variable, named) in bad {
        for command in [&["config", "check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let (code, output, errors) = run(command, &[(variable, "x")]);
            assert_eq!((code, output.as_str()), (EXIT_USAGE, ""), "{variable}");
            assert!(errors.contains(named), "{variable}: {errors}");
        }
    }
}

#[test]
fn what_is_no_command_or_no_database_is_bad_usage() {
    for (arguments, named) in [
        (&["fly"][..], "fly"),
        (&["--role", "king"], "king"),
        (&["--database-url", "mysql://localhost/x"], "database.url"),
        (&["--config", "no-such-file.toml"], "no-such-file.toml"),
    ] {
        let (code, _, errors) = run(arguments, &[]);
        assert_eq!(code, EXIT_USAGE, "{arguments:?}: {errors}");
        assert!(errors.contains(named), "{arguments:?}: {errors}");
    }
}

#[test]
fn the_document_is_printed_as_it_is_committed() {
    let (code, output, _) = run(&["openapi"], &[]);
    assert_eq!(code, 0);
    assert_eq!(output.trim_end(), include_str!("../../../openapi/openapi.json").trim_end());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_start_makes_an_administrators_key_and_prints_it_once() {
    on_each_database(async |database| {
        let (process, key) = Process::start_first(database.url());
        let key = key.expect("the first start prints a key");
        assert_eq!(status(process.base(), "/v1/api-keys", &key).await, 200);
        assert_eq!(process.stop(), 0);
        let (process, again) = Process::start_first(database.url());
        assert_eq!(again, None);
        assert_eq!(status(process.base(), "/v1/api-keys", &key).await, 200);
    })
    .await;
}

#[test]
fn the_demo_holds_all_of_it() {
    let (code, output, errors) = run(&["demo"], &[]);
    assert_eq!(code, 0, "{output}{errors}");
    assert!(output.trim_end().ends_with("all of it held"), "{output}");
}
