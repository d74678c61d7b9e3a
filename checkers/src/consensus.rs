//! One-shot consensus: do all agree, for good, on something that was proposed?
//!
//! The four properties of the problem (Cachin, Guerraoui & Rodrigues 2011, §5.1), as far as answers
//! show them:
//!
//! * agreement: two answers with different decisions are a **disagreement**;
//! * validity: a decision that nobody had proposed by then was **not proposed**;
//! * integrity: a process that was told the decision, and later that there is none, makes it
//!   **forgotten**;
//! * termination: who asks in the end and waits as long as the system needs, yet is told that
//!   nothing was decided, while no other answer knows a decision either, finds it **undecided**.
//!
//! *What this proves:* safety of what was answered. Termination is judged by `await` alone, which
//! proposes as well, so that there is something to decide; who is not answered proves nothing. *What
//! it does not:* integrity where a client moves from node to node, since one that has not learnt
//! of the decision yet may say so. The time it takes is linear.
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::Value;

use crate::{Anomaly, Budget, Call, Checker, Datum, Figure, History, Outcome, Process, Verdict};

/// Checks one instance: `propose v -> decision`, `read -> decision`, and in the end
/// `await v -> decision`; each may answer `null`: nothing was decided yet, as far as is known here.
/// Wants [`crate::Independent`] around it where there are several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Consensus;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    Propose(Datum),
    Read,
    Await(Datum),
}

/// A row that shows something wrong, with what is said of it, beside the row it contradicts.
struct Clash {
    name: &'static str,
    row: u32,
    said: Datum,
    against: Option<u32>,
}

