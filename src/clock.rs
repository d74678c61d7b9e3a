//! Clocks that are wrong, for the processes of one node alone; the machine's clock is never touched.
//!
//! Programs are told the time by the vDSO, code of the kernel's in every process. Of a node whose
//! clock is to be wrong, every process gets a vDSO that adds a [`Skew`]: those that run, those that
//! are started by the run, from their first instruction on, and those that they start later, within
//! a tenth of a second. Other processes, and the kernel, keep the true time: of files, of timers
//! and time-outs (`CLOCK_MONOTONIC`), and of a wait until some time of day.
//!
//! This runs on the node, as `netsplit clock`; see [`crate::nemesis`] for who asks for it.
mod code;
mod launch;
mod members;
mod process;
mod skew;
mod tell;
mod threads;
mod vdso;

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

use self::{
    process::{Clock, Wanted},
    tell::Sample,
};

pub use self::skew::Skew;

/// What is asked of the clocks of a node.
#[derive(Args)]
pub(crate) struct ClockArgs {
    #[command(subcommand)]
    ask: Ask,
}

/// Whose clocks.
#[derive(Args)]
struct Whose {
    /// The run
    run: String,
    /// The node
    node: String,
}

#[derive(Subcommand)]
enum Ask {
    /// Whether it can be done here
    Attempt,
    /// Make the clocks of a node wrong, and look at them
    Skew {
        #[command(flatten)]
        whose: Whose,
        #[arg(value_parser = parse)]
        skew: Skew,
    },
    /// Look at the clocks of a node that are to be wrong
    Look {
        #[command(flatten)]
        whose: Whose,
        #[arg(value_parser = parse)]
        skew: Skew,
    },
    /// Make the clocks of a node right, and look at them
    Restore {
        #[command(flatten)]
        whose: Whose,
    },
    /// Make the clocks of processes wrong that are started later, until killed
    Keep {
        #[command(flatten)]
        whose: Whose,
        #[arg(value_parser = parse)]
        skew: Skew,
    },
    /// Run a program whose clock is wrong
    Run {
        #[arg(value_parser = parse)]
        skew: Skew,
        #[arg(last = true)]
        argv: Vec<String>,
    },
    /// Print what the clock of this process shows
    Tell { span_ms: u64 },
    /// Start a tracer of a process that is about to run a program
    Await { skew: String, pid: i32 },
    /// Be that tracer
    Trace {
        #[arg(value_parser = parse)]
        skew: Skew,
        pid: i32,
    },
}

/// What a look at the clocks of a node has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// What was wanted, with the time since when.
    pub skew: Skew,
    /// How many processes have exactly that clock.
    pub processes: usize,
    /// Those that have another.
    pub others: Vec<i32>,
    /// By how much a new process with that clock was ahead: at least, at most, in nanoseconds.
    pub ahead_ns: [i64; 2],
    /// Whether that is what was wanted.
    pub fits: bool,
}

impl Seen {
    /// Whether all that run have the clock that was wanted, and it shows what it should.
    pub fn holds(&self) -> bool {
        self.fits && self.others.is_empty()
    }
}

fn parse(text: &str) -> Result<Skew> {
    Ok(serde_json::from_str(text)?)
}

/// The helper that looks for processes that have been started.
pub(crate) const KEEPER: &str = "clock-keeper";

/// How often to look for processes that have been started.
const SCAN: Duration = Duration::from_millis(100);
/// How often at most until no new process is found.
const SCANS_MAX: u32 = 20;
/// A clock that jumps is looked at until it has jumped there and back, so long at least and at most.
const SPAN_MS: [i64; 2] = [200, 3_000];

/// Does it, and prints what was seen.
///
/// # Errors
/// When the kernel refuses, or there is no such process.
pub(crate) fn main(args: &ClockArgs) -> Result<()> {
    let seen = match &args.ask {
        Ask::Attempt => return attempt(),
        Ask::Skew { whose, skew } => {
            let skew = started(skew)?;
            whose.skew(&skew)?;
            whose.look(&skew)?
        }
        Ask::Look { whose, skew } => whose.look(skew)?,
        Ask::Restore { whose } => whose.restore()?,
        Ask::Keep { whose, skew } => return whose.keep(skew),
        Ask::Run { skew, argv } => return launch::launch(skew, argv),
        Ask::Tell { span_ms } => {
            return print(&tell::tell(Duration::from_millis(*span_ms))?);
        }
        Ask::Await { skew, pid } => return launch::await_start(skew, *pid),
        Ask::Trace { skew, pid } => return launch::trace(skew, *pid),
    };
    print(&seen)
}

#[expect(clippy::print_stdout, reason = "this is what the command is for")]
fn print(answer: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(answer)?);
    Ok(())
}

