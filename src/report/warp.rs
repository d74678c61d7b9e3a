//! A time axis for few calls: idle time is compressed and busy time stretched until labels fit.
use checkers::Nanos;

/// Maps moments to pixels, monotonically.
pub(super) struct Warp {
    moments: Vec<Nanos>,
    /// Pixel of each moment.
    at: Vec<f64>,
}

const NARROWEST: f64 = 12.0;
const WIDEST: f64 = 90.0;

impl Warp {
    /// An axis at least `fill` wide through these moments, on which each span (from, to, width)
    /// gets its width.
    pub(super) fn new(mut moments: Vec<Nanos>, spans: &[(Nanos, Nanos, f64)], fill: f64) -> Warp {
        moments.sort_unstable();
        moments.dedup();
        let total = moments.last().zip(moments.first()).map_or(0, |(b, a)| b - a).max(1) as f64;
        let natural = |pair: &[Nanos]| (pair[1] - pair[0]) as f64 / total * fill;
        let mut gaps: Vec<f64> =
            moments.windows(2).map(|pair| natural(pair).clamp(NARROWEST, WIDEST)).collect();
        let place = |moment: Nanos| moments.partition_point(|&m| m < moment);
        // Short spans first: what they need, the long ones around them then have already.
        let mut spans: Vec<_> = spans.iter().map(|&(a, b, w)| (place(a), place(b), w)).collect();
        spans.sort_by_key(|&(from, to, _)| to - from);
        for (from, to, width) in spans {
            let have: f64 = gaps[from..to].iter().sum();
            let each = (width - have) / (to - from) as f64;
            if to > from && each > 0.0 {
                gaps[from..to].iter_mut().for_each(|gap| *gap += each);
            }
        }
        let scale = (fill / gaps.iter().sum::<f64>().max(1.0)).max(1.0);
        let mut at = vec![0.0];
        for gap in gaps {
            at.push(at[at.len() - 1] + gap * scale);
        }
        Warp { moments, at }
    }

    /// Pixel of a moment; between two known ones, in proportion.
    pub(super) fn x(&self, moment: Nanos) -> f64 {
        let above = self.moments.partition_point(|&m| m < moment);
        match (self.moments.get(above), above) {
            (None, _) => self.width(),
            (Some(_), 0) => 0.0,
            (Some(&next), _) => {
                let before = self.moments[above - 1];
                let share = (moment - before) as f64 / (next - before) as f64;
                self.at[above - 1] + share * (self.at[above] - self.at[above - 1])
            }
        }
    }

    /// Pixel of the last moment.
    pub(super) fn width(&self) -> f64 {
        self.at.last().copied().unwrap_or(0.0)
    }

    /// Neighbouring moments.
    pub(super) fn gaps(&self) -> impl Iterator<Item = (Nanos, Nanos)> + '_ {
        self.moments.windows(2).map(|pair| (pair[0], pair[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_fit_and_order_is_kept() {
        let moments = vec![0, 10, 20, 1_000_000, 1_000_005];
        let warp = Warp::new(moments.clone(), &[(10, 20, 80.0), (1_000_000, 1_000_005, 60.0)], 1.0);
        assert!(warp.x(20) - warp.x(10) >= 80.0);
        assert!(warp.x(1_000_005) - warp.x(1_000_000) >= 60.0);
        assert!(moments.windows(2).all(|m| warp.x(m[0]) < warp.x(m[1])));
        assert!(warp.x(1_000_000) - warp.x(20) <= WIDEST);
        assert!(warp.x(15) > warp.x(10) && warp.x(15) < warp.x(20));
        assert_eq!(warp.x(2_000_000), warp.width());
    }

    #[test]
    fn one_moment_is_enough() {
        assert_eq!(Warp::new(vec![7, 7], &[(7, 7, 50.0)], 100.0).x(7), 0.0);
        assert_eq!(Warp::new(Vec::new(), &[], 100.0).width(), 0.0);
    }
}
