//! The nemesis: the process that hurts the cluster, and can prove it.
//!
//! A [`Fault`] is one way to hurt. The generator draws which fault strikes and at what target
//! word; the fault resolves the word when it strikes, proves that it took effect, and its
//! completion in the history says who was hurt. Before anything is done it stands in the ledger,
//! so that it can always be undone.
mod clock;
mod corrupt_file;
mod cut;
mod disk_full;
mod disk_rule;
mod flapping;
pub mod grudge;
mod isolate;
mod kill;
mod links;
mod open_files;
mod partition;
mod pause;
mod power_failure;
mod recurring;
mod replay;
mod restart;
mod schedule;
mod shrink;
mod signal;
mod spoil;
mod starve;
mod stutter;
mod target;
mod victims;
mod wipe;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use checkers::{Kind, Op};
use rand_chacha::ChaCha8Rng;
use regex::Regex;
use serde_json::{Value, json};
use workloads::generator::{Completion, stream};

use crate::{
    cluster::Cluster,
    ledger::{Ledger, Undo},
};

pub(crate) use clock::restore as restore_clocks;
pub(crate) use disk_full::{half_of_memory, own_file_system};
pub use grudge::Topology;
pub(crate) use open_files::set as limit_open_files;
pub use replay::{Planned, plan, replay};
pub use schedule::{HEAL, strike_and_heal};
pub use spoil::{SpoilArgs, main as spoil};
pub(crate) use starve::feed;

/// One way to hurt a cluster.
#[async_trait]
pub trait Fault: Send + Sync {
    /// Its name, as `--faults` takes it and as `f` in the history.
    fn name(&self) -> &'static str;

    /// Whether it can work here.
    ///
    /// # Errors
    /// The reason why it cannot.
    async fn available(&self, _cluster: &Cluster) -> Result<()> {
        Ok(())
    }

    /// The words its generator draws targets from; where it says nothing else, those for nodes.
    fn targets(&self, cluster: &Cluster) -> Vec<String> {
        target::words(cluster)
    }

    /// Words that are drawn only where they are asked for.
    fn more_targets(&self) -> Vec<String> {
        Vec::new()
    }

    /// Chooses whom to hurt.
    ///
    /// # Errors
    /// When the word means nothing here.
    async fn aim(
        &mut self,
        cluster: &Cluster,
        target: &str,
        rng: &mut ChaCha8Rng,
    ) -> Result<Injury>;

    /// Hurts, and looks whether it did.
    ///
    /// # Errors
    /// When it could not be done; it may be half done.
    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof>;

    /// Looks whether it still hurts, undoes it, and looks whether that worked. Idempotent; leaves
    /// alone what is well.
    ///
    /// # Errors
    /// When it could not be undone.
    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof>;
}

/// Who is to be hurt.
#[derive(Clone, Debug)]
pub struct Injury {
    /// As the history shows it: nodes, or who drops whose packets.
    pub hurt: Value,
    /// The nodes that will suffer.
    pub nodes: Vec<Arc<str>>,
    /// How to undo it without us.
    pub undo: Undo,
}

/// What a look at the cluster showed.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Whether everything is as it should be: hurt after injecting, well after healing.
    pub holds: bool,
    /// What was seen.
    pub seen: Value,
}

/// A fault by name.
pub struct Entry {
    /// As `--faults` takes it.
    pub name: &'static str,
    /// One line for `netsplit list`.
    pub about: &'static str,
    /// Whether it needs links that are ours.
    pub needs_switch: bool,
    /// Whether it needs disks that are ours.
    pub needs_disk: bool,
    /// Whether it is among `all`; what few systems promise to bear is asked for by name.
    pub in_all: bool,
    /// Builds it.
    pub build: fn(&Settings) -> Box<dyn Fault>,
}

/// What faults may be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The topologies that partitions are drawn from; empty for all that fit.
    pub topologies: Vec<Topology>,
    /// The files to hurt, by their paths in a node's data.
    pub files: Regex,
    /// The port to cut, where the system's own is not meant.
    pub port: Option<u16>,
    /// The seed of the run.
    pub seed: u64,
}

