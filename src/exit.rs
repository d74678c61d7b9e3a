//! Exit codes, the same in every subcommand.
use crate::result::{Reason, VerdictValue};

/// How netsplit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything judged holds.
    Pass,
    /// 1: a safety property is violated.
    Violation,
    /// 2: nobody can tell.
    Inconclusive,
    /// 3: an objective is missed.
    Objective,
    /// 64: the command or its configuration is wrong.
    Usage,
    /// 70: a bug in netsplit.
    Bug,
    /// 75: nodes or services are missing; worth retrying.
    Infrastructure,
    /// 130: interrupted by the user, after healing.
    Interrupted,
    /// 143: terminated, after healing.
    Terminated,
}

impl Exit {
    /// The number for the shell.
    pub fn code(self) -> u8 {
        match self {
            Exit::Pass => 0,
            Exit::Violation => 1,
            Exit::Inconclusive => 2,
            Exit::Objective => 3,
            Exit::Usage => 64,
            Exit::Bug => 70,
            Exit::Infrastructure => 75,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        }
    }

    /// The exit that belongs to a verdict.
    pub fn of(value: VerdictValue, reason: Reason) -> Exit {
        match (value, reason) {
            (_, Reason::Internal) => Exit::Bug,
            (VerdictValue::Pass, _) => Exit::Pass,
            (VerdictValue::Fail, Reason::Objective) => Exit::Objective,
            (VerdictValue::Fail, _) => Exit::Violation,
            (_, Reason::Interrupted) => Exit::Interrupted,
            (VerdictValue::Error, _) => Exit::Infrastructure,
            (VerdictValue::Unknown, _) => Exit::Inconclusive,
        }
    }

    /// Of several at once, the one to exit with: 1 > 70 > 75 > 2 > 3 > 0, so that a violation is
    /// never masked.
    #[must_use]
    pub fn worse(self, other: Exit) -> Exit {
        let gravity = |e: Exit| match e {
            Exit::Violation => 8,
            Exit::Bug => 7,
            Exit::Infrastructure => 6,
            Exit::Usage => 5,
            Exit::Interrupted | Exit::Terminated => 4,
            Exit::Inconclusive => 3,
            Exit::Objective => 2,
            Exit::Pass => 0,
        };
        if gravity(other) > gravity(self) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_dominates() {
        for other in [Exit::Bug, Exit::Infrastructure, Exit::Inconclusive, Exit::Interrupted] {
            assert_eq!(other.worse(Exit::Violation), Exit::Violation);
            assert_eq!(Exit::Violation.worse(other), Exit::Violation);
        }
        assert_eq!(Exit::Objective.worse(Exit::Inconclusive), Exit::Inconclusive);
    }
}
