//! Judging while the run goes: the history is followed as it is written, on a thread of its own,
//! and what is complete of each key is judged and dropped.
//!
//! It reads the file and not the ops, so the run never waits for it, and it holds no more than the
//! windows that are open. What it finds is found again, with everything else, when the run is
//! judged; what it does not come to is judged then.
use std::{
    fs::File,
    io::{Read, Take},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use checkers::{Budget, Checker, Valid};

use crate::test::Test;

/// So much is read at a time.
const PIECE: u64 = 1 << 20;
/// How long the follower rests when it has read all there is.
const REST: Duration = Duration::from_millis(20);
/// How often what is complete is judged.
const SETTLE_EVERY: Duration = Duration::from_millis(200);

/// A follower of a history.
pub(super) struct Online {
    signals: Arc<Signals>,
    thread: thread::JoinHandle<Result<()>>,
}

#[derive(Default)]
struct Signals {
    has_found: AtomicBool,
    is_over: AtomicBool,
}

impl Online {
    /// Follows the history of a test; `None` where its workload is judged as a whole alone.
    ///
    /// # Errors
    /// When the history cannot be opened, or no thread be started.
    pub(super) fn follow(test: &Test, path: &Path) -> Result<Option<Online>> {
        let checker = (test.workload_entry()?.build)(&test.params).checker;
        if checker.stream().is_none() {
            return Ok(None);
        }
        let file = File::open(path).context("failed to follow the history")?;
        let signals = Arc::new(Signals::default());
        let (seen, memory) = (signals.clone(), test.check_memory);
        let follow = move || follow(&*checker, file.take(PIECE), memory, &seen);
        let thread = thread::Builder::new().name("online".into()).spawn(follow)?;
        Ok(Some(Online { signals, thread }))
    }

    /// Whether a violation was found.
    pub(super) fn has_found(&self) -> bool {
        self.signals.has_found.load(Relaxed)
    }

    /// Stops following, at once.
    ///
    /// # Errors
    /// When the history could not be followed.
    pub(super) fn end(self) -> Result<()> {
        self.signals.is_over.store(true, Relaxed);
        self.thread.join().unwrap_or_else(|_| anyhow::bail!("it panicked"))
    }
}

fn follow(
    checker: &dyn Checker,
    mut file: Take<File>,
    memory: u64,
    signals: &Arc<Signals>,
) -> Result<()> {
    let over = signals.clone();
    let budget = Budget::new(memory, move || over.is_over.load(Relaxed));
    let mut stream = checker.stream().context("it is judged as a whole")?;
    let mut settled = Instant::now();
    let mut piece = Vec::new();
    while !signals.is_over.load(Relaxed) && !signals.has_found.load(Relaxed) {
        piece.clear();
        file.set_limit(PIECE);
        file.read_to_end(&mut piece).context("failed to read the history")?;
        let mut worst = stream.feed(&piece, &budget, &mut |_| ())?;
        if settled.elapsed() >= SETTLE_EVERY {
            worst = stream.settle(&budget);
            settled = Instant::now();
        }
        signals.has_found.store(worst == Valid::Invalid, Relaxed);
        if (piece.len() as u64) < PIECE {
            thread::sleep(REST);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use checkers::{independent::Independent, linearizable::Linearizable, model::CasRegister};

    use super::*;

    /// Follows a history that grows by these lines, until a violation is found or it has rested
    /// for a while.
    fn finds(lines: &[&str]) -> bool {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let reader = file.reopen().unwrap().take(PIECE);
        let signals = Arc::new(Signals::default());
        let seen = signals.clone();
        let checker = Independent(Linearizable(CasRegister::default()));
        let thread = thread::spawn(move || follow(&checker, reader, 1 << 24, &seen));
        for line in lines {
            // A line may be seen in two halves.
            let (head, tail) = line.split_at(line.len() / 2);
            for part in [head, tail, "\n"] {
                file.write_all(part.as_bytes()).unwrap();
                thread::sleep(Duration::from_millis(5));
            }
        }
        let end = Instant::now() + 3 * SETTLE_EVERY;
        while Instant::now() < end && !signals.has_found.load(Relaxed) {
            thread::sleep(REST);
        }
        signals.is_over.store(true, Relaxed);
        thread.join().unwrap().unwrap();
        signals.has_found.load(Relaxed)
    }

    const WRITE: [&str; 2] = [
        r#"{"process":0,"type":"invoke","f":"write","key":1,"value":1}"#,
        r#"{"process":0,"type":"ok","f":"write","key":1,"value":1}"#,
    ];

    #[test]
    fn a_violation_is_found_while_the_history_grows() {
        let stale = [
            r#"{"process":1,"type":"invoke","f":"read","key":1}"#,
            r#"{"process":1,"type":"ok","f":"read","key":1,"value":2}"#,
        ];
        assert!(finds(&[WRITE, stale].concat()));
    }

    #[test]
    fn what_is_right_so_far_is_not_convicted() {
        let open = [
            r#"{"process":1,"type":"invoke","f":"read","key":1}"#,
            r#"{"process":2,"type":"invoke","f":"write","key":1,"value":2}"#,
            r#"{"process":1,"type":"ok","f":"read","key":1,"value":2}"#,
        ];
        assert!(!finds(&[&WRITE[..], &open].concat()));
    }
}
