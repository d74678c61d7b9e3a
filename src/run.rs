//! One run: deploy, operate, heal, read once more, stop.
//!
//! What is decided is decided by the [`Scheduler`]; [`drive`] keeps time, writes the [`journal`]
//! and hands ops to those who do them: the nemesis, and the clients, which [`carrier`]s poll.
mod carrier;
mod drive;
mod gauge;
mod journal;
mod online;
mod progress;
mod worker;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use checkers::Nanos;
use serde_json::Value;
use tokio::{sync::watch, task::block_in_place, time::timeout};
use workloads::{
    Generator, Workload,
    generator::{Context, GeneratorExt, Scheduler, any, invoke, phases},
};

use crate::{
    capture,
    cluster::{Clocks, Cluster, DaemonState, Daemons, Node},
    findings::down::Down,
    ledger::{self, Ledger, Undo},
    nemesis::{self, Fault, HEAL, Nemesis},
    net::iptables,
    remote::marks,
    result::Harness,
    route::{Policy, Route},
    store::{Store, file},
    test::Test,
    testbed::Found,
};
use drive::Drive;
use online::Online;
use worker::{Way, Worker};

pub use journal::Journal;
pub use progress::{Progress, Show};

/// How long a run may last beyond what its phases may: then something in netsplit hangs.
const SLACK: Duration = Duration::from_secs(180);

/// How a run went, apart from what is in its history.
pub struct Ran {
    /// Wall time of each phase, in milliseconds.
    pub phases_ms: BTreeMap<String, u64>,
    /// The system's version, as it tells it.
    pub version: Option<String>,
    /// Whether, and by which signal, the user stopped it.
    pub interrupted: Option<Interrupt>,
    /// What the harness did to the ops.
    pub harness: Option<Harness>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// Names of the faults that the test asked for where they can work, and they cannot.
    pub left_out: Vec<&'static str>,
    /// Nodes that were down at the end though nothing was done to them; none where nobody could
    /// tell.
    pub down: Option<Vec<Down>>,
}

/// A wish of the user's to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// Ctrl-C.
    Int,
    /// `SIGTERM`.
    Term,
}

/// Runs a test and leaves its history in the store. The cluster is stopped and mended when this
/// returns, well or not.
///
/// # Errors
/// When the nodes, or the system on them, could not be set up: nothing was learnt about it.
pub async fn run(
    test: &Test,
    store: &Store,
    progress: &mut Progress,
    interrupts: watch::Receiver<Option<Interrupt>>,
) -> Result<Ran> {
    let mut clock = Phases::new();
    progress.phase("setup");
    let ledger = Ledger::create(&store.directory)?;
    let home = test.testbed.home(&test.id);
    let needs = test.requirements()?;
    let found = test.testbed.up(&store.path(file::NODES), &home, test.seed, &needs).await?;
    // Noted first, done then: neither file nor rule nor process without an entry.
    let undo = Undo::RemoveDirectory { home: home.clone() };
    let directory = ledger.note("directory", &found.nodes, undo)?;
    let rules = ledger.note("iptables chain", &found.nodes, Undo::DropRules)?;
    let daemons = ledger.note("daemons", &found.nodes, Undo::Kill)?;
    let cluster = Arc::new(set_up(test, found).await?);
    let home = test.testbed.outlives().then_some(&*home);
    let outcome =
        deploy_and_operate(test, store, &cluster, &ledger, progress, &mut clock, interrupts);
    let outcome = outcome.await;
    clock.next("teardown");
    progress.phase("teardown");
    let torn_down = tear_down(&cluster, home).await;
    progress.finish();
    // Also of a run that came to nothing: whoever heals later finds nothing of it to undo.
    let close = |()| [daemons, rules, directory].into_iter().try_for_each(|n| ledger.close(n));
    let torn_down = torn_down.and_then(close);
    let left = torn_down.err().map(|e| format!("teardown failed, type `netsplit heal`: {e:#}"));
    let outcome = match &left {
        Some(left) => outcome.with_context(|| format!("{left}; before that")),
        None => outcome,
    };
    let Operated { interrupted, mut warnings, left_out, harness, down } = outcome?;
    warnings.extend(left);
    let version = cluster.system.version(&cluster.nodes[0]).await;
    let phases_ms = clock.end();
    Ok(Ran { phases_ms, version, interrupted, warnings, left_out, harness, down })
}

async fn set_up(test: &Test, found: Found) -> Result<Cluster> {
    let system = test.system()?;
    let net = found.make_ready(&test.id).await.context("`netsplit heal` undoes what was done")?;
    let Found { nodes, switch, .. } = found;
    let weather = test.weather()?;
    if let Some(switch) = &switch {
        switch.set(&nodes.iter().map(|node| node.name.clone()).collect(), weather);
    }
    let (run, daemons, clocks) = (test.id.clone(), Daemons::default(), Clocks::default());
    Ok(Cluster { run, nodes, system, net, switch, weather, daemons, clocks })
}

