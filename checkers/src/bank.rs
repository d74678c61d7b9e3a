//! Money moves between accounts, and no read ever finds more or less of it than there is.
//!
//! `read -> {"0":90,"1":10}` is a snapshot of all accounts; `transfer {"from":0,"to":1,"amount":5}`
//! moves money. Every read that was answered is audited by itself: the sum must be what was there
//! at the start (**wrong-total**), no balance may be missing a value (**nil-balance**) or be below
//! zero (**negative-value**), and there may be no account that nobody opened
//! (**unexpected-key**). An account that a read leaves out counts as empty.
//!
//! *What this proves:* that no transfer was ever seen by half, and that none created or destroyed
//! money or overdrew an account in any state that was read. A sum that changes shows read skew or
//! a lost update; serializability and snapshot isolation both forbid it. *What it does not:* that
//! the transfers took place, or in which order, or that reads are fresh: a store that never moves
//! anything passes. Time is linear in the size of the reads, which may come bit by bit.
use std::collections::BTreeMap;

use crate::{
    Anomaly, Budget, Checker, Figure, History, Kind, OpRef, Process, Stream, Verdict, decode,
    model::BadInit,
    stream::fold::{BitByBit, Fold, Part, Told, at_once},
};

mod audit;

use audit::{Audit, Fault, Sighting};

/// Checks `transfer` and `read`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    /// What is in each account at the start.
    pub start: BTreeMap<String, i64>,
    /// Whether an account may be overdrawn.
    pub negative_allowed: bool,
}

/// Reads between two looks at the budget.
const READS_PER_POLL: usize = 1024;

impl Bank {
    /// So many accounts, numbered from 0, of which the first has everything.
    pub fn new(accounts: u32, total: i64) -> Bank {
        let balance = |account| if account == 0 { total } else { 0 };
        let start = (0..accounts).map(|account| (account.to_string(), balance(account))).collect();
        Bank { start, negative_allowed: false }
    }

    /// Accounts as a person writes them: `a=10,b=20`.
    ///
    /// # Errors
    /// [`BadInit`] where a part has no `=`, or no whole number behind it.
    pub fn from_word(init: &str) -> Result<Bank, BadInit> {
        let bad = || BadInit { init: init.to_owned(), message: "accounts such as 0=100,1=0" };
        let account = |part: &str| {
            let (name, balance) = part.split_once('=')?;
            Some((name.trim().to_owned(), balance.trim().parse().ok()?))
        };
        let start: Option<BTreeMap<String, i64>> = init.split(',').map(account).collect();
        Ok(Bank { start: start.ok_or_else(bad)?, negative_allowed: false })
    }

    fn total(&self) -> i128 {
        self.start.values().map(|balance| i128::from(*balance)).sum()
    }

    /// What is wrong with the balances of a read.
    fn look(&self, at: u32, op: &OpRef<'_>, balances: &Balances, audit: &mut Audit) {
        let known = || balances.values().flatten().map(|balance| i128::from(*balance));
        let (total, right) = (known().sum::<i128>(), self.total());
        let unexpected = balances.keys().filter(|name| !self.start.contains_key(*name)).count();
        let missing = balances.values().filter(|balance| balance.is_none()).count();
        let below = known().filter(|balance| *balance < 0).sum::<i128>();
        let mut note = |fault, badness| audit.note(fault, &Sighting::new(at, op, total, badness));
        if unexpected > 0 {
            note(Fault::UnexpectedKey, unexpected as i128);
        }
        if missing > 0 {
            note(Fault::NilBalance, missing as i128);
        }
        if total != right && missing == 0 {
            note(Fault::WrongTotal, (total - right).abs());
        }
        if below < 0 && !self.negative_allowed {
            note(Fault::NegativeValue, -below);
        }
    }

    fn anomaly(&self, fault: Fault, audit: &Audit) -> Option<Anomaly> {
        let of_fault = audit.of(fault)?;
        let explanation = format!(
            "{}: in {} of {} reads {}. There was {} at the start; the worst read is op {}, with \
             {} in all.",
            fault.name(),
            of_fault.count,
            audit.reads,
            fault.about(),
            self.total(),
            of_fault.worst.told.index,
            of_fault.worst.total,
        );
        let rows = of_fault.examples().into_iter().map(|(which, sighting)| {
            let Told { index, node } = sighting.told;
            let total = sighting.total.to_string();
            vec![which.into(), index.into(), node.into(), total.into(), sighting.balances.into()]
        });
        let figure = Figure::table(&["which", "read", "node", "total", "balances"], rows);
        Some(Anomaly::new(fault.name(), explanation, figure))
    }
}

impl Checker for Bank {
    /// One anomaly a kind, with a table of the first, the worst and the last read that show it.
    /// Unknown if no read succeeded, or out of time.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        at_once(Books::new(self), history, budget)
    }

    fn stream(&self) -> Option<Box<dyn Stream + '_>> {
        Some(Box::new(BitByBit::new(Books::new(self))))
    }
}

