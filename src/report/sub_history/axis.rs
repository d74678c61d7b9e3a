//! The axis of the drawing: where moments lie, and what is written beside it.
use checkers::Nanos;

use super::{Active, CHAR, FILL, GUTTER, LABEL_MOST};
use crate::report::{
    calls::{Call, Outcome},
    format::{duration, moment, shorten},
    warp::Warp,
};

/// A text at a place.
pub(super) struct Mark {
    pub(super) x: u64,
    pub(super) label: String,
}

/// The axis on which every label fits.
pub(super) fn axis(drawn: &[&Call<'_>], faults: &[Active], first: Nanos, last: Nanos) -> Warp {
    // A little room at the right, so that what is open-ended is seen to be.
    let open = last + ((last - first) / 20).max(1);
    let mut moments = vec![first, last, open];
    moments.extend(drawn.iter().map(|c| c.start));
    moments.extend(drawn.iter().filter(|c| c.outcome != Outcome::Info).filter_map(|c| c.end));
    moments.extend(faults.iter().flat_map(|f| [f.from, f.to]));
    let need = |c: &&Call<'_>| {
        let label = shorten(&c.label(), LABEL_MOST).chars().count() as f64;
        (c.start, settled(c).unwrap_or(open), label * CHAR + 34.0)
    };
    let spans: Vec<_> = drawn.iter().map(need).collect();
    Warp::new(moments, &spans, FILL)
}

/// When a call was over; an `info` never is.
pub(super) fn settled(call: &Call<'_>) -> Option<Nanos> {
    call.end.filter(|_| call.outcome != Outcome::Info)
}

/// Times written above the axis, as many as fit.
pub(super) fn ticks(drawn: &[&Call<'_>], warp: &Warp, first: Nanos, last: Nanos) -> Vec<Mark> {
    let mut moments: Vec<Nanos> = drawn.iter().map(|c| c.start).collect();
    moments.extend(drawn.iter().filter_map(|c| settled(c)).chain([first, last]));
    moments.sort_unstable();
    let mut ticks: Vec<Mark> = Vec::new();
    for at in moments {
        let x = (GUTTER + warp.x(at)) as u64;
        if ticks.last().is_none_or(|t| x >= t.x + 74) {
            ticks.push(Mark { x, label: moment(at) });
        }
    }
    ticks
}

/// Stretches in which nothing drawn was under way, with their true length.
pub(super) fn idle(drawn: &[&Call<'_>], warp: &Warp, first: Nanos, last: Nanos) -> Vec<Mark> {
    let busy = |a: Nanos, b: Nanos| {
        drawn.iter().any(|c| settled(c).is_some_and(|end| c.start < b && end > a))
    };
    let long = (last - first) / 20;
    let mut gaps: Vec<(Nanos, Nanos)> = Vec::new();
    for (a, b) in warp.gaps().filter(|&(a, b)| b <= last && !busy(a, b)) {
        match gaps.last_mut().filter(|(_, end)| *end == a) {
            Some(gap) => gap.1 = b,
            None => gaps.push((a, b)),
        }
    }
    gaps.retain(|(a, b)| b - a > long.max(1_000_000));
    let mark = |(a, b): (Nanos, Nanos)| Mark {
        x: (GUTTER + f64::midpoint(warp.x(a), warp.x(b))) as u64,
        label: duration(b - a),
    };
    gaps.into_iter().map(mark).collect()
}
