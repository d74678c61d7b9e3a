//! Leases: does one owner at a time believe that it holds each, and do their tokens grow?
//!
//! An owner that was granted a lease may believe in it from the moment it was told until so long
//! after it asked as the lease lasts, or until it begins to give it back: a clock that starts when
//! the question is sent is never behind the one that started when it was granted. If somebody else
//! may believe the same at any of these moments, there are **two holders**. Two owners with the
//! same fencing token make it a **same token**, and one that is less than a token that had been
//! told before the lease was asked for a **stale token**: storage that turns away old tokens would
//! then turn away the holder.
//!
//! *What this proves:* mutual exclusion as clients can see it, on the one clock that wrote the
//! history. A system whose nodes count on clocks of equal rate breaks it where rates differ: that is
//! a finding, about the assumption. *What it does not:* anything about leases whose grant nobody
//! was told of. The time it takes is that of sorting.
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Anomaly, Budget, Checker, Datum, Figure, History, Malformed, Nanos, Outcome, Verdict};

/// Checks one lease: `acquire owner -> [token, ttl_ms]`, `renew owner -> [token, ttl_ms]`,
/// `release owner`. A `ttl_ms` of `null` is a lease until it is given back. Wants
/// [`crate::Independent`] around it where there are several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lease;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    Acquire(Datum),
    Renew(Datum),
    Release(Datum),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Granted(Option<i64>, Option<u64>),
    Other(serde::de::IgnoredAny),
}

/// What an owner was told, and so may believe.
struct Grant {
    owner: Datum,
    token: Option<i64>,
    invoked: u32,
    completed: u32,
    from: Nanos,
    until: Nanos,
}

impl Checker for Lease {
    /// One anomaly a kind. Unknown if the lease was never granted.
    fn check(&self, history: &History, _: &Budget) -> Verdict {
        let grants = match grants(history) {
            Ok(grants) => grants,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let kinds = [
            ("two-holders", "both held it", two_holders(&grants)),
            ("same-token", "were given the same token", same_token(&grants)),
            ("stale-token", "were given tokens that went back", stale_token(&grants)),
        ];
        let found = kinds.into_iter().filter(|(.., pairs)| !pairs.is_empty());
        let anomalies = found.map(|(name, what, pairs)| anomaly(history, name, what, &pairs));
        let verdict = match grants.len() {
            0 => Verdict::unknown("the lease was never granted"),
            _ => Verdict::of(anomalies.collect()),
        };
        verdict.with("grants", grants.len())
    }
}

/// Every grant, in order of what owners believe: the earliest first.
fn grants(history: &History) -> Result<Vec<Grant>, Malformed> {
    let mut grants: Vec<Grant> = Vec::new();
    let mut releases: FxHashMap<Datum, Vec<Nanos>> = FxHashMap::default();
    for call in history.calls::<Input, Answer>()? {
        let asked = history.op(call.invoked).time;
        match (call.input, call.outcome) {
            // Whoever gives it back, believes in it no more, however the call ends.
            (Input::Release(owner), _) => releases.entry(owner).or_default().push(asked),
            (
                Input::Acquire(owner) | Input::Renew(owner),
                Outcome::Ok { completed, output: Answer::Granted(token, ttl_ms) },
            ) => {
                let from = history.op(completed).time;
                let lasts = ttl_ms.map_or(Nanos::MAX, |ms| ms.saturating_mul(1_000_000));
                let until = asked.saturating_add(lasts);
                let invoked = call.invoked;
                grants.push(Grant { owner, token, invoked, completed, from, until });
            }
            _ => (),
        }
    }
    for grant in &mut grants {
        if let Some(times) = releases.get(&grant.owner) {
            // Invocations are in order of time.
            let next = times.get(times.partition_point(|&time| time < grant.from));
            grant.until = next.map_or(grant.until, |&time| time.min(grant.until));
        }
    }
    grants.sort_by_key(|grant| (grant.from, grant.completed));
    Ok(grants)
}

type Pairs<'g> = Vec<(&'g Grant, &'g Grant)>;

/// Grants that began while another owner's ran.
fn two_holders(grants: &[Grant]) -> Pairs<'_> {
    let mut pairs = Vec::new();
    // Of those that began before, the two that run the longest, of different owners.
    let mut longest: Option<&Grant> = None;
    let mut other: Option<&Grant> = None;
    for grant in grants.iter().filter(|grant| grant.from < grant.until) {
        let rivals = [longest, other].into_iter().flatten();
        let rival = rivals.filter(|rival| rival.owner != grant.owner).max_by_key(|r| r.until);
        if let Some(rival) = rival.filter(|rival| rival.until > grant.from) {
            pairs.push((rival, grant));
        }
        match longest {
            Some(held) if held.until >= grant.until => {
                let is_better = other.is_none_or(|other| other.until < grant.until);
                if held.owner != grant.owner && is_better {
                    other = Some(grant);
                }
            }
            _ => {
                if longest.is_some_and(|held| held.owner != grant.owner) {
                    other = longest;
                }
                longest = Some(grant);
            }
        }
    }
    pairs
}