/// What a read answers.
type Balances = BTreeMap<String, Option<i64>>;

/// A bank, as far as its reads were audited.
struct Books<'b> {
    bank: &'b Bank,
    audit: Audit,
}

impl Books<'_> {
    fn new(bank: &Bank) -> Books<'_> {
        Books { bank, audit: Audit::default() }
    }
}

impl Fold for Books<'_> {
    fn take_in(&mut self, part: &Part<'_>, budget: &Budget) -> Result<(), Verdict> {
        for op in part.history.ops().filter(is_read) {
            if self.audit.reads.is_multiple_of(READS_PER_POLL) && budget.is_over() {
                return Err(Verdict::unknown("out of time while adding up balances"));
            }
            match decode::answer(op.value.as_bytes()) {
                Ok(found) => self.bank.look(part.base + op.row, &op, &found, &mut self.audit),
                Err(e) => return Err(Verdict::malformed(&part.history.malformed(op.row, &e))),
            }
            self.audit.reads += 1;
        }
        Ok(())
    }

    fn is_violated(&self) -> bool {
        Fault::ALL.iter().any(|fault| self.audit.of(*fault).is_some())
    }

    fn verdict(&mut self) -> Verdict {
        let Books { bank, audit } = self;
        let anomalies = Fault::ALL.iter().filter_map(|fault| bank.anomaly(*fault, audit));
        let verdict = match audit.reads {
            0 => Verdict::unknown("the accounts were never read"),
            _ => Verdict::of(anomalies.collect()),
        };
        audit.details(verdict.with("total", bank.total().to_string()))
    }
}

fn is_read(op: &OpRef<'_>) -> bool {
    op.kind == Kind::Ok && op.f == "read" && op.process != Process::Nemesis
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    #[track_caller]
    fn check(bank: &Bank, picture: &str, anomalies: &[&str]) -> Verdict {
        let verdict = bank.check(&notation::history(picture), &Budget::unlimited());
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{verdict:?}");
        verdict
    }

    fn two() -> Bank {
        Bank::from_word("0=10,1=0").unwrap()
    }

    #[test]
    fn a_transfer_keeps_the_total() {
        check(
            &two(),
            r#"0: |- transfer {"from":0,"to":1,"amount":3} -| |- read -> {"0":7,"1":3} -|"#,
            &[],
        );
        check(&two(), r#"0: |- read -> {"0":10} -|"#, &[]);
    }

    #[test]
    fn half_a_transfer_shows_in_the_total() {
        let verdict = check(
            &two(),
            r#"0: |- read -> {"0":7,"1":0} -| |- read -> {"0":9,"1":6} -|
               1:   |- read -> {"0":7,"1":1} -|"#,
            &["wrong-total"],
        );
        let Figure::Table { rows, .. } = &verdict.anomalies[0].figure else { panic!("a table") };
        let which: Vec<_> = rows.iter().map(|row| row[0].as_str().unwrap()).collect();
        assert_eq!(which, ["first, lowest", "last, worst, highest"]);
        assert_eq!(
            (&verdict.details["wrong_total"], &verdict.details["reads"]),
            (&3.into(), &3.into())
        );
        assert_eq!(verdict.details["lowest_total"], "7");
        assert_eq!(verdict.details["highest_total"], "15");
    }

    #[test]
    fn an_account_is_overdrawn_only_where_it_may_be() {
        let picture = r#"0: |- read -> {"0":12,"1":-2} -|"#;
        check(&two(), picture, &["negative-value"]);
        check(&Bank { negative_allowed: true, ..two() }, picture, &[]);
    }

    #[test]
    fn balances_are_numbers_of_accounts_there_are() {
        check(&two(), r#"0: |- read -> {"0":10,"1":null} -|"#, &["nil-balance"]);
        check(&two(), r#"0: |- read -> {"0":8,"2":2} -|"#, &["unexpected-key"]);
    }

    #[test]
    fn accounts_that_nobody_read_are_unknown() {
        let history = notation::history("0: |- read -~\n1: |- read -x");
        assert_eq!(two().check(&history, &Budget::unlimited()).valid, Valid::Unknown);
    }

    #[test]
    fn what_is_no_account_is_refused() {
        let history = notation::history(r#"0: |- read -> {"0":"ten"} -|"#);
        assert!(two().check(&history, &Budget::unlimited()).is_malformed());
        for word in ["", "0", "0=x", "0=1,,"] {
            assert!(Bank::from_word(word).is_err(), "{word}");
        }
        assert_eq!(Bank::from_word("0=100, 1=0").unwrap(), Bank::new(2, 100));
    }

    #[test]
    fn sums_do_not_overflow() {
        let most = i64::MAX;
        let picture = format!(r#"0: |- read -> {{"0":{most},"1":{most}}} -|"#);
        check(&two(), &picture, &["wrong-total"]);
    }
}
