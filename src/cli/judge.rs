//! Judging a stored run: as a whole, or bit by bit where its history is larger than the memory.
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use anyhow::{Context, Result};
use checkers::History;

use super::check::streamed::{PIECES, Tail, WHOLE};
use crate::{
    findings::{self, Circumstances, logs, streamed},
    result::RunResult,
    store::{Store, file},
    test::Test,
};

/// What was found, and the ops it speaks of.
pub(super) struct Judged {
    pub(super) result: RunResult,
    /// The history, where it fits into memory.
    pub(super) history: Option<History>,
    /// Where it does not, the ops that the anomalies of a key name.
    evidence: BTreeMap<Option<u32>, History>,
}

impl Judged {
    /// A result without a history.
    pub(super) fn bare(result: RunResult) -> Judged {
        Judged { result, history: None, evidence: BTreeMap::new() }
    }

    /// A history with the ops that the anomalies of a key name.
    pub(super) fn of_key(&self, key: Option<u32>) -> Option<&History> {
        self.history.as_ref().or_else(|| self.evidence.get(&key))
    }
}

/// Judges the history of a run.
///
/// # Errors
/// When it cannot be read, or is none.
pub(super) fn judge(store: &Store, test: &Test, mut known: Circumstances) -> Result<Judged> {
    if !test.fail_on_log.is_empty() {
        let patterns = logs::patterns(&test.fail_on_log)?;
        known.logs = Some(logs::search(&store.path(file::NODES), &patterns)?);
    }
    for down in known.down.iter_mut().flatten() {
        down.read(&store.path(file::NODES), &test.system.name);
    }
    let path = store.path(file::HISTORY);
    let name = || path.display().to_string();
    let bytes = std::fs::metadata(&path).with_context(name)?.len();
    if bytes > test.check_memory / WHOLE {
        return bit_by_bit(&path, test, known).with_context(name);
    }
    let (history, torn) = History::read_torn(store.history()?).with_context(name)?;
    if let Some(line) = torn {
        known.warnings.push(format!("line {line} of the history is torn and left out"));
    }
    let result = findings::judge_run(test, &history, known)?;
    Ok(Judged { result, history: Some(history), evidence: BTreeMap::new() })
}

fn bit_by_bit(path: &Path, test: &Test, known: Circumstances) -> Result<Judged> {
    let mut source = BufReader::new(File::open(path)?);
    let mut tail = Tail::default();
    let pieces = std::iter::from_fn(|| {
        let mut piece = Vec::new();
        match source.by_ref().take(PIECES[1]).read_to_end(&mut piece) {
            Ok(0) => None,
            // A line that a crash has torn is never whole, and so left out.
            Ok(_) => Some(Ok(tail.cut(piece))),
            Err(e) => Some(Err(e.into())),
        }
    });
    let (result, evidence) = streamed::judge_run(test, pieces, known)?;
    Ok(Judged { result, history: None, evidence })
}
