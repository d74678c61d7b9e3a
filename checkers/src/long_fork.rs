//! No two reads may disagree on which of two writes came first.
//!
//! Every key is written once, alone in its transaction, and some keys are read together. Where one
//! read sees `x` without `y` and another `y` without `x`, no order of the two writes explains both:
//! a **long fork**. Parallel snapshot isolation allows it (Sovran et al. 2011, §3), snapshot
//! isolation and all above it do not (Cerone & Gotsman 2016: a cycle whose two anti-dependencies
//! are apart). What nobody wrote is a **garbage-read**, what a failed transaction wrote a **G1a**.
//!
//! *What this proves:* that the reads of keys written once agree on the order of the writes that
//! they tell apart. *What it does not:* anything about transactions that read and write, or about
//! how fresh reads are. Time is linear in the number of reads, quadratic in the keys of each.
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    Anomaly, Budget, Checker, Edge, Figure, History, OpsFigure, Verdict,
    txn::{
        atom::Atom,
        decode::{Act, Txns, Words},
    },
};

/// Checks transactions of `["w",k,v]` alone, and of `["r",k,v]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LongFork;

/// Anomalies of a kind that are described; the rest is counted.
const KEPT: usize = 8;
/// Transactions between two looks at the budget.
const TXNS_PER_POLL: u32 = 1024;

impl Checker for LongFork {
    /// One anomaly for each pair of keys that is seen both ways. Unknown if no read saw one of its
    /// keys without another, or a key was written more than once, or out of time.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let mut txns = match Txns::decode(history, Words::REGISTERS) {
            Ok(txns) => txns,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let values = values(&mut txns);
        let writes = Writes::of(&txns, &values);
        let mut found = Found::default();
        for txn in (0..txns.len() as u32).filter(|txn| txns.is_ok(*txn)) {
            if txn.is_multiple_of(TXNS_PER_POLL) && budget.is_over() {
                return Verdict::unknown("out of time while comparing reads");
            }
            found.look(&txns, &values, &writes, txn);
        }
        found.verdict(&txns, &writes)
    }
}

/// What each micro-operation wrote or read; nothing where it read nothing.
fn values(txns: &mut Txns<'_>) -> Vec<Option<Atom>> {
    let names = &mut txns.names;
    let value = |act: &Act<'_>| match *act {
        Act::Write(atom) => Some(atom),
        Act::Read("null") => None,
        Act::Read(text) => Some(names.atom(text)),
    };
    txns.acts.iter().map(value).collect()
}

/// Who wrote what.
#[derive(Default)]
struct Writes {
    /// The transaction that wrote a value to a key.
    writers: FxHashMap<(u32, Atom), u32>,
    /// The transaction that wrote a key, and may have happened.
    of_key: FxHashMap<u32, u32>,
    /// Keys that were written more than once.
    several: FxHashSet<u32>,
}

impl Writes {
    fn of(txns: &Txns<'_>, values: &[Option<Atom>]) -> Writes {
        let mut writes = Writes::default();
        for txn in 0..txns.len() as u32 {
            for mop in txns.mops(txn) {
                let (Act::Write(_), Some(value)) = (txns.acts[mop], values[mop]) else { continue };
                let key = txns.keys[mop];
                if txns.failed(txn) {
                    writes.writers.entry((key, value)).or_insert(txn);
                    continue;
                }
                writes.writers.insert((key, value), txn);
                if writes.of_key.insert(key, txn).is_some() {
                    writes.several.insert(key);
                }
            }
        }
        writes
    }
}

/// What reads showed.
#[derive(Default)]
struct Found {
    reads: u64,
    /// Reads that saw none of their keys, and all of them.
    early: u64,
    late: u64,
    /// For two keys, a read that saw the first without the second.
    saw_first: FxHashMap<(u32, u32), u32>,
    forks: u64,
    anomalies: Vec<Anomaly>,
}

