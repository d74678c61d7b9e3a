//! Objects so common that there are faster ways to judge them than the general search.
//!
//! A model that behaves exactly like one of them says so by [`Model::familiar`](super::Model),
//! and what each of its calls does by `deed`. Wrong answers there make wrong verdicts; what says
//! nothing is judged by the general search.
use crate::Datum;

/// A well-known object, in some state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Familiar<'a> {
    /// It holds one value. Its deeds are [`Deed::Read`], [`Deed::Write`] and [`Deed::Cas`].
    Register {
        /// What it holds.
        value: &'a Datum,
    },
    /// First in, first out, and empty. Its deeds are [`Deed::Enqueue`], [`Deed::Dequeue`],
    /// [`Deed::Take`] and [`Deed::FindEmpty`].
    EmptyQueue,
    /// A queue that gives out what it likes, and empty. Its deeds are those of the queue.
    EmptyBag,
}

/// What a call does to a familiar object, as far as its answer proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed<V> {
    /// Nothing that could be noticed, and it proves nothing.
    Nothing,
    /// It saw this value.
    Read(V),
    /// It makes this the value.
    Write(V),
    /// It replaces the first by the second, which it cannot unless the first is there.
    Cas(V, V),
    /// It puts this at the end.
    Enqueue(V),
    /// It took this from the front.
    Dequeue(V),
    /// It took what was at the front, if anything: it crashed.
    Take,
    /// It saw that there is nothing.
    FindEmpty,
    /// Something else: the history must be judged the general way.
    Other,
}

impl<V> Deed<V> {
    /// The same with other values.
    pub(crate) fn map<W>(self, mut to: impl FnMut(V) -> W) -> Deed<W> {
        match self {
            Deed::Nothing => Deed::Nothing,
            Deed::Read(value) => Deed::Read(to(value)),
            Deed::Write(value) => Deed::Write(to(value)),
            Deed::Cas(old, new) => Deed::Cas(to(old), to(new)),
            Deed::Enqueue(value) => Deed::Enqueue(to(value)),
            Deed::Dequeue(value) => Deed::Dequeue(to(value)),
            Deed::Take => Deed::Take,
            Deed::FindEmpty => Deed::FindEmpty,
            Deed::Other => Deed::Other,
        }
    }
}
