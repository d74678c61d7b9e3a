//! Processes that get a tenth of their time: stopped and let go on, ten times a second. The node
//! answers, late: what a starved machine, a noisy neighbour or a long collection of garbage does.
use std::{sync::Arc, time::Duration};

use anyhow::Result;
use async_trait::async_trait;
use nix::sys::signal::Signal;
use tokio::time::sleep;

use super::{
    Entry, Fault, Settings,
    recurring::{Deed, Recurring},
    signal::{Cure, all_are, await_state},
};
use crate::{
    cluster::{Cluster, DaemonState},
    ledger::Undo,
};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "stutter",
    about: "lets some nodes' processes run a tenth of the time (SIGSTOP, SIGCONT, ten a second)",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build,
};

fn build(_: &Settings) -> Box<dyn Fault> {
    let deed = |_| -> Box<dyn Deed> { Box::new(Stutter) };
    Box::new(Recurring::new(ENTRY.name, Cure::Continue, Undo::Resume, deed))
}

const STOPPED: Duration = Duration::from_millis(90);
const RUNNING: Duration = Duration::from_millis(10);

struct Stutter;

#[async_trait]
impl Deed for Stutter {
    async fn once(&mut self, cluster: &Cluster, nodes: &[Arc<str>]) -> Result<bool> {
        signal(cluster, nodes, Signal::SIGSTOP).await?;
        let seen = await_state(cluster, nodes, DaemonState::Paused).await?;
        sleep(STOPPED).await;
        signal(cluster, nodes, Signal::SIGCONT).await?;
        sleep(RUNNING).await;
        Ok(all_are(&seen, DaemonState::Paused))
    }
}

async fn signal(cluster: &Cluster, nodes: &[Arc<str>], signal: Signal) -> Result<()> {
    for name in nodes {
        cluster.daemons.signal(cluster.node(name)?, signal).await?;
    }
    Ok(())
}
