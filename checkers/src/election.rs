//! Elections: does every term have one leader at most?
//!
//! Nodes are asked who leads. Two answers that name different leaders of the same term make **two
//! leaders**; leaders of different terms may believe in themselves at the same time, and often do.
//!
//! *What this proves:* that the answers agree, term by term (Ongaro & Ousterhout 2014, election
//! safety). *What it does not:* that there is a leader, or that it is obeyed; the details count the
//! answers that knew none. The time it takes is linear.
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{Anomaly, Budget, Checker, Datum, Figure, History, Outcome, Verdict};

/// Checks `leader -> [term, who]`, where `who` may be `null` (none known), and so the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Election;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    Leader,
}

/// Of a term: each leader that was named, with the row that named it first.
type Named = Vec<(Datum, u32)>;

impl Checker for Election {
    /// One anomaly for all terms with several leaders. Unknown if nobody ever named one.
    fn check(&self, history: &History, _: &Budget) -> Verdict {
        let calls = match history.calls::<Input, Option<(i64, Datum)>>() {
            Ok(calls) => calls,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let mut terms: BTreeMap<i64, Named> = BTreeMap::new();
        let (mut answers, mut without) = (0, 0);
        for call in calls {
            let Outcome::Ok { completed, output } = call.outcome else { continue };
            answers += 1;
            let Some((term, who)) = output.filter(|(_, who)| !who.is_null()) else {
                without += 1;
                continue;
            };
            let named = terms.entry(term).or_default();
            if named.iter().all(|(other, _)| *other != who) {
                named.push((who, completed));
            }
        }
        let split: Vec<_> = terms.iter().filter(|(_, named)| named.len() > 1).collect();
        let verdict = match (&split[..], terms.len()) {
            (_, 0) => Verdict::unknown("nobody ever knew a leader"),
            ([], _) => Verdict::valid(),
            (split, _) => Verdict::of(vec![anomaly(history, split)]),
        };
        verdict
            .with("answers", answers)
            .with("without_leader", without)
            .with("terms", terms.len())
            .with("split_terms", split.len())
    }
}

fn anomaly(history: &History, split: &[(&i64, &Named)]) -> Anomaly {
    let op = |row: u32| history.op(row).index;
    let line = |(term, named): &(&i64, &Named)| {
        let leaders: Vec<Value> = named.iter().map(|(who, _)| Value::from(who)).collect();
        let ops: Vec<u32> = named.iter().map(|(_, row)| op(*row)).collect();
        vec![Value::from(**term), leaders.into(), ops.into()]
    };
    let (term, named) = split[0];
    let explanation = format!(
        "{} more than one leader. The first: term {term}, led by {} (op {}) and by {} (op {}).",
        if split.len() == 1 { "1 term had".into() } else { format!("{} terms had", split.len()) },
        named[0].0,
        op(named[0].1),
        named[1].0,
        op(named[1].1),
    );
    let head = ["term", "leaders", "leader"];
    Anomaly::new("two-leaders", explanation, Figure::table(&head, split.iter().map(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(picture: &str, valid: Valid) -> Verdict {
        let verdict = Election.check(&notation::history(picture), &Budget::unlimited());
        assert_eq!(verdict.valid, valid, "{verdict:?}");
        verdict
    }

    #[test]
    fn a_term_has_one_leader() {
        check(r#"0: |- leader -> [1,"n1"] -| |- leader -> [2,"n2"] -|"#, Valid::Valid);
        let split = r#"0: |- leader -> [1,"n1"] -|
                       1: |- leader -> [2,"n1"] -|  |- leader -> [2,"n2"] -|"#;
        let verdict = check(split, Valid::Invalid);
        let expected = r#"The first: term 2, led by "n1" (op 3) and by "n2" (op 5)."#;
        assert!(verdict.anomalies[0].explanation.ends_with(expected), "{verdict:?}");
    }

    #[test]
    fn who_knows_no_leader_says_nothing_of_the_term() {
        let picture =
            r#"0: |- leader -> [1,"n1"] -| |- leader -> [1,null] -| |- leader -> null -|"#;
        assert_eq!(check(picture, Valid::Valid).details["without_leader"], 2);
        check("0: |- leader -> [1,null] -|", Valid::Unknown);
    }
}
