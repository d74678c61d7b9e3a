//! Histories larger than memory: each key is judged window by window.
//!
//! A window ends at a *waist* ([`waist`]): a moment at which nothing is open but crashed calls, and
//! at which the orders of the calls until then leave the object in one state, or in one of a few.
//! What came before says no more about what comes after than these states and the crashed calls
//! that may take effect still; so the window is judged and dropped, and the next begins with these.
//! Nothing is approximated: where there is no such moment the window grows, and where it outgrows
//! the budget the key is `unknown`.
//!
//! **Exactness.** Let H be the ops of a key until a waist, F those that follow, s the state there.
//! An order of H and F has all completed calls of H before all of F, since each ended before any
//! of F began; crashed calls of H stand anywhere. Those behind the last completed call of H might
//! as well stand at the head of F's, so let them. What is left is an order of H that ends in s, and
//! an order of F, and of crashed calls that the first did not use, that starts in s. If one order
//! of H uses no crashed call that another could do without (what [`waist`] makes sure of), then an
//! order of F that goes with any goes with that one. So H and F have an order exactly where H has
//! one, and F with what that leaves has one from s on. The same holds of every beginning of F, so
//! the first completion that has no place is the same too. Where orders of H end in several states,
//! each without a crashed call, F has an order exactly where it has one from one of them on, and
//! the first completion without a place is the latest of those from each.
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Prepared, origin::Origin, problem::CallOf};
use crate::{
    Budget, Figure, History, Malformed, Valid, Verdict,
    compose::{guarded, in_parallel},
    history::windows::{Window, Windows},
    independent,
    model::Model,
    stream::{Stream, Streamed, Watch},
};

mod waist;

use waist::Waist;

/// So many states are kept of what was dropped.
const STATES_MAX: usize = 16;

/// Windows are judged when all together hold this share of the budget.
const SWEEP_SHARE: u64 = 4;

/// Judges each key of a history against a model, window by window.
pub(super) struct ByWindows<'a, M: Model> {
    model: &'a M,
    windows: Windows,
    /// What is known of each window's key.
    keys: Vec<Standing<M::State>>,
    /// Windows are not judged before they hold so many bytes.
    sweep_at: u64,
    /// Most bytes that they ever held.
    bytes_max: u64,
    evidence: BTreeMap<Option<u32>, History>,
    worst: Valid,
}

/// What is known of a key.
struct Standing<S> {
    /// The states that its window may begin in; none where that is the model's first.
    since: Vec<Origin<S>>,
    verdict: Option<Verdict>,
    evidence: Option<History>,
    ops_max: u32,
    bytes_max: u64,
}

/// How windows are judged.
struct Sweep<'s> {
    names: Arc<[Arc<str>]>,
    budget: &'s Budget,
    /// How often a key may look at it.
    polls: u64,
    bytes_max: u64,
    /// Whether nothing follows.
    is_last: bool,
}

impl<'a, M: Model> ByWindows<'a, M> {
    pub(super) fn new(model: &'a M) -> Self {
        ByWindows {
            model,
            windows: Windows::default(),
            keys: Vec::new(),
            sweep_at: 0,
            bytes_max: 0,
            evidence: BTreeMap::new(),
            worst: Valid::Valid,
        }
    }

    /// Judges every window, as far as it can be.
    fn sweep(&mut self, sweep: &Sweep<'_>) {
        self.keys.resize_with(self.windows.all.len(), Standing::default);
        let model = self.model;
        let all = self.windows.all.iter_mut().zip(&mut self.keys);
        let open = all.filter(|(window, _)| !window.is_closed());
        let job = |(window, key)| -> Box<dyn FnOnce() + Send + '_> {
            Box::new(move || sweep.judge(model, window, key))
        };
        in_parallel(open.map(job).collect());
        for (window, key) in self.windows.all.iter().zip(&mut self.keys) {
            if let Some(evidence) = key.evidence.take() {
                self.evidence.insert(window.key, evidence);
            }
            self.worst = self.worst.max(key.verdict.as_ref().map_or(Valid::Valid, |v| v.valid));
        }
    }

    /// Judges those windows as they are that hold most, and gives them up, until the others fit.
    fn give_up(&mut self, sweep: &Sweep<'_>, bytes_max: u64) {
        let mut by_size: Vec<usize> = (0..self.windows.all.len()).collect();
        by_size.sort_by_key(|&at| std::cmp::Reverse(self.windows.all[at].bytes()));
        let mut bytes = self.windows.bytes();
        for at in by_size {
            if bytes <= bytes_max {
                break;
            }
            let (window, key) = (&mut self.windows.all[at], &mut self.keys[at]);
            bytes -= window.bytes();
            let rows = window.len();
            let last = Sweep { is_last: true, names: sweep.names.clone(), ..*sweep };
            last.judge(self.model, window, key);
            if key.verdict.as_ref().is_none_or(|verdict| verdict.valid == Valid::Valid) {
                key.verdict = Some(Verdict::unknown(format!(
                    "out of memory: no state that all orders agree on in {rows} ops, after op {}",
                    key.since.first().and_then(|since| since.after).unwrap_or(0),
                )));
            }
            window.close();
        }
    }

    fn verdict(&self) -> Verdict {
        let mut parts = self.windows.all.iter().zip(&self.keys);
        let part = |(window, key): (&Window, &Standing<M::State>)| {
            (window.key, window.ops as usize, key.verdict.clone())
        };
        let is_one = self.keys.len() == 1 && self.windows.all[0].key.is_none();
        let verdict = if is_one {
            parts.next().and_then(|(_, key)| key.verdict.clone()).unwrap_or_else(Verdict::valid)
        } else {
            independent::summary(&mut parts.map(part))
        };
        let ops_max = self.keys.iter().map(|key| key.ops_max).max().unwrap_or(0);
        let bytes_max = self.keys.iter().map(|key| key.bytes_max).max().unwrap_or(0);
        verdict
            .with("streamed", true)
            .with("window_ops_max", ops_max)
            .with("window_bytes_max", bytes_max)
            .with("windows_bytes_max", self.bytes_max)
    }
}