/// The faults there are.
pub const ALL: &[Entry] = &[
    partition::ENTRY,
    partition::REJECT,
    partition::PORT,
    isolate::ENTRY,
    isolate::CLIENTS,
    flapping::ENTRY,
    kill::ENTRY,
    restart::ROLLING,
    restart::STORM,
    pause::ENTRY,
    stutter::ENTRY,
    starve::ENTRY,
    shrink::ENTRY,
    open_files::ENTRY,
    disk_full::ENTRY,
    clock::BUMP,
    clock::DRIFT,
    clock::STROBE,
    power_failure::ENTRY,
    power_failure::TORN,
    disk_rule::ERROR,
    disk_rule::SLOW,
    disk_rule::SHORT,
    disk_rule::GARBLED,
    disk_rule::LYING,
    links::DELAY,
    links::LOSS,
    links::DUPLICATE,
    links::REORDER,
    links::CORRUPT,
    links::GARBLE,
    links::NARROW,
    corrupt_file::FLIP,
    corrupt_file::TRUNCATE,
    corrupt_file::COPY,
    corrupt_file::REWIND,
    wipe::ENTRY,
];

/// How long one injection or healing may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// The process `nemesis`: carries out its ops.
pub struct Nemesis {
    cluster: Arc<Cluster>,
    ledger: Ledger,
    faults: Vec<Active>,
    rng: ChaCha8Rng,
}

struct Active {
    fault: Box<dyn Fault>,
    injury: Option<(Injury, u64)>, // With its number in the ledger.
}

impl Nemesis {
    /// A nemesis with these faults at its disposal.
    pub fn new(
        cluster: Arc<Cluster>,
        ledger: Ledger,
        faults: Vec<Box<dyn Fault>>,
        seed: u64,
    ) -> Nemesis {
        let faults = faults.into_iter().map(|fault| Active { fault, injury: None }).collect();
        Nemesis { cluster, ledger, faults, rng: stream(seed, "nemesis") }
    }

    /// Carries out one op. An error makes it `info`: the cluster may be half hurt.
    pub async fn invoke(&mut self, op: &Op) -> Completion {
        let work = tokio::time::timeout(DEADLINE, self.carry_out(op)).await;
        let done = work.unwrap_or_else(|_| Err(anyhow::anyhow!("not done within {DEADLINE:?}")));
        match done {
            Ok(value) => Completion { kind: Kind::Ok, value, error: None },
            Err(e) => {
                let value = op.value.clone();
                Completion { kind: Kind::Info, value, error: Some(format!("{e:#}").into()) }
            }
        }
    }

    async fn carry_out(&mut self, op: &Op) -> Result<Value> {
        if &*op.f == HEAL {
            return self.heal(op.value["fault"].as_str()).await;
        }
        let active = self.faults.iter_mut().find(|a| a.fault.name() == &*op.f);
        let active = active.with_context(|| format!("no fault is called {}", op.f))?;
        let target = op.value["target"].as_str().unwrap_or_default();
        let injury = active.fault.aim(&self.cluster, target, &mut self.rng).await?;
        let number = self.ledger.open(active.fault.name(), &self.cluster, &injury)?;
        active.injury = Some((injury.clone(), number));
        let proof = active.fault.inject(&self.cluster, &injury).await?;
        Ok(json!({
            "target": target,
            "hurt": injury.hurt,
            "nodes": injury.nodes,
            "effective": proof.holds,
            "evidence": proof.seen,
        }))
    }

    /// Heals one fault, or all of them.
    async fn heal(&mut self, only: Option<&str>) -> Result<Value> {
        let mut healed = true;
        let mut evidence = serde_json::Map::new();
        let is_meant = |active: &&mut Active| only.is_none_or(|name| name == active.fault.name());
        let mut faults: Vec<&mut Active> = self.faults.iter_mut().filter(is_meant).collect();
        // Who heals to be safe may undo what another did, which is to be looked at before.
        faults.sort_by_key(|active| active.injury.is_none());
        for active in faults {
            let name = active.fault.name();
            let injury = active.injury.as_ref().map(|(injury, _)| injury);
            let proof = active.fault.heal(&self.cluster, injury).await;
            let proof = proof.with_context(|| format!("failed to heal {name}"))?;
            healed &= proof.holds;
            evidence.insert(name.to_owned(), proof.seen);
            if proof.holds
                && let Some((_, number)) = active.injury.take()
            {
                self.ledger.close(number)?;
            }
        }
        Ok(json!({ "fault": only, "healed": healed, "evidence": evidence }))
    }
}

/// The words that a fault's targets are drawn from: of those it knows, the ones that were asked
/// for, where it knows any of them.
pub fn words(fault: &dyn Fault, cluster: &Cluster, asked: &[String]) -> Vec<String> {
    let usual = fault.targets(cluster);
    let known: Vec<String> = usual.iter().cloned().chain(fault.more_targets()).collect();
    let asked: Vec<String> = asked.iter().filter(|word| known.contains(word)).cloned().collect();
    if asked.is_empty() { usual } else { asked }
}

/// Whether this op heals whatever there is.
pub fn heals_all(op: &Op) -> bool {
    &*op.f == HEAL && op.value["fault"].is_null()
}

/// The fault of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}
