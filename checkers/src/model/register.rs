//! A register, with or without compare-and-set.
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::{
    Deed, DeedOf, Familiar, Known, Model, Witness,
    familiar::observable,
    words::{gap, name},
};
use crate::Datum;

/// A register: `read`, `write v` and `cas [old,new]`. It holds `null` unless told otherwise.
///
/// A read that answers `null` saw a register nobody had written. Only where another initial value
/// was given, so that `null` cannot be a value, does it prove nothing (Jepsen's convention, which
/// foreign histories follow).
#[derive(Clone, Debug, Default)]
pub struct Register {
    init: Datum,
}

/// The same model: a history without `cas` is that of a plain register.
pub type CasRegister = Register;

/// What a register is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegisterInput {
    /// What does it hold?
    Read,
    /// Hold this.
    Write(Datum),
    /// If it holds the first, hold the second. It is `ok` only if it did.
    Cas(Datum, Datum),
}

use RegisterInput::{Cas, Read, Write};

type RegisterCall<'a> = Witness<'a, RegisterInput, Datum>;

impl Register {
    /// A register that holds this before the first write.
    pub fn new(init: impl Into<Datum>) -> Register {
        Register { init: init.into() }
    }

    /// A register from an initial value as a person writes it: JSON, or else a text.
    pub fn from_word(init: Option<&str>) -> Register {
        Register { init: init.map_or(Datum::Null, Datum::from_word) }
    }

    /// The value that an answer proves the register held.
    fn proof<'a>(&self, output: Option<&'a Datum>) -> Option<&'a Datum> {
        output.filter(|value| !value.is_null() || self.init.is_null())
    }
}

impl Model for Register {
    type Input = RegisterInput;
    type Output = Datum;
    type State = Datum;

    fn init(&self) -> Datum {
        self.init.clone()
    }

    fn step(&self, state: &Datum, input: &RegisterInput, output: Option<&Datum>) -> Option<Datum> {
        match input {
            Read => self.proof(output).is_none_or(|value| value == state).then(|| state.clone()),
            Write(value) => Some(value.clone()),
            Cas(old, new) => (old == state).then(|| new.clone()),
        }
    }

    fn describe(&self, input: &RegisterInput, output: Option<&Datum>) -> String {
        match (input, output) {
            (Read, Some(value)) => format!("read -> {value}"),
            (Read, None) => "read".into(),
            (Write(value), _) => format!("write {value}"),
            (Cas(old, new), _) => format!("cas [{old},{new}]"),
        }
    }

    fn is_read(&self, input: &RegisterInput) -> bool {
        match input {
            Read => true,
            Write(_) => false,
            Cas(old, new) => old == new,
        }
    }

    fn matter(&self, calls: &[Known<'_, RegisterInput, Datum>]) -> Vec<bool> {
        let deeds: Vec<_> = calls.iter().map(|call| self.deed(call.input, call.output)).collect();
        let is_completed: Vec<_> = calls.iter().map(|call| call.output.is_some()).collect();
        observable(&deeds, &is_completed)
    }

    fn leaves(&self, input: &RegisterInput, output: &Datum) -> Option<Datum> {
        match input {
            Read => self.proof(Some(output)).cloned(),
            Write(value) | Cas(_, value) => Some(value.clone()),
        }
    }

    fn familiar<'a>(&self, state: &'a Datum) -> Option<Familiar<'a>> {
        Some(Familiar::Register { value: state })
    }

    fn deed<'a>(&'a self, input: &'a RegisterInput, output: Option<&'a Datum>) -> DeedOf<'a> {
        match input {
            Read => self.proof(output).map_or(Deed::Nothing, Deed::Read),
            Write(value) => Deed::Write(value),
            Cas(old, new) if old != new => Deed::Cas(old, new),
            Cas(old, _) if output.is_some() => Deed::Read(old),
            Cas(..) => Deed::Nothing,
        }
    }

    fn explain(&self, culprit: &RegisterCall<'_>, calls: &[RegisterCall<'_>]) -> Option<String> {
        let value = match culprit.input {
            Read => self.proof(culprit.output)?,
            Cas(old, _) => old,
            Write(_) => return None,
        };
        let answered = match culprit.input {
            Read => format!("returned {value}"),
            _ => format!("replaced {value}"),
        };
        let who = name(culprit);
        let sources: Vec<_> = calls.iter().filter(|call| written(call) == Some(value)).collect();
        if sources.is_empty() && *value != self.init {
            return Some(format!("{who} {answered}, but nothing had ever written {value}."));
        }
        let last = sources.iter().map(|c| c.completed.map_or(u32::MAX, |op| op.row)).max();
        let last = last.unwrap_or(0);
        // The write that covers the value: begun after the last source ended, over before the
        // culprit began. The latest of them convinces most.
        let covers = |call: &&RegisterCall<'_>| {
            let over = call.completed.is_some_and(|done| done.row < culprit.invoked.row);
            let begun = sources.is_empty() || call.invoked.row > last;
            over && begun && written(call).is_some_and(|v| v != value)
        };
        let cover = calls.iter().filter(covers).max_by_key(|call| call.completed.map(|d| d.row));
        let Some(cover) = cover else {
            return self.went_back(culprit, calls, value, last);
        };
        let words = self.describe(cover.input, cover.output);
        let ago = gap(cover, culprit)?;
        let origin = match sources.iter().max_by_key(|call| call.invoked.row) {
            Some(source) => format!("nothing wrote {value} after op {}", source.invoked.index),
            None => format!("{value} is only what the register held at first"),
        };
        Some(format!(
            "{who} {answered}, but {words} by {} (op {}) had completed {ago} before it began, and \
             {origin}.",
            cover.invoked.process, cover.invoked.index,
        ))
    }
}

