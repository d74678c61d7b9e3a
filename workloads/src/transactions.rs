//! What transactions of a few reads and writes are made of: shared by [`crate::append`] and
//! [`crate::rw_register`].
//!
//! A few keys are in use at a time, some of them far more than others, so that transactions meet.
//! A key that was written so often gives its place to a fresh one, so that lists stay short and
//! the whole history bounded. Written values count up from 1 on each key, and so are distinct.
//! After healing, every key that was ever used is read, again until it is answered.
use std::collections::{BTreeMap, VecDeque};

use checkers::{Kind, Op, Process};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Generator,
    generator::{Context, GeneratorExt, Next, Thread, invoke},
};

/// Functions that change nothing.
pub(crate) const READS: &[&str] = &["read"];

/// What transactions look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shape {
    /// How the keys in use share the work.
    pub key_dist: Dist,
    /// Keys in use at a time; absent for 3 where they are all alike, else 10.
    pub key_count: Option<u32>,
    /// Micro-operations of the longest transaction; the shortest has one.
    pub length_max: u32,
    /// Writes of a key before a fresh one takes its place.
    pub writes_per_key_max: u32,
    /// Whether most keys get far fewer writes than that: a share of 1/n of them n.
    pub writes_per_key_zipf: bool,
}

/// How likely each of several is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dist {
    /// All alike.
    Uniform,
    /// Each twice as likely as the one before.
    Exponential,
    /// The `n`-th in proportion to 1/n.
    Zipf,
}

impl Default for Shape {
    fn default() -> Shape {
        Shape {
            key_dist: Dist::Exponential,
            key_count: None,
            length_max: 4,
            writes_per_key_max: 256,
            writes_per_key_zipf: false,
        }
    }
}

impl Shape {
    fn keys(&self) -> u32 {
        let default = if self.key_dist == Dist::Uniform { 3 } else { 10 };
        self.key_count.unwrap_or(default).max(1)
    }
}

/// Draws numbers below a bound.
struct Draw {
    /// The sums of weights up to each number.
    sums: Vec<f64>,
}

impl Draw {
    fn new(dist: Dist, count: u32) -> Draw {
        let weight = |i: u32| match dist {
            Dist::Uniform => 1.0,
            // Halved rather than doubled, so that no number of keys is too large.
            Dist::Exponential => (-f64::from(count - 1 - i)).exp2(),
            Dist::Zipf => 1.0 / f64::from(i + 1),
        };
        let sum = |sum: &mut f64, i| {
            *sum += weight(i);
            Some(*sum)
        };
        Draw { sums: (0..count.max(1)).scan(0.0, sum).collect() }
    }

    fn next(&self, chance: &mut ChaCha8Rng) -> usize {
        let last = self.sums.len() - 1;
        let at = chance.random_range(0.0..self.sums[last]);
        self.sums.partition_point(|sum| *sum <= at).min(last)
    }
}

/// A key in use.
#[derive(Clone, Copy)]
struct Active {
    key: u64,
    written: u32,
    writes_max: u32,
}

