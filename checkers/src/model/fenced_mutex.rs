//! A lock that tells its holders apart by number.
use std::fmt;

use super::{
    BadInit, Deed, DeedOf, Familiar, Known, LockInput, Model, Owner, Witness, lock::matter, words,
};
use crate::Datum;

/// A lock with fencing tokens: `acquire -> token` when free, `release` when held. Each holder's
/// token, a whole number, is greater than that of every holder before, so that a storage can turn
/// away those who lost the lock and do not know it yet. A token that came back as `null` is unknown.
///
/// Where calls say their owner, as in `acquire "n1"`, only the holder may release.
///
/// A crashed acquire is taken to have got the least token it can have, which leaves the most room
/// for those after it.
#[derive(Clone, Debug, Default)]
pub struct FencedMutex {
    init: Fence,
}

/// Whether the lock is held, and the last token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fence {
    holder: Option<Option<Owner>>,
    /// `None` as long as no token is known: the next may be any.
    token: Option<i64>,
}

/// What a fenced lock is asked.
type Input = LockInput<Option<Owner>>;

type FencedCall<'a> = Witness<'a, Input, Datum>;

impl FencedMutex {
    /// A free lock whose first token is greater than this whole number, or any unless given.
    ///
    /// # Errors
    /// [`BadInit`] where it is no whole number.
    pub fn from_word(init: Option<&str>) -> Result<FencedMutex, BadInit> {
        let token = init.map(|init| {
            let message = "the last token, a whole number";
            init.parse().map_err(|_| BadInit { init: init.to_owned(), message })
        });
        Ok(FencedMutex { init: Fence { holder: None, token: token.transpose()? } })
    }
}

impl Model for FencedMutex {
    type Input = Input;
    type Output = Datum;
    type State = Fence;

    fn init(&self) -> Fence {
        self.init.clone()
    }

    fn step(&self, state: &Fence, input: &Input, output: Option<&Datum>) -> Option<Fence> {
        match (input, &state.holder) {
            (LockInput::Acquire(owner), None) => {
                let token = next(state.token, output)?;
                Some(Fence { holder: Some(owner.clone()), token })
            }
            (LockInput::Release(owner), Some(holder)) if owner == holder => {
                Some(Fence { holder: None, token: state.token })
            }
            _ => None,
        }
    }

    fn describe(&self, input: &Input, output: Option<&Datum>) -> String {
        let owner = |owner: &Option<Owner>| match owner {
            None => String::new(),
            Some(owner) => format!(" {}", owner.0),
        };
        match (input, output) {
            (LockInput::Acquire(by), Some(token)) => format!("acquire{} -> {token}", owner(by)),
            (LockInput::Acquire(by), None) => format!("acquire{}", owner(by)),
            (LockInput::Release(by), _) => format!("release{}", owner(by)),
        }
    }

    fn is_read(&self, _: &Input) -> bool {
        false
    }

    fn matter(&self, calls: &[Known<'_, Input, Datum>]) -> Vec<bool> {
        matter(calls)
    }

    fn familiar<'a>(&self, state: &'a Fence) -> Option<Familiar<'a>> {
        let holder = match &state.holder {
            None => None,
            Some(owner) => Some((&owner.as_ref()?.0, 1)),
        };
        Some(Familiar::Lock { holder, is_reentrant: false, token: state.token })
    }

    fn deed<'a>(&'a self, input: &'a Input, output: Option<&'a Datum>) -> DeedOf<'a> {
        match (input, output) {
            (LockInput::Acquire(Some(owner)), Some(Datum::Int(token))) => {
                Deed::LockAs(&owner.0, *token)
            }
            (LockInput::Acquire(Some(owner)), None | Some(Datum::Null)) => Deed::Lock(&owner.0),
            (LockInput::Release(Some(owner)), _) => Deed::Unlock(&owner.0),
            _ => Deed::Other,
        }
    }

    /// A token that is not greater than one given out before.
    fn explain(&self, culprit: &FencedCall<'_>, calls: &[FencedCall<'_>]) -> Option<String> {
        let token = token(culprit)?;
        let not_less = calls.iter().filter_map(|call| {
            let before = self::token(call).filter(|&before| before >= token)?;
            Some((before, words::gap(call, culprit)?, words::name(call)))
        });
        let (before, ago, who) = not_less.max_by_key(|(before, ..)| *before)?;
        Some(format!(
            "{} was given token {token}, but {who} had been given {before} and completed {ago} \
             before it began.",
            words::name(culprit),
        ))
    }
}

