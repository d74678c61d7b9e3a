//! The contract between a workload and a system: one client a process, one call at a time.
use std::fmt;

use async_trait::async_trait;
use checkers::Op;
use serde_json::Value;

/// A connection of one process to one node.
#[async_trait]
pub trait Client: Send {
    /// Asks the system to do `op` and returns its answer: for a read the value read, for anything
    /// else whatever the checker wants to know (often `op.value` again).
    ///
    /// # Errors
    /// [`Failure::Definite`] only when it is proved that nothing happened; everything else is in
    /// doubt, and that is what `?` makes of any error. A client never retries: a second attempt
    /// would be a second op, and the history would not know.
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure>;
}

/// How a call can go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It certainly did not happen, and never will.
    Definite(String),
    /// It may have happened, or may yet. When in doubt, this is always right.
    Indefinite(String),
    /// The same, for a reason that the client did not think of. The result lists these apart: where
    /// there are any, the system, or its client, is not what its author took it for.
    Unforeseen(String),
}

/// What an unforeseen error begins with in a history.
pub const UNFORESEEN: &str = "unforeseen: ";

/// What may well go wrong, such as a connection that is cut: as an error, or as the context of one,
/// it makes the failure that `?` makes of it [`Failure::Indefinite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreseen(pub &'static str);

impl fmt::Display for Foreseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Foreseen {}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        let error = error.into();
        let text = format!("{error:#}");
        match error.is::<Foreseen>() {
            true => Failure::Indefinite(text),
            false => Failure::Unforeseen(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_short_answer_is_the_safe_one() {
        let parse = || -> Result<u32, Failure> { Ok("x".parse::<u32>()?) };
        assert_eq!(parse(), Err(Failure::Unforeseen("invalid digit found in string".into())));
    }

    #[test]
    fn what_was_foreseen_stays_so_whatever_is_said_of_it() {
        let cut = || Err::<u32, _>(fmt::Error).context(Foreseen("half an answer"));
        let asked = || -> Result<u32, Failure> { Ok(cut().context("of n3")?) };
        let Err(Failure::Indefinite(why)) = asked() else { panic!("{:?}", asked()) };
        assert!(why.starts_with("of n3: half an answer: "), "{why}");
        let bare = || -> Result<u32, Failure> { Err(Foreseen("closed"))? };
        assert_eq!(bare(), Err(Failure::Indefinite("closed".into())));
    }
}
