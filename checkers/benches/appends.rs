//! Histories of an imagined store of lists, or of registers, of any size.
//!
//! Clients invoke, the store acts at one moment in between, clients complete; chance decides who
//! is next. A store that acts on whole transactions is strictly serializable.
use std::fmt::Write;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What the store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// Nothing.
    Strict,
    /// Each micro-operation happens by itself, visible at once.
    Interleaved,
    /// This many of a million reads miss the newest elements.
    Stale(u32),
    /// This many of a million reads show the newest two elements the wrong way round.
    Swapped(u32),
}

/// A history to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Appends {
    /// Transactions.
    pub(crate) txns: usize,
    /// Clients, each with one transaction at a time.
    pub(crate) clients: usize,
    /// Keys in use at a time.
    pub(crate) keys: usize,
    /// Appends to a key before a fresh one takes its place.
    pub(crate) appends_per_key: u32,
    /// Micro-operations of a transaction, half of them reads.
    pub(crate) mops: usize,
    /// Whether a write takes the place of what was there, instead of being appended to it.
    pub(crate) are_registers: bool,
    /// The store.
    pub(crate) store: Store,
    /// Where chance begins.
    pub(crate) seed: u64,
}

impl Default for Appends {
    fn default() -> Appends {
        Appends {
            txns: 100_000,
            clients: 20,
            keys: 10,
            appends_per_key: 64,
            mops: 4,
            are_registers: false,
            store: Store::Strict,
            seed: 1,
        }
    }
}

/// A micro-operation: the key's place, and what is appended or was read.
#[derive(Clone)]
enum Mop {
    Append(usize, u32),
    Read(usize, Option<String>),
}

struct Client {
    mops: Vec<Mop>,
    /// How many have happened.
    done: usize,
    is_busy: bool,
}

/// A list with its last two elements the wrong way round.
fn swapped(list: &str) -> String {
    let mut elements: Vec<&str> = list.split(',').collect();
    if let [.., a, b] = &mut elements[..] {
        std::mem::swap(a, b);
    }
    elements.join(",")
}

#[derive(Default)]
struct List {
    text: String,
    /// What it was before the last write.
    before: String,
    asked: u32,
}

impl Appends {
    /// The history, as JSON Lines.
    pub(crate) fn text(&self) -> String {
        let mut chance = ChaCha8Rng::seed_from_u64(self.seed);
        let mut lists: Vec<List> = (0..self.keys).map(|_| List::default()).collect();
        let mut active: Vec<usize> = (0..self.keys).collect();
        let idle = || Client { mops: Vec::new(), done: 0, is_busy: false };
        let mut clients: Vec<Client> = (0..self.clients).map(|_| idle()).collect();
        let (mut text, mut begun, mut ended, mut index) = (String::new(), 0, 0, 0);
        while ended < self.txns {
            let process = chance.random_range(0..self.clients);
            let client = &mut clients[process];
            if !client.is_busy {
                if begun == self.txns {
                    continue;
                }
                begun += 1;
                client.mops.clear();
                for _ in 0..chance.random_range(1..=2 * self.mops - 1) {
                    let slot = chance.random_range(0..self.keys);
                    let key = active[slot];
                    if chance.random_bool(0.5) {
                        client.mops.push(Mop::Read(key, None));
                        continue;
                    }
                    lists[key].asked += 1;
                    client.mops.push(Mop::Append(key, lists[key].asked));
                    if lists[key].asked == self.appends_per_key {
                        active[slot] = lists.len();
                        lists.push(List::default());
                    }
                }
                (client.done, client.is_busy) = (0, true);
                self.write_op(&mut text, index, process, "invoke", &client.mops);
                index += 1;
            } else if client.done < client.mops.len() {
                let count = if self.store == Store::Interleaved { 1 } else { client.mops.len() };
                for _ in 0..count {
                    self.act(&mut client.mops[client.done], &mut lists, &mut chance);
                    client.done += 1;
                }
            } else {
                self.write_op(&mut text, index, process, "ok", &client.mops);
                (client.is_busy, ended, index) = (false, ended + 1, index + 1);
            }
        }
        text
    }

    fn act(&self, mop: &mut Mop, lists: &mut [List], chance: &mut ChaCha8Rng) {
        match mop {
            Mop::Append(key, element) => {
                let list = &mut lists[*key];
                list.before.clone_from(&list.text);
                if self.are_registers {
                    list.text.clear();
                } else if !list.text.is_empty() {
                    list.text.push(',');
                }
                let _ = write!(list.text, "{element}");
            }
            Mop::Read(key, answer) => {
                let list = &lists[*key];
                let mut happens =
                    |of_a_million: u32| chance.random_range(0..1_000_000) < of_a_million;
                *answer = Some(match self.store {
                    Store::Stale(often) if happens(often) => list.before.clone(),
                    Store::Swapped(often) if happens(often) => swapped(&list.text),
                    _ => list.text.clone(),
                });
            }
        }
    }

    fn write_op(&self, text: &mut String, index: usize, process: usize, kind: &str, mops: &[Mop]) {
        let time = index * 1000;
        let _ = write!(
            text,
            "{{\"index\":{index},\"time\":{time},\"process\":{process},\"type\":\"{kind}\",\"f\":\"txn\",\"value\":["
        );
        for (place, mop) in mops.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let _ = match mop {
                Mop::Append(key, element) if self.are_registers => {
                    write!(text, "{comma}[\"w\",{key},{element}]")
                }
                Mop::Append(key, element) => write!(text, "{comma}[\"append\",{key},{element}]"),
                Mop::Read(key, Some(value)) if kind == "ok" && self.are_registers => {
                    let value = if value.is_empty() { "null" } else { value };
                    write!(text, "{comma}[\"r\",{key},{value}]")
                }
                Mop::Read(key, Some(list)) if kind == "ok" => {
                    write!(text, "{comma}[\"r\",{key},[{list}]]")
                }
                Mop::Read(key, _) => write!(text, "{comma}[\"r\",{key},null]"),
            };
        }
        text.push_str("]}\n");
    }
}
