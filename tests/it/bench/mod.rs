//! What is pure in the benchmark `pipeline`: its command line, its list of scenarios, its sums and its goals. A benchmark without a
//! harness has no tests of its own, so that its modules are taken in here.

#[path = "../../../benches/pipeline/arguments.rs"]
mod arguments;
#[path = "../../../benches/pipeline/catalog.rs"]
mod catalog;
#[path = "../../../benches/pipeline/goals.rs"]
mod goals;
#[path = "../../../benches/pipeline/growth.rs"]
mod growth;
#[path = "../../../benches/pipeline/scenario.rs"]
mod scenario;
#[path = "../../../benches/pipeline/statistics.rs"]
mod statistics;
#[path = "../../../benches/pipeline/targets.rs"]
mod targets;

mod choosing;
mod growing;
mod judging;
mod summing;
