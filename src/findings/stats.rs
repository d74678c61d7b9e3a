//! Counts, latencies, errors.
use std::collections::BTreeMap;

use checkers::{History, Kind, OpRef, Process};
use hdrhistogram::Histogram;

use crate::result::{Counts, ErrorCount, Quantiles, Stats};

/// So many classes of errors are listed.
const ERRORS_MAX: usize = 20;

/// The statistics of a history's client calls.
pub fn stats(history: &History) -> Stats {
    let mut stats = Stats::default();
    let mut latencies: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    let mut errors: BTreeMap<String, u64> = BTreeMap::new();
    for (invoked, done) in client_calls(history) {
        let kind = done.map_or(Kind::Info, |done| done.kind);
        let by_f = stats.by_f.entry(invoked.f.to_owned()).or_default();
        count(by_f, kind);
        count(&mut stats.ops, kind);
        if let Some(node) = invoked.node {
            count(stats.by_node.entry(node.to_owned()).or_default(), kind);
        }
        let Some(done) = done else { continue };
        if kind == Kind::Ok {
            let histogram = latencies
                .entry(invoked.f.to_owned())
                .or_insert_with(|| Histogram::new(3).expect("3 digits are allowed"));
            // Grows as it must: a latency is never refused.
            let _ = histogram.record(done.time.saturating_sub(invoked.time));
        } else if let Some(error) = history.error(done.row) {
            *errors.entry(class(&error)).or_default() += 1;
        }
    }
    stats.latency_ns = latencies.into_iter().map(|(f, h)| (f, quantiles(&h))).collect();
    stats.errors = errors.into_iter().map(|(error, count)| ErrorCount { error, count }).collect();
    stats.errors.sort_by_key(|e| std::cmp::Reverse(e.count));
    stats.errors.truncate(ERRORS_MAX);
    let times = || history.ops().map(|op| op.time);
    stats.duration_ns = times().max().unwrap_or(0) - times().min().unwrap_or(0);
    stats
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

fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    let at = |q| histogram.value_at_quantile(q);
    Quantiles { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: histogram.max() }
}

/// An error with its numbers blanked, so that alike ones count together.
fn class(error: &str) -> String {
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
    fn alike_errors_count_together() {
        assert_eq!(class("port 7001 at 10.0.0.2"), "port # at #.#.#.#");
    }
}
