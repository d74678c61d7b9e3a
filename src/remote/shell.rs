//! A node on which a program that runs here, such as `ssh`, runs commands for us, each read by a POSIX
//! shell there.
//!
//! A command is done when its last word has come, its exit code, which the shell writes after it.
//! Where that word is missing nobody knows what the command did, and it is not run again.
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    net::IpAddr,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    sync::Mutex,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use nix::sys::signal::Signal;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
    sync::{Semaphore, mpsc::unbounded_channel},
    time::timeout,
};

use super::{
    Address, Job, ProcessState, Program, Remote, child, docker::Container, processes, quote,
    socket::Socket, ssh::Connection,
};

/// A way to a shell on a node.
#[async_trait]
pub(super) trait Way: Send + Sync {
    /// What runs a command there. The next argument is what the shell is to read.
    async fn session(&self) -> Result<Command>;

    /// After a command whose end is unknown: returns when the next command can be relied on.
    async fn settle(&self) {}

    /// Whom it leads to, for messages.
    fn destination(&self) -> &str;

    /// Where that is.
    fn address(&self) -> Address;
}

/// A node that has a shell.
pub struct Shell {
    way: Box<dyn Way>,
    /// How many commands may run at once: SSH servers allow ten sessions a connection
    /// (`MaxSessions`), of which the connection itself takes one, and the sockets of two address
    /// families two.
    sessions: Semaphore,
    home: PathBuf,
    /// Logs on the node, and the controller's files that take them.
    logs: Mutex<BTreeSet<(PathBuf, PathBuf)>>,
}

const SESSIONS: usize = 7;

/// How long a request of ours may take that does next to nothing.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long a log may take to come here.
const LOG: Duration = Duration::from_secs(300);
/// A datagram's way begins and ends with a line over the connection.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Stands before a command's exit code, at the end of what it says on standard error.
const LAST_WORD: &[u8] = b"\nnetsplit: exit ";

impl Shell {
    /// Connects to what `ssh` would connect to, with this configuration file in place of the
    /// user's own.
    ///
    /// # Errors
    /// What `ssh` says, and what to do about it.
    pub async fn by_ssh(destination: &str, config: Option<&Path>) -> Result<Shell> {
        Ok(Shell::by(Connection::open(destination, config).await?))
    }

    /// Enters a container that runs, of this daemon (as `DOCKER_HOST` says it) or the usual one.
    ///
    /// # Errors
    /// What `docker` says.
    pub async fn in_container(name: &str, host: Option<&str>) -> Result<Shell> {
        Ok(Shell::by(Container::find(name, host).await?))
    }

    fn by(way: impl Way + 'static) -> Shell {
        Shell {
            way: Box::new(way),
            sessions: Semaphore::new(SESSIONS),
            home: PathBuf::from("/tmp"),
            logs: Mutex::default(),
        }
    }

    /// The same with a directory on the node, for logs and for netsplit's own executable.
    #[must_use]
    pub fn at_home(mut self, home: PathBuf) -> Shell {
        self.home = home;
        self
    }

    /// Where netsplit's own executable is on the node.
    pub fn executable(&self) -> PathBuf {
        self.home.join("netsplit")
    }

    async fn sh(&self, script: &str, arguments: &[&str]) -> Result<Output> {
        let argv = [&["sh", "-c", script, "sh"], arguments].concat();
        self.exec(&argv, b"", DEADLINE).await
    }

    /// What the command left, once its last word is taken off; an error where there is none.
    fn outcome(&self, name: &OsStr, mut output: Output) -> Result<Output> {
        let at = memchr::memmem::rfind(&output.stderr, LAST_WORD);
        let code = at.and_then(|at| {
            let word = std::str::from_utf8(&output.stderr[at + LAST_WORD.len()..]).ok()?;
            word.lines().next()?.parse::<i32>().ok()
        });
        let (Some(at), Some(code)) = (at, code) else {
            bail!(
                "the connection to {} was lost while `{}` ran: what it did is unknown (all that was \
                 said: {})",
                self.way.destination(),
                name.to_string_lossy(),
                String::from_utf8_lossy(&output.stderr).trim()
            )
        };
        output.stderr.truncate(at);
        output.status = ExitStatus::from_raw(code << 8);
        Ok(output)
    }
}

/// What a shell on the node reads to run these words. They are killed there too when their time is
/// over: who is cut off from them could not do it.
fn script(argv: &[&OsStr], deadline: Option<Duration>) -> String {
    let deadline = deadline.map(|deadline| format!("timeout -s KILL {} ", deadline.as_secs() + 2));
    format!(
        "PATH=\"$PATH:/usr/local/sbin:/usr/sbin:/sbin\"; {}{}; printf '\\nnetsplit: exit %s\\n' $? >&2",
        deadline.unwrap_or_default(),
        quote::words(argv.iter().copied())
    )
}

