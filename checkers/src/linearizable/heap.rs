//! Priority queues into which no value is put twice: decided in the time it takes to sort.
//!
//! A value may leave only while nothing less is within. Between the completion of its insert and
//! the invocation of its delete a value certainly is within; let it be there no longer than it
//! must. Taken from the least on, a value leaves at the first instant at which nothing less is
//! certainly within, and if it has to stay for that, something less is there all the while, so
//! that it hinders nobody who was not hindered anyway. So there is an order unless a value, or a
//! call that found nothing, has no such instant. (Lee and Mathur, "Efficient decrease-and-conquer
//! linearizability monitoring", 2025, remove the greatest value first; the instants are the same.)
use super::{
    familiar::Clash,
    passages::{self, Passage, Traffic},
    plain::Act,
    problem::NEVER,
    spans::Spans,
};

/// Whether there is an order; `None` where a value was put in twice, a deed is none of a priority
/// queue, or it matters what crashed calls took.
pub(super) fn check(acts: &[Act], values: u32) -> Option<Result<(), Clash>> {
    let mut traffic = match passages::of(acts, values)? {
        Ok(traffic) => traffic,
        Err(clash) => return Some(Err(clash)),
    };
    traffic.passages.sort_unstable_by_key(|passage| (passage.rank, passage.enqueue));
    let is_possible = traffic.judge(is_possible)?;
    Some(if is_possible { Ok(()) } else { Err(Clash::at_end(acts)) })
}

fn is_possible(traffic: &Traffic) -> bool {
    let mut less = Spans::default();
    for rank in traffic.passages.chunk_by(|a, b| a.rank == b.rank) {
        let leaves = |passage: &&Passage| passage.dequeue.1 != NEVER;
        if !rank.iter().filter(leaves).all(|passage| less.leave_room(passage.dequeue)) {
            return false;
        }
        rank.iter().filter_map(Passage::stay).for_each(|stay| less.cover(stay));
    }
    traffic.empties.iter().all(|&empty| less.leave_room(empty))
}

#[cfg(test)]
mod tests {
    use crate::{
        Budget, Checker, Valid, linearizable::Linearizable, model::PriorityQueue, notation,
    };

    #[track_caller]
    fn check(picture: &str, valid: Valid, path: &str) {
        let history = notation::history(picture);
        let verdict = Linearizable(PriorityQueue::default()).check(&history, &Budget::unlimited());
        assert_eq!((verdict.valid, verdict.details["path"].as_str()), (valid, Some(path)));
    }

    const TWO: &str = "0: |- insert 1 -| |- insert 2 -|";

    #[test]
    fn nothing_leaves_before_what_is_less() {
        check(&format!("{TWO} |- pop -> 1 -| |- pop -> 2 -|"), Valid::Valid, "heap");
        check(&format!("{TWO} |- pop -> 2 -| |- pop -> 1 -|"), Valid::Invalid, "heap");
        check(&format!("{TWO} |- pop -> 2 -|"), Valid::Invalid, "heap");
        check(&format!("{TWO} |- pop -> 2 -|\n1: {:32} |- pop -> 1 -|", ""), Valid::Valid, "heap");
    }

    #[test]
    fn equals_leave_in_any_order() {
        let equal = r#"0: |- insert [1,"a"] -| |- insert [1,"b"] -| |- pop -> [1,"b"] -|"#;
        check(equal, Valid::Valid, "heap");
        check(&format!("{equal} |- pop -> null -|"), Valid::Invalid, "heap");
    }

    #[test]
    fn what_crashed_calls_took_is_left_to_the_search_where_it_matters() {
        let later = |taken| format!("{TWO} |- pop -> {taken} -|\n1: |- pop -~");
        check(&later("1"), Valid::Valid, "heap");
        check(&later("2"), Valid::Valid, "search");
        check(&later("3"), Valid::Invalid, "heap");
    }
}
