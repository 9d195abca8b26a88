//! The benchmark: what Waypost accepts and delivers in a second, beside a ceiling without a store, in one run.
//!
//! `cargo bench --bench pipeline -- quick|full`, or `make bench-quick` and `make bench`, which also start a Postgres. Every part
//! is a process of its own, so that its CPU time can be told apart: the program under test, a producer, a sink, and the ceiling,
//! which receives, parses, signs and forwards like Waypost but keeps nothing. All of them are this binary in another role.
//! Everything stays on loopback; every run is bounded in count and time.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its results")]

mod ceiling;
mod connection;
mod machine;
mod measure;
mod message;
mod process;
mod producer;
mod report;
mod scenario;
mod sink;
mod statistics;
mod system;

use std::process::ExitCode;

/// What a role or the whole run may fail with.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` says so; `cargo test --all-targets` starts the same program without saying anything and shall measure nothing.
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    arguments.retain(|argument| argument != "--bench");
    let (role, rest) = arguments.split_first().map_or(("", &[][..]), |(role, rest)| (role.as_str(), rest));
    let outcome = match role {
        "sink" => sink::run(rest),
        "ceiling" => ceiling::run(rest),
        "producer" => producer::run(rest),
        "full" => report::run(scenario::Size::Full),
        "quick" => report::run(scenario::Size::Quick),
        _ if is_bench => report::run(scenario::Size::Quick),
        _ => {
            eprintln!("usage: cargo bench --bench pipeline -- quick|full");
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchmark: {error}");
            ExitCode::FAILURE
        }
    }
}
