//! How registers are to be ordered, as arguments.
use checkers::txn::{Assume, Options};
use clap::Args;

/// For `--workload rw-register`: lists order their versions themselves.
#[derive(Args)]
pub(in crate::cli) struct AssumeArgs {
    /// Registers: take it that each key is linearizable
    #[arg(long, requires = "workload")]
    linearizable_keys: bool,
    /// Registers: take it that each process sees the versions of a key in their order
    #[arg(long, requires = "workload")]
    sequential_keys: bool,
    /// Registers: take it that a transaction that reads a key and then writes it overwrites what
    /// it read
    #[arg(long, requires = "workload")]
    wfr_keys: bool,
    /// Registers: where nothing tells the order of versions, search for one that would do
    #[arg(long, requires = "workload")]
    search_orders: bool,
}

impl AssumeArgs {
    /// Tells them to a checker.
    pub(super) fn tell(&self, options: &mut Options) {
        options.assume = Assume {
            wfr_keys: self.wfr_keys,
            sequential_keys: self.sequential_keys,
            linearizable_keys: self.linearizable_keys,
        };
        options.search_orders = self.search_orders;
    }

    /// How to say the same again, each with a blank before it.
    pub(super) fn arguments(&self) -> String {
        let told = [
            (self.linearizable_keys, " --linearizable-keys"),
            (self.sequential_keys, " --sequential-keys"),
            (self.wfr_keys, " --wfr-keys"),
            (self.search_orders, " --search-orders"),
        ];
        told.into_iter().filter(|(is_told, _)| *is_told).map(|(_, argument)| argument).collect()
    }
}
