//! `netsplit run`
mod faults;
mod nodes;
mod shape;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rand::RngExt;
use tokio::sync::watch;
use workloads::{Params, generator::Arrivals};

use faults::FaultArgs;
use shape::ShapeArgs;

use super::{
    Format, OrExit, Out, Outcome, Stop,
    judge::{self, Judged},
    output, parse,
};
use crate::{
    doctor,
    exit::Exit,
    findings::{self, Circumstances},
    result::{Reason, RunResult, RunVerdict, SystemInfo, VerdictValue},
    route::Policy,
    run::{Interrupt, Progress, Ran, Show},
    store::{Store, file},
    system::Recipe,
    test::{self, Test},
    testbed::{Testbed, lab},
};

const EXAMPLES: &str = "\
Examples:
  netsplit run                                     quorum, register; partition, kill and pause
  netsplit run --bug no-write-back                 a bug, with the recipe that shows it
  netsplit run --system etcd --option serializable=true
  netsplit run --faults partition --partition majorities-ring --time-limit 2m
  netsplit run --workload set --faults kill --seed 7
  netsplit run --faults all --weather wan
  netsplit run --nodes ssh:root@10.0.0.1,ssh:root@10.0.0.2,ssh:root@10.0.0.3";

/// Deploy a system, drive it, hurt it, judge it
#[derive(Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct RunArgs {
    /// The system under test (`netsplit list systems`)
    #[arg(long, short = 's', default_value = "quorum", help_heading = "What")]
    system: String,
    /// A bug to switch on; brings its own recipe
    #[arg(long, help_heading = "What")]
    bug: Option<String>,
    /// An option of the system; may be repeated
    #[arg(long = "option", short = 'o', value_name = "NAME=VALUE", value_parser = parse::option, help_heading = "What")]
    options: Vec<(String, serde_json::Value)>,
    /// The workload [default: register]
    #[arg(long, short = 'w', help_heading = "What")]
    workload: Option<String>,
    /// Number of nodes in the lab
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=i64::from(lab::NODES_MAX)), help_heading = "Where")]
    node_count: u32,
    /// Nodes that exist already, comma-separated: `ssh:USER@HOST` each (as root), `docker:CONTAINER`,
    /// or `netns:NAME`
    #[arg(long, value_delimiter = ',', conflicts_with = "node_count", help_heading = "Where")]
    nodes: Vec<String>,
    /// SSH's configuration, in place of your own and the system's
    #[arg(long, value_name = "FILE", requires = "nodes", help_heading = "Where")]
    ssh_config: Option<PathBuf>,
    /// Time for the nodes to serve after their first start
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse::duration, help_heading = "Where")]
    setup_timeout: Duration,
    #[command(flatten)]
    faults: FaultArgs,
    #[command(flatten)]
    shape: ShapeArgs,
    /// Length of the main phase [default: 40s, or as long as it takes for every fault to strike]
    #[arg(long, value_name = "TIME", value_parser = parse::duration, help_heading = "Load")]
    time_limit: Option<Duration>,
    /// Ops a second over all threads; `max` (or 0) for as fast as possible
    #[arg(long, short = 'r', default_value = "200", value_parser = parse::rate, help_heading = "Load")]
    rate: parse::Rate,
    /// The gaps between the times at which the ops of a rate are due: poisson or fixed
    #[arg(long, value_name = "GAPS", default_value = "poisson", value_parser = parse::arrivals, help_heading = "Load")]
    arrivals: Arrivals,
    /// Client threads: a number, or `2n` for two a node
    #[arg(long, short = 'c', default_value = "2n", help_heading = "Load")]
    concurrency: String,
    /// Calls on one key before a fresh one, or up to a tenth less, each key as chance has it [default:
    /// 200]
    #[arg(long, value_name = "N", help_heading = "Load")]
    ops_per_key: Option<u32>,
    /// One writer a key, the other threads read, each at a node of its own
    #[arg(long, help_heading = "Load")]
    roles: bool,
    /// Which node an op goes to: pinned, round-robin, random, sticky (until an error), leader, or
    /// roles (as --roles)
    #[arg(long, value_name = "POLICY", default_value = "pinned", value_parser = parse::route, help_heading = "Load")]
    route: Policy,
    /// Time after which an op's fate counts as unknown
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse::duration, help_heading = "Load")]
    op_timeout: Duration,
    /// Time for the reads after healing
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse::duration, help_heading = "Load")]
    final_time_limit: Duration,
    /// Every random choice follows from it [default: random, and printed]
    #[arg(long)]
    seed: Option<u64>,
    /// End the run, and heal, at the first violation that is found while it goes
    #[arg(long, help_heading = "Judging")]
    fail_fast: bool,
    /// A regular expression that no line of a node's log may match, such as `^panic:`; may be
    /// repeated
    #[arg(long, value_name = "REGEX", help_heading = "Judging")]
    fail_on_log: Vec<String>,
    /// Keep the packets that nodes send and get (`nodes/*/traffic.pcap`), those alone that this
    /// filter of tcpdump's lets through
    #[arg(long, value_name = "FILTER", num_args = 0..=1, default_missing_value = "", help_heading = "Judging")]
    tcpdump: Option<String>,
    /// Time for judging
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse::duration, help_heading = "Judging")]
    check_timeout: Duration,
    /// Memory for judging
    #[arg(long, value_name = "SIZE", default_value = "2G", value_parser = parse::bytes, help_heading = "Judging")]
    check_memory: u64,
    #[command(flatten)]
    out: Out,
    /// What standard output carries
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// What standard error shows meanwhile
    #[arg(long, value_enum, default_value = "auto")]
    progress: Show,
    /// Install missing Debian packages first (apt-get, as root or through sudo)
    #[arg(long)]
    install_missing: bool,
}

