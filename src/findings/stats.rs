//! Counts, latencies, errors.
use std::collections::BTreeMap;

use checkers::{History, Kind, Nanos, OpRef, Process, history::Seen};
use hdrhistogram::Histogram;

use super::unforeseen::Kinds;
use crate::result::{Counts, ErrorCount, Quantiles, Stats};

/// So many classes of errors are listed.
const ERRORS_MAX: usize = 20;

/// The statistics of a history's client calls.
pub fn stats(history: &History) -> Stats {
    let mut tally = Tally::default();
    history.seen().for_each(|op| tally.see(&op));
    tally.stats()
}

/// Statistics that grow.
#[derive(Default)]
pub(super) struct Tally {
    ops: Counts,
    by_f: BTreeMap<String, OfFunction>,
    by_node: BTreeMap<String, Counts>,
    is_late: bool,
    errors: BTreeMap<String, u64>,
    unforeseen: Kinds,
    first: Option<Nanos>,
    last: Nanos,
}

/// The calls of a function.
struct OfFunction {
    counts: Counts,
    /// From when they were due, of those that were `ok`.
    latencies: Histogram<u64>,
    /// From when they were invoked.
    services: Histogram<u64>,
}

impl Tally {
    /// Takes in the next op. A call counts as one that never ends until it does.
    pub(super) fn see(&mut self, op: &Seen<'_>) {
        self.first = Some(self.first.map_or(op.time, |first| first.min(op.time)));
        self.last = self.last.max(op.time);
        if op.process == Process::Nemesis {
            return;
        }
        count(&mut self.ops, op.kind);
        if let Some(node) = op.node {
            count(named(&mut self.by_node, node, Counts::default), op.kind);
        }
        let of_f = named(&mut self.by_f, op.f, OfFunction::new);
        count(&mut of_f.counts, op.kind);
        match op.kind {
            Kind::Ok => {
                let since = |start| op.time.saturating_sub(start);
                self.is_late |= op.due.is_some();
                // Grows as it must: a latency is never refused.
                let _ = of_f.latencies.record(since(op.due.unwrap_or(op.invoked)));
                let _ = of_f.services.record(since(op.invoked));
            }
            Kind::Fail | Kind::Info => {
                let Some(error) = op.error() else { return };
                *self.errors.entry(class(&error)).or_default() += 1;
                self.unforeseen.add(op.index, &error);
            }
            Kind::Invoke => (),
        }
    }

    /// What it comes to.
    pub(super) fn stats(self) -> Stats {
        let by_f = |take: fn(&OfFunction) -> &Histogram<u64>| -> BTreeMap<String, Quantiles> {
            let all = self.by_f.iter().map(|(f, of_f)| (f, take(of_f)));
            all.filter(|(_, h)| !h.is_empty()).map(|(f, h)| (f.clone(), quantiles(h))).collect()
        };
        let latency_ns = by_f(|of_f| &of_f.latencies);
        let service_ns = if self.is_late { by_f(|of_f| &of_f.services) } else { BTreeMap::new() };
        let errors = self.errors.into_iter();
        let mut errors: Vec<_> = errors.map(|(error, count)| ErrorCount { error, count }).collect();
        errors.sort_by_key(|e| std::cmp::Reverse(e.count));
        errors.truncate(ERRORS_MAX);
        Stats {
            ops: self.ops,
            by_f: self.by_f.into_iter().map(|(f, of_f)| (f, of_f.counts)).collect(),
            by_node: self.by_node,
            latency_ns,
            service_ns,
            errors,
            unforeseen: self.unforeseen.list(),
            duration_ns: self.last - self.first.unwrap_or(0),
        }
    }
}

impl OfFunction {
    fn new() -> OfFunction {
        let histogram = Histogram::new(3).expect("3 digits are allowed");
        OfFunction { counts: Counts::default(), latencies: histogram.clone(), services: histogram }
    }
}

/// What stands under a name, which is spelled out but once.
pub(super) fn named<'m, T>(
    map: &'m mut BTreeMap<String, T>,
    name: &str,
    new: impl FnOnce() -> T,
) -> &'m mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), new());
    }
    map.get_mut(name).expect("it was put there")
}

/// Every client invocation with its completion.
pub(super) fn client_calls(
    history: &History,
) -> impl Iterator<Item = (OpRef<'_>, Option<OpRef<'_>>)> {
    let is_call = |op: &OpRef<'_>| op.process != Process::Nemesis && op.kind == Kind::Invoke;
    history.ops().filter(is_call).map(|op| (op, history.pair(op.row)))
}

/// Counts a call that was invoked, or that has ended in this way.
fn count(counts: &mut Counts, kind: Kind) {
    match kind {
        Kind::Invoke => {
            counts.total += 1;
            counts.info += 1;
        }
        Kind::Ok => {
            counts.info -= 1;
            counts.ok += 1;
        }
        Kind::Fail => {
            counts.info -= 1;
            counts.fail += 1;
        }
        Kind::Info => (),
    }
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
