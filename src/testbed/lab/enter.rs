//! Into the lab: the controller runs itself again inside new namespaces.
//!
//! Three processes come of one. The *outer* one, which the user started, makes the namespaces,
//! waits and passes signals on. The *init*, first process of the new PID namespace, mounts what
//! the lab needs and buries the dead. The *controller* does the work. Whichever of them dies, the
//! kernel ends all that is inside.
use std::{
    fs,
    io::pipe,
    os::{
        fd::AsFd,
        unix::process::{CommandExt, ExitStatusExt},
    },
    process::{Child, Command, ExitStatus},
};

use anyhow::{Context, Result, anyhow, bail};
use nix::{
    errno::Errno,
    mount::{MsFlags, mount},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sched::{CloneFlags, unshare},
    sys::{
        prctl,
        signal::{SigSet, Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, getegid, geteuid},
};

/// The variable that tells a netsplit which of the three it is.
pub const STAGE: &str = "NETSPLIT_LAB";

const INIT: &str = "init";
const CONTROLLER: &str = "controller";

/// The namespaces of a lab, beside that of users.
const SPACES: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWUTS);

/// Whether this process is the controller inside a lab.
pub fn is_inside() -> bool {
    std::env::var(STAGE).is_ok_and(|stage| stage == CONTROLLER)
}

/// Takes this process into a lab. Returns `None` in the controller, which goes on; elsewhere
/// returns the controller's exit code once it has ended. Call it before any thread starts.
///
/// # Errors
/// When the kernel refuses namespaces; says which and what to do.
pub fn enter() -> Result<Option<u8>> {
    match std::env::var(STAGE).as_deref() {
        Ok(CONTROLLER) => Ok(None),
        Ok(INIT) => init().map(Some),
        _ => outer().map(Some),
    }
}

fn outer() -> Result<u8> {
    make_namespaces()?;
    block_signals()?;
    // The init holds the reading end: it breaks when this process dies.
    let (reader, writer) = pipe()?;
    let mut command = again(INIT)?;
    command.stdin(reader).process_group(0);
    let child = command.spawn().context("failed to start the lab's first process")?;
    let status = supervise(&child, false)?;
    drop(writer);
    Ok(code(status))
}

fn init() -> Result<u8> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    die_if_orphan()?;
    block_signals()?;
    mount_own()?;
    let mut command = again(CONTROLLER)?;
    command.stdin(std::process::Stdio::null());
    let child = command.spawn().context("failed to start the lab's controller")?;
    Ok(code(supervise(&child, true)?))
}

/// New namespaces for everything the lab changes; a user namespace too where we are not root.
fn make_namespaces() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    if !uid.is_root() {
        unshare(CloneFlags::CLONE_NEWUSER).map_err(refused_user_namespace)?;
        fs::write("/proc/self/setgroups", "deny").context("failed to deny setgroups")?;
        fs::write("/proc/self/uid_map", format!("0 {uid} 1")).context("failed to map the user")?;
        fs::write("/proc/self/gid_map", format!("0 {gid} 1")).context("failed to map the group")?;
    }
    unshare(SPACES).map_err(|e| {
        anyhow!(
            "the kernel refuses new mount, PID and network namespaces ({e}): in a container, run \
             it with --privileged; `netsplit doctor` tells more"
        )
    })
}

/// Why a user namespace was refused, and what to do about it.
fn refused_user_namespace(errno: Errno) -> anyhow::Error {
    anyhow!("the kernel refuses a user namespace ({errno}): {}", how_to_allow_namespaces())
}

/// Whether a lab could be made, tried in a child, so that nothing changes here.
///
/// # Errors
/// What the kernel refused.
pub fn attempt() -> Result<()> {
    let mut command = Command::new("/proc/self/exe");
    command.arg("--version").stdout(std::process::Stdio::null());
    let user = if geteuid().is_root() { CloneFlags::empty() } else { CloneFlags::CLONE_NEWUSER };
    let try_it = move || unshare(user | SPACES).map_err(std::io::Error::from);
    #[expect(unsafe_code, reason = "unshare is a bare system call: safe between fork and exec")]
    unsafe {
        command.pre_exec(try_it);
    }
    command.status().context("the kernel refuses new namespaces")?;
    Ok(())
}

