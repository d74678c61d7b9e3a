//! What the terminal shows while a run goes on: one live line, or plain lines where nobody watches.
use std::io::IsTerminal;

use checkers::{Kind, Nanos, Op, Process};
use indicatif::{ProgressBar, ProgressStyle};

/// How much a run says while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Show {
    /// A live line on a terminal, plain lines elsewhere.
    Auto,
    /// A live line.
    Bar,
    /// Plain lines.
    Lines,
    /// Nothing.
    None,
}

/// The progress of a run.
pub struct Progress {
    bar: Option<ProgressBar>,
    has_lines: bool,
    phase: String,
    fault: Option<String>,
    counts: [u64; 4], // By kind.
    /// When, in the run's time, the rate was last measured, and how many ops were done then.
    since: (Nanos, u64),
    rate: f64,
    has_found: bool,
    last_line: Nanos,
}

const LINE_EVERY: Nanos = 10_000_000_000;
const RATE_EVERY: Nanos = 1_000_000_000;

impl Progress {
    /// A progress that shows itself so.
    pub fn new(show: Show) -> Progress {
        let is_watched = std::io::stderr().is_terminal()
            && std::env::var_os("CI").is_none()
            && std::env::var("TERM").is_ok_and(|term| term != "dumb");
        let has_bar = show == Show::Bar || (show == Show::Auto && is_watched);
        let bar = has_bar.then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}");
            ProgressBar::new_spinner().with_style(style.unwrap_or(ProgressStyle::default_spinner()))
        });
        let has_lines = show == Show::Lines || (show == Show::Auto && !is_watched);
        Progress {
            bar,
            has_lines,
            phase: String::new(),
            fault: None,
            counts: [0; 4],
            since: (0, 0),
            rate: 0.0,
            has_found: false,
            last_line: 0,
        }
    }

    /// A new phase begins.
    pub fn phase(&mut self, name: &str) {
        name.clone_into(&mut self.phase);
        tracing::info!("phase: {name}");
        self.say(&format!("[{name}]"));
        self.refresh();
    }

    /// A violation was found while the run goes.
    pub fn found(&mut self) {
        tracing::info!("a violation was found");
        self.say("VIOLATION found, more when the run is judged");
        self.has_found = true;
        self.refresh();
    }

    /// An op was written down.
    pub fn op(&mut self, op: &Op) {
        if op.process == Process::Nemesis {
            self.nemesis(op);
        } else {
            self.counts[op.kind as usize] += 1;
        }
        let (at, before) = self.since;
        if op.time >= at + RATE_EVERY {
            let done = self.completed();
            self.rate = (done - before) as f64 * 1e9 / (op.time - at) as f64;
            self.since = (op.time, done);
            self.refresh();
        }
        if op.time >= self.last_line + LINE_EVERY {
            self.last_line = op.time;
            self.say(&self.line());
        }
    }

    fn nemesis(&mut self, op: &Op) {
        let is_heal = &*op.f == crate::nemesis::HEAL;
        let text = match (op.kind, is_heal) {
            (Kind::Invoke, _) => return,
            (Kind::Ok, false) => {
                let effect = if op.value["effective"] == true { "effective" } else { "NO EFFECT" };
                let fault = format!(
                    "{} {}: {}",
                    op.f,
                    op.value["target"].as_str().unwrap_or(""),
                    op.value["hurt"]
                );
                self.fault = Some(format!("{} ({effect})", op.f));
                format!("fault {fault} ({effect})")
            }
            (Kind::Ok, true) => {
                self.fault = None;
                format!("healed {}", op.value["fault"].as_str().unwrap_or("everything"))
            }
            _ => format!("fault {} failed: {}", op.f, op.error.as_deref().unwrap_or("")),
        };
        tracing::info!("{text}");
        self.say(&format!("{:7.1}s  {text}", op.time as f64 / 1e9));
        self.refresh();
    }

    fn completed(&self) -> u64 {
        self.counts[1..].iter().sum()
    }

    fn line(&self) -> String {
        let [_, ok, fail, info] = self.counts;
        let all = (ok + fail + info).max(1) as f64;
        let share = |n: u64| n as f64 * 100.0 / all;
        let fault = self.fault.as_deref().unwrap_or("none");
        let found = if self.has_found { "  VIOLATION" } else { "" };
        format!(
            "{}  {:.0} ops/s  {ok} ok {:.1}%  {info} info {:.1}%  {fail} fail {:.1}%  fault: {fault}{found}",
            self.phase,
            self.rate,
            share(ok),
            share(info),
            share(fail),
        )
    }

    fn refresh(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message(self.line());
            bar.tick();
        }
    }

    /// A line for those who watch no live line.
    fn say(&self, line: &str) {
        if self.has_lines {
            eprintln!("{line}");
        } else if let Some(bar) = &self.bar {
            bar.set_message(line.to_owned());
        }
    }

    /// The live line goes away.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
