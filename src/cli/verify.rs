//! `netsplit verify`
use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use checkers::{Certificate, History, Verified};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::{
    OrExit, Outcome,
    check::choice::any_level,
    input::{self, KeysArg},
    output,
};
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  netsplit check history.jsonl --model register --certificate proof.json
  netsplit verify proof.json history.jsonl --model register";

/// Verify the proof of a verdict, without asking the checker that gave it
///
/// An order is walked through call by call; of answers that contradict each other every order is
/// tried. Exits with 0 where every key is proved to be right, with 1 where one is proved to be
/// wrong, with 2 where anything is left unproved, and with 64 where the proof is none.
#[derive(Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct VerifyArgs {
    /// What `netsplit check --certificate` wrote
    certificate: PathBuf,
    /// The history that it speaks of
    history: String,
    /// What the history was checked against
    #[arg(long, short = 'm')]
    model: String,
    /// The object's value at the start
    #[arg(long, value_name = "VALUE")]
    init: Option<String>,
    /// Where the keys of another tool's history are
    #[arg(long, value_enum, default_value = "auto")]
    keys: KeysArg,
    /// Leave out a last line that is torn
    #[arg(long)]
    allow_torn: bool,
}

/// A certificate as a file, with what it speaks of.
#[derive(Serialize, Deserialize)]
pub(super) struct Certified {
    schema_version: String,
    model: String,
    init: Option<String>,
    keys: Certificate,
}

impl Certified {
    pub(super) fn new(model: &str, init: Option<&str>, keys: Certificate) -> Certified {
        let (model, init) = (model.to_owned(), init.map(str::to_owned));
        Certified { schema_version: "1.0.0".to_owned(), model, init, keys }
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string(self)?;
        fs::write(path, text + "\n").with_context(|| format!("failed to write {}", path.display()))
    }

    fn read(path: &Path) -> Result<Certified> {
        let name = || path.display().to_string();
        let text = fs::read(path).with_context(|| format!("failed to read {}", name()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no certificate", name()))
    }
}

/// Verifies a certificate.
pub(super) fn verify(args: &VerifyArgs) -> Outcome {
    let (history, verified) = verified(args).or_usage()?;
    output::say(&summary(&history, &verified)).or_infrastructure()?;
    Ok(match &verified {
        Verified { invalid, .. } if !invalid.is_empty() => Exit::Violation,
        Verified { unproved, .. } if !unproved.is_empty() => Exit::Inconclusive,
        Verified { .. } => Exit::Pass,
    })
}

fn verified(args: &VerifyArgs) -> Result<(History, Verified)> {
    let certified = Certified::read(&args.certificate)?;
    if (&certified.model, &certified.init) != (&args.model, &args.init) {
        let init = certified.init.map_or_else(String::new, |init| format!(" --init {init}"));
        bail!("the certificate speaks of --model {}{init}", certified.model);
    }
    let checker = any_level(Some(&args.model), args.init.as_deref())?;
    let text = input::read(&args.history)?;
    let (history, _) = input::parse(&args.history, text, args.keys.into(), args.allow_torn)?;
    let verified = checker.verify(&history, &certified.keys);
    let verified = verified.context("the certificate does not hold")?;
    Ok((history, verified))
}

fn summary(history: &History, verified: &Verified) -> String {
    let Verified { valid, invalid, unproved } = verified;
    let some = |keys: &[String]| match keys {
        [] => String::new(),
        [.., _] if keys.len() > 8 => format!(": {}, ..", keys[..8].join(", ")),
        _ => format!(": {}", keys.join(", ")),
    };
    let mut lines = vec![format!("VERIFIED  {} ops", history.len())];
    lines.push(format!("valid     {} keys, each by an order of its calls", valid.len()));
    let (wrong, open) = (some(invalid), some(unproved));
    lines.push(format!("invalid   {} keys, each by trying every order{wrong}", invalid.len()));
    lines.push(format!("unproved  {} keys{open}", unproved.len()));
    lines.join("\n")
}
