//! Which calls of a huge history the page carries.
//!
//! All of them while they are few. Beyond that: those of the anomalies, those around anomalies and
//! around the edges of faults, every `info`, and of the rest an even sample.
use checkers::Nanos;

use super::{
    calls::{Calls, Outcome},
    marks,
};
use crate::result::RunResult;

/// 300,000 ops.
pub(super) const CALLS_MOST: usize = 150_000;
/// How far around an anomaly or an edge of a fault every call is kept.
const AROUND: Nanos = 500_000_000;

/// Numbers of the calls to carry, in order.
pub(super) fn choose(calls: &Calls<'_>, result: &RunResult, most: usize) -> Vec<usize> {
    let total = calls.all.len();
    if total <= most {
        return (0..total).collect();
    }
    let marked = marks::named(calls, result);
    let mut kept = vec![false; total];
    let mut room = most;
    let near = moments(result);
    let is_near = |i: usize| {
        let (from, to) = (calls.all[i].start, calls.all[i].end.unwrap_or(calls.end));
        near.iter().any(|&(a, b)| from <= b && to >= a)
    };
    let first: Vec<usize> = (0..total).filter(|i| marked.contains(&calls.all[*i].index)).collect();
    take(&first, &mut kept, &mut room);
    // Half of the room at most, so that the rest of the run is seen too.
    let mut half = room / 2;
    let spent = half;
    // An `info` is rare and long: a gap in its place would look like silence.
    let tells = |i: usize| calls.all[i].outcome == Outcome::Info || is_near(i);
    let second: Vec<usize> = (0..total).filter(|&i| !kept[i] && tells(i)).collect();
    take(&second, &mut kept, &mut half);
    room -= spent - half;
    let rest: Vec<usize> = (0..total).filter(|&i| !kept[i]).collect();
    take(&rest, &mut kept, &mut room);
    (0..total).filter(|&i| kept[i]).collect()
}

/// Takes as many of the candidates as there is room for, evenly spread.
fn take(candidates: &[usize], kept: &mut [bool], room: &mut usize) {
    let n = candidates.len().min(*room);
    for i in 0..n {
        kept[candidates[i * candidates.len() / n]] = true;
    }
    *room -= n;
}

/// Stretches of time worth having in full.
fn moments(result: &RunResult) -> Vec<(Nanos, Nanos)> {
    let around = |at: Nanos| (at.saturating_sub(AROUND), at.saturating_add(AROUND));
    let windows =
        result.anomalies.iter().map(|a| (around(a.window_ns[0]).0, around(a.window_ns[1]).1));
    let edges = result.faults.iter().flat_map(|f| [f.effective_ns, f.healed_ns]);
    windows.chain(edges.flatten().map(around)).collect()
}

#[cfg(test)]
mod tests {
    use checkers::History;

    use super::*;
    use crate::report::page::tests::result;

    #[test]
    fn what_matters_is_kept_and_the_rest_is_spread() {
        let line = |i: u64| {
            let time = i * 10_000_000;
            format!(
                "{{\"time\":{time},\"process\":{i},\"type\":\"invoke\",\"f\":\"read\"}}\n{{\"time\":{},\"process\":{i},\"type\":\"ok\",\"f\":\"read\"}}\n",
                time + 1
            )
        };
        let history = History::read((0..1_000).map(line).collect::<String>()).unwrap();
        let calls = Calls::of(Some(&history));
        let mut result = result();
        result.faults[0].effective_ns = Some(5_000_000_000);
        result.faults[0].healed_ns = None;
        let kept = choose(&calls, &result, 300);
        assert_eq!(kept.len(), 300);
        assert!((460..540).all(|i| kept.contains(&i)));
        assert!(kept.iter().filter(|&&i| i >= 900).count() > 10);
        assert_eq!(choose(&calls, &result, 1_000).len(), 1_000);
    }
}
