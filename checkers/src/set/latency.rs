//! How long it took until an element was there for good, or gone for good.
use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::{
    element::{Element, Fate},
    told::Told,
};
use crate::{Nanos, Verdict};

/// How many of the elements that were missed the longest are named.
const WORST_MAX: usize = 8;

/// Adds the quantiles of both latencies, and the elements that were missed the longest.
pub(super) fn with_latencies(
    verdict: Verdict,
    told: &impl Told,
    judged: &[(&Element, Fate)],
) -> Verdict {
    let mut stable: Vec<Nanos> = Vec::new();
    let mut lost: Vec<Nanos> = Vec::new();
    let mut stale: Vec<(Nanos, &Element)> = Vec::new();
    for (element, fate) in judged {
        match fate {
            Fate::Kept => stable.push(0),
            Fate::Lost => lost.push(since_known(told, element, element.last_seen)),
            Fate::Stale => {
                let missed = since_known(told, element, element.last_missed);
                stable.push(missed);
                stale.push((missed, element));
            }
            Fate::NeverRead | Fate::Unknown => (),
        }
    }
    stale.sort_by_key(|(missed, _)| Reverse(*missed));
    let worst = stale.iter().take(WORST_MAX).map(|(missed, element)| {
        let read = element.last_missed.map(|sighting| told.index(sighting.row));
        json!({ "element": Value::from(&element.value), "for_ns": missed, "missed_by_op": read })
    });
    verdict
        .with("worst_stale", worst.collect::<Vec<_>>())
        .with("stable_latencies_ns", quantiles(stable))
        .with("lost_latencies_ns", quantiles(lost))
}

/// From the moment an element was known to the invocation of a read; 0 where that came first.
fn since_known(
    told: &impl Told,
    element: &Element,
    read: Option<super::element::Sighting>,
) -> Nanos {
    let time = |row: u32| told.time(row);
    let known = element.known().map(time);
    let read = read.map(|sighting| time(sighting.invoked));
    known.zip(read).map_or(0, |(known, read)| read.saturating_sub(known))
}

/// The least, the greatest, and what half, 95 and 99 of a hundred do not exceed; empty of nothing.
fn quantiles(mut latencies: Vec<Nanos>) -> Value {
    latencies.sort_unstable();
    let mut at = Map::new();
    if let Some(last) = latencies.len().checked_sub(1) {
        for percent in [0, 50, 95, 99, 100] {
            at.insert(format!("p{percent}"), latencies[(last * percent).div_ceil(100)].into());
        }
    }
    Value::Object(at)
}
