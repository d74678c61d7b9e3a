//! The ways to judge familiar objects: which one takes a history, and what it answers.
use super::{
    counter, entries, heap, ids, inclusion, permits,
    plain::{Act, Plain, Start},
    problem::NEVER,
    queue, register, stack, tenures,
    texts::{AsRegister, Texts},
    zones,
};
use crate::Budget;

/// What became of the search for an order.
pub(super) enum Found {
    /// There is one.
    Order,
    /// There is none.
    None {
        /// A completion until which there is no order.
        row: u32,
        /// Whether there is one until any earlier completion, but for what later answers reveal.
        is_earliest: bool,
    },
    /// Nobody knows.
    GaveUp(GaveUp),
}

impl Found {
    /// Where it is known that there is no order.
    fn row(&self) -> Option<u32> {
        match self {
            Found::None { row, .. } => Some(*row),
            Found::Order | Found::GaveUp(_) => None,
        }
    }
}

/// Why and where a search was given up.
pub(super) struct GaveUp {
    pub(super) why: &'static str,
    /// Number of the completion, and of how many.
    pub(super) layer: usize,
    pub(super) layers: usize,
    /// Row of the completion.
    pub(super) row: u32,
    /// How many crashed calls were open there.
    pub(super) crashed: usize,
}

/// The answer, which way led to it, and at what cost.
pub(super) struct Answer {
    pub(super) found: Found,
    pub(super) path: &'static str,
    pub(super) explored: u64,
    /// The work that it was, a configuration being one.
    pub(super) work: u64,
}

/// Judges acts of a history, if there is a way; searches do about `work_max` of work at most.
pub(super) fn judge(
    acts: &[Act],
    start: Start,
    plain: &Plain,
    work_max: u64,
    budget: &Budget,
) -> Option<Answer> {
    let (values, lists) = (plain.values(), &plain.lists);
    let (path, checked) = match start {
        Start::Register(init) => {
            return match &plain.texts {
                None => judge_register(acts, init, values, work_max, budget),
                Some(texts) => judge_texts(texts, acts, init, work_max, budget),
            };
        }
        Start::Queue(discipline) => ("queue", queue::check(acts, values, discipline)?),
        Start::Stack => ("stack", stack::check(acts, values)?),
        Start::Heap => ("heap", heap::check(acts, values)?),
        Start::Permits(free, taken) => ("permits", permits::order(acts, free, taken)?.map(drop)),
        Start::Lock(lock) => ("tenures", tenures::check(acts, lock)?),
        Start::Counter(init) => ("steps", counter::order(acts, init)?.map(drop)),
        Start::Log => ("steps", entries::order(acts, values, lists)?.map(drop)),
        Start::Set => ("inclusion", inclusion::order(acts, values, lists)?.map(drop)),
        Start::Ids => ("ids", ids::order(acts, values)?.map(drop)),
    };
    Some(decided(acts, path, &checked))
}

fn judge_register(
    acts: &[Act],
    init: u32,
    values: u32,
    work_max: u64,
    budget: &Budget,
) -> Option<Answer> {
    match zones::check(acts, init, values) {
        Some(checked) => Some(decided(acts, "zones", &checked)),
        None => register::check(acts, init, work_max, budget),
    }
}

/// An order that one of the registers has is one of the text; it has none where none of them has.
fn judge_texts(
    texts: &Texts,
    acts: &[Act],
    init: u32,
    work_max: u64,
    budget: &Budget,
) -> Option<Answer> {
    let mut latest: Option<Answer> = None;
    let (mut explored, mut work) = (0, 0);
    for AsRegister { acts, init, values } in texts.as_registers(acts, init)? {
        let left = work_max.saturating_sub(work);
        let answer = judge_register(&acts, init, values, left, budget)?;
        (explored, work) = (explored + answer.explored, work + answer.work);
        let is_over = !matches!(answer.found, Found::None { .. });
        if is_over || latest.as_ref().is_none_or(|latest| latest.found.row() <= answer.found.row())
        {
            latest = Some(answer);
        }
        if is_over {
            break;
        }
    }
    latest.map(|answer| Answer { explored, work, ..answer })
}

/// The answer of a way that looks at each act once.
fn decided(acts: &[Act], path: &'static str, checked: &Result<(), Clash>) -> Answer {
    let found = match checked {
        Ok(()) => Found::Order,
        Err(Clash(row)) => Found::None { row: *row, is_earliest: false },
    };
    Answer { found, path, explored: acts.len() as u64, work: acts.len() as u64 }
}

/// An order of acts of which [`judge`] found that they have one, as their numbers: legal, each act
/// before those that were invoked when it had completed, and without what crashed and never
/// happened. `None` where no fast way can tell. Every fast way has such an `order`, which may take
/// longer than its `check`: it is asked for where somebody wants to see the order.
pub(super) fn order(
    acts: &[Act],
    start: Start,
    plain: &Plain,
    budget: &Budget,
) -> Option<Vec<u32>> {
    let (values, lists) = (plain.values(), &plain.lists);
    match start {
        Start::Register(init) => match &plain.texts {
            None => order_of_register(acts, init, values, budget),
            Some(texts) => order_of_texts(texts, acts, init, budget),
        },
        Start::Queue(discipline) => queue::order(acts, values, discipline),
        Start::Stack | Start::Heap => None,
        Start::Permits(free, taken) => permits::order(acts, free, taken)?.ok(),
        Start::Lock(lock) => tenures::order(acts, lock),
        Start::Counter(init) => counter::order(acts, init)?.ok(),
        Start::Log => entries::order(acts, values, lists)?.ok(),
        Start::Set => inclusion::order(acts, values, lists)?.ok(),
        Start::Ids => ids::order(acts, values)?.ok(),
    }
}

fn order_of_register(acts: &[Act], init: u32, values: u32, budget: &Budget) -> Option<Vec<u32>> {
    zones::order(acts, init, values).or_else(|| register::order(acts, init, budget))
}

fn order_of_texts(texts: &Texts, acts: &[Act], init: u32, budget: &Budget) -> Option<Vec<u32>> {
    let order = |AsRegister { acts, init, values }| {
        let answer = judge_register(&acts, init, values, u64::MAX, budget)?;
        matches!(answer.found, Found::Order)
            .then(|| order_of_register(&acts, init, values, budget))
            .flatten()
    };
    texts.as_registers(acts, init)?.find_map(order)
}

/// A row at which it is known that there is no order. (Perhaps not the first such row.)
pub(super) struct Clash(pub(super) u32);

impl Clash {
    /// Known once all is over.
    pub(super) fn at_end(acts: &[Act]) -> Clash {
        let completed = acts.iter().map(|act| act.completed).filter(|&row| row != NEVER);
        Clash(completed.max().unwrap_or(NEVER))
    }
}
