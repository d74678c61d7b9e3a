//! Objects so common that there are faster ways to judge them than the general search.
//!
//! A model that behaves exactly like one of them says so by [`Model::familiar`](super::Model),
//! and what each of its calls does by `deed`. Wrong answers there make wrong verdicts; what says
//! nothing is judged by the general search.
use rustc_hash::FxHashSet;

use crate::Datum;

/// A well-known object, in some state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Familiar<'a> {
    /// It holds one value. Its deeds are [`Deed::Read`], [`Deed::Write`] and [`Deed::Cas`].
    Register {
        /// What it holds.
        value: &'a Datum,
    },
    /// It holds one value, which can be a text that grows. Its deeds are those of the register,
    /// and [`Deed::Extend`].
    Text {
        /// What it holds.
        value: &'a Datum,
    },
    /// First in, first out, and empty. Its deeds are [`Deed::Enqueue`], [`Deed::Dequeue`],
    /// [`Deed::Take`] and [`Deed::FindEmpty`].
    EmptyQueue,
    /// A queue that gives out what it likes, and empty. Its deeds are those of the queue.
    EmptyBag,
    /// Last in, first out, and empty. Its deeds are those of the queue.
    EmptyStack,
    /// The least in rank, first out, and empty. Its deeds are those of the queue, but for
    /// [`Deed::EnqueueAs`], which says the rank.
    EmptyHeap,
    /// Permits, of which some are taken. Its deeds are [`Deed::Acquire`] and [`Deed::Release`].
    Permits {
        /// How many can be taken.
        free: u32,
        /// How many can be given back.
        taken: u32,
    },
    /// A lock that knows its holder. Its deeds are [`Deed::Lock`], [`Deed::LockAs`] and
    /// [`Deed::Unlock`].
    Lock {
        /// Who holds it, and how many times.
        holder: Option<(&'a Datum, u32)>,
        /// Whether the holder may take it again.
        is_reentrant: bool,
        /// The last token that is known, which the next exceeds.
        token: Option<i64>,
    },
    /// A number. Its deeds are [`Deed::Add`] and [`Deed::See`].
    Counter {
        /// How much it is.
        value: i64,
    },
    /// A list that only grows, and empty. Its deeds are [`Deed::Append`], [`Deed::AppendAt`],
    /// [`Deed::ReadList`], [`Deed::ReadAt`] and [`Deed::FindEnd`].
    EmptyLog,
    /// A set that only grows, and empty. Its deeds are [`Deed::Include`] and [`Deed::ReadSet`].
    EmptySet,
    /// A source of ids that has given none. Its only deed is [`Deed::Give`].
    NoIds,
}

/// A deed with the values of a call.
pub type DeedOf<'a> = Deed<&'a Datum, &'a [Datum]>;

/// What a call does to a familiar object, as far as its answer proves. `V` stands for a value, `L`
/// for a list of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed<V, L> {
    /// Nothing that could be noticed, and it proves nothing.
    Nothing,
    /// It saw this value.
    Read(V),
    /// It makes this the value.
    Write(V),
    /// It replaces the first by the second, which it cannot unless the first is there.
    Cas(V, V),
    /// It adds this to the text that is there.
    Extend(V),
    /// It puts this at the end.
    Enqueue(V),
    /// It puts this in, which has this rank.
    EnqueueAs(V, i64),
    /// It took this from the front.
    Dequeue(V),
    /// It took what was at the front, if anything: it crashed.
    Take,
    /// It saw that there is nothing.
    FindEmpty,
    /// It takes so many permits at once.
    Acquire(u32),
    /// It gives so many permits back.
    Release(u32),
    /// It makes this the holder, or takes the lock for it once more.
    Lock(V),
    /// The same, and it was given this token.
    LockAs(V, i64),
    /// It gives back what this holder took once.
    Unlock(V),
    /// It makes the number so much more.
    Add(i64),
    /// It saw this number.
    See(i64),
    /// It makes this the last entry.
    Append(V),
    /// The same, and as many entries were before it.
    AppendAt(V, u32),
    /// It saw these entries, and no others.
    ReadList(L),
    /// It saw that entry after so many others.
    ReadAt(u32, V),
    /// It saw that there were no more entries than these.
    FindEnd(u32),
    /// It makes this an element.
    Include(V),
    /// It saw these elements, and no others.
    ReadSet(L),
    /// It gave this away, which it can do once.
    Give(V),
    /// Something else: the history must be judged the general way.
    Other,
}

impl<V, L> Deed<V, L> {
    /// The same with other values and another list.
    pub(crate) fn map<W, K>(
        self,
        mut to: impl FnMut(V) -> W,
        list_to: impl FnOnce(L) -> K,
    ) -> Deed<W, K> {
        match self {
            Deed::Nothing => Deed::Nothing,
            Deed::Read(value) => Deed::Read(to(value)),
            Deed::Write(value) => Deed::Write(to(value)),
            Deed::Cas(old, new) => Deed::Cas(to(old), to(new)),
            Deed::Extend(text) => Deed::Extend(to(text)),
            Deed::Enqueue(value) => Deed::Enqueue(to(value)),
            Deed::EnqueueAs(value, rank) => Deed::EnqueueAs(to(value), rank),
            Deed::Dequeue(value) => Deed::Dequeue(to(value)),
            Deed::Take => Deed::Take,
            Deed::FindEmpty => Deed::FindEmpty,
            Deed::Acquire(n) => Deed::Acquire(n),
            Deed::Release(n) => Deed::Release(n),
            Deed::Lock(owner) => Deed::Lock(to(owner)),
            Deed::LockAs(owner, token) => Deed::LockAs(to(owner), token),
            Deed::Unlock(owner) => Deed::Unlock(to(owner)),
            Deed::Add(n) => Deed::Add(n),
            Deed::See(n) => Deed::See(n),
            Deed::Append(value) => Deed::Append(to(value)),
            Deed::AppendAt(value, at) => Deed::AppendAt(to(value), at),
            Deed::ReadList(list) => Deed::ReadList(list_to(list)),
            Deed::ReadAt(at, value) => Deed::ReadAt(at, to(value)),
            Deed::FindEnd(at) => Deed::FindEnd(at),
            Deed::Include(value) => Deed::Include(to(value)),
            Deed::ReadSet(list) => Deed::ReadSet(list_to(list)),
            Deed::Give(value) => Deed::Give(to(value)),
            Deed::Other => Deed::Other,
        }
    }
}

/// For each deed to a register, whether what it wrote can have been observed: a read answered it,
/// a completed cas replaced it, or a crashed cas would have that can itself be observed.
pub(crate) fn observable(deeds: &[DeedOf<'_>], is_completed: &[bool]) -> Vec<bool> {
    let mut observed = FxHashSet::default();
    for (deed, &is_completed) in deeds.iter().zip(is_completed) {
        match deed {
            Deed::Read(value) => drop(observed.insert(*value)),
            Deed::Cas(old, _) if is_completed => drop(observed.insert(*old)),
            _ => (),
        }
    }
    let mut before = usize::MAX;
    while before != observed.len() {
        before = observed.len();
        // What a cas replaced was mostly written before it: backwards, one round goes far.
        for deed in deeds.iter().rev() {
            if let Deed::Cas(old, new) = deed
                && observed.contains(new)
            {
                observed.insert(old);
            }
        }
    }
    let matters = |deed: &DeedOf<'_>| match deed {
        Deed::Write(value) | Deed::Cas(_, value) => observed.contains(value),
        _ => false,
    };
    deeds.iter().map(matters).collect()
}
