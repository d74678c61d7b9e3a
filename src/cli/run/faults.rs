//! What the command line says about faults.
use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::{
    cli::parse,
    disk,
    nemesis::{self, Planned},
    net::tun,
    system::Recipe,
    test,
};

#[derive(Args)]
pub(super) struct FaultArgs {
    /// Faults, comma-separated, `none`, or `all` that can work here (but for those that few systems bear) [default:
    /// partition,kill,pause]
    #[arg(long, alias = "nemesis", value_delimiter = ',', help_heading = "Faults")]
    faults: Option<Vec<String>>,
    /// The faults of another run (its `schedule.json`), at the same times to the same nodes
    #[arg(long, value_name = "FILE", conflicts_with_all = ["faults", "partitions"], help_heading = "Faults")]
    schedule: Option<PathBuf>,
    /// Mean length of the spans with and without a fault
    #[arg(long, alias = "nemesis-interval", value_name = "TIME", default_value = "4s", value_parser = parse::duration, help_heading = "Faults")]
    pub(super) fault_interval: Duration,
    /// A partition to draw: a name, components `n1,n2|n3,n4,n5`, or links `n1>n2;n1>n3`; may be
    /// repeated
    #[arg(long = "partition", value_name = "TOPOLOGY", help_heading = "Faults")]
    pub(super) partitions: Vec<String>,
    /// The port that `cut-port` cuts [default: that by which the system's nodes talk to each other]
    #[arg(long = "fault-port", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Faults")]
    pub(super) port: Option<u16>,
    /// Whom faults hurt, of what each of them can hurt, comma-separated; `helix` is every node's
    /// files, each node's in other places
    #[arg(long = "fault-target", value_name = "TARGET", value_parser = TARGETS, value_delimiter = ',', help_heading = "Faults")]
    targets: Vec<String>,
    /// Which files faults damage: a regular expression for their paths in a node's data [default:
    /// all of them]
    #[arg(
        long = "fault-files",
        value_name = "REGEX",
        default_value = "",
        hide_default_value = true,
        help_heading = "Faults"
    )]
    pub(super) files: String,
    /// What the links between nodes are like all the time: `lan`, `wan` or `awful`
    #[arg(long, value_name = "NAME", help_heading = "Faults")]
    pub(super) weather: Option<String>,
}

/// The words of `--fault-target`.
const TARGETS: [&str; 6] = ["one", "minority", "majority", "all", "primaries", "helix"];

/// The faults that the command line means.
pub(super) struct Chosen {
    /// By name, each once.
    pub(super) names: Vec<String>,
    /// Whether those that cannot work here are left out.
    pub(super) as_possible: bool,
    /// What another run did; empty where faults are drawn.
    pub(super) schedule: Vec<Planned>,
}

impl Chosen {
    /// Whether one of them is such.
    fn includes(&self, is_such: fn(&nemesis::Entry) -> bool) -> bool {
        self.names.iter().filter_map(|name| nemesis::find(name)).any(is_such)
    }
}

/// How long the main phase is at least, where nothing else is said.
const USUAL: Duration = Duration::from_secs(40);
/// How long injecting a fault and healing it take, about.
const INJECTING: Duration = Duration::from_secs(2);

impl FaultArgs {
    /// Whether the links between the nodes have to be ours; where all faults are wanted, they are if
    /// they can be.
    ///
    /// # Errors
    /// When the kernel has no TUN devices for us.
    pub(super) fn needs_switch(&self, chosen: &Chosen) -> Result<bool> {
        if chosen.as_possible && self.weather.is_none() {
            return Ok(tun::attempt().is_ok());
        }
        let needs = self.weather.is_some() || chosen.includes(|entry| entry.needs_switch);
        if needs {
            tun::attempt()
                .context("faults of links need /dev/net/tun (`modprobe tun`, as root)")?;
        }
        Ok(needs)
    }

