//! `netsplit export`
use std::path::Path;

use anyhow::{Context, Result};
use checkers::{History, format::edn};
use clap::{Args, ValueEnum};

use super::{
    OrExit, Out, Outcome,
    input::{self, KeysArg},
    output,
};
use crate::{
    exit::Exit,
    store::{Store, file},
};

const EXAMPLES: &str = "\
Examples:
  netsplit export latest --to edn > history.edn    for Jepsen, Knossos and Elle
  netsplit export history.edn.gz > history.jsonl   anybody's history in our format";

/// Write a history in another format
#[derive(Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct ExportArgs {
    /// A stored run (directory, name, `latest`), a history file, or `-` for standard input
    path: String,
    /// The format
    #[arg(long, value_enum, default_value = "jsonl")]
    to: To,
    /// Where the keys of another tool's history are
    #[arg(long, value_enum, default_value = "auto")]
    keys: KeysArg,
    /// Leave out a last line that is torn
    #[arg(long)]
    allow_torn: bool,
    #[command(flatten)]
    out: Out,
}

#[derive(Clone, Copy, ValueEnum)]
enum To {
    /// Jepsen's and Knossos's
    Edn,
    /// Our own: an op a line
    Jsonl,
}

/// Writes the history to standard output.
pub(super) fn export(args: &ExportArgs) -> Outcome {
    let history = history(args).or_usage()?;
    let text = match args.to {
        To::Edn => edn::write(&history),
        To::Jsonl => history.to_jsonl(),
    };
    output::say(text.trim_end()).or_infrastructure()?;
    Ok(Exit::Pass)
}

fn history(args: &ExportArgs) -> Result<History> {
    let path = Path::new(&args.path);
    if args.path == "-" || (path.exists() && !path.is_dir()) {
        let text = input::read(&args.path)?;
        let parsed = input::parse(&args.path, text, args.keys.into(), args.allow_torn)?;
        return Ok(parsed.0);
    }
    let store = Store::open(&args.out.out, &args.path)?;
    let read = History::read_torn(store.history()?);
    Ok(read.with_context(|| store.path(file::HISTORY).display().to_string())?.0)
}