/// Runs a test.
pub(super) fn run(args: &RunArgs) -> Outcome {
    let test = resolve(args).or_usage()?;
    if !lab::is_inside() {
        prepare(args, &test).or_infrastructure()?;
    }
    // As the first thing that changes the process, before any thread starts.
    if matches!(test.testbed, Testbed::Lab { .. })
        && let Some(code) = lab::enter().or_infrastructure()?
    {
        // The controller inside has said everything.
        std::process::exit(i32::from(code));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.or_infrastructure()?.block_on(operate(args, test))
}

/// Checks what must be there, and installs it where that was asked for.
fn prepare(args: &RunArgs, test: &Test) -> Result<()> {
    let mut needs = match test.testbed {
        Testbed::Imagined { .. } => Vec::new(),
        Testbed::Ssh { .. } => doctor::SSH_NEEDS.to_vec(),
        Testbed::Docker { .. } => doctor::DOCKER_NEEDS.to_vec(),
        _ => doctor::NET_NEEDS.to_vec(),
    };
    if !matches!(test.testbed, Testbed::Ssh { .. } | Testbed::Docker { .. }) {
        needs.extend(test.requirements()?);
    }
    let missing = doctor::missing(&needs);
    if missing.is_empty() {
        return Ok(());
    }
    if args.install_missing {
        return doctor::install(&missing);
    }
    let programs: Vec<&str> = missing.iter().map(|m| m.program).collect();
    let packages: Vec<&str> = missing.iter().map(|m| m.package).collect();
    bail!(
        "{} is not installed here: type `netsplit run --install-missing ...` or `apt-get install \
         {}`",
        programs.join(", "),
        packages.join(" ")
    )
}

/// The test that the command line means.
fn resolve(args: &RunArgs) -> Result<Test> {
    let entry = test::find_system(&args.system)?;
    let bug = args.bug.as_deref().map(|name| test::find_bug(entry, name)).transpose()?;
    let recipe = bug.map_or(&Recipe::NONE, |bug| &bug.recipe);
    let workload = args.workload.as_deref().or(recipe.workload).unwrap_or("register");
    test::find_workload(workload)?;
    let mut system = SystemInfo { name: args.system.clone(), ..SystemInfo::default() };
    system.bug = bug.map(|bug| bug.name.to_owned());
    for (name, value) in recipe.options {
        system.options.insert((*name).to_owned(), parse::option(&format!("{name}={value}"))?.1);
    }
    system.options.extend(args.options.iter().cloned());
    let is_imagined = (entry.build)(bug, &system.options)?.is_imagined();
    let mut testbed = testbed(args, is_imagined)?;
    system.nodes = testbed.names();
    let node_count = system.nodes.len() as u32;
    let concurrency = parse::concurrency(&args.concurrency, node_count)?;
    let faults = args.faults.choose(recipe, &system.nodes, is_imagined)?;
    let time_limit = args.time_limit.unwrap_or_else(|| args.faults.time(&faults));
    match &mut testbed {
        Testbed::Lab { has_switch, has_disks, .. } => {
            *has_switch = args.faults.needs_switch(&faults)?;
            *has_disks = FaultArgs::needs_disks(&faults)?;
        }
        _ => ensure!(args.faults.weather.is_none(), "--weather: there is weather in the lab alone"),
    }
    let mut test = Test {
        id: String::new(),
        started_at: String::new(),
        argv: std::env::args().collect(),
        netsplit: env!("CARGO_PKG_VERSION").to_owned(),
        seed: 0,
        system,
        workload: workload.to_owned(),
        params: Params {
            concurrency,
            nodes: node_count,
            ops_per_key: args.ops_per_key.or(recipe.ops_per_key).unwrap_or(200).max(1),
            roles: args.roles || recipe.roles || args.route == Policy::Roles,
            ..Params::default()
        },
        rate: args.rate.0,
        arrivals: args.arrivals,
        fail_fast: args.fail_fast,
        route: args.route,
        setup_timeout_ms: args.setup_timeout.as_millis() as u64,
        time_limit_ms: time_limit.as_millis() as u64,
        op_timeout_ms: args.op_timeout.as_millis() as u64,
        final_time_limit_ms: args.final_time_limit.as_millis() as u64,
        weather: args.faults.weather.clone(),
        faults: faults.names,
        faults_as_possible: faults.as_possible,
        schedule: faults.schedule,
        fault_interval_ms: args.faults.fault_interval.as_millis() as u64,
        partitions: args.faults.partitions.clone(),
        fault_port: args.faults.port,
        targets: args.faults.targets(recipe),
        files: args.faults.files.clone(),
        testbed,
        fail_on_log: args.fail_on_log.clone(),
        tcpdump: args.tcpdump.clone(),
        check_timeout_ms: args.check_timeout.as_millis() as u64,
        check_memory: args.check_memory,
    };
    args.shape.tell(workload, &mut test.params)?;
    test.params.functions = functions(&test)?;
    refuse_impossible(&test)?;
    Ok(test)
}

/// What the system answers in the workload.
fn functions(test: &Test) -> Result<Vec<String>> {
    let (system, workload) = (&test.system.name, &test.workload);
    let functions = test.system()?.functions(workload);
    if functions.is_empty() {
        let others = crate::system::serving(workload).join(", ");
        bail!("{system} does not answer the workload {workload}; it is answered by {others}");
    }
    Ok(functions.iter().map(ToString::to_string).collect())
}

/// What was asked for must be possible with this system and workload.
fn refuse_impossible(test: &Test) -> Result<()> {
    test.faults()?;
    test.weather()?;
    findings::logs::patterns(&test.fail_on_log).context("--fail-on-log")?;
    let (system, workload) = (&test.system.name, &test.workload);
    let leads = test.route != Policy::Leader || test.system()?.has_primaries();
    ensure!(leads, "--route leader: {system} has no leader that can be asked for");
    let entry = test.workload_entry()?;
    let stays = matches!(test.route, Policy::Pinned | Policy::Roles);
    ensure!(stays || !entry.is_pinned, "--route: a process of {workload} stays with its node");
    let built = entry.build;
    let is_streamed = || built(&test.params).checker.stream().is_some();
    ensure!(!test.fail_fast || is_streamed(), "--fail-fast: {workload} is judged as a whole");
    Ok(())
}

fn testbed(args: &RunArgs, is_imagined: bool) -> Result<Testbed> {
    if is_imagined {
        ensure!(args.nodes.is_empty(), "--nodes: {} lives inside netsplit", args.system);
        ensure!(args.tcpdump.is_none(), "--tcpdump: {} sends no packets", args.system);
        return Ok(Testbed::Imagined { nodes: args.node_count });
    }
    if args.nodes.is_empty() {
        return Ok(Testbed::Lab { nodes: args.node_count, has_switch: false, has_disks: false });
    }
    nodes::parse(&args.nodes, args.ssh_config.as_deref())
}

/// Everything from here on happens where the nodes are.
async fn operate(args: &RunArgs, mut test: Test) -> Outcome {
    // The one place where chance does not follow from the seed: it makes the seed.
    let mut chance = rand::rng();
    test.seed = args.seed.unwrap_or_else(|| chance.random_range(0..=u64::from(u32::MAX)));
    let now = jiff::Timestamp::now();
    test.started_at = now.to_string();
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let suffix: u16 = chance.random();
    test.id = format!("{stamp}-{}-{}-{suffix:04x}", test.system.name, test.workload);
    let store = Store::create(&args.out.out, &test.id).or_infrastructure()?;
    store.write_json(file::TEST, &test).or_infrastructure()?;
    output::log_to(&store.path(file::LOG)).or_infrastructure()?;
    announce(&test, args.progress);
    let mut progress = Progress::new(args.progress);
    let interrupts = listen().or_infrastructure()?;
    let ran = crate::run::run(&test, &store, &mut progress, interrupts.clone()).await;
    progress.finish();
    let mut judged = match ran {
        Ok(ran) => {
            leave_out(&ran.left_out, &mut test, &store).or_infrastructure()?;
            judge(&store, &test, ran, args.progress)?
        }
        Err(e) => Judged::bare(failed(&test, &e, *interrupts.borrow())),
    };
    output::finish(&store, &mut judged).or_infrastructure()?;
    let result = judged.result;
    output::print(&result, &store, args.format).or_infrastructure()?;
    let exit = match (*interrupts.borrow(), result.verdict.value) {
        (Some(Interrupt::Term), VerdictValue::Unknown | VerdictValue::Error) => Exit::Terminated,
        _ => Exit::of(result.verdict.value, result.verdict.reason),
    };
    store.link_latest(exit).or_infrastructure()?;
    Ok(exit)
}

/// Faults that cannot work on these nodes are no part of the test: nobody misses them, now or when
/// the run is judged again.
fn leave_out(names: &[&str], test: &mut Test, store: &Store) -> Result<()> {
    test.faults.retain(|fault| !names.contains(&fault.as_str()));
    store.write_json(file::TEST, test)
}

fn announce(test: &Test, show: Show) {
    if show == Show::None {
        return;
    }
    let faults = if test.faults.is_empty() { "no faults".into() } else { test.faults.join(",") };
    let bug = test.system.bug.as_ref().map(|bug| format!(" with bug {bug}")).unwrap_or_default();
    let nodes = test.params.nodes;
    eprintln!(
        "{} x {faults}  {}{bug}  {nodes} nodes  seed {}  run {}",
        test.workload, test.system.name, test.seed, test.id
    );
}

fn judge(store: &Store, test: &Test, ran: Ran, show: Show) -> Result<Judged, Stop> {
    if show != Show::None {
        eprintln!("[judge]");
    }
    let started = std::time::Instant::now();
    let interrupted = ran.interrupted;
    let mut judged = match judge::judge(store, test, Circumstances::from(ran)) {
        Ok(judged) => judged,
        Err(e) if interrupted.is_some() => {
            let nothing = e.context("nothing was recorded");
            return Ok(Judged::bare(failed(test, &nothing, interrupted)));
        }
        Err(e) => return Err(e).context("netsplit wrote a bad history").or_bug(),
    };
    let took = started.elapsed().as_millis() as u64;
    judged.result.run.phases_ms.insert("judge".into(), took);
    Ok(judged)
}

/// The result of a run that never came to judge anything.
fn failed(test: &Test, error: &anyhow::Error, interrupted: Option<Interrupt>) -> RunResult {
    let mut result = findings::nothing(test);
    let (value, reason) = match interrupted {
        Some(_) => (VerdictValue::Unknown, Reason::Interrupted),
        None => (VerdictValue::Error, Reason::Setup),
    };
    result.verdict = RunVerdict::new(value, reason, format!("{error:#}"));
    result
}

/// Turns signals into wishes. A second one ends the process at once; the kernel cleans up the lab.
fn listen() -> Result<watch::Receiver<Option<Interrupt>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut int = signal(SignalKind::interrupt())?;
    let mut term = signal(SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move {
        loop {
            let wish = tokio::select! {
                _ = int.recv() => Interrupt::Int,
                _ = term.recv() => Interrupt::Term,
            };
            if sender.borrow().is_some() {
                eprintln!("netsplit: stopped at once; `netsplit heal` undoes what is left");
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
            eprintln!("netsplit: healing, then judging what there is; once more to stop at once");
            if sender.send(Some(wish)).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