/// Grants of a token that another owner had been given.
fn same_token(grants: &[Grant]) -> Pairs<'_> {
    let mut first: FxHashMap<i64, &Grant> = FxHashMap::default();
    let mut pairs = Vec::new();
    for grant in grants {
        let Some(token) = grant.token else { continue };
        let before = *first.entry(token).or_insert(grant);
        if before.owner != grant.owner {
            pairs.push((before, grant));
        }
    }
    pairs
}

/// Grants of a token less than one that had been told before they were asked for.
fn stale_token(grants: &[Grant]) -> Pairs<'_> {
    let mut told: Vec<&Grant> = grants.iter().filter(|grant| grant.token.is_some()).collect();
    let mut asked = told.clone();
    told.sort_by_key(|grant| grant.completed);
    asked.sort_by_key(|grant| grant.invoked);
    let mut told = told.into_iter().peekable();
    let mut greatest: Option<&Grant> = None;
    let mut pairs = Vec::new();
    for grant in asked {
        while let Some(before) = told.next_if(|before| before.completed < grant.invoked) {
            if greatest.is_none_or(|greatest| greatest.token < before.token) {
                greatest = Some(before);
            }
        }
        if let Some(greatest) = greatest.filter(|greatest| greatest.token > grant.token) {
            pairs.push((greatest, grant));
        }
    }
    pairs
}

fn anomaly(history: &History, name: &str, what: &str, pairs: &Pairs<'_>) -> Anomaly {
    let op = |grant: &Grant| history.op(grant.invoked).index;
    let cells = |grant: &Grant| -> [Value; 4] {
        let until = if grant.until == Nanos::MAX { Value::Null } else { grant.until.into() };
        [
            Value::from(&grant.owner),
            op(grant).into(),
            json!(grant.token),
            json!([grant.from, until]),
        ]
    };
    let line = |(one, other): &(&Grant, &Grant)| [cells(one), cells(other)].concat();
    let (one, other) = pairs[0];
    let token = |grant: &Grant| grant.token.map_or_else(String::new, |t| format!(", token {t}"));
    let explanation = format!(
        "{} {what}. The first: owner {} (op {}{}) and owner {} (op {}{}).",
        if pairs.len() == 1 {
            "2 owners".into()
        } else {
            format!("{} pairs of owners", pairs.len())
        },
        one.owner,
        op(one),
        token(one),
        other.owner,
        op(other),
        token(other),
    );
    let head =
        ["owner", "op", "token", "held, ns", "other", "other op", "its token", "it held, ns"];
    Anomaly::new(name, explanation, Figure::table(&head, pairs.iter().map(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(picture: &str, anomalies: &[&str]) -> Verdict {
        let verdict = Lease.check(&notation::history(picture), &Budget::unlimited());
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{picture}: {verdict:?}");
        verdict
    }

    #[test]
    fn a_lease_runs_from_the_answer_until_its_time_after_the_question() {
        // Asked in column 1, so that 60 ms run until column 61.
        let first = "0: |- acquire 0 -> [1,60] -|\n1: ";
        check(&format!("{first}{:30}|- acquire 1 -> [2,60] -|", ""), &["two-holders"]);
        check(&format!("{first}{:40}|- acquire 1 -> [2,60] -|", ""), &[]);
    }

    #[test]
    fn who_gives_it_back_holds_it_no_more() {
        let first = "0: |- acquire 0 -> [1,null] -| |- release 0 -?";
        check(&format!("{first}\n1: {:9}|- acquire 1 -> [2,60] -|", ""), &[]);
        check(&format!("{first}\n1: |- acquire 1 -> [2,60] -|"), &["two-holders"]);
    }

    #[test]
    fn a_renewed_lease_runs_longer() {
        let renewed = "0: |- acquire 0 -> [1,30] -| |- renew 0 -> [1,90] -|";
        check(&format!("{renewed}\n1: {:55}|- acquire 1 -> [2,9] -|", ""), &[]);
        check(&format!("{renewed}\n1: {:55}|- acquire 1 -> [2,90] -|", ""), &["two-holders"]);
        let early = format!("{renewed}\n1: {:30}|- acquire 1 -> [2,90] -|", "");
        check(&early, &["two-holders"]);
    }

    #[test]
    fn tokens_tell_owners_apart_and_grow() {
        let first = "0: |- acquire 0 -> [4,9] -| |- release 0 -|";
        check(&format!("{first} |- acquire 1 -> [5,9] -|"), &[]);
        check(&format!("{first} |- acquire 1 -> [4,9] -|"), &["same-token"]);
        check(&format!("{first} |- acquire 1 -> [3,9] -|"), &["stale-token"]);
        check(&format!("{first} |- acquire 0 -> [4,9] -|"), &[]);
    }

    #[test]
    fn what_nobody_was_told_of_is_no_grant() {
        let crashed = check("0: |- acquire 0 -~\n1: |- acquire 1 -> [1,90] -|", &[]);
        assert_eq!(crashed.details["grants"], 1);
        assert_eq!(check("0: |- acquire 0 -x |- release 0 -|", &[]).valid, Valid::Unknown);
    }
}
