//! A lock that one may hold.
use std::fmt;

use serde::{Deserialize, de::IgnoredAny};

use super::{BadInit, Deed, DeedOf, Familiar, Model};

/// A lock: `acquire` when free, `release` when held. It does not know by whom.
#[derive(Clone, Debug, Default)]
pub struct Mutex {
    init: Holding,
}

/// Whether the lock is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Holding {
    /// Nobody holds it.
    #[default]
    Free,
    /// Somebody holds it.
    Held,
}

/// What a lock is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MutexInput {
    /// Take it; `ok` means taken.
    Acquire,
    /// Give it back.
    Release,
}

/// Any answer: that a call on a lock was `ok` says it all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Done;

impl<'de> Deserialize<'de> for Done {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Done, D::Error> {
        IgnoredAny::deserialize(d).map(|_| Done)
    }
}

impl Mutex {
    /// A lock that is `free` or `held` at first.
    ///
    /// # Errors
    /// [`BadInit`] for any other word.
    pub fn from_word(init: Option<&str>) -> Result<Mutex, BadInit> {
        let init = match init {
            None | Some("free") => Holding::Free,
            Some("held") => Holding::Held,
            Some(other) => {
                return Err(BadInit { init: other.to_owned(), message: "`free` or `held`" });
            }
        };
        Ok(Mutex { init })
    }
}

impl Model for Mutex {
    type Input = MutexInput;
    type Output = Done;
    type State = Holding;

    fn init(&self) -> Holding {
        self.init
    }

    fn step(&self, state: &Holding, input: &MutexInput, _: Option<&Done>) -> Option<Holding> {
        match (input, state) {
            (MutexInput::Acquire, Holding::Free) => Some(Holding::Held),
            (MutexInput::Release, Holding::Held) => Some(Holding::Free),
            _ => None,
        }
    }

    fn describe(&self, input: &MutexInput, _: Option<&Done>) -> String {
        match input {
            MutexInput::Acquire => "acquire".into(),
            MutexInput::Release => "release".into(),
        }
    }

    fn is_read(&self, _: &MutexInput) -> bool {
        false
    }

    fn leaves(&self, input: &MutexInput, _: &Done) -> Option<Holding> {
        Some(match input {
            MutexInput::Acquire => Holding::Held,
            MutexInput::Release => Holding::Free,
        })
    }

    /// A lock has one permit.
    fn familiar<'a>(&self, state: &'a Holding) -> Option<Familiar<'a>> {
        let taken = u32::from(*state == Holding::Held);
        Some(Familiar::Permits { free: 1 - taken, taken })
    }

    fn deed<'a>(&'a self, input: &'a MutexInput, _: Option<&'a Done>) -> DeedOf<'a> {
        match input {
            MutexInput::Acquire => Deed::Acquire(1),
            MutexInput::Release => Deed::Release(1),
        }
    }
}

impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Holding::Free => "free",
            Holding::Held => "held",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, linearizable::Linearizable, notation};

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        let history = notation::history(picture);
        let verdict = Linearizable(Mutex::default()).check(&history, &Budget::unlimited());
        assert_eq!(verdict.valid, valid);
    }

    #[test]
    fn two_may_not_hold_it_at_once() {
        check("0: |- acquire -|\n1:     |- acquire -|", Valid::Invalid);
        check("0: |- acquire -|     |- release -|\n1:     |- acquire --|", Valid::Invalid);
        check("0: |- acquire -| |- release -|\n1:     |- acquire ------|", Valid::Valid);
    }

    #[test]
    fn a_crashed_release_may_have_freed_it() {
        check("0: |- acquire -| |- release -~\n1:      |- acquire ------------|", Valid::Valid);
    }
}
