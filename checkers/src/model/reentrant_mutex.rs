//! A lock that its holder may take again.
use std::fmt;

use super::{
    BadInit, Deed, DeedOf, Familiar, Known, LockInput, Model, Owner, Witness, lock::matter,
    mutex::Done, words::name,
};
use crate::Datum;

/// A reentrant lock: `acquire owner` when free or held by that owner, `release owner` when held by
/// that owner. It is free again after as many releases as acquires.
#[derive(Clone, Debug, Default)]
pub struct ReentrantMutex {
    init: Holds,
}

/// Who holds the lock, and how many times; nobody where it is free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Holds(Option<(Owner, u32)>);

/// What a reentrant lock is asked.
type Input = LockInput<Owner>;

impl ReentrantMutex {
    /// A lock that is `free` at first, or held once by this owner (JSON, or else a text).
    ///
    /// # Errors
    /// [`BadInit`] for `null`, which is nobody's name.
    pub fn from_word(init: Option<&str>) -> Result<ReentrantMutex, BadInit> {
        let Some(word) = init.filter(|&init| init != "free") else {
            return Ok(ReentrantMutex::default());
        };
        let bad = |message| BadInit { init: word.to_owned(), message };
        let owner = Owner::try_from(Datum::from_word(word)).map_err(bad)?;
        Ok(ReentrantMutex { init: Holds(Some((owner, 1))) })
    }
}

impl Model for ReentrantMutex {
    type Input = Input;
    type Output = Done;
    type State = Holds;

    fn init(&self) -> Holds {
        self.init.clone()
    }

    fn step(&self, state: &Holds, input: &Input, _: Option<&Done>) -> Option<Holds> {
        let (LockInput::Acquire(owner) | LockInput::Release(owner)) = input;
        let held = match &state.0 {
            None => 0,
            Some((holder, count)) if holder == owner => *count,
            Some(_) => return None,
        };
        let held = match input {
            LockInput::Acquire(_) => held + 1,
            LockInput::Release(_) => held.checked_sub(1)?,
        };
        Some(Holds((held > 0).then(|| (owner.clone(), held))))
    }

    fn describe(&self, input: &Input, _: Option<&Done>) -> String {
        match input {
            LockInput::Acquire(owner) => format!("acquire {}", owner.0),
            LockInput::Release(owner) => format!("release {}", owner.0),
        }
    }

    fn is_read(&self, _: &Input) -> bool {
        false
    }

    fn matter(&self, calls: &[Known<'_, Input, Done>]) -> Vec<bool> {
        matter(calls)
    }

    fn familiar<'a>(&self, state: &'a Holds) -> Option<Familiar<'a>> {
        let holder = state.0.as_ref().map(|(owner, count)| (&owner.0, *count));
        Some(Familiar::Lock { holder, is_reentrant: true, token: None })
    }

    fn deed<'a>(&'a self, input: &'a Input, _: Option<&'a Done>) -> DeedOf<'a> {
        match input {
            LockInput::Acquire(owner) => Deed::Lock(&owner.0),
            LockInput::Release(owner) => Deed::Unlock(&owner.0),
        }
    }

    /// A release of what its owner never took.
    fn explain(
        &self,
        culprit: &Witness<'_, Input, Done>,
        calls: &[Witness<'_, Input, Done>],
    ) -> Option<String> {
        let LockInput::Release(owner) = culprit.input else { return None };
        let is_first = self.init.0.as_ref().is_some_and(|(holder, _)| holder == owner);
        let took =
            |call: &Witness<'_, Input, Done>| *call.input == LockInput::Acquire(owner.clone());
        let never = !is_first && !calls.iter().any(took);
        never.then(|| {
            let who = name(culprit);
            format!("{who} gave back the lock of {}, who had never asked for it.", owner.0)
        })
    }
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("free"),
            Some((owner, 1)) => write!(f, "held by {}", owner.0),
            Some((owner, count)) => write!(f, "held by {}, {count} times", owner.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, Verdict, linearizable::Linearizable, notation};

    fn judge(init: &str, picture: &str) -> Verdict {
        let checker = Linearizable(ReentrantMutex::from_word(Some(init)).unwrap());
        checker.check(&notation::history(picture), &Budget::unlimited())
    }

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        assert_eq!(judge("free", picture).valid, valid, "{picture}");
    }

    #[test]
    fn its_holder_may_take_it_again_and_nobody_else() {
        check("0: |- acquire 1 -| |- acquire 1 -|", Valid::Valid);
        check("0: |- acquire 1 -| |- acquire 2 -|", Valid::Invalid);
    }

    #[test]
    fn it_is_free_after_as_many_releases() {
        let twice = "|- acquire 1 -| |- acquire 1 -| |- release 1 -|";
        check(&format!("0: {twice} |- acquire 2 -|"), Valid::Invalid);
        check(&format!("0: {twice} |- release 1 -| |- acquire 2 -|"), Valid::Valid);
        check(&format!("0: {twice} |- release 1 -| |- release 1 -|"), Valid::Invalid);
    }

    #[test]
    fn crashed_calls_may_have_taken_or_freed_it() {
        let late = format!("\n1: {:40} |- acquire 2 -|", "");
        check(&format!("0: |- acquire 1 -| |- release 1 -~{late}"), Valid::Valid);
        check(&format!("0: |- acquire 1 -| |- acquire 1 -~{late}"), Valid::Invalid);
        check("0: |- acquire 1 -~\n1: |- release 1 -|", Valid::Valid);
    }

    #[test]
    fn it_may_be_held_at_first() {
        assert_eq!(judge("a", r#"0: |- release "a" -|"#).valid, Valid::Valid);
        assert_eq!(judge("a", r#"0: |- acquire "b" -|"#).valid, Valid::Invalid);
    }

    #[test]
    fn a_call_must_say_who_holds_it() {
        check("0: |- acquire -|", Valid::Unknown);
    }

    #[test]
    fn a_release_out_of_nowhere_is_explained() {
        let verdict = judge("free", "0: |- acquire 1 -| |- release 2 -|");
        let explanation = &verdict.anomalies[0].explanation;
        assert!(explanation.contains("who had never asked for it"), "{explanation}");
    }
}
