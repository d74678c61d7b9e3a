//! What locks that know their holder share.
use std::hash::Hash;

use rustc_hash::FxHashSet;
use serde::Deserialize;

use super::Known;
use crate::Datum;

/// Who holds a lock: any JSON but `null`.
///
/// The call says it, since the process does not: one client may be many processes, one after
/// another (each crash makes a new one), and several processes may share a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Datum")]
pub struct Owner(pub(super) Datum);

impl TryFrom<Datum> for Owner {
    type Error = &'static str;

    fn try_from(name: Datum) -> Result<Owner, &'static str> {
        if name.is_null() { Err("the value must say who holds the lock") } else { Ok(Owner(name)) }
    }
}

/// What such a lock is asked. `O` is [`Owner`], or an option of it where it may stay unsaid.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockInput<O> {
    /// Take it; `ok` means taken.
    Acquire(O),
    /// Give it back.
    Release(O),
}

/// A crashed acquire matters if its owner ever releases: without a release it only keeps others
/// from the lock. A crashed release always matters.
pub(super) fn matter<O: Eq + Hash, T>(calls: &[Known<'_, LockInput<O>, T>]) -> Vec<bool> {
    let releasing: FxHashSet<&O> =
        calls.iter().map(|call| call.input).filter_map(released).collect();
    let matters = |call: &Known<'_, LockInput<O>, T>| match call.input {
        LockInput::Acquire(owner) => releasing.contains(owner),
        LockInput::Release(_) => true,
    };
    calls.iter().map(matters).collect()
}

fn released<O>(input: &LockInput<O>) -> Option<&O> {
    match input {
        LockInput::Acquire(_) => None,
        LockInput::Release(owner) => Some(owner),
    }
}
