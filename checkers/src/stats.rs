//! How much was asked, and how it ended: too little traffic proves nothing.
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use crate::{Budget, Checker, History, Kind, Process, Verdict};

/// How many client ops of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Questions.
    pub invoke: u64,
    /// Answers.
    pub ok: u64,
    /// Certain failures.
    pub fail: u64,
    /// Nobody knows; without those that never completed.
    pub info: u64,
}

/// Counts by function.
pub fn by_f(history: &History) -> BTreeMap<&str, Counts> {
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    for op in history.ops().filter(|op| op.process != Process::Nemesis) {
        let of_f = counts.entry(op.f).or_default();
        *match op.kind {
            Kind::Invoke => &mut of_f.invoke,
            Kind::Ok => &mut of_f.ok,
            Kind::Fail => &mut of_f.fail,
            Kind::Info => &mut of_f.info,
        } += 1;
    }
    counts
}

/// Functions that end the client that is asked, so that none of their calls succeeds.
pub const NEVER_OK: &[&str] = &["crash"];

/// Unknown where a function that was asked for never succeeded; never invalid.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats;

impl Checker for Stats {
    fn check(&self, history: &History, _: &Budget) -> Verdict {
        let counts = by_f(history);
        let vain = counts.iter().filter(|(f, count)| count.ok == 0 && !NEVER_OK.contains(f));
        let vain: Vec<_> = vain.map(|(f, _)| *f).collect();
        let verdict = match &vain[..] {
            _ if counts.is_empty() => Verdict::unknown("no client invoked anything"),
            [] => Verdict::valid(),
            vain => Verdict::unknown(format!("no `{}` ever succeeded", vain.join("`, no `"))),
        };
        verdict.with("by_f", json!(counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[test]
    fn a_function_that_never_succeeds_is_named() {
        let history = notation::history("0: |- read -| |- write 1 -x |- cas [1,2] -~");
        let verdict = Stats.check(&history, &Budget::unlimited());
        assert_eq!(verdict.valid, Valid::Unknown);
        assert_eq!(verdict.why(), Some("no `cas`, no `write` ever succeeded"));
        assert_eq!(by_f(&history)["write"], Counts { invoke: 1, fail: 1, ..Counts::default() });
    }

    #[test]
    fn what_never_succeeds_need_not() {
        let history = notation::history("0: |- read -| |- crash -~");
        assert_eq!(Stats.check(&history, &Budget::unlimited()).valid, Valid::Valid);
    }

    #[test]
    fn one_success_of_each_is_enough() {
        let history = notation::history("0: |- read -| |- write 1 -x |- write 2 -|");
        assert_eq!(Stats.check(&history, &Budget::unlimited()).valid, Valid::Valid);
    }
}
