//! Counters to which always the same is added: how many times, is what reads tell.
use super::{
    familiar::Clash,
    growth::{self, Role},
    plain::Act,
};
use crate::model::Deed;

/// An order, if there is one; `None` where different numbers are added, or the counter may wrap
/// around.
pub(super) fn order(acts: &[Act], init: i64) -> Option<Result<Vec<u32>, Clash>> {
    let mut adds = acts.iter().filter_map(|act| match act.deed {
        Deed::Add(n) => Some(n),
        _ => None,
    });
    // Where nothing is added, it does not matter how much.
    let unit = adds.next().unwrap_or(1);
    if !adds.all(|n| n == unit) {
        return None;
    }
    let most = i128::from(init) + i128::from(unit) * acts.len() as i128;
    i64::try_from(most).ok()?;
    let role = |act: &Act| match act.deed {
        Deed::Add(_) => Some(Role::Step(None)),
        Deed::See(seen) => Some(steps(i128::from(seen) - i128::from(init), unit.into())),
        _ => None,
    };
    let roles: Vec<Role> = acts.iter().map(role).collect::<Option<_>>()?;
    Some(growth::order(acts, &roles))
}

/// How many steps lead so far.
fn steps(distance: i128, unit: i128) -> Role {
    match u32::try_from(distance / unit) {
        Ok(steps) if distance % unit == 0 => Role::Exactly(steps),
        _ => Role::Impossible,
    }
}