/// What to do where the kernel refuses namespaces: the setting that refuses, as far as it shows.
pub fn how_to_allow_namespaces() -> String {
    let setting = |name: &str| fs::read_to_string(format!("/proc/sys/{name}")).unwrap_or_default();
    let wrong = [
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
        ("user/max_user_namespaces", "0", "10000"),
    ];
    match wrong.iter().find(|(name, refuses, _)| setting(name).trim() == *refuses) {
        Some((name, _, allows)) => {
            format!("type `sudo sysctl {}={allows}`", name.replace('/', "."))
        }
        None => "run netsplit as root, or in a container with --privileged".into(),
    }
}

/// This program again, with the same arguments, as another stage.
fn again(stage: &str) -> Result<Command> {
    let mut arguments = std::env::args_os();
    let mut command = Command::new("/proc/self/exe");
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments).env(STAGE, stage);
    // Ordinary users often miss the directories where iptables and ip live.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/local/sbin:/usr/sbin:/sbin"));
    // Blocked signals stay blocked across an exec, and the controller wants them.
    let unblock = || signals().thread_unblock().map_err(std::io::Error::from);
    #[expect(unsafe_code, reason = "sigprocmask is a bare system call: safe after a fork")]
    unsafe {
        command.pre_exec(unblock);
    }
    Ok(command)
}

/// A mount tree of our own, with this PID namespace's processes in `/proc` and an empty `/run`.
fn mount_own() -> Result<()> {
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .context("failed to make the mounts private")?;
    mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), none)
        .context("failed to mount the lab's /proc")?;
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), none)
        .context("failed to mount the lab's /run")?;
    Ok(())
}

/// The death signal is only sent from now on: if the outer process died before, its pipe broke.
fn die_if_orphan() -> Result<()> {
    let stdin = std::io::stdin();
    let mut fds = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO)?;
    let broken = fds[0].revents().is_some_and(|r| r.contains(PollFlags::POLLHUP));
    if broken { bail!("the lab's outer process has died") } else { Ok(()) }
}

fn signals() -> SigSet {
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGCHLD].into_iter().collect()
}

/// Blocked, they wait for [`supervise`].
fn block_signals() -> Result<()> {
    Ok(signals().thread_block()?)
}

/// Waits for the child, passing signals on to it, and buries every other dead process if `all`.
fn supervise(child: &Child, all: bool) -> Result<ExitStatus> {
    let pid = Pid::from_raw(i32::try_from(child.id())?);
    let whom = if all { Pid::from_raw(-1) } else { pid };
    loop {
        match signals().wait()? {
            Signal::SIGCHLD => (),
            signal => {
                // It may have just ended; then the next SIGCHLD says so.
                let _ = kill(pid, signal);
                continue;
            }
        }
        // One SIGCHLD may stand for several deaths.
        loop {
            match waitpid(whom, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(dead, code)) if dead == pid => {
                    return Ok(ExitStatus::from_raw(code << 8));
                }
                Ok(WaitStatus::Signaled(dead, signal, _)) if dead == pid => {
                    return Ok(ExitStatus::from_raw(signal as i32));
                }
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => break,
                Ok(_) | Err(Errno::EINTR) => (),
                Err(e) => return Err(e.into()),
            }
        }
    }
}

/// An exit code as a shell would give it.
fn code(status: ExitStatus) -> u8 {
    let signaled = || status.signal().map(|signal| 128 + signal);
    let code = status.code().or_else(signaled).unwrap_or(70);
    u8::try_from(code).unwrap_or(70)
}
