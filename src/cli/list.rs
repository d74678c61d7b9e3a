//! `netsplit list`
use anyhow::Result;
use checkers::{txn, weaker};
use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets::NOTHING};

use super::{OrExit, Out, Outcome, output};
use crate::{
    exit::Exit,
    nemesis::{self, Topology},
    net::weather::{self, Weather},
    store::{self, Store},
    system,
};

/// What there is: systems, workloads, faults, models, consistency models, runs
#[derive(Args)]
pub(super) struct ListArgs {
    /// What to list [default: everything but runs]
    #[arg(value_enum)]
    what: Option<What>,
    #[command(flatten)]
    out: Out,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// What can be tested
    Systems,
    /// What can be asked
    Workloads,
    /// What can be done to it
    Faults,
    /// What a history can be checked against
    Models,
    /// What a history may be asked to keep
    Levels,
    /// What transactions can be held to
    ConsistencyModels,
    /// What was run
    Runs,
}

/// Lists.
pub(super) fn list(args: &ListArgs) -> Outcome {
    let all = [
        What::Systems,
        What::Workloads,
        What::Faults,
        What::Models,
        What::Levels,
        What::ConsistencyModels,
    ];
    let asked = args.what.map_or(all.to_vec(), |what| vec![what]);
    for what in &asked {
        let rows = rows(*what, args).or_infrastructure()?;
        let title = what.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
        let heading = if asked.len() > 1 { format!("{title}\n") } else { String::new() };
        output::say(&format!("{heading}{}", table(rows))).or_infrastructure()?;
    }
    Ok(Exit::Pass)
}

type Rows = Vec<Vec<String>>;

fn row(name: &str, about: &str) -> Vec<String> {
    vec![format!("  {name}"), about.to_owned()]
}

fn rows(what: What, args: &ListArgs) -> Result<Rows> {
    Ok(match what {
        What::Systems => system::ALL.iter().flat_map(system_rows).collect(),
        What::Workloads => workloads::ALL.iter().map(workload_row).collect(),
        What::Faults => fault_rows(),
        What::Models => checkers::model::ALL.iter().map(|e| row(e.name, e.about)).collect(),
        What::Levels => weaker::LEVELS.iter().map(|l| row(l.name, l.about)).collect(),
        What::ConsistencyModels => txn::levels::ALL.iter().map(consistency_row).collect(),
        What::Runs => run_rows(args)?,
    })
}

/// A workload with the systems that answer it.
fn workload_row(entry: &workloads::Entry) -> Vec<String> {
    let systems = system::serving(entry.name).join(", ");
    row(entry.name, &format!("{} ({systems})", entry.about))
}

fn system_rows(entry: &system::Entry) -> Rows {
    let mut rows = vec![row(entry.name, entry.about)];
    let bug = |bug: &system::Bug| row(&format!("  --bug {}", bug.name), bug.about);
    rows.extend(entry.bugs.iter().map(bug));
    let option = |(name, about): &(&str, &str)| row(&format!("  --option {name}="), about);
    rows.extend(entry.options.iter().map(option));
    rows
}

/// A model with its other names, the models it implies, and where it is defined.
fn consistency_row(model: &txn::levels::Model) -> Vec<String> {
    let aliases = match model.aliases {
        [] => String::new(),
        aliases => format!(" ({})", aliases.join(", ")),
    };
    let implies = match model.implies {
        [] => String::new(),
        weaker => format!("; implies {}", weaker.join(", ")),
    };
    row(
        &format!("{}{aliases}", model.name),
        &format!("{}{implies} [{}]", model.about, model.source),
    )
}

fn fault_rows() -> Rows {
    let mut rows: Rows = nemesis::ALL.iter().map(|e| row(e.name, e.about)).collect();
    let names: Vec<&str> = Topology::names().collect();
    rows.push(row("  --partition", &names.join(", ")));
    let weather = |it: &Weather| row(&format!("  --weather {}", it.name), it.about);
    rows.extend(weather::ALL.iter().map(weather));
    rows
}

fn run_rows(args: &ListArgs) -> Result<Rows> {
    let runs = store::runs(&args.out.out)?;
    let row = |directory: &std::path::PathBuf| {
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let result = Store { directory: directory.clone() }.result();
        let (verdict, summary) = match result {
            Ok(result) => (format!("{:?}", result.verdict.value), result.verdict.summary),
            Err(_) => ("Unfinished".into(), String::new()),
        };
        let summary = summary.chars().take(100).collect();
        vec![format!("  {name}"), verdict.to_lowercase(), summary]
    };
    Ok(runs.iter().map(row).collect())
}

fn table(rows: Rows) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.add_rows(rows);
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
