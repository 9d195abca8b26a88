//! Prometheus' own tool as the judge. It is part of what the tests need: where it is missing they fail.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Scrape;
use super::counting::{post, subscribe};
use crate::support::server::on_both_databases;
use crate::support::sink::Sink;

/// Runs promtool in a folder with this input, and gives what it said. Fails the test if it found a fault, however small.
#[track_caller]
pub(super) fn promtool(arguments: &[&str], folder: &Path, input: &str) -> String {
    let mut child = Command::new("promtool")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is missing: scripts/install-test-tools.sh installs it");
    let mut pipe = child.stdin.take().expect("standard input is a pipe");
    pipe.write_all(input.as_bytes()).expect("promtool reads its input");
    drop(pipe);
    let output = child.wait_with_output().expect("promtool ends");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
    said
}

on_both_databases!(a_live_scrape_is_as_prometheus_wants_it, async |server| {
    let sink = Sink::answering(204).await;
    subscribe(server, &sink, "t").await;
    post(server, "1", "t").await;
    Scrape::of(&server.base()).await;
    let scrape = Scrape::of(&server.base()).await;
    let folder = std::env::temp_dir();
    assert_eq!(promtool(&["check", "metrics"], &folder, &scrape.text), "", "it has nothing to say about it");
});