/// The same skew, from now on.
fn started(skew: &Skew) -> Result<Skew> {
    let base_ns = if skew.base_ns == 0 { tell::shown_time()? } else { skew.base_ns };
    Ok(Skew { base_ns, ..*skew })
}

fn attempt() -> Result<()> {
    const HOUR: i64 = 3_600_000_000_000;
    let skew = started(&Skew { offset_ns: HOUR, ..Skew::default() })?;
    let samples = ask_new(&skew)?;
    ensure!(samples.iter().all(|sample| sample.fits(&skew)), "a process saw the true time");
    Ok(())
}

/// What the clock of a new process with this skew shows.
fn ask_new(skew: &Skew) -> Result<Vec<Sample>> {
    const OWN: &str = "/proc/self/exe";
    let [least, most] = SPAN_MS;
    let span = match skew.period_ns {
        0 => 0,
        period => (period * 2 / 1_000_000).clamp(least, most),
    };
    let span = span.to_string();
    let skew = serde_json::to_string(skew)?;
    let argv = ["clock", "run", &skew, "--", OWN, "clock", "tell", &span];
    let output = Command::new(Path::new(OWN)).args(argv).output().context("failed to ask")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

impl Whose {
    /// Makes the clock of every process wrong that has not that clock yet.
    fn skew(&self, skew: &Skew) -> Result<()> {
        let wanted = Wanted::new(skew)?;
        for _ in 0..SCANS_MAX {
            let right = self.members_with(&wanted, |clock| clock != Clock::Wrong)?;
            if right.is_empty() {
                return Ok(());
            }
            for pid in right {
                unless_gone(pid, wanted.skew(pid))?;
            }
        }
        bail!("processes are started faster than their clocks can be changed")
    }

    /// What the clocks are.
    fn look(&self, skew: &Skew) -> Result<Seen> {
        let wanted = Wanted::new(skew)?;
        let samples = ask_new(skew)?;
        let processes = self.members_with(&wanted, |clock| clock == Clock::Wrong)?.len();
        let others = self.members_with(&wanted, |clock| clock != Clock::Wrong)?;
        Ok(Seen { skew: *skew, processes, others, ..judge(&samples, skew) })
    }

    /// Makes all clocks right.
    fn restore(&self) -> Result<Seen> {
        for pid in members::helpers(&self.run, &self.node, KEEPER)? {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        let right = Skew::default();
        let wanted = Wanted::new(&right)?;
        for _ in 0..SCANS_MAX {
            let wrong = self.members_with(&wanted, |clock| clock != Clock::Right)?;
            if wrong.is_empty() {
                break;
            }
            for pid in wrong {
                unless_gone(pid, wanted.restore(pid))?;
            }
        }
        let processes = self.members_with(&wanted, |clock| clock == Clock::Right)?.len();
        let others = self.members_with(&wanted, |clock| clock != Clock::Right)?;
        Ok(Seen { skew: right, processes, others, ..judge(&tell::tell(Duration::ZERO)?, &right) })
    }

    fn keep(&self, skew: &Skew) -> Result<()> {
        loop {
            if let Err(e) = self.skew(skew) {
                eprintln!("{e:#}");
            }
            std::thread::sleep(SCAN);
        }
    }

    /// The processes whose clock is such.
    fn members_with(&self, wanted: &Wanted, is_such: fn(Clock) -> bool) -> Result<Vec<i32>> {
        let mut such = Vec::new();
        for pid in members::members(&self.run, &self.node)? {
            match wanted.look(pid) {
                Ok(clock) if is_such(clock) => such.push(pid),
                Ok(_) => (),
                Err(e) => unless_gone(pid, Err(e))?,
            }
        }
        Ok(such)
    }
}

/// What the samples come to.
fn judge(samples: &[Sample], skew: &Skew) -> Seen {
    let ahead = || samples.iter().map(Sample::offset_ns);
    let halves = |is_ahead| samples.iter().any(|it| it.half(skew) == Some(is_ahead));
    // Of a clock that jumps, both halves have to be seen.
    let is_whole = skew.period_ns == 0 || halves(true) && halves(false);
    Seen {
        skew: *skew,
        processes: 0,
        others: Vec::new(),
        ahead_ns: [ahead().min().unwrap_or(0), ahead().max().unwrap_or(0)],
        fits: is_whole && samples.iter().all(|sample| sample.fits(skew)),
    }
}

/// That a process has ended meanwhile is no error.
fn unless_gone(pid: i32, done: Result<()>) -> Result<()> {
    let is_gone = members::parent(pid).is_none();
    if is_gone { Ok(()) } else { done }
}
