//! What the command line says about the calls of a workload.
use anyhow::{Result, anyhow, ensure};
use checkers::txn;
use clap::Args;
use workloads::{Params, transactions::Dist};

use crate::cli::parse;

#[derive(Args)]
pub(super) struct ShapeArgs {
    /// Transactions, and monotonic: a model they are held to (`netsplit list consistency-models`);
    /// may be repeated [default: strong-serializable]
    #[arg(long, value_name = "MODEL", help_heading = "Workload")]
    consistency: Vec<String>,
    /// Transactions: reads and writes of the longest [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100), help_heading = "Workload")]
    txn_length: Option<u32>,
    /// Transactions: keys in use at a time [default: 10, or 3 where they are all alike]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Workload")]
    keys: Option<u32>,
    /// Transactions: how often each of these keys is used: exponential, uniform or zipf [default:
    /// exponential]
    #[arg(long, value_name = "DIST", value_parser = parse::dist, help_heading = "Workload")]
    key_dist: Option<Dist>,
    /// Transactions: writes of a key before a fresh one takes its place [default: 256]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Workload")]
    writes_per_key: Option<u32>,
    /// Transactions: that many of few keys only; most are written a few times
    #[arg(long, help_heading = "Workload")]
    writes_per_key_zipf: bool,
    /// Bank: accounts [default: 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000), help_heading = "Workload")]
    accounts: Option<u32>,
    /// Bank: the money in all accounts [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=1_000_000_000), help_heading = "Workload")]
    total: Option<i64>,
    /// Bank: the largest transfer [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=1_000_000_000), help_heading = "Workload")]
    transfer_max: Option<i64>,
    /// Bank: accounts may go below zero
    #[arg(long, help_heading = "Workload")]
    negative_allowed: bool,
}

/// The workloads that are made of transactions.
const TRANSACTIONS: &[&str] = &["append", "rw-register"];
/// Those that are held to models.
const HELD: &[&str] = &["append", "rw-register", "monotonic"];
/// Those that have accounts.
const BANK: &[&str] = &["bank"];

impl ShapeArgs {
    /// Tells a workload what was typed.
    ///
    /// # Errors
    /// What means nothing to this workload, or an unknown model.
    pub(super) fn tell(&self, workload: &str, params: &mut Params) -> Result<()> {
        self.refuse_meaningless(workload)?;
        let names = self.consistency.iter().map(String::as_str);
        let held_to = txn::Options::new(names).map_err(|name| {
            anyhow!(
                "no consistency model is called {name}; \
                 `netsplit list consistency-models` lists them"
            )
        })?;
        if !self.consistency.is_empty() {
            params.consistency = held_to.consistency;
        }
        let shape = &mut params.transactions;
        shape.length_max = self.txn_length.unwrap_or(shape.length_max);
        shape.key_count = self.keys.or(shape.key_count);
        shape.key_dist = self.key_dist.unwrap_or(shape.key_dist);
        shape.writes_per_key_max = self.writes_per_key.unwrap_or(shape.writes_per_key_max);
        shape.writes_per_key_zipf = self.writes_per_key_zipf;
        let bank = &mut params.bank;
        bank.accounts = self.accounts.unwrap_or(bank.accounts);
        bank.total = self.total.unwrap_or(bank.total);
        bank.transfer_max = self.transfer_max.unwrap_or(bank.transfer_max);
        bank.negative_allowed = self.negative_allowed;
        Ok(())
    }

    fn refuse_meaningless(&self, workload: &str) -> Result<()> {
        let typed = [
            ("--consistency", !self.consistency.is_empty(), HELD),
            ("--txn-length", self.txn_length.is_some(), TRANSACTIONS),
            ("--keys", self.keys.is_some(), TRANSACTIONS),
            ("--key-dist", self.key_dist.is_some(), TRANSACTIONS),
            ("--writes-per-key", self.writes_per_key.is_some(), TRANSACTIONS),
            ("--writes-per-key-zipf", self.writes_per_key_zipf, TRANSACTIONS),
            ("--accounts", self.accounts.is_some(), BANK),
            ("--total", self.total.is_some(), BANK),
            ("--transfer-max", self.transfer_max.is_some(), BANK),
            ("--negative-allowed", self.negative_allowed, BANK),
        ];
        for (flag, is_typed, known) in typed {
            let means = !is_typed || known.contains(&workload);
            ensure!(means, "{flag} means nothing to {workload}, but to {}", known.join(", "));
        }
        Ok(())
    }
}
