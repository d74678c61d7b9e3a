//! What faults have in common that hurt again and again until they are healed.
use std::sync::Arc;

use anyhow::{Context, Result};
use async_trait::async_trait;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use super::{
    Fault, Injury, Proof,
    signal::{Cure, all_are, states},
    target,
};
use crate::{
    cluster::{Cluster, DaemonState},
    ledger::Undo,
};

/// What is done again and again.
#[async_trait]
pub(super) trait Deed: Send + 'static {
    /// Does it once to one of these nodes, or all of them, and returns whether it was seen to hurt.
    ///
    /// # Errors
    /// When it could not be done.
    async fn once(&mut self, cluster: &Cluster, nodes: &[Arc<str>]) -> Result<bool>;
}

/// A fault that does a deed over and over.
pub(super) struct Recurring {
    pub(super) name: &'static str,
    pub(super) cure: Cure,
    pub(super) undo: Undo,
    /// The deed, with chance of its own.
    pub(super) deed: fn(ChaCha8Rng) -> Box<dyn Deed>,
    chance: Option<ChaCha8Rng>,
    running: Option<Running>,
}

impl Recurring {
    pub(super) fn new(
        name: &'static str,
        cure: Cure,
        undo: Undo,
        deed: fn(ChaCha8Rng) -> Box<dyn Deed>,
    ) -> Recurring {
        Recurring { name, cure, undo, deed, chance: None, running: None }
    }
}

/// A deed under way.
pub(super) struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<Tally>,
}

/// What became of it.
#[derive(Default)]
pub(super) struct Tally {
    times: u64,
    seen: u64,
    error: Option<String>,
}

impl Tally {
    /// As evidence shows it: how often it was done, and seen to hurt, and whether that was always.
    pub(super) fn seen(&self) -> Value {
        let Tally { times, seen, error } = self;
        let lasted = error.is_none() && seen == times;
        json!({ "times": times, "seen": seen, "failed": error, "lasted": lasted })
    }
}

impl Running {
    /// Starts, and says when the first time is over, and whether it was seen to hurt.
    pub(super) fn start(
        mut deed: Box<dyn Deed>,
        cluster: Arc<Cluster>,
        nodes: Vec<Arc<str>>,
    ) -> (Running, oneshot::Receiver<bool>) {
        let (stop, stopped) = watch::channel(false);
        let (first, is_first) = oneshot::channel();
        let mut first = Some(first);
        let task = tokio::spawn(async move {
            let mut tally = Tally::default();
            while !*stopped.borrow() {
                let seen = deed.once(&cluster, &nodes).await;
                tally.times += 1;
                tally.seen += u64::from(matches!(seen, Ok(true)));
                if let Some(first) = first.take() {
                    // Whoever injects may have given up.
                    let _ = first.send(matches!(seen, Ok(true)));
                }
                if let Err(e) = seen {
                    tally.error = Some(format!("{e:#}"));
                    break;
                }
            }
            tally
        });
        (Running { stop, task }, is_first)
    }

    /// Ends it after the time that is under way.
    pub(super) async fn stop(mut self) -> Result<Tally> {
        let _ = self.stop.send(true); // It may have ended by itself.
        (&mut self.task).await.context("the deed panicked")
    }
}

impl Drop for Running {
    /// Of a run that was cut off, nothing goes on.
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Fault for Recurring {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = target::resolve(cluster, word, rng).await?;
        self.chance = Some(ChaCha8Rng::from_rng(rng));
        Ok(Injury { hurt: json!(nodes), nodes, undo: self.undo.clone() })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        let before = states(cluster, &injury.nodes).await?;
        let chance = self.chance.take().context("nobody was aimed at")?;
        let (running, first) =
            Running::start((self.deed)(chance), cluster.clone(), injury.nodes.clone());
        self.running = Some(running);
        let seen = first.await.context("the deed panicked")?;
        let holds = seen && all_are(&before, DaemonState::Running);
        Ok(Proof { holds, seen: json!({ "before": before, "first_seen": seen }) })
    }

    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let tally = match self.running.take() {
            Some(running) => running.stop().await?,
            None => Tally::default(),
        };
        let nodes = injury.map(|injury| injury.nodes.clone()).unwrap_or_default();
        let (after, holds) = self.cure.bring_back(cluster, &nodes).await?;
        let mut seen = tally.seen();
        seen["after"] = after.into();
        Ok(Proof { holds, seen })
    }
}
