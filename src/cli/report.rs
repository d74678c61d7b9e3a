//! `netsplit report`
use checkers::History;
use clap::Args;

use super::{OrExit, Out, Outcome, output};
use crate::{
    exit::Exit,
    store::{Store, file},
};

/// Draw a stored run's page again
#[derive(Args)]
pub(super) struct ReportArgs {
    /// The run: its directory, its name or a unique beginning of it, `latest`, `latest-failed`
    #[arg(default_value = "latest")]
    run: String,
    #[command(flatten)]
    out: Out,
}

/// Draws the page of a stored run, from what is stored.
pub(super) fn report(args: &ReportArgs) -> Outcome {
    let store = Store::open(&args.out.out, &args.run).or_usage()?;
    let result = store.result().or_usage()?;
    let history = store.history().ok().and_then(|text| History::read_torn(text).ok());
    let history = history.map(|(history, _)| history);
    output::write_page(&store, &result, history.as_ref()).or_infrastructure()?;
    output::say(&store.path(file::REPORT).display().to_string()).or_infrastructure()?;
    Ok(Exit::Pass)
}
