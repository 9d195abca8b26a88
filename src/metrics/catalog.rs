//! The registry, and the list of what is in it: whatever is registered is documented.

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Counter, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, Result,
};

/// A metric as the documents list it.
#[derive(Debug, Clone)]
pub struct Definition {
    /// What part of Waypost it is about.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its labels.
    pub labels: Vec<Label>,
    /// What it means.
    pub help: &'static str,
}

/// A label of a metric.
#[derive(Debug, Clone)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// The values it may have.
    pub values: Values,
}

/// The values a label may have: always a bounded set.
#[derive(Debug, Clone)]
pub enum Values {
    /// These.
    Listed(Vec<&'static str>),
    /// Those that are described.
    Described(&'static str),
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations by size.
    Histogram,
}

impl Kind {
    /// The type's name, as Prometheus spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Registers metrics and lists them.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    registry: Registry,
    section: &'static str,
    definitions: Vec<Definition>,
}

impl Catalog {
    /// What follows belongs to this section.
    pub(super) fn section(&mut self, section: &'static str) {
        self.section = section;
    }

    /// Everything that was listed.
    pub(super) fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Everything as it stands now.
    pub(super) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }

    /// A counter.
    pub(super) fn counter(&mut self, name: &'static str, help: &'static str) -> IntCounter {
        self.add(name, Kind::Counter, Vec::new(), help, IntCounter::new(name, help))
    }

    /// A counter of fractions.
    pub(super) fn float_counter(&mut self, name: &'static str, help: &'static str) -> Counter {
        self.add(name, Kind::Counter, Vec::new(), help, Counter::new(name, help))
    }

    /// A gauge.
    pub(super) fn gauge(&mut self, name: &'static str, help: &'static str) -> IntGauge {
        self.add(name, Kind::Gauge, Vec::new(), help, IntGauge::new(name, help))
    }

    /// A gauge of fractions.
    pub(super) fn float_gauge(&mut self, name: &'static str, help: &'static str) -> Gauge {
        self.add(name, Kind::Gauge, Vec::new(), help, Gauge::new(name, help))
    }

    /// A histogram.
    pub(super) fn histogram(&mut self, name: &'static str, help: &'static str, buckets: &[f64]) -> Histogram {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.add(name, Kind::Histogram, Vec::new(), help, Histogram::with_opts(options))
    }

    /// Counters, one per value of a label.
    pub(super) fn counters(
        &mut self,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: &[&'static str],
    ) -> Vec<IntCounter> {
        let family = self.counter_family(name, help, vec![Label::listed(label, values)]);
        values.iter().map(|value| family.with_label_values(&[value])).collect()
    }

    /// Gauges, one per value of a label.
    pub(super) fn gauges(
        &mut self,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: &[&'static str],
    ) -> Vec<IntGauge> {
        let family = self.gauge_family(name, help, vec![Label::listed(label, values)]);
        values.iter().map(|value| family.with_label_values(&[value])).collect()
    }

    /// Gauges of fractions, one per value of a label.
    pub(super) fn float_gauges(
        &mut self,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: &[&'static str],
    ) -> Vec<Gauge> {
        let family =
            self.add(name, Kind::Gauge, vec![Label::listed(label, values)], help, GaugeVec::new(Opts::new(name, help), &[label]));
        values.iter().map(|value| family.with_label_values(&[value])).collect()
    }

    /// Counters whose labels are resolved later.
    pub(super) fn counter_family(&mut self, name: &'static str, help: &'static str, labels: Vec<Label>) -> IntCounterVec {
        let names = names(&labels);
        self.add(name, Kind::Counter, labels, help, IntCounterVec::new(Opts::new(name, help), &names))
    }

    /// Gauges whose labels are resolved later.
    pub(super) fn gauge_family(&mut self, name: &'static str, help: &'static str, labels: Vec<Label>) -> IntGaugeVec {
        let names = names(&labels);
        self.add(name, Kind::Gauge, labels, help, IntGaugeVec::new(Opts::new(name, help), &names))
    }

    /// Histograms whose labels are resolved later.
    pub(super) fn histogram_family(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Vec<Label>,
        buckets: &[f64],
    ) -> HistogramVec {
        let names = names(&labels);
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.add(name, Kind::Histogram, labels, help, HistogramVec::new(options, &names))
    }

    fn add<C: Collector + Clone + 'static>(
        &mut self,
        name: &'static str,
        kind: Kind,
        labels: Vec<Label>,
        help: &'static str,
        made: Result<C>,
    ) -> C {
        let metric = made.expect("names, labels and buckets are constants, and every test that starts a node makes all of them");
        self.registry.register(Box::new(metric.clone())).expect("each name is there once, as the same tests show");
        self.definitions.push(Definition { section: self.section, name, kind, labels, help });
        metric
    }
}

impl Label {
    /// A label with these values.
    pub(super) fn listed(name: &'static str, values: &[&'static str]) -> Self {
        Self { name, values: Values::Listed(values.to_vec()) }
    }

    /// A label whose values are described.
    pub(super) const fn described(name: &'static str, values: &'static str) -> Self {
        Self { name, values: Values::Described(values) }
    }
}

fn names(labels: &[Label]) -> Vec<&'static str> {
    labels.iter().map(|label| label.name).collect()
}
