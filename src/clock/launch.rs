//! Programs whose clock is wrong from their first instruction on.
//!
//! The launcher becomes the program, so that its process id is the program's. A tracer, which is
//! nobody's child by then, stops it in the middle of that, changes its vDSO and lets it go.
use std::{
    io::{Read, Write},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use nix::libc;

use super::{process, skew::Skew, threads};
use crate::remote::marks;

/// How long until the launcher has become the program.
const PATIENCE: Duration = Duration::from_secs(10);
const READY: &str = "ready\n";
const OWN: &str = "/proc/self/exe";

/// Becomes this program; returns only where that fails.
pub(super) fn launch(skew: &Skew, argv: &[String]) -> Result<()> {
    let (program, arguments) = argv.split_first().context("no program")?;
    let own = std::process::id().to_string();
    let tracer = ["clock", "await", &serde_json::to_string(skew)?, &own];
    let mut tracer = Command::new(OWN)
        .args(tracer)
        .env(marks::HELPER, "tracer")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to start a tracer")?;
    let mut said = Vec::new();
    let mut stdout = tracer.stdout.take().context("no pipe")?;
    // It has left a child of its own behind, which says this and closes the pipe.
    ensure!(tracer.wait()?.success(), "the tracer did not start");
    stdout.read_to_end(&mut said)?;
    ensure!(
        said == READY.as_bytes(),
        "the tracer cannot trace: {}",
        String::from_utf8_lossy(&said).trim()
    );
    Err(Command::new(program).args(arguments).exec()).with_context(|| format!("run {program}"))
}

/// Starts the tracer, and is not waited for by it.
pub(super) fn await_start(skew: &str, pid: i32) -> Result<()> {
    let tracer = ["clock", "trace", skew, &pid.to_string()];
    Command::new(OWN).args(tracer).spawn().context("failed to start a tracer").map(drop)
}

/// Waits until a process becomes another program, and makes its clock wrong before it runs.
pub(super) fn trace(skew: &Skew, pid: i32) -> Result<()> {
    let is_there = threads::seize(pid, libc::PTRACE_O_TRACEEXEC);
    say(&match &is_there {
        Ok(true) => READY.to_owned(),
        Ok(false) => "it has ended".to_owned(),
        Err(e) => format!("{e:#}"),
    })?;
    ensure!(is_there?, "process {pid} has ended");
    loop {
        let Some(status) = threads::wait(pid, PATIENCE)? else { return Ok(()) };
        if status >> 16 == libc::PTRACE_EVENT_EXEC {
            let done = process::skew_stopped(pid, skew);
            threads::let_go(pid, 0);
            return done;
        }
        let is_signal = status >> 16 == 0;
        let signal = if is_signal { libc::WSTOPSIG(status) } else { 0 };
        threads::go_on(pid, signal)?;
    }
}

/// Says it to the launcher, which reads until nobody can say more.
fn say(words: &str) -> Result<()> {
    let mut stdout = std::io::stdout();
    stdout.write_all(words.as_bytes())?;
    stdout.flush()?;
    let null = std::fs::File::options().write(true).open("/dev/null")?;
    nix::unistd::dup2_stdout(null).context("failed to close the pipe")?;
    Ok(())
}
