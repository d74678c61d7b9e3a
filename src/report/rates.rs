//! Calls ended in each window of time, for a page that does not carry every call.
use std::collections::BTreeMap;

use checkers::Nanos;
use serde::Serialize;

use super::calls::{Calls, Outcome};

const SECOND: Nanos = 1_000_000_000;

/// Counts for each window, in order.
#[derive(Serialize)]
pub(super) struct Rates {
    ok: Vec<u32>,
    fail: Vec<u32>,
    info: Vec<u32>,
    /// For each node, in windows of at least a second: calls ended ok, calls under way or ended.
    nodes: Vec<[Vec<u32>; 2]>,
}

/// The window for a run of this length: a second, unless that makes too few or too many.
pub(super) fn window(length: Nanos) -> Nanos {
    match length / SECOND {
        0..8 => SECOND / 10,
        8..1_200 => SECOND,
        1_200..12_000 => 10 * SECOND,
        _ => 60 * SECOND,
    }
}

impl Rates {
    /// Counts all calls; `nodes` are the names in the timeline's order.
    pub(super) fn of(calls: &Calls<'_>, nodes: &[String], window: Nanos) -> Rates {
        let long = window.max(SECOND);
        let zeros = |window: Nanos| vec![0_u32; (calls.end / window + 1) as usize];
        let mut rates = Rates {
            ok: zeros(window),
            fail: zeros(window),
            info: zeros(window),
            nodes: nodes.iter().map(|_| [zeros(long), zeros(long)]).collect(),
        };
        let numbers: BTreeMap<&str, usize> =
            nodes.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
        for call in &calls.all {
            let end = call.end.unwrap_or(calls.end);
            let counts = match call.outcome {
                Outcome::Ok => &mut rates.ok,
                Outcome::Fail => &mut rates.fail,
                Outcome::Info => &mut rates.info,
            };
            counts[(end / window) as usize] += 1;
            let Some(&node) = numbers.get(call.node.unwrap_or("clients")) else { continue };
            let [ok, busy] = &mut rates.nodes[node];
            let (from, to) = ((call.start / long) as usize, (end / long) as usize);
            ok[to] += u32::from(call.outcome == Outcome::Ok);
            busy[from..=to].iter_mut().for_each(|n| *n += 1);
        }
        rates
    }
}

#[cfg(test)]
mod tests {
    use checkers::History;

    use super::*;

    #[test]
    fn a_call_counts_where_it_ended_and_is_busy_until_then() {
        let text = r#"{"time":1,"process":0,"type":"invoke","f":"read","node":"n1"}
{"time":2500000000,"process":0,"type":"ok","f":"read","node":"n1"}"#;
        let history = History::read(text).unwrap();
        let rates = Rates::of(&Calls::of(Some(&history)), &["n1".into()], 1_000_000_000);
        assert_eq!(rates.ok, [0, 0, 1]);
        assert_eq!(rates.nodes[0], [vec![0, 0, 1], vec![1, 1, 1]]);
    }
}
