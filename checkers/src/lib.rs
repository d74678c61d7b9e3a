//! Histories in, verdicts out.
//!
//! A [`History`] is what was asked and answered, in order. A [`Checker`] judges it and answers
//! with a [`Verdict`]: valid, invalid with [`Anomaly`]s for evidence, or unknown with the reason.
//! Nothing here knows a clock, a disk, a network or chance, so a verdict depends on the history
//! and on nothing else.
//!
//! Start at [`history`] for what is judged, [`notation`] for histories drawn as pictures,
//! [`linearizable`] for the main question, [`set`] for a checker in one short file.

pub mod adya_g2;
pub mod bank;
pub mod causal;
pub mod causal_reverse;
pub mod certificate;
pub mod compose;
pub mod consensus;
pub mod counter;
pub mod datum;
pub mod decode;
pub mod election;
pub mod format;
pub mod history;
pub mod independent;
pub mod lease;
pub mod linearizable;
pub mod log;
pub mod long_fork;
pub mod model;
pub mod monotonic;
pub mod notation;
pub mod proof;
pub mod queue;
pub mod set;
pub mod stats;
pub mod stream;
pub mod txn;
pub mod unique_ids;
pub mod verdict;
pub mod weaker;

use std::sync::Arc;

pub use certificate::{BadCertificate, Certificate, Certifier, Verified};
pub use compose::Compose;
pub use datum::Datum;
pub use history::{Call, History, Kind, Malformed, Nanos, Op, OpRef, Outcome, Process};
pub use independent::Independent;
pub use proof::{Proof, Proven, Refused};
pub use stream::{Stream, Streamed};
pub use verdict::{Anomaly, Candidate, Edge, Figure, OpsFigure, Stuck, Valid, Verdict};

/// Judges histories.
pub trait Checker: Send + Sync {
    /// Judges one history within a budget. Neither panics nor guesses: what it cannot decide is
    /// `unknown`, with the reason.
    fn check(&self, history: &History, budget: &Budget) -> Verdict;

    /// The same check of a history that comes bit by bit; `None` where it takes the whole.
    fn stream(&self) -> Option<Box<dyn Stream + '_>> {
        None
    }
}

/// How much a check may cost. A checker that would exceed it answers `unknown`.
#[derive(Clone)]
pub struct Budget {
    /// Bytes of memory one check may hold at a time.
    pub bytes_max: u64,
    is_over: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Budget {
    /// A budget of so many bytes, over when `is_over` says so (the caller has the clock).
    pub fn new(bytes_max: u64, is_over: impl Fn() -> bool + Send + Sync + 'static) -> Budget {
        Budget { bytes_max, is_over: Arc::new(is_over) }
    }

    /// No bound but the machine's.
    pub fn unlimited() -> Budget {
        Budget::new(u64::MAX, || false)
    }

    /// Whether the time is up. Asked now and then, not at every step.
    pub fn is_over(&self) -> bool {
        (self.is_over)()
    }
}
