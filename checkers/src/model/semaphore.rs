//! A lock that several may hold.
use std::{fmt, num::NonZeroU32};

use serde::Deserialize;

use super::{BadInit, Deed, DeedOf, Familiar, Known, Model, Witness, mutex::Done, words::name};

/// A semaphore: `acquire [n]` when so many permits are free, `release [n]` when so many are taken;
/// one where the call says no number. It does not know who has them.
#[derive(Clone, Debug)]
pub struct Semaphore {
    permits: u32,
}

/// How many permits are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Taken(u32);

/// A number of permits, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "Option<NonZeroU32>")]
pub struct Permits(u32);

/// What a semaphore is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SemaphoreInput {
    /// Take so many at once; `ok` means taken.
    Acquire(Permits),
    /// Give so many back.
    Release(Permits),
}

impl From<Option<NonZeroU32>> for Permits {
    fn from(number: Option<NonZeroU32>) -> Permits {
        Permits(number.map_or(1, NonZeroU32::get))
    }
}

impl Default for Semaphore {
    fn default() -> Semaphore {
        Semaphore { permits: 1 }
    }
}

impl Semaphore {
    /// A semaphore with this number of permits, one unless given, all free at first.
    ///
    /// # Errors
    /// [`BadInit`] where it is no number of permits.
    pub fn from_word(init: Option<&str>) -> Result<Semaphore, BadInit> {
        let Some(init) = init else { return Ok(Semaphore::default()) };
        let message = "the number of permits";
        let permits = init.parse().map_err(|_| BadInit { init: init.to_owned(), message })?;
        Ok(Semaphore { permits })
    }
}

impl Model for Semaphore {
    type Input = SemaphoreInput;
    type Output = Done;
    type State = Taken;

    fn init(&self) -> Taken {
        Taken(0)
    }

    fn step(&self, state: &Taken, input: &SemaphoreInput, _: Option<&Done>) -> Option<Taken> {
        let taken = match input {
            SemaphoreInput::Acquire(Permits(n)) => state.0.checked_add(*n)?,
            SemaphoreInput::Release(Permits(n)) => state.0.checked_sub(*n)?,
        };
        (taken <= self.permits).then_some(Taken(taken))
    }

    fn describe(&self, input: &SemaphoreInput, _: Option<&Done>) -> String {
        match input {
            SemaphoreInput::Acquire(Permits(n)) => format!("acquire {n}"),
            SemaphoreInput::Release(Permits(n)) => format!("release {n}"),
        }
    }

    fn is_read(&self, _: &SemaphoreInput) -> bool {
        false
    }

    /// A crashed acquire matters if anything is ever released: else it only keeps others out.
    fn matter(&self, calls: &[Known<'_, SemaphoreInput, Done>]) -> Vec<bool> {
        let is_release = |input: &SemaphoreInput| matches!(input, SemaphoreInput::Release(_));
        let some_released = calls.iter().any(|call| is_release(call.input));
        calls.iter().map(|call| some_released || is_release(call.input)).collect()
    }

    fn familiar<'a>(&self, state: &'a Taken) -> Option<Familiar<'a>> {
        Some(Familiar::Permits { free: self.permits - state.0, taken: state.0 })
    }

    fn deed<'a>(&'a self, input: &'a SemaphoreInput, _: Option<&'a Done>) -> DeedOf<'a> {
        match input {
            SemaphoreInput::Acquire(Permits(n)) => Deed::Acquire(*n),
            SemaphoreInput::Release(Permits(n)) => Deed::Release(*n),
        }
    }

    /// More permits than there are.
    fn explain(
        &self,
        culprit: &Witness<'_, SemaphoreInput, Done>,
        _: &[Witness<'_, SemaphoreInput, Done>],
    ) -> Option<String> {
        let (SemaphoreInput::Acquire(Permits(n)) | SemaphoreInput::Release(Permits(n))) =
            culprit.input;
        (*n > self.permits).then(|| {
            format!("{} moved {n} permits, but there are {}.", name(culprit), self.permits)
        })
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} taken", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, Verdict, linearizable::Linearizable, notation};

    fn judge(init: &str, picture: &str) -> Verdict {
        let checker = Linearizable(Semaphore::from_word(Some(init)).unwrap());
        checker.check(&notation::history(picture), &Budget::unlimited())
    }

    #[track_caller]
    fn check(init: &str, picture: &str, valid: Valid) {
        assert_eq!(judge(init, picture).valid, valid, "{picture}");
    }

    #[test]
    fn as_many_may_hold_it_as_there_are_permits() {
        check("2", "0: |- acquire -| |- acquire -|", Valid::Valid);
        check("2", "0: |- acquire -| |- acquire 2 -|", Valid::Invalid);
        check("2", "0: |- acquire 2 -| |- release -| |- acquire -|", Valid::Valid);
        check("1", "0: |- acquire -| |- acquire -|", Valid::Invalid);
    }

    #[test]
    fn only_what_was_taken_can_be_given_back() {
        check("2", "0: |- acquire -| |- release 2 -|", Valid::Invalid);
        check("2", "0: |- acquire -~\n1: |- acquire -| |- release 2 -|", Valid::Valid);
    }

    #[test]
    fn a_crashed_release_may_have_freed_some() {
        let crashed = "0: |- acquire 2 -| |- release 2 -~\n1:";
        check("2", &format!("{crashed} {:40} |- acquire -|", ""), Valid::Valid);
    }

    #[test]
    fn no_permits_or_none_at_all_cannot_be_asked_for() {
        check("2", "0: |- acquire 0 -|", Valid::Unknown);
        assert!(Semaphore::from_word(Some("-1")).is_err());
    }

    #[test]
    fn more_than_there_are_is_explained() {
        let verdict = judge("2", "0: |- acquire 3 -|");
        assert!(verdict.anomalies[0].explanation.contains("moved 3 permits, but there are 2"));
    }
}
