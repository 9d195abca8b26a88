//! The node: what was built, what it is called, how busy its runtime is.

use prometheus::{IntGauge, IntGaugeVec};
use tokio::runtime::Handle;

use super::catalog::{Catalog, Label};
use crate::domain::id::NodeId;

/// The handles of the node.
#[derive(Debug)]
pub struct Node {
    info: IntGaugeVec,
    workers: IntGauge,
    tasks: IntGauge,
    queued_tasks: IntGauge,
}

impl Node {
    pub(super) fn new(catalog: &mut Catalog) -> Self {
        catalog.section("Node and process");
        let version = vec![Label::described("version", "the version of Waypost")];
        let build = catalog.gauge_family("waypost_build_info", "Always 1; its label says what runs.", version);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Self {
            info: catalog.gauge_family(
                "waypost_node_info",
                "Always 1; its labels say which node this is, as the log and leases name it, and what it does.",
                vec![
                    Label::described("node", "the node's identifier, another one after each start"),
                    Label::listed("role", &["all", "api", "dispatcher"]),
                ],
            ),
            workers: catalog.gauge("waypost_runtime_workers", "Threads that run tasks."),
            tasks: catalog.gauge("waypost_runtime_alive_tasks", "Tasks that have not ended."),
            queued_tasks: catalog.gauge(
                "waypost_runtime_queued_tasks",
                "Tasks in the runtime's global queue; if it stays long, the processors are too few.",
            ),
        }
    }

    /// Says who this is.
    pub fn is(&self, node: NodeId, role: &str) {
        self.info.with_label_values(&[&node.to_string(), role]).set(1);
    }

    /// Notes how busy the runtime of the caller is.
    pub fn runtime(&self) {
        let Ok(handle) = Handle::try_current() else { return };
        let runtime = handle.metrics();
        self.workers.set(signed(runtime.num_workers()));
        self.tasks.set(signed(runtime.num_alive_tasks()));
        self.queued_tasks.set(signed(runtime.global_queue_depth()));
    }
}

/// A number as gauges hold it.
pub(super) fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