/// The last token once another acquire was answered this. `None` where it cannot have been.
fn next(last: Option<i64>, output: Option<&Datum>) -> Option<Option<i64>> {
    match output {
        Some(Datum::Int(token)) => (Some(*token) > last).then_some(Some(*token)),
        Some(Datum::Null) | None => match last {
            None => Some(None),
            Some(last) => last.checked_add(1).map(Some),
        },
        Some(_) => None,
    }
}

fn token(call: &FencedCall<'_>) -> Option<i64> {
    match (call.input, call.output) {
        (LockInput::Acquire(_), Some(Datum::Int(token))) => Some(*token),
        _ => None,
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.holder {
            None => f.write_str("free")?,
            Some(None) => f.write_str("held")?,
            Some(Some(owner)) => write!(f, "held by {}", owner.0)?,
        }
        self.token.map_or(Ok(()), |token| write!(f, ", token {token}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, Valid, Verdict, linearizable::Linearizable, notation};

    fn judge(init: Option<&str>, picture: &str) -> Verdict {
        let checker = Linearizable(FencedMutex::from_word(init).unwrap());
        checker.check(&notation::history(picture), &Budget::unlimited())
    }

    #[track_caller]
    fn check(picture: &str, valid: Valid) {
        assert_eq!(judge(None, picture).valid, valid, "{picture}");
    }

    #[test]
    fn tokens_grow_from_holder_to_holder() {
        let first = "0: |- acquire -> 4 -| |- release -|";
        check(&format!("{first} |- acquire -> 9 -|"), Valid::Valid);
        check(&format!("{first} |- acquire -> 4 -|"), Valid::Invalid);
        check(&format!("{first} |- acquire -> null -|"), Valid::Valid);
        assert_eq!(judge(Some("4"), "0: |- acquire -> 4 -|").valid, Valid::Invalid);
        assert_eq!(judge(Some("4"), "0: |- acquire -> 5 -|").valid, Valid::Valid);
    }

    #[test]
    fn two_may_not_hold_it_at_once_whatever_their_tokens() {
        check("0: |- acquire -> 1 -|\n1:   |- acquire -> 2 -|", Valid::Invalid);
        check("0: |- acquire -> 1 -| |- release -~\n1: |- acquire -> 2 --------|", Valid::Valid);
    }

    #[test]
    fn a_crashed_holder_had_a_token_of_its_own() {
        let between = |token| {
            judge(
                Some("0"),
                &format!(
                    "0: |- acquire 1 -> 1 -| |- release 1 -| {:30} |- acquire 1 -> {token} -|
                     1: |- acquire 2 -~
                     2: {:45} |- release 2 -|",
                    "", ""
                ),
            )
        };
        assert_eq!(between(2).valid, Valid::Invalid);
        assert_eq!(between(3).valid, Valid::Valid);
    }

    #[test]
    fn only_the_holder_may_release_where_it_is_known() {
        check("0: |- acquire 1 -> 1 -| |- release 1 -|", Valid::Valid);
        check("0: |- acquire 1 -> 1 -| |- release 2 -|", Valid::Invalid);
    }

    #[test]
    fn a_token_that_did_not_grow_is_explained() {
        let verdict = judge(None, "0: |- acquire -> 4 -| |- release -|  |- acquire -> 3 -|");
        let explanation = &verdict.anomalies[0].explanation;
        let expected = "acquire by process 0 (op 4) was given token 3, but acquire by process 0 \
                        (op 0) had been given 4 and completed 17.0 ms before it began.";
        assert!(explanation.starts_with(expected), "{explanation}");
    }
}
