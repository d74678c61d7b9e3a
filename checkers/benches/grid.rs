//! A grid of histories: a register that works, under so many clients, with values that repeat or
//! not, with calls that crash, with one lie or none. Made anew from a seed, the same everywhere.
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    fmt::Write as _,
};

use checkers::History;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Values {
    /// Never the same twice.
    Distinct,
    /// One of `0..n`.
    Below(u32),
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mix {
    /// Reads and writes, as many of each.
    ReadWrite,
    /// Reads, writes and cas, as many of each.
    ReadWriteCas,
    /// A queue that is filled and emptied.
    Queue,
}

/// Whether the object lies, once, in the last quarter of the history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lie {
    /// Never.
    None,
    /// A read answers what was there many writes ago.
    Stale,
    /// A write is acknowledged and forgotten.
    Lost,
}

/// One cell of the grid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    /// Clients at once.
    pub(crate) clients: u32,
    /// Calls in all.
    pub(crate) calls: u32,
    /// Independent objects; clients work on them in groups of [`Grid::clients`] over their number.
    pub(crate) keys: u32,
    /// What is written.
    pub(crate) values: Values,
    /// What is asked.
    pub(crate) mix: Mix,
    /// Share of calls that crash.
    pub(crate) crashed: f64,
    /// How it lies.
    pub(crate) lie: Lie,
    /// Of the pseudo-random numbers.
    pub(crate) seed: u64,
}

impl Default for Grid {
    fn default() -> Grid {
        Grid {
            clients: 10,
            calls: 1000,
            keys: 1,
            values: Values::Distinct,
            mix: Mix::ReadWriteCas,
            crashed: 0.0,
            lie: Lie::None,
            seed: 1,
        }
    }
}

impl Grid {
    /// The history of this cell.
    pub(crate) fn history(&self) -> History {
        History::read(self.text()).expect("the grid makes histories")
    }

    /// The history as JSON Lines.
    pub(crate) fn text(&self) -> String {
        let mut world = World::new(*self);
        while let Some(Reverse((_, client, step))) = world.agenda.pop() {
            match step {
                INVOKE => world.invoke(client),
                HAPPEN => world.happen(client),
                _ => world.complete(client),
            }
        }
        world.text
    }
}

const INVOKE: u8 = 0;
const HAPPEN: u8 = 1;
const COMPLETE: u8 = 2;

/// One register or queue.
#[derive(Clone, Default)]
struct Object {
    value: Option<u64>,
    past: VecDeque<u64>,
    queue: VecDeque<u64>,
    written: u64,
}

/// A client and its call.
#[derive(Clone, Default)]
struct Client {
    process: u32,
    key: usize,
    f: &'static str,
    argument: String,
    new: u64,
    old: Option<u64>,
    answer: Option<String>,
    now: u64,
    done_at: u64,
}

struct World {
    grid: Grid,
    random: ChaCha8Rng,
    objects: Vec<Object>,
    clients: Vec<Client>,
    /// What happens next: when, to whom, what.
    agenda: BinaryHeap<Reverse<(u64, u32, u8)>>,
    invoked: u32,
    processes: u32,
    has_lied: bool,
    rows: u32,
    text: String,
}

impl World {
    fn new(grid: Grid) -> World {
        let mut world = World {
            grid,
            random: ChaCha8Rng::seed_from_u64(grid.seed),
            objects: vec![Object::default(); grid.keys as usize],
            clients: Vec::new(),
            agenda: BinaryHeap::new(),
            invoked: 0,
            processes: grid.clients * grid.keys,
            has_lied: false,
            rows: 0,
            text: String::new(),
        };
        for client in 0..grid.clients * grid.keys {
            let key = (client / grid.clients) as usize;
            world.clients.push(Client { process: client, key, ..Client::default() });
            let start = world.exponential(1e6);
            world.agenda.push(Reverse((start, client, INVOKE)));
        }
        world
    }

    fn exponential(&mut self, mean: f64) -> u64 {
        let uniform: f64 = self.random.random_range(0.0..1.0);
        (-(1.0 - uniform).ln() * mean) as u64 + 1
    }

