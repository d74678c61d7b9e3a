//! Is every read at most one write behind? A history of a register is *k-atomic* if its calls have
//! an order that respects real time and in which each read returns one of the k latest values
//! (Aiyer, Alvisi and Bazzi 2005, "On the availability of non-strict quorum systems"). Here k is 2.
//!
//! That is linearizability of a register which remembers two values, so the exact engine answers:
//! the values need not differ, and there may be crashed writes. For distinct values
//! there are quasilinear algorithms (Golab, Hurwitz and Li 2013, "On the k-atomicity-verification
//! problem"); here the bound is the engine's budget. It is local, as linearizability is.
use std::fmt;

use super::Claim;
use crate::{
    Budget, Checker, Datum, History, Independent, Valid,
    linearizable::Linearizable,
    model::{Known, Model, Register, RegisterInput},
};

pub(super) const NAME: &str = "2-atomic";

/// A register that may answer with its last value or with the one before.
#[derive(Clone, Debug)]
struct Lagging(Register);

/// The last value and the one before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Two {
    last: Datum,
    before: Datum,
}

impl fmt::Display for Two {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (before: {})", self.last, self.before)
    }
}

impl Model for Lagging {
    type Input = RegisterInput;
    type Output = Datum;
    type State = Two;

    fn init(&self) -> Two {
        Two { last: self.0.init(), before: self.0.init() }
    }

    /// A `cas` compares with the last value: only reads may lag.
    fn step(&self, state: &Two, input: &RegisterInput, output: Option<&Datum>) -> Option<Two> {
        match input {
            RegisterInput::Read => {
                let fits = |value: &Datum| self.0.step(value, input, output).is_some();
                (fits(&state.last) || fits(&state.before)).then(|| state.clone())
            }
            RegisterInput::Write(_) | RegisterInput::Cas(..) => {
                let last = self.0.step(&state.last, input, output)?;
                Some(Two { last, before: state.last.clone() })
            }
        }
    }

    fn describe(&self, input: &RegisterInput, output: Option<&Datum>) -> String {
        self.0.describe(input, output)
    }

    fn is_read(&self, input: &RegisterInput) -> bool {
        *input == RegisterInput::Read
    }

    /// As for a register: without a write that nobody saw, the two latest values of any moment are
    /// at least as recent. With `cas` every call is kept.
    fn matter(&self, calls: &[Known<'_, RegisterInput, Datum>]) -> Vec<bool> {
        if calls.iter().any(|call| matches!(call.input, RegisterInput::Cas(..))) {
            return vec![true; calls.len()];
        }
        self.0.matter(calls)
    }
}

/// Whether each key is 2-atomic.
pub(super) fn claim(model: &Register, history: &History, budget: &Budget) -> Claim {
    let verdict = Independent(Linearizable(Lagging(model.clone()))).check(history, budget);
    let why: String = match verdict.valid {
        Valid::Valid => "each read returned the latest value or the one before it".into(),
        Valid::Invalid => "no order leaves every read at most one write behind".into(),
        Valid::Unknown => verdict.why().unwrap_or("a key remained undecided").into(),
    };
    let claim = Claim::new(NAME, verdict.valid, why);
    match verdict.all_anomalies().first() {
        Some(anomaly) => claim.shown_by(anomaly.figure.clone()),
        None => claim,
    }
}
