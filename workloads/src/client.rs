//! The contract between a workload and a system: one client a process, one call at a time.
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
    /// [`Failure::Definite`] only when it is proved that nothing happened; everything else is
    /// [`Failure::Indefinite`], and that is what `?` makes of any error. A client never retries:
    /// a second attempt would be a second op, and the history would not know.
    async fn invoke(&mut self, op: &Op) -> Result<Value, Failure>;
}

/// How a call can go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It certainly did not happen, and never will.
    Definite(String),
    /// It may have happened, or may yet. When in doubt, this is always right.
    Indefinite(String),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Indefinite(format!("{:#}", error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_answer_is_the_safe_one() {
        let parse = || -> Result<u32, Failure> { Ok("x".parse::<u32>()?) };
        assert!(matches!(parse(), Err(Failure::Indefinite(_))));
    }
}
