//! A history in plain numbers: what each call does to a familiar object, and when.
use super::{
    numbers::Numbers,
    problem::{Bar, CallOf, NEVER},
    queue::Discipline,
    tenures::Lock,
    texts::Texts,
};
use crate::{
    Call, Datum, History, Malformed, Outcome,
    model::{Deed, DeedOf, Familiar, Model},
};

/// A deed with the numbers of values and of lists.
pub(super) type Numbered = Deed<u32, u32>;

/// A call in plain numbers. Twenty-four bytes, so that a million of them is soon read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Act {
    /// What it does.
    pub(super) deed: Numbered,
    /// Row of its invocation.
    pub(super) invoked: u32,
    /// Row of its completion, or [`NEVER`].
    pub(super) completed: u32,
}

/// Acts on a familiar object.
#[derive(Debug)]
pub(super) struct Plain {
    /// In order of invocation, without those that do nothing.
    pub(super) acts: Vec<Act>,
    /// Where the object begins.
    pub(super) start: Start,
    /// Number of calls, including those that failed or do nothing.
    pub(super) calls: usize,
    /// The lists that were read.
    pub(super) lists: Lists,
    /// The texts, where they grow.
    pub(super) texts: Option<Texts>,
    numbers: Numbers,
}

/// Lists of values, by number, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Lists {
    values: Vec<u32>,
    ends: Vec<usize>,
}

impl Lists {
    /// A list by its number.
    pub(super) fn get(&self, list: u32) -> &[u32] {
        let list = list as usize;
        let start = list.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.values[start..self.ends[list]]
    }

    /// The number of a new list.
    fn push(&mut self, list: impl Iterator<Item = u32>) -> u32 {
        self.values.extend(list);
        self.ends.push(self.values.len());
        self.ends.len() as u32 - 1
    }
}

/// The familiar object at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// A register that holds a value, by number.
    Register(u32),
    /// An empty queue, of this discipline.
    Queue(Discipline),
    /// An empty stack.
    Stack,
    /// An empty priority queue.
    Heap,
    /// So many permits that can be taken, and so many that can be given back.
    Permits(u32, u32),
    /// A lock that knows its holder.
    Lock(Lock),
    /// A counter that is so much.
    Counter(i64),
    /// An empty log.
    Log,
    /// An empty set.
    Set,
    /// A source of ids that has given none.
    Ids,
}

impl Start {
    /// The start that a familiar object is, where its values have numbers.
    fn of(familiar: Familiar<'_>, mut number: impl FnMut(&Datum) -> Option<u32>) -> Option<Start> {
        Some(match familiar {
            Familiar::Register { value } | Familiar::Text { value } => {
                Start::Register(number(value)?)
            }
            Familiar::EmptyQueue => Start::Queue(Discipline::InTurn),
            Familiar::EmptyBag => Start::Queue(Discipline::Any),
            Familiar::EmptyStack => Start::Stack,
            Familiar::EmptyHeap => Start::Heap,
            Familiar::Permits { free, taken } => Start::Permits(free, taken),
            Familiar::Lock { holder, is_reentrant, token } => {
                let holder = match holder {
                    Some((owner, depth)) => Some((number(owner)?, depth)),
                    None => None,
                };
                Start::Lock(Lock { holder, is_reentrant, token })
            }
            Familiar::Counter { value } => Start::Counter(value),
            Familiar::EmptyLog => Start::Log,
            Familiar::EmptySet => Start::Set,
            Familiar::NoIds => Start::Ids,
        })
    }
}