impl<M: Model> Stream for ByWindows<'_, M> {
    fn feed(
        &mut self,
        text: &[u8],
        budget: &Budget,
        watch: &mut Watch<'_>,
    ) -> Result<Valid, Malformed> {
        self.windows.feed(text, watch)?;
        self.bytes_max = self.bytes_max.max(self.windows.bytes());
        if self.windows.bytes() >= self.sweep_at.max(budget.bytes_max / SWEEP_SHARE) {
            self.settle(budget);
        }
        Ok(self.worst)
    }

    fn settle(&mut self, budget: &Budget) -> Valid {
        let sweep = Sweep::new(&self.windows, budget);
        self.sweep(&sweep);
        let share = budget.bytes_max / SWEEP_SHARE;
        if self.windows.bytes() > 2 * share {
            self.give_up(&sweep, share);
        }
        // What could not be dropped now will hardly be droppable soon.
        self.sweep_at = self.windows.bytes() + share / 2;
        self.worst
    }

    fn finish(
        mut self: Box<Self>,
        budget: &Budget,
        watch: &mut Watch<'_>,
    ) -> Result<Streamed, Malformed> {
        self.windows.end(watch)?;
        self.bytes_max = self.bytes_max.max(self.windows.bytes());
        let mut sweep = Sweep { is_last: true, ..Sweep::new(&self.windows, budget) };
        sweep.polls = independent::POLLS_FIRST;
        self.sweep(&sweep);
        while self.keys.iter().any(|key| key.verdict.is_none()) {
            sweep.polls = sweep.polls.saturating_mul(independent::GROWTH);
            self.sweep(&sweep);
        }
        let verdict = self.verdict();
        let nemesis = self.windows.nemesis.take(&sweep.names);
        Ok(Streamed { verdict, evidence: self.evidence, nemesis })
    }
}

impl<S> Default for Standing<S> {
    fn default() -> Standing<S> {
        Standing { since: Vec::new(), verdict: None, evidence: None, ops_max: 0, bytes_max: 0 }
    }
}

/// How often a key may look at the budget before its window is left to grow.
const POLLS: u64 = 4096;

impl<'s> Sweep<'s> {
    fn new(windows: &Windows, budget: &'s Budget) -> Self {
        let bytes_max = budget.bytes_max / 2 / rayon::current_num_threads() as u64;
        let names = windows.names();
        Sweep { names, budget, polls: POLLS, bytes_max, is_last: false }
    }

    /// Judges a window until its waist, if it has one, and drops what that decides.
    fn judge<M: Model>(&self, model: &M, window: &mut Window, key: &mut Standing<M::State>) {
        key.ops_max = key.ops_max.max(window.len());
        key.bytes_max = key.bytes_max.max(window.bytes());
        let history = window.take(&self.names);
        let carried = window.carried;
        let waist = match self.is_last {
            true => Ok(None),
            false => waist::latest(model, &history, carried),
        };
        let until = match &waist {
            Ok(Some(waist)) => waist.until,
            Ok(None) if self.is_last => history.len() as u32,
            Ok(None) => return window.put_back(history),
            Err(malformed) => {
                key.verdict = Some(Verdict::malformed(malformed));
                return window.close();
            }
        };
        let part = history.select((0..until).collect());
        let judged = self.judge_from(model, &key.since, &part);
        if judged.ran_out {
            drop(judged);
            drop(part);
            return window.put_back(history);
        }
        let waist = waist.ok().flatten().filter(|_| judged.verdict.valid == Valid::Valid);
        let Some(waist) = waist else {
            key.evidence = evidence(&judged.verdict, &history);
            key.verdict = Some(judged.verdict);
            return window.close();
        };
        let left = judged.leave(waist, self.budget);
        drop(judged);
        match left {
            None => {
                drop(part);
                window.put_back(history);
            }
            Some((states, left)) => {
                window.put_back_from(&history, until, &left);
                let after = Some(history.op(until - 1).index);
                let count = states.len();
                let origin = |state| Origin { state, after, states: count };
                key.since = states.into_iter().map(origin).collect();
            }
        }
    }

