//! What is found in a history that was judged bit by bit, and is gone.
use std::sync::{Mutex, PoisonError};

use checkers::{History, Streamed};

use super::{Asked, assemble, describe_bare, evidence, refuse_malformed, stats, windows};
use crate::result::RunResult;

/// Counts what leaves a check that goes bit by bit.
#[derive(Default)]
pub struct Gone(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    stats: stats::Tally,
    concurrent_pairs: u64,
}

impl Gone {
    /// Takes in ops of one key, in order.
    pub fn add(&self, history: &History) {
        let pairs = evidence::concurrent_pairs(history);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.stats.add(history);
        counts.concurrent_pairs += pairs;
    }
}

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
) -> anyhow::Result<RunResult> {
    let verdict = &streamed.verdict;
    refuse_malformed(verdict)?;
    let Counts { stats, concurrent_pairs } =
        gone.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    let stats = stats.stats();
    let faults = windows::windows(&streamed.nemesis);
    let evidence = crate::result::Evidence {
        ops_ok: stats.ops.ok,
        concurrent_pairs,
        ..evidence::of_faults(&faults)
    };
    let histories: Vec<&History> = streamed.evidence.values().collect();
    let mut result = assemble(&asked.property, verdict, &histories, faults, stats, evidence);
    result
        .warnings
        .push("judged bit by bit: neither availability nor weaker promises were looked at".into());
    Ok(describe_bare(result, name, asked, verdict))
}
