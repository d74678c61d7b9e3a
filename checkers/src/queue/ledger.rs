//! What went in and what came out, value by value.
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::Value;

use crate::{Datum, History, Malformed, Outcome};

/// All values of a history, in order of their first appearance.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) accounts: Vec<Account>,
    numbers: FxHashMap<Datum, usize>,
    /// Of the answers that found the queue empty, the one that was asked for last: its two rows.
    pub(super) emptied: Option<(u32, u32)>,
    /// Rows of dequeues that nobody knows the answer of.
    pub(super) crashed: Vec<u32>,
    /// The row of the first drain that crashed: it may have taken any number of values.
    crashed_drain: Option<u32>,
}

/// One value: rows of the calls that put it in and gave it out.
#[derive(Default)]
pub(super) struct Account {
    pub(super) value: Datum,
    /// Invocations of enqueues that may have happened.
    pub(super) begun: Vec<u32>,
    /// How many of them were acknowledged.
    pub(super) acknowledged: usize,
    /// Completions of calls that gave it out, in order.
    pub(super) out: Vec<u32>,
    /// Those of them before which nobody had put it in.
    pub(super) unexpected: Vec<u32>,
    /// Those of them before which it had been given out as often as it had been put in.
    pub(super) duplicated: Vec<u32>,
    /// How many were acknowledged before the queue was last found empty, and never came out.
    pub(super) missing: usize,
    /// Completions of acknowledged enqueues.
    ends: Vec<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    #[serde(alias = "push", alias = "insert")]
    Enqueue(Datum),
    #[serde(alias = "pop", alias = "delete-min")]
    Dequeue,
    Drain,
}

impl Ledger {
    /// Reads all of it.
    pub(super) fn read(history: &History) -> Result<Ledger, Malformed> {
        let mut ledger = Ledger::default();
        for call in history.calls::<Input, Datum>()? {
            match (call.input, call.outcome) {
                (_, Outcome::Fail) => (),
                (Input::Enqueue(value), outcome) => {
                    let account = ledger.account(&value);
                    account.begun.push(call.invoked);
                    if let Outcome::Ok { completed, .. } = outcome {
                        account.acknowledged += 1;
                        account.ends.push(completed);
                    }
                }
                (Input::Dequeue, Outcome::Info) => ledger.crashed.push(call.invoked),
                (Input::Drain, Outcome::Info) => {
                    ledger.crashed_drain.get_or_insert(call.invoked);
                }
                (Input::Dequeue, Outcome::Ok { completed, output: Datum::Null }) => {
                    ledger.emptied = Some((call.invoked, completed));
                }
                (Input::Dequeue, Outcome::Ok { completed, output }) => {
                    ledger.account(&output).out.push(completed);
                }
                (Input::Drain, Outcome::Ok { completed, output }) => {
                    ledger.emptied = Some((call.invoked, completed));
                    for value in Value::from(&output).as_array().into_iter().flatten() {
                        ledger.account(&value.clone().into()).out.push(completed);
                    }
                }
            }
        }
        let emptied = ledger.emptied.map(|(asked, _)| asked);
        for account in &mut ledger.accounts {
            account.settle(emptied);
        }
        Ok(ledger)
    }

    fn account(&mut self, value: &Datum) -> &mut Account {
        let new = self.accounts.len();
        let number = *self.numbers.entry(value.clone()).or_insert(new);
        if number == new {
            self.accounts.push(Account { value: value.clone(), ..Account::default() });
        }
        &mut self.accounts[number]
    }

    /// How many values are missing.
    pub(super) fn missing(&self) -> usize {
        self.accounts.iter().map(|account| account.missing).sum()
    }

    /// How many were acknowledged and never came out, though they may still be in the queue.
    pub(super) fn unsettled(&self) -> usize {
        let left = |account: &Account| {
            account.acknowledged.saturating_sub(account.out.len() + account.missing)
        };
        self.accounts.iter().map(left).sum()
    }

    /// How many of those crashed calls may have taken that began before the queue was last found
    /// empty. `None` where that is any number.
    pub(super) fn takers(&self) -> Option<usize> {
        let (_, until) = self.emptied?;
        let in_time = self.crashed.iter().filter(|&&invoked| invoked < until).count();
        self.crashed_drain.is_none_or(|invoked| invoked >= until).then_some(in_time)
    }

    /// Whether nothing came out, and not even that there is nothing.
    pub(super) fn is_untouched(&self) -> bool {
        self.emptied.is_none() && self.accounts.iter().all(|account| account.out.is_empty())
    }
}

impl Account {
    /// How often it came out though only crashed enqueues can have put it in.
    pub(super) fn recovered(&self) -> usize {
        let had_been_put_in = self.out.len() - self.unexpected.len() - self.duplicated.len();
        had_been_put_in.saturating_sub(self.acknowledged)
    }

    /// Compares both sides. What had not been put in uses up nothing that was.
    fn settle(&mut self, emptied: Option<u32>) {
        self.out.sort_unstable();
        let mut used = 0;
        for &row in &self.out {
            match self.begun.partition_point(|&begun| begun < row) {
                0 => self.unexpected.push(row),
                put if used >= put => self.duplicated.push(row),
                _ => used += 1,
            }
        }
        let had_to_be_gone = emptied.map_or(0, |asked| {
            self.ends.iter().filter(|&&acknowledged| acknowledged < asked).count()
        });
        self.missing = had_to_be_gone.saturating_sub(self.out.len());
    }
}
