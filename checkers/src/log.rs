//! A log in partitions, such as Kafka: is what was sent there, in order, for everybody, once?
//!
//! Each key is a log of its own. A record has an offset, and offsets grow, with gaps perhaps. What
//! the acknowledgements and the polls say of offsets gives the order of a key's records; every
//! process should then poll them in that order, without a gap. The classes of errors are those of
//! Jepsen's Kafka workload:
//!
//! | class | what it means |
//! |---|---|
//! | `duplicate` | one value at several offsets of a key |
//! | `inconsistent-offsets` | several values at one offset |
//! | `precommitted-read` | a transaction polls what it sends itself |
//! | `G1a` | a poll has a value whose send failed |
//! | `unexpected` | a poll has a value that nobody sent by then |
//! | `lost-write` | acknowledged, in no poll, though a reader went from before it to beyond it |
//! | `unseen` | acknowledged, in no poll, though a reader that came to the end asked for more |
//! | `poll-skip`, `int-poll-skip` | a process passes over a record, from one transaction to the next or within one |
//! | `nonmonotonic-poll`, `int-nonmonotonic-poll` | it goes back, or polls a record again |
//! | `nonmonotonic-send`, `int-nonmonotonic-send` | a process sends, and then sends to a smaller offset |
//! | `int-send-skip` | between two sends of one transaction lies a record of somebody else |
//! | `G1c` | transactions that poll each other's records in a circle |
//!
//! Not all of them are wrong: [`CLASSES`] says when each is allowed. Those that are, are counted.
//!
//! Calls are `send`, `poll` and `txn`, which all take a list of `["send",k,v]` and `["poll"]` and
//! answer with `["send",k,[offset,v]]` and `["poll",{k:[[offset,v],..]}]` (an offset may be `null`);
//! `assign [k,..]`, after which the process polls these keys, new ones from their beginning;
//! `subscribe [k,..]`, after which it polls those it is given; and `crash`, after which the process
//! is another.
//!
//! *What this proves:* each anomaly follows from answers alone: of a call whose end is unknown
//! nothing is taken for granted. *What it does not:* that a record nobody was told of exists; that
//! a reader who subscribed misses nothing, since what was given to a crashed one is not seen. The
//! time it takes is that of sorting.
use serde_json::{Value, json};

use crate::{Anomaly, Budget, Checker, Edge, Figure, History, Valid, Verdict};

mod cycles;
mod losses;
mod polls;
mod reads;
mod sends;
#[cfg(test)]
mod tests;
mod txns;
mod versions;

pub use losses::CAUGHT_UP;
use txns::Txns;
use versions::Versions;

/// Checks the calls of a partitioned log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

/// When an error is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// It is always one.
    Never,
    /// Where processes subscribe: a rebalance moves them about.
    WhenSubscribed,
    /// No log promises otherwise.
    Always,
}

/// Every class of errors, and when it is allowed.
pub const CLASSES: &[(&str, Allowed)] = &[
    ("duplicate", Allowed::Never),
    ("inconsistent-offsets", Allowed::Never),
    ("precommitted-read", Allowed::Never),
    ("G1a", Allowed::Never),
    ("unexpected", Allowed::Never),
    ("lost-write", Allowed::Never),
    ("unseen", Allowed::Never),
    ("poll-skip", Allowed::WhenSubscribed),
    ("nonmonotonic-poll", Allowed::WhenSubscribed),
    ("int-poll-skip", Allowed::WhenSubscribed),
    ("int-nonmonotonic-poll", Allowed::WhenSubscribed),
    ("nonmonotonic-send", Allowed::Never),
    ("int-nonmonotonic-send", Allowed::Never),
    ("int-send-skip", Allowed::Always),
    ("G1c", Allowed::Never),
];

/// One error: rows of the calls that show it, in the order in which to read them.
struct Finding {
    class: &'static str,
    key: u32,
    what: String,
    rows: Vec<u32>,
}

impl Checker for Log {
    /// One anomaly a class. Unknown if no record was polled, or out of time.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let txns = match Txns::read(history) {
            Ok(txns) => txns,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let mut findings = Vec::new();
        let versions = Versions::read(&txns, &mut findings);
        reads::find(&txns, &mut findings);
        polls::find(&txns, &versions, &mut findings);
        sends::find(&txns, &versions, &mut findings);
        let unseen = losses::find(&txns, &versions, &mut findings);
        let cycles = cycles::find(&txns, budget);
        let mut anomalies = Vec::new();
        let mut errors = serde_json::Map::new();
        for (class, allowed) in CLASSES {
            let of: Vec<&Finding> = findings.iter().filter(|f| f.class == *class).collect();
            if !of.is_empty() {
                errors.insert((*class).to_owned(), of.len().into());
            }
            let is_allowed = match allowed {
                Allowed::Never => false,
                Allowed::WhenSubscribed => txns.has_subscribed,
                Allowed::Always => true,
            };
            if !of.is_empty() && !is_allowed {
                anomalies.push(anomaly(history, &txns, class, &of));
            }
        }
        let circles = cycles.as_deref().unwrap_or_default();
        if !circles.is_empty() {
            errors.insert("G1c".to_owned(), circles.len().into());
            anomalies.extend(circles.iter().map(|cycle| circle(&txns, history, cycle)));
        }
        let polled = txns.polled();
        let mut verdict = Verdict::of(anomalies);
        if verdict.valid == Valid::Valid && polled == 0 {
            verdict = Verdict::unknown("no record was polled");
        } else if verdict.valid == Valid::Valid && cycles.is_none() {
            verdict = Verdict::unknown("out of time while looking for circles of transactions");
        }
        verdict
            .with("errors", errors)
            .with("transactions", txns.all.len())
            .with("keys", txns.keys.len())
            .with("records", versions.count())
            .with("polled", polled)
            .with("unseen", unseen)
    }
}

fn anomaly(history: &History, txns: &Txns, class: &str, findings: &[&Finding]) -> Anomaly {
    let index = |row: &u32| history.op(*row).index;
    let line = |finding: &&Finding| {
        let ops: Vec<u32> = finding.rows.iter().map(index).collect();
        vec![json!(txns.keys[finding.key as usize]), Value::from(&*finding.what), json!(ops)]
    };
    let first = findings[0];
    let ops: Vec<String> = first.rows.iter().map(|row| index(row).to_string()).collect();
    let explanation = format!(
        "{class}: {}; the first on key {}: {} (op {}).",
        if findings.len() == 1 { "1 error".into() } else { format!("{} errors", findings.len()) },
        txns.keys[first.key as usize],
        first.what,
        ops.join(", op "),
    );
    let head = ["key", "what", "ops"];
    Anomaly::new(class, explanation, Figure::table(&head, findings.iter().map(line)))
}

/// Transactions, each of which polled a record of the one before.
fn circle(txns: &Txns, history: &History, cycle: &[u32]) -> Anomaly {
    let op = |txn: u32| history.op(txns.all[txn as usize].invoked).index;
    let edge = |(at, &from): (usize, &u32)| {
        let to = op(cycle[(at + 1) % cycle.len()]);
        let from = op(from);
        Edge { from, kind: "wr".into(), why: format!("op {to} polled what op {from} had sent") }
    };
    let edges: Vec<Edge> = cycle.iter().enumerate().map(edge).collect();
    let sentences: Vec<&str> = edges.iter().map(|edge| &*edge.why).collect();
    let explanation = format!("G1c, circular information flow: {}", sentences.join("; "));
    Anomaly::new("G1c", explanation, Figure::Cycle(edges))
}