/// Transactions whose writes are called `write`; those that only read are called `read`.
pub(crate) fn transactions(shape: Shape, write: &'static str) -> impl Generator + 'static {
    let limits = shape.writes_per_key_zipf.then(|| Draw::new(Dist::Zipf, shape.writes_per_key_max));
    let mut txns = Txns {
        keys: Draw::new(shape.key_dist, shape.keys()),
        shape,
        limits,
        active: Vec::new(),
        next_key: 0,
    };
    move |ctx: &mut Context| {
        let mops = txns.next(&mut ctx.rng, write);
        let only_reads = mops.iter().all(|mop| mop[0] == "r");
        Some(invoke(if only_reads { "read" } else { "txn" }, mops))
    }
}

struct Txns {
    shape: Shape,
    keys: Draw,
    /// Draws how often a key may be written, where not all may alike.
    limits: Option<Draw>,
    active: Vec<Active>,
    next_key: u64,
}

impl Txns {
    fn next(&mut self, chance: &mut ChaCha8Rng, write: &str) -> Vec<Value> {
        while self.active.len() < self.shape.keys() as usize {
            let fresh = self.fresh(chance);
            self.active.push(fresh);
        }
        let length = chance.random_range(1..=self.shape.length_max.max(1));
        (0..length).map(|_| self.mop(chance, write)).collect()
    }

    fn mop(&mut self, chance: &mut ChaCha8Rng, write: &str) -> Value {
        let place = self.keys.next(chance);
        if chance.random_bool(0.5) {
            return json!(["r", self.active[place].key, null]);
        }
        if self.active[place].written >= self.active[place].writes_max {
            self.active[place] = self.fresh(chance);
        }
        let active = &mut self.active[place];
        active.written += 1;
        json!([write, active.key, active.written])
    }

    fn fresh(&mut self, chance: &mut ChaCha8Rng) -> Active {
        self.next_key += 1;
        let writes_max = match &self.limits {
            Some(limits) => limits.next(chance) as u32 + 1,
            None => self.shape.writes_per_key_max.max(1),
        };
        Active { key: self.next_key - 1, written: 0, writes_max }
    }
}

/// One read of every key that was ever used, each again until it is answered.
pub(crate) fn final_reads() -> Box<dyn Generator> {
    FinalReads { keys: 0, todo: None, reading: BTreeMap::new() }.clients().boxed()
}

struct FinalReads {
    /// How many keys were ever used: they are numbered from 0.
    keys: u64,
    todo: Option<VecDeque<u64>>,
    /// The keys of the calls in flight.
    reading: BTreeMap<Process, u64>,
}

impl Generator for FinalReads {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let todo = self.todo.get_or_insert_with(|| (0..self.keys).collect());
        match todo.pop_front() {
            Some(key) => {
                self.reading.insert(ctx.process(thread), key);
                Next::Invoke(invoke("read", json!([["r", key, null]])))
            }
            None if self.reading.is_empty() => Next::Exhausted,
            None => Next::Pending(None),
        }
    }

    fn update(&mut self, _: &Context, event: &Op) {
        if event.kind == Kind::Invoke {
            let keys =
                event.value.as_array().into_iter().flatten().filter_map(|mop| mop[1].as_u64());
            self.keys = self.keys.max(keys.max().map_or(0, |key| key + 1));
            return;
        }
        if let (Some(key), Some(todo)) = (self.reading.remove(&event.process), &mut self.todo)
            && event.kind != Kind::Ok
        {
            todo.push_back(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::generator::{Completion, Timing, phases, simulate, stream};

    fn asked(shape: Shape, count: u64) -> Vec<Op> {
        let generator = phases(vec![
            transactions(shape, "append").clients().limit(count).boxed(),
            final_reads(),
        ]);
        let mut calls = 0;
        let effect = move |_, op: &Op| {
            calls += 1;
            let kind = [Kind::Ok, Kind::Ok, Kind::Fail, Kind::Info][calls % 4];
            Completion { kind, value: op.value.clone(), error: None }
        };
        simulate(generator, Context::new(10, Vec::new(), 1), Timing::default(), effect)
    }

    /// Each micro-operation asked for.
    fn mops(ops: &[Op]) -> impl Iterator<Item = (&str, u64, u64)> {
        let asked = ops.iter().filter(|op| op.kind == Kind::Invoke);
        asked.flat_map(|op| op.value.as_array().unwrap()).map(|mop| {
            (mop[0].as_str().unwrap(), mop[1].as_u64().unwrap(), mop[2].as_u64().unwrap_or(0))
        })
    }

    #[test]
    fn no_key_is_written_too_often_nor_the_same_value_twice() {
        let shape = Shape { writes_per_key_max: 20, ..Shape::default() };
        let ops = asked(shape, 2_000);
        let mut written = BTreeSet::new();
        for (_, key, value) in mops(&ops).filter(|mop| mop.0 == "append") {
            assert!(value <= 20 && written.insert((key, value)), "{key}: {value}");
        }
        let keys: BTreeSet<u64> = written.iter().map(|(key, _)| *key).collect();
        assert!(keys.len() > 50, "{keys:?}");
    }

    #[test]
    fn every_key_is_read_in_the_end_until_it_is_answered() {
        let ops = asked(Shape { writes_per_key_max: 20, ..Shape::default() }, 1_000);
        let used: BTreeSet<u64> = mops(&ops).map(|mop| mop.1).collect();
        let last = ops.iter().rposition(|op| &*op.f == "txn").unwrap();
        let answered = ops[last..].iter().filter(|op| &*op.f == "read" && op.kind == Kind::Ok);
        let read = answered.filter_map(|op| op.value[0][1].as_u64()).collect::<BTreeSet<_>>();
        assert!(used.is_subset(&read), "{:?}", used.difference(&read));
    }

    #[test]
    fn lengths_are_from_one_to_the_longest_and_only_reads_are_called_so() {
        let ops = asked(Shape::default(), 1_000);
        let lengths: BTreeSet<_> =
            ops.iter().map(|op| op.value.as_array().unwrap().len()).collect();
        assert_eq!(lengths, BTreeSet::from([1, 2, 3, 4]));
        for op in ops.iter().filter(|op| op.kind == Kind::Invoke) {
            let only_reads = op.value.as_array().unwrap().iter().all(|mop| mop[0] == "r");
            assert_eq!(only_reads, &*op.f == "read");
        }
    }

    /// How many of 10,000 draws fell on each of four.
    fn drawn(dist: Dist) -> Vec<f64> {
        let (draw, mut chance) = (Draw::new(dist, 4), stream(1, "test"));
        let mut counts = vec![0.0; 4];
        (0..10_000).for_each(|_| counts[draw.next(&mut chance)] += 1.0);
        counts
    }

    #[test]
    fn keys_are_drawn_as_their_distribution_says() {
        for (dist, weights) in [
            (Dist::Uniform, [1.0, 1.0, 1.0, 1.0]),
            (Dist::Exponential, [1.0, 2.0, 4.0, 8.0]),
            (Dist::Zipf, [12.0, 6.0, 4.0, 3.0]),
        ] {
            let sum: f64 = weights.iter().sum();
            for (count, weight) in drawn(dist).into_iter().zip(weights) {
                let expected = 10_000.0 * weight / sum;
                assert!((count - expected).abs() < 0.1 * expected + 30.0, "{dist:?}: {count}");
            }
        }
    }

    #[test]
    fn with_zipf_most_keys_are_written_a_few_times() {
        let shape = Shape { writes_per_key_zipf: true, ..Shape::default() };
        let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
        for (_, key, _) in mops(&asked(shape, 3_000)).filter(|mop| mop.0 == "append") {
            *counts.entry(key).or_default() += 1;
        }
        let few = counts.values().filter(|count| **count <= 16).count();
        assert!(few * 2 > counts.len() && counts.values().any(|count| *count > 60), "{counts:?}");
    }
}
