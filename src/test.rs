//! The one resolved description of a run: whoever has it, and the same system, can run it again.
use std::time::Duration;

use anyhow::{Context, Result, bail};
use regex::Regex;
use serde::{Deserialize, Serialize};
use workloads::{Params, generator::Arrivals};

use crate::{
    capture,
    nemesis::{self, Planned, Settings},
    net::{link::Quality, weather},
    result::SystemInfo,
    route::Policy,
    system::{self, Entry, Options, Requirement},
    testbed::Testbed,
};

/// Everything that decides a run. Written to `test.json` before anything happens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Name of the run's directory.
    pub id: String,
    /// When it started (RFC 3339, UTC).
    pub started_at: String,
    /// The command as it was typed.
    pub argv: Vec<String>,
    /// Version of netsplit.
    pub netsplit: String,
    /// Every random choice follows from it.
    pub seed: u64,
    /// The system under test.
    pub system: SystemInfo,
    /// Name of the workload.
    pub workload: String,
    /// What the workload was told.
    pub params: Params,
    /// Ops a second, over all threads; absent means as fast as possible.
    pub rate: Option<f64>,
    /// How the ops of a rate arrive.
    #[serde(default)]
    pub arrivals: Arrivals,
    /// Which node each op goes to.
    #[serde(default)]
    pub route: Policy,
    /// Whether the first violation that is found while the run goes ends it.
    #[serde(default)]
    pub fail_fast: bool,
    /// How long the nodes may take to serve after their first start.
    pub setup_timeout_ms: u64,
    /// How long the main phase lasts.
    pub time_limit_ms: u64,
    /// How long one op may take before its fate counts as unknown.
    pub op_timeout_ms: u64,
    /// How long reading after healing may take.
    pub final_time_limit_ms: u64,
    /// Names of the faults; empty for none.
    pub faults: Vec<String>,
    /// Whether faults that cannot work here are left out, rather than refused.
    #[serde(default)]
    pub faults_as_possible: bool,
    /// The faults of another run, to happen again; where there are any, none is drawn.
    #[serde(default)]
    pub schedule: Vec<Planned>,
    /// Mean length of quiet and of hurt spans.
    pub fault_interval_ms: u64,
    /// The partitions to draw from; empty for all that fit.
    pub partitions: Vec<String>,
    /// The port to cut; absent for that by which the system's nodes talk to each other.
    #[serde(default)]
    pub fault_port: Option<u16>,
    /// The targets to draw from, for faults that know them; empty for all.
    #[serde(default)]
    pub targets: Vec<String>,
    /// The files that faults hurt: a regular expression for their paths in a node's data.
    #[serde(default)]
    pub files: String,
    /// What the links between nodes are like all the time; absent for as good as they are.
    #[serde(default)]
    pub weather: Option<String>,
    /// Where the nodes come from.
    pub testbed: Testbed,
    /// Patterns that no line of a node's log may match.
    #[serde(default)]
    pub fail_on_log: Vec<String>,
    /// Which packets of the nodes are kept, in the words of tcpdump; absent for none.
    #[serde(default)]
    pub tcpdump: Option<String>,
    /// How long judging may take.
    pub check_timeout_ms: u64,
    /// How much memory judging may hold.
    pub check_memory: u64,
}

impl Test {
    /// The system's entry in the list.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn system_entry(&self) -> Result<&'static Entry> {
        find_system(&self.system.name)
    }

    /// The system, built with its bug and options.
    ///
    /// # Errors
    /// An unknown system, bug or option.
    pub fn system(&self) -> Result<std::sync::Arc<dyn system::System>> {
        let entry = self.system_entry()?;
        let bug = self.system.bug.as_deref().map(|name| find_bug(entry, name)).transpose()?;
        let options: Options = self.system.options.clone();
        (entry.build)(bug, &options)
    }

    /// The programs that it takes on the nodes.
    ///
    /// # Errors
    /// An unknown system, bug or option.
    pub fn requirements(&self) -> Result<Vec<Requirement>> {
        let mut needs = self.system()?.requirements();
        needs.extend(self.tcpdump.as_ref().map(|_| capture::NEED));
        Ok(needs)
    }

    /// The faults, built.
    ///
    /// # Errors
    /// An unknown fault or partition, or a pattern that is none.
    pub fn faults(&self) -> Result<Vec<Box<dyn nemesis::Fault>>> {
        let topologies = self.partitions.iter().map(|text| text.parse()).collect::<Result<_>>()?;
        let files = Regex::new(&self.files).context("--fault-files")?;
        let (port, seed) = (self.fault_port, self.seed);
        let settings = Settings { topologies, files, port, seed };
        let build = |name: &String| Ok((find_fault(name)?.build)(&settings));
        self.faults.iter().map(build).collect()
    }

    /// What the links between nodes are like when no fault hurts them.
    ///
    /// # Errors
    /// When no weather has that name.
    pub fn weather(&self) -> Result<Quality> {
        let weather = self.weather.as_deref().map(weather::find).transpose()?;
        Ok(weather.map_or(Quality::PERFECT, |weather| weather.quality))
    }

    /// The workload's entry in the list.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn workload_entry(&self) -> Result<&'static workloads::Entry> {
        find_workload(&self.workload)
    }

    /// How long one op may take.
    pub fn op_timeout(&self) -> Duration {
        Duration::from_millis(self.op_timeout_ms)
    }
}

/// The system of that name.
///
/// # Errors
/// When there is none; names those there are.
pub fn find_system(name: &str) -> Result<&'static Entry> {
    match system::find(name) {
        Some(entry) => Ok(entry),
        None => bail!("no system is called {name}; there are {}", list(system::ALL, |e| e.name)),
    }
}

/// The bug of that name.
///
/// # Errors
/// When the system has none of that name; names those it has.
pub fn find_bug(entry: &'static Entry, name: &str) -> Result<&'static system::Bug> {
    if let Some(bug) = entry.bugs.iter().find(|bug| bug.name == name) {
        return Ok(bug);
    }
    if entry.bugs.is_empty() {
        bail!("{} has no bugs to switch on", entry.name);
    }
    bail!("{} has no bug {name}; it has {}", entry.name, list(entry.bugs, |bug| bug.name))
}

/// The workload of that name.
///
/// # Errors
/// When there is none; names those there are.
pub fn find_workload(name: &str) -> Result<&'static workloads::Entry> {
    match workloads::find(name) {
        Some(entry) => Ok(entry),
        None => {
            bail!("no workload is called {name}; there are {}", list(workloads::ALL, |e| e.name))
        }
    }
}

/// The fault of that name.
///
/// # Errors
/// When there is none; names those there are.
pub fn find_fault(name: &str) -> Result<&'static nemesis::Entry> {
    match nemesis::find(name) {
        Some(entry) => Ok(entry),
        None => bail!("no fault is called {name}; there are {}", list(nemesis::ALL, |e| e.name)),
    }
}

fn list<T>(entries: &[T], name: impl Fn(&T) -> &'static str) -> String {
    entries.iter().map(name).collect::<Vec<_>>().join(", ")
}
