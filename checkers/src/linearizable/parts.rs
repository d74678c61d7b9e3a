//! An object made of parts that know nothing of each other: each is judged by itself.
//!
//! Linearizability is local (Herlihy and Wing 1990, theorem 1): there is an order exactly where
//! each part has one. Where calls are about several parts, parts that have a call in common count
//! as one.
use rustc_hash::FxHashMap;

use super::{CallOf, Prepared};
use crate::{Budget, Figure, History, Malformed, Valid, Verdict, model::Model};

/// The history of each group of parts, in the order in which they are first met; nothing where
/// they cannot be told apart.
pub(super) fn split<M: Model>(model: &M, history: &History, calls: &[CallOf<M>]) -> Vec<History> {
    let mut groups = Groups::default();
    let mut numbers = FxHashMap::default();
    let mut first = Vec::with_capacity(calls.len());
    for call in calls {
        let Some(parts) = model.parts(&call.input) else { return Vec::new() };
        let mut parts = parts.into_iter().map(|part| {
            let new = numbers.len() as u32;
            *numbers.entry(part).or_insert(new)
        });
        let one = parts.next();
        first.push(one);
        for other in parts {
            groups.join(one.unwrap_or(other), other);
        }
    }
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); numbers.len()];
    for (call, part) in calls.iter().zip(first) {
        // What is about nothing can go anywhere.
        let Some(rows) = rows.get_mut(groups.of(part.unwrap_or(0)) as usize) else { continue };
        rows.push(call.invoked);
        rows.extend(history.pair(call.invoked).map(|done| done.row));
    }
    rows.retain(|rows| !rows.is_empty());
    let select = |mut rows: Vec<u32>| {
        rows.sort_unstable();
        history.select(rows)
    };
    if rows.len() < 2 { Vec::new() } else { rows.into_iter().map(select).collect() }
}

/// Which parts belong together.
#[derive(Default)]
struct Groups(Vec<u32>);

impl Groups {
    /// The part that stands for a group. Halves the way to it (Tarjan and van Leeuwen 1984).
    fn of(&mut self, mut part: u32) -> u32 {
        while let Some(&up) = self.0.get(part as usize)
            && up != part
        {
            self.0[part as usize] = self.0[up as usize];
            part = up;
        }
        part
    }

    fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.of(one), self.of(other));
        let known = self.0.len() as u32;
        self.0.extend(known..=one.max(other));
        self.0[one.max(other) as usize] = one.min(other);
    }
}

impl<M: Model> Prepared<'_, M> {
    /// The verdict on an object of several parts: the worst, and of violations the earliest.
    pub(super) fn check_parts(
        &self,
        parts: &[History],
        budget: &Budget,
    ) -> Result<Verdict, Malformed> {
        let mut worst = Verdict::valid();
        let (mut calls, mut configurations) = (0, 0);
        for part in parts {
            let part = Prepared::new(self.model, self.origin.clone(), part)?;
            let verdict = part.try_check(budget)?;
            let count = |name| verdict.details.get(name).and_then(serde_json::Value::as_u64);
            calls += count("calls").unwrap_or(0);
            configurations += count("configurations").unwrap_or(0);
            let is_worse = (verdict.valid, std::cmp::Reverse(culprit(&verdict)))
                > (worst.valid, std::cmp::Reverse(culprit(&worst)));
            if is_worse {
                worst = verdict;
            }
        }
        Ok(worst
            .with("calls", calls)
            .with("configurations", configurations)
            .with("objects", parts.len()))
    }

    /// An order of all calls from one of each part. A call of a part can take effect as soon as it
    /// and all before it were invoked; so the parts are merged by these moments.
    pub(super) fn order_parts(
        &self,
        parts: &[History],
        budget: &Budget,
    ) -> Result<Option<Vec<u32>>, Malformed> {
        let mut moments = Vec::new();
        for part in parts {
            let prepared = Prepared::new(self.model, self.origin.clone(), part)?;
            let Some(order) = prepared.order(budget)? else { return Ok(None) };
            let mut now = 0;
            for row in order {
                now = row.max(now);
                moments.push((now, row));
            }
        }
        moments.sort_by_key(|&(now, _)| now);
        Ok(Some(moments.into_iter().map(|(_, row)| row).collect()))
    }
}

fn culprit(verdict: &Verdict) -> Option<u32> {
    match (&verdict.valid, &verdict.anomalies.first()?.figure) {
        (Valid::Invalid, Figure::Ops(figure)) => Some(figure.culprit),
        _ => None,
    }
}
