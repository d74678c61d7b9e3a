//! The command line. One subcommand a file.
mod check;
mod completions;
mod doctor;
mod export;
mod heal;
mod input;
mod judge;
mod list;
mod output;
mod parse;
mod report;
mod run;
mod schema;
mod verify;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum, error::ErrorKind};

use crate::{clock, exit::Exit, nemesis, net::knock, remote::socket, zoo};

const EXAMPLES: &str = "\
Examples:
  netsplit run                                  five nodes, a replicated register, all faults
  netsplit run --bug read-one                   the same with a bug in it: see it convicted
  netsplit run --system etcd --faults partition,kill,pause --time-limit 60s
  netsplit check results/latest                 judge a stored run again
  netsplit check history.jsonl --model register judge anybody's history
  netsplit list                                 systems, workloads, faults, models, runs

Exit codes: 0 pass, 1 violation, 2 inconclusive, 3 objective missed, 64 usage,
70 bug in netsplit, 75 infrastructure (worth retrying), 130/143 interrupted after healing.";

/// Finds out what a distributed system does when its network splits, its nodes die and its clocks
/// lie.
#[derive(Parser)]
#[command(name = "netsplit", version, before_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Deploy a system, drive it, hurt it, judge it
    Run(Box<run::RunArgs>),
    /// Judge a stored run again, or any history
    Check(check::CheckArgs),
    /// Verify the proof of a verdict, without asking the checker that gave it
    Verify(verify::VerifyArgs),
    /// Draw a stored run's page again
    Report(report::ReportArgs),
    /// Write a history in another format
    Export(export::ExportArgs),
    /// What there is: systems, workloads, faults, models, runs
    List(list::ListArgs),
    /// What works here, what does not, why, and what to type
    Doctor(doctor::DoctorArgs),
    /// Undo what a dead controller left behind
    Heal(heal::HealArgs),
    /// Print a JSON Schema
    Schema(schema::SchemaArgs),
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
    /// A node of a reference system (what `run` starts on the nodes)
    #[command(hide = true)]
    Zoo(zoo::ZooArgs),
    /// Damage the files of a node (what some faults run on the nodes)
    #[command(hide = true)]
    Spoil(nemesis::SpoilArgs),
    /// The clocks of a node's processes (what faults of clocks ask on the nodes)
    #[command(hide = true)]
    Clock(clock::ClockArgs),
    /// A datagram socket over standard input and output (what the probe uses on other machines)
    #[command(hide = true)]
    Datagrams {
        /// The address to open it at
        ip: IpAddr,
    },
    /// Whether a port lets us in (what faults of the net ask on the nodes)
    #[command(hide = true)]
    Knock {
        /// The address and the port
        at: SocketAddr,
    },
}

/// Where runs are stored.
#[derive(Args, Clone)]
struct Out {
    /// Directory of the runs
    #[arg(long, value_name = "DIR", env = "NETSPLIT_OUT", default_value = "results")]
    out: PathBuf,
}

/// What standard output carries.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A summary for people
    Human,
    /// Exactly `result.json`
    Json,
}

/// Why a command stopped.
#[derive(Debug)]
struct Stop {
    exit: Exit,
    error: anyhow::Error,
}

type Outcome = Result<Exit, Stop>;

/// Names the exit that an error leads to.
trait OrExit<T> {
    /// The user's mistake.
    fn or_usage(self) -> Result<T, Stop>;
    /// The world's.
    fn or_infrastructure(self) -> Result<T, Stop>;
    /// Ours.
    fn or_bug(self) -> Result<T, Stop>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_usage(self) -> Result<T, Stop> {
        self.map_err(|e| Stop { exit: Exit::Usage, error: e.into() })
    }
    fn or_infrastructure(self) -> Result<T, Stop> {
        self.map_err(|e| Stop { exit: Exit::Infrastructure, error: e.into() })
    }
    fn or_bug(self) -> Result<T, Stop> {
        self.map_err(|e| Stop { exit: Exit::Bug, error: e.into() })
    }
}

/// Runs netsplit. No thread may have been started before.
pub fn main() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(cli) => dispatch(cli.command),
        Err(e) => {
            let is_help = matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Nothing can be said where even this cannot be printed.
            let _ = e.print();
            Ok(if is_help { Exit::Pass } else { Exit::Usage })
        }
    };
    let exit = outcome.unwrap_or_else(|stop| {
        eprintln!("netsplit: {:#}", stop.error);
        stop.exit
    });
    ExitCode::from(exit.code())
}

fn dispatch(command: Command) -> Outcome {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Zoo(args) => in_runtime(zoo::main(args)).or_infrastructure(),
        Command::Spoil(args) => nemesis::spoil(&args).map(|()| Exit::Pass).or_infrastructure(),
        Command::Clock(args) => clock::main(&args).map(|()| Exit::Pass).or_infrastructure(),
        Command::Datagrams { ip } => in_runtime(socket::serve(ip)).or_infrastructure(),
        Command::Knock { at } => knock::main(at).map(|()| Exit::Pass).or_infrastructure(),
        Command::Check(args) => check::check(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Report(args) => report::report(&args),
        Command::Export(args) => export::export(&args),
        Command::List(args) => list::list(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Heal(args) => heal::heal(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::Completions(args) => completions::completions(&args),
    }
}

/// Runs a future to its end on a runtime of its own.
fn in_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(work)?;
    Ok(Exit::Pass)
}
