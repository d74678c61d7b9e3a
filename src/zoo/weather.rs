//! Weather between the nodes: every second message or so is held for a random time.
//!
//! On a loopback the replicas of a quorum answer in the order they were asked, and a bug that
//! needs another order never shows. That half of the messages pass at once matters: a call whose
//! messages all pass can begin and end while those of another one are held.
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How long messages are held.
pub(crate) struct Weather {
    delay_ms: u64,
    rng: Mutex<ChaCha8Rng>,
}

impl Weather {
    /// Holds messages for up to so many milliseconds. The times are no part of the schedule:
    /// they differ from run to run and from node to node, as a network's do.
    pub(crate) fn new(delay_ms: u64, node: usize) -> Weather {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seed = now.subsec_nanos() as u64 ^ now.as_secs() << 30 ^ (node as u64) << 56;
        Weather { delay_ms, rng: Mutex::new(ChaCha8Rng::seed_from_u64(seed)) }
    }

    /// How long to hold the next message, if at all.
    pub(crate) fn hold(&self) -> Option<Duration> {
        if self.delay_ms == 0 {
            return None;
        }
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let is_held = rng.random_bool(0.5);
        is_held.then(|| Duration::from_micros(rng.random_range(0..=self.delay_ms * 1_000)))
    }
}
