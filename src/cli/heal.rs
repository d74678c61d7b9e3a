//! `netsplit heal`
use clap::Args;

use super::{OrExit, Out, Outcome, output};
use crate::{
    exit::Exit,
    ledger,
    store::{self, Store},
};

/// Undo what a dead controller left behind
#[derive(Args)]
pub(super) struct HealArgs {
    /// The run [default: all of them]
    run: Option<String>,
    #[command(flatten)]
    out: Out,
}

/// Undoes whatever the ledgers have open.
pub(super) fn heal(args: &HealArgs) -> Outcome {
    let directories = match &args.run {
        Some(run) => vec![Store::open(&args.out.out, run).or_usage()?.directory],
        None => store::runs(&args.out.out).or_infrastructure()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.or_infrastructure()?;
    let (mut count, mut failed) = (0, Vec::new());
    for directory in directories {
        let path = directory.join(ledger::FILE);
        if !path.is_file() {
            continue;
        }
        let (healed, mut of_run) = runtime.block_on(ledger::heal(&path)).or_infrastructure()?;
        for line in healed {
            count += 1;
            output::say(&line).or_infrastructure()?;
        }
        failed.append(&mut of_run);
    }
    if !failed.is_empty() {
        return Err(anyhow::anyhow!(failed.join("\n"))).or_infrastructure();
    }
    if count == 0 {
        output::say("nothing to undo").or_infrastructure()?;
    }
    Ok(Exit::Pass)
}
