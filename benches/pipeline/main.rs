//! The benchmark: what Waypost accepts and delivers in a second, beside a ceiling without a store, in one run.
//!
//! `cargo bench --bench pipeline -- quick|full|NAME…`, or `make bench-quick` and `make bench`, which also start a Postgres. Every part
//! is a process of its own, so that its CPU time can be told apart: the program under test, a producer, a sink, and the ceiling,
//! which receives, parses, signs and forwards like Waypost but keeps nothing. All of them are this binary in another role.
//! Everything stays on loopback; every run is bounded in count and time.
//!
//! `catalog` lists the scenarios, `goals` what they are held against; `tests/it/bench` tests what is pure here.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its results")]

mod adapter;
mod api;
mod arguments;
mod backlog;
mod catalog;
mod ceiling;
mod compare;
mod connection;
mod counters;
mod database;
mod death;
mod goals;
mod growth;
mod load;
mod machine;
mod measure;
mod message;
mod process;
mod producer;
mod report;
mod scenario;
mod sink;
mod soak;
mod spent;
mod statistics;
mod system;
mod table;
mod targets;

use std::process::ExitCode;

use arguments::Task;

/// What a role or the whole run may fail with.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` says so; `cargo test --all-targets` starts the same program without saying anything and shall measure nothing.
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    arguments.retain(|argument| argument != "--bench");
    if arguments.is_empty() && is_bench {
        arguments.push("quick".to_owned());
    }
    if arguments.is_empty() {
        eprintln!("{}", arguments::USAGE);
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchmark: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let (role, rest) = arguments.split_first().map_or(("", &[][..]), |(role, rest)| (role.as_str(), rest));
    match role {
        "sink" => return sink::run(rest),
        "ceiling" => return ceiling::run(rest),
        "producer" => return producer::run(rest),
        _ => {}
    }
    match arguments::read(arguments)? {
        Task::List => {
            table::list(catalog::ALL);
            Ok(())
        }
        Task::Compare(other) => compare::run(&other),
        Task::Soak { seconds, store } => soak::run(seconds, store),
        Task::Measure { choice, rounds } => report::run(&choice, rounds),
    }
}
