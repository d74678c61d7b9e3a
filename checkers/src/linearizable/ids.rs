//! Sources of ids: no two answers are equal, in whatever order they were given.
use super::{familiar::Clash, plain::Act};
use crate::model::Deed;

/// An order, if there is one; `None` where a deed is none of such a source.
pub(super) fn order(acts: &[Act], values: u32) -> Option<Result<Vec<u32>, Clash>> {
    let mut is_given = vec![false; values as usize];
    for act in acts {
        let Deed::Give(id) = act.deed else { return None };
        if std::mem::replace(is_given.get_mut(id as usize)?, true) {
            return Some(Err(Clash::at_end(acts)));
        }
    }
    // As they were invoked is an order of any calls that exclude none.
    Some(Ok((0..acts.len() as u32).collect()))
}
