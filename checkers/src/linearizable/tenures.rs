//! Locks that know their holders: decided in the time it takes to sort, where no holder asks for
//! two things at once.
//!
//! From the completion of its first acquire to the invocation of its last release a holder
//! certainly has the lock: that is its *tenure*. Its calls before and after may take effect next to
//! it, so there is an order unless two tenures overlap, as for the forward zones of Gibbons and
//! Korach ("Testing shared memories", 1997). They come in one order only, and in that order the
//! tokens must grow.
//!
//! Which release ends which tenure is known where a holder's calls follow each other, but for what
//! crashed. A crashed acquire is of no use unless its holder releases more often than it acquired;
//! a crashed release ends a tenure as soon as it was invoked, and certainly did where the same
//! holder acquires again what it can hold only once. What is less clear is left to the search.
use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::{familiar::Clash, plain::Act, problem::NEVER};
use crate::model::Deed;

/// From a first acquire's completion to the invocation of the release that ends it.
#[derive(Clone, Copy)]
struct Tenure {
    owner: u32,
    from: u32,
    to: u32,
    /// What its first acquire was given.
    token: Option<i64>,
}

/// What one holder did so far.
#[derive(Default)]
struct Holder {
    owner: u32,
    /// How many times it holds the lock, as far as completed calls tell, and since when.
    depth: u32,
    since: u32,
    token: Option<i64>,
    /// When its last call completed.
    over: u32,
    /// Crashed releases since then, and when there were as many as it holds the lock times.
    freed: u32,
    free_from: Option<u32>,
    /// Whether a crashed acquire, or a crashed release of an earlier tenure, may still serve.
    has_acquire: bool,
    has_release: bool,
}

/// How a lock begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    /// Who holds it, by number, and how many times.
    pub(super) holder: Option<(u32, u32)>,
    /// Whether the holder may take it again.
    pub(super) is_reentrant: bool,
    /// The last token that is known, which the next exceeds.
    pub(super) token: Option<i64>,
}

/// Whether there is an order; `None` where it is not certain which release ends which tenure.
pub(super) fn check(acts: &[Act], lock: Lock) -> Option<Result<(), Clash>> {
    Some(tenures(acts, lock)?.and_then(|tenures| one_by_one(&tenures, lock)))
}

/// The tenures in the order in which they begin.
fn tenures(acts: &[Act], lock: Lock) -> Option<Result<Vec<Tenure>, Clash>> {
    let mut holders: FxHashMap<u32, Holder> = FxHashMap::default();
    if let Some((owner, depth)) = lock.holder {
        // Its token was given before, so it proves no more.
        holders.insert(owner, Holder { owner, depth, ..Holder::default() });
    }
    let mut tenures = Vec::new();
    let mut clash = None;
    for act in acts {
        let (owner, token) = match act.deed {
            Deed::Lock(owner) => (owner, None),
            Deed::LockAs(owner, token) => (owner, Some(token)),
            Deed::Unlock(owner) => (owner, None),
            _ => return None,
        };
        let new = Holder { owner, ..Holder::default() };
        let holder = holders.entry(owner).or_insert(new);
        if act.invoked < holder.over {
            return None;
        }
        let is_release = matches!(act.deed, Deed::Unlock(_));
        let fits = match (is_release, act.completed) {
            (false, NEVER) => holder.crash_acquire()?,
            (true, NEVER) => holder.crash_release(act.invoked)?,
            (false, at) => holder.acquire(at, token, lock.is_reentrant, &mut tenures)?,
            (true, _) => holder.release(act, lock.is_reentrant, &mut tenures)?,
        };
        if !fits && clash.is_none() {
            clash = Some(Clash(act.completed));
        }
    }
    #[expect(clippy::iter_over_hash_type, reason = "they are sorted below")]
    for holder in holders.values() {
        tenures.extend(holder.last()?);
    }
    tenures.sort_unstable_by_key(|tenure| (tenure.from, tenure.to));
    Some(clash.map_or(Ok(tenures), Err))
}

impl Holder {
    fn crash_acquire(&mut self) -> Option<bool> {
        self.has_acquire = true;
        (self.freed == 0 && !self.has_release).then_some(true)
    }

    fn crash_release(&mut self, invoked: u32) -> Option<bool> {
        match self.depth {
            0 => self.has_release = true,
            _ => self.freed += 1,
        }
        if self.freed == self.depth && self.depth > 0 {
            self.free_from = Some(invoked);
        }
        (!self.has_acquire).then_some(true)
    }

    fn acquire(
        &mut self,
        completed: u32,
        token: Option<i64>,
        is_reentrant: bool,
        tenures: &mut Vec<Tenure>,
    ) -> Option<bool> {
        self.over = completed;
        if is_reentrant {
            if self.freed > 0 {
                return None;
            }
        } else if self.depth > 0 {
            if self.has_release {
                return None;
            }
            let Some(to) = self.free_from.take() else { return Some(false) };
            tenures.push(self.tenure(to));
            self.has_release = self.freed > 1;
            (self.depth, self.freed) = (0, 0);
        }
        if self.depth == 0 {
            (self.since, self.token) = (completed, token);
        }
        self.depth += 1;
        Some(true)
    }

    fn release(
        &mut self,
        act: &Act,
        is_reentrant: bool,
        tenures: &mut Vec<Tenure>,
    ) -> Option<bool> {
        self.over = act.completed;
        if self.freed > 0 && is_reentrant {
            return None;
        }
        self.has_release |= self.freed > 0;
        (self.freed, self.free_from) = (0, None);
        let Some(depth) = self.depth.checked_sub(1) else {
            return (!self.has_acquire).then_some(false);
        };
        self.depth = depth;
        if depth == 0 {
            tenures.push(self.tenure(act.invoked));
        }
        Some(true)
    }

