//! Whether things can be put in order when some must precede others: an order, or a circle.

/// An order of `0..size` in which everything follows its predecessors, or a circle: numbers of
/// which each must precede the next, and the last the first. Kahn 1962; linear.
pub(super) fn order<P: Iterator<Item = u32>>(
    size: usize,
    predecessors: impl Fn(u32) -> P,
) -> Result<Vec<u32>, Vec<u32>> {
    let mut after: Vec<Vec<u32>> = vec![Vec::new(); size];
    let mut waits = vec![0_u32; size];
    for i in 0..size as u32 {
        for before in predecessors(i) {
            after[before as usize].push(i);
            waits[i as usize] += 1;
        }
    }
    let mut order: Vec<u32> = (0..size as u32).filter(|&i| waits[i as usize] == 0).collect();
    let mut next = 0;
    while let Some(&i) = order.get(next) {
        next += 1;
        for &later in &after[i as usize] {
            waits[later as usize] -= 1;
            if waits[later as usize] == 0 {
                order.push(later);
            }
        }
    }
    if order.len() == size { Ok(order) } else { Err(circle(&waits, predecessors)) }
}

/// A circle among those that wait for each other: whoever waits has a predecessor that waits.
fn circle<P: Iterator<Item = u32>>(waits: &[u32], predecessors: impl Fn(u32) -> P) -> Vec<u32> {
    let is_waiting = |i: &u32| waits[*i as usize] > 0;
    let mut path: Vec<u32> = Vec::new();
    let mut place = vec![usize::MAX; waits.len()];
    let mut at = (0..waits.len() as u32).find(is_waiting);
    while let Some(i) = at {
        if place[i as usize] != usize::MAX {
            path.drain(..place[i as usize]);
            break;
        }
        place[i as usize] = path.len();
        path.push(i);
        at = predecessors(i).find(is_waiting);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(before: &[&[u32]]) -> Result<Vec<u32>, Vec<u32>> {
        order(before.len(), |i| before[i as usize].iter().copied())
    }

    #[test]
    fn what_can_be_ordered_is() {
        assert_eq!(of(&[&[1], &[2], &[]]), Ok(vec![2, 1, 0]));
    }

    #[test]
    fn a_circle_is_found_behind_what_only_waits_for_it() {
        assert_eq!(of(&[&[2], &[2], &[1], &[]]), Err(vec![1, 2]));
        assert_eq!(of(&[&[0]]), Err(vec![0]));
    }
}
