//! From what was found to one word, one reason, one exit code. A violation dominates.
use checkers::{Valid, Verdict};

use super::Circumstances;
use crate::result::{FaultWindow, PropertyStatus, Reason, RunResult, RunVerdict, VerdictValue};

/// Before anything is decided.
pub(super) fn undecided() -> RunVerdict {
    RunVerdict::new(VerdictValue::Unknown, Reason::Vacuous, "nothing was judged")
}

pub(super) fn status(valid: Valid) -> PropertyStatus {
    match valid {
        Valid::Valid => PropertyStatus::Pass,
        Valid::Unknown => PropertyStatus::Unknown,
        Valid::Invalid => PropertyStatus::Fail,
    }
}

/// Why the checker could not tell, from wherever it said so first.
pub(super) fn why(verdict: &Verdict) -> String {
    let below = || {
        let unknown = verdict.parts.iter().find(|(_, part)| part.valid == Valid::Unknown);
        unknown.map(|(name, part)| format!("{name}: {}", why_one(part)))
    };
    verdict.why().map(str::to_owned).or_else(below).unwrap_or_else(|| "nobody could tell".into())
}

fn why_one(verdict: &Verdict) -> &str {
    verdict.why().unwrap_or("nobody could tell")
}

/// The verdict of a run.
pub(super) fn of_run(
    result: &RunResult,
    verdict: &Verdict,
    circumstances: &Circumstances,
) -> RunVerdict {
    let has_failed = result.properties.iter().any(|p| p.status == PropertyStatus::Fail);
    if has_failed && verdict.valid != Valid::Invalid {
        return violation(result);
    }
    if let Some(decided) = of_checker(result, verdict) {
        return decided;
    }
    let unknown = |reason, why: &str| RunVerdict::new(VerdictValue::Unknown, reason, why);
    if circumstances.interrupted.is_some() {
        return unknown(Reason::Interrupted, "stopped by the user; nothing wrong until then");
    }
    if result.evidence.ops_ok == 0 {
        let cause = result.stats.errors.first().map_or("no answers", |e| &e.error);
        let why = format!("no call succeeded, so nothing is known of the system: {cause}");
        return unknown(Reason::Vacuous, &why);
    }
    let is_blunt = |fault: &&FaultWindow| !fault.effective;
    if result.faults.iter().any(|f| is_blunt(&f)) {
        return unknown(Reason::FaultNotEffective, &result.evidence.missing.join("; "));
    }
    if !result.evidence.missing.is_empty() {
        return unknown(Reason::Vacuous, &result.evidence.missing.join("; "));
    }
    let faults = match result.faults.len() {
        0 => "without faults".to_owned(),
        1 => "under 1 fault".to_owned(),
        n => format!("under {n} faults"),
    };
    let summary = format!("{} {faults}, all of them seen to work", praise(result));
    let summary =
        if result.faults.is_empty() { format!("{} {faults}", praise(result)) } else { summary };
    RunVerdict::new(VerdictValue::Pass, Reason::Ok, summary)
}

/// The verdict of a bare history.
pub(super) fn of_history(result: &RunResult, verdict: &Verdict) -> RunVerdict {
    of_checker(result, verdict)
        .unwrap_or_else(|| RunVerdict::new(VerdictValue::Pass, Reason::Ok, praise(result)))
}

/// What the checker decides alone: a violation, that it could not tell, or that it broke.
fn of_checker(result: &RunResult, verdict: &Verdict) -> Option<RunVerdict> {
    if verdict.valid == Valid::Invalid {
        return Some(violation(result));
    }
    if verdict.details.get("bug").is_some_and(|bug| bug == true) {
        return Some(RunVerdict::new(VerdictValue::Error, Reason::Internal, why(verdict)));
    }
    if verdict.valid == Valid::Unknown {
        let is_empty = result.evidence.ops_ok == 0;
        let reason = if is_empty { Reason::Vacuous } else { Reason::CheckerBudget };
        return Some(RunVerdict::new(VerdictValue::Unknown, reason, why(verdict)));
    }
    None
}

fn violation(result: &RunResult) -> RunVerdict {
    let first = result.anomalies.first();
    let summary = first.map_or("a property is violated", |a| &a.explanation);
    RunVerdict::new(VerdictValue::Fail, Reason::Violation, summary)
}

fn praise(result: &RunResult) -> String {
    let calls = result.stats.ops.total;
    let name = &result.workload.name;
    let name = if name.is_empty() { "history" } else { name };
    format!("{name} holds over {calls} calls ({} ok)", result.stats.ops.ok)
}

#[cfg(test)]
mod tests {
    use checkers::{Anomaly, Figure, Verdict};

    use super::*;
    use crate::{exit::Exit, findings::empty, run::Interrupt};

    /// A result with so many calls that succeeded.
    fn result(ops_ok: u64) -> RunResult {
        let mut result = empty();
        result.evidence.ops_ok = ops_ok;
        result
    }

    fn exit(result: &RunResult, verdict: &Verdict, circumstances: &Circumstances) -> u8 {
        of_run(result, verdict, circumstances).exit_code
    }

    fn violated() -> Verdict {
        let figure = Figure::Table { head: Vec::new(), rows: Vec::new() };
        let (name, explanation) = ("lost".to_owned(), "one is lost".to_owned());
        Verdict::of(vec![Anomaly { name, key: None, explanation, figure }])
    }

    fn stopped() -> Circumstances {
        Circumstances { interrupted: Some(Interrupt::Int), ..Circumstances::default() }
    }

    #[test]
    fn a_violation_dominates_everything() {
        let mut poor = result(0);
        poor.evidence.missing.push("everything".into());
        assert_eq!(exit(&poor, &violated(), &stopped()), Exit::Violation.code());
    }

    #[test]
    fn no_answers_prove_nothing() {
        let decided = of_run(&result(0), &Verdict::valid(), &Circumstances::default());
        assert_eq!(decided.exit_code, Exit::Inconclusive.code());
        assert!(decided.summary.contains("no call succeeded"));
    }

    #[test]
    fn missing_evidence_makes_a_pass_inconclusive() {
        let mut poor = result(500);
        assert_eq!(exit(&poor, &Verdict::valid(), &Circumstances::default()), 0);
        poor.evidence.missing.push("no read succeeded after healing".into());
        assert_eq!(exit(&poor, &Verdict::valid(), &Circumstances::default()), 2);
    }

    #[test]
    fn a_fault_without_effect_makes_a_pass_inconclusive() {
        let mut blunt = result(500);
        blunt.faults.push(FaultWindow::default());
        let decided = of_run(&blunt, &Verdict::valid(), &Circumstances::default());
        assert_eq!((decided.exit_code, decided.reason), (2, Reason::FaultNotEffective));
    }

    #[test]
    fn limits_and_bugs_of_ours_are_not_the_systems() {
        let fine = Circumstances::default();
        assert_eq!(exit(&result(500), &Verdict::unknown("out of time"), &fine), 2);
        let bug = Verdict::unknown("bug in checker x: y").with("bug", true);
        assert_eq!(exit(&result(500), &bug, &fine), Exit::Bug.code());
        assert_eq!(exit(&result(500), &Verdict::valid(), &stopped()), Exit::Interrupted.code());
    }
}
