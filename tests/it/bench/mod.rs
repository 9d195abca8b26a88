//! What is pure in the benchmark `pipeline`: its command line, its list of scenarios, its sums, its goals and its
//! adapters to APIs, of which Waypost's is tried on Waypost. A benchmark without a
//! harness has no tests of its own, so that its modules are taken in here.

#[path = "../../../benches/pipeline/adapter.rs"]
mod adapter;
#[path = "../../../benches/pipeline/arguments.rs"]
mod arguments;
#[path = "../../../benches/pipeline/catalog.rs"]
mod catalog;
#[path = "../../../benches/pipeline/goals.rs"]
mod goals;
#[path = "../../../benches/pipeline/growth.rs"]
mod growth;
#[path = "../../../benches/pipeline/message.rs"]
mod message;
#[path = "../../../benches/pipeline/scenario.rs"]
mod scenario;
#[path = "../../../benches/pipeline/statistics.rs"]
mod statistics;
#[path = "../../../benches/pipeline/targets.rs"]
mod targets;

mod adapting;
mod choosing;
mod growing;
mod judging;
mod summing;

/// As the benchmark has it.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
