//! What a link does to the packets that cross it. Pure: no clock, no sockets.
//!
//! Every packet takes the same number of draws, whatever the link is like, from a stream of the
//! link's own: so one quality does not shift another's decisions, and the same seed treats the
//! n-th packet of a link alike.
use checkers::Nanos;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use workloads::generator::stream;

/// What a link is like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// How long every packet takes, in microseconds.
    pub delay_us: u64,
    /// How much longer it may take, uniformly, in microseconds; packets keep their order.
    pub jitter_us: u64,
    /// The share of packets that never arrive.
    pub loss: f64,
    /// The share that arrives twice.
    pub duplicate: f64,
    /// The share that is overtaken by those behind it.
    pub reorder: f64,
    /// The share of which a bit is flipped: the receiver's checksum finds it, and drops it.
    pub corrupt: f64,
    /// The share of which a bit of the data is flipped and the checksum mended: it reaches the
    /// application.
    pub garble: f64,
    /// Bits a second; 0 for as many as come.
    pub rate_bps: u64,
}

impl Quality {
    /// Nothing happens to any packet.
    pub const PERFECT: Quality = Quality {
        delay_us: 0,
        jitter_us: 0,
        loss: 0.0,
        duplicate: 0.0,
        reorder: 0.0,
        corrupt: 0.0,
        garble: 0.0,
        rate_bps: 0,
    };
}

/// How much later a packet comes that is to be overtaken.
const OVERTAKEN: Nanos = 5_000_000;
/// What waits for a slow link no longer than this is kept; what would wait longer is dropped.
const QUEUE_MAX: Nanos = 400_000_000;

/// What has happened on a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Packets that came.
    pub packets: u64,
    /// Those that were delayed.
    pub delayed: u64,
    /// Those that were lost, or had to wait too long.
    pub lost: u64,
    /// Those that were sent on twice.
    pub duplicated: u64,
    /// Those that were overtaken.
    pub reordered: u64,
    /// Those with a flipped bit.
    pub corrupted: u64,
    /// Those with a flipped bit and a good checksum.
    pub garbled: u64,
}

/// One direction between two ports.
pub(super) struct Link {
    pub(super) quality: Quality,
    pub(super) counts: Counts,
    rng: ChaCha8Rng,
    /// When the link has sent what it has been given.
    busy_until: Nanos,
    /// When the last packet that is to keep its order arrives.
    last_due: Nanos,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    /// When it arrives; absent if it never does.
    pub(super) due: Option<Nanos>,
    /// Whether it arrives twice.
    pub(super) twice: bool,
    /// What is done to its bytes.
    pub(super) harm: Option<Harm>,
}

/// A flipped bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Harm {
    /// Which one, of as many as the packet has.
    pub(super) place: u32,
    /// Whether the checksum is mended.
    pub(super) is_mended: bool,
}

impl Link {
    /// A perfect link. Its chance follows from the seed and its name.
    pub(super) fn new(seed: u64, name: &str) -> Link {
        let rng = stream(seed, &format!("link {name}"));
        let (quality, counts) = (Quality::PERFECT, Counts::default());
        Link { quality, counts, rng, busy_until: 0, last_due: 0 }
    }

    /// Decides about a packet of so many bytes that comes now.
    pub(super) fn pass(&mut self, now: Nanos, bytes: usize) -> Fate {
        let draws: [f64; 5] = std::array::from_fn(|_| self.rng.random());
        let (jitter, place) = (self.rng.random::<f64>(), self.rng.random());
        let Quality { loss, duplicate, reorder, corrupt, garble, .. } = self.quality;
        let shares = [loss, duplicate, reorder, corrupt, garble];
        let [is_lost, twice, is_overtaken, is_corrupt, is_garbled] =
            std::array::from_fn(|i| draws[i] < shares[i]);
        self.counts.packets += 1;
        let sent = self.sent(now, bytes);
        if is_lost || sent > now + QUEUE_MAX {
            self.counts.lost += 1;
            return Fate { due: None, twice: false, harm: None };
        }
        self.busy_until = sent;
        let due = self.due(sent, jitter, is_overtaken);
        let harm = (is_corrupt || is_garbled).then_some(Harm { place, is_mended: is_garbled });
        self.counts.delayed += u64::from(due > now);
        self.counts.duplicated += u64::from(twice);
        self.counts.reordered += u64::from(is_overtaken);
        Fate { due: Some(due), twice, harm }
    }

