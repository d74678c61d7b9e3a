//! What is found in a history that was judged bit by bit, and is gone.
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use checkers::{History, Kind, Nanos, Streamed, Verdict};

use super::{
    Asked, Circumstances, assemble, budget, describe_bare, describe_run, evidence,
    refuse_malformed, stats, windows,
};
use crate::{
    result::{Evidence, FaultWindow, Reason, RunResult, RunVerdict, VerdictValue},
    test::Test,
};

/// Counts what leaves a check that goes bit by bit.
#[derive(Default)]
pub struct Gone(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    stats: stats::Tally,
    concurrent_pairs: u64,
    /// Of each tenth of a second, the calls invoked in it.
    slots: BTreeMap<u64, Slot>,
}

#[derive(Default)]
struct Slot {
    calls: u64,
    /// Of each function, how many were `ok`, and when the last of them was invoked.
    ok: BTreeMap<String, (u64, Nanos)>,
}

/// The length of a slot, in nanoseconds.
const SLOT: Nanos = 100_000_000;

impl Gone {
    /// Takes in ops of one key, in order.
    pub fn add(&self, history: &History) {
        let pairs = evidence::concurrent_pairs(history);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.stats.add(history);
        counts.concurrent_pairs += pairs;
        for (invoked, done) in stats::client_calls(history) {
            let slot = counts.slots.entry(invoked.time / SLOT).or_default();
            slot.calls += 1;
            if done.is_some_and(|done| done.kind == Kind::Ok) {
                match slot.ok.get_mut(invoked.f) {
                    Some((ok, last)) => (*ok, *last) = (*ok + 1, invoked.time.max(*last)),
                    None => drop(slot.ok.insert(invoked.f.to_owned(), (1, invoked.time))),
                }
            }
        }
    }
}

impl Counts {
    /// The slots that lie between these times as a whole.
    fn between(&self, from: Nanos, until: Nanos) -> impl Iterator<Item = &Slot> {
        let (first, end) = (from.div_ceil(SLOT), (until / SLOT).max(from.div_ceil(SLOT)));
        self.slots.range(first..end).map(|(_, slot)| slot)
    }

    /// The calls invoked while a fault was in effect, but for those at its edges.
    fn during(&self, fault: &FaultWindow) -> u64 {
        let Some(from) = fault.effective_ns else { return 0 };
        let until = fault.healed_ns.unwrap_or(Nanos::MAX);
        self.between(from, until).map(|slot| slot.calls).sum()
    }

    /// The reads that were `ok` and invoked at this time or later. Of those in its own slot, only
    /// the last is known.
    fn reads_after(&self, time: Nanos, reads: &[&str]) -> u64 {
        let of_reads = |slot: &&Slot| -> Vec<(u64, Nanos)> {
            let ok = slot.ok.iter().filter(|(f, _)| reads.contains(&f.as_str()));
            ok.map(|(_, counted)| *counted).collect()
        };
        let own = self.slots.get(&(time / SLOT)).filter(|_| !time.is_multiple_of(SLOT));
        let own = own.iter().flat_map(of_reads).filter(|(_, last)| *last >= time).count() as u64;
        let later = self.between(time, Nanos::MAX);
        own + later.flat_map(|slot| of_reads(&slot)).map(|(ok, _)| ok).sum::<u64>()
    }
}

