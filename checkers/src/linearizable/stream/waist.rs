//! Where a window may end, and what it leaves to the next.
use crate::{
    Budget, History, Malformed, Outcome,
    linearizable::{
        Prepared,
        judge::Judge,
        problem::{self, Bar, CallOf, NEVER, bars},
    },
    model::{Familiar, Model},
};

/// So many moments are looked at.
const TRIES: usize = 64;
/// Judging whether a crashed call was needed may take so many steps a call, and a constant more.
const EFFORT: u64 = 64;
const STEPS_MIN: u64 = 1 << 20;
/// A moment at which only crashed calls are open.
pub(super) struct Waist<S> {
    /// The number of rows before it.
    pub(super) until: u32,
    /// The state there, where it is certain whatever was before.
    pub(super) state: Option<S>,
}

/// The last of the moments at which only crashed calls are open and the state is certain: each of
/// the calls that completed since the moment before leaves that state behind. For whichever of
/// them an order has last, nothing but crashed calls can follow it. Where the state is certain at
/// none of them, the last moment of all.
///
/// # Errors
/// [`Malformed`] where a value does not fit the model.
pub(super) fn latest<M: Model>(
    model: &M,
    history: &History,
    carried: u32,
) -> Result<Option<Waist<M::State>>, Malformed> {
    let quiet = history.quiet_after(carried);
    for at in (0..quiet.len()).rev().take(TRIES) {
        let from = if at == 0 { carried } else { quiet[at - 1] };
        let calls = history.select((from..quiet[at]).collect()).calls()?;
        if let Some(state) = left_behind(model, &calls) {
            return Ok(Some(Waist { until: quiet[at], state: Some(state) }));
        }
    }
    Ok(quiet.last().map(|&until| Waist { until, state: None }))
}

/// The state that each of the completed calls leaves behind.
fn left_behind<M: Model>(model: &M, calls: &[CallOf<M>]) -> Option<M::State> {
    let completed = calls.iter().filter(|call| matches!(call.outcome, Outcome::Ok { .. }));
    let mut states = completed.map(|call| leaves(model, call));
    let first = states.next()??;
    states.all(|state| state.as_ref() == Some(&first)).then_some(first)
}

fn leaves<M: Model>(model: &M, call: &CallOf<M>) -> Option<M::State> {
    match &call.outcome {
        Outcome::Ok { output, .. } => model.leaves(&call.input, output),
        Outcome::Fail | Outcome::Info => None,
    }
}

/// The states that orders of a part, with these calls, end in. `None` where that is not known, or
/// where an order ends in one of them only for a crashed call.
pub(super) fn ends<M: Model>(
    part: &Prepared<'_, M>,
    calls: &[CallOf<M>],
    budget: &Budget,
) -> Option<Vec<M::State>> {
    let judge = part.judge(calls, budget);
    let all = bars(calls);
    let completed: Vec<Bar> = all.iter().filter(|bar| bar.completed != NEVER).copied().collect();
    let last_begun = completed.last()?.invoked;
    let mut ends = Vec::new();
    for bar in completed.iter().filter(|bar| bar.completed > last_begun) {
        let state = leaves(part.model, &calls[bar.call as usize]);
        if state.as_ref().is_some_and(|state| ends.contains(state)) {
            continue;
        }
        if can_be_last(&judge, &completed, bar)? {
            ends.push(state?);
        } else if completed.len() < all.len() && can_be_last(&judge, &all, bar)? {
            return None;
        }
    }
    Some(ends)
}

/// Whether some order of these has that one last: whether there is one after it was moved to the
/// end. It must not have completed before another began.
fn can_be_last<M: Model>(judge: &Judge<'_, M>, bars: &[Bar], last: &Bar) -> Option<bool> {
    let others = bars.iter().filter(|bar| *bar != last).copied();
    let ends = bars.iter().filter(|bar| bar.completed != NEVER).map(|bar| bar.completed);
    let end = ends.max()?.max(bars.last()?.invoked);
    let moved = Bar { call: last.call, invoked: end + 1, completed: end + 2 };
    let bars: Vec<Bar> = others.chain([moved]).collect();
    judge.is_hopeless(&bars, None, steps_max(&bars)).0.map(|is_hopeless| !is_hopeless)
}

fn steps_max(bars: &[Bar]) -> u64 {
    EFFORT * bars.len() as u64 + STEPS_MIN
}

/// The crashed calls of a part, which has an order and these calls, that may take effect later:
/// rows of their invocations. `None` where some order uses one that another does without, and the
/// other way round, or where that is not known.
pub(super) fn left<M: Model>(
    part: &Prepared<'_, M>,
    calls: &[CallOf<M>],
    budget: &Budget,
) -> Option<Vec<u32>> {
    let bars = bars(calls);
    let may_matter =
        |bar: &&Bar| bar.completed == NEVER && !part.model.is_read(&calls[bar.call as usize].input);
    let all: Vec<u32> = bars.iter().filter(may_matter).map(|bar| bar.invoked).collect();
    if all.is_empty() {
        return Some(all);
    }
    let used = used(&part.judge(calls, budget), &bars)?;
    Some(all.into_iter().filter(|row| !used.contains(row)).collect())
}

/// The crashed calls without any of which there is no order, if together they suffice for one.
fn used<M: Model>(judge: &Judge<'_, M>, bars: &[Bar]) -> Option<Vec<u32>> {
    let steps_max = steps_max(bars);
    let has_order = |crashed: &dyn Fn(&Bar) -> bool| {
        let is_there = |bar: &&Bar| bar.completed != NEVER || crashed(bar);
        let bars: Vec<Bar> = bars.iter().filter(is_there).copied().collect();
        judge.is_hopeless(&bars, None, steps_max).0.map(|is_hopeless| !is_hopeless)
    };
    if has_order(&|_| false)? {
        return Some(Vec::new());
    }
    let mut used = Vec::new();
    for bar in relevant(judge, bars).iter().filter(|bar| bar.completed == NEVER) {
        if !has_order(&|other| other != bar)? {
            used.push(bar.invoked);
        }
    }
    has_order(&|bar| used.contains(&bar.invoked))?.then_some(used)
}

/// The bars that can matter within the window. Of a register, what nobody saw there can as well
/// happen later; of other objects, it might still have changed what is there now.
fn relevant<M: Model>(judge: &Judge<'_, M>, bars: &[Bar]) -> Vec<Bar> {
    match judge.model.familiar(&judge.origin.state) {
        Some(Familiar::Register { .. }) => problem::relevant(judge.model, judge.calls, bars),
        _ => bars.to_vec(),
    }
}
