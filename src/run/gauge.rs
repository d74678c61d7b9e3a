//! What the harness itself does to an op: how long it holds it, beyond the client's own time.
use checkers::Nanos;
use hdrhistogram::Histogram;

use crate::{findings::stats::quantiles, result::Harness};

/// Measures the harness.
pub(super) struct Gauge {
    /// By client thread, when its client had returned from its last op.
    free: Vec<Nanos>,
    /// Calls that are back, but not in the journal yet: the delay until then, and when they came.
    coming: Vec<(Nanos, Nanos)>,
    delays: Histogram<u64>,
    first: Option<Nanos>,
    last: Nanos,
}

/// The moments of a call, as its client saw them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    /// When the client was handed the op.
    pub(super) handed: Nanos,
    /// When the client had returned.
    pub(super) returned: Nanos,
}

impl Gauge {
    pub(super) fn new(threads: usize) -> Gauge {
        Gauge {
            free: vec![0; threads],
            coming: Vec::new(),
            delays: Histogram::new(3).expect("3 digits are allowed"),
            first: None,
            last: 0,
        }
    }

    /// A call of this thread is back. It could have been handed out when it was due and the
    /// thread's client was free.
    pub(super) fn back(&mut self, thread: u32, due: Nanos, moments: Moments) {
        let Some(free) = self.free.get_mut(thread as usize) else { return };
        let out = moments.handed.saturating_sub(due.max(*free));
        *free = moments.returned;
        self.first.get_or_insert(due);
        self.coming.push((out, moments.returned));
    }

    /// All that is back is in the journal, at this time.
    pub(super) fn written(&mut self, now: impl FnOnce() -> Nanos) {
        if self.coming.is_empty() {
            return;
        }
        let now = now();
        for (out, returned) in self.coming.drain(..) {
            // Grows as it must: a delay is never refused.
            let _ = self.delays.record(out + now.saturating_sub(returned));
            self.last = now;
        }
    }

    /// What it comes to.
    pub(super) fn read(&self) -> Harness {
        let span = self.last.saturating_sub(self.first.unwrap_or(0));
        let rate = self.delays.len() as f64 * 1e9 / span.max(1) as f64;
        Harness {
            ops_per_s: if self.delays.is_empty() { 0.0 } else { rate },
            delay_ns: quantiles(&self.delays),
            memory_bytes_max: memory_bytes_max(),
        }
    }
}

/// The most memory that this process ever held, as the kernel counts it; 0 where it does not.
fn memory_bytes_max() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        line.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_what_the_client_did_not_take() {
        let mut gauge = Gauge::new(1);
        gauge.back(0, 100, Moments { handed: 107, returned: 5_000 });
        gauge.written(|| 5_003);
        assert_eq!(gauge.read().delay_ns.max, 10);
    }

    #[test]
    fn a_wait_for_a_busy_client_is_not_the_harnesss() {
        let mut gauge = Gauge::new(1);
        gauge.back(0, 100, Moments { handed: 100, returned: 5_000 });
        gauge.back(0, 200, Moments { handed: 5_004, returned: 5_010 });
        gauge.written(|| 5_010);
        assert_eq!(gauge.read().delay_ns.max, 10, "of the first, written down with the second");
        assert_eq!(gauge.read().delay_ns.p50, 4);
    }

    #[test]
    fn this_process_holds_some_memory() {
        assert!(memory_bytes_max() > 1 << 20);
    }
}
