//! Small random histories: a right store, and answers changed here and there.
use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

pub(crate) const KEYS: usize = 2;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mop {
    Append(usize, u32),
    Read(usize, Vec<u32>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ending {
    Ok,
    Fail,
    Info,
}

#[derive(Clone, Debug)]
pub(crate) struct Txn {
    pub(crate) process: usize,
    pub(crate) invoked: usize,
    pub(crate) completed: Option<usize>,
    pub(crate) ending: Ending,
    pub(crate) mops: Vec<Mop>,
}

/// Two to five transactions, and one that reads everything at last.
pub(crate) fn txns(chance: &mut ChaCha8Rng) -> Vec<Txn> {
    let mut txns = asked(chance);
    let lists = answer(&mut txns, chance);
    for _ in 0..chance.random_range(0..3) {
        spoil(&mut txns, &lists, chance);
    }
    let mops = lists.into_iter().enumerate().map(|(key, list)| Mop::Read(key, list)).collect();
    let (invoked, completed) = (1_000_000, Some(1_000_001));
    txns.push(Txn { process: 99, invoked, completed, ending: Ending::Ok, mops });
    txns
}

/// What is asked, when, by whom.
fn asked(chance: &mut ChaCha8Rng) -> Vec<Txn> {
    let (count, processes) = (chance.random_range(2..=5), chance.random_range(1..=3));
    let mut elements = [0; KEYS];
    let mut free = vec![0; processes];
    let mut names: Vec<usize> = (0..processes).collect();
    let mut txns = Vec::new();
    for _ in 0..count {
        let thread = chance.random_range(0..processes);
        let invoked = free[thread] + chance.random_range(1..12);
        let ended = invoked + chance.random_range(1..20);
        free[thread] = ended;
        let ending = match chance.random_range(0..10) {
            0 => Ending::Fail,
            1 => Ending::Info,
            _ => Ending::Ok,
        };
        let mops = (0..chance.random_range(1..=3)).map(|_| {
            let key = chance.random_range(0..KEYS);
            if chance.random_bool(0.5) {
                return Mop::Read(key, Vec::new());
            }
            elements[key] += 1;
            Mop::Append(key, elements[key])
        });
        let mops = mops.collect();
        let process = names[thread];
        if ending == Ending::Info {
            names[thread] += 10;
        }
        // Odd and even, so that no two events fall together; the number tells the rest apart.
        let place = |at: usize| at * 100 + txns.len() * 2;
        let (invoked, completed) = (place(invoked), Some(place(ended) + 1));
        txns.push(Txn { process, invoked, completed, ending, mops });
    }
    txns.sort_by_key(|txn| txn.invoked);
    txns
}

/// Answers as a store would that acts on each transaction at once, at some time; or, now and then,
/// on each micro-operation. Returns what the lists are at last.
fn answer(txns: &mut [Txn], chance: &mut ChaCha8Rng) -> Vec<Vec<u32>> {
    let mut steps: Vec<(usize, usize)> = Vec::new();
    let is_atomic = chance.random_bool(0.6);
    let is_lazy = chance.random_bool(0.3);
    for (number, txn) in txns.iter().enumerate() {
        let end = txn.completed.unwrap_or(txn.invoked);
        let mut moments: Vec<usize> = (0..txn.mops.len())
            .map(|_| chance.random_range(if is_lazy { 0..4000 } else { txn.invoked..end }))
            .collect();
        moments.sort_unstable();
        for &moment in &moments {
            steps.push((if is_atomic { moments[0] } else { moment }, number));
        }
    }
    steps.sort_unstable();
    let mut lists = vec![Vec::new(); KEYS];
    let mut done = vec![0; txns.len()];
    for (_, number) in steps {
        let happens = match txns[number].ending {
            Ending::Ok => true,
            Ending::Fail => chance.random_bool(0.1),
            Ending::Info => chance.random_bool(0.7),
        };
        let mop = &mut txns[number].mops[done[number]];
        done[number] += 1;
        match mop {
            Mop::Append(key, element) if happens => lists[*key].push(*element),
            Mop::Append(..) => (),
            Mop::Read(key, list) => list.clone_from(&lists[*key]),
        }
    }
    lists
}

/// Changes one answer.
fn spoil(txns: &mut [Txn], lists: &[Vec<u32>], chance: &mut ChaCha8Rng) {
    let number = chance.random_range(0..txns.len());
    let Some(Mop::Read(key, list)) = txns[number].mops.first_mut() else { return };
    let full = &lists[*key];
    match chance.random_range(0..8) {
        0 => list.shuffle(chance),
        _ => *list = full[..chance.random_range(0..=full.len())].to_vec(),
    }
}
