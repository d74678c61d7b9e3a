//! Every claim by its definition, by trying every order.
use std::collections::BTreeMap;

use checkers::{Call, Datum, History, Outcome, model::RegisterInput};

pub(crate) type Calls = Vec<(Option<u32>, Call<RegisterInput, Datum>)>;

pub(crate) fn calls(history: &History) -> Calls {
    let all: Vec<Call<RegisterInput, Datum>> = history.calls().unwrap();
    let happened = all.into_iter().filter(|call| call.outcome != Outcome::Fail);
    happened.map(|call| (history.op(call.invoked).key, call)).collect()
}

fn is_ok(call: &Call<RegisterInput, Datum>) -> bool {
    matches!(call.outcome, Outcome::Ok { .. })
}

/// The order in which values were held, by key.
type Held = BTreeMap<Option<u32>, Vec<Datum>>;

/// Whether the calls have an order in which none comes before one that `precedes` it, and each
/// read returns one of the `k` latest values.
pub(crate) fn has_order(calls: &Calls, k: usize, precedes: &dyn Fn(usize, usize) -> bool) -> bool {
    extend(calls, k, precedes, &mut vec![false; calls.len()], &mut Held::new())
}

fn extend(
    calls: &Calls,
    k: usize,
    precedes: &dyn Fn(usize, usize) -> bool,
    done: &mut [bool],
    held: &mut Held,
) -> bool {
    let must = |i: usize, done: &[bool]| is_ok(&calls[i].1) && !done[i];
    if !(0..calls.len()).any(|i| must(i, done)) {
        return true;
    }
    for i in 0..calls.len() {
        if done[i] || (0..calls.len()).any(|j| must(j, done) && precedes(j, i)) {
            continue;
        }
        let (key, call) = &calls[i];
        let values = held.entry(*key).or_insert_with(|| vec![Datum::Null]);
        let write = match (&call.input, &call.outcome) {
            (RegisterInput::Write(value), _) => Some(value.clone()),
            (_, Outcome::Ok { output, .. }) if values.iter().rev().take(k).all(|v| v != output) => {
                continue;
            }
            _ => None,
        };
        let is_write = write.is_some();
        values.extend(write);
        done[i] = true;
        let found = extend(calls, k, precedes, done, held);
        done[i] = false;
        if is_write {
            held.get_mut(key).unwrap().pop();
        }
        if found {
            return true;
        }
    }
    false
}

pub(crate) fn is_sequential(calls: &Calls) -> bool {
    has_order(calls, 1, &|a, b| calls[a].1.process == calls[b].1.process && a < b)
}

/// Whether the calls are k-atomic when reads begin so much earlier.
pub(crate) fn is_atomic(history: &History, calls: &Calls, k: usize, delta: u64) -> bool {
    let precedes = |a: usize, b: usize| {
        let Outcome::Ok { completed, .. } = calls[a].1.outcome else { return false };
        let (ended, began) = (history.op(completed), history.op(calls[b].1.invoked));
        let is_read = calls[b].1.input == RegisterInput::Read;
        let earlier = !is_read || delta == 0 || ended.time + delta < began.time;
        completed < began.row && earlier
    };
    has_order(calls, k, &precedes)
}

pub(crate) fn smallest_delta(history: &History, calls: &Calls) -> Option<u64> {
    let span = history.ops().map(|op| op.time).max().unwrap() + 1;
    (0..=span).find(|&delta| is_atomic(history, calls, 1, delta))
}

/// Which of the four session guarantees hold; values must be distinct.
pub(crate) fn sessions(calls: &Calls) -> [bool; 4] {
    let writes: Vec<usize> =
        (0..calls.len()).filter(|&i| calls[i].1.input != RegisterInput::Read).collect();
    let source = |read: usize| match &calls[read].1.outcome {
        Outcome::Ok { output, .. } => writes.iter().copied().find(|&w| {
            calls[w].0 == calls[read].0 && calls[w].1.input == RegisterInput::Write(output.clone())
        }),
        _ => None,
    };
    let reads: Vec<(usize, Option<usize>)> = (0..calls.len())
        .filter(|&i| calls[i].1.input == RegisterInput::Read && is_ok(&calls[i].1))
        .map(|i| (i, source(i)))
        .collect();
    let follows = |a: usize, b: usize| a < b && calls[a].1.process == calls[b].1.process;
    let same_key = |a: usize, b: usize| calls[a].0 == calls[b].0;
    let mut holds = [false, false, true, false];
    for &(a, first) in &reads {
        for &(b, then) in &reads {
            if let (Some(first), Some(then)) = (first, then)
                && follows(a, b)
                && same_key(a, b)
                && follows(then, first)
            {
                holds[2] = false;
            }
        }
    }
    permutations(&writes, &mut Vec::new(), &mut |order| {
        let rank = |w: Option<usize>| w.map(|w| order.iter().position(|&o| o == w).unwrap());
        let all =
            |rule: &dyn Fn(usize, Option<usize>) -> bool| reads.iter().all(|&(r, s)| rule(r, s));
        let by_key = sorted(order, &|a, b| follows(a, b) && same_key(a, b));
        holds[0] |= by_key
            && all(&|r, s| {
                let mut own = writes.iter().filter(|&&w| follows(w, r) && same_key(w, r));
                own.all(|&w| rank(Some(w)) <= rank(s))
            });
        holds[1] |= by_key
            && all(&|r, s| {
                let mut own = reads.iter().filter(|&&(o, _)| follows(o, r) && same_key(o, r));
                own.all(|&(_, before)| rank(before) <= rank(s))
            });
        holds[3] |= sorted(order, &follows)
            && all(&|r, s| {
                let mut later = writes.iter().filter(|&&w| follows(r, w));
                later.all(|&w| rank(s) < rank(Some(w)))
            });
    });
    holds
}

/// Whether no earlier element of the order should come after a later one.
fn sorted(order: &[usize], precedes: &dyn Fn(usize, usize) -> bool) -> bool {
    (0..order.len()).all(|i| order[i..].iter().all(|&later| !precedes(later, order[i])))
}

fn permutations(left: &[usize], order: &mut Vec<usize>, visit: &mut dyn FnMut(&[usize])) {
    if left.is_empty() {
        visit(order);
    }
    for &next in left {
        order.push(next);
        let rest: Vec<_> = left.iter().copied().filter(|&w| w != next).collect();
        permutations(&rest, order, visit);
        order.pop();
    }
}

/// Whether some read returned what no call of its key wrote.
pub(crate) fn is_from_nowhere(calls: &Calls) -> bool {
    calls.iter().any(|(key, call)| match &call.outcome {
        Outcome::Ok { output, .. } if call.input == RegisterInput::Read => {
            let writes = |(k, c): &(Option<u32>, Call<_, _>)| {
                k == key && c.input == RegisterInput::Write(output.clone())
            };
            !output.is_null() && !calls.iter().any(writes)
        }
        _ => false,
    })
}
