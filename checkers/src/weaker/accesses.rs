//! Who read whose write. Where the values written to a register differ from each other and from
//! the initial one, every answer names the write it saw, and most questions become polynomial.
use rustc_hash::FxHashMap;

use crate::{
    Call, Datum, History, Malformed, Outcome,
    model::{Model, Register, RegisterInput},
};

/// The completion row of a call that crashed.
pub(super) const NEVER: u32 = u32::MAX;

/// What a call of a register does, as far as anybody can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Write,
    /// A read of what this access wrote; of the initial value where there is none.
    Read(Option<u32>),
}

/// A write that happened or may have, or a read that proves what the register held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    /// Its place in the list of calls it was taken from.
    pub(super) call: u32,
    pub(super) session: u32,
    /// Its place in its session.
    pub(super) place: u32,
    pub(super) key: u32,
    pub(super) act: Act,
    pub(super) invoked: u32,
    /// Row of its completion, or [`NEVER`].
    pub(super) completed: u32,
}

/// The accesses of a history, in order of invocation.
#[derive(Debug, Default)]
pub(super) struct Accesses {
    pub(super) all: Vec<Access>,
    /// The accesses of each session, in its order.
    pub(super) sessions: Vec<Vec<u32>>,
}

/// Why answers do not name writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// There is a `cas`, or a value written twice: this cannot be judged this way.
    Ambiguous(String),
    /// A read, by the row of its completion, of what nobody wrote: no guarantee allows that.
    Nowhere(u32),
}

pub(super) type RegisterCalls = Vec<Call<RegisterInput, Datum>>;

/// The calls of a history, and the key of each, numbered from 0.
pub(super) type Keyed<I, O> = (Vec<Call<I, O>>, Vec<u32>);

/// Reads the calls of a history and numbers their keys.
pub(super) fn calls<I, O>(history: &History) -> Result<Keyed<I, O>, Malformed>
where
    I: serde::de::DeserializeOwned,
    O: serde::de::DeserializeOwned,
{
    let calls: Vec<Call<I, O>> = history.calls()?;
    let mut numbers = FxHashMap::default();
    let keys = calls.iter().map(|call| {
        let new = numbers.len() as u32;
        *numbers.entry(history.op(call.invoked).key).or_insert(new)
    });
    let keys = keys.collect();
    Ok((calls, keys))
}

impl Accesses {
    /// Matches reads to writes. Left out is what proves nothing: failed calls, reads that crashed
    /// or whose `null` is no value. O(n).
    pub(super) fn new(
        model: &Register,
        calls: &RegisterCalls,
        keys: &[u32],
    ) -> Result<Accesses, Unclear> {
        let init = model.init();
        let writers = writers(&init, calls, keys)?;
        let mut numbers = FxHashMap::default();
        let mut accesses = Accesses::default();
        let mut access_of = vec![0; calls.len()];
        for (i, call) in calls.iter().enumerate() {
            let Some(act) = act(&init, call, keys[i], &writers)? else { continue };
            let new = numbers.len() as u32;
            let session = *numbers.entry(call.process).or_insert(new);
            if session as usize == accesses.sessions.len() {
                accesses.sessions.push(Vec::new());
            }
            let number = accesses.all.len() as u32;
            access_of[i] = number;
            let own = &mut accesses.sessions[session as usize];
            accesses.all.push(Access {
                call: i as u32,
                session,
                place: own.len() as u32,
                key: keys[i],
                act,
                invoked: call.invoked,
                completed: completed(call),
            });
            own.push(number);
        }
        for access in &mut accesses.all {
            if let Act::Read(Some(source)) = &mut access.act {
                *source = access_of[*source as usize];
            }
        }
        Ok(accesses)
    }

    pub(super) fn get(&self, access: u32) -> &Access {
        &self.all[access as usize]
    }

    /// Each read with the access it saw.
    pub(super) fn reads(&self) -> impl Iterator<Item = (u32, Option<u32>)> + '_ {
        self.all.iter().enumerate().filter_map(|(i, access)| match access.act {
            Act::Read(source) => Some((i as u32, source)),
            Act::Write => None,
        })
    }
}

/// Row of a call's completion, or [`NEVER`].
pub(super) fn completed<I, O>(call: &Call<I, O>) -> u32 {
    match call.outcome {
        Outcome::Ok { completed, .. } => completed,
        Outcome::Fail | Outcome::Info => NEVER,
    }
}

type Writers<'a> = FxHashMap<(u32, &'a Datum), u32>;

/// The call that wrote each value of each key.
fn writers<'a>(
    init: &Datum,
    calls: &'a RegisterCalls,
    keys: &[u32],
) -> Result<Writers<'a>, Unclear> {
    let mut writers = Writers::default();
    for (i, call) in calls.iter().enumerate().filter(|(_, call)| call.outcome != Outcome::Fail) {
        match &call.input {
            RegisterInput::Read => (),
            RegisterInput::Cas(..) => {
                return Err(Unclear::Ambiguous("there are `cas` calls".into()));
            }
            RegisterInput::Write(value) => {
                if value == init || writers.insert((keys[i], value), i as u32).is_some() {
                    return Err(Unclear::Ambiguous(format!("{value} is written more than once")));
                }
            }
        }
    }
    Ok(writers)
}

/// What a call did; the source of a read is still the number of a call.
fn act(
    init: &Datum,
    call: &Call<RegisterInput, Datum>,
    key: u32,
    writers: &Writers<'_>,
) -> Result<Option<Act>, Unclear> {
    let (completed, output) = match (&call.outcome, &call.input) {
        (Outcome::Fail, _) | (Outcome::Info, RegisterInput::Read) => return Ok(None),
        (_, RegisterInput::Write(_) | RegisterInput::Cas(..)) => return Ok(Some(Act::Write)),
        (Outcome::Ok { completed, output }, RegisterInput::Read) => (*completed, output),
    };
    match writers.get(&(key, output)) {
        Some(&source) => Ok(Some(Act::Read(Some(source)))),
        None if output == init => Ok(Some(Act::Read(None))),
        // The register's convention: a `null` that is not the initial value is no value at all.
        None if output.is_null() => Ok(None),
        None => Err(Unclear::Nowhere(completed)),
    }
}