impl Found {
    /// Looks at a transaction that happened.
    fn look(&mut self, txns: &Txns<'_>, values: &[Option<Atom>], writes: &Writes, txn: u32) {
        let reads = txns.mops(txn).filter(|mop| matches!(txns.acts[*mop], Act::Read(_)));
        let (seen, unseen): (Vec<usize>, Vec<usize>) =
            reads.partition(|mop| values[*mop].is_some());
        if seen.is_empty() && unseen.is_empty() {
            return;
        }
        self.reads += 1;
        self.early += u64::from(seen.is_empty());
        self.late += u64::from(unseen.is_empty());
        for &mop in &seen {
            let key = txns.keys[mop];
            let writer = values[mop].and_then(|value| writes.writers.get(&(key, value)));
            match writer {
                None => self.add(|| wrong_read(txns, "garbage-read", txn, None, key)),
                Some(&writer) if txns.failed(writer) => {
                    self.add(|| wrong_read(txns, "G1a", txn, Some(writer), key));
                }
                Some(_) => (),
            }
            for &other in &unseen {
                self.compare(txns, writes, txn, (key, txns.keys[other]));
            }
        }
    }

    /// A read saw the first of two keys without the second: did another see it the other way?
    fn compare(&mut self, txns: &Txns<'_>, writes: &Writes, txn: u32, keys: (u32, u32)) {
        if self.saw_first.insert(keys, txn).is_some() {
            return;
        }
        let (one, other) = keys;
        if let Some(&before) = self.saw_first.get(&(other, one)) {
            self.forks += 1;
            let writers = (writes.of_key.get(&one), writes.of_key.get(&other));
            if let (Some(&wrote_one), Some(&wrote_other)) = writers {
                self.add(|| fork(txns, [before, wrote_one, txn, wrote_other], [other, one]));
            }
        }
    }

    fn add(&mut self, anomaly: impl FnOnce() -> Anomaly) {
        if self.anomalies.len() < KEPT {
            self.anomalies.push(anomaly());
        }
    }

    fn verdict(self, txns: &Txns<'_>, writes: &Writes) -> Verdict {
        let has_anomalies = !self.anomalies.is_empty();
        let verdict = match writes.several.iter().min() {
            _ if has_anomalies => Verdict::of(self.anomalies),
            Some(key) => Verdict::unknown(format!(
                "key {} was written more than once, so that a read may have missed the newest \
                 value unnoticed",
                txns.key(*key)
            )),
            None if self.early + self.late == self.reads => {
                Verdict::unknown("no read saw one of its keys without another")
            }
            None => Verdict::valid(),
        };
        verdict
            .with("reads", self.reads)
            .with("early_reads", self.early)
            .with("late_reads", self.late)
            .with("writes", writes.of_key.len())
            .with("forks", self.forks)
    }
}

/// The cycle of a fork: a read, the write it missed, who saw that, and the write that one missed.
fn fork(txns: &Txns<'_>, circle: [u32; 4], keys: [u32; 2]) -> Anomaly {
    let [first, wrote_second, second, wrote_first] = circle.map(|txn| txns.op(txn));
    let [one, other] = keys.map(|key| txns.key(key));
    let edge = |from, kind: &str, why: String| Edge { from, kind: kind.to_owned(), why };
    let edges = vec![
        edge(
            first,
            "rw",
            format!("op {first} did not see key {other}, which op {wrote_second} wrote"),
        ),
        edge(
            wrote_second,
            "wr",
            format!("op {second} saw key {other}, which op {wrote_second} wrote"),
        ),
        edge(
            second,
            "rw",
            format!("op {second} did not see key {one}, which op {wrote_first} wrote"),
        ),
        edge(wrote_first, "wr", format!("op {first} saw key {one}, which op {wrote_first} wrote")),
    ];
    let explanation = format!(
        "long-fork: op {first} saw key {one} without key {other}, op {second} key {other} without \
         key {one}; no order of the two writes explains both"
    );
    Anomaly::new("long-fork", explanation, Figure::Cycle(edges))
}