/// How the main phase and the final reads went.
struct Operated {
    interrupted: Option<Interrupt>,
    warnings: Vec<String>,
    left_out: Vec<&'static str>,
    harness: Option<Harness>,
    down: Option<Vec<Down>>,
}

async fn deploy_and_operate(
    test: &Test,
    store: &Store,
    cluster: &Arc<Cluster>,
    ledger: &Ledger,
    progress: &mut Progress,
    clock: &mut Phases,
    mut interrupts: watch::Receiver<Option<Interrupt>>,
) -> Result<Operated> {
    let (faults, impossible) = possible_faults(test, cluster).await?;
    let left_out = impossible.iter().map(|(name, _)| *name).collect();
    let why =
        |(name, why): &(&str, anyhow::Error)| format!("the fault {name} is left out: {why:#}");
    let mut warnings: Vec<String> = impossible.iter().map(why).collect();
    let targets = faults.iter();
    let targets = targets.map(|f| (f.name(), nemesis::words(&**f, cluster, &test.targets)));
    let targets: Vec<(&str, Vec<String>)> = targets.collect();
    let is_aimed = |(_, words): &(_, Vec<String>)| words.iter().any(|w| test.targets.contains(w));
    if !test.targets.is_empty() && !targets.iter().any(is_aimed) {
        bail!("--fault-target {}: no fault here can aim at that", test.targets.join(","));
    }
    if let Some(filter) = &test.tcpdump {
        capture::begin(cluster, filter).await.context("--tcpdump")?;
    }
    tokio::select! {
        deployed = deploy(cluster, Duration::from_millis(test.setup_timeout_ms)) => deployed?,
        _ = interrupts.wait_for(Option::is_some) => bail!("interrupted while deploying"),
    }
    let workload = (test.workload_entry()?.build)(&test.params);
    let workers = open_workers(test, cluster, &workload).await;
    clock.next("operate");
    progress.phase("operate");
    let context = Context::new(test.params.concurrency, cluster.names(), test.seed);
    let scheduler = Scheduler::new(plan(test, workload, targets), context);
    let nemesis = Nemesis::new(cluster.clone(), ledger.clone(), faults, test.seed);
    let journal = Journal::create(&store.path(file::HISTORY))?;
    // As fast as possible leaves no time for judging meanwhile.
    let is_followed = test.fail_fast || test.rate.is_some();
    let follow = || Online::follow(test, &store.path(file::HISTORY));
    let online = if is_followed { follow()? } else { None };
    let route = route(test, cluster);
    let mut drive =
        Drive::start(scheduler, journal, workers, nemesis, online, test.fail_fast, route);
    let budget = Duration::from_millis(test.time_limit_ms + test.final_time_limit_ms) + SLACK;
    if !block_in_place(|| drive.run(progress, &interrupts, budget))? {
        warnings.push(format!("the run was cut off: it hung for {SLACK:?}"));
    }
    let interrupted = *interrupts.borrow();
    let (harness, found) = drive.close()?;
    if let Some(found) = found.filter(|_| test.fail_fast) {
        let seconds = found as f64 / 1e9;
        warnings.push(format!("ended at the first violation, found {seconds:.1} s into the run"));
    }
    let (harness, down) = (Some(harness), found_down(cluster).await);
    Ok(Operated { interrupted, warnings, left_out, harness, down })
}

/// How ops are routed. Who leads is asked for now and then, as long as somebody wants to know.
fn route(test: &Test, cluster: &Arc<Cluster>) -> Route {
    const ASK_EVERY: Duration = Duration::from_millis(500);
    let is_followed = test.route == Policy::Leader;
    let leaders = is_followed.then(|| {
        let (sender, leaders) = watch::channel(Vec::new());
        let cluster = cluster.clone();
        tokio::spawn(async move {
            while !sender.is_closed() {
                let ask = cluster.system.primaries(&cluster.nodes);
                // Nobody answered in time: nobody is known to lead.
                sender.send_replace(timeout(ASK_EVERY, ask).await.unwrap_or_default());
                tokio::time::sleep(ASK_EVERY).await;
            }
        });
        leaders
    });
    let threads = test.params.concurrency as usize;
    Route::new(test.route, cluster.names(), threads, leaders, test.seed)
}