    /// A value to write.
    fn fresh(&mut self, key: usize) -> u64 {
        match self.grid.values {
            Values::Distinct => {
                self.objects[key].written += 1;
                self.objects[key].written
            }
            Values::Below(n) => u64::from(self.random.random_range(0..n)),
        }
    }

    fn invoke(&mut self, client: u32) {
        if self.invoked == self.grid.calls {
            return;
        }
        self.invoked += 1;
        let c = client as usize;
        let key = self.clients[c].key;
        let choices = if self.grid.mix == Mix::ReadWriteCas { 3 } else { 2 };
        let f = match (self.grid.mix, self.random.random_range(0..choices)) {
            (Mix::Queue, 0) if self.objects[key].queue.len() < 100 => "enqueue",
            (Mix::Queue, _) => "dequeue",
            (_, 0) => "read",
            (_, 1) => "write",
            _ => "cas",
        };
        let old = match self.grid.values {
            Values::Below(_) => Some(self.fresh(key)),
            Values::Distinct => self.objects[key].value,
        };
        let new = if matches!(f, "read" | "dequeue") { 0 } else { self.fresh(key) };
        let argument = match (f, old) {
            ("read" | "dequeue", _) => "null".into(),
            ("cas", Some(old)) => format!("[{old},{new}]"),
            ("cas", None) => format!("[null,{new}]"),
            _ => new.to_string(),
        };
        let now = self.clients[c].now;
        let latency = self.exponential(1e7);
        let half: u64 = self.random.random_range(0..latency);
        let state = &mut self.clients[c];
        (state.f, state.old, state.new, state.answer) = (f, old, new, None);
        state.done_at = now + latency;
        state.argument = argument;
        self.agenda.push(Reverse((now + half, client, HAPPEN)));
        self.write(c, "invoke", None);
    }

    fn happen(&mut self, client: u32) {
        let c = client as usize;
        let may_lie = !self.has_lied && self.invoked > self.grid.calls / 4 * 3;
        let state = &mut self.clients[c];
        let object = &mut self.objects[state.key];
        let word = |value: Option<u64>| value.map_or("null".into(), |v| v.to_string());
        let (f, lie) = (state.f, self.grid.lie);
        match f {
            "read" if may_lie && lie == Lie::Stale && object.past.len() == 64 => {
                self.has_lied = true;
                state.answer = Some(word(object.past.front().copied()));
            }
            "read" => state.answer = Some(word(object.value)),
            "write" if may_lie && lie == Lie::Lost => {
                self.has_lied = true;
                state.answer = Some(state.argument.clone());
            }
            "enqueue" => {
                object.queue.push_back(state.new);
                state.answer = Some(state.argument.clone());
            }
            "dequeue" => state.answer = Some(word(object.queue.pop_front())),
            "cas" if object.value != state.old => (),
            _ => {
                object.past.extend(object.value.replace(state.new));
                if object.past.len() > 64 {
                    object.past.pop_front();
                }
                state.answer = Some(state.argument.clone());
            }
        }
        let done_at = state.done_at;
        self.agenda.push(Reverse((done_at, client, COMPLETE)));
    }

    fn complete(&mut self, client: u32) {
        let c = client as usize;
        self.clients[c].now = self.clients[c].done_at;
        let answer = self.clients[c].answer.take();
        let is_crash = self.grid.crashed > 0.0 && self.random.random_bool(self.grid.crashed);
        if is_crash {
            self.write(c, "info", None);
            self.clients[c].process = self.processes;
            self.processes += 1;
        } else {
            let kind = if answer.is_some() { "ok" } else { "fail" };
            self.write(c, kind, answer.as_deref());
        }
        self.clients[c].now += self.exponential(1e6);
        self.agenda.push(Reverse((self.clients[c].now, client, INVOKE)));
    }

    fn write(&mut self, c: usize, kind: &str, answer: Option<&str>) {
        let Client { process, key, f, argument, now, .. } = &self.clients[c];
        let value = answer.unwrap_or(argument);
        let index = self.rows;
        self.rows += 1;
        let _ = writeln!(
            self.text,
            "{{\"index\":{index},\"time\":{now},\"process\":{process},\"type\":\"{kind}\",\
             \"f\":\"{f}\",\"key\":{key},\"value\":{value}}}"
        );
    }
}