fn wrong_read(txns: &Txns<'_>, name: &str, txn: u32, writer: Option<u32>, key: u32) -> Anomaly {
    let read = txns.op(txn);
    let whose = match writer.map(|writer| txns.op(writer)) {
        Some(writer) => format!("what op {writer} wrote, which failed"),
        None => "what nobody wrote".to_owned(),
    };
    let explanation = format!("{name}: op {read} read of key {} {whose}", txns.key(key));
    let mut calls: Vec<u32> = writer.into_iter().chain([txn]).map(|txn| txns.op(txn)).collect();
    calls.sort_unstable();
    let culprit = txns.history.op(txns.outlines[txn as usize].completed).index;
    Anomaly::new(
        name,
        explanation,
        Figure::Ops(OpsFigure { calls, culprit, ..OpsFigure::default() }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(picture: &str, anomalies: &[&str]) -> Verdict {
        let verdict = LongFork.check(&notation::history(picture), &Budget::unlimited());
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{verdict:?}");
        verdict
    }

    const WRITES: &str = r#"
        0: |- write [["w","x",1]] -> [["w","x",1]] -|
        1: |- write [["w","y",1]] -> [["w","y",1]] -|"#;

    #[test]
    fn two_reads_agree_on_which_write_came_first() {
        let fork = r#"
            2: |- read -> [["r","x",1],["r","y",null]] -|
            3: |- read -> [["r","x",null],["r","y",1]] -|"#;
        let verdict = check(&[WRITES, fork].concat(), &["long-fork"]);
        let Figure::Cycle(edges) = &verdict.anomalies[0].figure else { panic!("a cycle") };
        let circle: Vec<_> = edges.iter().map(|edge| (edge.from, edge.kind.as_str())).collect();
        assert_eq!(circle, [(2, "rw"), (1, "wr"), (3, "rw"), (0, "wr")]);
        let agreed =
            fork.replace("3: |- read -> [[\"r\",\"x\",null]", "3: |- read -> [[\"r\",\"x\",1]");
        assert_eq!(check(&[WRITES, &agreed].concat(), &[]).valid, Valid::Valid);
    }

    #[test]
    fn a_fork_may_have_writes_that_nobody_saw_end() {
        let crashed = WRITES.replace("-|\n", "-~\n");
        let fork = r#"
            2: |- read -> [["r","x",1],["r","y",null]] -|
            3: |- read -> [["r","x",null],["r","y",1]] -|"#;
        check(&[&crashed, fork].concat(), &["long-fork"]);
    }

    #[test]
    fn what_nobody_wrote_or_who_wrote_it_failed_may_not_be_read() {
        let picture = r#"
            0: |- write [["w","x",1]] -x
            1: |- read -> [["r","x",1],["r","y",2]] -|"#;
        check(picture, &["G1a", "garbage-read"]);
    }

    #[test]
    fn reads_that_tell_no_writes_apart_prove_nothing() {
        let late = r#"
            2: |- read -> [["r","x",1],["r","y",1]] -|
            3: |- read -> [["r","x",null],["r","y",null]] -|"#;
        let verdict = check(&[WRITES, late].concat(), &[]);
        assert_eq!(verdict.valid, Valid::Unknown);
        assert_eq!(
            (&verdict.details["early_reads"], &verdict.details["late_reads"]),
            (&1.into(), &1.into())
        );
    }

    #[test]
    fn a_key_that_was_written_twice_proves_nothing() {
        let twice = r#"
            2: |- write [["w","x",2]] -> [["w","x",2]] -|
            3: |- read -> [["r","x",1],["r","y",null]] -|"#;
        assert_eq!(check(&[WRITES, twice].concat(), &[]).valid, Valid::Unknown);
    }
}