/// Faults, and why others are left out.
type Possible = (Vec<Box<dyn Fault>>, Vec<(&'static str, anyhow::Error)>);

/// The faults that can work here.
async fn possible_faults(test: &Test, cluster: &Cluster) -> Result<Possible> {
    let (mut possible, mut left_out) = (Vec::new(), Vec::new());
    for fault in test.faults()? {
        let name = fault.name();
        match fault.available(cluster).await {
            Ok(()) => possible.push(fault),
            Err(e) if test.faults_as_possible => left_out.push((name, e)),
            Err(e) => return Err(e.context(format!("the fault {name} cannot work here"))),
        }
    }
    Ok((possible, left_out))
}

/// Starts the system on every node and waits until all serve.
async fn deploy(cluster: &Cluster, limit: Duration) -> Result<()> {
    for node in &cluster.nodes {
        cluster.start(node).await?;
    }
    for node in &cluster.nodes {
        let ready = timeout(limit, cluster.system.await_ready(node)).await;
        let ready = ready.unwrap_or_else(|_| bail!("it did not serve within {limit:?}"));
        let name = cluster.system.name();
        ready.with_context(|| {
            format!(
                "failed to start {name} on {}; its log is in {}",
                node.name,
                node.logs.display()
            )
        })?;
    }
    Ok(())
}

/// Everything that is asked: the main phase under faults, healing, the final reads.
fn plan(
    test: &Test,
    workload: Workload,
    targets: Vec<(&'static str, Vec<String>)>,
) -> impl Generator + 'static {
    let ns = |ms: u64| ms * 1_000_000;
    let calls = match test.rate {
        Some(rate) => workload.generator.open_loop(test.arrivals, (1e9 / rate) as Nanos).boxed(),
        None => workload.generator,
    };
    let (interval, end) = (ns(test.fault_interval_ms), ns(test.time_limit_ms));
    let strikes = match &test.schedule[..] {
        [] => nemesis::strike_and_heal(targets, interval, end, test.seed).nemesis().boxed(),
        planned => nemesis::replay(planned).nemesis().boxed(),
    };
    let heal = |_: &mut Context| Some(invoke(HEAL, serde_json::json!({ "fault": Value::Null })));
    phases(vec![
        any(vec![strikes, calls]).time_limit(ns(test.time_limit_ms)).boxed(),
        heal.nemesis().limit(1).boxed(),
        workload.final_generator.time_limit(ns(test.final_time_limit_ms)).boxed(),
    ])
}

/// Opens every client before time zero, so that no op pays for a connection.
async fn open_workers(test: &Test, cluster: &Cluster, workload: &Workload) -> Vec<Worker> {
    let way = Arc::new(Way {
        system: cluster.system.clone(),
        nodes: cluster.nodes.clone(),
        workload: test.workload.clone(),
        params: test.params.clone(),
        reads: workload.reads,
        op_timeout: test.op_timeout(),
    });
    let threads = 0..test.params.concurrency as usize;
    let connect = |thread| Worker::connected(way.clone(), thread % cluster.nodes.len());
    futures_util::future::join_all(threads.map(connect)).await
}

/// How long a node may take at the end until it serves.
const SERVES: Duration = Duration::from_secs(30);

/// The nodes that have died by themselves after everything was healed, or live and do not serve;
/// none where nobody can tell.
async fn found_down(cluster: &Cluster) -> Option<Vec<Down>> {
    if cluster.system.is_imagined() {
        return None;
    }
    let mut dead = Vec::new();
    let mut running = Vec::new();
    for node in &cluster.nodes {
        if cluster.daemons.has_died(node).await.ok()? {
            dead.push(node);
        } else if cluster.daemons.state(node).await.ok()? == DaemonState::Running {
            running.push(node);
        }
    }
    // Whom something still hurts, or those without whom it cannot serve, is not asked.
    let are_all_known = dead.len() + running.len() == cluster.nodes.len();
    let is_asked = are_all_known && cluster.net.probe().await.ok()?.is_whole();
    let asked = running.into_iter().filter(|_| is_asked).map(async |node| {
        let serves = timeout(SERVES, cluster.system.await_ready(node)).await;
        (!matches!(serves, Ok(Ok(())))).then_some(node)
    });
    let silent = futures_util::future::join_all(asked).await.into_iter().flatten();
    let down =
        |lives| move |node: &Node| Down { node: node.name.to_string(), lives, ..Down::default() };
    Some(dead.into_iter().map(down(false)).chain(silent.map(down(true))).collect())
}

/// Stops the system and mends the net; nodes that outlive the run are left as they were found.
async fn tear_down(cluster: &Cluster, home: Option<&Path>) -> Result<()> {
    // Whatever fails, the rest is done.
    let mut done = vec![cluster.stop().await, cluster.net.heal().await];
    if let Some(home) = home {
        let restored = cluster.nodes.iter().map(async |node| {
            let restored = restore(&cluster.run, node, home).await;
            restored.with_context(|| format!("failed to restore {}", node.name))
        });
        done.extend(futures_util::future::join_all(restored).await);
    }
    done.into_iter().collect()
}

async fn restore(run: &str, node: &Node, home: &Path) -> Result<()> {
    let remote = &*node.remote;
    marks::end(remote, run, &node.name).await?;
    let collected = remote.collect_logs().await;
    iptables::remove(remote).await?;
    ledger::remove_directory(remote, home, &node.name).await?;
    collected.context("its logs are lost")
}

/// Measures phases.
struct Phases {
    name: String,
    since: Instant,
    done: BTreeMap<String, u64>,
}

impl Phases {
    fn new() -> Phases {
        Phases { name: "setup".into(), since: Instant::now(), done: BTreeMap::new() }
    }

    fn next(&mut self, name: &str) {
        let ended = std::mem::replace(&mut self.name, name.into());
        self.done.insert(ended, self.since.elapsed().as_millis() as u64);
        self.since = Instant::now();
    }

    fn end(mut self) -> BTreeMap<String, u64> {
        self.next("");
        self.done
    }
}