    /// A bit of a packet has been flipped.
    pub(super) fn harmed(&mut self, harm: Harm) {
        let count =
            if harm.is_mended { &mut self.counts.garbled } else { &mut self.counts.corrupted };
        *count += 1;
    }

    /// When the last bit of a packet has left.
    fn sent(&self, now: Nanos, bytes: usize) -> Nanos {
        match self.quality.rate_bps {
            0 => now,
            rate => self.busy_until.max(now) + bytes as u64 * 8 * 1_000_000_000 / rate,
        }
    }

    /// When it arrives.
    fn due(&mut self, sent: Nanos, jitter: f64, is_overtaken: bool) -> Nanos {
        let Quality { delay_us, jitter_us, .. } = self.quality;
        let wait = delay_us * 1000 + (jitter * jitter_us as f64 * 1000.0) as Nanos;
        if is_overtaken {
            return sent + wait + OVERTAKEN;
        }
        self.last_due = self.last_due.max(sent + wait);
        self.last_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: u64 = 10_000;

    fn fates(quality: Quality, seed: u64) -> (Vec<Fate>, Counts) {
        let mut link = Link { quality, ..Link::new(seed, "n1>n2") };
        let fates = (0..N).map(|n| link.pass(n * 1_000_000, 1000)).collect();
        (fates, link.counts)
    }

    fn is_near(count: u64, share: f64) -> bool {
        (count as f64 / N as f64 - share).abs() < 0.02
    }

    #[test]
    fn a_perfect_link_changes_nothing() {
        let (fates, counts) = fates(Quality::PERFECT, 1);
        for (n, fate) in fates.iter().enumerate() {
            let due = Some(n as u64 * 1_000_000);
            assert_eq!(*fate, Fate { due, twice: false, harm: None });
        }
        assert_eq!(counts, Counts { packets: N, ..Counts::default() });
    }

    #[test]
    fn shares_are_as_asked_and_repeat_by_seed() {
        let quality = Quality {
            loss: 0.2,
            duplicate: 0.1,
            reorder: 0.1,
            corrupt: 0.05,
            garble: 0.05,
            ..Quality::PERFECT
        };
        let (first, counts) = fates(quality, 7);
        assert!(is_near(counts.lost, 0.2), "{counts:?}");
        assert!(is_near(counts.duplicated, 0.08), "of those that arrive: {counts:?}");
        assert!(is_near(counts.reordered, 0.08), "{counts:?}");
        let is_garbled = |fate: &&Fate| fate.harm.is_some_and(|harm| harm.is_mended);
        let garbled = first.iter().filter(is_garbled).count() as u64;
        assert!(is_near(garbled, 0.04), "{garbled}");
        assert_eq!(first, fates(quality, 7).0);
        assert_ne!(first, fates(quality, 8).0);
    }

    #[test]
    fn one_quality_does_not_shift_another() {
        let lost =
            |fates: Vec<Fate>| -> Vec<bool> { fates.iter().map(|f| f.due.is_none()).collect() };
        let alone = fates(Quality { loss: 0.2, ..Quality::PERFECT }, 3).0;
        let with = Quality { loss: 0.2, duplicate: 0.5, delay_us: 10, ..Quality::PERFECT };
        assert_eq!(lost(alone), lost(fates(with, 3).0));
    }

    #[test]
    fn jitter_keeps_the_order_and_only_the_overtaken_leave_it() {
        let quality = Quality { delay_us: 2_000, jitter_us: 50_000, ..Quality::PERFECT };
        let dues: Vec<_> = fates(quality, 5).0.iter().filter_map(|fate| fate.due).collect();
        assert!(dues.is_sorted() && dues[0] >= 2_000_000);
        let dues = fates(Quality { reorder: 0.1, ..quality }, 5).0;
        assert!(!dues.iter().filter_map(|fate| fate.due).is_sorted());
    }

    #[test]
    fn a_narrow_link_takes_its_time_and_drops_what_would_wait_too_long() {
        // 1,000 bytes a millisecond are 8 Mb/s; half of that fits.
        let (fates, counts) = fates(Quality { rate_bps: 4_000_000, ..Quality::PERFECT }, 1);
        assert_eq!(fates[0].due, Some(2_000_000));
        assert!((0.45..0.55).contains(&(counts.lost as f64 / N as f64)), "{counts:?}");
    }
}
