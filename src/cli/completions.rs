//! `netsplit completions`
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, OrExit, Outcome, output};
use crate::exit::Exit;

/// Print completions for a shell
#[derive(Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completions.
pub(super) fn completions(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "netsplit", &mut script);
    output::say(String::from_utf8_lossy(&script).trim_end()).or_infrastructure()?;
    Ok(Exit::Pass)
}
