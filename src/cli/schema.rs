//! `netsplit schema`
use clap::{Args, ValueEnum};

use super::{OrExit, Outcome, output};
use crate::{exit::Exit, result};

/// Print a JSON Schema
#[derive(Args)]
pub(super) struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value = "result")]
    of: Of,
}

#[derive(Clone, Copy, ValueEnum)]
enum Of {
    /// `result.json`
    Result,
}

/// Prints the schema.
pub(super) fn schema(args: &SchemaArgs) -> Outcome {
    let schema = match args.of {
        Of::Result => result::schema(),
    };
    let text = serde_json::to_string_pretty(&schema).or_bug()?;
    output::say(&text).or_infrastructure()?;
    Ok(Exit::Pass)
}
