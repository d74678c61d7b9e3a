//! What it takes to believe a proof; of the engine nothing is used. An order is walked through, of
//! a contradiction every order is tried (Wing and Gong, "Testing and verifying concurrent objects",
//! 1993), where the calls are few enough.
use std::collections::HashSet;

use super::{Proof, Proven, Refused};
use crate::{
    Call, History, Outcome,
    model::{Known, Model},
};

/// So many steps are taken to try every order.
const STEPS_MAX: u64 = 1 << 21;
const NEVER: u32 = u32::MAX;

/// A call that happened, or may have: then it has no answer and completes never.
struct Claim<'a, M: Model> {
    index: u32,
    invoked: u32,
    completed: u32,
    input: &'a M::Input,
    output: Option<&'a M::Output>,
}

impl Proof {
    /// Verifies the proof against the history of one object.
    ///
    /// # Errors
    /// [`Refused`] where it proves nothing.
    pub fn verify<M: Model>(&self, model: &M, history: &History) -> Result<Proven, Refused> {
        let calls = history.calls()?;
        let claims = claims::<M>(history, &calls);
        match self {
            Proof::Order(order) => verify_order(model, &claims, order).map(|()| Proven::Valid),
            Proof::Contradiction(answers) => refute(model, &until(model, claims, answers)?),
        }
    }
}

fn claims<'a, M: Model>(
    history: &History,
    calls: &'a [Call<M::Input, M::Output>],
) -> Vec<Claim<'a, M>> {
    let claim = |call: &'a Call<M::Input, M::Output>| {
        let (completed, output) = match &call.outcome {
            Outcome::Ok { completed, output } => (*completed, Some(output)),
            Outcome::Info => (NEVER, None),
            Outcome::Fail => return None,
        };
        let (invoked, input) = (call.invoked, &call.input);
        Some(Claim { index: history.op(invoked).index, invoked, completed, input, output })
    };
    calls.iter().filter_map(claim).collect()
}

fn find<M: Model>(claims: &[Claim<'_, M>], index: u32) -> Result<usize, Refused> {
    claims.binary_search_by_key(&index, |claim| claim.index).map_err(|_| Refused::NoCall(index))
}

/// Every completed call is there, none twice, none behind one that was invoked when it had
/// completed, and the model accepts them one after the other.
fn verify_order<M: Model>(
    model: &M,
    claims: &[Claim<'_, M>],
    order: &[u32],
) -> Result<(), Refused> {
    let mut placed = vec![false; claims.len()];
    let (mut states, mut now) = (HashSet::from([model.init()]), 0);
    for &index in order {
        let at = find(claims, index)?;
        let claim = &claims[at];
        if std::mem::replace(&mut placed[at], true) {
            return Err(Refused::Twice(index));
        }
        now = claim.invoked.max(now);
        if claim.completed < now {
            return Err(Refused::Late(index));
        }
        let steps = |state| model.steps(state, claim.input, claim.output);
        let after: HashSet<_> = states.iter().flat_map(steps).collect();
        if after.is_empty() {
            let mut states: Vec<_> = states.iter().map(ToString::to_string).collect();
            states.sort_unstable();
            return Err(Refused::Illegal { index, state: states.join(" or ") });
        }
        states = after;
    }
    let mut missing = placed.iter().zip(claims).filter(|(placed, _)| !*placed);
    let missing = missing.find(|(_, claim)| claim.completed != NEVER);
    missing.map_or(Ok(()), |(_, claim)| Err(Refused::Missing(claim.index)))
}

/// Only these answers are believed: all other calls invoked until then may have happened or not.
/// Those of them that change nothing, or that nobody could notice, are left out.
fn until<'a, M: Model>(
    model: &M,
    mut claims: Vec<Claim<'a, M>>,
    answers: &[u32],
) -> Result<Vec<Claim<'a, M>>, Refused> {
    let mut last = 0;
    for &index in answers {
        let claim = &claims[find(&claims, index)?];
        if claim.completed == NEVER {
            return Err(Refused::NoAnswer(index));
        }
        last = claim.completed.max(last);
    }
    let named: HashSet<u32> = answers.iter().copied().collect();
    claims.retain(|claim| claim.invoked < last);
    for claim in claims.iter_mut().filter(|claim| !named.contains(&claim.index)) {
        (claim.completed, claim.output) = (NEVER, None);
    }
    let known = |claim: &Claim<'a, M>| Known { input: claim.input, output: claim.output };
    let matter = model.matter(&claims.iter().map(known).collect::<Vec<_>>());
    let mut matter = matter.into_iter();
    claims.retain(|claim| {
        let matters = matter.next().unwrap_or(true) && !model.is_read(claim.input);
        claim.completed != NEVER || matters
    });
    Ok(claims)
}

/// Tries every order of the completed calls and some of the others.
fn refute<M: Model>(model: &M, claims: &[Claim<'_, M>]) -> Result<Proven, Refused> {
    let nothing = vec![false; claims.len()];
    let (mut stack, mut seen) = (vec![(model.init(), nothing)], HashSet::new());
    let mut steps = 0;
    while let Some((state, placed)) = stack.pop() {
        let left = || (0..claims.len()).filter(|&at| !placed[at]);
        let due = left().map(|at| claims[at].completed).min().unwrap_or(NEVER);
        if due == NEVER {
            return Err(Refused::HasOrder);
        }
        steps += claims.len() as u64;
        for at in left().filter(|&at| claims[at].invoked < due) {
            for next in model.steps(&state, claims[at].input, claims[at].output) {
                let mut more = placed.clone();
                more[at] = true;
                if seen.insert((next.clone(), more.clone())) {
                    stack.push((next, more));
                }
            }
        }
        if steps > STEPS_MAX {
            return Ok(Proven::TooLarge);
        }
    }
    Ok(Proven::Invalid)
}