    /// Judges a part from each state on that it may begin in. In the end one that it has an order
    /// from is enough; before, all of them have to be known.
    fn judge_from<'p, M: Model>(
        &self,
        model: &'p M,
        since: &[Origin<M::State>],
        part: &'p History,
    ) -> Judged<'p, M> {
        let first = since.is_empty().then(|| Origin::of(model));
        let (mut live, mut verdicts, mut ran_out) = (Vec::new(), Vec::new(), false);
        for origin in since.iter().cloned().chain(first) {
            let prepared = Prepared::new(model, origin, part);
            let (verdict, is_out) = self.check(&prepared);
            ran_out |= is_out;
            if verdict.valid == Valid::Valid {
                live.extend(prepared.ok());
            }
            verdicts.push(verdict);
        }
        let rank = |verdict: &Verdict| match verdict.valid {
            Valid::Valid => 1,
            Valid::Unknown if self.is_last => 0,
            Valid::Unknown => 2,
            Valid::Invalid => -1,
        };
        let verdict = verdicts.into_iter().max_by_key(|verdict| (rank(verdict), culprit(verdict)));
        ran_out &= !self.is_last || live.is_empty();
        Judged { live, verdict: verdict.unwrap_or_else(Verdict::valid), ran_out }
    }

    /// Judges a part within its allotment; whether it ran out of that alone.
    fn check<M: Model>(&self, prepared: &Result<Prepared<'_, M>, Malformed>) -> (Verdict, bool) {
        let polled = Arc::new(AtomicU64::new(0));
        let (counter, time, polls) = (polled.clone(), self.budget.clone(), self.polls);
        let allotment = Budget::new(self.bytes_max, move || {
            counter.fetch_add(1, Ordering::Relaxed) >= polls || time.is_over()
        });
        let verdict = guarded("of a window", || match prepared {
            Ok(prepared) => prepared.check(&allotment),
            Err(malformed) => Verdict::malformed(malformed),
        });
        let ran_out = verdict.valid == Valid::Unknown
            && polled.load(Ordering::Relaxed) > polls
            && !self.budget.is_over();
        (verdict, ran_out)
    }
}

/// What a part was judged to be.
struct Judged<'p, M: Model> {
    /// From each state that it has an order from.
    live: Vec<Prepared<'p, M>>,
    verdict: Verdict,
    /// Whether that took more than was allotted.
    ran_out: bool,
}

impl<M: Model> Judged<'_, M> {
    /// What a valid part leaves to the next: the states it may end in, and the rows of crashed
    /// calls. `None` where that is not certain, or too much.
    fn leave(&self, waist: Waist<M::State>, budget: &Budget) -> Option<(Vec<M::State>, Vec<u32>)> {
        let calls = self.live.first()?.history.calls().ok()?;
        let states = match waist.state {
            Some(state) => vec![state],
            None => self.ends(&calls, budget)?,
        };
        let mut left = self.live.iter().map(|part| waist::left(part, &calls, budget));
        let first = left.next()??;
        left.all(|other| other.as_ref() == Some(&first)).then_some((states, first))
    }

    fn ends(&self, calls: &[CallOf<M>], budget: &Budget) -> Option<Vec<M::State>> {
        let mut all = Vec::new();
        for part in &self.live {
            for end in waist::ends(part, calls, budget)? {
                if !all.contains(&end) {
                    all.push(end);
                }
            }
        }
        (1..=STATES_MAX).contains(&all.len()).then_some(all)
    }
}

/// The completion that a verdict says has no place.
fn culprit(verdict: &Verdict) -> Option<u32> {
    match &verdict.anomalies.first()?.figure {
        Figure::Ops(ops) => Some(ops.culprit),
        _ => None,
    }
}

/// The ops that the anomalies of a verdict name.
fn evidence(verdict: &Verdict, history: &History) -> Option<History> {
    let named = verdict.anomalies.iter().filter_map(|anomaly| match &anomaly.figure {
        Figure::Ops(ops) => Some(&ops.calls),
        _ => None,
    });
    let mut named: Vec<u32> = named.flatten().copied().collect();
    named.sort_unstable();
    let is_named = |row: u32| named.binary_search(&history.op(row).index).is_ok();
    let is_wanted =
        |&row: &u32| is_named(row) || history.pair(row).is_some_and(|p| is_named(p.row));
    let rows: Vec<u32> = (0..history.len() as u32).filter(is_wanted).collect();
    (!rows.is_empty()).then(|| history.select(rows).alone())
}