/// Prints the id of the program's process, which leads a session of its own.
const SPAWN: &str = r#"log=$1 program=$2; shift 2
command -v "$program" >/dev/null || { echo "there is no program $program" >&2; exit 127; }
mkdir -p "${log%/*}" && : >>"$log" || exit
setsid sh -c 'echo $$ >&3; exec 3>&-; exec env "$@"' sh "$@" 3>&1 >>"$log" 2>&1 </dev/null &"#;

/// That nobody is there is no error.
const SIGNAL: &str = r#"kill -s "$1" -- "-$2" 2>/dev/null || ! kill -s 0 -- "-$2" 2>/dev/null"#;

#[async_trait]
impl Remote for Shell {
    async fn run(&self, job: Job<'_>) -> Result<Output> {
        let name = *job.argv.first().context("an empty command")?;
        let _session = self.sessions.acquire().await?;
        let mut command = self.way.session().await?;
        command.arg(script(job.argv, Some(job.deadline)));
        let outcome = self.outcome(name, child::run(command, job).await?);
        if outcome.is_err() {
            self.way.settle().await;
        }
        outcome
    }

    async fn spawn(&self, program: &Program) -> Result<i32> {
        let name = program.argv.first().context("an empty command")?;
        let file = program.log.file_name().context("a log has a name")?;
        let log = self.home.join("logs").join(file);
        let log_text = log.to_str().context("a directory on a node is plain text")?;
        let env: Vec<String> = program.env.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let mut arguments = vec![log_text, name];
        arguments.extend(env.iter().chain(&program.argv).map(String::as_str));
        let output = self.sh(SPAWN, &arguments).await?;
        let said = String::from_utf8_lossy(&output.stderr);
        let pid = String::from_utf8_lossy(&output.stdout).trim().parse();
        let pid = pid.with_context(|| format!("failed to run {name}: {}", said.trim()))?;
        let mut logs = self.logs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        logs.insert((log, program.log.clone()));
        Ok(pid)
    }

    async fn signal(&self, group: i32, signal: Signal) -> Result<()> {
        let name = signal.as_str().trim_start_matches("SIG");
        super::succeeded(&self.sh(SIGNAL, &[name, &group.to_string()]).await?)
            .with_context(|| format!("failed to send {signal} to group {group}"))
    }

    async fn processes(&self, group: i32) -> Result<Vec<ProcessState>> {
        let output = self.sh("cat /proc/[0-9]*/stat 2>/dev/null; :", &[]).await?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(|stat| processes::in_group(stat, group)).collect())
    }

    async fn socket(&self, ip: IpAddr) -> Result<Socket> {
        let (executable, ip) = (self.executable(), ip.to_string());
        let argv = [executable.as_os_str(), OsStr::new("datagrams"), OsStr::new(&ip)];
        let mut command = self.way.session().await?;
        command.arg(script(&argv, None));
        served(command)
            .await
            .with_context(|| format!("failed to open a socket on {}", self.way.destination()))
    }

    fn address(&self) -> Address {
        self.way.address()
    }

    async fn collect_logs(&self) -> Result<()> {
        let logs = self.logs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let mut collected = Ok(());
        for (there, here) in logs {
            // One that is missing keeps no other from being collected.
            collected = collected.and(self.download(&there, &here, LOG).await);
        }
        collected
    }
}

/// The socket that a process serves over its standard streams: see [`super::socket::serve`].
async fn served(mut command: Command) -> Result<Socket> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().context("failed to run it")?;
    let mut stdin = child.stdin.take().context("no pipe to the socket")?;
    let mut lines = BufReader::new(child.stdout.take().context("no pipe from the socket")?).lines();
    let first =
        timeout(DEADLINE, lines.next_line()).await.context("it did not say its address")??;
    let at = first.context("it ended at once")?.parse().context("an address")?;
    let (sender, mut orders) = unbounded_channel();
    let (heard, receiver) = unbounded_channel();
    tokio::spawn(async move {
        let _alive = child;
        loop {
            tokio::select! {
                order = orders.recv() => {
                    let Some((to, text)) = order else { return };
                    if stdin.write_all(format!("{to} {text}\n").as_bytes()).await.is_err() {
                        return;
                    }
                }
                line = lines.next_line() => {
                    let Ok(Some(text)) = line else { return };
                    if heard.send(text).is_err() {
                        return;
                    }
                }
            }
        }
    });
    Ok(Socket { at, sender, receiver, patience: PATIENCE })
}
