//! Logs whose entries are distinct: reads and offsets tell where in the log they are.
use super::{
    familiar::Clash,
    growth::{self, Role},
    plain::{Act, Lists},
    problem::NEVER,
};
use crate::model::Deed;

/// An order, if there is one; `None` where a value was appended twice.
pub(super) fn order(acts: &[Act], values: u32, lists: &Lists) -> Option<Result<Vec<u32>, Clash>> {
    let mut appended = vec![false; values as usize];
    for act in acts {
        if let Deed::Append(value) | Deed::AppendAt(value, _) = act.deed
            && std::mem::replace(appended.get_mut(value as usize)?, true)
        {
            return None;
        }
    }
    let at = match Positions::of(acts, values, lists) {
        Ok(positions) => positions.by_value,
        Err(clash) => return Some(Err(clash)),
    };
    // What was seen in the log, somebody put there.
    let exists = |value: u32| appended.get(value as usize).copied().unwrap_or(false);
    let role = |act: &Act| match act.deed {
        Deed::Append(value) | Deed::AppendAt(value, _) => {
            Some(Role::Step(at.get(value as usize).copied().filter(|&at| at != NEVER)))
        }
        Deed::ReadList(list) if lists.get(list).iter().all(|&value| exists(value)) => {
            Some(Role::Exactly(lists.get(list).len() as u32))
        }
        Deed::ReadAt(at, value) if exists(value) => Some(Role::AtLeast(at.saturating_add(1))),
        Deed::ReadList(_) | Deed::ReadAt(..) => Some(Role::Impossible),
        Deed::FindEnd(at) => Some(Role::AtMost(at)),
        _ => None,
    };
    let roles: Vec<Role> = acts.iter().map(role).collect::<Option<_>>()?;
    Some(growth::order(acts, &roles))
}

/// Where the values are, as far as anybody was told.
struct Positions {
    by_value: Vec<u32>,
    /// The values from the start on, as in the longest list that was read.
    known: Vec<u32>,
}

impl Positions {
    /// No value may be in two positions. (That no two are in one shows when steps are taken.)
    fn of(acts: &[Act], values: u32, lists: &Lists) -> Result<Positions, Clash> {
        let by_value = vec![NEVER; values as usize];
        let mut positions = Positions { by_value, known: Vec::new() };
        for act in acts {
            let fits = match act.deed {
                Deed::AppendAt(value, at) | Deed::ReadAt(at, value) => positions.put(value, at),
                Deed::ReadList(list) => positions.read(lists.get(list)),
                _ => true,
            };
            if !fits {
                return Err(Clash::at_end(acts));
            }
        }
        Ok(positions)
    }

    /// Every list continues those before it, or is continued by one.
    fn read(&mut self, list: &[u32]) -> bool {
        let shared = list.len().min(self.known.len());
        if list[..shared] != self.known[..shared] {
            return false;
        }
        for &value in &list[shared..] {
            if !self.put(value, self.known.len() as u32) {
                return false;
            }
            self.known.push(value);
        }
        true
    }

    fn put(&mut self, value: u32, at: u32) -> bool {
        match self.by_value.get_mut(value as usize) {
            Some(place) if *place == NEVER => {
                *place = at;
                true
            }
            place => place.is_some_and(|place| *place == at),
        }
    }
}
