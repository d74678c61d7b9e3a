//! A process's threads, stopped for as long as its code is written to.
use std::{fs, io, mem::MaybeUninit, ops::Range, os::unix::fs::FileExt, time::Duration};

use anyhow::{Context, Result, bail};
use nix::libc;

/// How long to wait for a thread to stop: one that waits for the child it has just forked cannot,
/// nor can one that waits for a busy disk.
const PATIENCE: Duration = Duration::from_secs(12);
/// How often to let the threads go on until none of them is in the way.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(1);

/// A thread that is stopped, and the signal that it was about to take.
struct Stopped {
    id: i32,
    signal: i32,
}

/// Writes to a process's memory while all its threads are stopped, and none is in any of these
/// ranges of code.
///
/// # Errors
/// When the kernel refuses, or one of them never leaves.
pub(super) fn write(pid: i32, busy: &[Range<u64>], parts: &[(u64, Vec<u8>)]) -> Result<()> {
    // What a thread traces goes free when the thread ends, whatever happened in it.
    let (busy, parts) = (busy.to_vec(), parts.to_vec());
    let work = std::thread::spawn(move || {
        for _ in 0..TRIES {
            let stopped = stop_all(pid)?;
            let is_in_the_way = |thread: &Stopped| -> Result<bool> {
                let at = program_counter(thread.id)?;
                Ok(busy.iter().any(|range| range.contains(&at)))
            };
            let counted: Vec<bool> = stopped.iter().map(is_in_the_way).collect::<Result<_>>()?;
            let is_free = !counted.contains(&true);
            if is_free {
                put(pid, &parts)?;
            }
            stopped.iter().for_each(|thread| let_go(thread.id, thread.signal));
            if is_free {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        bail!("a thread of process {pid} is always reading the clock")
    });
    work.join().map_err(|_| anyhow::anyhow!("the thread panicked"))?
}

/// Writes to the memory of a process that this thread has stopped.
pub(super) fn put(pid: i32, parts: &[(u64, Vec<u8>)]) -> Result<()> {
    let memory = fs::File::options().write(true).open(format!("/proc/{pid}/mem"));
    let written = memory.and_then(|memory| {
        parts.iter().try_for_each(|(at, bytes)| memory.write_all_at(bytes, *at))
    });
    written.with_context(|| format!("the kernel lets nobody write to the code of process {pid}"))
}

/// Stops all threads of a process, those too that are started meanwhile.
fn stop_all(pid: i32) -> Result<Vec<Stopped>> {
    let mut stopped: Vec<Stopped> = Vec::new();
    loop {
        let before = stopped.len();
        let tasks = fs::read_dir(format!("/proc/{pid}/task"))
            .with_context(|| format!("there is no process {pid}"))?;
        for task in tasks {
            let id = task?.file_name().to_string_lossy().parse()?;
            if !stopped.iter().any(|thread| thread.id == id) {
                stopped.extend(stop(id)?);
            }
        }
        if stopped.len() == before {
            return Ok(stopped);
        }
    }
}

/// Stops a thread; none if it ended meanwhile.
fn stop(id: i32) -> Result<Option<Stopped>> {
    if !seize(id, 0)? {
        return Ok(None);
    }
    request(libc::PTRACE_INTERRUPT, id, 0).context("failed to stop a thread")?;
    Ok(wait(id, PATIENCE)?.map(|status| {
        let is_own = status >> 16 != 0; // Not a signal's doing, but ours, or a stop of the group.
        Stopped { id, signal: if is_own { 0 } else { libc::WSTOPSIG(status) } }
    }))
}

/// Begins to trace a thread; false if it has ended.
pub(super) fn seize(id: i32, options: i32) -> Result<bool> {
    match request(libc::PTRACE_SEIZE, id, options) {
        Ok(()) => Ok(true),
        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => Ok(false),
        Err(e) => Err(e).with_context(|| format!("the kernel does not let us trace {id}")),
    }
}

/// How a traced thread has stopped, as the kernel says it; none if it ended.
pub(super) fn wait(id: i32, patience: Duration) -> Result<Option<i32>> {
    let until = std::time::Instant::now() + patience;
    loop {
        let mut status = 0;
        #[expect(unsafe_code, reason = "it writes to a number of ours and nothing else")]
        let waited = unsafe { libc::waitpid(id, &mut status, libc::__WALL | libc::WNOHANG) };
        match waited {
            0 if std::time::Instant::now() < until => std::thread::sleep(PAUSE / 20),
            0 => bail!("thread {id} does not stop"),
            -1 => return Ok(None),
            _ if libc::WIFSTOPPED(status) => return Ok(Some(status)),
            _ => return Ok(None),
        }
    }
}

/// Lets a stopped thread go on, for good, with the signal that it was about to take.
pub(super) fn let_go(id: i32, signal: i32) {
    // Who was killed meanwhile needs no leave.
    let _ = request(libc::PTRACE_DETACH, id, signal);
}

/// Lets a stopped thread go on until it stops again.
pub(super) fn go_on(id: i32, signal: i32) -> Result<()> {
    request(libc::PTRACE_CONT, id, signal).context("failed to let a thread go on")
}

/// A request to the kernel about a thread that this one traces, or wants to, with a number.
fn request(what: libc::c_uint, id: i32, data: i32) -> io::Result<()> {
    #[expect(unsafe_code, reason = "these requests take numbers alone")]
    let done = unsafe { libc::ptrace(what, id, 0usize, data as usize) };
    if done == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Where a stopped thread goes on.
#[cfg(target_arch = "x86_64")]
fn program_counter(id: i32) -> Result<u64> {
    let mut registers = MaybeUninit::<libc::user_regs_struct>::zeroed();
    #[expect(unsafe_code, reason = "the kernel fills in exactly this struct, of numbers alone")]
    let registers = unsafe {
        if libc::ptrace(libc::PTRACE_GETREGS, id, 0usize, registers.as_mut_ptr()) == -1 {
            return Err(io::Error::last_os_error()).context("failed to read a thread's registers");
        }
        registers.assume_init()
    };
    Ok(registers.rip)
}

/// Where a stopped thread goes on.
#[cfg(not(target_arch = "x86_64"))]
fn program_counter(_: i32) -> Result<u64> {
    bail!("clocks can be skewed on x86-64 alone")
}