    /// Whether the nodes' disks have to be ours; where all faults are wanted, they are if they can
    /// be.
    ///
    /// # Errors
    /// When the kernel has no FUSE for us.
    pub(super) fn needs_disks(chosen: &Chosen) -> Result<bool> {
        let needs = chosen.includes(|entry| entry.needs_disk);
        if needs && chosen.as_possible {
            return Ok(disk::attempt().is_ok());
        }
        if needs {
            disk::attempt().context("faults of disks need FUSE")?;
        }
        Ok(needs)
    }

    /// The faults for these nodes. An imagined system, which has none, no fault can reach.
    ///
    /// # Errors
    /// An unknown fault, or a schedule that is none, or is for other nodes.
    pub(super) fn choose(
        &self,
        recipe: &Recipe,
        nodes: &[String],
        is_imagined: bool,
    ) -> Result<Chosen> {
        let schedule = self.schedule(nodes)?;
        let as_possible = self.faults.as_deref().is_some_and(|typed| typed == ["all"]);
        let names = match () {
            () if !schedule.is_empty() => {
                let names: BTreeSet<String> = schedule.iter().map(|it| it.fault.clone()).collect();
                names.into_iter().collect()
            }
            () if as_possible => {
                let all = nemesis::ALL.iter().filter(|entry| entry.in_all);
                all.map(|entry| entry.name.to_owned()).collect()
            }
            () => self.named(recipe, is_imagined)?,
        };
        if let Some(name) = names.first().filter(|_| is_imagined) {
            bail!("--faults {name}: no fault reaches a system that lives inside netsplit");
        }
        Ok(Chosen { names, as_possible, schedule })
    }

    /// Whom they hurt; empty for whomever each of them can. A recipe's targets are for its faults.
    pub(super) fn targets(&self, recipe: &Recipe) -> Vec<String> {
        if self.targets.is_empty() && self.faults.is_none() {
            return recipe.targets.iter().map(ToString::to_string).collect();
        }
        self.targets.clone()
    }

    /// How long the main phase has to be for every fault to strike, in all likelihood.
    pub(super) fn time(&self, chosen: &Chosen) -> Duration {
        let one = self.fault_interval * 2 + INJECTING;
        let drawn = one * chosen.names.len() as u32;
        let ends = chosen.schedule.iter().map(|it| it.heal_ns.unwrap_or(it.strike_ns));
        let replayed = ends.max().map(|end| Duration::from_nanos(end) + self.fault_interval);
        // Spans vary.
        replayed.unwrap_or(drawn * 5 / 4).max(USUAL)
    }

    fn named(&self, recipe: &Recipe, is_imagined: bool) -> Result<Vec<String>> {
        let typed = self.faults.clone();
        let by_recipe = || recipe.faults.map(|f| f.split(',').map(str::to_owned).collect());
        let usual = || match is_imagined {
            true => Vec::new(),
            false => ["partition", "kill", "pause"].map(String::from).to_vec(),
        };
        let mut faults = typed.or_else(by_recipe).unwrap_or_else(usual);
        faults.retain(|name| name != "none" && !name.is_empty());
        faults.iter().try_for_each(|name| test::find_fault(name).map(drop))?;
        Ok(faults)
    }

    /// The faults of another run.
    fn schedule(&self, nodes: &[String]) -> Result<Vec<Planned>> {
        let Some(path) = &self.schedule else { return Ok(Vec::new()) };
        let name = || format!("--schedule {}", path.display());
        let text = std::fs::read_to_string(path).with_context(name)?;
        let planned = nemesis::plan(&text).with_context(name)?;
        ensure!(!planned.is_empty(), "{}: no fault was injected in that run", name());
        if let Some(stranger) = planned.iter().find_map(|it| it.stranger(nodes)) {
            bail!("{}: it hurts {stranger}, and the nodes here are {}", name(), nodes.join(", "));
        }
        Ok(planned)
    }
}
