//! Counts, latencies, errors.
use std::collections::BTreeMap;

use checkers::{History, Kind, Nanos, OpRef, Process};
use hdrhistogram::Histogram;

use super::unforeseen::Kinds;
use crate::result::{Counts, ErrorCount, Quantiles, Stats};

/// So many classes of errors are listed.
const ERRORS_MAX: usize = 20;

/// The statistics of a history's client calls.
pub fn stats(history: &History) -> Stats {
    let mut tally = Tally::default();
    tally.add(history);
    tally.stats()
}

/// Statistics that grow.
#[derive(Default)]
pub(super) struct Tally {
    stats: Stats,
    latencies: BTreeMap<String, Histogram<u64>>,
    services: BTreeMap<String, Histogram<u64>>,
    is_late: bool,
    errors: BTreeMap<String, u64>,
    unforeseen: Kinds,
    first: Option<Nanos>,
    last: Nanos,
}

impl Tally {
    /// Takes in the calls of a history, or of a part of one.
    pub(super) fn add(&mut self, history: &History) {
        for (invoked, done) in client_calls(history) {
            let kind = done.map_or(Kind::Info, |done| done.kind);
            count(&mut self.stats.ops, kind);
            self.count_by_name(&invoked, kind);
            let Some(done) = done else { continue };
            if kind == Kind::Ok {
                // Grows as it must: a latency is never refused.
                let due = history.due(invoked.row);
                self.is_late |= due.is_some();
                let since = |start| done.time.saturating_sub(start);
                let latency = since(due.unwrap_or(invoked.time));
                let _ = self.latencies.get_mut(invoked.f).map(|h| h.record(latency));
                let service = since(invoked.time);
                let _ = self.services.get_mut(invoked.f).map(|h| h.record(service));
            } else if let Some(error) = history.error(done.row) {
                *self.errors.entry(class(&error)).or_default() += 1;
                self.unforeseen.add(&done, &error);
            }
        }
        for op in history.ops() {
            self.first = Some(self.first.map_or(op.time, |first| first.min(op.time)));
            self.last = self.last.max(op.time);
        }
    }

    fn count_by_name(&mut self, invoked: &OpRef<'_>, kind: Kind) {
        if !self.latencies.contains_key(invoked.f) {
            let histogram = Histogram::new(3).expect("3 digits are allowed");
            self.latencies.insert(invoked.f.to_owned(), histogram.clone());
            self.services.insert(invoked.f.to_owned(), histogram);
            self.stats.by_f.insert(invoked.f.to_owned(), Counts::default());
        }
        if let Some(counts) = self.stats.by_f.get_mut(invoked.f) {
            count(counts, kind);
        }
        let Some(node) = invoked.node else { return };
        match self.stats.by_node.get_mut(node) {
            Some(counts) => count(counts, kind),
            None => count(self.stats.by_node.entry(node.to_owned()).or_default(), kind),
        }
    }

    /// What it comes to.
    pub(super) fn stats(self) -> Stats {
        let mut stats = self.stats;
        stats.latency_ns = all_quantiles(&self.latencies);
        if self.is_late {
            stats.service_ns = all_quantiles(&self.services);
        }
        let errors = self.errors.into_iter();
        stats.errors = errors.map(|(error, count)| ErrorCount { error, count }).collect();
        stats.errors.sort_by_key(|e| std::cmp::Reverse(e.count));
        stats.errors.truncate(ERRORS_MAX);
        stats.unforeseen = self.unforeseen.list();
        stats.duration_ns = self.last - self.first.unwrap_or(0);
        stats
    }
}

/// Every client invocation with its completion.
pub(super) fn client_calls(
    history: &History,
) -> impl Iterator<Item = (OpRef<'_>, Option<OpRef<'_>>)> {
    let is_call = |op: &OpRef<'_>| op.process != Process::Nemesis && op.kind == Kind::Invoke;
    history.ops().filter(is_call).map(|op| (op, history.pair(op.row)))
}

fn count(counts: &mut Counts, kind: Kind) {
    counts.total += 1;
    match kind {
        Kind::Ok => counts.ok += 1,
        Kind::Fail => counts.fail += 1,
        Kind::Info | Kind::Invoke => counts.info += 1,
    }
}

fn all_quantiles(histograms: &BTreeMap<String, Histogram<u64>>) -> BTreeMap<String, Quantiles> {
    let filled = histograms.iter().filter(|(_, h)| !h.is_empty());
    filled.map(|(f, h)| (f.clone(), quantiles(h))).collect()
}

/// The quantiles of a distribution.
pub(crate) fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    let at = |q| histogram.value_at_quantile(q);
    Quantiles { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: histogram.max() }
}

/// An error with its numbers blanked, so that alike ones count together.
pub(super) fn class(error: &str) -> String {
    let mut class = String::new();
    for c in error.chars().take(200) {
        match c {
            '0'..='9' if class.ends_with('#') => (),
            '0'..='9' => class.push('#'),
            c => class.push(c),
        }
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_how_they_ended() {
        let history = checkers::notation::history(
            "0: |- write 1 -|  |- write 2 -x
             1: |- write 3 -~",
        );
        let stats = stats(&history);
        assert_eq!(stats.ops, Counts { total: 3, ok: 1, fail: 1, info: 1 });
        assert_eq!(stats.by_f["write"], stats.ops);
    }

    #[test]
    fn a_call_that_began_late_has_waited_since_it_was_due() {
        let text = r#"{"time":900,"due":100,"process":0,"type":"invoke","f":"read"}
            {"time":1000,"process":0,"type":"ok","f":"read"}"#;
        let late = stats(&History::read(text.to_owned()).unwrap());
        assert_eq!((late.latency_ns["read"].max, late.service_ns["read"].max), (900, 100));
        let text = text.replace(r#""due":100,"#, "");
        let punctual = stats(&History::read(text).unwrap());
        assert_eq!(punctual.latency_ns["read"].max, 100);
        assert!(punctual.service_ns.is_empty());
    }

    #[test]
    fn alike_errors_count_together() {
        assert_eq!(class("port 7001 at 10.0.0.2"), "port # at #.#.#.#");
    }
}