impl Checker for Consensus {
    /// One anomaly a kind. Unknown if nobody was told a decision.
    fn check(&self, history: &History, _: &Budget) -> Verdict {
        let calls = match history.calls::<Input, Datum>() {
            Ok(calls) => calls,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let answers = answers(&calls);
        let decisions = answers.iter().filter(|(.., said)| !said.is_null()).count();
        let mut clashes = disagreements(&answers);
        clashes.extend(not_proposed(&calls, &answers));
        clashes.extend(forgotten(&answers));
        if decisions == 0 {
            clashes.extend(undecided(&calls));
        }
        let kinds = ["disagreement", "not-proposed", "forgotten", "undecided"];
        let anomalies = kinds.into_iter().filter_map(|name| {
            let of: Vec<&Clash> = clashes.iter().filter(|clash| clash.name == name).collect();
            (!of.is_empty()).then(|| anomaly(history, name, &of))
        });
        let verdict = Verdict::of(anomalies.collect());
        let verdict = match verdict.anomalies.len() + decisions {
            0 => Verdict::unknown("nobody was told a decision"),
            _ => verdict,
        };
        verdict.with("answers", answers.len()).with("decisions", decisions)
    }
}

/// The answers in order: row, process, and what was said.
fn answers(calls: &[Call<Input, Datum>]) -> Vec<(u32, Process, &Datum)> {
    let answers = calls.iter().filter_map(|call| match &call.outcome {
        Outcome::Ok { completed, output } => Some((*completed, call.process, output)),
        _ => None,
    });
    let mut answers: Vec<_> = answers.collect();
    answers.sort_unstable_by_key(|(row, ..)| *row);
    answers
}

/// Answers unlike the first decision.
fn disagreements(answers: &[(u32, Process, &Datum)]) -> Vec<Clash> {
    let mut decided = answers.iter().filter(|(.., said)| !said.is_null());
    let Some((first, _, decision)) = decided.next() else { return Vec::new() };
    let others = decided.filter(|(.., said)| said != decision);
    let clash = |(row, _, said): &(u32, Process, &Datum)| Clash {
        name: "disagreement",
        row: *row,
        said: (*said).clone(),
        against: Some(*first),
    };
    others.map(clash).collect()
}

/// Decisions that nobody had proposed before they were told.
fn not_proposed(calls: &[Call<Input, Datum>], answers: &[(u32, Process, &Datum)]) -> Vec<Clash> {
    let mut proposed: FxHashMap<&Datum, u32> = FxHashMap::default();
    for call in calls.iter().filter(|call| call.outcome != Outcome::Fail) {
        if let Input::Propose(value) | Input::Await(value) = &call.input {
            proposed.entry(value).or_insert(call.invoked);
        }
    }
    let is_odd = |(row, _, said): &&(u32, Process, &Datum)| {
        !said.is_null() && proposed.get(*said).is_none_or(|invoked| invoked > row)
    };
    let clash = |(row, _, said): &(u32, Process, &Datum)| Clash {
        name: "not-proposed",
        row: *row,
        said: (*said).clone(),
        against: None,
    };
    answers.iter().filter(is_odd).map(clash).collect()
}

/// Answers that know of no decision, by processes that had been told one.
fn forgotten(answers: &[(u32, Process, &Datum)]) -> Vec<Clash> {
    let mut told: FxHashMap<Process, u32> = FxHashMap::default();
    let mut clashes = Vec::new();
    for (row, process, said) in answers {
        if !said.is_null() {
            told.insert(*process, *row);
        } else if let Some(before) = told.get(process) {
            let (said, against) = (Datum::Null, Some(*before));
            clashes.push(Clash { name: "forgotten", row: *row, said, against });
        }
    }
    clashes
}

/// Who waited in vain.
fn undecided(calls: &[Call<Input, Datum>]) -> Vec<Clash> {
    let waited = calls.iter().filter_map(|call| match (&call.input, &call.outcome) {
        (Input::Await(_), Outcome::Ok { completed, .. }) => Some(*completed),
        _ => None,
    });
    let clash = |row| Clash { name: "undecided", row, said: Datum::Null, against: None };
    waited.map(clash).collect()
}

fn anomaly(history: &History, name: &'static str, clashes: &[&Clash]) -> Anomaly {
    let op = |row: u32| history.op(row).index;
    let node = |row: u32| history.op(row).node.map_or(Value::Null, Value::from);
    let line = |clash: &&Clash| {
        let against = clash.against.map_or(Value::Null, |row| op(row).into());
        vec![op(clash.row).into(), node(clash.row), Value::from(&clash.said), against]
    };
    let Clash { row, said, against, .. } = clashes[0];
    let (row, other) = (op(*row), against.map_or(0, op));
    let explanation = match name {
        "disagreement" => format!("Op {row} was told {said}, but op {other} another decision."),
        "not-proposed" => format!("Op {row} was told {said}, which nobody had proposed by then."),
        "forgotten" => format!(
            "Op {row} was told that nothing is decided, but op {other} of the same process had been \
             told the decision."
        ),
        _ => format!("Op {row} waited for a decision, and nobody was ever told one."),
    };
    let head = ["op", "node", "was told", "unlike op"];
    Anomaly::new(name, explanation, Figure::table(&head, clashes.iter().map(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(picture: &str, anomalies: &[&str]) -> Verdict {
        let verdict = Consensus.check(&notation::history(picture), &Budget::unlimited());
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{picture}: {verdict:?}");
        verdict
    }

    #[test]
    fn all_agree() {
        let first = "0: |- propose 1 -> 1 -|\n1: |- propose 2 -> ";
        check(&format!("{first}1 -|"), &[]);
        check(&format!("{first}2 -|"), &["disagreement"]);
        check(&format!("{first}null -| |- read -> 1 -|"), &[]);
    }

    #[test]
    fn what_is_decided_was_proposed() {
        check("0: |- propose 1 -> 7 -|", &["not-proposed"]);
        check("0: |- propose 7 -x |- propose 1 -> 7 -|", &["not-proposed"]);
        check("0: |- propose 1 -> 7 -| |- propose 7 -> 7 -|", &["not-proposed"]);
        check("0: |- propose 7 -~\n1: |- propose 1 -> 7 -|", &[]);
    }

    #[test]
    fn a_decision_is_for_good_but_not_everybody_knows_at_once() {
        check("0: |- propose 1 -> 1 -| |- read -> null -|", &["forgotten"]);
        check("0: |- propose 1 -> 1 -|\n1: |- read -> null -------------|", &[]);
    }

    #[test]
    fn who_waits_in_the_end_is_told() {
        check("0: |- propose 1 -> null -| |- await 2 -> null -|", &["undecided"]);
        check("0: |- propose 1 -> null -| |- await 2 -> 2 -|", &[]);
        check("0: |- await 2 -> null -| |- await 2 -> 2 -|", &[]);
        let silent = check("0: |- propose 1 -> null -| |- await 2 -~", &[]);
        assert_eq!(silent.valid, Valid::Unknown);
    }
}
