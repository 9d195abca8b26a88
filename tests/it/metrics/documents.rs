//! What is documented is what is there, and the other way round.

use std::collections::BTreeSet;

use waypost::app;
use waypost::config::Config;
use waypost::metrics::catalog::Definition;

use super::Scrape;
use super::counting::{post, subscribe};
use crate::support::database::Kind;
use crate::support::server::TestServer;
use crate::support::sink::Sink;

/// Every metric of the code.
pub(super) fn definitions() -> Vec<Definition> {
    app::metrics(&Config::builtin().metrics).definitions().to_vec()
}

/// The rows of the tables in `docs/metrics.md`: name, type and labels.
fn documented() -> BTreeSet<(String, String, Vec<String>)> {
    let page = include_str!("../../../docs/metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let labels =
            cells[3].split("<br>").filter_map(|label| Some(label.split_once("`: ")?.0.trim_start_matches('`').to_owned()));
        (cells[1].trim_matches('`').to_owned(), cells[2].to_owned(), labels.collect())
    };
    rows.map(row).collect()
}

#[test]
fn documents_list_what_is_registered() {
    let registered: BTreeSet<_> = definitions()
        .into_iter()
        .map(|one| {
            let labels = one.labels.iter().map(|label| label.name.to_owned()).collect();
            (one.name.to_owned(), one.kind.as_str().to_owned(), labels)
        })
        .collect();
    assert!(registered.len() > 50);
    assert_eq!(documented(), registered, "run `make generate`");
}

#[test]
fn names_follow_the_conventions() {
    for Definition { name, kind, help, .. } in definitions() {
        assert!(name.starts_with("waypost_") || name.starts_with("process_"), "{name}");
        assert_eq!(name.ends_with("_total"), kind.as_str() == "counter", "{name}");
        assert!(!name.contains("_ms") && help.ends_with('.') && help.len() > 10, "{name}: {help}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_scrape_has_every_documented_metric_and_no_other() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.metrics.per_subscription = true).await;
    let sink = Sink::answering(204).await;
    subscribe(&server, &sink, "t").await;
    post(&server, "1", "t").await;
    Scrape::of(&server.base()).await;
    let scrape = Scrape::of(&server.base()).await;
    let live = scrape.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(|line| {
        let (name, kind) = line.split_once(' ').unwrap();
        (name.to_owned(), kind.to_owned())
    });
    let live: BTreeSet<_> = live.collect();
    let documented: BTreeSet<_> = documented().into_iter().map(|(name, kind, _)| (name, kind)).collect();
    assert_eq!(live, documented);
    for (name, _) in &live {
        assert!(scrape.series.keys().any(|series| series.starts_with(name.as_str())), "{name} has no series");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_have_the_values_that_are_documented() {
    use waypost::metrics::catalog::Values;

    let server = TestServer::start_with(Kind::Sqlite, |_| {}).await;
    Scrape::of(&server.base()).await;
    let scrape = Scrape::of(&server.base()).await;
    for Definition { name, labels, .. } in definitions() {
        for label in labels {
            let Values::Listed(values) = label.values else { continue };
            let start = format!("{}=\"", label.name);
            let shown = scrape.series.keys().filter(|series| series.starts_with(&format!("{name}{{")));
            let shown = shown.filter_map(|series| series.split_once(&start)?.1.split('"').next());
            let unknown: BTreeSet<_> = shown.filter(|value| !values.contains(value)).collect();
            assert!(unknown.is_empty(), "{name}, {}: {unknown:?}", label.name);
        }
    }
    server.stop().await;
}
