//! How the system bore the faults: availability, outages, recovery.
use std::collections::BTreeMap;

use checkers::{History, Kind, Nanos};

use super::stats::client_calls;
use crate::result::{FaultWindow, Resilience};

pub(super) const SECOND: Nanos = 1_000_000_000;

/// Measures a history with its faults. `availability` is the share of the one-second windows, from
/// the first invocation to the last, that saw an `ok`; an outage is a time between two `ok`s (or
/// the ends) without one; recovery from a fault is the time from its healing to the moment every
/// node it hurt has answered `ok` to a call invoked after that healing.
pub fn resilience(history: &History, faults: &[FaultWindow]) -> Resilience {
    let mut oks: Vec<(Nanos, Nanos, Option<&str>)> = Vec::new(); // Invoked, completed, node.
    let (mut first, mut last) = (Nanos::MAX, 0);
    for (invoked, done) in client_calls(history) {
        first = first.min(history.due(invoked.row).unwrap_or(invoked.time));
        last = last.max(invoked.time);
        if let Some(done) = done.filter(|done| done.kind == Kind::Ok) {
            oks.push((invoked.time, done.time, invoked.node));
        }
    }
    if first > last {
        return Resilience::default();
    }
    oks.sort_by_key(|ok| ok.1);
    let times: Vec<Nanos> = oks.iter().map(|ok| ok.1).collect();
    let back = |healed: Nanos, node: &str| {
        let mut after = oks.iter().filter(|ok| ok.0 >= healed && ok.2 == Some(node));
        after.next().map(|ok| ok.1)
    };
    Resilience {
        availability: Some(availability(&times, first, last)),
        longest_outage_ns: Some(longest_gap(&times, first, last)),
        recovery_ns: recovery(faults, back),
    }
}

fn availability(oks: &[Nanos], first: Nanos, last: Nanos) -> f64 {
    let windows = (last - first) / SECOND + 1;
    let mut served: Vec<Nanos> = oks
        .iter()
        .filter(|&&ok| ok >= first && ok <= last)
        .map(|ok| (ok - first) / SECOND)
        .collect();
    served.dedup();
    served.len() as f64 / windows as f64
}

fn longest_gap(oks: &[Nanos], first: Nanos, last: Nanos) -> Nanos {
    let inside = oks.iter().copied().filter(|&ok| ok >= first && ok <= last);
    let marks: Vec<Nanos> = [first].into_iter().chain(inside).chain([last]).collect();
    marks.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
}

/// By fault, how long it took until all nodes that it hurt were back; `back` says when a node first
/// answered `ok` to a call invoked at this time or later.
pub(super) fn recovery(
    faults: &[FaultWindow],
    back: impl Fn(Nanos, &str) -> Option<Nanos>,
) -> BTreeMap<u32, Option<Nanos>> {
    let recovered = |fault: &FaultWindow| {
        let healed = fault.healed_ns?;
        let after = |node: &String| back(healed, node).map(|at| at - healed);
        fault.nodes.iter().map(after).collect::<Option<Vec<Nanos>>>()?.into_iter().max()
    };
    faults.iter().filter(|f| f.effective).map(|fault| (fault.id, recovered(fault))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_reach_to_the_ends() {
        assert_eq!(longest_gap(&[3, 4], 0, 10), 6);
        assert_eq!(longest_gap(&[], 0, 10), 10);
        let s = SECOND;
        assert!((availability(&[s / 2, s / 2, 2 * s], 0, 4 * s - 1) - 0.5).abs() < 1e-9);
    }
}
