//! Does each process see what it wrote and what it saw, in that order?
//!
//! The four session guarantees (read your writes, monotonic reads, monotonic writes, writes follow
//! reads: Terry et al. 1994) together are causal consistency (Brzeziński, Sobaniec & Wawrzyniak
//! 2004). They are judged by [`crate::weaker`] on registers of distinct values.
//!
//! *What this proves:* where it finds something, that causality is broken; else, that no process
//! lost sight of what came before what it saw, as far as each guarantee by itself can tell. *What
//! it does not:* that one order keeps all four at once, or that anybody ever sees what others
//! wrote; a process that lives by itself is causal. A process ends with a call that crashed, and
//! with it what it may rely on.
use crate::{
    Independent,
    linearizable::Linearizable,
    model::Register,
    weaker::{Demanded, level},
};

/// Checks `read` and `write` of registers, one a key.
pub fn causal() -> Demanded<Independent<Linearizable<Register>>, Register> {
    let level = level("sessions").expect("in the list of levels");
    let weaker = Register::default();
    Demanded { level, strong: Independent(Linearizable(weaker.clone())), weaker }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Checker, notation};

    #[track_caller]
    fn check(picture: &str, anomalies: &[&str]) {
        let verdict = causal().check(&notation::history(picture), &Budget::unlimited());
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{verdict:?}");
    }

    #[test]
    fn who_wrote_reads_no_less() {
        check("0: |- [1] write 1 -| |- [1] read -> null -|", &["not-read-your-writes"]);
        check(
            "0: |- [1] write 1 -| |- [1] read -> 1 -| |- [1] write 2 -| |- [1] read -> 2 -|",
            &[],
        );
    }

    #[test]
    fn who_read_does_not_forget() {
        check(
            "0: |- [1] write 1 -|
             1:                   |- [1] write 2 -|
             2:                                     |- [1] read -> 2 -| |- [1] read -> 1 -|
             3:                   |- [1] read -> 1 -|  |- [1] read -> 2 -|",
            &["not-monotonic-reads"],
        );
    }

    #[test]
    fn who_comes_late_may_see_the_past() {
        check(
            "0: |- [1] write 1 -| |- [1] write 2 -|
             1:                                     |- [1] read -> 1 -| |- [1] read -> 2 -|",
            &[],
        );
    }
}