impl Register {
    /// A newer value had been read before the culprit began, though its write may still be open: a
    /// new-old inversion. `last` is the row at which the last source of `value` had ended.
    fn went_back(
        &self,
        culprit: &RegisterCall<'_>,
        calls: &[RegisterCall<'_>],
        value: &Datum,
        last: u32,
    ) -> Option<String> {
        // Calls come in order of invocation: the first source of each value is met last here.
        let sources =
            calls.iter().rev().filter_map(|call| Some((written(call)?, call.invoked.row)));
        let first_source: FxHashMap<&Datum, u32> = sources.collect();
        let newer = |v: &Datum| first_source.get(v).is_some_and(|&row| row > last);
        let is_newer_read = |call: &&RegisterCall<'_>| {
            let over = call.completed.is_some_and(|done| done.row < culprit.invoked.row);
            let seen = if matches!(call.input, Read) { self.proof(call.output) } else { None };
            over && seen.is_some_and(|v| v != value && newer(v))
        };
        let read = calls.iter().filter(is_newer_read).max_by_key(|c| c.completed.map(|d| d.row))?;
        let seen = self.proof(read.output)?;
        let ago = gap(read, culprit)?;
        Some(format!(
            "{} went back to {value}: {} had returned {seen} {ago} before it began, and {seen} was \
             not asked for before {value} was in place.",
            name(culprit),
            name(read),
        ))
    }
}

fn written<'a>(call: &RegisterCall<'a>) -> Option<&'a Datum> {
    match call.input {
        Read => None,
        Write(value) | Cas(_, value) => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, Verdict, linearizable::Linearizable, notation};

    fn judge(model: Register, picture: &str) -> Verdict {
        Linearizable(model).check(&notation::history(picture), &Budget::unlimited())
    }

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        assert_eq!(judge(Register::default(), picture).valid, valid);
    }

    #[test]
    fn a_read_may_see_a_concurrent_write_or_not() {
        check(
            "0: |------- write 100 -------|
             1:     |-- read -> 100 --|
             2:       |-- read -> null --|",
            Valid::Valid,
        );
    }

    #[test]
    fn a_crashed_write_may_land_late_a_failed_one_never() {
        check(
            "0: |- write 1 -~
             1:               |- read -> null -|  |- read -> 1 -|",
            Valid::Valid,
        );
        check(
            "0: |- write 1 -x
             1:               |- read -> null -|  |- read -> 1 -|",
            Valid::Invalid,
        );
    }

    #[test]
    fn a_cas_replaces_only_what_it_names() {
        check("0: |- write 1 -| |- cas [1,2] -| |- read -> 2 -|", Valid::Valid);
        check("0: |- write 1 -| |- cas [2,3] -|", Valid::Invalid);
        check("0: |- cas [1,2] -~\n1:  |- write 1 -| |- read -> 2 -|", Valid::Valid);
    }

    #[test]
    fn null_proves_nothing_only_where_it_cannot_be_a_value() {
        let picture = "0: |- write 1 -| |- read -> null -|";
        assert_eq!(judge(Register::default(), picture).valid, Valid::Invalid);
        assert_eq!(judge(Register::new(0), picture).valid, Valid::Valid);
    }

    #[test]
    fn crashed_writes_that_nobody_saw_do_not_matter() {
        let [one, two, three] = [1, 2, 3].map(Datum::from);
        let seen = Datum::from(3);
        let inputs = [
            (Write(one.clone()), None),
            (Write(two.clone()), None),
            (Cas(two, three), None),
            (Cas(one, 4.into()), None),
            (Read, Some(&seen)),
            (Read, None),
        ];
        let calls: Vec<_> =
            inputs.iter().map(|(input, output)| Known { input, output: *output }).collect();
        let matter = Register::default().matter(&calls);
        assert_eq!(matter, [false, true, true, false, false, false]);
    }

    #[test]
    fn a_value_that_went_back_is_explained_by_who_saw_the_newer_one() {
        let verdict = judge(
            Register::default(),
            "0: |- write 1 -| |---------------- write 2 ------------------|
             1:                  |- read -> 2 -|
             2:                                  |- read -> 1 -|",
        );
        let said = &verdict.anomalies[0].explanation;
        assert!(said.starts_with("read by process 2 (op 5) went back to 1: read by"), "{said}");
    }

    #[test]
    fn an_overwritten_value_is_explained_by_what_overwrote_it() {
        let verdict = judge(
            Register::default(),
            "0: |- write 4 -| |- write 5 -|
             3:                               |- read -> 4 -|",
        );
        let explanation = &verdict.anomalies[0].explanation;
        let expected = "read by process 3 (op 4) returned 4, but write 5 by process 0 (op 2) had \
                        completed 4.0 ms before it began, and nothing wrote 4 after op 0.";
        assert!(explanation.starts_with(expected), "{explanation}");
    }

    #[test]
    fn a_value_from_nowhere_is_explained() {
        let verdict = judge(Register::default(), "0: |- write 4 -| |- read -> 7 -|");
        let explanation = &verdict.anomalies[0].explanation;
        assert!(explanation.contains("nothing had ever written 7"), "{explanation}");
    }
}