    /// The tenure that was not ended, or only by what crashed.
    fn last(&self) -> Option<Option<Tenure>> {
        if self.depth == 0 {
            return Some(None);
        }
        let tenure = self.tenure(self.free_from.unwrap_or(NEVER));
        (!self.has_release).then_some(Some(tenure))
    }

    fn tenure(&self, to: u32) -> Tenure {
        Tenure { owner: self.owner, from: self.since, to, token: self.token }
    }
}

/// The acts in an order, where [`check`] found that they have one: those of each tenure in turn.
pub(super) fn order(acts: &[Act], lock: Lock) -> Option<Vec<u32>> {
    let tenures = tenures(acts, lock)?.ok()?;
    let mut next: FxHashMap<u32, VecDeque<u32>> = FxHashMap::default();
    for (number, act) in acts.iter().enumerate() {
        if let Deed::Lock(owner) | Deed::LockAs(owner, _) | Deed::Unlock(owner) = act.deed {
            next.entry(owner).or_default().push_back(number as u32);
        }
    }
    let mut order = Vec::with_capacity(acts.len());
    for tenure in tenures {
        let calls = next.entry(tenure.owner).or_default();
        while let Some(&number) = calls.front().filter(|&&n| acts[n as usize].invoked <= tenure.to)
        {
            calls.pop_front();
            order.extend(
                Some(number)
                    .filter(|_| tenure.took_place(&acts[number as usize], lock.is_reentrant)),
            );
        }
    }
    Some(order)
}

impl Tenure {
    /// Whether a call of its holder, not after it, took effect: all that completed did, and of
    /// those that crashed the releases that ended it.
    fn took_place(&self, act: &Act, is_reentrant: bool) -> bool {
        let is_within = self.from <= act.invoked && self.to != NEVER;
        let ends = is_within && (is_reentrant || act.invoked == self.to);
        act.completed != NEVER || (ends && matches!(act.deed, Deed::Unlock(_)))
    }
}

/// Whether one tenure is over before the next begins, and tokens grow.
fn one_by_one(tenures: &[Tenure], lock: Lock) -> Result<(), Clash> {
    let (mut over, mut last) = (0, lock.token);
    for tenure in tenures {
        let is_next = tenure.from >= over;
        // The one that holds it at first was given its token before.
        let is_first = tenure.from == 0;
        let token = if is_first { Some(last) } else { after(last, tenure.token) };
        match token.filter(|_| is_next) {
            Some(token) => (over, last) = (tenure.to, token),
            None => return Err(Clash(tenure.from)),
        }
    }
    Ok(())
}

/// The last token once another was given; an unknown one is the least it can be.
fn after(last: Option<i64>, given: Option<i64>) -> Option<Option<i64>> {
    match (last, given) {
        (_, Some(token)) => (Some(token) > last).then_some(given),
        (None, None) => Some(None),
        (Some(last), None) => last.checked_add(1).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Budget, Checker, Valid,
        linearizable::Linearizable,
        model::{FencedMutex, Model, ReentrantMutex},
        notation,
    };

    #[track_caller]
    fn check(model: impl Model, picture: &str, valid: Valid, path: &str) {
        let history = notation::history(picture);
        let verdict = Linearizable(model).check(&history, &Budget::unlimited());
        assert_eq!((verdict.valid, verdict.details["path"].as_str()), (valid, Some(path)));
    }

    fn fenced(picture: &str, valid: Valid, path: &str) {
        check(FencedMutex::default(), picture, valid, path);
    }

    const FIRST: &str = "0: |- acquire 1 -> 1 -| |- release 1 ----------------|";

    #[test]
    fn a_release_frees_from_its_invocation_on() {
        let beside = |second| format!("{FIRST}\n1: {second}");
        fenced(&beside("|- acquire 2 -> 2 ------|"), Valid::Valid, "tenures");
        fenced(&beside("|- acquire 2 -> 2 -|"), Valid::Invalid, "tenures");
        let later = format!("{:22} |- acquire 2 -> 2 -|", "");
        fenced(&beside(&later), Valid::Valid, "tenures");
    }

    #[test]
    fn tokens_grow_in_the_order_of_the_tenures() {
        let second = |token| format!("{FIRST} |- acquire 2 -> {token} -|");
        fenced(&second(2), Valid::Valid, "tenures");
        fenced(&second(1), Valid::Invalid, "tenures");
    }

    #[test]
    fn a_crashed_release_certainly_happened_where_its_holder_acquires_again() {
        let again = "0: |- acquire 1 -> 1 -| |- release 1 -~\n1: {:50} |- acquire 1 -> 2 -|";
        fenced(&again.replace("{:50}", &" ".repeat(50)), Valid::Valid, "tenures");
        let never = "0: |- acquire 1 -> 1 -| |- acquire 1 -> 2 -|";
        fenced(never, Valid::Invalid, "tenures");
    }

    #[test]
    fn what_is_less_clear_is_left_to_the_search() {
        let both = "0: |- acquire 1 -~\n1: |- release 1 -~\n2: |- release 1 -|";
        fenced(both, Valid::Valid, "search");
        let model = ReentrantMutex::default;
        check(model(), "0: |- acquire 1 -|\n1: |- acquire 1 -|", Valid::Valid, "search");
        check(model(), "0: |- acquire 1 -| |- acquire 1 -|", Valid::Valid, "tenures");
    }
}
