//! Histories of the other familiar objects: ten clients at once, each call at some instant while it
//! is open. Made anew from a seed, the same everywhere.
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    fmt::Write as _,
};

use checkers::History;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Object {
    Mutex,
    Semaphore,
    ReentrantMutex,
    FencedMutex,
    Counter,
    Set,
    Log,
    Ids,
    Stack,
    Heap,
}

const CLIENTS: u32 = 10;
/// A read of all is as long as all: there are only so many.
const WHOLE_READS: u32 = 64;

/// An object and what it remembers.
struct World {
    object: Object,
    calls: u32,
    random: ChaCha8Rng,
    count: u64,
    list: Vec<u64>,
    heap: BTreeSet<u64>,
    holder: Option<u32>,
}

/// A history of so many calls, those included that fail.
pub(crate) fn history(object: Object, calls: u32) -> History {
    let mut world = World {
        object,
        calls,
        random: ChaCha8Rng::seed_from_u64(1),
        count: 0,
        list: Vec::new(),
        heap: BTreeSet::new(),
        holder: None,
    };
    let mut text = String::new();
    // What happens next: when, to whom, and how far the call is.
    let mut agenda: BinaryHeap<Reverse<(u64, u32, u8)>> =
        (0..CLIENTS).map(|client| Reverse((u64::from(client), client, 0))).collect();
    let mut asked = vec![("", String::new()); CLIENTS as usize];
    let mut answers: Vec<Option<String>> = vec![None; CLIENTS as usize];
    let (mut left, mut rows) = (calls, 0);
    while let Some(Reverse((now, client, step))) = agenda.pop() {
        let c = client as usize;
        let mut write = |kind: &str, f: &str, value: &str| {
            let _ = writeln!(
                text,
                "{{\"index\":{rows},\"time\":{now},\"process\":{client},\"type\":\"{kind}\",\
                 \"f\":\"{f}\",\"value\":{value}}}"
            );
            rows += 1;
        };
        match step {
            0 if left == 0 => continue,
            0 => {
                asked[c] = world.question(client, left);
                left -= 1;
                write("invoke", asked[c].0, &asked[c].1);
            }
            1 => answers[c] = world.answer(client, asked[c].0, &asked[c].1),
            _ => match answers[c].take() {
                Some(answer) => write("ok", asked[c].0, &answer),
                None => write("fail", asked[c].0, "null"),
            },
        }
        let pause = world.random.random_range(1..10_000_000);
        agenda.push(Reverse((now + pause, client, (step + 1) % 3)));
    }
    History::read(text).expect("a history")
}

impl World {
    fn question(&mut self, client: u32, left: u32) -> (&'static str, String) {
        let null = || "null".to_owned();
        let first = self.random.random_bool(0.5);
        let is_whole = left.is_multiple_of(self.calls / WHOLE_READS);
        match self.object {
            Object::Mutex | Object::Semaphore => {
                (if first { "acquire" } else { "release" }, null())
            }
            Object::ReentrantMutex | Object::FencedMutex => {
                let holds = self.holder == Some(client);
                (if holds { "release" } else { "acquire" }, client.to_string())
            }
            Object::Counter if first => ("read", null()),
            Object::Counter => ("add", "1".into()),
            Object::Set | Object::Log if is_whole => ("read", null()),
            Object::Set => ("add", self.fresh().to_string()),
            Object::Log if first && !self.list.is_empty() => {
                ("read", self.random.random_range(0..self.list.len()).to_string())
            }
            Object::Log => ("append", self.fresh().to_string()),
            Object::Ids => ("generate", null()),
            Object::Stack | Object::Heap if first => ("pop", null()),
            Object::Stack => ("push", self.fresh().to_string()),
            Object::Heap => ("insert", (self.fresh() * 7919 % 1_000_003).to_string()),
        }
    }

    fn fresh(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn answer(&mut self, client: u32, f: &str, value: &str) -> Option<String> {
        let word = |value: Option<u64>| value.map_or("null".into(), |v| v.to_string());
        let number = value.parse().unwrap_or_default();
        Some(match (self.object, f) {
            (Object::Mutex | Object::Semaphore, _) => return self.permit(f),
            (Object::ReentrantMutex | Object::FencedMutex, _) => return self.lock(client, f),
            (Object::Counter, "read") => self.count.to_string(),
            (Object::Counter | Object::Ids, _) => self.fresh().to_string(),
            (Object::Set | Object::Log, "read") if value == "null" => format!("{:?}", self.list),
            (Object::Log, "read") => word(self.list.get(number as usize).copied()),
            (Object::Stack, "pop") => word(self.list.pop()),
            (Object::Heap, "pop") => word(self.heap.pop_first()),
            (Object::Heap, _) => self.heap.insert(number).then_some("null".into())?,
            (Object::Set | Object::Log | Object::Stack, _) => {
                self.list.push(number);
                (self.list.len() - 1).to_string()
            }
        })
    }

    fn permit(&mut self, f: &str) -> Option<String> {
        let most = if self.object == Object::Mutex { 1 } else { 5 };
        let taken = if f == "acquire" { self.count + 1 } else { self.count.checked_sub(1)? };
        self.count = Some(taken).filter(|taken| *taken <= most)?;
        Some("null".into())
    }

    fn lock(&mut self, client: u32, f: &str) -> Option<String> {
        let is_acquire = f == "acquire";
        let may = if is_acquire { self.holder.is_none() } else { self.holder == Some(client) };
        self.holder = may.then_some(is_acquire.then_some(client))?;
        Some(self.fresh().to_string())
    }
}
