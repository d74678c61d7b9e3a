//! From calls that have no order to fewer that have none either. Without a read there are only more
//! orders, so leaving reads out never convicts anybody. What is left out is tried in halves, then
//! quarters, and so on (Zeller's ddmin, 2002).
use super::{CallOf, Hints, order, search::Found};
use crate::{Budget, Outcome, model::Model};

/// So many calls are looked at; of more, all are shown.
const CALLS_MAX: usize = 256;

/// The calls that happened or may have, without reads that are not needed to see that there is no
/// order.
pub(super) fn without_reads<'a, M: Model>(
    model: &M,
    calls: &'a [CallOf<M>],
    key_of: &[u32],
    budget: &Budget,
) -> Vec<&'a CallOf<M>> {
    let happened = |&i: &usize| calls[i].outcome != Outcome::Fail;
    let mut kept: Vec<usize> = (0..calls.len()).filter(happened).collect();
    let mut reads: Vec<usize> =
        kept.iter().copied().filter(|&i| model.is_read(&calls[i].input)).collect();
    let is_hopeless = |part: &[usize]| {
        let part_calls: Vec<CallOf<M>> = part.iter().map(|&i| calls[i].clone()).collect();
        let keys: Vec<u32> = part.iter().map(|&i| key_of[i]).collect();
        order(model, &part_calls, &keys, &Hints::default(), budget) == Found::Nothing
    };
    let mut size = if calls.len() > CALLS_MAX { 0 } else { reads.len() };
    while size > 0 {
        let mut at = 0;
        while at < reads.len() {
            let chunk = &reads[at..reads.len().min(at + size)];
            let fewer: Vec<usize> =
                kept.iter().copied().filter(|i| chunk.binary_search(i).is_err()).collect();
            if is_hopeless(&fewer) {
                kept = fewer;
                reads.drain(at..reads.len().min(at + size));
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    kept.into_iter().map(|i| &calls[i]).collect()
}
