//! What can be wrong with a history of transactions, by the names that Elle gives.
//!
//! One list orders them, from the gravest; each says what it is and, for cycles, which.
use super::{
    graph::Kinds,
    pattern::{Pattern, Rw},
};

/// Everything that can be wrong, in the order of [`ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is described in ALL")]
pub enum Name {
    DuplicateElements,
    GarbageRead,
    CyclicVersions,
    G0,
    G0Process,
    G0Realtime,
    IncompatibleOrder,
    G1a,
    DirtyUpdate,
    G1b,
    FutureRead,
    G1c,
    G1cProcess,
    G1cRealtime,
    Internal,
    LostUpdate,
    GSingle,
    GSingleProcess,
    GSingleRealtime,
    GNonadjacent,
    GNonadjacentProcess,
    GNonadjacentRealtime,
    G2,
    G2Process,
    G2Realtime,
}

/// One of them, described.
pub struct Anomaly {
    /// Which.
    pub name: Name,
    /// As reports and scripts call it.
    pub text: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The cycle it is, if it is one.
    pub cycle: Option<Pattern>,
}

const WR: Kinds = Kinds::WW.and(Kinds::WR);

const fn direct(name: Name, text: &'static str, about: &'static str) -> Anomaly {
    Anomaly { name, text, about, cycle: None }
}

const fn cycle(name: Name, text: &'static str, data: Kinds, rw: Rw, order: Kinds) -> Anomaly {
    let about = match rw {
        Rw::None if !data.meets(Kinds::WR) => "transactions overwrote each other in a circle",
        Rw::None => "information flowed in a circle",
        Rw::One => "a circle with one read of a state that was overwritten",
        Rw::Apart => "a circle with several reads of overwritten states, never one after the other",
        Rw::Together => "a circle with reads of overwritten states, one after the other",
    };
    let wr = if matches!(rw, Rw::None) { Kinds(data.0 & Kinds::WR.0) } else { Kinds::GOES_ON };
    let pattern = Pattern { allowed: data.and(order), needed: wr.and(order), rw };
    Anomaly { name, text, about, cycle: Some(pattern) }
}

/// From the gravest to the lightest.
pub const ALL: [Anomaly; 25] = {
    use Kinds as K;
    use Name as N;
    [
        direct(N::DuplicateElements, "duplicate-elements", "a list has an element twice"),
        direct(N::GarbageRead, "garbage-read", "a read saw what nobody wrote"),
        direct(
            N::CyclicVersions,
            "cyclic-versions",
            "what was taken for granted of a key orders its versions in a circle",
        ),
        cycle(N::G0, "G0", K::WW, Rw::None, K::GOES_ON),
        cycle(N::G0Process, "G0-process", K::WW, Rw::None, K::PROCESS),
        cycle(N::G0Realtime, "G0-realtime", K::WW, Rw::None, K::REALTIME),
        direct(
            N::IncompatibleOrder,
            "incompatible-order",
            "reads contradict each other on the order",
        ),
        direct(N::G1a, "G1a", "a read saw what a failed transaction wrote"),
        direct(N::DirtyUpdate, "dirty-update", "a write went on top of one that failed"),
        direct(N::G1b, "G1b", "a read saw a transaction half done"),
        direct(N::FutureRead, "future-read", "a read saw what its own transaction wrote later"),
        cycle(N::G1c, "G1c", WR, Rw::None, K::GOES_ON),
        cycle(N::G1cProcess, "G1c-process", WR, Rw::None, K::PROCESS),
        cycle(N::G1cRealtime, "G1c-realtime", WR, Rw::None, K::REALTIME),
        direct(N::Internal, "internal", "a transaction contradicts its own reads and writes"),
        direct(N::LostUpdate, "lost-update", "transactions updated the same version"),
        cycle(N::GSingle, "G-single-item", K::DATA, Rw::One, K::GOES_ON),
        cycle(N::GSingleProcess, "G-single-item-process", K::DATA, Rw::One, K::PROCESS),
        cycle(N::GSingleRealtime, "G-single-item-realtime", K::DATA, Rw::One, K::REALTIME),
        cycle(N::GNonadjacent, "G-nonadjacent-item", K::DATA, Rw::Apart, K::GOES_ON),
        cycle(N::GNonadjacentProcess, "G-nonadjacent-item-process", K::DATA, Rw::Apart, K::PROCESS),
        cycle(
            N::GNonadjacentRealtime,
            "G-nonadjacent-item-realtime",
            K::DATA,
            Rw::Apart,
            K::REALTIME,
        ),
        cycle(N::G2, "G2-item", K::DATA, Rw::Together, K::GOES_ON),
        cycle(N::G2Process, "G2-item-process", K::DATA, Rw::Together, K::PROCESS),
        cycle(N::G2Realtime, "G2-item-realtime", K::DATA, Rw::Together, K::REALTIME),
    ]
};

impl Name {
    /// What there is to say about it.
    pub fn entry(self) -> &'static Anomaly {
        &ALL[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_the_order_of_the_names() {
        for (place, entry) in ALL.iter().enumerate() {
            assert_eq!(entry.name as usize, place, "{}", entry.text);
        }
    }

    #[test]
    fn cycles_are_called_by_the_orders_they_need() {
        for entry in &ALL {
            let needs = |kinds| entry.cycle.is_some_and(|cycle| cycle.needed.meets(kinds));
            assert_eq!(needs(Kinds::PROCESS), entry.text.ends_with("-process"), "{}", entry.text);
            assert_eq!(needs(Kinds::REALTIME), entry.text.ends_with("-realtime"), "{}", entry.text);
        }
    }
}