impl Plain {
    /// Reads a history that begins in a state, if the model is familiar there and all calls are.
    pub(super) fn read<M: Model>(
        model: &M,
        init: &M::State,
        history: &History,
    ) -> Result<Option<Plain>, Malformed> {
        let Some(familiar) = model.familiar(init) else { return Ok(None) };
        let mut numbers = Numbers::default();
        let start = Start::of(familiar, |value| Some(numbers.number(value)));
        let Some(start) = start else { return Ok(None) };
        let acts = Vec::with_capacity(history.len() / 2);
        let lists = Lists::default();
        let mut plain = Plain { acts, start, calls: 0, lists, texts: None, numbers };
        let mut is_plain = true;
        history.for_each_call(|call: CallOf<M>| is_plain &= plain.push(model, &call).is_some())?;
        plain.acts.shrink_to_fit();
        is_plain &= plain.take_texts_apart().is_some();
        Ok(is_plain.then_some(plain))
    }

    /// Where texts grow, finds out how they did.
    fn take_texts_apart(&mut self) -> Option<()> {
        let Start::Register(init) = self.start else { return Some(()) };
        if self.acts.iter().any(|act| matches!(act.deed, Deed::Extend(_))) {
            self.texts = Some(Texts::read(&self.acts, init, &self.numbers)?);
        }
        Some(())
    }

    /// How many values there are: their numbers are below it, as is that of the start.
    pub(super) fn values(&self) -> u32 {
        self.numbers.count()
    }

    /// Takes in a call, if it is familiar.
    fn push<M: Model>(&mut self, model: &M, call: &CallOf<M>) -> Option<()> {
        self.calls += 1;
        let completed = match call.outcome {
            Outcome::Ok { completed, .. } => completed,
            Outcome::Info => NEVER,
            Outcome::Fail => return Some(()),
        };
        let Plain { numbers, lists, .. } = self;
        let deed = deed(model, call, completed);
        let list = match deed {
            Deed::ReadList(list) | Deed::ReadSet(list) => {
                lists.push(list.iter().map(|value| numbers.number(value)))
            }
            _ => NEVER,
        };
        match deed.map(|value| numbers.number(value), |_| list) {
            Deed::Other => return None,
            Deed::Nothing => (),
            deed => self.acts.push(Act { deed, invoked: call.invoked, completed }),
        }
        Some(())
    }

    /// These bars as acts: some of the calls that were read, in order of invocation, some of them
    /// without what is known of how they ended.
    pub(super) fn acts_of<M: Model>(
        &self,
        model: &M,
        calls: &[CallOf<M>],
        bars: &[Bar],
    ) -> Vec<Act> {
        let mut read = self.acts.iter().peekable();
        let mut act = |bar: &Bar| {
            let Bar { invoked, completed, call } = *bar;
            let asked = calls[call as usize].invoked;
            if asked != invoked {
                // It was moved to another time.
                let at = self.acts.binary_search_by_key(&asked, |act| act.invoked).ok()?;
                return Some(Act { deed: self.acts[at].deed, invoked, completed });
            }
            while read.next_if(|act| act.invoked < invoked).is_some() {}
            if completed != NEVER {
                return read.next_if(|act| act.invoked == invoked).copied();
            }
            // What it did was read, and it may not have been noticed that it did; what it proved
            // no longer counts. A value that was never met is unlike all others.
            let deed = deed(model, &calls[call as usize], NEVER);
            let deed = deed.map(|value| self.numbers.get(value).unwrap_or(NEVER), |_| NEVER);
            let act = Act { deed, invoked, completed: NEVER };
            (deed != Deed::Nothing).then_some(act)
        };
        bars.iter().filter_map(&mut act).collect()
    }

    /// The start that a state is, where its values occur at all.
    pub(super) fn start_at<M: Model>(&self, model: &M, state: &M::State) -> Option<Start> {
        Start::of(model.familiar(state)?, |value| self.numbers.get(value))
    }
}

fn deed<'a, M: Model>(model: &'a M, call: &'a CallOf<M>, completed: u32) -> DeedOf<'a> {
    match call {
        Call { outcome: Outcome::Ok { output, .. }, input, .. } if completed != NEVER => {
            model.deed(input, Some(output))
        }
        Call { input, .. } => model.deed(input, None),
    }
}
