//! Imagined logs in partitions.
use std::collections::BTreeMap;

use checkers::{Nanos, Op, Process};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use super::{Sim, Store, fail, info, ok};
use crate::{
    Params,
    generator::{Completion, stream},
};

pub(super) const fn sim(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    let functions = &["assign", "subscribe", "crash", "send", "poll", "txn"];
    Sim { workload: "log", bug, functions, convicted_min, build }
}

/// The same without subscriptions, so that no poll may skip or go back.
pub(super) const fn assigned(bug: Option<&'static str>, convicted_min: u32) -> Sim {
    Sim { functions: &["assign", "crash", "send", "poll", "txn"], ..sim(bug, convicted_min) }
}

fn build(bug: Option<&'static str>, seed: u64, _: &Params) -> Box<dyn Store> {
    let rng = stream(seed, "sim");
    Box::new(Partitions {
        bug,
        rng,
        logs: BTreeMap::new(),
        given: BTreeMap::new(),
        readers: BTreeMap::new(),
        group: BTreeMap::new(),
    })
}

struct Partitions {
    bug: Option<&'static str>,
    rng: ChaCha8Rng,
    /// By key: values with their offsets, which leave gaps.
    logs: BTreeMap<u32, Vec<(u64, Value)>>,
    /// By key: the offset given last.
    given: BTreeMap<u32, u64>,
    /// How far each process has come in the keys that it reads.
    readers: BTreeMap<Process, BTreeMap<u32, usize>>,
    /// How far those have come that subscribed.
    group: BTreeMap<u32, usize>,
}

/// Records of a key that one poll brings.
const POLLED_MAX: usize = 20;

impl Store for Partitions {
    fn effect(&mut self, _: Nanos, op: &Op) -> Completion {
        if &*op.f == "crash" || self.rng.random_bool(0.01) {
            return info();
        }
        let is_lost = self.rng.random_bool(0.01);
        let keys = || op.value.as_array().into_iter().flatten();
        let keys = keys().filter_map(Value::as_u64).map(|key| key as u32);
        let done = match &*op.f {
            "assign" => {
                let had = self.readers.remove(&op.process).unwrap_or_default();
                let from = |key| (key, had.get(&key).copied().unwrap_or(0));
                self.readers.insert(op.process, keys.map(from).collect());
                ok(op.value.clone())
            }
            "subscribe" => {
                let given = keys.filter(|_| self.rng.random_bool(0.7));
                let given = given.map(|key| (key, self.group.get(&key).copied().unwrap_or(0)));
                self.readers.insert(op.process, given.collect());
                ok(op.value.clone())
            }
            _ => self.transaction(op),
        };
        if is_lost { info() } else { done }
    }
}

impl Partitions {
    /// Polls first and sends then, so that nothing it sent is polled.
    fn transaction(&mut self, op: &Op) -> Completion {
        let bug = self.bug.filter(|_| self.rng.random_bool(0.1)).unwrap_or("");
        let parts = op.value.as_array().cloned().unwrap_or_default();
        let is_aborted = self.rng.random_bool(0.05);
        if is_aborted && bug != "aborted-send" {
            return fail("aborted");
        }
        let mut answers = vec![Value::Null; parts.len()];
        let is_poll = |part: &Value| part[0] == "poll";
        let order = |sends_first: bool| {
            let (polls, sends): (Vec<_>, Vec<_>) =
                (0..parts.len()).partition(|&i| is_poll(&parts[i]));
            if sends_first { [sends, polls].concat() } else { [polls, sends].concat() }
        };
        for i in order(bug == "own-sends") {
            let part = &parts[i];
            answers[i] = match is_poll(part) {
                true => json!(["poll", self.poll(op.process, bug)]),
                false => {
                    let key = part[1].as_u64().unwrap_or(0) as u32;
                    json!(["send", key, [self.send(key, &part[2], bug), part[2]]])
                }
            };
        }
        if is_aborted { fail("aborted") } else { ok(answers) }
    }

    fn send(&mut self, key: u32, value: &Value, bug: &str) -> u64 {
        let gap = self.rng.random_range(1..3);
        let log = self.logs.entry(key).or_default();
        let given = self.given.entry(key).or_default();
        *given += if bug == "offset-reused" { 0 } else { gap };
        let offset = *given;
        if bug == "lost-send" {
            return offset;
        }
        log.push((offset, value.clone()));
        if bug == "sent-twice" {
            *given += 1;
            log.push((*given, value.clone()));
        }
        offset
    }

    fn poll(&mut self, process: Process, bug: &str) -> Value {
        let mut polled = Map::new();
        let Some(reader) = self.readers.get_mut(&process) else { return polled.into() };
        for (key, position) in reader {
            let log = self.logs.entry(*key).or_default();
            let from = match bug {
                "skipped" => *position + 1,
                "read-again" => position.saturating_sub(1),
                _ => *position,
            };
            let to = (from + POLLED_MAX).min(log.len());
            let Some(records) = log.get(from..to).filter(|records| !records.is_empty()) else {
                continue;
            };
            let mut records = records.to_vec();
            if bug == "reordered" {
                records.reverse();
            }
            polled.insert(key.to_string(), json!(records));
            *position = to;
            let group = self.group.entry(*key).or_default();
            *group = to.max(*group);
        }
        polled.into()
    }
}
