//! Judging in one way what comes bit by bit and is not independent key by key: what is complete is
//! taken in, part by part, and dropped.
use crate::{
    Budget, History, Kind, Malformed, Valid, Verdict,
    history::windows::Windows,
    stream::{Stream, Streamed, Watch},
};

/// A judgement that grows.
pub(crate) trait Fold: Send {
    /// Before which row everything may be taken in. Where the order of calls is that of their
    /// invocations, those invoked before the oldest open call: it may end in any way.
    fn until(history: &History) -> u32 {
        history.open_from()
    }

    /// What is taken in then: whole calls, which may end later.
    fn part(history: &History, until: u32) -> History {
        let of_call = |row: u32| [Some(row), history.pair(row).map(|done| done.row)];
        let is_new = |row: &u32| history.op(*row).kind == Kind::Invoke;
        let mut rows: Vec<u32> = (0..until).filter(is_new).flat_map(of_call).flatten().collect();
        rows.sort_unstable();
        history.select(rows)
    }

    /// Takes in the next part.
    ///
    /// # Errors
    /// The verdict where it cannot: a value that does not fit, or out of time.
    fn take_in(&mut self, part: &Part<'_>, budget: &Budget) -> Result<(), Verdict>;

    /// Whether what was taken in is a violation, whatever follows.
    fn is_violated(&self) -> bool;

    /// The verdict, where that was all.
    fn verdict(&mut self) -> Verdict;
}

/// A part of a history, as whole calls.
pub(crate) struct Part<'h> {
    pub(crate) history: &'h History,
    /// How many rows of the whole come before the first of those that rows are counted from.
    pub(crate) base: u32,
    /// The row of the whole before which every call is known now.
    pub(crate) until: u32,
}

impl<'h> Part<'h> {
    /// A whole history.
    pub(crate) fn whole(history: &'h History) -> Part<'h> {
        Part { history, base: 0, until: u32::MAX }
    }
}

/// Judges a whole history at once.
pub(crate) fn at_once(mut fold: impl Fold, history: &History, budget: &Budget) -> Verdict {
    match fold.take_in(&Part::whole(history), budget) {
        Ok(()) => fold.verdict(),
        Err(verdict) => verdict,
    }
}

/// What is complete is taken in when it has this share of the budget.
const SETTLE_SHARE: u64 = 4;

/// A judgement, as far as its history has come.
pub(crate) struct BitByBit<F> {
    fold: F,
    windows: Windows,
    /// Whether what was taken in shows no violation.
    valid: Valid,
    /// Why nothing more can be said.
    end: Option<Verdict>,
    /// Nothing is taken in before the window holds so many bytes.
    sweep_at: u64,
    ops_max: u32,
    bytes_max: u64,
}

impl<F: Fold> BitByBit<F> {
    pub(crate) fn new(fold: F) -> BitByBit<F> {
        BitByBit {
            fold,
            windows: Windows::default(),
            valid: Valid::Valid,
            end: None,
            sweep_at: 0,
            ops_max: 0,
            bytes_max: 0,
        }
    }

    /// Takes in what is complete, or, in the end, all; and says what that shows.
    fn take_in(&mut self, is_last: bool, budget: &Budget) -> Valid {
        self.note_complete(is_last, budget);
        self.valid = match &self.end {
            Some(verdict) => verdict.valid,
            None if self.fold.is_violated() => Valid::Invalid,
            None => Valid::Valid,
        };
        // What could not be dropped now will hardly be droppable soon.
        self.sweep_at = self.windows.bytes() + budget.bytes_max / SETTLE_SHARE / 2;
        self.valid
    }

    fn note_complete(&mut self, is_last: bool, budget: &Budget) {
        if self.end.is_some() {
            return;
        }
        let names = self.windows.names();
        let window = match &mut self.windows.all[..] {
            [] => return,
            [window] => window,
            _ => {
                let why = "what is judged as one, bit by bit, has no keys; give it more memory";
                self.end = Some(Verdict::unknown(why));
                return;
            }
        };
        self.ops_max = self.ops_max.max(window.len());
        self.bytes_max = self.bytes_max.max(window.bytes());
        let base = window.ops as u32 - window.len();
        let history = window.take(&names);
        let all = history.len() as u32;
        let until = if is_last { all } else { F::until(&history) };
        let taken_in = if until == 0 {
            window.put_back(history);
            Ok(())
        } else {
            let part = F::part(&history, until);
            let known = if is_last { u32::MAX } else { base + until };
            let part = Part { history: &part, base, until: known };
            let taken_in = self.fold.take_in(&part, budget);
            window.put_back_from(&history, until, &[]);
            taken_in
        };
        let is_too_much = window.bytes() > budget.bytes_max / 2;
        self.end = taken_in.err().or_else(|| {
            let why = format!("out of memory: nothing was complete in {} ops", all - until);
            is_too_much.then(|| Verdict::unknown(why))
        });
        if self.end.is_some() {
            window.close();
        }
    }
}

impl<F: Fold> Stream for BitByBit<F> {
    fn feed(
        &mut self,
        text: &[u8],
        budget: &Budget,
        watch: &mut Watch<'_>,
    ) -> Result<Valid, Malformed> {
        self.windows.feed(text, watch)?;
        if self.windows.bytes() >= self.sweep_at.max(budget.bytes_max / SETTLE_SHARE) {
            self.take_in(false, budget);
        }
        Ok(self.valid)
    }

    fn settle(&mut self, budget: &Budget) -> Valid {
        self.take_in(false, budget)
    }

    fn finish(
        mut self: Box<Self>,
        budget: &Budget,
        watch: &mut Watch<'_>,
    ) -> Result<Streamed, Malformed> {
        self.windows.end(watch)?;
        self.take_in(true, budget);
        let verdict = self.end.take().unwrap_or_else(|| self.fold.verdict());
        let verdict = verdict
            .with("streamed", true)
            .with("window_ops_max", self.ops_max)
            .with("window_bytes_max", self.bytes_max)
            .with("windows_bytes_max", self.bytes_max);
        let names = self.windows.names();
        let nemesis = self.windows.nemesis.take(&names);
        Ok(Streamed { verdict, evidence: Default::default(), nemesis })
    }
}

/// What an explanation tells of an op.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) index: u32,
    pub(crate) node: Option<String>,
}

impl Told {
    /// What it tells of this row of a history.
    pub(crate) fn of(history: &History, row: u32) -> Told {
        let op = history.op(row);
        Told { index: op.index, node: op.node.map(str::to_owned) }
    }
}
