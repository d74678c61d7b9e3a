//! What is found in a history that was judged bit by bit, and is gone.
use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use checkers::{Budget, History, Malformed, Stream, Streamed, Verdict};

use super::{
    Asked, Circumstances, assemble, budget, describe_bare, describe_run, evidence,
    refuse_malformed, windows,
};
use crate::{
    result::{FaultWindow, Reason, RunResult, RunVerdict, VerdictValue},
    test::Test,
};

mod counts;
mod service;

pub use counts::Counts;

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
    let Some(stream) = workload.checker.stream() else {
        return Ok((too_large(test, known), BTreeMap::new()));
    };
    let budget = budget(Duration::from_millis(test.check_timeout_ms), test.check_memory);
    let mut sides = SideBySide::new(stream);
    for piece in pieces {
        sides.take(&piece?, &budget)?;
    }
    let (streamed, counts) = sides.finish(&budget)?;
    let verdict = &streamed.verdict;
    refuse_malformed(verdict)?;
    let counted = counts.end();
    let faults = windows::windows(&streamed.nemesis);
    let healed = evidence::last_heal(&streamed.nemesis).unwrap_or(0);
    let mut evidence = counted.evidence(&faults);
    evidence.reads_after_heal = counted.reads_after(healed, workload.reads);
    let during = |fault: &FaultWindow| counted.during(fault);
    evidence.missing = evidence::missing(test, &during, &faults, &counted.stats, &evidence, &known);
    let resilience = counted.resilience(&faults);
    let histories: Vec<&History> = streamed.evidence.values().collect();
    let result = assemble(entry.name, verdict, &histories, faults, counted.stats, evidence);
    let result = RunResult { resilience, ..result };
    let mut result = describe_run(result, test, verdict, known);
    result.warnings.push(BIT_BY_BIT.into());
    Ok((result, streamed.evidence))
}

/// What comes bit by bit is judged and counted side by side.
pub struct SideBySide<'c> {
    stream: Box<dyn Stream + 'c>,
    counts: Counts,
}

impl<'c> SideBySide<'c> {
    /// Begins.
    pub fn new(stream: Box<dyn Stream + 'c>) -> SideBySide<'c> {
        SideBySide { stream, counts: Counts::default() }
    }

    /// Takes in the next piece of the text, which may end anywhere.
    ///
    /// # Errors
    /// [`Malformed`] as [`History::read`].
    pub fn take(&mut self, text: &[u8], budget: &Budget) -> Result<(), Malformed> {
        let SideBySide { stream, counts } = self;
        let judged = stream.feed(text, budget, &mut |op| counts.see(op));
        counts.settle();
        judged.map(drop)
    }

    /// That was all.
    ///
    /// # Errors
    /// [`Malformed`] as [`History::read`].
    pub fn finish(self, budget: &Budget) -> Result<(Streamed, Counts), Malformed> {
        let SideBySide { stream, mut counts } = self;
        Ok((stream.finish(budget, &mut |op| counts.see(op))?, counts))
    }
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

const BIT_BY_BIT: &str = "judged bit by bit: weaker promises were not looked at";

/// The result of a bare history.
///
/// # Errors
/// When a value of the history does not fit the model.
pub fn judge_streamed(
    name: &str,
    asked: &Asked,
    streamed: &Streamed,
    counts: Counts,
) -> Result<RunResult> {
    let verdict = &streamed.verdict;
    refuse_malformed(verdict)?;
    let counted = counts.end();
    let faults = windows::windows(&streamed.nemesis);
    let (evidence, resilience) = (counted.evidence(&faults), counted.resilience(&faults));
    let histories: Vec<&History> = streamed.evidence.values().collect();
    let result = assemble(&asked.property, verdict, &histories, faults, counted.stats, evidence);
    let mut result = RunResult { resilience, ..result };
    result.warnings.push(BIT_BY_BIT.into());
    Ok(describe_bare(result, name, asked, verdict))
}
