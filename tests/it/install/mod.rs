//! The very binary, run as the image runs it: its user, its settings, its libraries, a file system that is read-only but for the
//! data, a bound on memory, SIGTERM.
//!
//! No container engine is needed: a mount namespace and `chroot` make the same walls. They take root. Where that is missing the
//! tests that need it say so and are left out, in CI they fail. `tests/install` checks the files that describe the image.

mod image;
mod jail;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::client::Client;
use crate::support::process::{KEY, Process};
use crate::support::sink::Sink;
use image::Image;
use jail::Jail;

/// Settings of every node here, beside the image's own.
const SETTINGS: [(&str, &str); 4] = [
    ("WAYPOST_BOOTSTRAP_KEY", KEY),
    ("WAYPOST_EGRESS__ALLOW", "127.0.0.0/8"),
    ("WAYPOST_LOG__FILTER", "warn"),
    // The image's port is taken where a node runs beside the tests.
    ("WAYPOST_SERVER__LISTEN", "0.0.0.0:0"),
];

/// Events posted, and bytes of each: some megabytes go through a node that may hold few.
const EVENTS: usize = 40;
const BYTES: usize = 65_536;

/// Where a caller on this machine reaches a node that listens on all addresses.
fn reachable(process: &Process) -> String {
    process.base().replace("0.0.0.0", "127.0.0.1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_serves_delivers_stops_and_finds_its_data_again() {
    let Some(jail) = Jail::build() else { return };
    let sink = Sink::answering(204).await;
    let process = Process::of(jail.command(&["serve"], &SETTINGS));
    assert_confined(&process, &jail);

    let client = Client::new(reachable(&process), KEY);
    client.post("/v1/subscriptions", &json!({ "sink": sink.url("/"), "types": ["jailed"] })).await.expect(201);
    for number in 0..EVENTS {
        let id = number.to_string();
        let event = json!({ "specversion": "1.0", "id": id, "source": "/jail", "type": "jailed", "data": "x".repeat(BYTES) });
        assert_eq!(client.post_event(&event).await.expect(202)["deliveries"], 1);
    }
    sink.wait_for(EVENTS).await;
    assert_eq!(healthcheck(&jail, &process), 0);

    let asked = Instant::now();
    assert_eq!(process.stop(), 0);
    assert!(asked.elapsed() < Duration::from_millis(waypost::config::Config::builtin().server.grace_period_ms));
    let written = fs::metadata(jail.data().join("waypost.db")).expect("the database lies in the data folder");
    assert_eq!((written.uid(), written.gid()), jail.image().user);

    let again = Process::of(jail.command(&["serve"], &SETTINGS));
    let events = Client::new(reachable(&again), KEY).get("/v1/events?limit=250").await.expect(200);
    assert_eq!(events["data"].as_array().map(Vec::len), Some(EVENTS));
    assert_eq!(again.stop(), 0);
}

#[test]
fn a_container_writes_nowhere_but_into_its_data() {
    let Some(jail) = Jail::build() else { return };
    for (url, code, words) in [
        ("sqlite:///waypost.db", 64, "Read-only file system"),
        ("sqlite:///usr/local/bin/waypost.db", 64, "Read-only file system"),
        ("sqlite:///data/waypost.db", 0, ""),
    ] {
        let settings = [SETTINGS.as_slice(), &[("WAYPOST_DATABASE__URL", url)]].concat();
        let output = jail.command(&["migrate"], &settings).output().expect("the binary starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{url}: {errors}");
        assert!(errors.contains(words), "{url}: {errors}");
    }
}

#[test]
fn the_program_needs_no_library_that_the_image_lacks() {
    let needed = jail::libraries();
    assert!(!needed.is_empty(), "the program is linked against the C library");
    let missing: Vec<_> = needed
        .iter()
        .filter(|path| {
            let name = path.file_name().expect("a file").to_string_lossy();
            !image::LIBRARIES.iter().any(|held| name.starts_with(held))
        })
        .collect();
    assert!(missing.is_empty(), "not in the image: {missing:?}");
}

#[test]
fn the_image_is_stopped_by_the_signal_the_program_listens_for() {
    let image = Image::read();
    assert_eq!(image.stop_signal, "SIGTERM");
    assert_ne!(image.user.0, 0);
}

/// The health check as the image declares it, inside the same walls.
fn healthcheck(jail: &Jail, process: &Process) -> i32 {
    let listen = process.base().trim_start_matches("http://").to_owned();
    let settings = [SETTINGS.as_slice(), &[("WAYPOST_SERVER__LISTEN", &*listen)]].concat();
    let arguments: Vec<&str> = jail.image().healthcheck.iter().skip(1).map(String::as_str).collect();
    let output = jail.command(&arguments, &settings).output().expect("the binary starts");
    output.status.code().unwrap_or(-1)
}

/// The walls stand: without this the test would pass as well for a process that runs as root.
fn assert_confined(process: &Process, jail: &Jail) {
    let read = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", process.id())).expect("Linux tells about processes");
    let status = read("status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a field of the status");
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let (user, group) = jail.image().user;
    assert_eq!(field("Uid:"), vec![user.to_string(); 4]);
    assert_eq!(field("Gid:"), vec![group.to_string(); 4]);
    assert!(field("Groups:").is_empty());
    assert_eq!(field("CapEff:"), ["0000000000000000"]);
    assert_eq!(field("NoNewPrivs:"), ["1"]);

    let mounts = read("mountinfo");
    let options = |point: &str| mounts.lines().find_map(|line| line.split_once(&format!(" {point} "))).expect("a mount").1;
    assert!(options("/").starts_with("ro,"), "{mounts}");
    assert!(options(&jail.image().volume).starts_with("rw,"), "{mounts}");
    assert_eq!(mounts.lines().count(), 2, "nothing else is mounted: {mounts}");
    assert!(read("limits").lines().any(|line| line.starts_with("Max data size") && line.contains(&jail.memory().to_string())));
}
