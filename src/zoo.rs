//! Reference systems that ship inside the binary: a right one to acquit, wrong ones to convict.
//!
//! `netsplit zoo NAME ...` runs one node of such a system. Its bugs are off unless `--bug` names
//! one. All of them keep a [`log`] that survives `kill -9` and power failures and talk by [`wire`].
pub mod answer;
pub mod lease;
mod log;
pub mod quorum;
mod weather;
pub mod wire;

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Result, bail, ensure};

/// The longest that `--delay-ms` can hold a message: with its answer held as long, a phase of a
/// quorum call still ends before its deadline.
pub const DELAY_MS_MAX: u64 = 200;

/// What one node of a reference system is told.
#[derive(Clone, Debug, clap::Args)]
pub struct ZooArgs {
    /// The reference system: `quorum` or `lease`.
    pub system: String,
    /// Which of the peers this node is, from 0.
    #[arg(long)]
    pub id: usize,
    /// The addresses of all nodes, this one included, in order.
    #[arg(long, value_delimiter = ',', required = true)]
    pub peers: Vec<SocketAddr>,
    /// Where to listen.
    #[arg(long)]
    pub listen: SocketAddr,
    /// Where to keep what must survive.
    #[arg(long)]
    pub dir: PathBuf,
    /// The bug to switch on.
    #[arg(long)]
    pub bug: Option<String>,
    /// Hold half of the messages between nodes, for random times of up to so many milliseconds.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=DELAY_MS_MAX))]
    pub delay_ms: u64,
}

/// Runs one node until it is killed.
///
/// # Errors
/// An unknown system or bug, an address that is taken, a log that cannot be read.
pub async fn main(args: ZooArgs) -> Result<()> {
    let (id, nodes) = (args.id, args.peers.len());
    ensure!(id < nodes, "--id {id} is none of the {nodes} peers; they are numbered from 0");
    match args.system.as_str() {
        "quorum" => quorum::main(args).await,
        "lease" => lease::main(args).await,
        other => bail!("the zoo has no {other:?}; it has: quorum, lease"),
    }
}
