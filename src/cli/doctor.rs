//! `netsplit doctor`
use clap::Args;

use super::{OrExit, Outcome, output};
use crate::{doctor, exit::Exit};

/// What works here, what does not, why, and what to type
#[derive(Args)]
pub(super) struct DoctorArgs {
    /// Install missing Debian packages (apt-get, as root or through sudo)
    #[arg(long)]
    install_missing: bool,
}

/// Looks around. Fails where the default run could not work.
pub(super) fn doctor(args: &DoctorArgs) -> Outcome {
    if args.install_missing {
        let missing = doctor::missing(&doctor::all_needs());
        if !missing.is_empty() {
            doctor::install(&missing).or_infrastructure()?;
        }
    }
    let findings = doctor::examine();
    let mut is_fit = true;
    for finding in &findings {
        let mark = if finding.is_well { "ok  " } else { "MISS" };
        let mut line = format!("{mark} {}: {}", finding.what, finding.seen);
        if !finding.is_well {
            line += &format!("\n       {}", finding.fix);
        }
        output::say(&line).or_infrastructure()?;
        is_fit &= finding.is_well || !finding.is_vital;
    }
    Ok(if is_fit { Exit::Pass } else { Exit::Infrastructure })
}