/// What a run's history that is larger than the memory for judging is found to be, and the ops
/// that the anomalies of a key name. Comes in pieces of whole lines. Where the workload's checker
/// takes the whole, the verdict is unknown.
///
/// # Errors
/// As [`super::judge_run`], and when a piece cannot be had.
pub fn judge_run(
    test: &Test,
    pieces: impl Iterator<Item = Result<Vec<u8>>>,
    known: Circumstances,
) -> Result<(RunResult, BTreeMap<Option<u32>, History>)> {
    let entry = test.workload_entry()?;
    let workload = (entry.build)(&test.params);
    let Some(mut stream) = workload.checker.stream() else {
        return Ok((too_large(test, known), BTreeMap::new()));
    };
    let budget = budget(Duration::from_millis(test.check_timeout_ms), test.check_memory);
    let gone = Gone::default();
    let leave = |history: &History| gone.add(history);
    for piece in pieces {
        stream.feed(&piece?, &budget, &leave)?;
    }
    let streamed = stream.finish(&budget, &leave)?;
    let verdict = &streamed.verdict;
    refuse_malformed(verdict)?;
    let mut counts = gone.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    let stats = std::mem::take(&mut counts.stats).stats();
    let faults = windows::windows(&streamed.nemesis);
    let healed = evidence::last_heal(&streamed.nemesis).unwrap_or(0);
    let mut evidence = Evidence {
        ops_ok: stats.ops.ok,
        concurrent_pairs: counts.concurrent_pairs,
        reads_after_heal: counts.reads_after(healed, workload.reads),
        ops_during_faults: faults.iter().map(|fault| counts.during(fault)).sum(),
        ..evidence::of_faults(&faults)
    };
    let during = |fault: &FaultWindow| counts.during(fault);
    evidence.missing = evidence::missing(test, &during, &faults, &stats, &evidence, &known);
    let histories: Vec<&History> = streamed.evidence.values().collect();
    let result = assemble(entry.name, verdict, &histories, faults, stats, evidence);
    let mut result = describe_run(result, test, verdict, known);
    result.warnings.push(BIT_BY_BIT.into());
    Ok((result, streamed.evidence))
}

/// The result where nobody could judge.
fn too_large(test: &Test, known: Circumstances) -> RunResult {
    let why = format!(
        "the history is larger than half the memory for judging, and the workload {} is judged as \
         a whole: see --check-memory",
        test.workload
    );
    let verdict = Verdict::unknown(&why);
    let mut result = describe_run(super::empty(), test, &verdict, known);
    result.verdict = RunVerdict::new(VerdictValue::Unknown, Reason::CheckerBudget, why);
    result
}

const BIT_BY_BIT: &str = "judged bit by bit: neither availability nor weaker promises were looked \
                          at, and latencies count from when calls began";

/// The result of a bare history. Of one that is gone, what its faults did to the calls was not
/// counted, and pairs of concurrent calls only where they were of one key.
///
/// # Errors
/// When a value of the history does not fit the model.
pub fn judge_streamed(
    name: &str,
    asked: &Asked,
    streamed: &Streamed,
    gone: Gone,
) -> Result<RunResult> {
    let verdict = &streamed.verdict;
    refuse_malformed(verdict)?;
    let Counts { stats, concurrent_pairs, .. } =
        gone.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    let stats = stats.stats();
    let faults = windows::windows(&streamed.nemesis);
    let evidence =
        Evidence { ops_ok: stats.ops.ok, concurrent_pairs, ..evidence::of_faults(&faults) };
    let histories: Vec<&History> = streamed.evidence.values().collect();
    let mut result = assemble(&asked.property, verdict, &histories, faults, stats, evidence);
    result.warnings.push(BIT_BY_BIT.into());
    Ok(describe_bare(result, name, asked, verdict))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_when_they_were_invoked() {
        let line = |ms: u64, kind: &str| {
            let time = ms * 1_000_000;
            format!(r#"{{"time":{time},"process":0,"type":"{kind}","f":"read","value":1}}"#)
        };
        let calls = [10, 60, 110, 260, 310].map(|ms| [line(ms, "invoke"), line(ms + 5, "ok")]);
        let gone = Gone::default();
        gone.add(&History::read(calls.concat().join("\n")).unwrap());
        let counts = gone.0.into_inner().unwrap();
        let reads = |ms: u64| counts.reads_after(ms * 1_000_000, &["read"]);
        assert_eq!([reads(0), reads(50), reads(70), reads(311)], [5, 4, 3, 0]);
        assert_eq!(counts.reads_after(0, &["peek"]), 0);
        let (effective_ns, healed_ns) = (Some(50_000_000), Some(300_000_000));
        let fault = FaultWindow { effective_ns, healed_ns, ..FaultWindow::default() };
        assert_eq!(counts.during(&fault), 2, "those at its edges are left out");
    }
}
